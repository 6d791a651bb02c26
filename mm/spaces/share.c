/* SPDX-License-Identifier: MIT */
/*
 * A fork that shares page tables: copy-on-write, one storey higher.
 *
 *	share_tables                        share_own_table
 *	(fork)                              (first change of a leaf)
 *
 *	parent ─ ro ─┐                      parent ─ ro ─► table ──┐
 *	             ├─► table ─► frames                           ├─► frames
 *	child  ─ ro ─┘   sharers 1          child  ─ rw ─► copy ───┘ + 1 each,
 *	                                                             leaves ro
 *
 * Fork of a large space is mostly the copying of leaves, and a child that calls
 * exec or exits needs none of them. So a level-0 table (2 MiB of addresses) gets
 * one more entry that leads to it, and all such entries deny writing: arch/mmu.h,
 * pte_table_with_write(). The leaves keep the rights that they have.
 *
 * The first fault, call or reader that would change a leaf makes the table the
 * space's own before it does: by a copy of it, with one more reference and leaf
 * for each page, read-only on both sides, so that cow.c goes on from there; or,
 * when the others have all gone, by allowing to write again. munmap and exit of
 * a whole table only let go of it.
 *
 * Invariants (share_check, mm_check, the census):
 *  [S1] every space maps a private anonymous VMA over all addresses of a shared
 *       table: its leaves are of ANON pages and of the zero page. Truncation,
 *       which knows no mm->lock, has no business there.
 *  [S2] while an entry that leads to a table denies writing, nobody changes the
 *       table's leaves but for young, and for the right to write, which goes when
 *       a page gets a leaf elsewhere (leaf_share). So nr_anon stays true, and RSS
 *       of a child is an addition.
 *  [S3] table->sharers + 1 entries lead to a table. If it is not 0, all of them
 *       deny writing; if it is 0, the one that is left may deny it still, and its
 *       space has to ask again. mm->nr_shared counts a space's denying entries.
 *  [S4] page counts are of leaves: a leaf of a shared table counts once. "One owner"
 *       (cow.c) is asked about leaves of a space's own tables only. Who shows
 *       counts to programs calls share_own_all() first: who counts, pays.
 *
 * Why that is safe with several CPUs: entries of level 1 are set to deny and to
 * allow, and replaced, under mm->lock for writing, so faults find [X1] as it was:
 * what they have walked stays. Fork flushes the parent before its lock goes; from
 * then on no TLB of any sharer has a writable translation, and a leaf may lose its
 * right to write without telling the others. A space takes itself off a
 * table (share_put) only after its own flush, upper levels too. Whoever then
 * sees sharers 0 (acquire) is alone with the table, in TLBs as well, and nobody
 * can come back: only a fork of a space that has it adds one. Two who copy at once
 * take turns by the table's lock; if then both leave, the second frees it.
 *
 * Locking: mm->lock for writing; the table lock while leaves are copied.
 *
 * What it does not do: share upper tables, tables of files, or tables that a VMA
 * covers only partly. Small VMAs copy leaves: most of their pages will be written.
 *
 * Ref: Zhao, Gong, Fonseca, "On-demand-fork", EuroSys 2021 [ODF21]
 */
#include "mm/spaces/share.h"

#include "kernel/base/cmdline.h"
#include "kernel/base/explore.h"
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/spaces/leaf.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

/* Below it a child mostly writes what it got, and gains nothing by waiting. */
#define SHARE_MIN_MIB 32

u64 share_min_bytes = ~(u64)0;

/* Bytes that one table covers. */
static inline size_t share_size(void)
{
	return pt_level_size(1);
}

static struct page *share_table_of(pte_t e)
{
	return phys_to_page(pte_paddr(e, 1));
}

/** share_init() - the boot option fork_share=MiB. Context: boot. */
void share_init(void)
{
	u64 mib = cmdline_u64("fork_share", SHARE_MIN_MIB);

	share_min_bytes = mib ? MIB(mib) : ~(u64)0;
}

/* The level-1 slot of the next table with entries at or after *va, which moves to
 * the table's start; NULL: none below end. */
static pte_t *share_next(struct mm *mm, vaddr_t *va, vaddr_t end)
{
	struct pt_cursor c;
	bool found;

	pt_cursor_begin(&c, &mm->space, *va, end);
	found = pt_cursor_next(&c);
	pt_cursor_end(&c);
	if (!found)
		return NULL;
	*va = ALIGN_DOWN(c.va, share_size());
	return pt_table_slot(&mm->space, *va);
}

/* ---- fork ------------------------------------------------------------------- */

/**
 * share_find_part() - which tables of a VMA, all in its range, fork shares
 *
 * None (start = end = vma->end) of files, and of locked memory, whose pages are
 * to be the space's own. Context: mm->lock for writing.
 */
void share_find_part(const struct vma *vma, vaddr_t *start, vaddr_t *end)
{
	*start = ALIGN_UP(vma->start, share_size());
	*end = ALIGN_DOWN(vma->end, share_size());
	if (vma->mapping || vma->flags & (VM_SHARED | VM_LOCKED) ||
	    *start >= *end)
		*start = *end = vma->end;
}

/* Leaves of ANON pages in a table that is the space's own. */
static u16 share_count_anon(const struct page *table)
{
	const pte_t *first = page_to_virt(table), *slot;
	u16 nr = 0;

	for (slot = first + table->slot_first; slot < first + table->slot_end;
	     slot++) {
		pte_t e = pt_read(slot);

		if (pte_kind(e, 0) != PTE_NONE &&
		    leaf_page(e)->type == PAGE_ANON)
			nr++;
	}
	return nr;
}

/* From now on nobody writes below the entry: the parent's own table becomes one
 * that can be shared. The batch flushes. */
static void share_deny(struct mm *mm, pte_t *slot, vaddr_t va, u16 nr_anon,
		       struct tlb_batch *batch)
{
	share_table_of(pt_read(slot))->nr_anon = nr_anon;
	pt_set_table_write(slot, false);
	yield_point(fork_shared);
	tlb_batch_note(batch, va, share_size());
	batch->tables = true;
	mm->nr_shared++;
}

/* One table of the parent's for the child as well. 0 or -ENOMEM. */
static int share_one(struct mm *parent, struct mm *child, pte_t *slot,
		     vaddr_t va, struct tlb_batch *batch)
{
	struct page *table = share_table_of(pt_read(slot));
	bool own = pte_table_writable(pt_read(slot));
	u16 nr_anon = own ? share_count_anon(table) : table->nr_anon;
	struct pt_cursor c;
	u32 sharers;
	int err;

	if (!nr_anon)
		return 0;               /* the child's faults find all of it */
	err = pt_slot_alloc_private(&c, &child->space, va, 1,
				    &child->nr_tables);
	if (err)
		return err;
	if (own)
		share_deny(parent, slot, va, nr_anon, batch);
	sharers = __atomic_add_fetch(&table->sharers, 1, __ATOMIC_RELAXED);
	pt_install(c.slot, pt_read(slot));
	pt_cursor_end(&c);
	child->nr_tables++;
	child->nr_shared++;
	child->rss[RSS_ANON] += nr_anon;
	trace(table_shared, va, sharers + 1);
	return 0;
}

/**
 * share_tables() - let a child have the parent's tables of [start, end)
 *
 * The range is share_find_part()'s. Context: parent->lock for writing; nobody
 * else knows the child; the batch flushes the parent before that changes.
 * Return: 0, or -ENOMEM: what was shared is, in both. Ref: [ODF21]
 */
int share_tables(struct mm *parent, struct mm *child, vaddr_t start,
		 vaddr_t end, struct tlb_batch *batch)
{
	pte_t *slot;
	int err = 0;

	for (; !err && (slot = share_next(parent, &start, end));
	     start += share_size())
		err = share_one(parent, child, slot, start, batch);
	return err;
}

/* ---- one's own table ----------------------------------------------------------- */

/* The leaves of a shared table for a copy of it, read-only in both. Nobody's TLB
 * has them writable [S2]: there is nothing to flush. */
static void share_copy_leaves(struct page *table, pte_t *copy)
{
	pte_t *first = page_to_virt(table), *slot;

	spin_lock(&table->table_lock);
	pt_claim_slots_of(virt_to_page(copy), table->slot_first,
			  table->slot_end - table->slot_first);
	for (slot = first + table->slot_first; slot < first + table->slot_end;
	     slot++) {
		pte_t e = pt_read(slot), *to = copy + (slot - first);

		if (pte_kind(e, 0) == PTE_NONE)
			continue;
		if (leaf_page(e)->type == PAGE_ANON)
			leaf_share(slot, e, to, leaf_page(e));
		else
			pt_install(to, e);      /* zero_page: not counted */
	}
	spin_unlock(&table->table_lock);
}

/* The last space has left while it held a copy: the leaves go, then the table. No
 * TLB knows either. */
static void share_free_table(struct page *table)
{
	pte_t *first = page_to_virt(table), *slot;

	table->sharers = 0;
	for (slot = first + table->slot_first; slot < first + table->slot_end;
	     slot++) {
		pte_t e = pt_read(slot);

		if (pte_kind(e, 0) == PTE_NONE ||
		    leaf_page(e)->type != PAGE_ANON)
			continue;
		page_leaf_removed(leaf_page(e));
		page_put(leaf_page(e));
	}
	pt_table_free(first);
}

/* A space that has flushed takes itself off a table. Returns how many have it. */
static u32 share_put(struct page *table)
{
	u32 others = __atomic_fetch_sub(&table->sharers, 1, __ATOMIC_ACQ_REL);

	if (others == 0)
		share_free_table(table);
	return others;
}

static bool share_is_last(const struct page *table)
{
	return __atomic_load_n(&table->sharers, __ATOMIC_ACQUIRE) == 0;
}

/* Nobody else has the table: writing is allowed again. The batch flushes, or a
 * walk cache would go on denying it. */
static void share_keep(struct mm *mm, pte_t *slot, vaddr_t va,
		       struct tlb_batch *batch)
{
	yield_point(share_alone);
	pt_set_table_write(slot, true);
	tlb_batch_note(batch, va, share_size());
	batch->tables = true;
	mm->nr_shared--;
}

/* A copy in the place of the shared table. 0, or -ENOMEM without a change. */
static int share_copy(struct mm *mm, pte_t *slot, vaddr_t va,
		      struct tlb_batch *batch)
{
	struct page *table = share_table_of(pt_read(slot));
	pte_t *copy = pt_table_alloc();
	u32 others;

	if (!copy)
		return -ENOMEM;
	share_copy_leaves(table, copy);
	yield_point(share_copied);
	pt_clear(slot);                 /* break before make */
	tlb_batch_note(batch, va, share_size());
	batch->tables = true;
	yield_point(share_broken);
	tlb_batch_flush(batch);
	pt_install(slot, pte_make_table(virt_to_phys(copy)));
	mm->nr_shared--;
	others = share_put(table);
	trace(table_copied, va, others);
	return 0;
}

/* Makes the table below a level-1 slot the space's own. 0 or -ENOMEM. */
static int share_own_table(struct mm *mm, pte_t *slot, vaddr_t va)
{
	struct page *table = share_table_of(pt_read(slot));
	struct tlb_batch batch;
	int err = 0;

	if (pte_table_writable(pt_read(slot)))
		return 0;
	tlb_batch_begin(&batch, &mm->space, TLB_SHARE);
	if (share_is_last(table)) {
		share_keep(mm, slot, va, &batch);
		trace(table_kept, va, page_to_pfn(table).v);
	} else {
		err = share_copy(mm, slot, va, &batch);
	}
	tlb_batch_end(&batch);
	return err;
}

/**
 * share_own_tables() - the slow part of share_own_range()
 *
 * Context: mm->lock for writing, may sleep. Return: 0, or -ENOMEM: some tables
 * may be the space's own already.
 */
int share_own_tables(struct mm *mm, vaddr_t start, vaddr_t end)
{
	vaddr_t va = ALIGN_DOWN(start, share_size());
	pte_t *slot;
	int err = 0;

	end = ALIGN_UP(end, share_size());
	for (; !err && mm->nr_shared && (slot = share_next(mm, &va, end));
	     va += share_size())
		err = share_own_table(mm, slot, va);
	return err;
}

/**
 * share_own_ends() - the slow part of share_own_borders()
 *
 * Context, Return: as share_own_tables().
 */
int share_own_ends(struct mm *mm, vaddr_t start, vaddr_t end)
{
	int err = 0;

	if (!IS_ALIGNED(start, share_size()))
		err = share_own_tables(mm, start, start + 1);
	if (!err && !IS_ALIGNED(end, share_size()))
		err = share_own_tables(mm, end - 1, end);
	return err;
}

/**
 * share_own_page() - the table of va becomes the space's own, for a fault
 *
 * Context: thread, no locks, may sleep. Return: 0 or -ENOMEM.
 */
int share_own_page(struct mm *mm, vaddr_t va)
{
	int err;

	write_lock(&mm->lock);
	err = share_own_range(mm, va, va + 1);
	write_unlock(&mm->lock);
	return err;
}

static void share_own_space(struct mm *mm, void *arg)
{
	int err;

	if (!READ_ONCE(mm->nr_shared))
		return;
	write_lock(&mm->lock);
	err = share_own_range(mm, 0, USER_END);
	write_unlock(&mm->lock);
	(void)err;                      /* then some figures are too small */
}

/**
 * share_own_all() - no table is shared any more: page counts are those of Linux
 *
 * Context: thread, no locks, may sleep. What is forked later is shared again.
 */
void share_own_all(void)
{
	mm_for_each(share_own_space, NULL);
}

/** share_denies_slow() - see share_denies_write(). Context: mm->lock. */
bool share_denies_slow(struct mm *mm, vaddr_t va)
{
	const pte_t *slot = pt_table_slot(&mm->space, va);

	return slot && !pte_table_writable(pt_read(slot));
}

/* ---- leaving -------------------------------------------------------------------- */

/* The space goes on without the table, or takes it as its own if it is the last. */
static void share_leave(struct mm *mm, pte_t *slot, vaddr_t va,
			struct tlb_batch *batch)
{
	struct page *table = share_table_of(pt_read(slot));
	struct rss_delta rss = { .nr[RSS_ANON] = -(s64)table->nr_anon };
	u32 others;

	if (share_is_last(table)) {
		share_keep(mm, slot, va, batch);
		return;
	}
	pt_clear(slot);
	tlb_batch_note(batch, va, share_size());
	batch->tables = true;
	tlb_batch_flush(batch);
	mm->nr_shared--;
	__atomic_fetch_sub(&mm->nr_tables, 1, __ATOMIC_RELAXED);
	mm_add_rss(mm, &rss);
	others = share_put(table);
	trace(table_left, va, others);
}

/**
 * share_leave_tables() - let go of the shared tables of [start, end)
 *
 * Tables at its borders are the space's own. Those that nobody else has are, too,
 * afterwards, with their leaves. Context: mm->lock for writing, or a space that
 * nobody uses any more; may flush.
 */
void share_leave_tables(struct mm *mm, vaddr_t start, vaddr_t end,
			struct tlb_batch *batch)
{
	vaddr_t va = ALIGN_UP(start, share_size());
	pte_t *slot;

	mm_note_hiwater(mm);
	end = ALIGN_DOWN(end, share_size());
	for (; mm->nr_shared && va < end && (slot = share_next(mm, &va, end));
	     va += share_size())
		if (!pte_table_writable(pt_read(slot)))
			share_leave(mm, slot, va, batch);
}

/* ---- checks ---------------------------------------------------------------------- */

static const char *share_check_table(pte_t e, u64 *nr_shared)
{
	const struct page *table = share_table_of(e);

	if (pte_table_writable(e))
		return share_is_last(table)
			       ? NULL
			       : "[S3] a shared table may be written";
	(*nr_shared)++;
	return share_count_anon(table) == table->nr_anon
		       ? NULL
		       : "[S2] nr_anon is not the number of anonymous leaves";
}

/**
 * share_check() - NULL, or which of [S2] and [S3] is broken
 *
 * Context: mm->lock; relatives are quiet.
 */
const char *share_check(struct mm *mm)
{
	const char *why = NULL;
	u64 nr_shared = 0;
	vaddr_t va = 0;
	pte_t *slot;

	for (; !why && (slot = share_next(mm, &va, USER_END));
	     va += share_size())
		why = share_check_table(pt_read(slot), &nr_shared);
	if (!why && nr_shared != mm->nr_shared)
		why = "[S3] nr_shared is not the number of denying entries";
	return why;
}
