/* SPDX-License-Identifier: MIT */
/* Between page_alloc.c (fast paths) and page_slow.c; nobody else's business. */
#ifndef MM_FRAMES_PAGE_SLOW_H
#define MM_FRAMES_PAGE_SLOW_H

#include "mm/frames/page_alloc.h"

/* By the two zone bits of gfp: the highest zone with RAM that they allow. */
extern u8 page_alloc_top[4];

static inline unsigned int page_alloc_zone_bits(gfp_t gfp)
{
	static_assert(GFP_DMA_ONLY == 1 << 3 && GFP_DMA32_ONLY == 1 << 4,
		      "the zone bits are neighbours");
	return gfp >> 3 & 3;
}

/* This CPU's list was empty, or order > 0. The head, refcount 0, or NULL. */
struct page *page_alloc_slow(gfp_t gfp, unsigned int order);

/* page cannot be freed with this order: says why, by name. */
void page_report_misuse(struct page *page, unsigned int order, uintptr_t pc);

/* A page that was free has a reference: somebody wrote to its struct page. */
void page_report_corrupt(struct page *page);

#endif
