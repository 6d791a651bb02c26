/* SPDX-License-Identifier: MIT */
/* What a kernel wants of strings and the C library does not offer. */
#include "lib/errno.h"
#include "lib/string.h"

/**
 * str_copy() - copy as much of src as fits
 *
 * Writes at most size - 1 bytes and always a NUL; size > 0. Context: any.
 * Return: bytes in dst without the NUL; src was cut if src[return] is not NUL.
 */
size_t str_copy(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(src, size - 1);

	memcpy(dst, src, len);
	dst[len] = '\0';
	return len;
}

/* The value of a digit in any base up to 16; 16: not a digit. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 16;
}

/* The power of two that a size suffix stands for; 0: no suffix. */
static unsigned int suffix_shift(char c)
{
	switch (c) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	default:
		return 0;
	}
}

/**
 * str_to_u64() - read an unsigned number that fills the whole string
 *
 * Decimal, 0x hexadecimal, or octal after a leading 0; K, M and G multiply by
 * powers of 1024. *out is untouched on failure. Context: any.
 * Return: 0, -EINVAL (no digits, or something after them), -ERANGE.
 */
int str_to_u64(const char *s, u64 *out)
{
	unsigned int base = 10, shift;
	u64 value = 0;
	const char *digits;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	} else if (s[0] == '0') {
		base = 8;
	}
	for (digits = s; digit_value(*s) < base; s++)
		if (__builtin_mul_overflow(value, (u64)base, &value) ||
		    __builtin_add_overflow(value, digit_value(*s), &value))
			return -ERANGE;
	if (s == digits)
		return -EINVAL;
	shift = suffix_shift(*s);
	if (s[shift != 0])
		return -EINVAL;
	if (value << shift >> shift != value)
		return -ERANGE;
	*out = value << shift;
	return 0;
}
