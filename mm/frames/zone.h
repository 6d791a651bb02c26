/* SPDX-License-Identifier: MIT */
/*
 * Zones: parts of RAM by what can reach them, each with its own buddy lists.
 *
 *   spanned  = end - start, holes included
 *   present  = RAM frames in the span
 *   managed  = frames handed to the buddy so far
 *   deferred = free frames whose section has not come in yet (section.h)
 *   reserved = the rest: image, modules, firmware tables, struct pages
 *
 * A zone is short when nr_free is under a mark; deferred frames come in before
 * a request falls back to a lower zone or meets the reserve.
 *
 *      0 ─── MIN ──── LOW ─────── HIGH ───────────── managed
 *       only    │ normal │ sections   │
 *    GFP_RESERVE│requests│ come in    │ reclaim rests
 *
 * A lower zone is also kept from requests that could have used a higher one:
 * they see its marks raised by protection[their highest zone].
 *
 * Invariants (zone_check):
 *  [Z1] nr_free = sum over orders of area[o].nr_free << o;
 *  [Z2] managed + deferred + reserved = present;
 *  [Z3] every block on area[o] is BUDDY, of order o, aligned to its size,
 *       inside the zone, and its buddy is not a free block of order o.
 */
#ifndef MM_FRAMES_ZONE_H
#define MM_FRAMES_ZONE_H

#include "kernel/base/lock.h"
#include "lib/list.h"
#include "mm/frames/page.h"

#define MAX_ORDER PAGE_MAX_ORDER
#define NR_ORDERS (MAX_ORDER + 1)

/* Limits come from the machine: ZONE_DMA_END, ZONE_DMA32_END in layout.h. */
enum zone_id { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_NR };

enum zone_mark { MARK_MIN, MARK_LOW, MARK_HIGH, MARK_NR };

struct free_area {
	struct list_node list;          /* [zone lock] struct page.list */
	u64 nr_free;                    /* [zone lock] blocks */
};

struct zone {
	const char *name;
	enum zone_id id;
	u64 start_pfn;
	u64 end_pfn;
	u64 present;                    /* pages; constant after boot */
	u64 managed;                    /* [lock] */
	u64 deferred;                   /* [lock] */
	u64 reserved;                   /* [lock] pages that never come */
	u64 mark[MARK_NR];              /* pages free */
	u64 protection[ZONE_NR];        /* pages kept from requests for that zone */
	struct spinlock lock;
	struct free_area area[NR_ORDERS];       /* [lock] */
	u64 nr_free;                    /* [lock], read without it */
	u32 pcp_batch;                  /* pages moved at once */
	u32 pcp_high;                   /* per-CPU list drains above this */
	u64 nr_alloc;                   /* [lock] pages ever handed out under it */
	u64 nr_locked;                  /* [lock] times the lock was taken for pages */
	u64 nr_fallback;                /* [lock] requests that came from a higher zone */
	u64 grow_from;                  /* [section lock] no deferred frame below this address */
};
extern struct zone zones[ZONE_NR];

/* Sizes the zones from memblock and brings in the first sections. Boot. */
void zone_init(void);

/* min_free_kbytes -> marks: min, low = 5/4 min, high = 3/2 min (as Linux);
 * also the protections. zone_default_min_free(): 4 * sqrt(KiB of RAM). */
void zone_set_marks(u64 min_free_kbytes);
u64 zone_default_min_free(void);

/* The zone that frame pfn belongs to, RAM or not; the frame where it ends. */
struct zone *zone_of_pfn(u64 pfn);
u64 zone_border(enum zone_id id);

/* A block for the allocator's own use, for good: its frames are RESERVED. From
 * zones above their high mark, the highest first; NULL: none can spare it. */
struct page *zone_reserve_block(unsigned int order);

/* Reserved frames [start, end) of the zone, now PAGE_NONE, become managed. */
void zone_release(struct zone *zone, pfn_t start, pfn_t end);

/* Frames of the zone that are or can come free: what marks are about. */
static inline u64 zone_size_pages(const struct zone *zone)
{
	return zone->managed + zone->deferred;
}

static inline struct zone *page_zone(const struct page *page)
{
	return &zones[page->zone];
}

u64 zones_total_pages(void);            /* managed + deferred, all zones */
u64 zones_free_pages(void);             /* free + deferred, without per-CPU lists */

const char *zone_check(struct zone *zone);
void zone_dump(void);                   /* boot log: one line a zone */

#endif
