/* SPDX-License-Identifier: MIT */
/*
 * The reverse way: from a page, or a range of a file, to the leaves that map it.
 *
 *	truncate, hole ─► rmap_unmap_spaces ─► each link over the range
 *	                                          └─► its addresses: leaves go
 *	a FILE page ────► rmap_walk ─────────► each link over the index
 *	                                          └─► the one slot: is it there?
 *	an ANON page ───► rmap_walk ─────────► each member of its family
 *	                                          └─► its home there: is it there?
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

#include "lib/errno.h"
#include "mm/backing/family.h"
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

/* ---- a page ------------------------------------------------------------------- */

/* One walk. */
struct rmap_search {
	struct page *page;
	rmap_leaf_fn *fn;
	void *arg;
	int seen;                       /* leaves */
	bool busy;                      /* a space was passed over */
};

/* fn, if the slot of va holds a leaf that maps the page. false: enough. */
static bool rmap_visit(struct rmap_search *s, struct vma *vma, vaddr_t va)
{
	struct pt_cursor c;
	bool more = true;

	if (!pt_slot_find(&c, &vma->mm->space, va))
		return true;
	if (pte_kind(c.entry, 0) == PTE_LEAF && leaf_page(c.entry) == s->page) {
		s->seen++;
		more = s->fn(vma, &c, s->arg);
	}
	pt_cursor_end(&c);
	return more;
}

static void rmap_walk_file(struct rmap_search *s)
{
	struct mapping *m = READ_ONCE(s->page->mapping);
	u64 index = s->page->index;
	struct rmap_link *link;

	if (!m)                         /* truncated: nobody's page */
		return;
	rmap_lock(&m->rmap);
	for (link = rmap_find(&m->rmap, index, index + 1); link;
	     link = rmap_next(link, index, index + 1)) {
		struct vma *vma = vma_of_link(link);

		if (!rmap_visit(s, vma, vma_address(vma, index)))
			break;
	}
	rmap_unlock(&m->rmap);
}

/* Where the page would be in this VMA, if it has a place there. */
static bool rmap_visit_home(struct rmap_search *s, struct vma *vma)
{
	vaddr_t va = (s->page->index << PAGE_SHIFT) + vma->moved_by;

	if (vma->flags & VM_SHARED || va < vma->start || va >= vma->end)
		return true;
	return rmap_visit(s, vma, va);
}

/* One member of the family. Context: its mm->lock. */
static bool rmap_visit_space(struct rmap_search *s, struct mm *mm)
{
	struct vma *vma = vma_find(mm, s->page->index << PAGE_SHIFT);
	bool more = true;

	if (likely(!mm->has_moved))
		return !vma || rmap_visit_home(s, vma);
	for (vma = vma_find(mm, 0); vma && more; vma = vma_next(vma))
		more = rmap_visit_home(s, vma);
	return more;
}

/* A space that is being changed, or is forking, is passed over: its thread may
 * wait for family->lock with mm->lock in hand, never the other way round. */
static void rmap_walk_family(struct rmap_search *s)
{
	struct family *family = family_of_page(s->page);
	bool more = true;
	struct mm *mm;

	if (!family)
		return;
	mutex_lock(&family->lock);
	list_for_each(mm, &family->members, family_node) {
		if (try_read_lock(&mm->lock)) {
			more = rmap_visit_space(s, mm);
			read_unlock(&mm->lock);
		} else {
			s->busy = true;
		}
		if (!more)
			break;
	}
	mutex_unlock(&family->lock);
	family_put(family);
}

/**
 * rmap_walk() - fn for every leaf that maps a page of a file, or an anonymous one
 *
 * Context: thread, with a reference; takes rmap.lock or family->lock. Return: leaves
 * seen; -EBUSY: some space was being changed, and fn saw those of the others.
 */
int rmap_walk(struct page *page, rmap_leaf_fn *fn, void *arg)
{
	struct rmap_search s = { .page = page, .fn = fn, .arg = arg };

	if (page->type == PAGE_FILE)
		rmap_walk_file(&s);
	else if (page->type == PAGE_ANON)
		rmap_walk_family(&s);
	return s.busy ? -EBUSY : s.seen;
}
