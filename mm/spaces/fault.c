/* SPDX-License-Identifier: MIT */
/*
 * The page-fault pipeline.
 *
 *	mm_fault ─► fault_find_vma ──── none ─► stack grows? ─ no ─► SEGV
 *	               │ found
 *	            fault_check_rights ─ no ─────────────────────► SEGV
 *	               │
 *	            fault_resolve: the slot, its table made on the way
 *	               │ entry
 *	   none ───────┼─► fault_missing: page from the backing, install
 *	   read-only,  │
 *	   write ──────┼─► cow_fault (cow.c): keep it or copy it
 *	   fits ───────┴─► fault_spurious: another CPU was faster
 *
 * Each step fills in struct fault_ctx or ends with a verdict. A fault either
 * puts one right entry into the table, or changes nothing.
 *
 * What a fault may see, and why it is safe with several CPUs:
 *
 *  [X1] It holds mm->lock for reading. VMAs, and the fact that a table page
 *       exists, change only under the write lock; so vma, the walk and the
 *       slot stay valid from find to install, even while the fault sleeps in
 *       the backing without any spinlock.
 *  [X2] Entries change under the lock of their table. A fault peeks at the
 *       entry without it, gets a page, takes the lock and installs only if
 *       the entry is what it was. If not, somebody else has
 *       resolved (or weakened) it: the page goes back, and the access runs
 *       again. Two faults on one page thus end with one page.
 *  [X3] An entry goes from none to valid without a flush (arch/mmu.h [M2]);
 *       copy-on-write replaces a live leaf by pt_replace, which leaves no CPU
 *       with the old translation; giving a leaf more rights leaves at most
 *       a needless fault on another CPU, which ends in fault_spurious.
 *  [X4] A frame is named by an entry only while the entry holds a reference:
 *       it is taken before the install, and dropped by whoever clears the
 *       entry, after the flush (mm/spaces/unmap.c).
 *  [X5] Stack growth, and a table of one's own in place of a shared one (share.h),
 *       need the write lock: the fault gives its read lock up, and starts again
 *       from the look-up, or from the access.
 *  [X6] Truncation takes leaves without mm->lock, under the lock of each table;
 *       rmap_walk.c tells why none is left behind.
 *
 * Lock order: mm->lock, mapping->lock, rmap lock, tree lock, table lock,
 * allocator.
 */
#include "mm/spaces/fault.h"

#include "arch/trap.h"
#include "kernel/base/explore.h"
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/backing/mapping.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"

/**
 * fault_reason_text() - the reason in words, for the report of a killed program
 */
const char *fault_reason_text(enum fault_reason why)
{
	static const char *const text[FAULT_WHY_NR] = {
		[FAULT_WHY_NONE] = "no reason",
		[FAULT_WHY_NO_VMA] = "nothing is mapped there",
		[FAULT_WHY_RIGHTS] = "the mapping does not allow it",
		[FAULT_WHY_GUARD] = "the stack cannot grow that far",
		[FAULT_WHY_PAST_END] = "past the end of the file",
		[FAULT_WHY_NO_MEMORY] = "out of memory",
	};

	return (unsigned int)why < FAULT_WHY_NR ? text[why] : "unknown";
}

/* One more page mapped. */
static void fault_count_rss(struct fault_ctx *ctx, const struct page *page)
{
	if (page != zero_page)
		__atomic_fetch_add(&ctx->mm->rss[page_rss_kind(page)], 1,
				   __ATOMIC_RELAXED);
}

static void fault_trace(const struct fault_ctx *ctx)
{
	u64 pfn = page_to_pfn(ctx->page).v;

	if (ctx->page == zero_page)
		trace(fault_zero, ctx->va, 0);
	else if (ctx->page->type == PAGE_FILE)
		trace(fault_file, ctx->va, pfn);
	else if (ctx->vma->mapping)
		trace(fault_file_copy, ctx->va, pfn);
	else
		trace(fault_anon, ctx->va, pfn);
}

/* ---- an empty slot ---------------------------------------------------------- */

/* The leaf protection for page in this VMA. Private pages that are not the
 * space's own stay read-only, and copy-on-write takes it from there. */
static ptprot_t fault_leaf_prot(const struct vma *vma, const struct page *page)
{
	if (vma->flags & VM_SHARED || page->type == PAGE_ANON)
		return vma->prot;
	return vma->prot & ~(ptprot_t)PT_WRITE;
}

/* Fills an empty slot with a leaf that takes over the caller's reference.
 * used: PT_YOUNG and PT_DIRTY as it fits. Context: table lock. */
static inline void fault_install(const struct vma *vma, pte_t *slot,
			  struct page *page, ptprot_t used)
{
	ptprot_t prot = fault_leaf_prot(vma, page);

	leaf_sync_icache(page, prot);
	if (page != zero_page)
		page_leaf_added(page);
	pt_install(slot, pte_make_leaf(page_to_phys(page), prot | used, 0));
}

/* The same for the slot that ctx stands on. Context: its table's lock. */
static inline void fault_install_here(struct fault_ctx *ctx, struct page *page,
			       ptprot_t used)
{
	pt_claim_slots_of(ctx->table, pt_index(ctx->va, 0), 1);
	fault_install(ctx->vma, ctx->cur.slot, page, used);
}

/* Some pages of the file around a fault: see fault_window(). */
struct fault_window {
	u64 index;                      /* page of the file at its start */
	unsigned int nr;                /* pages */
	unsigned int at;                /* the faulting one */
	struct page *page[FAULT_AROUND_PAGES];
};

/*
 * The aligned group of FAULT_AROUND_PAGES file pages around the fault, cut to
 * the VMA and to the page table that the slot is in.
 */
static void fault_window(const struct fault_ctx *ctx, struct fault_window *w)
{
	const struct vma *vma = ctx->vma;
	u64 index = vma_index(vma, ctx->va);
	vaddr_t table = ALIGN_DOWN(ctx->va, pt_level_size(1));
	vaddr_t start = ctx->va -
			((index & (FAULT_AROUND_PAGES - 1)) << PAGE_SHIFT);
	vaddr_t end = start + FAULT_AROUND_PAGES * PAGE_SIZE;

	start = MAX(start, MAX(vma->start, table));
	end = MIN(end, MIN(vma->end, table + pt_level_size(1)));
	w->nr = (unsigned int)((end - start) >> PAGE_SHIFT);
	w->at = (unsigned int)((ctx->va - start) >> PAGE_SHIFT);
	w->index = index - w->at;
}

/* Puts the pages of a window into the slots that are empty. What went in
 * leaves w->page[]. Context: table lock. */
static void fault_install_window(struct fault_ctx *ctx, struct fault_window *w)
{
	const ptprot_t around = mmu_features.hw_young ? 0 : PT_YOUNG;
	struct rss_delta rss = { 0 };
	pte_t *slot = ctx->cur.slot - w->at;
	unsigned int i;

	pt_claim_slots(slot, w->nr);
	for (i = 0; i < w->nr; i++, slot++) {
		struct page *page = w->page[i];

		if (!page || pte_kind(pt_read(slot), 0) != PTE_NONE)
			continue;
		rss.nr[page_rss_kind(page)]++;
		fault_install(ctx->vma, slot, page,
			      i == w->at ? PT_YOUNG : around);
		w->page[i] = NULL;
	}
	mm_add_rss(ctx->mm, &rss);
}

/* Whether no page has left the file since the fault asked for one [X6]: who
 * finds that, runs the access again. Context: table lock. */
static inline bool fault_is_current(const struct fault_ctx *ctx)
{
	const struct mapping *m = ctx->vma->mapping;

	return !m || READ_ONCE(m->epoch) == ctx->epoch;
}

/*
 * Fault-around: maps the cached neighbours of a file page along with it.
 * Programs run through their text, and one fault for sixteen pages costs
 * little more than one for one. Only pages that need no wait.
 * Return: false: the page at the fault was not cached.
 */
static bool fault_around(struct fault_ctx *ctx)
{
	const struct backing_ops *backing = ctx->vma->backing;
	struct fault_window w;
	unsigned int i;
	bool hit;

	if (!backing->around || ctx->vma->flags & VM_RANDOM)
		return false;
	fault_window(ctx, &w);
	if (!backing->around(ctx->vma->mapping, w.index, w.nr, w.page))
		return false;
	ctx->page = w.page[w.at];
	hit = ctx->page != NULL;
	if (hit)
		trace(fault_file, ctx->va, page_to_pfn(ctx->page).v);
	fault_relock_table(ctx);        /* filled slots are left alone */
	if (likely(fault_is_current(ctx)))
		fault_install_window(ctx, &w);
	fault_unlock_table(ctx);
	for (i = 0; i < w.nr; i++)
		if (w.page[i])
			page_put(w.page[i]);
	return hit;
}

/* Ends with a verdict other than OK. */
static enum fault_verdict fault_fail(struct fault_ctx *ctx,
				     enum fault_verdict v,
				     enum fault_reason why)
{
	ctx->why = why;
	return v;
}

/* A read of untouched anonymous memory: the zero page is always at hand. */
static enum fault_verdict fault_zero_page(struct fault_ctx *ctx)
{
	ptprot_t prot = (ctx->vma->prot & ~(ptprot_t)PT_WRITE) | PT_YOUNG;

	if (likely(fault_relock_table(ctx))) {
		pt_claim_slots_of(ctx->table, pt_index(ctx->va, 0), 1);
		pt_install(ctx->cur.slot, pte_make_leaf(zero_page_pa, prot, 0));
	}
	fault_unlock_table(ctx);
	trace(fault_zero, ctx->va, 0);
	return FAULT_OK;
}

static enum fault_verdict fault_missing(struct fault_ctx *ctx)
{
	const bool write = ctx->access & FAULT_WRITE;
	struct vma *vma = ctx->vma;
	enum fault_verdict v;

	if (!write && vma->backing->zero_reads)
		return fault_zero_page(ctx);
	if (vma->mapping)
		ctx->epoch = __atomic_load_n(&vma->mapping->epoch,
					     __ATOMIC_ACQUIRE);
	if (!write && fault_around(ctx))
		return FAULT_OK;
	v = vma->backing->get_page(vma->mapping, vma_index(vma, ctx->va), write,
				   &ctx->page, &ctx->major);
	if (unlikely(v == FAULT_BUS))
		return fault_fail(ctx, v, FAULT_WHY_PAST_END);
	if (unlikely(v == FAULT_OOM))
		return fault_fail(ctx, v, FAULT_WHY_NO_MEMORY);
	if (unlikely(v != FAULT_OK))
		return v;
	if (ctx->page->type == PAGE_ANON)
		page_settle(ctx->page, vma, ctx->va);
	yield_point(fault_has_page);
	if (likely(fault_relock_table(ctx) && fault_is_current(ctx))) {
		fault_install_here(ctx, ctx->page,
				   write ? PT_YOUNG | PT_DIRTY : PT_YOUNG);
		fault_count_rss(ctx, ctx->page);
		fault_trace(ctx);       /* the page is the leaf's from here on */
		fault_unlock_table(ctx);
		return FAULT_OK;
	}
	fault_unlock_table(ctx);        /* [X2], [X6] somebody was faster */
	if (ctx->page != zero_page)
		page_put(ctx->page);
	return FAULT_OK;
}

/* ---- a slot with a leaf ------------------------------------------------------ */

/*
 * The leaf allows the access already, or need only say that it was used: the
 * entry changed while the fault was on its way, or the machine leaves young
 * and dirty to software.
 */
static enum fault_verdict fault_spurious(struct fault_ctx *ctx)
{
	ptprot_t prot = pte_prot(ctx->cur.entry, 0) | PT_YOUNG;

	if (ctx->vma->flags & VM_SHARED)
		prot |= ctx->vma->prot;
	if (ctx->access & FAULT_WRITE)
		prot |= PT_DIRTY;
	pt_set_prot(ctx->cur.slot, prot, 0);
	fault_unlock_table(ctx);
	trace(fault_spurious, ctx->va, ctx->cur.entry.v);
	return FAULT_OK;
}

static enum fault_verdict fault_present(struct fault_ctx *ctx)
{
	bool write = ctx->access & FAULT_WRITE;

	assertf(pte_kind(ctx->cur.entry, 0) == PTE_LEAF, "va=%#lx entry=%#llx",
		ctx->va, (unsigned long long)ctx->cur.entry.v);
	if (write && !(ctx->vma->flags & VM_SHARED) &&
	    !(pte_prot(ctx->cur.entry, 0) & PT_WRITE))
		return cow_fault(ctx);
	return fault_spurious(ctx);
}

/* ---- the pipeline ------------------------------------------------------------ */

/* Whether the VMA allows the access. */
static bool fault_check_rights(const struct fault_ctx *ctx)
{
	u32 flags = ctx->vma->flags;

	if (ctx->access & FAULT_WRITE)
		return flags & VM_WRITE;
	if (ctx->access & FAULT_EXEC)
		return flags & VM_EXEC;
	/* No machine expresses "write only" or "execute only". */
	return flags & VM_ACCESS;
}

/* The slot was not reached, or its table is shared: [S2] in share.c says that only
 * a fault that changes nothing there may go on. */
static __noinline enum fault_verdict fault_peek_failed(struct fault_ctx *ctx,
						       int err)
{
	if (err != -EBUSY)
		return fault_fail(ctx, FAULT_OOM, FAULT_WHY_NO_MEMORY);
	if (ctx->access & FAULT_WRITE ||
	    pte_kind(ctx->cur.entry, 0) == PTE_NONE)
		return FAULT_RETRY;
	return FAULT_OK;
}

/* From a VMA that covers the address to the verdict. */
static enum fault_verdict fault_resolve(struct fault_ctx *ctx)
{
	struct mm *mm = ctx->mm;
	enum fault_verdict v;
	int err;

	if (unlikely(!fault_check_rights(ctx)))
		return fault_fail(ctx, FAULT_SEGV, FAULT_WHY_RIGHTS);
	err = pt_slot_peek(&ctx->cur, &mm->space, ctx->va, &mm->nr_tables);
	if (unlikely(err)) {
		v = fault_peek_failed(ctx, err);
		if (v != FAULT_OK)
			return v;
	}
	ctx->table = virt_to_page(ctx->cur.slot);
	yield_point(fault_peeked);
	if (pte_kind(ctx->cur.entry, 0) != PTE_NONE) {
		fault_relock_table(ctx);
		ctx->cur.entry = pt_read(ctx->cur.slot);
		if (likely(pte_kind(ctx->cur.entry, 0) != PTE_NONE))
			return fault_present(ctx);
		fault_unlock_table(ctx);        /* it went just now */
	}
	return fault_missing(ctx);
}

/* One pass of the pipeline under the read lock. false: no VMA there. */
static bool fault_try(struct fault_ctx *ctx, struct mm *mm, vaddr_t va,
		      enum fault_verdict *v)
{
	struct vma *vma;
	bool found;

	read_lock(&mm->lock);
	vma = vma_find(mm, va);
	found = likely(vma && vma->start <= va);
	ctx->vma = vma;
	if (found)
		*v = fault_resolve(ctx);
	read_unlock(&mm->lock);
	return found;
}

/* Ends a fault that was not resolved at once: [X5] for a shared table, else it is
 * traced, with its reason for the caller. */
static __noinline enum fault_verdict fault_end(struct fault_ctx *ctx,
					       enum fault_verdict v,
					       enum fault_reason *why)
{
	if (v == FAULT_RETRY && share_own_page(ctx->mm, ctx->va))
		v = fault_fail(ctx, FAULT_OOM, FAULT_WHY_NO_MEMORY);
	if (v == FAULT_SEGV)
		trace(fault_segv, ctx->addr, ctx->access);
	else if (v == FAULT_BUS)
		trace(fault_bus, ctx->addr, ctx->access);
	else if (v == FAULT_OOM)
		trace(fault_oom, ctx->addr, ctx->access);
	if (why)
		*why = ctx->why;
	return v;
}

enum fault_verdict mm_fault(struct mm *mm, vaddr_t addr, u32 access,
			    enum fault_reason *why)
{
	enum fault_verdict v = FAULT_OK;
	struct fault_ctx ctx;

	ctx.mm = mm;                    /* the rest is set where it is known */
	ctx.addr = addr;
	ctx.va = addr & PAGE_MASK;
	ctx.access = access;
	ctx.major = false;
	ctx.why = FAULT_WHY_NONE;
	while (unlikely(!fault_try(&ctx, mm, ctx.va, &v))) {
		v = stack_grow_to(mm, ctx.va, &ctx.why);
		if (v != FAULT_OK)
			break;
	}
	if (unlikely(v != FAULT_OK))
		return fault_end(&ctx, v, why);
	__atomic_fetch_add(ctx.major ? &mm->maj_flt : &mm->min_flt, 1,
			   __ATOMIC_RELAXED);
	return FAULT_OK;
}

/**
 * mm_populate() - touch every page of [addr, addr + len)
 *
 * Context: thread, no locks, may sleep. Return: 0; -EFAULT at the first page
 * that may not be touched so; -ENOMEM. Pages before it stay.
 */
int mm_populate(struct mm *mm, vaddr_t addr, size_t len, bool write)
{
	vaddr_t va = addr & PAGE_MASK, end = addr + len;

	while (va < end) {
		switch (mm_fault(mm, va, write ? FAULT_WRITE : FAULT_READ,
				 NULL)) {
		case FAULT_OK:
			va += PAGE_SIZE;
			break;
		case FAULT_RETRY:
			break;
		case FAULT_SEGV:
		case FAULT_BUS:
			return -EFAULT;
		case FAULT_OOM:
			return -ENOMEM;
		}
	}
	return 0;
}
