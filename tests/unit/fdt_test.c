/* SPDX-License-Identifier: MIT */
/*
 * The device tree: QEMU's own trees (corpus), trees that libfdt builds here, and
 * broken ones with one thing wrong each.
 *
 * Every blob is parsed from a copy of exactly its size at an odd address, so
 * that the sanitizers see who reads on or needs alignment.
 */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/fdt.h"
#include "lib/errno.h"

#define BLOB_PA 0x48000000ull

static struct bootinfo info;
static struct platform machine;
static const char *why;
static u8 blob[65536] __aligned(8);

static int tree_parse_bytes(size_t size)
{
	u8 *copy = malloc(size + 1);
	int err;

	memset(&info, 0, sizeof(info));
	memcpy(copy + 1, blob, size);
	why = NULL;
	err = fdt_parse(&info, &machine, copy + 1, BLOB_PA, size, &why);
	free(copy);
	assert_int_equal(machine.found, !err);
	assert_int_equal(info.nr_cpus, err ? 0 : machine.nr_cpus);
	if (!err)
		assert_null(platform_check(&machine));
	if (err) {
		assert_int_equal(err, -EINVAL);
		assert_non_null(why);
		assert_non_null(strstr(why, "fdt: "));
	}
	return err;
}

static int tree_parse(void)
{
	return tree_parse_bytes(fdt_totalsize(blob));
}

static void tree_good(void)
{
	if (tree_parse())
		fail_msg("refused: %s", why);
}

static void tree_fails(const char *text)
{
	assert_int_not_equal(tree_parse(), 0);
	if (!strstr(why, text))
		fail_msg("'%s' is not about '%s'", why, text);
}

static void range_is(u32 i, u64 start, u64 end, enum range_type type)
{
	assert_true(i < info.nr_ranges);
	assert_int_equal(info.range[i].start, start);
	assert_int_equal(info.range[i].end, end);
	assert_int_equal(info.range[i].type, type);
}

/* ---- QEMU's trees ---------------------------------------------------------------- */

static void corpus_load(const char *name)
{
	static const u32 timer_lines[] = { 29, 30, 27, 26 };
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "tests/unit/corpus/virt-%s.dtb", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_true(fread(blob, 1, sizeof(blob), f) > 1000);
	fclose(f);
	tree_good();
	assert_int_equal(machine.nr_left_out, 0);
	assert_int_equal(info.fdt, BLOB_PA);
	assert_int_equal(info.keep[0].start, BLOB_PA);
	assert_int_equal(machine.uart.start, 0x9000000);
	assert_int_equal(machine.uart.end, 0x9001000);
	assert_int_equal(machine.uart_irq.line, 33);
	assert_int_equal(machine.uart_irq.flags, 4);
	assert_int_equal(machine.rtc.start, 0x9010000);
	assert_string_equal(machine.stdout_path, "/pl011@9000000");
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(machine.timer[i].line, timer_lines[i]);
	assert_int_equal(machine.timer[TIMER_IRQ_HYP_VIRT].line, 0);
	assert_int_equal(machine.psci_cpu_on, 0xc4000003);
	for (u32 i = 0; i < machine.nr_cpus; i++) {
		assert_int_equal(machine.cpu[i].mpidr, i);
		assert_int_equal(machine.cpu[i].enable, CPU_ENABLE_PSCI);
	}
	assert_int_equal(bootinfo_sanitize(&info, &why), 0);
}

static void virt_gicv2(void **unused)
{
	corpus_load("gicv2");
	assert_int_equal(machine.nr_cpus, 4);
	assert_int_equal(machine.cpu[3].numa, PLATFORM_NO_NUMA);
	assert_int_equal(machine.psci, PSCI_HVC);
	assert_int_equal(machine.gic_version, 2);
	assert_int_equal(machine.gic_dist.start, 0x8000000);
	assert_int_equal(machine.gic_cpu.start, 0x8010000);
	assert_int_equal(machine.gic_cpu.end, 0x8020000);
	assert_int_equal(info.nr_ranges, 1);
	range_is(0, 0x40000000, 0x44000000, RANGE_USABLE);
	assert_int_equal(info.nr_modules, 0);
}

static void virt_gicv3(void **unused)
{
	corpus_load("gicv3");
	assert_int_equal(machine.nr_cpus, 4);
	assert_int_equal(machine.gic_version, 3);
	assert_int_equal(machine.gic_dist.end, 0x8010000);
	assert_int_equal(machine.nr_redists, 1);
	assert_int_equal(machine.gic_redist[0].start, 0x80a0000);
	assert_int_equal(machine.gic_redist[0].end, 0x9000000);
	assert_string_equal(info.cmdline, "quire tour=1 loglevel=7");
	assert_int_equal(info.nr_modules, 1);
	assert_int_equal(info.module[0].start, 0x48000000);
	assert_int_equal(info.module[0].end, 0x480f4240);
	range_is(0, 0x40000000, 0x60000000, RANGE_USABLE);
}

static void virt_el2(void **unused)
{
	corpus_load("el2");
	assert_int_equal(machine.nr_cpus, 2);
	assert_int_equal(machine.psci, PSCI_SMC);
	range_is(0, 0x40000000, 0x80000000, RANGE_USABLE);
}

static void virt_numa(void **unused)
{
	corpus_load("numa");
	assert_int_equal(machine.nr_memory, 2);         /* descending */
	assert_int_equal(machine.memory[0].start, 0x50000000);
	assert_int_equal(machine.memory[0].end, 0x70000000);
	assert_int_equal(machine.memory[0].numa, 1);
	assert_int_equal(machine.memory[1].start, 0x40000000);
	assert_int_equal(machine.memory[1].numa, 0);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(machine.cpu[i].numa, i / 2);
	assert_int_equal(info.nr_ranges, 1);
	range_is(0, 0x40000000, 0x70000000, RANGE_USABLE);
}

/* ---- trees built here ------------------------------------------------------------- */

static void ok(int err)
{
	if (err)
		fail_msg("libfdt: %s", fdt_strerror(err));
}

static void node(const char *name)
{
	ok(fdt_begin_node(blob, name));
}

static void close_nodes(int nr)
{
	while (nr--)
		ok(fdt_end_node(blob));
}

static void text(const char *name, const char *value)
{
	ok(fdt_property_string(blob, name, value));
}

/* A property of cells. */
static void cells_of(const char *name, u32 nr, const u32 *cell)
{
	u32 big[32];

	for (u32 i = 0; i < nr; i++)
		big[i] = cpu_to_fdt32(cell[i]);
	ok(fdt_property(blob, name, big, (int)(4 * nr)));
}
#define CELLS(name, ...)                                    \
	cells_of(name, sizeof((u32[]){ __VA_ARGS__ }) / 4, \
		 (u32[]){ __VA_ARGS__ })

static void tree_start(u32 address_cells, u32 size_cells)
{
	memset(blob, 0, sizeof(blob));
	ok(fdt_create(blob, sizeof(blob)));
	ok(fdt_finish_reservemap(blob));
	node("");
	CELLS("#address-cells", address_cells);
	CELLS("#size-cells", size_cells);
}

static void tree_end(void)
{
	close_nodes(1);
	ok(fdt_finish(blob));
}

static void memory_node(void)
{
	node("memory@1000000");
	text("device_type", "memory");
	CELLS("reg", 0x1000000, 0x1000000, 0x8000000, 0x2000000);
	close_nodes(1);
}

/* One cell each, two banks in a node, a disabled one, reservations. */
static void memory_and_reservations(void **unused)
{
	memset(blob, 0, sizeof(blob));
	ok(fdt_create(blob, sizeof(blob)));
	ok(fdt_add_reservemap_entry(blob, 0x1001000, 0x2000));
	ok(fdt_add_reservemap_entry(blob, 0x1200000, 0x8000));  /* the initrd */
	ok(fdt_add_reservemap_entry(blob, BLOB_PA, 0x100));     /* this tree */
	ok(fdt_finish_reservemap(blob));
	node("");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 1);
	memory_node();
	node("secram@0");
	text("device_type", "memory");
	text("status", "disabled");
	CELLS("reg", 0, 0x1000);
	close_nodes(1);
	node("reserved-memory");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	ok(fdt_property(blob, "ranges", NULL, 0));
	node("fw@8000000");
	CELLS("reg", 0, 0x8000000, 0, 0x4000);
	ok(fdt_property(blob, "no-map", NULL, 0));
	close_nodes(1);
	node("log");
	CELLS("reg", 0, 0x9000000, 0, 0x1000);
	close_nodes(1);
	node("pool");
	CELLS("size", 0, 0x1000);
	close_nodes(2);
	node("chosen");
	CELLS("linux,initrd-start", 0, 0x1200000);
	CELLS("linux,initrd-end", 0x1207f00);
	close_nodes(1);
	tree_end();

	tree_good();
	assert_int_equal(info.nr_raw, 5);
	range_is(0, 0x1000000, 0x2000000, RANGE_USABLE);
	range_is(1, 0x8000000, 0xa000000, RANGE_USABLE);
	range_is(2, 0x8000000, 0x8004000, RANGE_RESERVED);
	range_is(3, 0x9000000, 0x9001000, RANGE_RESERVED);
	range_is(4, 0x1001000, 0x1003000, RANGE_RESERVED);
	assert_int_equal(machine.nr_reserved, 2);
	assert_true(machine.reserved[0].no_map);
	assert_false(machine.reserved[1].no_map);
	assert_int_equal(info.module[0].start, 0x1200000);
	assert_int_equal(info.module[0].end, 0x1207f00);
	assert_int_equal(bootinfo_sanitize(&info, &why), 0);
}

/* UEFI's map stays; the tree adds reservations and NUMA ids only. */
static void map_before_the_tree(void **unused)
{
	tree_start(1, 1);
	memory_node();
	tree_end();
	memset(&info, 0, sizeof(info));
	assert_int_equal(bootinfo_add_range(&info, 0x1000000, 0x4000,
					    RANGE_USABLE),
			 0);
	assert_int_equal(fdt_parse(&info, &machine, blob, BLOB_PA,
				   fdt_totalsize(blob), &why),
			 0);
	assert_int_equal(info.nr_ranges, 1);
	assert_int_equal(machine.nr_memory, 2);
}

static void uart_node(const char *name, u32 start)
{
	node(name);
	text("compatible", "arm,pl011");
	CELLS("reg", start, 0x200);
	CELLS("interrupts", 0, start / 0x1000, 4);
	close_nodes(1);
}

/* A board: devices behind a bus with ranges, the console by its alias. */
static void devices_behind_a_bus(void **unused)
{
	tree_start(2, 1);
	node("aliases");
	text("serial1", "/soc/serial@2000");
	close_nodes(1);
	node("chosen");
	text("stdout-path", "serial1:115200n8");
	close_nodes(1);
	node("cpus");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 0);
	node("cpu@100");
	text("device_type", "cpu");
	text("enable-method", "spin-table");
	CELLS("cpu-release-addr", 0, 0xd8);
	CELLS("reg", 1, 0x100);
	close_nodes(1);
	node("cpu@101");
	text("device_type", "cpu");
	text("status", "fail-melted");
	CELLS("reg", 0, 0x101);
	close_nodes(2);
	node("soc");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 1);
	CELLS("ranges", 0, 4, 0x3f000000, 0x3000);
	uart_node("serial@1000", 0x1000);
	uart_node("serial@2000", 0x2000);
	uart_node("serial@5000", 0x5000);       /* ranges end before */
	node("intc");
	text("compatible", "arm,gic-400");
	CELLS("#interrupt-cells", 3);
	CELLS("reg", 0, 0x1000, 0x2000, 0x1000);
	close_nodes(2);
	tree_end();

	tree_good();
	assert_int_equal(machine.uart.start, 0x43f002000);
	assert_int_equal(machine.uart_irq.line, 34);
	assert_int_equal(machine.gic_version, 2);
	assert_int_equal(machine.gic_cpu.end, 0x43f003000);
	assert_int_equal(machine.nr_cpus, 1);
	assert_int_equal(machine.cpu[0].mpidr, 0x100000100);
	assert_int_equal(machine.cpu[0].enable, CPU_ENABLE_SPIN_TABLE);
	assert_int_equal(machine.cpu[0].release, 0xd8);
	assert_string_equal(machine.stdout_path, "serial1:115200n8");
}

static void texts_are_cut(void **unused)
{
	char args[BOOT_CMDLINE_MAX + 100];

	memset(args, 'x', sizeof(args));
	tree_start(1, 1);
	node("chosen@0");
	ok(fdt_property(blob, "bootargs", args, sizeof(args)));
	ok(fdt_property(blob, "stdout-path", args, 200));
	close_nodes(1);
	tree_end();
	tree_good();
	assert_int_equal(strlen(info.cmdline), BOOT_CMDLINE_MAX - 1);
	assert_int_equal(strlen(machine.stdout_path), PLATFORM_MAX_PATH - 1);
}

/* ---- broken trees ------------------------------------------------------------------ */

/* A sound tree to break; word: its header's words. */
static u32 *tree_to_break(void)
{
	tree_start(1, 1);
	memory_node();
	tree_end();
	tree_good();
	return (u32 *)(void *)blob;
}

static void header_word(u32 i, u32 value, const char *words)
{
	tree_to_break()[i] = cpu_to_fdt32(value);
	assert_int_not_equal(tree_parse_bytes(1024), 0);
	if (!strstr(why, words))
		fail_msg("word %u: '%s' is not about '%s'", i, why, words);
}

static void broken_headers(void **unused)
{
	header_word(0, 0xd00dfeee, "magic");
	header_word(1, 39, "absurd");
	header_word(1, 0xffffffff, "absurd");
	header_word(1, 1025, "larger");
	header_word(2, 0xfffffffc, "structure block");
	header_word(2, 57, "structure block");
	header_word(3, 0xffffffff, "strings block");
	header_word(4, 0, "reservations outside");
	header_word(4, 0x7ffffff8, "reservations outside");
	header_word(5, 16, "version");
	header_word(6, 18, "version");
	header_word(8, 0xfffffff0, "strings block");
	header_word(8, 0, "property name outside");
	header_word(9, 0xfffffff0, "structure block");
	header_word(9, 0, "structure without end");
	tree_to_break();
	memset(blob + fdt_off_mem_rsvmap(blob), 1,
	       fdt_totalsize(blob) - fdt_off_mem_rsvmap(blob));
	tree_fails("reservations without end");
}

/* Every length of a tree cut short, and its own idea of it too. */
static void cut_anywhere(void **unused)
{
	u32 size = fdt_totalsize((tree_to_break(), blob));

	for (u32 cut = 0; cut < size; cut++) {
		tree_to_break();
		assert_int_not_equal(tree_parse_bytes(cut), 0);
		if (cut < 40)
			continue;
		fdt_set_totalsize(blob, cut);
		assert_int_not_equal(tree_parse_bytes(cut), 0);
	}
}

/* A structure block of these words. */
static void structure(u32 nr, const u32 *word, const char *words)
{
	u32 at = 56;

	memset(blob, 0, sizeof(blob));
	fdt_set_magic(blob, FDT_MAGIC);
	fdt_set_version(blob, 17);
	fdt_set_last_comp_version(blob, 16);
	fdt_set_off_mem_rsvmap(blob, 40);
	fdt_set_off_dt_struct(blob, at);
	fdt_set_size_dt_struct(blob, 4 * nr);
	for (u32 i = 0; i < nr; i++, at += 4)
		fdt32_st(blob + at, word[i]);
	fdt_set_off_dt_strings(blob, at);
	fdt_set_size_dt_strings(blob, 8);
	memcpy(blob + at, "reg\0abcd", 8);
	fdt_set_totalsize(blob, at + 8);
	if (words)
		tree_fails(words);
	else
		tree_good();
}
#define STRUCTURE(words, ...)                              \
	structure(sizeof((u32[]){ __VA_ARGS__ }) / 4, \
		  (u32[]){ __VA_ARGS__ }, words)

static void broken_structures(void **unused)
{
	static u32 deep[3 * FDT_MAX_DEPTH + 6];
	u32 n = 0;

	STRUCTURE(NULL, 1, 0, 3, 0, 0, 4, 1, 0, 2, 2, 9);
	STRUCTURE("unknown token", 1, 0, 5, 2, 9);
	STRUCTURE("unknown token", 0);
	STRUCTURE("structure without end", 1, 0, 2);
	STRUCTURE("end inside", 9);
	STRUCTURE("end inside", 1, 0, 9);
	STRUCTURE("never began", 1, 0, 2, 2, 9);
	STRUCTURE("more than one root", 1, 0, 2, 1, 0, 2, 9);
	STRUCTURE("root with a name", 1, 0x41000000, 2, 9);
	STRUCTURE("outside of any node", 3, 0, 0, 1, 0, 2, 9);
	STRUCTURE("behind a subnode", 1, 0, 1, 0, 2, 3, 0, 0, 2, 9);
	STRUCTURE("node name without end", 1, 0x41414141, 0x41414141);
	STRUCTURE("property cut off", 1, 0, 3, 0);
	STRUCTURE("value past", 1, 0, 3, 0xffffffff, 0, 2, 9);
	STRUCTURE("value past", 1, 0, 3, 0xfffffffd, 0, 2, 9);
	STRUCTURE("value past", 1, 0, 3, 9, 0, 2, 9);
	STRUCTURE("name outside", 1, 0, 3, 0, 8, 2, 9);
	STRUCTURE("property name without end", 1, 0, 3, 0, 4, 2, 9);

	for (u32 i = 0; i < FDT_MAX_DEPTH + 1; i++) {
		deep[n++] = 1;
		deep[n++] = 0;
	}
	structure(n, deep, "too deep");
	n -= 2;
	for (u32 i = 0; i < FDT_MAX_DEPTH; i++)
		deep[n++] = 2;
	deep[n++] = 9;
	structure(n, deep, NULL);
}

static void too_many_nodes(void **unused)
{
	static u32 word[3 * FDT_MAX_NODES + 4];
	static u8 big[sizeof(word) + 64];
	u32 n = 0;
	const char *reason;

	word[n++] = 1;
	word[n++] = 0;
	for (u32 i = 0; i < FDT_MAX_NODES; i++, n += 3)
		word[n] = 1, word[n + 1] = 0, word[n + 2] = 2;
	STRUCTURE(NULL, 1, 0, 2, 9);
	memcpy(big, blob, 56);
	for (u32 i = 0; i < n; i++)
		fdt32_st(big + 56 + 4 * i, word[i]);
	fdt_set_size_dt_struct(big, 4 * n);
	fdt_set_totalsize(big, sizeof(big));
	assert_int_equal(fdt_parse(&info, &machine, big, BLOB_PA, sizeof(big),
				   &reason),
			 -EINVAL);
	assert_non_null(strstr(reason, "too many nodes"));
}

static void bad_memory(u32 address, u32 size, u32 nr, const char *words)
{
	static const u32 reg[] = { 0xffffffff, 0xffff0000, 0xffff, 0xffff,
				   0xffff, 0xffff };

	tree_start(address, size);
	node("memory");
	text("device_type", "memory");
	cells_of("reg", nr, reg);
	close_nodes(1);
	tree_end();
	tree_fails(words);
}

static void bad_chosen(u32 nr, u32 start, u32 end, const char *words)
{
	u32 cell[] = { end, end, end };

	tree_start(1, 1);
	memory_node();
	node("chosen");
	CELLS("linux,initrd-start", start);
	cells_of("linux,initrd-end", nr, cell);
	close_nodes(1);
	tree_end();
	tree_fails(words);
}

static void bad_device(const char *compatible, const char *words)
{
	tree_start(1, 1);
	node("device");
	text("compatible", compatible);
	text("method", "hvd");
	CELLS("reg", 0x1000, 0x1000);
	close_nodes(1);
	tree_end();
	tree_fails(words);
}

static void broken_nodes(void **unused)
{
	bad_memory(2, 2, 4, "wraps around");
	bad_memory(0, 1, 1, "odd cells");
	bad_memory(3, 1, 4, "odd cells");
	bad_memory(0xffffffff, 0xffffffff, 4, "odd cells");
	bad_memory(2, 2, 5, "whole entries");
	bad_memory(1, 1, 1, "whole entries");
	bad_chosen(3, 1, 2, "odd size");
	bad_chosen(0, 1, 2, "odd size");
	bad_chosen(1, 2, 1, "ends before");
	bad_device("arm,psci-1.0", "neither hvc nor smc");
	bad_device("arm,gic-v3", "GIC without");
	bad_device("arm,gic-400", "GIC without");
	tree_start(1, 1);
	node("x");
	CELLS("#size-cells", 1, 1);
	close_nodes(1);
	tree_end();
	tree_fails("of odd size");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(virt_gicv2),
		cmocka_unit_test(virt_gicv3),
		cmocka_unit_test(virt_el2),
		cmocka_unit_test(virt_numa),
		cmocka_unit_test(memory_and_reservations),
		cmocka_unit_test(map_before_the_tree),
		cmocka_unit_test(devices_behind_a_bus),
		cmocka_unit_test(texts_are_cut),
		cmocka_unit_test(broken_headers),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(broken_structures),
		cmocka_unit_test(too_many_nodes),
		cmocka_unit_test(broken_nodes),
	};

	return cmocka_run_group_tests_name("fdt", tests, NULL, NULL);
}
