/* SPDX-License-Identifier: MIT */
/*
 * The buddy system: free blocks of 2^order pages, split and coalesced. [Knuth1 2.5]
 *
 * Pure mechanism over one zone: no marks, no per-CPU lists, no sleeping. The
 * caller holds the zone lock. Invariants [Z1] and [Z3] of zone.h are its own.
 */
#ifndef MM_FRAMES_BUDDY_H
#define MM_FRAMES_BUDDY_H

#include "mm/frames/zone.h"

/* Smallest sufficient block, split down; NULL: none. The block's head leaves
 * with type PAGE_KERNEL, its order, refcount 0. */
struct page *buddy_alloc(struct zone *zone, unsigned int order)
	__needs_lock(&zone->lock);

/* Takes a block back and merges it with its buddies as far as they are free. */
void buddy_free(struct zone *zone, struct page *page, unsigned int order)
	__needs_lock(&zone->lock);

/* Up to nr single pages of type PAGE_PCP into out, from the smallest blocks
 * first; taken from the end of out their addresses rise. Returns how many. */
u32 buddy_alloc_pages(struct zone *zone, struct page **out, u32 nr)
	__needs_lock(&zone->lock);

/* Hands [start, end) to the zone in the largest aligned blocks (onlining). */
void buddy_add_range(struct zone *zone, pfn_t start, pfn_t end)
	__needs_lock(&zone->lock);

/* NULL, or the broken one of [Z1], [Z3]. */
const char *buddy_check(struct zone *zone) __needs_lock(&zone->lock);

#endif
