/* SPDX-License-Identifier: MIT */
/*
 * lib/: the functions that the compiler itself calls, and short proofs of the
 * rest. The deep ones are models on the host (tests/unit).
 */
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/list.h"
#include "lib/string.h"
#include "tests/kernel/suite.h"

#define AREA 200

/* Position-dependent, never 0, different for each fill. */
static u8 pattern(size_t i, u8 salt)
{
	return (u8)((i * 37 + salt) | 1);
}

static void fill(u8 *area, u8 salt)
{
	for (size_t i = 0; i < AREA; i++)
		area[i] = pattern(i, salt);
}

/* memmove of len bytes inside one area, every byte compared. */
static void move_once(size_t to, size_t from, size_t len)
{
	u8 area[AREA];

	fill(area, 3);
	memmove(area + to, area + from, len);
	for (size_t i = 0; i < AREA; i++) {
		bool moved = i >= to && i < to + len;

		EXPECT_EQ(area[i], pattern(moved ? i - to + from : i, 3));
	}
}

TEST(lib, memmove_every_overlap)
{
	static const size_t lens[] = { 0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 100 };

	for (size_t l = 0; l < array_size(lens); l++)
		for (size_t to = 0; to < 70 && !test_failed(); to++)
			move_once(to, 35, lens[l]);
}

TEST(lib, memset_touches_nothing_else)
{
	u8 area[AREA];

	for (size_t len = 0; len < 100; len++) {
		size_t start = 11 + len % 9;

		fill(area, 7);
		EXPECT(memset(area + start, 0x1c4, len) == area + start);
		for (size_t i = 0; i < AREA; i++)
			EXPECT_EQ(area[i], i >= start && i < start + len
						   ? 0xc4
						   : pattern(i, 7));
	}
}

TEST(lib, memcmp_finds_the_byte)
{
	u8 a[AREA], b[AREA];

	fill(a, 1);
	fill(b, 1);
	EXPECT_EQ(memcmp(a, b, AREA), 0);
	for (size_t i = 0; i < AREA; i++) {
		b[i] ^= 0x80;
		EXPECT((memcmp(a, b, AREA) > 0) == (a[i] > b[i]));
		EXPECT(memcmp(a, b, AREA) != 0);
		EXPECT_EQ(memcmp(a, b, i), 0);
		b[i] ^= 0x80;
	}
}

TEST(lib, strings)
{
	const char *s = "buddy and slab";

	EXPECT_EQ(strlen(s), 14);
	EXPECT_EQ(strnlen(s, 5), 5);
	EXPECT(strchr(s, 'd') == s + 2);
	EXPECT(strrchr(s, 'd') == s + 8);
	EXPECT(strchr(s, '\0') == s + 14);
	EXPECT(strchr(s, 'z') == NULL);
	EXPECT(strstr(s, "and") == s + 6);
	EXPECT(strstr(s, "") == s);
	EXPECT(strstr(s, "slabs") == NULL);
	EXPECT(strcmp("a\xff", "ab") > 0);
	EXPECT(strcmp("ab", "abc") < 0);
	EXPECT_EQ(strncmp("abX", "abY", 2), 0);
	EXPECT(memchr(s, 's', 10) == NULL);
	EXPECT(memchr(s, 's', 11) == s + 10);
}

TEST(lib, str_copy_always_ends)
{
	char buf[5] = "____";

	EXPECT_EQ(str_copy(buf, "abcdefgh", sizeof(buf)), 4);
	EXPECT_EQ(strcmp(buf, "abcd"), 0);
	EXPECT_EQ(str_copy(buf, "xy", sizeof(buf)), 2);
	EXPECT_EQ(strcmp(buf, "xy"), 0);
	EXPECT_EQ(str_copy(buf, "xy", 1), 0);
	EXPECT_EQ(buf[0], 0);
}

TEST(lib, str_to_u64_takes_only_numbers)
{
	static const struct {
		const char *text;
		int err;
		u64 value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "42", 0, 42 },
		{ "0x1fM", 0, MIB(0x1f) },
		{ "0X10", 0, 16 },
		{ "0777", 0, 0777 },
		{ "64k", 0, KIB(64) },
		{ "18446744073709551615", 0, ~(u64)0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "17179869184G", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "08", -EINVAL, 0 },
		{ "12MB", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		u64 value = 0;
		int err = str_to_u64(cases[i].text, &value);

		if (err != cases[i].err || value != cases[i].value)
			test_fail(__FILE__, __LINE__, "\"%s\": %d, %llu",
				  cases[i].text, err,
				  (unsigned long long)value);
	}
}

TEST(lib, format_lays_out)
{
	char buf[64];

	fmt_snprintf(buf, sizeof(buf), "%5d|%-5d|%05d|%+d|%x|%#X|%o", -42, 42,
		     42, 42, 0xbeefu, 0xbeefu, 8u);
	EXPECT_EQ(strcmp(buf, "  -42|42   |00042|+42|beef|0XBEEF|10"), 0);
	fmt_snprintf(buf, sizeof(buf), "%.3s|%8.3s|%-8s|%c|%%", "memory",
		     "memory", "mem", 'q');
	EXPECT_EQ(strcmp(buf, "mem|     mem|mem     |q|%"), 0);
	fmt_snprintf(buf, sizeof(buf), "%llx %zu %hhd",
		     (unsigned long long)~(u64)0, (size_t)7, (char)-1);
	EXPECT_EQ(strcmp(buf, "ffffffffffffffff 7 -1"), 0);
	EXPECT_EQ(fmt_snprintf(buf, 4, "%s", "truncated"), 9);
	EXPECT_EQ(strcmp(buf, "tru"), 0);
}

struct numbered {
	int nr;
	struct list_node node;
};

TEST(lib, list_keeps_order)
{
	struct list_node head = LIST_INIT(head), other = LIST_INIT(other);
	struct numbered item[4] = { { .nr = 0 }, { .nr = 1 }, { .nr = 2 },
				    { .nr = 3 } };
	struct numbered *it, *tmp;
	int expected = 0;

	list_push_back(&head, &item[1].node);
	list_push_front(&head, &item[0].node);
	list_push_back(&other, &item[3].node);
	list_insert_before(&item[3].node, &item[2].node);
	list_splice_back(&head, &other);
	EXPECT(list_empty(&other));
	list_for_each(it, &head, node)
		EXPECT_EQ(it->nr, expected++);
	EXPECT_EQ(expected, 4);
	list_for_each_safe(it, tmp, &head, node)
		list_remove(&it->node);
	EXPECT(list_empty(&head));
	EXPECT(item[0].node.next == LIST_POISON_NEXT);
}

TEST(lib, bits_are_counted)
{
	EXPECT_EQ(bit_count(0), 0);
	EXPECT_EQ(bit_count(~(u64)0), 64);
	EXPECT_EQ(bit_count(0x8000000000000001), 2);
	EXPECT_EQ(bit_count(0x0123456789abcdef), 32);
}

TEST(lib, bitmap_finds)
{
	u64 map[BITMAP_WORDS(130)] = { 0 };

	EXPECT_EQ(bitmap_find_set(map, 130, 0), 130);
	bitmap_set(map, 129);
	bitmap_set(map, 64);
	EXPECT_EQ(bitmap_find_set(map, 130, 0), 64);
	EXPECT_EQ(bitmap_find_set(map, 130, 65), 129);
	EXPECT_EQ(bitmap_find_set(map, 129, 65), 129);
	EXPECT_EQ(bitmap_find_clear(map, 130, 64), 65);
	bitmap_clear(map, 64);
	EXPECT_EQ(bitmap_find_clear(map, 130, 64), 64);
}
