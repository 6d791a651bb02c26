/* SPDX-License-Identifier: MIT */
/*
 * KASAN: every load and store of the kernel is checked against a shadow that
 * says which bytes of the direct map may be touched.
 *
 *	direct map   │ 8 bytes │ 8 bytes │ 8 bytes │ …
 *	shadow       │ 1 byte  │ 1 byte  │ 1 byte  │ …
 *	               0: all 8 valid   1-7: so many   >= 0x80: none, and why
 *
 * Built with make KASAN=1: the compiler then calls __asan_load8() and its kin
 * before each access. In other builds QUIRE_KASAN is 0 and the inlines vanish.
 *
 * Only the direct map has a shadow, and only where a section has one: page
 * frames, slab objects and kmalloc are checked; the image, kernel stacks and
 * vmalloc by their own addresses are not.
 */
#ifndef KERNEL_BASE_KASAN_H
#define KERNEL_BASE_KASAN_H

#include "lib/types.h"

/* Why a byte may not be touched: the shadow's values. */
enum kasan_reason {
	KASAN_FREE_PAGE = 0xf1,         /* in the buddy or on a per-CPU list */
	KASAN_FREE_OBJECT = 0xf2,       /* given back to its cache */
	KASAN_REDZONE = 0xf3,           /* behind or between objects */
	KASAN_SLAB_GAP = 0xf4,          /* of a slab, without an object */
};

/* Bytes of direct map behind one shadow block; frames of a block share its
 * fate: with shadow, or unchecked. */
#define KASAN_BLOCK_SHIFT 22
#define KASAN_BLOCK_SIZE  ((size_t)1 << KASAN_BLOCK_SHIFT)
#define KASAN_SHADOW_SIZE (KASAN_BLOCK_SIZE >> 3)

void kasan_set(const void *va, size_t len, enum kasan_reason reason);
void kasan_clear(const void *va, size_t len);
bool kasan_is_valid(const void *va, size_t len);

/* Gives a block of the direct map its shadow, KASAN_SHADOW_SIZE bytes. */
void kasan_online(const void *block, void *shadow);
/* Has the block of va a shadow? */
bool kasan_covers(const void *va);

/* [va, va + len) may not be touched from now on, for this reason. */
static inline void kasan_poison(const void *va, size_t len,
				enum kasan_reason reason)
{
	if (QUIRE_KASAN)
		kasan_set(va, len, reason);
}

/* [va, va + len) may be touched; a rest of the last 8 bytes stays forbidden. */
static inline void kasan_unpoison(const void *va, size_t len)
{
	if (QUIRE_KASAN)
		kasan_clear(va, len);
}

#endif
