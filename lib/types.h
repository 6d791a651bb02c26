/* SPDX-License-Identifier: MIT */
/*
 * Integers, addresses and their arithmetic.
 *
 * Physical addresses, frame numbers, page-table entries and swap entries are
 * one-member structs, so that mixing them does not compile; virtual addresses
 * are integers. Ranges are half-open [start, end) everywhere.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef uintptr_t vaddr_t;             /* virtual address, user or kernel */
typedef struct { u64 v; } paddr_t;     /* physical address, bytes */
typedef struct { u64 v; } pfn_t;       /* physical frame number */
typedef struct { u64 v; } pte_t;       /* page-table entry, any level */
typedef struct { u64 v; } swp_t;       /* swap slot, or any software entry */

#define PAGE_SHIFT 12
#define PAGE_SIZE  ((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define KIB(n) ((u64)(n) << 10)
#define MIB(n) ((u64)(n) << 20)
#define GIB(n) ((u64)(n) << 30)

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* align must be a power of two. */
#define ALIGN_DOWN(x, align) ((x) & ~((__typeof__(x))(align)-1))
#define ALIGN_UP(x, align)   ALIGN_DOWN((x) + ((__typeof__(x))(align)-1), align)
#define IS_ALIGNED(x, align) (((x) & ((__typeof__(x))(align)-1)) == 0)
#define IS_POW2(x)           ((x) != 0 && ((x) & ((x)-1)) == 0)
#define DIV_ROUND_UP(n, d)   (((n) + (d)-1) / (d))

static inline paddr_t pa_make(u64 v)
{
	return (paddr_t){ v };
}
static inline pfn_t pfn_make(u64 v)
{
	return (pfn_t){ v };
}
static inline paddr_t pa_add(paddr_t pa, u64 len)
{
	return pa_make(pa.v + len);
}
static inline pfn_t pfn_add(pfn_t pfn, u64 n)
{
	return pfn_make(pfn.v + n);
}
static inline pfn_t pa_to_pfn(paddr_t pa)
{
	return pfn_make(pa.v >> PAGE_SHIFT);
}
static inline paddr_t pfn_to_pa(pfn_t pfn)
{
	return pa_make(pfn.v << PAGE_SHIFT);
}

/* Index of the highest set bit; x must not be 0. */
static inline unsigned int ilog2(u64 x)
{
	return 63 - (unsigned int)__builtin_clzll(x);
}

/* Number of set bits. (__builtin_popcount would call a library.) */
static inline unsigned int bit_count(u64 x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (unsigned int)(x * 0x0101010101010101 >> 56);
}

/* Smallest order whose block of 2^order pages holds len bytes; len > 0. */
static inline unsigned int order_of(size_t len)
{
	u64 pages = (len + PAGE_SIZE - 1) >> PAGE_SHIFT;

	return pages <= 1 ? 0 : ilog2(pages - 1) + 1;
}

#endif
