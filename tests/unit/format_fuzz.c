/* SPDX-License-Identifier: MIT */
/*
 * lib/format against the C library: random formats, equal texts.
 *
 * Each round draws one conversion with flags, width, precision and length and
 * an argument that likes the edges, and lets both format it into buffers of
 * random size. Length, text and terminating NUL must agree, and nothing may be
 * written beyond the buffer (ASan watches as well).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/format.h"
#include "tests/unit/fuzz.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* We test with formats that the compiler would rightly complain about. */
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-overflow"

static unsigned long rounds;

/* Numbers where formatting goes wrong, and some others. */
static u64 draw_value(void)
{
	static const u64 edges[] = { 0, 1, 9, 10, 255, 0x7fffffff, 0x80000000,
				     0xffffffff, (u64)1 << 63, ~(u64)0 };

	return draw() % 2 ? edges[draw() % array_size(edges)]
			  : draw() >> draw() % 64;
}

/* "%[flags][width][.precision][length]" + conversion, as C defines it. */
static void draw_format(char *out, size_t size, const char *conversions)
{
	static const char *const lengths[] = { "hh", "h", "", "l", "ll", "z",
					       "t", "j" };
	char c = conversions[draw() % strlen(conversions)];
	size_t n = 0;

	out[n++] = '%';
	for (const char *f = "-+ #0"; *f; f++)
		if (draw() % 4 == 0)
			out[n++] = *f;
	if (draw() % 2)
		n += (size_t)snprintf(out + n, size - n, "%d",
				      (int)(draw() % 30));
	if (draw() % 3 == 0)
		n += (size_t)snprintf(out + n, size - n, ".%d",
				      (int)(draw() % 30));
	snprintf(out + n, size - n, "%s%c",
		 strchr("diuxXo", c) ? lengths[draw() % array_size(lengths)]
				     : "",
		 c);
}

static void compare(const char *fmt, ...)
{
	char want[256], got[256];
	size_t size = draw() % 4 ? sizeof(got) : draw() % 40;
	va_list ap;
	int want_len, got_len;

	memset(want, 0x5a, sizeof(want));
	memset(got, 0x5a, sizeof(got));
	va_start(ap, fmt);
	want_len = vsnprintf(want, size, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	got_len = fmt_vsnprintf(got, size, fmt, ap);
	va_end(ap);
	if (got_len != want_len || memcmp(want, got, sizeof(got)))
		fail_msg("\"%s\" size %zu: %d \"%.*s\", libc %d \"%.*s\"", fmt,
			 size, got_len, (int)size, got, want_len, (int)size,
			 want);
}

static void integers(void **unused)
{
	char fmt[32];

	for (unsigned long i = 0; i < rounds; i++) {
		draw_format(fmt, sizeof(fmt), "diuxXo");
		compare(fmt, draw_value());
	}
}

static void strings(void **unused)
{
	static const char *const texts[] = {
		"", "x", "frame", "a longer text of 40 characters.."
	};
	char fmt[32];

	for (unsigned long i = 0; i < rounds / 4; i++) {
		draw_format(fmt, sizeof(fmt), "s");
		if (!strpbrk(fmt, "+ #0"))
			compare(fmt, texts[draw() % array_size(texts)]);
		draw_format(fmt, sizeof(fmt), "c");
		if (!strpbrk(fmt, "+ #0."))
			compare(fmt, (int)('!' + draw() % 90));
	}
}

static void stars_and_percents(void **unused)
{
	for (int i = -20; i < 20; i++) {
		compare("[%*d] %% [%-*s]", i, 42, i, "text");
		compare("%.*s|%0*x", i, "precision", i, 0xbeef);
		compare("%p %s", (void *)(uintptr_t)(0x1000 + i), "end");
	}
	compare("no conversion at all");
	compare("");
}

/* Beyond the C library: what it leaves undefined must still be harmless. */
static void oddities(void **unused)
{
	char buf[16];

	assert_int_equal(fmt_snprintf(buf, sizeof(buf), "%s", (char *)NULL), 6);
	assert_string_equal(buf, "(null)");
	fmt_snprintf(buf, sizeof(buf), "%y and %");
	assert_string_equal(buf, "%y and %");
	assert_int_equal(fmt_snprintf(NULL, 0, "%d", 12345), 5);
}

static void strbuf_counts_what_it_cuts(void **unused)
{
	struct strbuf sb;
	char buf[8];

	strbuf_init(&sb, buf, sizeof(buf));
	strbuf_printf(&sb, "%s", "1234567");
	assert_false(strbuf_overflowed(&sb));
	strbuf_printf(&sb, "%d", 89);
	assert_true(strbuf_overflowed(&sb));
	assert_int_equal(sb.len, 9);
	assert_string_equal(buf, "1234567");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(strings),
		cmocka_unit_test(stars_and_percents),
		cmocka_unit_test(oddities),
		cmocka_unit_test(strbuf_counts_what_it_cuts),
	};

	rounds = fuzz_rounds(argc, argv, 200000);
	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
