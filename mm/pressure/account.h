/* SPDX-License-Identifier: MIT */
/*
 * The books of memory: where every page of RAM is, for /proc/meminfo and vmstat.
 *
 *   total = free + anon + file + slab + large + tables + stacks + vmalloc +
 *           kernel + zero                                              [B1]
 *
 * total and free are counters of the zones, the rest is counted in the memmap;
 * the counters that others keep of the same frames (slab, tables, cache) must
 * agree [B2]. account_check() says whether both hold.
 */
#ifndef MM_PRESSURE_ACCOUNT_H
#define MM_PRESSURE_ACCOUNT_H

#include "mm/frames/page_count.h"

struct account {                        /* pages */
	struct page_counts pages;       /* counted in the memmap */
	u64 total;                      /* managed and deferred frames */
	u64 free;                       /* on per-CPU lists and deferred, too */
	u64 cached;                     /* the page cache's own count */
	u64 slab;                       /* slabs, and blocks of kmalloc */
	u64 tables, vmalloc;            /* their owners' own counts */
	u64 committed;                  /* promised: private writable, and shmem */
	u64 faults;                     /* since boot */
};

void account_take(struct account *a);

/* NULL, or which of [B1] and [B2] does not hold. Other tasks are quiet. */
const char *account_check(const struct account *a);

#endif
