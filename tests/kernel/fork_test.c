/* SPDX-License-Identifier: MIT */
/* fork: what the child gets, what it costs, and what the flags say. */
#include "mm/backing/commit.h"
#include "mm/pressure/census.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

static void switch_to(struct mm *mm)
{
	mm_use(current_thread(), mm);
}

TEST(fork, same_layout_no_new_frames)
{
	struct mm *mm = space_enter(), *child;
	struct census_mark before, after;
	vaddr_t at;
	int i;

	EXPECT(mm);
	at = space_map(mm, 64, SPACE_RW);
	for (i = 0; i < 64; i++)
		EXPECT(user_poke(at + i * PAGE_SIZE, (u8)i));
	EXPECT(space_map(mm, 10, PROT_READ));
	census_mark(&before);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	census_mark(&after);
	EXPECT_EQ(after.anon, before.anon);
	EXPECT_EQ(child->rss[RSS_ANON], 64);
	EXPECT_EQ(child->total_vm, mm->total_vm);
	EXPECT_EQ(child->nr_vmas, mm->nr_vmas);
	EXPECT_EQ(child->mmap_base, mm->mmap_base);
	switch_to(child);
	for (i = 0; i < 32; i++)                /* writes half of them */
		EXPECT(user_poke(at + i * PAGE_SIZE, 99));
	census_mark(&after);
	EXPECT_EQ(after.anon, before.anon + 32);
	switch_to(mm);
	for (i = 0; i < 64; i++)
		EXPECT_EQ(user_peek(at + i * PAGE_SIZE), i);
	EXPECT_SOUND(mm_check(mm));
	EXPECT_SOUND(mm_check(child));
	mm_put(child);
	space_leave(mm);
}

/* The parent's TLB still allowed the write: fork must have flushed it. */
TEST(fork, parent_cannot_write_behind_its_back)
{
	struct mm *mm = space_enter(), *child;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT(user_poke(at, 1));               /* writable in the TLB */
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT(user_poke(at, 2));
	switch_to(child);
	EXPECT_EQ(user_peek(at), 1);
	switch_to(mm);
	mm_put(child);
	space_leave(mm);
}

TEST(fork, shared_anonymous_memory)
{
	struct mm *mm = space_enter(), *child;
	struct mapping *m;
	vaddr_t at;
	int err;

	EXPECT(mm);
	at = space_mmap(mm, 0, 4, SPACE_RW, MAP_SHARED | MAP_ANONYMOUS, NULL,
			&err);
	EXPECT(at && user_poke(at, 1));
	EXPECT_EQ(mm_fork(mm, &child), 0);
	m = vma_find(mm, at)->mapping;
	EXPECT_EQ(m->nr_maps, 2);
	EXPECT_EQ(m->nr_shared_maps, 2);
	switch_to(child);
	EXPECT_EQ(user_peek(at), 1);
	EXPECT(user_poke(at + PAGE_SIZE, 2));
	switch_to(mm);
	EXPECT_EQ(user_peek(at + PAGE_SIZE), 2);
	EXPECT(space_page(mm, at) == space_page(child, at));
	EXPECT_SOUND(mm_check(child));
	mm_put(child);
	EXPECT_EQ(m->nr_maps, 1);
	EXPECT_SOUND(mapping_check(m));
	space_leave(mm);
}

TEST(fork, dontfork_and_wipeonfork)
{
	struct mm *mm = space_enter(), *child;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 3, SPACE_RW);
	EXPECT(user_poke(at, 1) && user_poke(at + PAGE_SIZE, 2) &&
	       user_poke(at + 2 * PAGE_SIZE, 3));
	EXPECT_EQ(mm_madvise(mm, at, PAGE_SIZE, MADV_DONTFORK), 0);
	EXPECT_EQ(mm_madvise(mm, at + PAGE_SIZE, PAGE_SIZE, MADV_WIPEONFORK),
		  0);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	switch_to(child);
	EXPECT_EQ(user_peek(at), -1);
	EXPECT_EQ(user_peek(at + PAGE_SIZE), 0);
	EXPECT_EQ(user_peek(at + 2 * PAGE_SIZE), 3);
	switch_to(mm);
	EXPECT_EQ(user_peek(at), 1);
	EXPECT_EQ(user_peek(at + PAGE_SIZE), 2);
	mm_put(child);
	space_leave(mm);
}

/* Locks are not inherited, and what they kept apart becomes one. */
TEST(fork, locked_memory)
{
	const u32 flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED;
	struct mm *mm = space_enter(), *child;
	const vaddr_t at = 0x30000000;
	int err;

	EXPECT(mm);
	EXPECT(space_map_at(mm, at, 1, SPACE_RW));
	EXPECT(space_mmap(mm, at + PAGE_SIZE, 1, SPACE_RW, flags, NULL, &err));
	EXPECT_EQ(mm->rss[RSS_ANON], 1);        /* populated */
	EXPECT_EQ(mm->nr_vmas, 2);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT_EQ(child->nr_vmas, 1);
	EXPECT_SOUND(mm_check(child));
	mm_put(child);
	space_leave(mm);
}

/* Sparse maps cost a child their VMAs and nothing else. */
TEST(fork, sparse_space_is_cheap)
{
	struct mm *mm = space_enter(), *child;
	const vaddr_t at = 0x100000000000;
	int i;

	EXPECT(mm);
	commit_rules.mode = COMMIT_ALWAYS;
	for (i = 0; i < 100; i++)
		EXPECT(space_map_at(mm, at + i * GIB(2), GIB(1) / PAGE_SIZE,
				    SPACE_RW));
	EXPECT(user_poke(at + 50 * GIB(2), 5));
	EXPECT_EQ(user_peek(at + 70 * GIB(2)), 0);          /* zero page */
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT_EQ(child->nr_vmas, 100);
	EXPECT_EQ(child->nr_tables, 4);                     /* of the one page */
	commit_rules.mode = COMMIT_GUESS;
	EXPECT_SOUND(mm_check(child));
	mm_put(child);
	space_leave(mm);
}

/* PROT_NONE memory keeps its contents for the child as well. */
TEST(fork, hidden_pages_are_shared)
{
	struct mm *mm = space_enter(), *child;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT(user_poke(at, 6));
	EXPECT_EQ(mm_mprotect(mm, at, PAGE_SIZE, PROT_NONE), 0);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT_EQ(mm_mprotect(mm, at, PAGE_SIZE, SPACE_RW), 0);
	EXPECT(user_poke(at, 7));
	switch_to(child);
	EXPECT_EQ(user_peek(at), -1);
	EXPECT_EQ(mm_mprotect(child, at, PAGE_SIZE, SPACE_RW), 0);
	EXPECT_EQ(user_peek(at), 6);
	switch_to(mm);
	mm_put(child);
	space_leave(mm);
}
