/* SPDX-License-Identifier: MIT */
/*
 * boot/ under random bytes: whatever a loader leaves in memory, its readers
 * stay inside it and end in a right map or in one line of words.
 *
 *   first byte of the input, modulo 6     what the rest is
 *     0   a multiboot2 block               read from a copy of exactly its size
 *     1   64 KiB of physical memory        PVH's start info at its beginning
 *     2   the same                         ACPI tables, RSDP at its beginning
 *     3   the same, for AArch64
 *     4   the same                         the UEFI stub's block
 *     5   raw ranges, 9 bytes each         judged page by page (boot_oracle.h)
 *
 * main() takes the corpus and blocks of its own, breaks them in ways that like
 * the edges, and fails when inputs were not both accepted and refused in
 * numbers; libFuzzer may take its place (fuzz.h).
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/aarch64/efi_handoff.h"
#include "boot/acpi.h"
#include "boot/acpi_arm.h"
#include "boot/efi_map.h"
#include "tests/unit/boot_oracle.h"
#include "tests/unit/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MULTIBOOT2, PVH, ACPI, ACPI_ARM, EFI, RANGES, TARGETS };

static struct bootinfo info;
static unsigned long accepted[TARGETS], refused[TARGETS];

/* A line for the screen: there, ended, printable. */
static void check_why(const char *why)
{
	must(why && strlen(why) > 10, "failure without words");
}

static void check_texts(void)
{
	must(strnlen(info.cmdline, sizeof(info.cmdline)) < sizeof(info.cmdline),
	     "command line without end");
	must(strnlen(info.loader, sizeof(info.loader)) < sizeof(info.loader),
	     "loader name without end");
	must(info.nr_modules <= BOOT_MAX_MODULES, "too many modules");
	for (u32 i = 0; i < info.nr_modules; i++) {
		must(strnlen(info.module[i].name, 48) < 48, "module name");
		must(info.module[i].start <= info.module[i].end, "module");
	}
	must(info.nr_keep <= BOOT_MAX_MODULES, "too much to keep");
}

/* After a reader: does the whole chain end well? */
static void finish(int target, int err, const char *why)
{
	check_texts();
	if (!err)
		err = bootinfo_sanitize(&info, &why);
	if (err) {
		check_why(why);
		refused[target]++;
		return;
	}
	must(!bootinfo_check(&info), bootinfo_check(&info));
	accepted[target]++;
}

static void try_multiboot2(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);
	const char *why = NULL;
	int err;

	memcpy(copy, data, size);
	err = multiboot2_parse(&info, copy, 0x8000, size, &why);
	free(copy);
	finish(MULTIBOOT2, err, why);
}

static void fill_phys(const uint8_t *data, size_t size)
{
	memset(phys_memory, 0, sizeof(phys_memory));
	memcpy(phys_memory, data, MIN(size, sizeof(phys_memory)));
}

static void try_pvh(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	int err;

	fill_phys(data, size);
	err = pvh_parse(&info, PHYS_BASE, phys_map, &why);
	finish(PVH, err, why);
}

static void try_acpi(const uint8_t *data, size_t size)
{
	static struct acpi_info acpi;

	fill_phys(data, size);
	info.rsdp = PHYS_BASE;
	acpi_parse(&acpi, &info, phys_map);
	must(acpi.nr_cpus <= ACPI_MAX_CPUS &&
		     acpi.nr_ioapics <= ACPI_MAX_IOAPICS &&
		     acpi.nr_overrides <= ACPI_MAX_OVERRIDES,
	     "ACPI counts");
	acpi.nr_cpus ? accepted[ACPI]++ : refused[ACPI]++;
}

static void try_acpi_arm(const uint8_t *data, size_t size)
{
	static struct platform machine;
	const char *why = NULL;

	fill_phys(data, size);
	info.rsdp = PHYS_BASE;
	if (acpi_arm_parse(&info, &machine, phys_map, &why)) {
		check_why(why);
		refused[ACPI_ARM]++;
		return;
	}
	must(!platform_check(&machine), platform_check(&machine));
	must(machine.nr_cpus > 0 && machine.gic_version > 0, "no machine");
	accepted[ACPI_ARM]++;
}

static void try_efi(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	int err;

	fill_phys(data, size);
	err = efi_handoff_parse(&info, PHYS_BASE, phys_map, &why);
	finish(EFI, err, why);
}

/* 9 bytes: type, start (pages, or shifted far up), length (bytes). */
static void try_ranges(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	int err = 0;

	for (; size >= 9 && !err; data += 9, size -= 9) {
		u32 start, len;

		memcpy(&start, data + 1, 4);
		memcpy(&len, data + 5, 4);
		err = oracle_add(&info,
				 (u64)(start & 0xffffff)
					 << (data[0] >> 4 & 7) * 4,
				 (u64)(len & 0xffffff)
					 << (data[0] >> 5 & 3) * 12,
				 (enum range_type)(data[0] % RANGE_TYPES));
	}
	why = "full of restrictive ranges";
	if (!err)
		err = bootinfo_sanitize(&info, &why);
	if (err) {
		check_why(why);
		refused[RANGES]++;
		return;
	}
	why = oracle_judge(&info);
	must(!why, why);
	accepted[RANGES]++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(const uint8_t *, size_t) = {
		try_multiboot2, try_pvh, try_acpi,
		try_acpi_arm,	try_efi, try_ranges
	};

	memset(&info, 0, sizeof(info));
	oracle_nr = 0;
	if (size > 0)
		targets[data[0] % TARGETS](data + 1, size - 1);
	phys_forget();
	return 0;
}

#ifndef LIBFUZZER

/* ---- a fixed budget without libFuzzer ----------------------------------------- */

#define SEEDS_MAX 16

static struct fuzz_input seeds[SEEDS_MAX], input;
static u32 nr_seeds;
static uint8_t *seed_new(uint8_t target, size_t size)
{
	seeds[nr_seeds].size = size + 1;
	seeds[nr_seeds].bytes[0] = target;
	return seeds[nr_seeds++].bytes + 1;
}

static void seed_files(uint8_t target, const char *pattern)
{
	glob_t files;

	must(!glob(pattern, 0, NULL, &files), "corpus not found");
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *f = fopen(files.gl_pathv[i], "rb");
		uint8_t *at = seed_new(target, 0);

		must(f != NULL, "corpus not readable");
		seeds[nr_seeds - 1].size = 1 +
					   fread(at, 1, FUZZ_INPUT_MAX - 1, f);
		fclose(f);
	}
	globfree(&files);
}

static void seed_pvh(void)
{
	uint8_t *at = seed_new(PVH, 1024);

	put32(at, 0x336ec578);
	put32(at + 4, 1);
	put32(at + 12, 2);
	put64(at + 16, PHYS_BASE + 64);         /* modules */
	put64(at + 24, PHYS_BASE + 256);        /* command line */
	put64(at + 40, PHYS_BASE + 512);        /* map */
	put32(at + 48, 4);
	for (u32 i = 0; i < 2; i++) {
		put64(at + 64 + 32 * i, 0x180000 + 0x10000 * i);
		put64(at + 72 + 32 * i, 0x8000);
		put64(at + 80 + 32 * i, PHYS_BASE + 260);
	}
	memcpy(at + 256, "one two three", 14);
	for (u32 i = 0; i < 4; i++) {
		put64(at + 512 + 24 * i, 0x100000ull * i);
		put64(at + 520 + 24 * i, 0xc0000);
		put32(at + 528 + 24 * i, 1 + i / 3);
	}
}

/* Where the tables of the ACPI seeds stand, to be sealed after the mutation. */
static const struct { u32 at, len, sum_at; } acpi_tables[] = {
	{ 0, 20, 8 }, { 64, 44, 9 }, { 128, 92, 9 }, { 256, 129, 9 },
};

#define ARM_LIST   64
#define ARM_TABLES 256                  /* as in the file, in a row */

static void seed_acpi(void)
{
	static const uint8_t madt[] = {
		0, 8, 0, 1, 1, 0, 0, 0, 0, 8, 1, 2, 1, 0, 0, 0,
		1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,
		2, 10, 0, 0, 2, 0, 0, 0, 0xd, 0, 4, 6, 0xff, 0, 0, 1,
	};
	uint8_t *at = seed_new(ACPI, 512);

	memcpy(at, "RSD PTR ", 8);
	put32(at + 16, PHYS_BASE + 64);
	memcpy(at + 64, "RSDT", 4);
	put32(at + 68, 44);
	put32(at + 64 + 36, PHYS_BASE + 128);
	put32(at + 64 + 40, PHYS_BASE + 256);
	memcpy(at + 128, "APIC", 4);
	put32(at + 132, 92);
	memcpy(at + 128 + 44, madt, sizeof(madt));
	memcpy(at + 256, "FACP", 4);
	put32(at + 260, 129);
}

/* The tables of virt-numa behind an RSDP and an RSDT of our own. */
static void seed_acpi_arm(void)
{
	uint8_t *at = seeds[nr_seeds].bytes + 1;
	size_t size, table;
	u32 nr = 0;

	seed_files(ACPI_ARM, "tests/unit/corpus/virt-numa.acpi");
	size = seeds[nr_seeds - 1].size - 1;
	memmove(at + ARM_TABLES, at, size);
	memset(at, 0, ARM_TABLES);
	memcpy(at, "RSD PTR ", 8);
	put32(at + 16, PHYS_BASE + ARM_LIST);
	memcpy(at + ARM_LIST, "RSDT", 4);
	for (table = ARM_TABLES; table < ARM_TABLES + size; nr++) {
		put32(at + ARM_LIST + 36 + 4 * nr, (u32)(PHYS_BASE + table));
		table += get32(at + table + 4);
	}
	put32(at + ARM_LIST + 4, 36 + 4 * nr);
	seeds[nr_seeds - 1].size = 1 + ARM_TABLES + size;
}

static void seed_ranges(void)
{
	for (u32 n = 4; n <= 1400; n *= 3) {
		uint8_t *at = seed_new(RANGES, 9 * n);

		for (u32 i = 0; i < n; i++, at += 9) {
			at[0] = (uint8_t)(draw() % 6);
			put32(at + 1, (u32)(draw() % 0x400) * 0x400);
			put32(at + 5, (u32)(draw() % 0x8000));
		}
	}
}

static u64 draw_value(void)
{
	static const u64 edges[] = { 0, 1, 7, 8, 12, 16, 23, 24, 40, 0xfff,
				     0x1000, 0xffffffff, 0x80000000,
				     (u64)1 << 52, ~(u64)0, ~(u64)0xfff };

	return draw_near(edges, array_size(edges));
}

static void mutate(void)
{
	u64 value;

	for (u64 n = draw() % 6; n && input.size > 9; n--) {
		size_t at = 1 + draw() % (input.size - 8);
		size_t word = 1 + (at - 1) / 4 * 4;

		unsigned int how = (unsigned int)(draw() % 6);

		value = draw_value();
		switch (how) {
		case 0:
		case 1:
		case 2:
			fuzz_damage(&input, at, how, (uint8_t)value);
			break;
		case 3:
			memcpy(input.bytes + MIN(word, input.size - 8), &value,
			       8);
			break;
		default:
			memcpy(input.bytes + MIN(word, input.size - 8), &value,
			       4);
		}
	}
}

/* The table at an offset of the input, as far as there is one. */
static void mend_table(u64 at)
{
	uint8_t *table = input.bytes + 1;

	if (at >= input.size || input.size - at < 12)
		return;
	table += at;
	seal(table, (u32)MIN((u64)get32(table + 4), input.size - 1 - at), 9);
}

/* Tables with a broken sum are not even looked at: mend most. */
static void mend_acpi(void)
{
	const uint8_t *list = input.bytes + 1 + ARM_LIST + 36;

	if (input.bytes[0] == ACPI && input.size == 513)
		for (u32 i = 0; i < array_size(acpi_tables); i++)
			if (draw() % 8)
				seal(input.bytes + 1 + acpi_tables[i].at,
				     acpi_tables[i].len, acpi_tables[i].sum_at);
	if (input.bytes[0] != ACPI_ARM || input.size < ARM_TABLES)
		return;
	seal(input.bytes + 1, 20, 8);
	mend_table(ARM_LIST);
	for (u32 i = 0; i < 5; i++)
		if (draw() % 16)
			mend_table((u64)get32(list + 4 * i) - PHYS_BASE);
}

int main(int argc, char **argv)
{
	static const char *const names[TARGETS] = {
		"multiboot2", "pvh", "acpi", "acpi_arm", "efi", "ranges"
	};
	unsigned long rounds = fuzz_rounds(argc, argv, 60000);

	seed_files(MULTIBOOT2, "tests/unit/corpus/*.mb2");
	seed_pvh();
	seed_acpi();
	seed_acpi_arm();
	seed_files(EFI, "tests/unit/corpus/*.efi");
	seed_ranges();
	for (unsigned long i = 0; i < rounds; i++) {
		input = seeds[i % 16 == 0 ? draw() % nr_seeds
					  : draw() % (nr_seeds - 3)];
		mutate();
		mend_acpi();
		LLVMFuzzerTestOneInput(input.bytes, input.size);
	}
	printf("TAP version 13\n1..%u\n", TARGETS);
	for (u32 t = 0; t < TARGETS; t++) {
		printf("# %s: %lu accepted, %lu refused\n", names[t],
		       accepted[t], refused[t]);
		must(accepted[t] > rounds / 200 && refused[t] > rounds / 200,
		     "a target was not fuzzed on both sides");
		printf("ok %u - boot_fuzz/%s\n", t + 1, names[t]);
	}
	return 0;
}

#endif
