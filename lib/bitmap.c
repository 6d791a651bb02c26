/* SPDX-License-Identifier: MIT */
/* Searches in bit arrays, a word of 64 bits at a time. */
#include "lib/bitmap.h"

/*
 * First bit >= from that is set in map XOR flip; size if there is none. Bits
 * of the last word at and above size do not count.
 */
static size_t bitmap_search(const u64 *map, size_t size, size_t from, u64 flip)
{
	size_t bit = ALIGN_DOWN(from, 64);
	u64 ignore = ((u64)1 << (from % 64)) - 1;

	for (; bit < size; bit += 64, ignore = 0) {
		u64 word = (map[bit / 64] ^ flip) & ~ignore;

		if (word) {
			bit += (size_t)__builtin_ctzll(word);
			return MIN(bit, size);
		}
	}
	return size;
}

/**
 * bitmap_find_set() - the first set bit in [from, size)
 *
 * Return: its number, or size. Context: the map's lock, if it has one.
 */
size_t bitmap_find_set(const u64 *map, size_t size, size_t from)
{
	return bitmap_search(map, size, from, 0);
}

/** bitmap_find_clear() - the first clear bit in [from, size), or size. */
size_t bitmap_find_clear(const u64 *map, size_t size, size_t from)
{
	return bitmap_search(map, size, from, ~(u64)0);
}
