/* SPDX-License-Identifier: MIT */
/*
 * The page allocator: per-CPU lists over the buddy, marks, zone fallback.
 *
 *   page_alloc(order 0) ─► this CPU's list ──empty──► batch from the zone
 *   page_alloc(order n) ─► zone: HIGHEST allowed first, then lower ones
 *          │ below LOW: zone_grow; below MIN: only GFP_RESERVE
 *          └ failed: reclaim upcall (page_alloc_reclaim), then NULL
 *
 *   page_free, page_put ─► this CPU's list ──above high──► oldest batch to the
 *                                                          buddy, one lock
 *
 * Invariants: [A1] a frame is on at most one list; [A2] never above the zone
 * that the flags allow; [A3] requests without GFP_RESERVE leave MARK_MIN
 * pages in each zone, and lower zones also their protection.
 *
 * Locking: the per-CPU lists are guarded by preemption being off, not by
 * interrupts being off: interrupt handlers neither allocate nor free (they
 * wake a thread that does). That rule costs a counter increment where the
 * other would cost PUSHF, CLI and POPF for each page; debug builds check it.
 */
#ifndef MM_FRAMES_PAGE_ALLOC_H
#define MM_FRAMES_PAGE_ALLOC_H

#include "mm/frames/page.h"
#include "mm/frames/zone.h"

typedef u32 gfp_t;
enum {
	GFP_SLEEP = 1 << 0,             /* may sleep and reclaim */
	GFP_RESERVE = 1 << 1,           /* may go below MARK_MIN */
	GFP_ZERO = 1 << 2,              /* filled with zeroes */
	GFP_DMA_ONLY = 1 << 3,          /* below ZONE_DMA_END */
	GFP_DMA32_ONLY = 1 << 4,        /* below ZONE_DMA32_END */
	GFP_NOWARN = 1 << 5,            /* failure is expected: no log line */
	GFP_NORETRY = 1 << 6,           /* one round of reclaim, no more */
	GFP_MOVABLE = 1 << 7,           /* user pages: can be migrated */
	GFP_ACCOUNT = 1 << 8,

	GFP_KERNEL = GFP_SLEEP,
	GFP_ATOMIC = GFP_RESERVE,
	GFP_USER = GFP_SLEEP | GFP_MOVABLE,
	GFP_DMA = GFP_SLEEP | GFP_DMA_ONLY,
};

/**
 * page_alloc() - a block of 2^order pages
 *
 * The head has refcount 1, mapcount 0, type PAGE_KERNEL, flags 0.
 * Context: any but hard interrupts (asserted in debug builds); sleeps only with
 * GFP_SLEEP.
 * Return: the head, or NULL: out of memory.
 */
struct page *__must_check page_alloc(gfp_t gfp, unsigned int order);

/**
 * page_free() - give a block back, whatever its type, with its refcount at 1 or 0
 *
 * Catches and names: "double-free", "wrong-order", "free-reserved",
 * "free-mapped" (mapcount > 0), "free-in-use" (refcount > 1), "bad-free" (not a
 * head); with the poison option also "use-after-free" (at the next alloc) with
 * owner tracking "who allocated, who freed". Context: as page_alloc(),
 * but never sleeps.
 */
void page_free(struct page *page, unsigned int order);

/**
 * page_put_many() - page_put() for each of nr pages, in one go
 *
 * For tlb_batch: one preempt-off section for all, and what overflows the
 * per-CPU list goes to the buddy in batches. Context: as page_free().
 */
void page_put_many(struct page **pages, u32 nr);

/* Empties this CPU's lists into the buddy. Another CPU (or, cpu < 0, all others)
 * is asked to: it does so at its next page_free(). */
void page_alloc_drain(int cpu);

/* Whole pages by address: direct-map pointer or NULL. */
void *__must_check page_alloc_virt(gfp_t gfp, unsigned int order);
void page_free_virt(void *va, unsigned int order);

/* After zone_init and the kernel tables. Boot options: page_poison,
 * page_owner, init_on_alloc, min_free_kbytes=, pcp=off. */
void page_alloc_init(void);

/* Frames of [start, end) were reserved at boot and are not needed any more.
 * Returns the pages freed. section.c */
u64 page_release_reserved(paddr_t start, paddr_t end);

#define PCP_MAX_BATCH    32             /* pages moved at once, at most */
#define PCP_HIGH_BATCHES 6              /* the list drains above so many */
#define PCP_SLOTS        (PCP_MAX_BATCH * PCP_HIGH_BATCHES + 1)

/*
 * Free single pages of one zone on one CPU: a stack, so what was freed last,
 * and is warm in this CPU's cache, is handed out first. A stack of pointers,
 * unlike a list, leaves the struct pages alone.
 */
struct page_stack {
	u32 count;                      /* [preemption off] */
	u32 high;                       /* drains above it; 0: drain it all, then set */
	u64 hits, refills, drains;      /* pages handed out; batches in, out */
	struct page *slot[PCP_SLOTS];   /* slot[count - 1] is the hottest */
};

struct page_alloc_cpu {
	struct page_stack zone[ZONE_NR];
};
DECLARE_PERCPU(struct page_alloc_cpu, page_alloc_cpu);

u64 page_alloc_pcp_count(void);         /* pages on all per-CPU lists */
/* Pages that the zone ever handed out. Those it ever got back, its first pages
 * included, are so many more as are free now. page_info.c */
u64 page_alloc_total(const struct zone *zone);

/* NULL, or what is wrong with this CPU's lists. */
const char *page_alloc_check(void);

/* page_owner=on: return address of the last alloc and free; 0: not tracked. */
uintptr_t page_owner_alloc(const struct page *page);
uintptr_t page_owner_free(const struct page *page);

/* Upcall to mm/pressure when a request with GFP_SLEEP fails: true: try again.
 * NULL: none. */
extern bool (*page_alloc_reclaim)(gfp_t gfp, unsigned int order);

struct strbuf;
void page_alloc_show_buddyinfo(struct strbuf *sb);      /* /proc/buddyinfo */
void page_alloc_show_pagetypeinfo(struct strbuf *sb);   /* /proc/pagetypeinfo */
/* /proc/zoneinfo. counts: of each zone; show_node (or NULL) adds what
 * concerns the whole node. */
struct page_counts;
void page_alloc_show_zoneinfo(struct strbuf *sb,
			      const struct page_counts *counts,
			      void (*show_node)(struct strbuf *sb, void *arg),
			      void *arg);

#endif
