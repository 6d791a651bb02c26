/* SPDX-License-Identifier: MIT */
/*
 * ACPI for AArch64: QEMU's own tables (corpus), which must tell the same
 * machine as QEMU's device trees, and tables with one thing changed each.
 */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/acpi_arm.h"
#include "boot/fdt.h"
#include "lib/errno.h"
#include "tests/unit/boot_oracle.h"

#define CORPUS "tests/unit/corpus/"
#define XSDT   (PHYS_BASE + 0x100)
#define TABLES (PHYS_BASE + 0x1000)
#define MADT_HEAD 44

static struct bootinfo info;
static struct platform machine, tree;
static const char *why;
static u32 tables_end;                  /* offset behind the last table */

/* ---- tables in memory ------------------------------------------------------------- */

/* RSDP and XSDT (or RSDT) of all tables from TABLES on. */
static void tables_list(bool old)
{
	u8 *list = phys_at(XSDT), *rsdp = info.rsdp_copy;
	u32 at, nr = 0, size = old ? 4 : 8;

	memset(rsdp, 0, sizeof(info.rsdp_copy));
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = old ? 0 : 2;
	if (old)
		put32(rsdp + 16, XSDT);
	else
		put64(rsdp + 24, XSDT);
	seal(rsdp, 20, 8);
	memset(list, 0, 256);
	for (at = 0; at < tables_end; nr++) {
		u8 *table = (u8 *)phys_at(TABLES) + at;
		u64 pa = TABLES + at;

		memcpy(list + 36 + size * nr, &pa, size);
		at += ALIGN_UP(get32(table + 4), 8);
	}
	memcpy(list, old ? "RSDT" : "XSDT", 4);
	put32(list + 4, 36 + size * nr);
	seal(list, 36 + size * nr, 9);
}

static void tables_start(void)
{
	phys_forget();
	memset(&info, 0, sizeof(info));
	memset(phys_memory, 0, sizeof(phys_memory));
	tables_end = 0;
}

static u8 *table_add(const void *table, u32 len)
{
	u8 *at = (u8 *)phys_at(TABLES) + tables_end;

	memcpy(at, table, len);
	tables_end += ALIGN_UP(len, 8);
	return at;
}

/* All tables of one machine, in a row as in the file. */
static void tables_load(const char *name)
{
	static u8 bytes[8192];
	char path[64];
	size_t size, at;
	FILE *f;

	snprintf(path, sizeof(path), CORPUS "virt-%s.acpi", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	size = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	tables_start();
	for (at = 0; at < size; at += get32(bytes + at + 4))
		table_add(bytes + at, get32(bytes + at + 4));
	assert_int_equal(at, size);
	tables_list(false);
}

static u8 *table_find(const char *signature)
{
	u8 *tables = phys_at(TABLES);

	for (u32 at = 0; at < tables_end;
	     at += ALIGN_UP(get32(tables + at + 4), 8))
		if (!memcmp(tables + at, signature, 4))
			return tables + at;
	fail_msg("no table %s", signature);
	return NULL;
}

static void table_seal(u8 *table)
{
	seal(table, get32(table + 4), 9);
}

static int tables_parse(void)
{
	int err = acpi_arm_parse(&info, &machine, phys_map, &why);

	phys_forget();
	assert_int_equal(machine.found, !err);
	if (err) {
		assert_int_equal(err, -EINVAL);
		assert_non_null(strstr(why, "acpi: "));
	} else if (platform_check(&machine)) {
		fail_msg("%s", platform_check(&machine));
	}
	return err;
}

static void tables_good(void)
{
	if (tables_parse())
		fail_msg("refused: %s", why);
}

static void tables_fail(const char *text)
{
	assert_int_not_equal(tables_parse(), 0);
	if (!strstr(why, text))
		fail_msg("'%s' is not about '%s'", why, text);
}

/* ---- the same machine as in the device tree ----------------------------------------- */

static void tree_load(const char *name)
{
	static struct bootinfo unused;
	static u8 blob[16384];
	char path[64];
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), CORPUS "virt-%s.dtb", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	size = fread(blob, 1, sizeof(blob), f);
	fclose(f);
	memset(&unused, 0, sizeof(unused));
	if (fdt_parse(&unused, &tree, blob, PHYS_BASE, size, &why))
		fail_msg("%s", why);
}

static void same_machine(void)
{
	assert_int_equal(info.nr_cpus, tree.nr_cpus);
	assert_int_equal(machine.nr_cpus, tree.nr_cpus);
	assert_memory_equal(machine.cpu, tree.cpu, sizeof(tree.cpu));
	assert_int_equal(machine.psci, tree.psci);
	assert_int_equal(machine.psci_cpu_on, tree.psci_cpu_on);
	assert_int_equal(machine.gic_version, tree.gic_version);
	assert_int_equal(machine.gic_dist.start, tree.gic_dist.start);
	assert_true(machine.gic_dist.end <= tree.gic_dist.end);
	assert_int_equal(machine.gic_cpu.start, tree.gic_cpu.start);
	assert_true(machine.gic_cpu.end <= tree.gic_cpu.end);
	assert_int_equal(machine.nr_redists, tree.nr_redists);
	assert_memory_equal(machine.gic_redist, tree.gic_redist,
			    sizeof(tree.gic_redist));
	assert_memory_equal(machine.timer, tree.timer, sizeof(tree.timer));
	assert_memory_equal(&machine.uart, &tree.uart, sizeof(tree.uart));
	assert_memory_equal(&machine.uart_irq, &tree.uart_irq,
			    sizeof(tree.uart_irq));
}

static void as_the_tree_says(void **unused)
{
	static const char *const names[] = { "gicv2", "gicv3", "el2", "numa" };

	for (u32 i = 0; i < array_size(names); i++) {
		tree_load(names[i]);
		tables_load(names[i]);
		tables_good();
		same_machine();
		tables_list(true);              /* 32 bits wide */
		tables_good();
		same_machine();
	}
	assert_int_equal(machine.nr_memory, 2);
	assert_int_equal(machine.memory[0].start, 0x40000000);
	assert_int_equal(machine.memory[1].end, 0x70000000);
	assert_int_equal(machine.memory[1].numa, 1);
}

/* ---- tables that are missing or broken ----------------------------------------------- */

static void broken_sums(void **unused)
{
	tables_load("gicv3");
	table_find("GTDT")[60] ^= 1;
	tables_good();
	assert_int_equal(machine.timer[TIMER_IRQ_PHYS].line, 0);
	assert_int_equal(machine.uart.start, 0x9000000);
	table_find("SPCR")[60] ^= 1;
	tables_good();
	assert_int_equal(machine.uart.end, 0);
	assert_int_equal(machine.uart_irq.line, 0);
	assert_int_equal(machine.psci, PSCI_HVC);
	table_find("FACP")[60] ^= 1;
	tables_good();
	assert_int_equal(machine.psci, PSCI_NONE);
	assert_int_equal(machine.cpu[1].enable, CPU_ENABLE_NONE);
	table_find("APIC")[60] ^= 1;
	tables_fail("no MADT");
	((u8 *)phys_at(XSDT))[40] ^= 1;
	tables_fail("no list");
	tables_list(false);
	info.rsdp_copy[0] = 'x';
	tables_fail("no list");
	tables_start();
	tables_fail("no list");
}

/* Every table cut at every byte, with a right sum: nothing is read behind it. */
static void cut_tables(void **unused)
{
	static const char *const names[] = { "APIC", "GTDT", "SPCR", "FACP",
					     "SRAT" };

	for (u32 i = 0; i < array_size(names); i++) {
		u32 len, full;

		tables_load("numa");
		full = get32(table_find(names[i]) + 4);
		for (len = 0; len < full; len++) {
			tables_load("numa");
			put32(table_find(names[i]) + 4, len);
			if (len >= 10)
				seal(table_find(names[i]), len, 9);
			if (tables_parse())
				assert_int_equal(i, 0);
		}
	}
}

/* ---- MADTs made here -------------------------------------------------------------------- */

static u8 madt[8192];
static u32 madt_len;

static void madt_start(void)
{
	memset(madt, 0, sizeof(madt));
	memcpy(madt, "APIC", 4);
	madt_len = MADT_HEAD;
}

static u8 *madt_add(u8 type, u8 len)
{
	u8 *at = madt + madt_len;

	at[0] = type;
	at[1] = len;
	madt_len += len;
	return at;
}

static void madt_cpu(u64 mpidr, u32 flags, u64 gicc, u64 gicr)
{
	u8 *at = madt_add(11, 80);

	put32(at + 8, (u32)mpidr);
	put32(at + 12, flags);
	put64(at + 32, gicc);
	put64(at + 60, gicr);
	put64(at + 68, mpidr);
}

static void madt_dist(u64 address, u8 version)
{
	u8 *at = madt_add(12, 24);

	put64(at + 8, address);
	at[20] = version;
}

static void madt_redist(u64 address, u32 len)
{
	u8 *at = madt_add(14, 16);

	put64(at + 4, address);
	put32(at + 12, len);
}

static void madt_use(void)
{
	put32(madt + 4, madt_len);
	table_seal(madt);
	tables_start();
	table_add(madt, madt_len);
	tables_list(false);
}

static void madt_good(void)
{
	madt_use();
	tables_good();
}

static void madt_fails(const char *text)
{
	madt_use();
	tables_fail(text);
}

static void redists_of_cpus(void **unused)
{
	madt_start();
	for (u32 i = 0; i < 4; i++)
		madt_cpu(i << 8, 1, 0, 0x2000000 + 0x20000 * i);
	madt_cpu(0x10000, 1, 0, 0x4000000);
	madt_dist(0x1000000, 3);
	madt_good();
	assert_int_equal(machine.nr_redists, 2);
	assert_int_equal(machine.gic_redist[0].start, 0x2000000);
	assert_int_equal(machine.gic_redist[0].end, 0x2080000);
	assert_int_equal(machine.gic_redist[1].end, 0x4020000);

	madt_dist(0x9000000, 4);                /* a second one: not ours */
	madt_good();
	assert_int_equal(machine.gic_dist.start, 0x1000000);

	madt_redist(0x8000000, 0x40000);        /* a list: the only truth */
	madt_good();
	assert_int_equal(machine.nr_redists, 1);
	assert_int_equal(machine.gic_redist[0].start, 0x8000000);

	madt_start();
	madt_dist(0x1000000, 4);                /* twice as long each */
	madt_cpu(0, 1, 0, 0x2000000);
	madt_cpu(1, 1, 0, 0x2040000);
	madt_good();
	assert_int_equal(machine.gic_version, 3);
	assert_int_equal(machine.nr_redists, 1);
	assert_int_equal(machine.gic_redist[0].end, 0x2080000);
}

static void gic_versions(void **unused)
{
	static const struct {
		u8 version;
		u64 gicc, gicr;
		u32 want;
	} cases[] = {
		{ 0, 0x2000, 0, 2 },	     { 0, 0, 0x20000, 3 },
		{ 0, 0x2000, 0x20000, 3 },   { 0, 0, 0, 0 },
		{ 1, 0x2000, 0, 0 },	     { 2, 0x2000, 0, 2 },
		{ 2, 0x2000, 0x20000, 2 },   { 2, 0, 0x20000, 0 },
		{ 3, 0x2000, 0x20000, 3 },   { 3, 0x2000, 0, 0 },
		{ 4, 0, 0x20000, 3 },	     { 5, 0x2000, 0x20000, 0 },
		{ 255, 0x2000, 0x20000, 0 },
	};

	for (u32 i = 0; i < array_size(cases); i++) {
		madt_start();
		madt_dist(0x1000, cases[i].version);
		madt_cpu(0, 1, cases[i].gicc, cases[i].gicr);
		if (!cases[i].want) {
			madt_fails("without a GIC");
			continue;
		}
		madt_good();
		assert_int_equal(machine.gic_version, cases[i].want);
		assert_int_equal(machine.gic_cpu.end,
				 cases[i].want == 2 ? 0x4000 : 0);
		assert_int_equal(machine.nr_redists, cases[i].want == 3);
		assert_int_equal(machine.gic_dist.end - machine.gic_dist.start,
				 cases[i].want == 2 ? 0x1000 : 0x10000);
	}
}

static void odd_madts(void **unused)
{
	madt_start();
	madt_fails("without CPUs");
	madt_dist(0x1000, 2);
	madt_cpu(7, ~9u, 0x2000, 0);            /* neither on nor startable */
	madt_fails("without CPUs");
	madt_cpu(0x8100000203, 8, 0x2000, 0);   /* startable; other bits */
	madt_good();
	assert_int_equal(machine.nr_cpus, 1);
	assert_int_equal(machine.cpu[0].mpidr, 0x8100000203);
	assert_int_equal(machine.cpu[0].numa, PLATFORM_NO_NUMA);

	madt_start();
	madt_cpu(0xff00000000000001, 1, 0x2000, 0);
	madt_fails("without a GIC");
	madt_dist(~(u64)0xfff, 2);              /* wraps around */
	madt_fails("without a GIC");
	madt_dist(0x1000, 2);
	madt_good();
	assert_int_equal(machine.cpu[0].mpidr, 1);

	madt_start();
	madt_add(200, 2);                       /* unknown, and empty */
	madt_dist(0x1000, 2);
	madt_cpu(1, 1, 0x2000, 0);
	madt_add(11, 40);                       /* of ACPI 5.0: no MPIDR */
	madt_cpu(2, 1, 0x2000, 0);
	madt_good();
	assert_int_equal(machine.nr_cpus, 2);
	madt_add(11, 80)[1] = 0;                /* the end of all sense */
	madt_cpu(3, 1, 0x2000, 0);
	madt_good();
	assert_int_equal(machine.nr_cpus, 2);
}

/* Entries shorter than their type wants, with the table's end behind them. */
static void short_entries(void **unused)
{
	static const struct { u8 type, len; } cases[] = { { 11, 76 },
							  { 12, 24 },
							  { 14, 16 } };

	for (u32 i = 0; i < array_size(cases); i++)
		for (u8 len = 2; len < cases[i].len; len++) {
			madt_start();
			madt_cpu(1, 1, 0x2000, 0);
			memset(madt_add(cases[i].type, len) + 2, 0x55, len - 2);
			madt_fails("without a GIC");
			assert_int_equal(machine.nr_cpus, 1);
			assert_int_equal(machine.gic_dist.end, 0);
			assert_int_equal(machine.nr_redists, 0);
		}
}

static void short_affinities(void **unused)
{
	static const struct { u8 type, len; } cases[] = { { 1, 40 },
							  { 3, 18 } };

	for (u32 i = 0; i < array_size(cases); i++)
		for (u8 len = 2; len < cases[i].len; len++) {
			u8 srat[48 + 40] = "SRAT";

			put32(srat + 4, 48 + len);
			memset(srat + 48, 1, len);
			srat[48] = cases[i].type;
			srat[49] = len;
			tables_load("gicv3");
			table_seal(table_add(srat, 48 + len));
			tables_list(false);
			tables_good();
			assert_int_equal(machine.nr_memory, 0);
			assert_int_equal(machine.cpu[0].numa, PLATFORM_NO_NUMA);
		}
}

static void more_than_fits(void **unused)
{
	madt_start();
	madt_dist(0x1000, 3);
	for (u32 i = 0; i < PLATFORM_MAX_CPUS + 6; i++)
		madt_cpu(i, 1, 0, 0x100000 + 0x40000 * i);
	madt_good();
	assert_int_equal(machine.nr_cpus, PLATFORM_MAX_CPUS);
	assert_int_equal(machine.nr_left_out, 6);
	assert_int_equal(machine.nr_redists, PLATFORM_MAX_REDISTS);
}

/* ---- single values ------------------------------------------------------------------------ */

static void timer_lines(void **unused)
{
	static const struct { u32 gsiv, flags, line, want; } cases[] = {
		{ 27, 0, 27, IRQ_HIGH }, { 27, 2, 27, IRQ_LOW },
		{ 27, 1, 27, IRQ_RISING }, { 27, 3, 27, IRQ_FALLING },
		{ 1019, 0, 1019, IRQ_HIGH }, { 15, 0, 0, 0 },
		{ 1020, 0, 0, 0 }, { ~0u, 0, 0, 0 }, { 0, 0, 0, 0 },
	};
	u8 *gtdt;

	for (u32 i = 0; i < array_size(cases); i++) {
		tables_load("gicv3");
		gtdt = table_find("GTDT");
		put32(gtdt + 64, cases[i].gsiv);
		put32(gtdt + 68, cases[i].flags);
		table_seal(gtdt);
		tables_good();
		assert_int_equal(machine.timer[TIMER_IRQ_VIRT].line,
				 cases[i].line);
		assert_int_equal(machine.timer[TIMER_IRQ_VIRT].flags,
				 cases[i].want);
	}
}

/* Revision 3 of GTDT has a fifth line behind the old end. */
static void hyp_virt_line(void **unused)
{
	u8 gtdt[104];

	madt_start();
	madt_dist(0x1000, 2);
	madt_cpu(0, 1, 0x2000, 0);
	madt_use();
	memset(gtdt, 0, sizeof(gtdt));
	memcpy(gtdt, "GTDT", 4);
	put32(gtdt + 4, sizeof(gtdt));
	gtdt[8] = 3;
	put32(gtdt + 96, 28);
	table_seal(table_add(gtdt, sizeof(gtdt)));
	tables_list(false);
	tables_good();
	assert_int_equal(machine.timer[TIMER_IRQ_HYP_VIRT].line, 28);
	assert_int_equal(machine.timer[TIMER_IRQ_HYP].line, 0);
	gtdt[8] = 2;
	madt_use();
	table_seal(table_add(gtdt, sizeof(gtdt)));
	tables_list(false);
	tables_good();
	assert_int_equal(machine.timer[TIMER_IRQ_HYP_VIRT].line, 0);
}

static void consoles(void **unused)
{
	for (u32 type = 0; type < 256; type++) {
		bool ours = type == 3 || type == 13 || type == 14;
		u8 *spcr;

		tables_load("gicv2");
		spcr = table_find("SPCR");
		spcr[36] = (u8)type;
		table_seal(spcr);
		tables_good();
		assert_int_equal(machine.uart.start, ours ? 0x9000000 : 0);
		assert_int_equal(machine.uart_irq.line, ours ? 33 : 0);
		spcr[52] = 1;                   /* a line of a PC's */
		table_seal(spcr);
		tables_good();
		assert_int_equal(machine.uart_irq.line, 0);
		spcr[40] = 1;                   /* I/O ports */
		table_seal(spcr);
		tables_good();
		assert_int_equal(machine.uart.end, 0);
	}
}

static void psci_flags(void **unused)
{
	static const enum psci_conduit want[] = { PSCI_NONE, PSCI_SMC,
						  PSCI_NONE, PSCI_HVC };

	for (u32 flags = 0; flags < 4; flags++) {
		u8 *fadt;

		tables_load("gicv2");
		fadt = table_find("FACP");
		fadt[129] = (u8)flags;
		table_seal(fadt);
		tables_good();
		assert_int_equal(machine.psci, want[flags]);
		assert_int_equal(machine.cpu[3].enable,
				 want[flags] ? CPU_ENABLE_PSCI
					     : CPU_ENABLE_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_tree_says),
		cmocka_unit_test(broken_sums),
		cmocka_unit_test(cut_tables),
		cmocka_unit_test(redists_of_cpus),
		cmocka_unit_test(gic_versions),
		cmocka_unit_test(odd_madts),
		cmocka_unit_test(short_entries),
		cmocka_unit_test(short_affinities),
		cmocka_unit_test(more_than_fits),
		cmocka_unit_test(timer_lines),
		cmocka_unit_test(hyp_virt_line),
		cmocka_unit_test(consoles),
		cmocka_unit_test(psci_flags),
	};

	return cmocka_run_group_tests_name("acpi_arm", tests, NULL, NULL);
}
