/* SPDX-License-Identifier: MIT */
/*
 * KASAN: the shadow, the check, and the calls that the compiler makes.
 *
 *	access [va, va + len) ─► in the direct map? ─► block has a shadow?
 *	       no: not checked ◄──────┴───────────────────────┘
 *	       yes: every shadow byte of the range must allow it, or a report
 *	            with the reason that stands there
 *
 * The compiler's calls come before every load and store. The usual scheme
 * places the shadow of every address at a fixed offset and maps it before the
 * first instruction; here the check finds the shadow in a table by software.
 * That costs a few instructions more an access and needs no page table, no
 * early mapping and no memory for what is not checked.
 *
 * Invariants:
 *  [N1] kasan_shadow[b] is NULL (unchecked) or the shadow of block b;
 *  [N2] a shadow byte is 0 (its 8 bytes are valid), 1 to 7 (the first so many
 *       are), or an enum kasan_reason.
 *
 * Must not be instrumented (NO_SANITIZE in the Makefile).
 * Ref: [Serebryany12]
 */
#include "kernel/base/kasan.h"

#include "arch/mmu.h"
#include "kernel/base/ksym.h"
#include "kernel/base/panic.h"
#include "lib/string.h"

/* The first 64 GiB of RAM can have a shadow; without KASAN, nothing. */
#define KASAN_BLOCKS (QUIRE_KASAN ? (64ull << 30) >> KASAN_BLOCK_SHIFT : 1)

static u8 *kasan_shadow[KASAN_BLOCKS];  /* [N1] */

/* The shadow byte of va, or NULL: unchecked. */
static u8 *kasan_find(uintptr_t va)
{
	u64 offset = va - DIRECT_MAP_BASE;
	u64 block = offset >> KASAN_BLOCK_SHIFT;

	if (block >= KASAN_BLOCKS || !kasan_shadow[block])
		return NULL;
	return kasan_shadow[block] + ((offset & (KASAN_BLOCK_SIZE - 1)) >> 3);
}

/* First byte of [va, end) that may not be touched, or end. */
static uintptr_t kasan_first_bad(uintptr_t va, uintptr_t end)
{
	while (va < end) {
		const u8 *shadow = kasan_find(va);
		uintptr_t next = (va | 7) + 1;

		if (shadow && *shadow) {
			uintptr_t limit = ALIGN_DOWN(va, 8);

			if (*shadow < 8)
				limit += *shadow;
			if (MIN(next, end) > limit)
				return MAX(va, limit);
		}
		va = next;
	}
	return end;
}

/* The reason that stands at the bad byte, or behind the last valid bytes. */
static u8 kasan_reason_at(uintptr_t bad)
{
	const u8 *shadow = kasan_find(bad);

	if (*shadow >= 8)
		return *shadow;
	shadow = kasan_find(bad + 8);
	return shadow && *shadow >= 8 ? *shadow : KASAN_REDZONE;
}

static void kasan_report(uintptr_t va, size_t len, uintptr_t bad, bool write,
			 uintptr_t pc)
{
	const char *kind = "kasan-out-of-bounds", *what = "outside an object";
	char where[64];

	switch (kasan_reason_at(bad)) {
	case KASAN_FREE_PAGE:
		kind = "kasan-use-after-free";
		what = "in a free page";
		break;
	case KASAN_FREE_OBJECT:
		kind = "kasan-use-after-free";
		what = "in a freed object";
		break;
	default:
		break;
	}
	kernel_report(kind, "%s of %zu bytes at %#zx, byte %#zx %s, by %s",
		      write ? "write" : "read", len, (size_t)va, (size_t)bad,
		      what, ksym_format(where, sizeof(where), pc));
}

static __force_inline void kasan_check(uintptr_t va, size_t len, bool write)
{
	uintptr_t bad = kasan_first_bad(va, va + len);

	if (unlikely(bad != va + len))
		kasan_report(va, len, bad, write,
			     (uintptr_t)__builtin_return_address(0));
}

/** kasan_is_valid() - may [va, va + len) be touched? Context: any. */
bool kasan_is_valid(const void *va, size_t len)
{
	uintptr_t start = (uintptr_t)va;

	return kasan_first_bad(start, start + len) == start + len;
}

/** kasan_covers() - whether accesses around va are checked. Context: any. */
bool kasan_covers(const void *va)
{
	return kasan_find((uintptr_t)va) != NULL;
}

/**
 * kasan_online() - a block of the direct map gets a shadow
 *
 * block: KASAN_BLOCK_SIZE bytes, aligned; shadow: KASAN_SHADOW_SIZE bytes that
 * nobody else uses. All of it is valid at first. Context: any, once a block.
 */
void kasan_online(const void *block, void *shadow)
{
	u64 b = ((uintptr_t)block - DIRECT_MAP_BASE) >> KASAN_BLOCK_SHIFT;

	if (b >= KASAN_BLOCKS)
		return;
	memset(shadow, 0, KASAN_SHADOW_SIZE);
	kasan_shadow[b] = shadow;
}

/* Writes the shadow of [va, end), both multiples of 8, block by block. */
static void kasan_fill(uintptr_t va, uintptr_t end, u8 value)
{
	while (va < end) {
		uintptr_t next = MIN(end, (va | (KASAN_BLOCK_SIZE - 1)) + 1);
		u8 *shadow = kasan_find(va);

		if (shadow)
			memset(shadow, value, (next - va) >> 3);
		va = next;
	}
}

/**
 * kasan_set() - forbid [va, va + len), va a multiple of 8
 *
 * A part of 8 bytes at the end is forbidden whole. Context: any; the range
 * belongs to the caller.
 */
void kasan_set(const void *va, size_t len, enum kasan_reason reason)
{
	uintptr_t start = (uintptr_t)va;

	kasan_fill(start, ALIGN_UP(start + len, 8), (u8)reason);
}

/**
 * kasan_clear() - allow exactly [va, va + len), va a multiple of 8
 *
 * Of the last 8 bytes only those below va + len. Context: as kasan_set().
 */
void kasan_clear(const void *va, size_t len)
{
	uintptr_t start = (uintptr_t)va, end = start + len;
	u8 *last = kasan_find(end);

	kasan_fill(start, ALIGN_DOWN(end, 8), 0);
	if (last && end % 8)
		*last = (u8)(end % 8);
}

/* ---- what the compiler calls; names and arguments are gcc's -------------- */

#define KASAN_ACCESS(size)                                   \
	void __asan_load##size##_noabort(void *va);          \
	void __asan_load##size##_noabort(void *va)           \
	{                                                    \
		kasan_check((uintptr_t)va, size, false);     \
	}                                                    \
	void __asan_store##size##_noabort(void *va);         \
	void __asan_store##size##_noabort(void *va)          \
	{                                                    \
		kasan_check((uintptr_t)va, size, true);      \
	}

KASAN_ACCESS(1)
KASAN_ACCESS(2)
KASAN_ACCESS(4)
KASAN_ACCESS(8)
KASAN_ACCESS(16)

void __asan_loadN_noabort(void *va, ptrdiff_t len);
void __asan_loadN_noabort(void *va, ptrdiff_t len)
{
	kasan_check((uintptr_t)va, (size_t)len, false);
}

void __asan_storeN_noabort(void *va, ptrdiff_t len);
void __asan_storeN_noabort(void *va, ptrdiff_t len)
{
	kasan_check((uintptr_t)va, (size_t)len, true);
}

/* The stack has no shadow: nothing to forget when a function never returns. */
void __asan_handle_no_return(void);
void __asan_handle_no_return(void) {}
