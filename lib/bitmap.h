/* SPDX-License-Identifier: MIT */
/* Plain bit arrays over u64 words; the caller holds the lock, if any. */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bitmap_test(const u64 *map, size_t bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

static inline void bitmap_set(u64 *map, size_t bit)
{
	map[bit / 64] |= (u64)1 << (bit % 64);
}

static inline void bitmap_clear(u64 *map, size_t bit)
{
	map[bit / 64] &= ~((u64)1 << (bit % 64));
}

/* First bit >= from that is set (clear); size if there is none. */
size_t bitmap_find_set(const u64 *map, size_t size, size_t from);
size_t bitmap_find_clear(const u64 *map, size_t size, size_t from);

#endif
