/* SPDX-License-Identifier: MIT */
/*
 * printf-style formatting.
 *
 *	% [flags] [width] [. precision] [length] conversion
 *	    │        │         │            │        └ d i u x X o c s p %
 *	    │        │         │            └ hh h l ll z t j
 *	    └ struct fmt_spec ─┘
 *
 * Every conversion becomes a body (digits or text) with a prefix (sign, 0x)
 * and is laid out once, in fmt_emit():
 *
 *	[blanks] prefix [zeroes] body [blanks]
 *
 * Invariants of struct strbuf:
 *  [F1] bytes beyond buf[size - 1] are never written;
 *  [F2] if size > 0, buf holds a NUL-terminated prefix of the whole text;
 *  [F3] len is the length of the whole text, whatever was cut.
 *
 * An unknown conversion is copied literally, so that it shows in the output.
 * Deliberately absent: floating point, wide characters, %n.
 */
#include "lib/format.h"

#include "lib/string.h"

struct fmt_spec {
	bool left;                      /* - */
	bool plus;                      /* + */
	bool space;                     /* blank for a missing sign */
	bool alt;                       /* # */
	bool zero;                      /* 0 */
	int width;                      /* -1: none */
	int precision;                  /* -1: none */
	size_t size;                    /* bytes of an integer argument */
};

/* Digits of a 64-bit number in octal. */
#define FMT_DIGITS_MAX 22

/**
 * strbuf_init() - start an empty text in buf of size bytes
 *
 * size 0 only counts. Context: any.
 */
void strbuf_init(struct strbuf *sb, char *buf, size_t size)
{
	sb->buf = buf;
	sb->size = size;
	sb->len = 0;
	if (size)
		buf[0] = '\0';
}

/** strbuf_overflowed() - whether something was cut off. */
bool strbuf_overflowed(const struct strbuf *sb)
{
	return sb->len >= sb->size;
}

static void strbuf_put(struct strbuf *sb, const char *s, size_t len)
{
	size_t room = sb->len + 1 < sb->size ? sb->size - sb->len - 1 : 0;

	if (room)
		memcpy(sb->buf + sb->len, s, MIN(len, room));
	sb->len += len;
}

static void strbuf_fill(struct strbuf *sb, char c, int len)
{
	for (; len > 0; len--)
		strbuf_put(sb, &c, 1);
}

/* Blanks, prefix, zeroes, body, blanks: the layout of every conversion. */
static void fmt_emit(struct strbuf *sb, const struct fmt_spec *spec,
		     const char *prefix, int zeroes, const char *body,
		     size_t len)
{
	int used = (int)strlen(prefix) + zeroes + (int)len;
	int pad = spec->width > used ? spec->width - used : 0;

	if (!spec->left)
		strbuf_fill(sb, ' ', pad);
	strbuf_put(sb, prefix, strlen(prefix));
	strbuf_fill(sb, '0', zeroes);
	strbuf_put(sb, body, len);
	if (spec->left)
		strbuf_fill(sb, ' ', pad);
}

/* Writes value's digits so that they end before end; returns the first. */
static char *fmt_digits(char *end, u64 value, unsigned int base,
			const char *alphabet)
{
	for (; value; value /= base)
		*--end = alphabet[value % base];
	return end;
}

static void fmt_number(struct strbuf *sb, const struct fmt_spec *spec,
		       u64 value, char conversion, const char *sign)
{
	unsigned int base = conversion == 'o'			     ? 8
			    : conversion == 'x' || conversion == 'X' ? 16
								     : 10;
	const char *alphabet = conversion == 'X' ? "0123456789ABCDEF"
						 : "0123456789abcdef";
	char digits[FMT_DIGITS_MAX];
	char *end = digits + sizeof(digits);
	char *first = fmt_digits(end, value, base, alphabet);
	int len = (int)(end - first);
	int zeroes = MAX(spec->precision, spec->precision < 0 ? 1 : 0) - len;

	if (spec->alt && base == 16 && value)
		sign = conversion == 'X' ? "0X" : "0x";
	zeroes = MAX(zeroes, 0);
	if (spec->alt && base == 8 && zeroes == 0)
		zeroes = 1;
	if (spec->zero && !spec->left && spec->precision < 0)
		zeroes = MAX(zeroes, spec->width - len - (int)strlen(sign));
	fmt_emit(sb, spec, sign, zeroes, first, (size_t)len);
}

static void fmt_string(struct strbuf *sb, const struct fmt_spec *spec,
		       const char *s)
{
	if (!s)
		s = "(null)";
	fmt_emit(sb, spec, "", 0, s,
		 spec->precision < 0 ? strlen(s)
				     : strnlen(s, (size_t)spec->precision));
}

/* Reads decimal digits; values beyond int saturate. */
static const char *fmt_parse_int(const char *p, int *out)
{
	int value = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *p - '0', &value))
			value = INT32_MAX / 2;
	*out = value;
	return p;
}

static const char *fmt_parse_flags(const char *p, struct fmt_spec *spec)
{
	for (;; p++) {
		switch (*p) {
		case '-':
			spec->left = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alt = true;
			break;
		case '0':
			spec->zero = true;
			break;
		default:
			return p;
		}
	}
}

static const char *fmt_parse_length(const char *p, struct fmt_spec *spec)
{
	spec->size = sizeof(int);
	switch (*p) {
	case 'h':
		spec->size = p[1] == 'h' ? sizeof(char) : sizeof(short);
		return p + 1 + (p[1] == 'h');
	case 'l':
		spec->size = p[1] == 'l' ? sizeof(long long) : sizeof(long);
		return p + 1 + (p[1] == 'l');
	case 'z':
	case 't':
	case 'j':
		spec->size = sizeof(u64);
		return p + 1;
	default:
		return p;
	}
}

/* The argument list travels by pointer: each conversion takes its part. */
struct fmt_args {
	va_list ap;
};

static const char *fmt_parse_spec(const char *p, struct fmt_spec *spec,
				  struct fmt_args *args)
{
	*spec = (struct fmt_spec){ .width = -1, .precision = -1 };
	p = fmt_parse_flags(p, spec);
	if (*p == '*') {
		spec->width = va_arg(args->ap, int);
		p++;
		if (spec->width < 0) {
			spec->left = true;
			spec->width = -spec->width;
		}
	} else {
		p = fmt_parse_int(p, &spec->width);
	}
	if (*p == '.') {
		if (*++p == '*') {
			spec->precision = va_arg(args->ap, int);
			p++;
		} else {
			p = fmt_parse_int(p, &spec->precision);
		}
	}
	return fmt_parse_length(p, spec);
}

static u64 fmt_arg_unsigned(const struct fmt_spec *spec, struct fmt_args *args)
{
	if (spec->size == sizeof(u64))
		return va_arg(args->ap, u64);
	if (spec->size == sizeof(u8))
		return (u8)va_arg(args->ap, unsigned int);
	if (spec->size == sizeof(u16))
		return (u16)va_arg(args->ap, unsigned int);
	return va_arg(args->ap, unsigned int);
}

static void fmt_signed(struct strbuf *sb, const struct fmt_spec *spec,
		       struct fmt_args *args)
{
	u64 raw = fmt_arg_unsigned(spec, args);
	unsigned int unused_bits = 64 - 8 * (unsigned int)spec->size;
	s64 value = (s64)(raw << unused_bits) >> unused_bits;
	const char *sign = value < 0	 ? "-"
			   : spec->plus	 ? "+"
			   : spec->space ? " "
					 : "";

	fmt_number(sb, spec, value < 0 ? -(u64)value : (u64)value, 'd', sign);
}

/* One conversion whose letter is c; false: unknown. */
static bool fmt_convert(struct strbuf *sb, struct fmt_spec *spec, char c,
			struct fmt_args *args)
{
	char ch;

	switch (c) {
	case 'd':
	case 'i':
		fmt_signed(sb, spec, args);
		return true;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		fmt_number(sb, spec, fmt_arg_unsigned(spec, args), c, "");
		return true;
	case 'p':
		spec->alt = true;
		fmt_number(sb, spec, (uintptr_t)va_arg(args->ap, void *), 'x',
			   "");
		return true;
	case 'c':
		ch = (char)va_arg(args->ap, int);
		fmt_emit(sb, spec, "", 0, &ch, 1);
		return true;
	case 's':
		fmt_string(sb, spec, va_arg(args->ap, const char *));
		return true;
	case '%':
		strbuf_put(sb, "%", 1);
		return true;
	default:
		return false;
	}
}

/** strbuf_vprintf() - strbuf_printf() with its arguments in ap. */
void strbuf_vprintf(struct strbuf *sb, const char *fmt, va_list ap)
{
	struct fmt_args args;
	struct fmt_spec spec;

	va_copy(args.ap, ap);
	while (*fmt) {
		const char *start = fmt;

		while (*fmt && *fmt != '%')
			fmt++;
		strbuf_put(sb, start, (size_t)(fmt - start));
		if (!*fmt)
			break;
		start = fmt;
		fmt = fmt_parse_spec(fmt + 1, &spec, &args);
		if (*fmt && fmt_convert(sb, &spec, *fmt, &args)) {
			fmt++;
			continue;
		}
		strbuf_put(sb, start, (size_t)(fmt - start));
	}
	if (sb->size)
		sb->buf[MIN(sb->len, sb->size - 1)] = '\0';
	va_end(args.ap);
}

/** strbuf_printf() - append formatted text, cut at the end. Context: any. */
void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(sb, fmt, ap);
	va_end(ap);
}

/**
 * fmt_vsnprintf() - format into dst of size bytes
 *
 * dst may be NULL if size is 0. Context: any.
 * Return: the length that the whole text has, without its NUL.
 */
int fmt_vsnprintf(char *dst, size_t size, const char *fmt, va_list ap)
{
	struct strbuf sb;

	strbuf_init(&sb, dst, size);
	strbuf_vprintf(&sb, fmt, ap);
	return (int)sb.len;
}

/** fmt_snprintf() - the same with the arguments in the call. */
int fmt_snprintf(char *dst, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = fmt_vsnprintf(dst, size, fmt, ap);
	va_end(ap);
	return len;
}
