/* SPDX-License-Identifier: MIT */
/*
 * printf-style formatting without floating point.
 *
 * Conversions: d i u x X o c s p %, flags - 0 + space #, width and precision
 * (also *), lengths hh h l ll z t j. Extensions: none; addresses of wrapped
 * types are printed by their .v member.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>

#include "lib/types.h"

/* A bounded text under construction; len counts what was cut off, too. */
struct strbuf {
	char *buf;
	size_t size;
	size_t len;
};

void strbuf_init(struct strbuf *sb, char *buf, size_t size);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) __printf(2, 3);
void strbuf_vprintf(struct strbuf *sb, const char *fmt, va_list ap);
bool strbuf_overflowed(const struct strbuf *sb);

/* As in C: the length the text would have; dst always ends with a NUL. */
int fmt_vsnprintf(char *dst, size_t size, const char *fmt, va_list ap);
int fmt_snprintf(char *dst, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
