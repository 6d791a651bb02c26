/* SPDX-License-Identifier: MIT */
/* Page faults: what each kind of touch leaves in the table and the counters. */
#include "arch/trap.h"
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/spaces/fault.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

static enum fault_reason last_why;

static enum fault_verdict touch(struct mm *mm, vaddr_t va, u32 access)
{
	return mm_fault(mm, va, access | FAULT_USER, &last_why);
}

TEST(fault, read_maps_the_zero_page)
{
	struct mm *mm = space_enter();
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 4, SPACE_RW);
	EXPECT(at);
	EXPECT(!space_page(mm, at));
	EXPECT_EQ(user_peek(at + 7), 0);
	EXPECT_EQ(user_peek(at + PAGE_SIZE), 0);
	EXPECT(space_page(mm, at) == zero_page);
	EXPECT(space_page(mm, at + PAGE_SIZE) == zero_page);
	EXPECT(!(space_prot(mm, at) & PT_WRITE));
	EXPECT_EQ(mm_rss(mm), 0);
	EXPECT_EQ(mm->min_flt, 2);
	EXPECT_EQ(mm->maj_flt, 0);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(fault, write_gives_a_zeroed_page)
{
	struct mm *mm = space_enter();
	struct page *page;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 4, SPACE_RW);
	EXPECT(user_poke(at + 100, 42));
	page = space_page(mm, at);
	EXPECT(page && page->type == PAGE_ANON);
	EXPECT_EQ(page->refcount, 1);
	EXPECT_EQ(page->mapcount, 1);
	EXPECT_EQ(user_peek(at + 100), 42);
	EXPECT_EQ(user_peek(at + 101), 0);
	EXPECT_EQ(mm->rss[RSS_ANON], 1);
	EXPECT_EQ(mm->min_flt, 1);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* First read, then written: the zero page is replaced, and stays zero. */
TEST(fault, upgrade_from_the_zero_page)
{
	struct mm *mm = space_enter();
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT_EQ(user_peek(at), 0);
	EXPECT(user_poke(at, 9));
	EXPECT(space_page(mm, at) != zero_page);
	EXPECT_EQ(user_peek(at), 9);
	EXPECT_EQ(*(u8 *)page_to_virt(zero_page), 0);
	EXPECT_EQ(mm->rss[RSS_ANON], 1);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(fault, verdicts_and_reasons)
{
	struct mm *mm = space_enter();
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 2, PROT_READ);
	EXPECT_EQ(touch(mm, at, FAULT_READ), FAULT_OK);
	EXPECT_EQ(touch(mm, at, FAULT_WRITE), FAULT_SEGV);
	EXPECT_EQ(last_why, FAULT_WHY_RIGHTS);
	EXPECT_EQ(touch(mm, at, FAULT_EXEC), FAULT_SEGV);
	EXPECT_EQ(last_why, FAULT_WHY_RIGHTS);
	EXPECT_EQ(touch(mm, at + 2 * PAGE_SIZE, FAULT_READ), FAULT_SEGV);
	EXPECT_EQ(last_why, FAULT_WHY_NO_VMA);
	EXPECT_EQ(touch(mm, 0, FAULT_READ), FAULT_SEGV);
	EXPECT_EQ(last_why, FAULT_WHY_NO_VMA);
	EXPECT(!user_poke(at, 1));
	EXPECT_EQ(user_peek(at + 2 * PAGE_SIZE), -1);
	EXPECT(strcmp(fault_reason_text(FAULT_WHY_RIGHTS),
		      fault_reason_text(FAULT_WHY_NO_VMA)));
	space_leave(mm);
}

/* The entry fits already: another CPU was faster. */
TEST(fault, spurious_changes_nothing)
{
	struct mm *mm = space_enter();
	struct page *page;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT(user_poke(at, 5));
	page = space_page(mm, at);
	EXPECT_EQ(touch(mm, at, FAULT_WRITE), FAULT_OK);
	EXPECT_EQ(touch(mm, at, FAULT_READ), FAULT_OK);
	EXPECT(space_page(mm, at) == page);
	EXPECT_EQ(page->refcount, 1);
	EXPECT_EQ(user_peek(at), 5);
	space_leave(mm);
}

/* PROT_NONE keeps the page, and nobody gets at it, the kernel neither. */
TEST(fault, no_rights_no_access)
{
	struct mm *mm = space_enter();
	struct page *page;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 2, SPACE_RW);
	EXPECT(user_poke(at, 77));
	page = space_page(mm, at);
	EXPECT_EQ(mm_mprotect(mm, at, 2 * PAGE_SIZE, PROT_NONE), 0);
	EXPECT_EQ(user_peek(at), -1);
	EXPECT(!user_poke(at, 1));
	EXPECT_EQ(touch(mm, at, FAULT_READ), FAULT_SEGV);
	EXPECT_EQ(last_why, FAULT_WHY_RIGHTS);
	EXPECT_EQ(mm->rss[RSS_ANON], 1);
	EXPECT_SOUND(mm_check(mm));
	EXPECT_EQ(mm_mprotect(mm, at, 2 * PAGE_SIZE, SPACE_RW), 0);
	EXPECT_EQ(user_peek(at), 77);
	EXPECT(space_page(mm, at) == page);
	space_leave(mm);
}

static vaddr_t map_stack(struct mm *mm, size_t pages)
{
	int err;

	return space_mmap(mm, 0x40000000, pages, SPACE_RW,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				  MAP_GROWSDOWN,
			  NULL, &err);
}

TEST(fault, stack_grows_to_the_touch)
{
	struct mm *mm = space_enter();
	vaddr_t at;

	EXPECT(mm);
	at = map_stack(mm, 2);
	EXPECT(at);
	EXPECT(user_poke(at - 5 * PAGE_SIZE + 3, 1));
	EXPECT(vma_find(mm, at)->start == at - 5 * PAGE_SIZE);
	EXPECT_EQ(mm->stack_vm, 7);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(fault, stack_stops_at_its_limit)
{
	struct mm *mm = space_enter();
	vaddr_t at;

	EXPECT(mm);
	mm->limit_stack = 8 * PAGE_SIZE;
	at = map_stack(mm, 2);
	EXPECT(user_poke(at - 6 * PAGE_SIZE, 1));
	EXPECT_EQ(touch(mm, at - 7 * PAGE_SIZE, FAULT_WRITE), FAULT_SEGV);
	EXPECT_EQ(last_why, FAULT_WHY_GUARD);
	EXPECT(vma_find(mm, at)->start == at - 6 * PAGE_SIZE);
	space_leave(mm);
}

TEST(fault, stack_keeps_its_guard_gap)
{
	struct mm *mm = space_enter();
	vaddr_t at, below;

	EXPECT(mm);
	at = map_stack(mm, 2);
	below = at - STACK_GUARD_GAP - 4 * PAGE_SIZE;
	EXPECT(space_map_at(mm, below, 1, SPACE_RW));
	EXPECT(user_poke(at - 3 * PAGE_SIZE, 1));
	EXPECT_EQ(touch(mm, at - 4 * PAGE_SIZE, FAULT_WRITE), FAULT_SEGV);
	EXPECT_EQ(last_why, FAULT_WHY_GUARD);
	/* What nobody can touch does no harm below a stack. */
	EXPECT_EQ(mm_mprotect(mm, below, PAGE_SIZE, PROT_NONE), 0);
	EXPECT(user_poke(at - 4 * PAGE_SIZE, 1));
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* A file of nr pages, each with its number in it. */
static struct mapping *numbered_file(unsigned int nr)
{
	struct mapping *m;
	unsigned int i;
	u8 byte;

	if (shmem_create(0, &m))
		return NULL;
	for (i = 0; i < nr; i++) {
		byte = (u8)(i + 1);
		if (mapping_write(m, i * PAGE_SIZE, &byte, 1) != 1)
			return NULL;
	}
	return m;
}

TEST(fault, file_read_maps_the_neighbours)
{
	struct mapping *m = numbered_file(40);
	struct mm *mm = space_enter();
	vaddr_t at;
	int err;

	EXPECT(mm && m);
	at = space_mmap(mm, 0x20000000, 40, SPACE_RW, MAP_PRIVATE, m, &err);
	EXPECT(at);
	EXPECT_EQ(user_peek(at + 20 * PAGE_SIZE), 21);
	EXPECT_EQ(mm->min_flt, 1);
	EXPECT_EQ(mm->rss[RSS_SHMEM], 16);
	EXPECT(space_page(mm, at + 16 * PAGE_SIZE));
	EXPECT(space_page(mm, at + 31 * PAGE_SIZE));
	EXPECT(!space_page(mm, at + 15 * PAGE_SIZE));
	EXPECT(!space_page(mm, at + 32 * PAGE_SIZE));
	EXPECT_EQ(user_peek(at + 31 * PAGE_SIZE), 32);
	EXPECT_EQ(mm->min_flt, 1);
	/* the last group is cut by the end of the file */
	EXPECT_EQ(user_peek(at + 39 * PAGE_SIZE), 40);
	EXPECT_EQ(mm->rss[RSS_SHMEM], 24);
	EXPECT(!(space_prot(mm, at + 20 * PAGE_SIZE) & PT_WRITE));
	EXPECT_SOUND(mm_check(mm));
	m->ops->put(m);
	space_leave(mm);
}

/* Groups follow the file's pages, whatever the addresses are. */
TEST(fault, neighbours_stay_in_vma_and_table)
{
	struct mapping *m = numbered_file(40);
	struct mm *mm = space_enter();
	vaddr_t edge = 0x20000000, at = edge - 5 * PAGE_SIZE;
	int err;

	EXPECT(mm && m);
	EXPECT(space_mmap(mm, at, 12, PROT_READ, MAP_SHARED | MAP_FIXED, m,
			  &err) == at);
	EXPECT_EQ(user_peek(edge), 6);          /* first page of its table */
	EXPECT(!space_page(mm, edge - PAGE_SIZE));
	EXPECT_EQ(mm->rss[RSS_SHMEM], 7);
	EXPECT_EQ(user_peek(edge - PAGE_SIZE), 5);
	EXPECT_EQ(mm->rss[RSS_SHMEM], 12);
	EXPECT_SOUND(mm_check(mm));
	m->ops->put(m);
	space_leave(mm);
}

TEST(fault, random_access_maps_one_page)
{
	struct mapping *m = numbered_file(16);
	struct mm *mm = space_enter();
	vaddr_t at;
	int err;

	EXPECT(mm && m);
	at = space_mmap(mm, 0, 16, PROT_READ, MAP_SHARED, m, &err);
	EXPECT_EQ(mm_madvise(mm, at, 16 * PAGE_SIZE, MADV_RANDOM), 0);
	EXPECT_EQ(user_peek(at + 3 * PAGE_SIZE), 4);
	EXPECT_EQ(mm->rss[RSS_SHMEM], 1);
	m->ops->put(m);
	space_leave(mm);
}

TEST(fault, past_the_end_of_the_file)
{
	struct mapping *m = numbered_file(2);
	struct mm *mm = space_enter();
	vaddr_t at;
	int err;

	EXPECT(mm && m);
	at = space_mmap(mm, 0, 4, SPACE_RW, MAP_SHARED, m, &err);
	EXPECT_EQ(user_peek(at + 2 * PAGE_SIZE - 1), 0);    /* tail of the last */
	EXPECT_EQ(touch(mm, at + 2 * PAGE_SIZE, FAULT_READ), FAULT_BUS);
	EXPECT_EQ(last_why, FAULT_WHY_PAST_END);
	EXPECT_EQ(user_peek(at + 3 * PAGE_SIZE), -1);
	mapping_truncate(m, 4 * PAGE_SIZE);
	EXPECT_EQ(user_peek(at + 3 * PAGE_SIZE), 0);
	m->ops->put(m);
	space_leave(mm);
}

TEST(fault, file_write_private_and_shared)
{
	struct mapping *m = numbered_file(2);
	struct mm *mm = space_enter();
	vaddr_t priv, shared;
	u8 byte;
	int err;

	EXPECT(mm && m);
	priv = space_mmap(mm, 0, 2, SPACE_RW, MAP_PRIVATE, m, &err);
	shared = space_mmap(mm, 0, 2, SPACE_RW, MAP_SHARED, m, &err);
	EXPECT(user_poke(priv, 100));           /* its own copy at once */
	EXPECT(user_poke(shared + PAGE_SIZE, 200));
	EXPECT_EQ(user_peek(priv), 100);
	EXPECT_EQ(user_peek(shared), 1);
	EXPECT_EQ(user_peek(priv + PAGE_SIZE), 200);
	EXPECT_EQ(mapping_read(m, PAGE_SIZE, &byte, 1), 1);
	EXPECT_EQ(byte, 200);
	EXPECT_EQ(mm->rss[RSS_ANON], 1);
	EXPECT(user_poke(priv + PAGE_SIZE, 3)); /* read before: through COW */
	EXPECT_EQ(user_peek(shared + PAGE_SIZE), 200);
	EXPECT_EQ(mm->rss[RSS_ANON], 2);
	EXPECT_SOUND(mm_check(mm));
	m->ops->put(m);
	space_leave(mm);
}

TEST(fault, populate_and_other_spaces)
{
	struct mm *mm = space_enter();
	char text[] = "into another space", back[sizeof(text)];
	struct mm *other;
	vaddr_t at, there;

	EXPECT(mm);
	at = space_map(mm, 8, SPACE_RW);
	EXPECT_EQ(mm_populate(mm, at, 8 * PAGE_SIZE, true), 0);
	EXPECT_EQ(mm->rss[RSS_ANON], 8);
	EXPECT_EQ(mm_populate(mm, at + 7 * PAGE_SIZE, 2 * PAGE_SIZE, false),
		  -EFAULT);
	EXPECT_EQ(mm_create(&other), 0);
	there = space_map(other, 2, SPACE_RW);
	EXPECT_EQ(mm_write(other, there + PAGE_SIZE - 9, text, sizeof(text)),
		  sizeof(text));
	EXPECT_EQ(mm_read(other, there + PAGE_SIZE - 9, back, sizeof(back)),
		  sizeof(back));
	EXPECT(!strcmp(text, back));
	EXPECT_EQ(mm_write(other, there + 2 * PAGE_SIZE - 4, text,
			   sizeof(text)),
		  4);
	EXPECT_EQ(mm_read(other, there + 2 * PAGE_SIZE, back, 1), 0);
	EXPECT_SOUND(mm_check(other));
	mm_put(other);
	space_leave(mm);
}

/* User copies go as far as the memory does, and never into the kernel. */
TEST(fault, user_copies_end_at_bad_pages)
{
	struct mm *mm = space_enter();
	char text[64] = "a string of the user", buf[64];
	vaddr_t at, end;

	EXPECT(mm);
	at = space_map(mm, 2, SPACE_RW);
	EXPECT_EQ(mm_mprotect(mm, at + PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	end = at + PAGE_SIZE;
	EXPECT_EQ(copy_to_user_partial((void __user *)(end - 10), text, 64),
		  10);
	EXPECT_EQ(copy_from_user_partial(buf, (void __user *)(end - 10), 64),
		  10);
	EXPECT(!memcmp(text, buf, 10));
	EXPECT_EQ(copy_from_user_partial(buf, (void __user *)USER_END, 1), 0);
	EXPECT_EQ(copy_to_user((void __user *)(USER_END - 4), text, 8),
		  -EFAULT);
	EXPECT_EQ(copy_from_user(buf, (void __user *)~(vaddr_t)0, 2), -EFAULT);
	EXPECT_EQ(clear_user((void __user *)(end - 10), 10), 0);
	EXPECT_EQ(clear_user((void __user *)(end - 1), 2), -EFAULT);
	EXPECT_EQ(copy_to_user((void __user *)at, text, sizeof(text)), 0);
	EXPECT_EQ(strncpy_from_user(buf, (char __user *)at, sizeof(buf)), 20);
	EXPECT(!strcmp(buf, text));
	EXPECT_EQ(strncpy_from_user(buf, (char __user *)at, 20), -ENAMETOOLONG);
	EXPECT_EQ(copy_to_user((void __user *)(end - 4), "full", 4), 0);
	EXPECT_EQ(strncpy_from_user(buf, (char __user *)(end - 4), 20),
		  -EFAULT);
	EXPECT_EQ(strncpy_from_user(buf, (char __user *)USER_END, 20), -EFAULT);
	space_leave(mm);
}
