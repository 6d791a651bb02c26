/* SPDX-License-Identifier: MIT */
/*
 * The memory and string functions of C that a freestanding kernel must bring
 * itself. On the host they come from the system's libc, so that sanitizers
 * see them.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memset(void *dst, int c, size_t len);
void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
int memcmp(const void *a, const void *b, size_t len);
void *memchr(const void *s, int c, size_t len);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *find);

/* Copies at most size - 1 bytes and always ends dst with a NUL; size > 0. */
size_t str_copy(char *dst, const char *src, size_t size);

/*
 * Reads an unsigned number: decimal, 0x hexadecimal, or octal after 0, with an
 * optional K, M or G suffix. 0, or -EINVAL (no digits, rest after the number),
 * -ERANGE.
 */
int __must_check str_to_u64(const char *s, u64 *out);

#endif
