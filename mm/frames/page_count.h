/* SPDX-License-Identifier: MIT */
/*
 * How many frames are what, right now: the walk behind meminfo and vmstat.
 *
 * Free memory is walked in its largest blocks, so this costs what is in use.
 */
#ifndef MM_FRAMES_PAGE_COUNT_H
#define MM_FRAMES_PAGE_COUNT_H

#include "mm/frames/page.h"

struct zone;

struct page_counts {                    /* pages */
	u64 by_type[PAGE_TYPES];        /* whole blocks */
	u64 cached;                     /* FILE: in the page cache */
	u64 shmem;                      /* of them: tmpfs, shared memory */
	u64 mapped;                     /* FILE: some leaf maps them */
	u64 mlocked;                    /* ANON, FILE: marked PG_MLOCKED */
	u64 mlocked_file;               /* of them: not anonymous, nor shmem */
};

/* Adds a zone's frames to c, and takes PG_MLOCKED off all of them. */
void page_count_zone(const struct zone *zone, struct page_counts *c);

#endif
