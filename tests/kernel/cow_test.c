/* SPDX-License-Identifier: MIT */
/* Copy-on-write: who copies, who keeps the frame, and what nobody sees. */
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

/* The calling thread goes on in another space. */
static void run_in(struct mm *mm)
{
	mm_use(current_thread(), mm);
}

TEST(cow, first_writer_copies_last_one_keeps)
{
	struct mm *mm = space_enter(), *child;
	struct page *page;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT(user_poke(at, 1));
	page = space_page(mm, at);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT(space_page(child, at) == page);
	EXPECT_EQ(page->refcount, 2);
	EXPECT_EQ(page->mapcount, 2);

	run_in(child);
	EXPECT(user_poke(at, 2));
	EXPECT(space_page(child, at) != page);
	EXPECT_EQ(page->refcount, 1);
	EXPECT_EQ(page->mapcount, 1);

	run_in(mm);
	EXPECT_EQ(user_peek(at), 1);
	EXPECT(user_poke(at, 3));
	EXPECT(space_page(mm, at) == page);     /* reuse: no copy */
	run_in(child);
	EXPECT_EQ(user_peek(at), 2);
	EXPECT_SOUND(mm_check(mm));
	EXPECT_SOUND(mm_check(child));
	run_in(mm);
	mm_put(child);
	space_leave(mm);
}

/* n relatives make n - 1 copies. */
TEST(cow, copies_are_relatives_minus_one)
{
	enum { RELATIVES = 5 };
	struct mm *mm[RELATIVES];
	struct page *page;
	unsigned int i, kept = 0;
	vaddr_t at;

	mm[0] = space_enter();
	EXPECT(mm[0]);
	at = space_map(mm[0], 1, SPACE_RW);
	EXPECT(user_poke(at, 100));
	page = space_page(mm[0], at);
	for (i = 1; i < RELATIVES; i++)
		EXPECT_EQ(mm_fork(mm[i - 1], &mm[i]), 0);
	EXPECT_EQ(page->mapcount, RELATIVES);
	for (i = 0; i < RELATIVES; i++) {
		run_in(mm[i]);
		EXPECT_EQ(user_peek(at), 100);
		EXPECT(user_poke(at, (u8)i));
		kept += space_page(mm[i], at) == page;
	}
	EXPECT_EQ(kept, 1);
	for (i = 0; i < RELATIVES; i++) {
		run_in(mm[i]);
		EXPECT_EQ(user_peek(at), i);
		EXPECT_SOUND(mm_check(mm[i]));
	}
	run_in(mm[0]);
	for (i = 1; i < RELATIVES; i++)
		mm_put(mm[i]);
	space_leave(mm[0]);
}

TEST(cow, death_of_the_child_leaves_one_owner)
{
	struct mm *mm = space_enter(), *child;
	struct page *page;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT(user_poke(at, 1));
	page = space_page(mm, at);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT(!(space_prot(mm, at) & PT_WRITE));
	mm_put(child);
	EXPECT(user_poke(at, 2));
	EXPECT(space_page(mm, at) == page);
	space_leave(mm);
}

/* A reference of the kernel costs a copy too many, never one too few. */
TEST(cow, kernel_reference_forces_a_copy)
{
	struct mm *mm = space_enter(), *child;
	struct page *page;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT(user_poke(at, 1));
	EXPECT_EQ(mm_fork(mm, &child), 0);
	mm_put(child);
	page = space_page(mm, at);
	page_get(page);
	EXPECT(user_poke(at, 2));
	EXPECT(space_page(mm, at) != page);
	EXPECT_EQ(*(u8 *)page_to_virt(page), 1);
	page_put(page);
	EXPECT_EQ(user_peek(at), 2);
	space_leave(mm);
}

/* mprotect must not hand out write access to what relatives share. */
TEST(cow, mprotect_does_not_break_it)
{
	struct mm *mm = space_enter(), *child;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT(user_poke(at, 1));
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT_EQ(mm_mprotect(mm, at, PAGE_SIZE, PROT_READ), 0);
	EXPECT_EQ(mm_mprotect(mm, at, PAGE_SIZE, SPACE_RW), 0);
	EXPECT(!(space_prot(mm, at) & PT_WRITE));
	EXPECT(user_poke(at, 2));
	run_in(child);
	EXPECT_EQ(user_peek(at), 1);
	run_in(mm);
	mm_put(child);
	space_leave(mm);
}

/* The kernel's own writes into a space copy as user writes do. */
TEST(cow, mm_write_copies_too)
{
	struct mm *mm = space_enter(), *child;
	vaddr_t at;
	u8 value = 7;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT(user_poke(at, 1));
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT_EQ(mm_write(child, at, &value, 1), 1);
	EXPECT_EQ(user_peek(at), 1);
	EXPECT_EQ(mm_read(child, at, &value, 1), 1);
	EXPECT_EQ(value, 7);
	mm_put(child);
	space_leave(mm);
}
