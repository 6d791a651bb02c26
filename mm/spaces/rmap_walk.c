/* SPDX-License-Identifier: MIT */
/*
 * The reverse way: from a page, or a range of a file, to the leaves that map it.
 *
 *	truncate, hole ─► rmap_unmap_spaces ─► each link over the range
 *	                                          └─► its addresses: leaves go
 *	a page ─────────► rmap_walk ─────────► each link over the index
 *	                                          └─► the one slot: is it there?
 *
 * Truncation against faults, without mm->lock on this side:
 *
 *  [X6] The file's epoch changes before leaves go. A fault reads it before it
 *       asks for the page, and again under the lock of the table it installs in;
 *       if it has changed it starts afresh and finds the file as it is now.
 *       An install before that is a leaf that the walk then finds: the walk
 *       locks each table, too. Tables that the walk does not find come after
 *       it: the fault made its table before it looked into the cache's tree, the
 *       truncation empties the tree before it walks, and both take tree_lock.
 *  [X7] fork holds rmap.lock from the child's VMA to the copy of its leaves, so
 *       the walk sees both spaces before, or both after. mremap holds it while
 *       leaves are on their way.
 *  [X8] munmap and exit unlink a VMA before its tables go, and that takes
 *       rmap.lock: tables that the walk stands in stay.
 *
 * Leaves are flushed before their table is unlocked, since faults may run
 * (batch->shared). A munmap on its way may have cleared leaves that some CPU still
 * has: the whole range is flushed, leaf or not, and munmap unlinks the VMA after
 * its own flush. So when truncation returns nobody reaches the pages.
 */
#include "mm/spaces/rmap_walk.h"

#include "mm/backing/mapping.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mm.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

static struct vma *vma_of_link(struct rmap_link *link)
{
	return container_of(link, struct vma, rmap);
}

/* Where page index of the file is in the VMA, which maps it. */
static vaddr_t vma_address(const struct vma *vma, u64 index)
{
	return vma->start + ((index - vma->pgoff) << PAGE_SHIFT);
}

/* Leaves of the VMA's part of [first, end) go. Context: rmap.lock. */
static void rmap_unmap_vma(struct vma *vma, u64 first, u64 end, bool copies)
{
	vaddr_t from = vma_address(vma, MAX(first, vma->rmap.first));
	vaddr_t to = vma_address(vma, MIN(end, vma->rmap.end));
	struct tlb_batch batch;

	tlb_batch_begin(&batch, &vma->mm->space, TLB_TRUNCATE);
	batch.shared = true;
	/* Also what somebody has taken from the table, and not yet flushed. */
	tlb_batch_note(&batch, from, to - from);
	if (copies)
		mm_unmap_pages(vma->mm, from, to, &batch);
	else
		mm_unmap_file_pages(vma->mm, from, to, &batch);
	tlb_batch_end(&batch);
}

/* rmap_unmap: pages [first, end) of a file go out of all spaces. */
static void rmap_unmap_spaces(struct mapping *m, u64 first, u64 end,
			      bool copies)
{
	struct rmap_link *link;

	rmap_lock(&m->rmap);
	for (link = rmap_find(&m->rmap, first, end); link;
	     link = rmap_next(link, first, end))
		rmap_unmap_vma(vma_of_link(link), first, end, copies);
	rmap_unlock(&m->rmap);
}

/** rmap_walk_init() - truncation reaches the spaces from now on. Boot. */
void rmap_walk_init(void)
{
	rmap_unmap = rmap_unmap_spaces;
}

/* fn, if the slot of the page in this VMA holds a leaf that maps it. */
static bool rmap_visit(struct vma *vma, const struct page *page, u64 index,
		       rmap_leaf_fn *fn, void *arg, unsigned int *seen)
{
	struct pt_cursor c;
	bool more = true;

	if (!pt_slot_find(&c, &vma->mm->space, vma_address(vma, index)))
		return true;
	if (pte_kind(c.entry, 0) == PTE_LEAF && leaf_page(c.entry) == page) {
		(*seen)++;
		more = fn(vma, &c, arg);
	}
	pt_cursor_end(&c);
	return more;
}

/**
 * rmap_walk() - fn for every leaf that maps a page of a file
 *
 * Context: thread, with a reference; takes rmap.lock. Return: leaves seen.
 */
unsigned int rmap_walk(struct page *page, rmap_leaf_fn *fn, void *arg)
{
	struct mapping *m = READ_ONCE(page->mapping);
	u64 index = page->index;
	struct rmap_link *link;
	unsigned int seen = 0;

	if (page->type != PAGE_FILE || !m)      /* truncated: nobody's page */
		return 0;
	rmap_lock(&m->rmap);
	for (link = rmap_find(&m->rmap, index, index + 1); link;
	     link = rmap_next(link, index, index + 1))
		if (!rmap_visit(vma_of_link(link), page, index, fn, arg, &seen))
			break;
	rmap_unlock(&m->rmap);
	return seen;
}
