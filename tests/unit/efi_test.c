/* SPDX-License-Identifier: MIT */
/*
 * What UEFI leaves behind: QEMU's firmware's own block (corpus), blocks with
 * one thing wrong each, texts, and a device tree behind a block.
 */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/aarch64/efi_handoff.h"
#include "boot/efi_map.h"
#include "boot/fdt.h"
#include "lib/errno.h"
#include "tests/unit/boot_oracle.h"

#define BLOCK  PHYS_BASE
#define CORPUS "tests/unit/corpus/"
#define WB     8                        /* attributes: write-back */

static struct bootinfo info;
static const char *why;
static struct efi_handoff *const head = (void *)phys_memory;

/* ---- blocks ------------------------------------------------------------------------- */

static void block_start(const char *options)
{
	size_t len = options ? strlen(options) + 1 : 0;

	phys_forget();
	memset(phys_memory, 0, sizeof(phys_memory));
	head->magic = EFI_HANDOFF_MAGIC;
	head->options_at = sizeof(*head);
	head->options_len = (u32)(2 * len);
	for (size_t i = 0; i < len; i++)
		phys_memory[sizeof(*head) + 2 * i] = (u8)options[i];
	head->map_at = (u32)ALIGN_UP(sizeof(*head) + 2 * len, 8);
	head->descriptor_size = 48;
	head->size = head->map_at;
}

static void block_range(u32 type, u64 start, u64 nr_pages, u64 attributes)
{
	struct efi_range range = { .type = type, .start = start,
				   .nr_pages = nr_pages,
				   .attributes = attributes };

	memcpy(phys_memory + head->size, &range, sizeof(range));
	head->size += 48;
	head->map_len += 48;
}

static void block_good_map(void)
{
	block_range(7, 0x40000000, 0x8000, WB);
}

static int block_parse(void)
{
	int err;

	memset(&info, 0, sizeof(info));
	err = efi_handoff_parse(&info, BLOCK, phys_map, &why);
	phys_forget();
	if (err) {
		assert_int_equal(err, -EINVAL);
		assert_non_null(strstr(why, "UEFI: "));
	}
	return err;
}

static void block_good(void)
{
	if (block_parse())
		fail_msg("refused: %s", why);
}

static void block_fails(const char *text)
{
	assert_int_not_equal(block_parse(), 0);
	if (!strstr(why, text))
		fail_msg("'%s' is not about '%s'", why, text);
}

/* ---- QEMU's firmware ------------------------------------------------------------------ */

static void corpus_load(void)
{
	FILE *f = fopen(CORPUS "virt-gicv3.efi", "rb");

	assert_non_null(f);
	phys_forget();
	memset(phys_memory, 0, sizeof(phys_memory));
	assert_true(fread(phys_memory, 1, sizeof(phys_memory), f) > 1000);
	fclose(f);
}

static void real_block(void **unused)
{
	u64 ram = 0;

	corpus_load();
	block_good();
	assert_string_equal(info.loader, "UEFI, EDK II");
	assert_string_equal(info.cmdline, "loglevel=7 -- tour");
	assert_int_not_equal(info.rsdp, 0);
	assert_int_equal(info.fdt, 0);
	assert_int_not_equal(info.efi_systab, 0);
	assert_int_equal(info.nr_modules, 1);
	assert_int_equal(info.module[0].end - info.module[0].start, 22);
	assert_string_equal(info.module[0].name, "initrd");
	assert_int_equal(info.nr_keep, 1);
	assert_int_equal(info.keep[0].start, BLOCK);
	assert_int_equal(info.keep[0].end, BLOCK + head->size);
	assert_int_equal(bootinfo_sanitize(&info, &why), 0);
	assert_int_equal(info.range[0].start, 0x40000000);
	for (u32 i = 0; i < info.nr_ranges; i++)
		if (info.range[i].type <= RANGE_ACPI)
			ram += info.range[i].end - info.range[i].start;
	assert_in_range(ram, MIB(505), MIB(512));
}

/* A block that ends anywhere before its map does. */
static void cut_blocks(void **unused)
{
	u64 options_end, map_end;

	corpus_load();
	options_end = head->options_at + head->options_len;
	map_end = head->map_at + head->map_len;
	for (u64 cut = 0; cut < map_end; cut++) {
		head->size = cut;
		block_fails(cut < sizeof(*head) ? "absurd size"
			    : cut < options_end ? "command line outside"
						: "memory map outside");
	}
	head->size = map_end;
	block_good();
}

/* ---- the map ---------------------------------------------------------------------------- */

static void memory_types(void **unused)
{
	static const int want[] = {
		RANGE_RESERVED, RANGE_LOADER, RANGE_LOADER, RANGE_USABLE,
		RANGE_USABLE, RANGE_RESERVED, RANGE_RESERVED, RANGE_USABLE,
		RANGE_BAD, RANGE_ACPI, RANGE_NVS, ORACLE_HOLE, ORACLE_HOLE,
		RANGE_RESERVED, RANGE_RESERVED, RANGE_RESERVED, RANGE_RESERVED,
	};

	for (u32 type = 0; type < array_size(want); type++) {
		for (u64 attributes = 0; attributes <= 0xf; attributes += 0xf) {
			int expected = want[type];

			if (!attributes && expected == RANGE_USABLE)
				expected = RANGE_RESERVED;
			block_start(NULL);
			block_good_map();
			block_range(type, 0x80000000, 16, attributes);
			block_good();
			assert_int_equal(oracle_found(&info, 0x80000000),
					 expected);
			assert_int_equal(oracle_found(&info, 0x8000f000),
					 expected);
			assert_int_equal(oracle_found(&info, 0x80010000),
					 ORACLE_HOLE);
		}
	}
}

static void odd_maps(void **unused)
{
	static const u32 sizes[] = { 0, 1, 32, 39, 41, 44 };

	for (u32 i = 0; i < array_size(sizes); i++) {
		block_start(NULL);
		block_good_map();
		head->descriptor_size = sizes[i];
		block_fails("odd entries");
	}
	block_start(NULL);
	block_fails("no memory map");
	block_good_map();
	head->map_len = 47;                     /* not one whole descriptor */
	block_fails("no memory map");
	block_start(NULL);
	block_range(7, 0x40000000, ~(u64)0, WB);        /* wraps */
	block_good();
	assert_int_equal(info.range[0].end, ORACLE_END);
	block_start(NULL);
	for (u64 i = 0; i < BOOT_MAX_RANGES + 1; i++)
		block_range(0, i * 0x10000, 1, 0);
	block_fails("too scattered");
}

static void odd_blocks(void **unused)
{
	block_start(NULL);
	block_good_map();
	head->magic++;
	block_fails("magic");
	head->magic--;
	head->size = MIB(2) + 1;
	block_fails("absurd size");
	head->size = PHYS_SIZE + 1;
	block_fails("out of reach");
	head->size = 0x1000;
	head->options_at = 8;                   /* inside the head */
	block_fails("command line");
	head->options_at = 0x1001;
	block_fails("command line");
	head->options_at = 0xfff;
	head->options_len = 2;
	block_fails("command line");
	head->options_len = 1;                  /* half a character */
	block_good();
	assert_string_equal(info.cmdline, "");
	head->map_len = ~0u - 7;
	block_fails("map outside");
	memset(&info, 0, sizeof(info));
	assert_int_not_equal(efi_handoff_parse(&info, 0, phys_map, &why), 0);
	assert_non_null(strstr(why, "out of reach"));
}

static void initrds(void **unused)
{
	block_start(NULL);
	block_good_map();
	head->initrd_start = head->initrd_end = 0x41000000;
	block_good();
	assert_int_equal(info.nr_modules, 0);
	head->initrd_end--;
	block_fails("initrd ends");
	head->initrd_start = 0x40fff000;
	block_good();
	assert_int_equal(info.module[0].start, 0x40fff000);
	assert_int_equal(bootinfo_sanitize(&info, &why), 0);
}

/* ---- texts ------------------------------------------------------------------------------ */

static void command_lines(void **unused)
{
	static const struct { const char *line, *want; } cases[] = {
		{ "", "" },
		{ "quiet", "quiet" },
		{ "a initrd=initrd", "a" },
		{ "initrd=x", "" },
		{ "initrd=x a", "a" },
		{ "a initrd=x b", "a b" },
		{ "a initrd=x initrd=y", "a" },
		{ "noinitrd=x initrd", "noinitrd=x initrd" },
		{ "a  b ", "a  b " },
		{ "a initrd= b", "a b" },
	};
	static char longest[3000];

	for (u32 i = 0; i < array_size(cases); i++) {
		block_start(cases[i].line);
		block_good_map();
		block_good();
		assert_string_equal(info.cmdline, cases[i].want);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	block_start(longest);
	block_good_map();
	block_good();
	assert_int_equal(strlen(info.cmdline), BOOT_CMDLINE_MAX - 1);
	block_start(NULL);
	block_good_map();
	for (u32 i = 0; i < EFI_HANDOFF_VENDOR_MAX; i++)
		head->vendor[i] = 'y';          /* no NUL */
	block_good();
	assert_int_equal(strlen(info.loader), 6 + EFI_HANDOFF_VENDOR_MAX);
	memset(head->vendor, 0, sizeof(head->vendor));
	block_good();
	assert_string_equal(info.loader, "UEFI");
}

static void text_is(const u16 *text, size_t nr_units, size_t room,
		    const char *want)
{
	u8 *copy = malloc(2 * nr_units + 1);    /* odd, exactly so long */
	char *out = malloc(room);

	memcpy(copy + 1, text, 2 * nr_units);
	assert_int_equal(efi_text(out, room, copy + 1, 2 * nr_units),
			 strlen(want));
	assert_string_equal(out, want);
	free(copy);
	free(out);
}

static void texts(void **unused)
{
	static const u16 all[] = { 'a', 0x7f, 0x80, 0x7ff, 0x800, 0xffff,
				   0xd800, 0xdc00, 0xdbff, 0xdfff, 'z' };
	static const u16 halves[] = { 0xdc00, 'a', 0xd800, 'b', 0xd800, 0xd800,
				      0xdc00, 0xd800 };

	text_is(all, array_size(all), 64,
		"a\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"
		"\xf0\x90\x80\x80\xf4\x8f\xbf\xbfz");
	text_is(halves, array_size(halves), 64, "?a?b?\xf0\x90\x80\x80?");
	text_is(u"ab\0cd", 5, 64, "ab");
	text_is(u"abcd", 4, 3, "ab");
	text_is(u"abcd", 4, 1, "");
	text_is(u"a\u20acb", 3, 4, "a");        /* no half characters */
	text_is(u"a\u20acb", 3, 5, "a\xe2\x82\xac");
	text_is(u"", 0, 1, "");
}

/* ---- a device tree behind the block ------------------------------------------------------- */

/* The tree tells the machine; memory, command line, initrd are UEFI's. */
static void tree_behind_block(void **unused)
{
	static struct platform machine;
	static u8 blob[16384];
	FILE *f = fopen(CORPUS "virt-gicv3.dtb", "rb");
	u32 nr_ranges;
	size_t size;

	assert_non_null(f);
	size = fread(blob, 1, sizeof(blob), f);
	fclose(f);
	block_start("from=uefi");
	block_good_map();
	head->initrd_start = 0x41000000;
	head->initrd_end = 0x41001000;
	head->fdt = 0x42000000;
	block_good();
	assert_int_equal(info.fdt, 0x42000000);
	nr_ranges = info.nr_ranges;
	assert_int_equal(fdt_parse(&info, &machine, blob, info.fdt, size, &why),
			 0);
	assert_int_equal(info.nr_ranges, nr_ranges);
	assert_string_equal(info.cmdline, "from=uefi");
	assert_string_equal(info.loader, "UEFI");
	assert_int_equal(info.nr_modules, 1);
	assert_int_equal(info.module[0].start, 0x41000000);
	assert_int_equal(info.nr_cpus, 4);
	assert_int_equal(info.nr_keep, 2);
	assert_int_equal(machine.nr_memory, 1);
	assert_int_equal(bootinfo_sanitize(&info, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_block),
		cmocka_unit_test(cut_blocks),
		cmocka_unit_test(memory_types),
		cmocka_unit_test(odd_maps),
		cmocka_unit_test(odd_blocks),
		cmocka_unit_test(initrds),
		cmocka_unit_test(command_lines),
		cmocka_unit_test(texts),
		cmocka_unit_test(tree_behind_block),
	};

	return cmocka_run_group_tests_name("efi", tests, NULL, NULL);
}
