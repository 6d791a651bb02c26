/* SPDX-License-Identifier: MIT */
/*
 * The memory and string functions of C, for a kernel without a C library.
 *
 *   memcpy   │ 32 32 32 32 … │ 8 8 8 │ 1 1 1 │   blocks, words, bytes
 *
 * The compiler itself emits calls to memcpy, memmove, memset and memcmp, so
 * these must exist under these names and must not be compiled into calls of
 * themselves (-fno-tree-loop-distribute-patterns). Words are moved unaligned:
 * both machines do that on normal memory at no cost that alignment code would
 * not exceed. Whole pages are the machine's business: page_zero(),
 * page_copy() (arch/cpu.h).
 *
 * Guest only: on the host the C library's own versions serve, because the
 * sanitizers watch those.
 */
#include "lib/string.h"

/* A machine word at any address, which may alias any object. */
typedef u64 word_t __attribute__((aligned(1), may_alias));


/** memset() - fill len bytes with the byte c. Context: any. Return: dst. */
void *memset(void *dst, int c, size_t len)
{
	u64 fill = (u8)c * 0x0101010101010101ull;
	u8 *d = dst;

	for (; len >= 32; len -= 32, d += 32) {
		word_t *w = (word_t *)d;

		w[0] = fill;
		w[1] = fill;
		w[2] = fill;
		w[3] = fill;
	}
	for (; len >= 8; len -= 8, d += 8)
		*(word_t *)d = fill;
	for (; len; len--)
		*d++ = (u8)c;
	return dst;
}

/* Moves one block; all loads come before the stores, so that the two may
 * overlap in either direction. */
static __force_inline void block_move(void *dst, const void *src)
{
	const word_t *s = src;
	word_t *d = dst;
	u64 a = s[0], b = s[1], c = s[2], e = s[3];

	d[0] = a;
	d[1] = b;
	d[2] = c;
	d[3] = e;
}

/**
 * memcpy() - copy len bytes upwards
 *
 * The ranges do not overlap, or dst lies below src. Context: any. Return: dst.
 */
void *memcpy(void *dst, const void *src, size_t len)
{
	const u8 *s = src;
	u8 *d = dst;

	for (; len >= 32; len -= 32, d += 32, s += 32)
		block_move(d, s);
	for (; len >= 8; len -= 8, d += 8, s += 8)
		*(word_t *)d = *(const word_t *)s;
	for (; len; len--)
		*d++ = *s++;
	return dst;
}

/** memmove() - copy len bytes between ranges that may overlap. Context: any. */
void *memmove(void *dst, const void *src, size_t len)
{
	const u8 *s = (const u8 *)src + len;
	u8 *d = (u8 *)dst + len;

	/* One comparison for "below, or clear of each other". */
	if ((uintptr_t)dst - (uintptr_t)src >= len)
		return memcpy(dst, src, len);
	for (; len >= 32; len -= 32) {
		d -= 32;
		s -= 32;
		block_move(d, s);
	}
	for (; len >= 8; len -= 8) {
		d -= 8;
		s -= 8;
		*(word_t *)d = *(const word_t *)s;
	}
	for (; len; len--)
		*--d = *--s;
	return dst;
}

/** memcmp() - the sign of the first differing byte, as unsigned; 0: equal. */
int memcmp(const void *a, const void *b, size_t len)
{
	const u8 *p = a, *q = b;

	while (len >= 8 && *(const word_t *)p == *(const word_t *)q) {
		p += 8;
		q += 8;
		len -= 8;
	}
	for (; len; len--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

/** memchr() - the first byte c in [s, s + len), or NULL. */
void *memchr(const void *s, int c, size_t len)
{
	const u8 *p = s;

	for (; len; len--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

/** strlen() - bytes before the NUL. */
size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

/** strnlen() - bytes before the NUL, at most max; reads no further. */
size_t strnlen(const char *s, size_t max)
{
	size_t len = 0;

	while (len < max && s[len])
		len++;
	return len;
}

/** strcmp() - order of two strings by unsigned bytes; 0: equal. */
int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

/** strncmp() - the same over at most len bytes. */
int strncmp(const char *a, const char *b, size_t len)
{
	for (; len; len--, a++, b++) {
		if (*a != *b)
			return (u8)*a - (u8)*b;
		if (!*a)
			break;
	}
	return 0;
}

/** strchr() - the first c in s, or NULL; c may be the NUL. */
char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

/** strrchr() - the last c in s, or NULL; c may be the NUL. */
char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)last;
}

/** strstr() - the first place where find stands in s, or NULL. */
char *strstr(const char *s, const char *find)
{
	size_t len = strlen(find);

	do {
		if (!strncmp(s, find, len))
			return (char *)s;
	} while (*s++);
	return NULL;
}
