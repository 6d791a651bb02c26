/* SPDX-License-Identifier: MIT */
/*
 * page_alloc, page_free, page_put: the paths that run once for every page.
 *
 *   page_alloc ─► this CPU's stack ──────────────────────► done
 *                   └ empty, or anything unusual ─► page_alloc_careful ─►
 *                       page_alloc_slow (zones, marks, growth, reclaim:
 *                       page_slow.c)
 *
 *   page_put ──► last reference?
 *   page_free ─► page_is_plain? ─► pcp_push ──above high──► pcp_drain
 *                  └ no ─► page_free_careful ─► block to the buddy, or
 *                                               page_report_misuse
 *
 * All checks on the way are comparisons of fields that the path loads anyway,
 * so they are never switched off. What a check cannot know, the debug options
 * add (page_debug.c). The fast paths call nothing, and so save no registers.
 *
 * Deliberately not done: no hot/cold choice by the caller, no lists by
 * mobility (yet), no per-CPU lists above order 0.
 */
#include "mm/frames/page_alloc.h"

#include "kernel/base/explore.h"
#include "kernel/base/inject.h"
#include "kernel/base/trace.h"
#include "lib/string.h"
#include "mm/frames/buddy.h"
#include "mm/frames/page_debug.h"
#include "mm/frames/page_slow.h"

DEFINE_PERCPU(struct page_alloc_cpu, page_alloc_cpu);

/* By the zone bits of gfp: the highest zone with RAM that they allow [A2]. */
u8 page_alloc_top[4] = { ZONE_NORMAL, ZONE_DMA, ZONE_DMA32, ZONE_DMA };

/* ---- this CPU's stack ----------------------------------------------------- */

/* As bytes, so that one multiplication does for all that follows. */
static __force_inline struct page_stack *pcp_of(unsigned int zone)
{
	char *first = (char *)this_cpu_ptr(page_alloc_cpu);

	return (struct page_stack *)(first + zone * sizeof(struct page_stack));
}

/*
 * The oldest pages go back to the buddy: a batch of them, or all when
 * somebody asked for it by high = 0, which is also the state at boot.
 */
static __noinline void pcp_drain(struct zone *zone, struct page_stack *pcp)
{
	u32 nr = pcp->high ? MIN(zone->pcp_batch, pcp->count) : pcp->count, i;

	pcp->high = zone->pcp_high;
	pcp->drains++;
	spin_lock(&zone->lock);
	zone->nr_locked++;
	for (i = 0; i < nr; i++)
		buddy_free(zone, pcp->slot[i], 0);
	spin_unlock(&zone->lock);
	pcp->count -= nr;
	memmove(pcp->slot, pcp->slot + nr, pcp->count * sizeof(pcp->slot[0]));
	trace(pcp_drain, zone->id, nr);
}

/* Preemption is off. page is free from here on [P2]. */
static __force_inline void pcp_push(struct page *page)
{
	struct page_stack *pcp = pcp_of(page->zone);
	u32 count = pcp->count;

	page->type = PAGE_PCP;
	page->refcount = 0;
	pcp->slot[count] = page;
	pcp->count = count + 1;
	if (unlikely(count >= pcp->high))
		pcp_drain(page_zone(page), pcp);
}

/* ---- allocating ----------------------------------------------------------- */

static void page_fill_zero(struct page *page, unsigned int order)
{
	u8 *va = page_to_virt(page);
	u64 i;

	for (i = 0; i < (u64)1 << order; i++)
		page_zero(va + i * PAGE_SIZE);
}

/*
 * All that is not the fast path: page is what this CPU's list gave and needs a
 * closer look (debug options, a wrong field), or NULL. pc: who asks.
 */
static __noinline struct page *page_alloc_careful(struct page *page, gfp_t gfp,
						  unsigned int order,
						  uintptr_t pc)
{
	if (!page) {
		if (inject_fail())
			return NULL;
		page = page_alloc_slow(gfp, order);
		if (!page)
			return NULL;
	}
	if (unlikely(page->refcount | (u32)page->mapcount))
		page_report_corrupt(page);
	page->type = PAGE_KERNEL;
	page->refcount = 1;
	if (page_debug)
		page_debug_alloc(page, order, pc);
	if (gfp & GFP_ZERO)
		page_fill_zero(page, order);
	return page;
}

/* No call on the way, so no register to save. */
static __force_inline struct page *page_alloc_pc(gfp_t gfp, unsigned int order,
						 uintptr_t pc)
{
	struct page *page = NULL;
	struct page_stack *pcp;
	u32 count;

	assert_slow(this_cpu_read(irq_depth) == 0);
	if (likely(order == 0 && inject_on == 0)) {
		preempt_disable();
		pcp = pcp_of(page_alloc_top[page_alloc_zone_bits(gfp)]);
		count = pcp->count;
		if (likely(count)) {
			page = pcp->slot[count - 1];
			pcp->count = count - 1;
			pcp->hits++;
		}
		preempt_enable_late();
	}
	if (unlikely(!page || page->refcount | (u32)page->mapcount ||
		     page_debug))
		return page_alloc_careful(page, gfp, order, pc);
	page->type = PAGE_KERNEL;
	page->refcount = 1;
	if (gfp & GFP_ZERO)
		page_zero(page_to_virt(page));
	return page;
}

/* See page_alloc.h. About 40 instructions, and the zeroes. */
struct page *page_alloc(gfp_t gfp, unsigned int order)
{
	return page_alloc_pc(gfp, order,
			     (uintptr_t)__builtin_return_address(0));
}

/**
 * page_alloc_virt() - page_alloc() for those who want bytes
 *
 * Context: as page_alloc(). Return: direct-map pointer, or NULL.
 */
void *page_alloc_virt(gfp_t gfp, unsigned int order)
{
	struct page *page =
		page_alloc_pc(gfp, order,
			      (uintptr_t)__builtin_return_address(0));

	return page ? page_to_virt(page) : NULL;
}

/* ---- freeing -------------------------------------------------------------- */

/*
 * Allocated, a single page, not mapped: type and order in one comparison; the
 * references are the caller's business.
 */
static __force_inline bool page_is_plain(const struct page *page)
{
	u16 what = (u16)(page->type | page->order << 8);

	return (u16)(what - PAGE_KERNEL) <= PAGE_VMALLOC - PAGE_KERNEL &&
	       page->mapcount == 0;
}

static void page_free_block(struct page *page, unsigned int order)
{
	struct zone *zone = page_zone(page);

	page->refcount = 0;
	trace(page_free, page_to_pfn(page).v, order);
	spin_lock(&zone->lock);
	zone->nr_locked++;
	buddy_free(zone, page, order);
	spin_unlock(&zone->lock);
}

/* All that is not a plain page: blocks, debug options, misuse. */
static __noinline void page_free_careful(struct page *page, unsigned int order,
					 uintptr_t pc)
{
	if ((u8)(page->type - PAGE_KERNEL) > PAGE_VMALLOC - PAGE_KERNEL ||
	    page->order != order || page->refcount > 1 || page->mapcount) {
		page_report_misuse(page, order, pc);
		return;
	}
	mmu_assert_unused(page_to_phys(page), order);
	page->flags = 0;
	if (page_debug)
		page_debug_free(page, order, pc);
	preempt_disable();
	if (order == 0)
		pcp_push(page);
	else
		page_free_block(page, order);
	preempt_enable();
}

/* A plain page without debug options goes to the list. Preemption is off. */
static __force_inline void page_free_plain(struct page *page)
{
	mmu_assert_unused(page_to_phys(page), 0);
	page->flags = 0;
	pcp_push(page);
}

static __force_inline void page_free_pc(struct page *page, unsigned int order,
					uintptr_t pc)
{
	assert_slow(this_cpu_read(irq_depth) == 0);
	if (unlikely(order || !page_is_plain(page) || page->refcount > 1 ||
		     page_debug)) {
		page_free_careful(page, order, pc);
		return;
	}
	preempt_disable();
	page_free_plain(page);
	preempt_enable_late();
}

/* See page_alloc.h. */
void page_free(struct page *page, unsigned int order)
{
	page_free_pc(page, order, (uintptr_t)__builtin_return_address(0));
}

/** page_free_virt() - page_free() by direct-map address; NULL is fine. */
void page_free_virt(void *va, unsigned int order)
{
	if (va)
		page_free_pc(virt_to_page(va), order,
			     (uintptr_t)__builtin_return_address(0));
}

/* A reference that nobody had. */
static __noinline void page_put_none(struct page *page, uintptr_t pc)
{
	page->refcount = 0;
	page_report_misuse(page, page->order, pc);
}

/* Drops one reference; true: it was the last, refcount is 0 now. */
static __force_inline bool page_put_last(struct page *page, uintptr_t pc)
{
	u32 old = __atomic_fetch_sub(&page->refcount, 1, __ATOMIC_ACQ_REL);

	if (likely(old == 1)) {
		yield_point(page_unowned);
		return true;
	}
	if (unlikely(old == 0))
		page_put_none(page, pc);
	return false;
}

/**
 * page_put() - drop a reference; the last one frees the block
 *
 * Reports as page_free(); a page without a reference is a "double-free".
 * Context: any but hard interrupts (asserted in debug builds). About 40
 * instructions for the last one.
 */
void page_put(struct page *page)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);

	assert_slow(this_cpu_read(irq_depth) == 0);
	if (page_put_last(page, pc))
		page_free_pc(page, page->order, pc);
}

/* See page_alloc.h. */
void page_put_many(struct page **pages, u32 nr)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	u32 i;

	assert_slow(this_cpu_read(irq_depth) == 0);
	preempt_disable();
	for (i = 0; i < nr; i++) {
		struct page *page = pages[i];

		if (!page_put_last(page, pc))
			continue;
		if (likely(page_is_plain(page) && !page_debug))
			page_free_plain(page);
		else
			page_free_careful(page, page->order, pc);
	}
	preempt_enable();
}

/* ---- all lists ------------------------------------------------------------ */

static void pcp_drain_this_cpu(void)
{
	int id;

	preempt_disable();
	for (id = 0; id < ZONE_NR; id++) {
		struct page_stack *pcp = pcp_of((unsigned int)id);

		if (pcp->count) {
			pcp->high = 0;
			pcp_drain(&zones[id], pcp);
		}
	}
	preempt_enable();
}

/**
 * page_alloc_drain() - per-CPU lists into the buddy; see page_alloc.h
 *
 * cpu < 0: all. Only this CPU's are empty on return; the others are asked.
 * Context: any but hard interrupts.
 */
void page_alloc_drain(int cpu)
{
	u32 me = this_cpu_read(cpu_number), n;
	int id;

	if (cpu < 0 || (u32)cpu == me)
		pcp_drain_this_cpu();
	for (n = 0; n < MAX_CPUS; n++) {
		if (n == me || !(READ_ONCE(cpus_online) >> n & 1) ||
		    (cpu >= 0 && (u32)cpu != n))
			continue;
		for (id = 0; id < ZONE_NR; id++)
			WRITE_ONCE(cpu_ptr(page_alloc_cpu, n)->zone[id].high,
				   0);
	}
}

/** page_alloc_pcp_count() - pages on all per-CPU lists. Any context; a snapshot. */
u64 page_alloc_pcp_count(void)
{
	u64 pages = 0;
	u32 n;
	int id;

	for (n = 0; n < MAX_CPUS; n++)
		for (id = 0; id < ZONE_NR && READ_ONCE(cpus_online) >> n & 1;
		     id++)
			pages += READ_ONCE(
				cpu_ptr(page_alloc_cpu, n)->zone[id].count);
	return pages;
}

static const char *pcp_check(const struct page_stack *pcp, unsigned int zone)
{
	u32 i;

	if (pcp->count > PCP_SLOTS)
		return "[A1] per-CPU list: more pages than slots";
	for (i = 0; i < pcp->count; i++) {
		const struct page *page = pcp->slot[i];

		if (page->type != PAGE_PCP || page->order)
			return "[A1] per-CPU list: not a free single page";
		if (page->refcount || page->mapcount)
			return "[P2] per-CPU list: page is referenced";
		if (page->zone != zone)
			return "[A2] per-CPU list: page of another zone";
	}
	return NULL;
}

/** page_alloc_check() - this CPU's lists. Context: thread. */
const char *page_alloc_check(void)
{
	const char *why = NULL;
	unsigned int id;

	preempt_disable();
	for (id = 0; id < ZONE_NR && !why; id++)
		why = pcp_check(pcp_of(id), id);
	preempt_enable();
	return why;
}
