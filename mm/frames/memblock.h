/* SPDX-License-Identifier: MIT */
/*
 * The early allocator: two sorted arrays of ranges, memory and reserved.
 *
 *   memory    ████████████░░░░████████████████████   what exists
 *   reserved  ██──██────────────────██───────────█   what is taken
 *   free        ▲▲  ▲▲▲▲    ▲▲▲▲▲▲▲▲  ▲▲▲▲▲▲▲▲▲▲▲    memory minus reserved
 *
 * Invariants (memblock_check):
 *  [B1] each array is sorted by base, without overlap and without empty regions;
 *  [B2] neighbours that touch and agree in node and flags are one region;
 *  [B3] no region wraps past the end of the address space;
 *  [B4] the cached total of each array is the sum of its regions.
 *
 * Allocation ends with memblock_hand_over(): from then on free memory belongs
 * to the buddy or to a deferred section (section.h). The arrays stay, because
 * sections ask them for their free ranges when they come in.
 *
 * One CPU at boot; later under the section lock. What is merely convenient
 * stands in memblock_boot.c: the boot map's translation and the dump.
 */
#ifndef MM_FRAMES_MEMBLOCK_H
#define MM_FRAMES_MEMBLOCK_H

#include "lib/types.h"

struct bootinfo;

enum { MEMBLOCK_NOMAP = 1 << 0 };       /* exists, must not be in the direct map */

struct memblock_region {
	u64 base;                       /* bytes */
	u64 size;
	s32 node;                       /* NUMA node, -1: unknown */
	u32 flags;
};

#define MEMBLOCK_STATIC_REGIONS 128

struct memblock_array {
	const char *name;
	struct memblock_region *region;
	u32 nr;
	u32 max;                        /* grows by doubling, out of itself */
	u64 total;                      /* bytes */
};

struct memblock {
	struct memblock_array memory;
	struct memblock_array reserved;
	bool bottom_up;                 /* direction of memblock_alloc */
	bool closed;                    /* handed over: no more allocations */
	u64 floor, limit;               /* allocations come from [floor, limit):
	                                 * what the boot tables map */
	u64 firmware;                   /* bytes of RAM in the boot map */
	u64 unusable;                   /* of these: out of reach or dropped */
	struct memblock_region first[2][MEMBLOCK_STATIC_REGIONS];
};
extern struct memblock memblock;

/* Empties everything; tests, and the first thing at boot. */
void memblock_reset(struct memblock *mb);

/* All: 0, -ENOMEM (array full and could not grow), -EINVAL (wraps or empty);
 * an error changes nothing. What an added range has in common with regions
 * already there keeps their node and flags. */
int __must_check memblock_add(struct memblock *mb, u64 base, u64 size,
			      int node);
int __must_check memblock_remove(struct memblock *mb, u64 base, u64 size);
int __must_check memblock_reserve(struct memblock *mb, u64 base, u64 size);
int __must_check memblock_free(struct memblock *mb, u64 base, u64 size);
int __must_check memblock_set_node(struct memblock *mb, u64 base, u64 size,
				   int node);
int __must_check memblock_mark_nomap(struct memblock *mb, u64 base, u64 size);

/* Lowest or highest free range of size in [min, max), by direction; 0: none
 * (address 0 is never handed out). align is a power of two. */
u64 memblock_find(const struct memblock *mb, u64 size, u64 align, u64 min,
		  u64 max);

/* Finds and reserves; not zeroed. 0: none. node -1: any. */
u64 memblock_alloc_range(struct memblock *mb, u64 size, u64 align, u64 min,
			 u64 max, int node);

/* Zeroed memory of the global memblock through the direct map; panics when
 * there is none, naming what. Boot only. */
void *memblock_alloc(size_t size, size_t align, const char *what);

/* Next free range at or above *pos, not NOMAP, inside [min, max): stored in
 * *start and *end, *pos moves on. false: no more. A range never spans two
 * regions of memory. */
bool memblock_next_free(const struct memblock *mb, u64 *pos, u64 *start,
			u64 *end, u64 min, u64 max);

/* First region of an array that ends above addr; array->nr: none. */
u32 memblock_search(const struct memblock_array *array, u64 addr);

static inline u64 memblock_region_end(const struct memblock_region *r)
{
	return r->base + r->size;
}

bool memblock_is_memory(const struct memblock *mb, u64 addr);
bool memblock_is_reserved(const struct memblock *mb, u64 addr);
u64 memblock_end_of_ram(const struct memblock *mb);

/* Ends allocation: called by zone_init() before the first section comes in. */
void memblock_hand_over(struct memblock *mb);

/* Fills the global memblock from the boot map and reserves the image, the modules,
 * page 0 and boot data. Panics with a clear line when that can't work. */
void memblock_init(const struct bootinfo *bi);

void memblock_dump(const struct memblock *mb);
const char *memblock_check(const struct memblock *mb);

#endif
