/* SPDX-License-Identifier: MIT */
/*
 * The page allocator's slow paths: marks, growth, fallback, reclaim, reports.
 *
 * Three passes over the zones, from the highest allowed one down, each with a
 * lower floor under which a zone may not fall:
 *
 *   pass      floor                           who
 *   LOW       LOW + protection                everybody, first
 *   MIN       MIN + protection                everybody, when all zones are low
 *   RESERVE   0                               GFP_RESERVE only [A3]
 *
 * A zone that cannot give without falling below the floor, or that has no
 * block large enough, first brings in deferred sections (zone_grow). Then
 * the per-CPU lists are emptied, because their pages may be what is missing;
 * then reclaim gets its chances; then the request fails with one log line.
 */
#include "mm/frames/page_slow.h"

#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "kernel/base/trace.h"
#include "lib/string.h"
#include "mm/frames/buddy.h"
#include "mm/frames/page_debug.h"
#include "mm/frames/section.h"

bool (*page_alloc_reclaim)(gfp_t gfp, unsigned int order);

/* How deep a request may dig. */
enum page_pass { PASS_LOW, PASS_MIN, PASS_RESERVE };

static u64 page_floor(const struct zone *zone, unsigned int top,
		      enum page_pass pass)
{
	switch (pass) {
	case PASS_LOW:
		return zone->mark[MARK_LOW] + zone->protection[top];
	case PASS_MIN:
		return zone->mark[MARK_MIN] + zone->protection[top];
	default:
		return 0;
	}
}

/* Refills this CPU's list with pages above the floor and pops one. */
static struct page *page_take_single(struct zone *zone, u64 above)
	__needs_lock(&zone->lock)
{
	struct page_stack *pcp = &this_cpu_ptr(page_alloc_cpu)->zone[zone->id];
	u32 nr = (u32)MIN(above, (u64)zone->pcp_batch);

	if (!pcp->count) {              /* preemption was on meanwhile */
		pcp->count = buddy_alloc_pages(zone, pcp->slot, nr);
		pcp->refills++;
		trace(pcp_refill, zone->id, pcp->count);
	}
	return pcp->count ? pcp->slot[--pcp->count] : NULL;
}

static struct page *page_try_zone(struct zone *zone, unsigned int order,
				  u64 floor, bool fallback)
{
	struct page *page = NULL;

	if (READ_ONCE(zone->nr_free) < floor + ((u64)1 << order))
		return NULL;
	spin_lock(&zone->lock);
	zone->nr_locked++;
	if (zone->nr_free >= floor + ((u64)1 << order))
		page = order ? buddy_alloc(zone, order)
			     : page_take_single(zone, zone->nr_free - floor);
	if (page)
		zone->nr_alloc += (u64)1 << order;
	if (page && fallback)
		zone->nr_fallback++;
	spin_unlock(&zone->lock);
	if (page && order)
		trace(page_alloc, page_to_pfn(page).v, order);
	return page;
}

/* One pass over the zones [A2]; each grows before the next lower is asked. */
static struct page *page_try_zones(unsigned int top, unsigned int order,
				   enum page_pass pass)
{
	struct page *page;
	int id;

	for (id = (int)top; id >= 0; id--) {
		struct zone *zone = &zones[id];
		u64 floor = page_floor(zone, top, pass);

		do {
			page = page_try_zone(zone, order, floor,
					     id != (int)top);
			if (page)
				return page;
		} while (zone_grow(zone) == 0);
	}
	return NULL;
}

static struct page *page_try_passes(gfp_t gfp, unsigned int order)
{
	unsigned int top = page_alloc_top[page_alloc_zone_bits(gfp)];
	struct page *page = page_try_zones(top, order, PASS_LOW);

	if (!page)
		page = page_try_zones(top, order, PASS_MIN);
	if (!page && gfp & GFP_RESERVE)
		page = page_try_zones(top, order, PASS_RESERVE);
	return page;
}

static void page_warn_failed(gfp_t gfp, unsigned int order)
{
	static bool warned;

	if (gfp & GFP_NOWARN ||
	    __atomic_exchange_n(&warned, true, __ATOMIC_RELAXED))
		return;
	pr_warn("page_alloc: out of memory: order %u, gfp %#x; %llu pages "
		"free, %llu on per-CPU lists (said once)\n",
		order, gfp, (unsigned long long)zones_free_pages(),
		(unsigned long long)page_alloc_pcp_count());
	zone_dump();
}

/**
 * page_alloc_slow() - see page_slow.h
 *
 * Context: any but hard interrupts, no zone lock; reclaims (and so may sleep)
 * with GFP_SLEEP.
 */
struct page *page_alloc_slow(gfp_t gfp, unsigned int order)
{
	bool again = true;
	struct page *page;

	if (order > MAX_ORDER)
		return NULL;
	page = page_try_passes(gfp, order);
	if (page)
		return page;
	page_alloc_drain(-1);
	while (again) {
		page = page_try_passes(gfp, order);
		if (page)
			return page;
		again = gfp & GFP_SLEEP && page_alloc_reclaim &&
			page_alloc_reclaim(gfp, order);
		if (gfp & GFP_NORETRY)
			gfp &= ~(gfp_t)GFP_SLEEP;
	}
	page_warn_failed(gfp, order);
	return NULL;
}

/* ---- boot ----------------------------------------------------------------- */

/* The highest zone up to id that has memory; DMA if none has. */
static u8 page_find_top(enum zone_id id)
{
	const struct zone *zone = zones + id;

	while (zone > zones && !zone_size_pages(zone))
		zone--;
	return (u8)(zone - zones);
}

/**
 * page_alloc_init() - boot options, and which zone serves which request
 *
 * Context: boot, after zone_init().
 */
void page_alloc_init(void)
{
	u64 min = cmdline_u64("min_free_kbytes", zone_default_min_free());
	struct zone *zone;

	page_alloc_top[0] = page_find_top(ZONE_NORMAL);
	page_alloc_top[2] = page_find_top(ZONE_DMA32);
	page_alloc_top[1] = page_alloc_top[3] = ZONE_DMA;
	zone_set_marks(min);
	if (cmdline_bool("pcp", true))
		return;
	for (zone = zones; zone < zones + ZONE_NR; zone++) {
		zone->pcp_batch = 1;
		zone->pcp_high = 0;
	}
}

/* ---- misuse --------------------------------------------------------------- */

static const char *page_misuse_kind(struct page *page, unsigned int order)
{
	switch (page->type) {
	case PAGE_BUDDY:
	case PAGE_PCP:
		return "double-free";
	case PAGE_RESERVED:
	case PAGE_ZERO:
		return "free-reserved";
	case PAGE_NONE:                 /* inside a block: a free one? */
		return page_head(page)->type == PAGE_BUDDY ? "double-free"
							   : "bad-free";
	default:
		break;
	}
	if (page->order != order)
		return "wrong-order";
	if (page->mapcount)
		return "free-mapped";
	return page->refcount > 1 ? "free-in-use" : "double-free";
}

/**
 * page_report_misuse() - see page_slow.h
 *
 * The page stays as it is: a leak at worst, never a corruption. Context: any.
 */
void page_report_misuse(struct page *page, unsigned int order, uintptr_t pc)
{
	char who[80], alloc[80], freed[80];

	kernel_report(
		page_misuse_kind(page, order),
		"%s frees frame %#llx with order %u: it is %s of order "
		"%u, refcount %u, mapcount %d; allocated by %s, freed by "
		"%s",
		page_owner_name(who, sizeof(who), pc),
		(unsigned long long)page_to_pfn(page).v, order,
		page->type < PAGE_TYPES ? page_type_names[page->type] : "?",
		page->order, page->refcount, page->mapcount,
		page_owner_name(alloc, sizeof(alloc), page_owner_alloc(page)),
		page_owner_name(freed, sizeof(freed), page_owner_free(page)));
}

/** page_report_corrupt() - see page_slow.h. The page is handed out clean. */
void page_report_corrupt(struct page *page)
{
	char freed[80];

	kernel_report("page-corrupt",
		      "free frame %#llx has refcount %u, mapcount %d; freed "
		      "by %s",
		      (unsigned long long)page_to_pfn(page).v, page->refcount,
		      page->mapcount,
		      page_owner_name(freed, sizeof(freed),
				      page_owner_free(page)));
	page->mapcount = 0;
}
