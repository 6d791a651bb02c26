/* SPDX-License-Identifier: MIT */
/*
 * Page tables that fork shares: who has one, when it becomes one's own, and that
 * the books close at every step.
 *
 *	0x40000000                 + 2 MiB              + 4 MiB
 *	├─ table A ────────────────┼─ table B ──────────┤   one VMA
 *	 pages 0 … 7 written        pages 512 … 519
 */
#include "kernel/base/trace.h"
#include "mm/pressure/census.h"
#include "mm/spaces/pagemap.h"
#include "mm/spaces/share.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

#define SHARE_VA  ((vaddr_t)0x40000000)
#define HALF	  ((vaddr_t)MIB(2))
#define TOUCHED	  8                     /* pages of each table */
#define AT(table, n)  (SHARE_VA + (table)*HALF + (n)*PAGE_SIZE)

static u64 share_min_before;

static void family_switch(struct mm *mm)
{
	mm_use(current_thread(), mm);
}

static bool touch_all(u8 value)
{
	bool done = true;

	for (int n = 0; n < TOUCHED; n++)
		done = done && user_poke(AT(0, n), value) &&
		       user_poke(AT(1, n), value);
	return done;
}

/* A space with both tables filled, loaded, and every VMA of 2 MiB shares. */
static struct mm *family_begin(void)
{
	struct mm *mm = space_enter();

	if (!mm)
		return NULL;
	share_min_before = share_min_bytes;
	share_min_bytes = HALF;
	if (!space_map_at(mm, SHARE_VA, 2 * HALF / PAGE_SIZE, SPACE_RW) ||
	    !touch_all(1))
		return NULL;
	return mm;
}

/* The same with a child. */
static struct mm *family_fork(struct mm **child)
{
	struct mm *mm = family_begin();

	return mm && !mm_fork(mm, child) ? mm : NULL;
}

static void family_end(struct mm *mm)
{
	family_switch(NULL);
	if (mm)
		mm_put(mm);
	share_min_bytes = share_min_before;
}

static struct page *table_at(struct mm *mm, vaddr_t va)
{
	pte_t *slot = pt_table_slot(&mm->space, va);

	return slot ? phys_to_page(pte_paddr(pt_read(slot), 1)) : NULL;
}

static bool is_shared(struct mm *mm, vaddr_t va)
{
	return share_denies_write(mm, va);
}

/* Both spaces and all frames are as they say. */
static const char *family_check(struct mm *a, struct mm *b)
{
	struct census c;
	const char *why = mm_check(a);

	if (!why)
		why = mm_check(b);
	return why ? why : census(&c);
}

/* What each page of the two tables begins with. */
static bool all_read(u8 value)
{
	for (int n = 0; n < TOUCHED; n++)
		if (user_peek(AT(0, n)) != value ||
		    user_peek(AT(1, n)) != value)
			return false;
	return true;
}

/* ---- fork ------------------------------------------------------------------- */

TEST(share, fork_shares_whole_tables)
{
	struct census_mark before, after;
	struct mm *mm = family_begin(), *child;

	EXPECT(mm);
	census_mark(&before);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	census_mark(&after);
	EXPECT_EQ(after.tables, before.tables + 3);     /* levels 3, 2, 1 */
	EXPECT_EQ(after.anon, before.anon);
	EXPECT_EQ(child->nr_shared, 2);
	EXPECT_EQ(mm->nr_shared, 2);
	EXPECT(table_at(mm, AT(0, 0)) == table_at(child, AT(0, 0)));
	EXPECT_EQ(child->rss[RSS_ANON], 2 * TOUCHED);
	EXPECT_EQ(space_page(mm, AT(0, 0))->mapcount, 1);
	EXPECT_SOUND(family_check(mm, child));
	family_switch(child);
	EXPECT(all_read(1));
	EXPECT(is_shared(child, AT(0, 0)) && is_shared(child, AT(1, 0)));
	family_switch(mm);
	mm_put(child);
	EXPECT_SOUND(mm_check(mm));
	EXPECT(touch_all(2) && all_read(2));
	EXPECT_EQ(mm->nr_shared, 0);
	family_end(mm);
}

/* Each side in its turn writes first, with the right to write in its TLB. */
TEST(share, the_first_writer_copies_the_table)
{
	struct mm *mm, *child, *side[2];

	for (int first = 0; first < 2; first++) {
		u64 copied = trace_total(TRACE_table_copied);
		u64 kept = trace_total(TRACE_table_kept);

		mm = family_fork(&child);
		EXPECT(mm);
		side[first] = mm;
		side[!first] = child;
		family_switch(side[0]);
		EXPECT(user_poke(AT(0, 0), 2));
		EXPECT(!is_shared(side[0], AT(0, 0)));
		EXPECT(is_shared(side[0], AT(1, 0)));
		EXPECT_EQ(trace_total(TRACE_table_copied), copied + 1);
		EXPECT_SOUND(family_check(mm, child));
		family_switch(side[1]);
		EXPECT(all_read(1));
		EXPECT(user_poke(AT(0, 1), 3));
		EXPECT_EQ(trace_total(TRACE_table_kept), kept + 1);
		EXPECT_SOUND(family_check(mm, child));
		family_switch(side[0]);
		EXPECT_EQ(user_peek(AT(0, 0)), 2);
		EXPECT_EQ(user_peek(AT(0, 1)), 1);
		mm_put(side[1]);
		family_end(side[0]);
	}
}

/* The last who has a table, and all its pages, writes on without any copy. */
TEST(share, the_last_space_keeps_table_and_pages)
{
	struct mm *child, *mm = family_fork(&child);
	u64 copies = trace_total(TRACE_fault_cow_copy);
	u64 reuses = trace_total(TRACE_fault_cow_reuse);

	EXPECT(mm);
	mm_put(child);
	EXPECT_EQ(mm->nr_shared, 2);
	EXPECT(touch_all(2));
	EXPECT_EQ(mm->nr_shared, 0);
	EXPECT_EQ(trace_total(TRACE_fault_cow_copy), copies);
	EXPECT_EQ(trace_total(TRACE_fault_cow_reuse), reuses);
	EXPECT_SOUND(mm_check(mm));
	family_end(mm);
}

/* Also when it is the child that stays. */
TEST(share, the_parent_may_go_first)
{
	struct mm *child, *mm = family_fork(&child);

	EXPECT(mm);
	family_switch(child);
	EXPECT(user_poke(AT(1, 3), 5));
	mm_put(mm);
	EXPECT_SOUND(mm_check(child));
	EXPECT_EQ(user_peek(AT(0, 0)), 1);
	EXPECT(touch_all(6) && all_read(6));
	EXPECT_EQ(child->nr_shared, 0);
	family_end(child);
}

TEST(share, many_relatives)
{
	struct mm *mm = family_begin(), *child[4];

	EXPECT(mm);
	EXPECT_EQ(mm_fork(mm, &child[0]), 0);
	EXPECT_EQ(mm_fork(mm, &child[1]), 0);
	EXPECT_EQ(mm_fork(child[1], &child[2]), 0);
	EXPECT_EQ(table_at(mm, AT(0, 0))->sharers, 3);
	family_switch(child[1]);
	EXPECT(user_poke(AT(0, 0), 4));
	EXPECT_EQ(mm_fork(child[1], &child[3]), 0);
	EXPECT_EQ(table_at(mm, AT(0, 0))->sharers, 2);
	EXPECT_EQ(table_at(mm, AT(1, 0))->sharers, 4);
	for (int i = 0; i < 4; i++)
		EXPECT_SOUND(family_check(mm, child[i]));
	mm_put(child[0]);
	family_switch(child[3]);
	EXPECT_EQ(user_peek(AT(0, 0)), 4);
	mm_put(child[1]);
	EXPECT(touch_all(9));
	family_switch(child[2]);
	EXPECT(all_read(1));
	mm_put(child[3]);
	mm_put(mm);
	EXPECT(touch_all(2) && all_read(2));
	EXPECT_SOUND(mm_check(child[2]));
	family_end(child[2]);
}

/* Memory of other kinds, and tables that a VMA covers only partly. */
TEST(share, only_private_memory_that_covers_a_table)
{
	struct mm *mm = family_begin(), *child;

	EXPECT(mm);
	EXPECT_EQ(mm_munmap(mm, AT(1, 100), PAGE_SIZE), 0);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT(is_shared(child, AT(0, 0)) && !is_shared(child, AT(1, 0)));
	EXPECT_SOUND(family_check(mm, child));
	mm_put(child);
	EXPECT_EQ(mm_mlock(mm, SHARE_VA, HALF, true), 0);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT_EQ(child->nr_shared, 0);
	EXPECT_SOUND(family_check(mm, child));
	mm_put(child);
	EXPECT_EQ(mm_munlock(mm, SHARE_VA, HALF), 0);
	EXPECT_EQ(mm_madvise(mm, SHARE_VA, HALF, MADV_WIPEONFORK), 0);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	EXPECT_EQ(child->nr_shared, 0);
	family_switch(child);
	EXPECT_EQ(user_peek(AT(0, 0)), 0);
	family_switch(mm);
	mm_put(child);
	family_end(mm);
}

/* Leaves of a shared table are copied one by one: they lose the right to write, for
 * all who have the table. */
TEST(share, leaf_by_leaf_out_of_a_shared_table)
{
	struct mm *child, *other, *mm = family_fork(&child);

	EXPECT(mm);
	EXPECT_EQ(mm_mlock(mm, SHARE_VA, 2 * HALF, true), 0);
	EXPECT_EQ(mm_fork(mm, &other), 0);
	EXPECT_EQ(other->nr_shared, 0);
	EXPECT_EQ(mm->nr_shared, 2);
	EXPECT_EQ(space_page(mm, AT(0, 0))->mapcount, 2);
	EXPECT_SOUND(family_check(mm, child));
	EXPECT(touch_all(2));
	family_switch(other);
	EXPECT(all_read(1) && touch_all(3));
	mm_put(mm);
	family_switch(child);
	EXPECT(all_read(1) && touch_all(4) && all_read(4));
	EXPECT_SOUND(family_check(child, other));
	mm_put(other);
	family_end(child);
}

/* ---- what changes leaves --------------------------------------------------------- */

/* A read needs no table of one's own, until it maps something. */
TEST(share, reads)
{
	struct mm *child, *mm = family_fork(&child);

	EXPECT(mm);
	family_switch(child);
	EXPECT(all_read(1));
	EXPECT_EQ(child->nr_shared, 2);
	EXPECT_EQ(user_peek(AT(0, 300)), 0);
	EXPECT_EQ(child->nr_shared, 1);
	EXPECT(!space_page(mm, AT(0, 300)));
	EXPECT_SOUND(family_check(mm, child));
	mm_put(mm);
	family_end(child);
}

TEST(share, mprotect_is_for_one_side)
{
	struct mm *child, *mm = family_fork(&child);

	EXPECT(mm);
	family_switch(child);
	EXPECT_EQ(mm_mprotect(child, AT(0, 0), PAGE_SIZE, PROT_NONE), 0);
	EXPECT_EQ(mm_mprotect(child, AT(1, 0), HALF, PROT_READ), 0);
	EXPECT_EQ(user_peek(AT(0, 0)), -1);
	EXPECT(!user_poke(AT(1, 0), 2));
	EXPECT_SOUND(family_check(mm, child));
	family_switch(mm);
	EXPECT(all_read(1) && touch_all(2));
	family_switch(child);
	EXPECT_EQ(mm_mprotect(child, SHARE_VA, 2 * HALF, SPACE_RW), 0);
	EXPECT(all_read(1));
	EXPECT_SOUND(family_check(mm, child));
	mm_put(mm);
	family_end(child);
}

/* A part of a table, a whole one, by munmap and by MADV_DONTNEED. */
TEST(share, leaves_go_on_one_side)
{
	struct mm *mm, *child;

	for (int parts = 0; parts < 4; parts++) {
		vaddr_t at = parts & 1 ? AT(0, 0) : AT(0, 1);
		size_t len = parts & 1 ? HALF : PAGE_SIZE;
		u64 left = trace_total(TRACE_table_left);

		mm = family_fork(&child);
		EXPECT(mm);
		family_switch(child);
		EXPECT(all_read(1));            /* known to the TLB */
		if (parts & 2)
			EXPECT_EQ(mm_munmap(child, at, len), 0);
		else
			EXPECT_EQ(mm_madvise(child, at, len, MADV_DONTNEED), 0);
		EXPECT_EQ(trace_total(TRACE_table_left), left + (parts & 1));
		EXPECT_EQ(user_peek(AT(0, 1)), parts & 2 ? -1 : 0);
		EXPECT_EQ(user_peek(AT(1, 1)), 1);
		EXPECT_SOUND(family_check(mm, child));
		family_switch(mm);
		EXPECT(all_read(1) && touch_all(2));
		EXPECT_SOUND(family_check(mm, child));
		mm_put(child);
		family_end(mm);
	}
}

/* The parent unmaps what the child goes on to use, then the other way round. */
TEST(share, the_others_keep_what_one_unmaps)
{
	struct mm *child, *mm = family_fork(&child);

	EXPECT(mm);
	EXPECT_EQ(mm_munmap(mm, SHARE_VA, 2 * HALF), 0);
	EXPECT_EQ(mm->nr_shared, 0);
	EXPECT_EQ(user_peek(AT(0, 0)), -1);
	EXPECT_SOUND(family_check(mm, child));
	family_switch(child);
	EXPECT(all_read(1));
	EXPECT_EQ(mm_munmap(child, SHARE_VA, 2 * HALF), 0);
	EXPECT_EQ(user_peek(AT(1, 0)), -1);
	EXPECT_SOUND(family_check(mm, child));
	mm_put(mm);
	family_end(child);
}

/* MADV_DONTNEED by the last who has a table: it may write again afterwards. */
TEST(share, the_last_one_drops_its_pages)
{
	struct mm *child, *mm = family_fork(&child);

	EXPECT(mm);
	EXPECT(all_read(1));
	mm_put(child);
	EXPECT_EQ(mm_madvise(mm, SHARE_VA, 2 * HALF, MADV_DONTNEED), 0);
	EXPECT_EQ(mm->nr_shared, 0);
	EXPECT_EQ(mm->rss[RSS_ANON], 0);
	EXPECT(touch_all(3) && all_read(3));
	EXPECT_SOUND(mm_check(mm));
	family_end(mm);
}

TEST(share, mremap_moves_one_side)
{
	struct mm *child, *mm = family_fork(&child);
	const vaddr_t to = SHARE_VA + GIB(1) + MIB(1);
	vaddr_t at;

	EXPECT(mm);
	family_switch(child);
	EXPECT_EQ(mm_mremap(child, AT(0, 0), HALF, HALF,
			    MREMAP_MAYMOVE | MREMAP_FIXED, to, &at),
		  0);
	EXPECT_EQ(user_peek(to), 1);
	EXPECT_EQ(user_peek(AT(0, 0)), -1);
	EXPECT(user_poke(to, 2));
	EXPECT_SOUND(family_check(mm, child));
	family_switch(mm);
	EXPECT(all_read(1) && touch_all(4));
	EXPECT_SOUND(family_check(mm, child));
	mm_put(child);
	family_end(mm);
}

/* The kernel writes for somebody else: process_vm_writev, /proc/PID/mem. */
TEST(share, the_kernel_writes_one_side)
{
	struct mm *child, *mm = family_fork(&child);
	u8 byte = 7;

	EXPECT(mm);
	EXPECT_EQ(mm_write(child, AT(0, 0), &byte, 1), 1);
	EXPECT(all_read(1));
	EXPECT(!is_shared(child, AT(0, 0)));
	EXPECT_EQ(mm_read(child, AT(1, 0), &byte, 1), 1);
	EXPECT_EQ(byte, 1);
	EXPECT_EQ(child->nr_shared, 1);
	EXPECT_SOUND(family_check(mm, child));
	mm_put(child);
	family_end(mm);
}

/* ---- counting ---------------------------------------------------------------------- */

TEST(share, who_counts_pays)
{
	struct mm *child, *mm = family_fork(&child);
	u64 word;

	EXPECT(mm);
	EXPECT_EQ(space_page(mm, AT(0, 0))->mapcount, 1);
	mm_pagemap(mm, AT(0, 0), &word, 1);
	EXPECT(word & PAGEMAP_PRESENT && !(word & PAGEMAP_EXCLUSIVE));
	EXPECT_EQ(mm->nr_shared + child->nr_shared, 0);
	EXPECT_EQ(space_page(mm, AT(1, 7))->mapcount, 2);
	EXPECT_EQ(mm->rss[RSS_ANON], 2 * TOUCHED);
	EXPECT_EQ(child->rss[RSS_ANON], 2 * TOUCHED);
	EXPECT_SOUND(family_check(mm, child));
	mm_put(child);
	family_end(mm);
}

/* The checks see what must not be. */
TEST(share, the_checks_notice)
{
	struct mm *child, *mm = family_fork(&child);
	struct page *table;
	struct census c;

	EXPECT(mm);
	table = table_at(mm, AT(0, 0));
	table->nr_anon++;
	EXPECT(mm_check(mm));
	table->nr_anon--;
	table->sharers++;
	EXPECT(census(&c));
	table->sharers--;
	child->nr_shared++;
	EXPECT(mm_check(child));
	child->nr_shared--;
	pt_set_table_write(pt_table_slot(&mm->space, AT(0, 0)), true);
	EXPECT(mm_check(mm));
	pt_set_table_write(pt_table_slot(&mm->space, AT(0, 0)), false);
	EXPECT_SOUND(family_check(mm, child));
	mm_put(child);
	family_end(mm);
}
