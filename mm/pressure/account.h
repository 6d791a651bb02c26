/* SPDX-License-Identifier: MIT */
/*
 * The books of memory: where every page of RAM is, for /proc/meminfo and vmstat.
 *
 *   total = free + anon + file + slab + large + tables + stacks + vmalloc +
 *           kernel + zero                                              [B1]
 *
 * total and free are counters of the zones, the rest is counted in the memmap;
 * the counters that others keep of the same frames (slab, tables, cache) must
 * agree [B2]; what is locked is mapped [B3]. account_check() says whether all hold.
 */
#ifndef MM_PRESSURE_ACCOUNT_H
#define MM_PRESSURE_ACCOUNT_H

#include "mm/frames/page_count.h"
#include "mm/frames/zone.h"

struct account {                        /* pages */
	struct page_counts zone[ZONE_NR];       /* counted in the memmap */
	struct page_counts pages;       /* the sum of all zones */
	u64 total;                      /* managed and deferred frames */
	u64 free;                       /* on per-CPU lists and deferred, too */
	u64 cached;                     /* the page cache's own count */
	u64 slab;                       /* slabs, and blocks of kmalloc */
	u64 tables, vmalloc;            /* their owners' own counts */
	u64 committed;                  /* promised (mm/backing/commit.h) */
	u64 faults;                     /* since boot */
};

void account_take(struct account *a);

/* NULL, or which of [B1] to [B3] does not hold. Other tasks are quiet. */
const char *account_check(const struct account *a);

#endif
