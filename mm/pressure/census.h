/* SPDX-License-Identifier: MIT */
/*
 * The census: every frame recounted from the page tables and lists up.
 *
 *   free + per-CPU + slab + large + tables + anon + file + stacks + vmalloc +
 *   kernel + reserved (+ deferred) = RAM
 *
 * and for every frame: refcount and mapcount as the tables and the cache say.
 */
#ifndef MM_PRESSURE_CENSUS_H
#define MM_PRESSURE_CENSUS_H

#include "lib/types.h"
#include "mm/frames/page.h"

struct census {
	u64 by_type[PAGE_TYPES];        /* pages, whole blocks counted */
	u64 ram;                        /* present pages */
	u64 deferred;
	u64 mapped_anon, mapped_file;   /* leaves found in page tables */
	u64 spaces;                     /* address spaces walked */
};

/*
 * Walks everything; other tasks must be quiet. Return: NULL and *out filled,
 * or the text of the first contradiction. Context: thread, may sleep.
 */
const char *census(struct census *out);
void census_print(const struct census *c);

/* For leak tests: counts that must be equal before and after. */
struct census_mark {
	u64 used;                       /* pages not free, not slab, not table of the kernel */
	u64 anon, tables, spaces;       /* tables of spaces, shared ones once */
};
void census_mark(struct census_mark *m);

#endif
