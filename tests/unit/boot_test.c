/* SPDX-License-Identifier: MIT */
/*
 * boot/ under every map and block that has ever been a nuisance.
 *
 * Maps: the files of tests/unit/corpus (its README tells the format), each
 * given to the sanitizer directly and then through all three readers'
 * formats: multiboot2's memory map, EFI's, PVH's. Blocks: hand-made ones
 * with one thing wrong each, and GRUB's own from QEMU.
 */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/boot_oracle.h"

#define CORPUS "tests/unit/corpus/"

static struct bootinfo info;
static const char *why;

static void start_over(void)
{
	memset(&info, 0, sizeof(info));
	oracle_nr = 0;
	why = NULL;
	phys_forget();
}

/* ---- the maps of the corpus --------------------------------------------------- */

struct map_case {
	struct boot_range raw[4096];    /* end is the length here */
	u32 nr_raw;
	struct boot_range want[64];
	u32 nr_want;
	u64 dropped;
	bool fails, only_check;
};
static struct map_case map_case;

static enum range_type type_named(const char *word)
{
	static const char *const words[] = { "usable", "loader",   "acpi",
					     "nvs",    "reserved", "bad" };

	for (u32 i = 0; i < array_size(words); i++)
		if (!strcmp(word, words[i]))
			return (enum range_type)i;
	fail_msg("corpus: no type '%s'", word);
	return RANGE_BAD;
}

static void map_case_line(struct map_case *c, const char *line)
{
	static u64 repeat, step;
	char word[16];
	unsigned long long a, b;

	if (sscanf(line, "repeat %llu %llx", &a, &b) == 2) {
		repeat = a;
		step = b;
	} else if (sscanf(line, "raw %15s %llx %llx", word, &a, &b) == 3) {
		u64 times = repeat ? repeat : 1;

		for (u64 i = 0; i < times; i++)
			c->raw[c->nr_raw++] = (struct boot_range){
				a + i * step, b, type_named(word)
			};
		repeat = step = 0;
	} else if (sscanf(line, "want %15s %llx %llx", word, &a, &b) == 3) {
		c->want[c->nr_want++] = (struct boot_range){ a, b,
							     type_named(word) };
	} else if (sscanf(line, "dropped %lli", (long long *)&a) == 1) {
		c->dropped = a;
	} else if (!strncmp(line, "fails", 5)) {
		c->fails = true;
	} else if (!strncmp(line, "only-check", 10)) {
		c->only_check = true;
	} else if (line[0] != '#' && line[0] != '\n') {
		fail_msg("corpus: what is '%s'?", line);
	}
}

static void map_case_read(struct map_case *c, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[128];

	assert_non_null(f);
	memset(c, 0, sizeof(*c));
	while (fgets(line, sizeof(line), f))
		map_case_line(c, line);
	fclose(f);
	assert_true(c->nr_raw > 0);
	assert_true(c->nr_want || c->fails || c->only_check);
}

static void map_case_judge(const struct map_case *c, const char *path, int err)
{
	const char *wrong;

	if (c->fails) {
		if (!err)
			fail_msg("%s: should not have worked", path);
		return;
	}
	if (err)
		fail_msg("%s: %s", path, why);
	wrong = oracle_judge(&info);
	if (wrong)
		fail_msg("%s: %s", path, wrong);
	if (c->only_check)
		return;
	assert_int_equal(info.dropped_bytes, c->dropped);
	for (u32 i = 0; i < MAX(info.nr_ranges, c->nr_want); i++)
		if (i >= info.nr_ranges || i >= c->nr_want ||
		    memcmp(&info.range[i], &c->want[i], sizeof(c->want[0])))
			fail_msg("%s: range %u is %llx-%llx %s", path, i,
				 (unsigned long long)info.range[i].start,
				 (unsigned long long)info.range[i].end,
				 range_type_name(info.range[i].type));
}

/* Each line as a range, straight into the sanitizer. */
static int map_direct(const struct map_case *c)
{
	int err = 0;

	for (u32 i = 0; i < c->nr_raw && !err; i++)
		err = oracle_add(&info, c->raw[i].start, c->raw[i].end,
				 c->raw[i].type);
	return err ? err : bootinfo_sanitize(&info, &why);
}

/* e820's and EFI's numbers for our types. */
static const u32 e820_of[] = { 1, 0, 3, 4, 2, 5 };
static const u32 efi_of[] = { 7, 2, 9, 10, 0, 8 };

static void oracle_only(const struct map_case *c)
{
	for (u32 i = 0; i < c->nr_raw; i++)
		(void)oracle_add(&info, c->raw[i].start, c->raw[i].end,
				 c->raw[i].type);
	memset(&info, 0, sizeof(info));
}

/* ---- building multiboot2 blocks -------------------------------------------------- */

struct block {
	u64 word[32768];
	size_t len;
};
static struct block block;

static void block_start(void)
{
	memset(&block, 0, sizeof(block));
	block.len = 8;
}

static u8 *block_tag(u32 type, u32 size)
{
	u8 *at = (u8 *)block.word + block.len;

	memcpy(at, &type, 4);
	memcpy(at + 4, &size, 4);
	block.len += ALIGN_UP(MAX(size, 8u), 8u);
	return at + 8;
}

static void block_text(u32 type, const char *text)
{
	u32 len = (u32)strlen(text) + 1;

	memcpy(block_tag(type, 8 + len), text, len);
}

static void block_module(u32 start, u32 end, const char *name)
{
	u32 len = (u32)strlen(name) + 1;
	u8 *at = block_tag(3, 16 + len);

	memcpy(at, &start, 4);
	memcpy(at + 4, &end, 4);
	memcpy(at + 8, name, len);
}

/* Tag 6 (type 24 bytes) or 17 (EFI, entries of entry_size). */
static void block_map(const struct map_case *c, u32 tag, u32 entry_size)
{
	u8 *at = block_tag(tag, 16 + c->nr_raw * entry_size);

	memcpy(at, &entry_size, 4);
	at += 8;
	for (u32 i = 0; i < c->nr_raw; i++, at += entry_size) {
		const struct boot_range *r = &c->raw[i];
		u64 pages_and_write_back[] = { r->end / PAGE_SIZE, 1 << 3 };

		if (tag == 17) {
			memcpy(at, &efi_of[r->type], 4);
			memcpy(at + 8, &r->start, 8);
			memcpy(at + 24, pages_and_write_back, 16);
		} else {
			memcpy(at, &r->start, 8);
			memcpy(at + 8, &r->end, 8);
			memcpy(at + 16, &e820_of[r->type], 4);
		}
	}
}

/* Ends the block and parses a copy of exactly its size: ASan watches. */
static int block_parse_as(size_t claimed)
{
	u32 total = (u32)claimed;
	void *copy = malloc(block.len);
	int err;

	memcpy(block.word, &total, 4);
	memcpy(copy, block.word, block.len);
	err = multiboot2_parse(&info, copy, 0x9000, block.len, &why);
	free(copy);
	if (err)
		assert_non_null(strstr(why, "multiboot2: "));
	return err;
}

static int block_parse(void)
{
	block_tag(0, 8);
	return block_parse_as(block.len);
}

static void good_map(void)
{
	static struct map_case good = {
		.raw = { { 0, 0x9f000, RANGE_USABLE },
			 { 0x100000, 0x7f00000, RANGE_USABLE } },
		.nr_raw = 2,
	};

	block_map(&good, 6, 24);
}

/* ---- each map, each way ---------------------------------------------------------- */

static bool all_types(const struct map_case *c, enum range_type without)
{
	for (u32 i = 0; i < c->nr_raw; i++)
		if (c->raw[i].type == without)
			return false;
	return true;
}

static bool whole_pages(const struct map_case *c)
{
	for (u32 i = 0; i < c->nr_raw; i++)
		if (c->raw[i].end % PAGE_SIZE)
			return false;
	return true;
}

static int map_by_tag(const struct map_case *c, u32 tag, u32 entry_size)
{
	int err;

	start_over();
	oracle_only(c);
	block_start();
	block_map(c, tag, entry_size);
	err = block_parse();
	return err ? err : bootinfo_sanitize(&info, &why);
}

static int map_by_pvh(const struct map_case *c)
{
	u32 head[] = { 0x336ec578, 1, 0, 0 };
	u64 map_at = PHYS_BASE + 0x1000;
	u8 *at = phys_at(map_at);

	start_over();
	oracle_only(c);
	memset(phys_memory, 0, sizeof(phys_memory));
	memcpy(phys_at(PHYS_BASE), head, sizeof(head));
	memcpy((u8 *)phys_at(PHYS_BASE) + 40, &map_at, 8);
	memcpy((u8 *)phys_at(PHYS_BASE) + 48, &c->nr_raw, 4);
	for (u32 i = 0; i < c->nr_raw; i++, at += 24) {
		memcpy(at, &c->raw[i].start, 8);
		memcpy(at + 8, &c->raw[i].end, 8);
		memcpy(at + 16, &e820_of[c->raw[i].type], 4);
	}
	if (pvh_parse(&info, PHYS_BASE, phys_map, &why))
		return -1;
	return bootinfo_sanitize(&info, &why);
}

static void corpus_maps(void **unused)
{
	struct map_case *c = &map_case;
	glob_t files;

	assert_int_equal(glob(CORPUS "*.map", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 14);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *path = files.gl_pathv[i];

		map_case_read(c, path);
		start_over();
		map_case_judge(c, path, map_direct(c));
		if (all_types(c, RANGE_LOADER)) {
			map_case_judge(c, path, map_by_tag(c, 6, 24));
			map_case_judge(c, path, map_by_tag(c, 6, 32));
			map_case_judge(c, path, map_by_pvh(c));
		}
		if (whole_pages(c)) {
			map_case_judge(c, path, map_by_tag(c, 17, 40));
			map_case_judge(c, path, map_by_tag(c, 17, 48));
		}
	}
	globfree(&files);
}

static void scattered_map_loses_little(void **unused)
{
	map_case_read(&map_case, CORPUS "too-scattered.map");
	start_over();
	assert_int_equal(map_direct(&map_case), 0);
	assert_true(info.dropped_bytes > 0);
	assert_true(info.dropped_bytes < 700 * PAGE_SIZE);
	assert_int_equal(oracle_found(&info, 0x40000000), RANGE_USABLE);
	assert_int_equal(oracle_found(&info, 0x50000000), RANGE_RESERVED);
}

/* ---- blocks ------------------------------------------------------------------------ */

static void block_tells_everything(void **unused)
{
	start_over();
	block_start();
	block_text(2, "GRUB 9.99");
	block_text(1, "loglevel=7 -- tour");
	block_module(0x200000, 0x280000, "initramfs");
	block_module(0x300000, 0x300000, "");
	good_map();
	assert_int_equal(block_parse(), 0);
	assert_string_equal(info.loader, "GRUB 9.99");
	assert_string_equal(info.cmdline, "loglevel=7 -- tour");
	assert_int_equal(info.nr_modules, 2);
	assert_string_equal(info.module[0].name, "initramfs");
	assert_int_equal(info.module[0].start, 0x200000);
	assert_int_equal(info.module[0].end, 0x280000);
	assert_int_equal(info.nr_keep, 1);
	assert_int_equal(info.keep[0].start, 0x9000);
	assert_int_equal(bootinfo_sanitize(&info, &why), 0);
	assert_int_equal(info.nr_ranges, 2);
}

static void long_texts_are_cut(void **unused)
{
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	start_over();
	block_start();
	block_text(1, text);
	block_text(2, text);
	block_module(0x200000, 0x201000, text);
	good_map();
	assert_int_equal(block_parse(), 0);
	assert_int_equal(strlen(info.cmdline), BOOT_CMDLINE_MAX - 1);
	assert_int_equal(strlen(info.loader), sizeof(info.loader) - 1);
	assert_int_equal(strlen(info.module[0].name),
			 sizeof(info.module[0].name) - 1);
}

/* A text tag without a NUL ends with the tag. */
static void text_without_end(void **unused)
{
	start_over();
	block_start();
	memcpy(block_tag(1, 8 + 4), "quiet", 4);
	good_map();
	assert_int_equal(block_parse(), 0);
	assert_string_equal(info.cmdline, "quie");
}

static void fails_with(const char *text)
{
	if (!strstr(why, text))
		fail_msg("'%s' is not about '%s'", why, text);
}

static void broken_blocks(void **unused)
{
	start_over();
	block_start();
	good_map();
	block_tag(1, 0);
	assert_int_not_equal(block_parse(), 0);
	fails_with("without size");

	start_over();
	block_start();
	good_map();
	block_tag(1, 7);
	assert_int_not_equal(block_parse(), 0);
	fails_with("without size");

	start_over();
	block_start();
	good_map();
	block_tag(1, 8);
	((u32 *)(void *)block.word)[(block.len - 8) / 4 + 1] = 0xfffffff0;
	assert_int_not_equal(block_parse(), 0);
	fails_with("past the end");

	start_over();
	block_start();
	good_map();
	assert_int_not_equal(block_parse_as(block.len), 0);
	fails_with("no end tag");

	start_over();
	block_start();
	assert_int_not_equal(block_parse(), 0);
	fails_with("no memory map");
}

static void broken_sizes(void **unused)
{
	static const u32 claims[] = { 0, 8, 15 };

	for (u32 i = 0; i < array_size(claims); i++) {
		start_over();
		block_start();
		good_map();
		block_tag(0, 8);
		assert_int_not_equal(block_parse_as(claims[i]), 0);
		fails_with("too short");
	}
	start_over();
	block_start();
	good_map();
	block_tag(0, 8);
	assert_int_not_equal(block_parse_as(block.len + 8), 0);
	fails_with("larger than memory");
}

static void broken_tags(void **unused)
{
	static const struct { u32 type, size; const char *text; } cases[] = {
		{ 3, 12, "module tag too short" },
		{ 4, 12, "memory tag too short" },
		{ 6, 12, "memory map tag too short" },
		{ 6, 16, "odd entries" },       /* entry size 0 */
		{ 12, 12, "EFI tag too short" },
		{ 14, 27, "ACPI tag too short" },
		{ 17, 16, "odd entries" },
	};

	for (u32 i = 0; i < array_size(cases); i++) {
		start_over();
		block_start();
		block_tag(cases[i].type, cases[i].size);
		assert_int_not_equal(block_parse(), 0);
		fails_with(cases[i].text);
	}
}

static void broken_modules(void **unused)
{
	start_over();
	block_start();
	good_map();
	block_module(0x300000, 0x200000, "backwards");
	assert_int_not_equal(block_parse(), 0);
	fails_with("ends before");

	start_over();
	block_start();
	good_map();
	for (u32 i = 0; i <= BOOT_MAX_MODULES; i++)
		block_module(0x200000, 0x201000, "many");
	assert_int_not_equal(block_parse(), 0);
	fails_with("more modules");

	start_over();
	block_start();
	good_map();
	block_module(0xf0000000, 0xf0001000, "nowhere");
	assert_int_equal(block_parse(), 0);
	assert_int_not_equal(bootinfo_sanitize(&info, &why), 0);
	fails_with("outside the RAM");
}

/* Tag 6 before 17 before 4; an empty one does not count. */
static void best_map_wins(void **unused)
{
	static struct map_case efi = {
		.raw = { { 0x200000, 0x100000, RANGE_USABLE } }, .nr_raw = 1
	};
	static struct map_case nothing;
	u32 kib = 4096;

	start_over();
	block_start();
	memcpy(block_tag(4, 16) + 4, &kib, 4);
	block_map(&efi, 17, 48);
	good_map();
	assert_int_equal(block_parse(), 0);
	assert_int_equal(info.range[1].start, 0x100000);

	start_over();
	block_start();
	memcpy(block_tag(4, 16) + 4, &kib, 4);
	block_map(&nothing, 6, 24);
	block_map(&efi, 17, 48);
	assert_int_equal(block_parse(), 0);
	assert_int_equal(info.range[0].start, 0x200000);

	start_over();
	block_start();
	memcpy(block_tag(4, 16) + 4, &kib, 4);
	assert_int_equal(block_parse(), 0);
	assert_int_equal(info.range[0].start, 0x100000);
	assert_int_equal(info.range[0].end, 0x500000);
}

static void newer_rsdp_wins(void **unused)
{
	for (int order = 0; order < 2; order++) {
		start_over();
		block_start();
		for (int i = 0; i < 2; i++) {
			bool new = (i ^ order) & 1;
			u8 *at = block_tag(new ? 15 : 14, 8 + (new ? 36 : 20));

			memcpy(at, new ? "RSD PTR new" : "RSD PTR old", 11);
			at[15] = new ? 2 : 0;
		}
		good_map();
		assert_int_equal(block_parse(), 0);
		assert_memory_equal(info.rsdp_copy, "RSD PTR new", 11);
	}
}

/* GRUB's blocks from QEMU, with what we know of those machines. */
static void real_blocks(void **unused)
{
	static const struct { const char *path; bool efi; } cases[] = {
		{ CORPUS "seabios.mb2", false }, { CORPUS "ovmf.mb2", true },
	};

	for (u32 i = 0; i < array_size(cases); i++) {
		FILE *f = fopen(cases[i].path, "rb");
		u64 ram = 0;

		assert_non_null(f);
		start_over();
		block_start();
		block.len = fread(block.word, 1, sizeof(block.word), f);
		fclose(f);
		assert_int_equal(block_parse_as(block.len), 0);
		assert_int_equal(bootinfo_sanitize(&info, &why), 0);
		assert_null(bootinfo_check(&info));
		for (u32 r = 0; r < info.nr_ranges; r++)
			if (info.range[r].type == RANGE_USABLE)
				ram += info.range[r].end - info.range[r].start;
		assert_in_range(ram, MIB(500), MIB(512));
		assert_string_equal(info.cmdline, "loglevel=7 -- tour");
		assert_string_equal(info.module[0].name, "initramfs");
		assert_int_equal(info.efi_systab != 0, cases[i].efi);
		assert_int_equal(info.rsdp_copy[15], cases[i].efi ? 2 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus_maps),
		cmocka_unit_test(scattered_map_loses_little),
		cmocka_unit_test(block_tells_everything),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(text_without_end),
		cmocka_unit_test(broken_blocks),
		cmocka_unit_test(broken_sizes),
		cmocka_unit_test(broken_tags),
		cmocka_unit_test(broken_modules),
		cmocka_unit_test(best_map_wins),
		cmocka_unit_test(newer_rsdp_wins),
		cmocka_unit_test(real_blocks),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
