/* SPDX-License-Identifier: MIT */
/*
 * Copy-on-write: a private page is copied when somebody writes it, not before.
 *
 *	write to a read-only leaf of a private mapping
 *	   │
 *	   ├─ anonymous, this leaf is its one owner ──► cow_reuse: writable again
 *	   │
 *	   └─ shared with a relative, the file,  ─────► cow_copy: own frame,
 *	      or zero_page                               the old one loses a leaf
 *
 * After fork both sides have the page read-only, with two references. The
 * first writer copies and drops its reference; the second then finds itself
 * alone and keeps the frame: n relatives make n - 1 copies.
 *
 * Who is the one owner? Each leaf holds a reference (page.h), so refcount 1,
 * seen under the table lock, means that this leaf is all there is. It cannot
 * grow meanwhile: new leaves of the page come from fork, which excludes faults
 * of this space by mm->lock, and kernel users take theirs under the table
 * lock. A reference of a kernel user costs a copy too many, never one too few.
 *
 * While the copy is made the table is unlocked (the allocation may sleep), and
 * the old frame is held by a reference of our own. If the entry changed in
 * the meantime the copy goes back, and the write runs again.
 */
#include "kernel/base/explore.h"
#include "kernel/base/trace.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/leaf.h"

/* The last owner keeps the frame. Drops the table lock. */
static enum fault_verdict cow_reuse(struct fault_ctx *ctx, struct page *page)
{
	yield_point(cow_one_owner);
	pt_set_prot(ctx->cur.slot, ctx->vma->prot | PT_YOUNG | PT_DIRTY, 0);
	fault_unlock_table(ctx);
	trace(fault_cow_reuse, ctx->va, page_to_pfn(page).v);
	return FAULT_OK;
}

/* A frame with the contents of old; no reference to old is held by it. */
static struct page *cow_duplicate(const struct page *old)
{
	struct page *new = anon_page_alloc(old == zero_page ? GFP_ZERO : 0);

	if (unlikely(!new))
		return NULL;
	if (old != zero_page)
		page_copy(page_to_virt(new), page_to_virt(old));
	return new;
}

/* The leaf of old becomes one of new. Context: table lock. */
static void cow_switch_leaf(struct fault_ctx *ctx, struct page *old,
			    struct page *new)
{
	ptprot_t prot = ctx->vma->prot | PT_YOUNG | PT_DIRTY;

	leaf_sync_icache(new, prot);
	page_leaf_added(new);
	pt_replace(&ctx->mm->space, ctx->va, 0, ctx->cur.slot,
		   pte_make_leaf(page_to_phys(new), prot, 0));
	if (old != zero_page)
		page_leaf_removed(old);
}

static void cow_count_rss(struct mm *mm, const struct page *old)
{
	struct rss_delta rss = { 0 };

	if (old->type == PAGE_ANON)
		return;                 /* one anonymous page for another */
	rss.nr[RSS_ANON] = 1;
	if (old != zero_page)
		rss.nr[page_rss_kind(old)]--;
	mm_add_rss(mm, &rss);
}

/* A frame of its own for the writer. Drops the table lock. */
static enum fault_verdict cow_copy(struct fault_ctx *ctx, struct page *old)
{
	struct page *new;
	bool same;

	if (old != zero_page)
		page_get(old);
	fault_unlock_table(ctx);
	new = cow_duplicate(old);
	if (unlikely(!new)) {
		if (old != zero_page)
			page_put(old);
		ctx->why = FAULT_WHY_NO_MEMORY;
		return FAULT_OOM;
	}
	page_settle(new, ctx->vma, ctx->va);
	yield_point(cow_copied);
	same = fault_relock_table(ctx);
	if (likely(same))
		cow_switch_leaf(ctx, old, new);
	fault_unlock_table(ctx);
	if (likely(same)) {
		yield_point(cow_switched);
		cow_count_rss(ctx->mm, old);
		if (old == zero_page) {         /* nothing was copied */
			trace(fault_anon, ctx->va, page_to_pfn(new).v);
		} else {
			trace(fault_cow_copy, ctx->va, page_to_pfn(new).v);
			page_put(old);  /* the leaf's reference */
		}
	} else {
		page_put(new);
	}
	if (old != zero_page)
		page_put(old);          /* ours */
	return FAULT_OK;
}

enum fault_verdict cow_fault(struct fault_ctx *ctx)
{
	struct page *page = leaf_page(ctx->cur.entry);

	if (page_has_one_owner(page))
		return cow_reuse(ctx, page);
	return cow_copy(ctx, page);
}
