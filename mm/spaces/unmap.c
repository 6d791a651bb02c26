/* SPDX-License-Identifier: MIT */
/*
 * Taking leaves out of a space: munmap, MADV_DONTNEED and exit end here.
 *
 *	slot ─pt_clear─► mapcount - 1 ─► batch ─flush─► reference dropped
 *
 * The order is the whole safety: the frame keeps the leaf's reference until
 * every CPU has forgotten the translation, which the batch does before it
 * drops it. Counters of the space are added up locally and change once.
 *
 * Truncation comes without mm->lock, from the file's side (rmap_walk.c).
 *
 * Locking: the table lock of each table while its leaves go. Faults may run
 * in the same range (MADV_DONTNEED holds mm->lock for reading, and says so by
 * batch->shared): each leaf is either taken or was not there yet. Then the flush
 * comes before the table is unlocked, or a fault would make a new leaf while some
 * CPU still has the old one (arch/mmu.h [M4]).
 */
#include "kernel/base/explore.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mm.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

/**
 * mm_note_hiwater() - remember the present RSS before it shrinks
 *
 * Context: any. A race between two threads costs an exact maximum only.
 */
void mm_note_hiwater(struct mm *mm)
{
	u64 rss = (u64)mm_rss(mm);

	if (rss > READ_ONCE(mm->hiwater_rss))
		WRITE_ONCE(mm->hiwater_rss, rss);
}

/* From the slot on, the rest of the cursor's table is going. */
static void unmap_note_rest(const struct pt_cursor *c, const pte_t *slot,
			    struct tlb_batch *batch)
{
	tlb_batch_note(batch, c->table_va + (pt_slot_index(slot) << PAGE_SHIFT),
		       (size_t)(c->slot_end - slot) << PAGE_SHIFT);
}

/* Clears one leaf. Its page goes to the batch with the leaf's reference. A
 * full batch flushes and forgets what was noted: the rest is noted again. */
static inline void unmap_leaf(const struct pt_cursor *c, pte_t *slot,
			      struct rss_delta *rss, struct tlb_batch *batch)
{
	struct page *page = leaf_page(pt_clear(slot));

	yield_point(unmap_cleared);
	if (page == zero_page)
		return;
	rss->nr[page_rss_kind(page)]--;
	page_leaf_removed(page);
	if (unlikely(batch->nr == TLB_BATCH_PAGES)) {
		tlb_batch_flush(batch);
		unmap_note_rest(c, slot, batch);
	}
	tlb_batch_put_page(batch, page);
}

/* Whether this entry goes: any leaf, or only one of a page of a file. */
static inline bool unmap_wanted(pte_t e, bool copies)
{
	return pte_kind(e, 0) != PTE_NONE &&
	       (likely(copies) || leaf_page(e)->type == PAGE_FILE);
}

static __force_inline void unmap_range(struct mm *mm, vaddr_t start,
				       vaddr_t end, bool copies,
				       struct tlb_batch *batch)
{
	struct rss_delta rss = { 0 };
	struct pt_cursor c;
	pte_t *slot;

	mm_note_hiwater(mm);
	pt_cursor_begin(&c, &mm->space, start, end);
	while (pt_cursor_next(&c)) {
		unmap_note_rest(&c, c.slot, batch);
		pt_for_each_slot(&c, slot)
			if (unmap_wanted(pt_read(slot), copies))
				unmap_leaf(&c, slot, &rss, batch);
		if (batch->shared)
			tlb_batch_flush(batch);
		pt_cursor_skip(&c);
	}
	pt_cursor_end(&c);
	mm_add_rss(mm, &rss);
}

/**
 * mm_unmap_pages() - clear every leaf of [start, end)
 *
 * References go to the batch, RSS shrinks; page tables stay.
 * Context: thread; mm->lock, a space that nobody uses any more, or the rmap.lock
 * of a file that the range maps. The tables are the space's own (share.h).
 */
void mm_unmap_pages(struct mm *mm, vaddr_t start, vaddr_t end,
		    struct tlb_batch *batch)
{
	unmap_range(mm, start, end, true, batch);
}

/**
 * mm_unmap_file_pages() - the same for leaves of FILE pages; private copies stay
 */
void mm_unmap_file_pages(struct mm *mm, vaddr_t start, vaddr_t end,
			 struct tlb_batch *batch)
{
	unmap_range(mm, start, end, false, batch);
}
