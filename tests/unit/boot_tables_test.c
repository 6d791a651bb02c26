/* SPDX-License-Identifier: MIT */
/*
 * The readers that follow pointers through physical memory: PVH's start info
 * and the static ACPI tables, sound and with one thing wrong each.
 */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "boot/acpi.h"
#include "tests/unit/boot_oracle.h"

static struct bootinfo info;
static const char *why;

static void tables_start_over(void)
{
	memset(&info, 0, sizeof(info));
	why = NULL;
	phys_forget();
}

static void tables_fail_with(const char *text)
{
	if (!strstr(why, text))
		fail_msg("'%s' is not about '%s'", why, text);
}

/* ---- PVH ------------------------------------------------------------------------------ */

static void pvh_start(u32 version, u32 nr_modules, u64 modules, u64 map,
		      u32 nr_ranges)
{
	u32 head[] = { 0x336ec578, version, 0, nr_modules };
	u64 tail[] = { modules, PHYS_BASE + 0x800, 0x12340, map, nr_ranges };

	tables_start_over();
	memset(phys_memory, 0, sizeof(phys_memory));
	memcpy(phys_at(PHYS_BASE), head, sizeof(head));
	memcpy((u8 *)phys_at(PHYS_BASE) + 16, tail, sizeof(tail));
	strcpy(phys_at(PHYS_BASE + 0x800), "one two");
	memcpy(phys_at(PHYS_BASE + 0x1000), (u64[]){ 0x100000, 0x100000, 1 },
	       24);
	memcpy(phys_at(PHYS_BASE + 0x2000), (u64[]){ 0x180000, 0x1000, 0, 0 },
	       32);
}

static void pvh_blocks(void **unused)
{
	const u64 map = PHYS_BASE + 0x1000, modules = PHYS_BASE + 0x2000;

	pvh_start(1, 1, modules, map, 1);
	assert_int_equal(pvh_parse(&info, PHYS_BASE, phys_map, &why), 0);
	assert_string_equal(info.cmdline, "one two");
	assert_int_equal(info.rsdp, 0x12340);
	assert_int_equal(info.module[0].start, 0x180000);
	assert_int_equal(bootinfo_sanitize(&info, &why), 0);
	assert_int_equal(info.nr_keep, 0);      /* all of it outside this RAM */

	pvh_start(0, 0, 0, map, 1);
	assert_int_not_equal(pvh_parse(&info, PHYS_BASE, phys_map, &why), 0);
	tables_fail_with("no memory map");
	pvh_start(1, 0, 0, map, 5000);
	assert_int_not_equal(pvh_parse(&info, PHYS_BASE, phys_map, &why), 0);
	tables_fail_with("absurd");
	pvh_start(1, 0, 0, PHYS_BASE + PHYS_SIZE - 8, 1);
	assert_int_not_equal(pvh_parse(&info, PHYS_BASE, phys_map, &why), 0);
	tables_fail_with("out of reach");
	pvh_start(1, 9, modules, map, 1);
	assert_int_not_equal(pvh_parse(&info, PHYS_BASE, phys_map, &why), 0);
	tables_fail_with("more modules");
	pvh_start(1, 1, ~(u64)0 - 8, map, 1);
	assert_int_not_equal(pvh_parse(&info, PHYS_BASE, phys_map, &why), 0);
	tables_fail_with("out of reach");
	assert_int_not_equal(pvh_parse(&info, 0, phys_map, &why), 0);
	tables_fail_with("out of reach");
	memset(phys_memory, 0, 4);
	assert_int_not_equal(pvh_parse(&info, PHYS_BASE, phys_map, &why), 0);
	tables_fail_with("magic");
}

/* ---- ACPI ------------------------------------------------------------------------------ */

static u8 *acpi_table_at(u64 pa, const char *signature, u32 len)
{
	u8 *t = phys_at(pa);

	memset(t, 0, len);
	memcpy(t, signature, 4);
	memcpy(t + 4, &len, 4);
	return t;
}

/* RSDP → RSDT → MADT with one CPU, one I/O APIC, one override. */
static void acpi_start(void)
{
	static const u8 entries[] = {
		0, 8, 0, 5, 1, 0, 0, 0,                         /* CPU, id 5 */
		1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,      /* I/O APIC */
		2, 10, 0, 0, 2, 0, 0, 0, 0xd, 0,                /* 0 at pin 2 */
	};
	u32 rsdt = PHYS_BASE + 0x100, madt = PHYS_BASE + 0x200;
	u8 *t;

	tables_start_over();
	memset(phys_memory, 0, sizeof(phys_memory));
	memcpy(info.rsdp_copy, "RSD PTR ", 8);
	memcpy(info.rsdp_copy + 16, &rsdt, 4);
	seal(info.rsdp_copy, 20, 8);
	t = acpi_table_at(rsdt, "RSDT", 40);
	memcpy(t + 36, &madt, 4);
	seal(t, 40, 9);
	t = acpi_table_at(madt, "APIC", 44 + sizeof(entries));
	memcpy(t + 36, &(u32){ 0xfee00000 }, 4);
	memcpy(t + 44, entries, sizeof(entries));
	seal(t, 44 + sizeof(entries), 9);
}

static void acpi_tables(void **unused)
{
	struct acpi_info acpi;
	u8 *madt = phys_at(PHYS_BASE + 0x200);

	acpi_start();
	acpi_parse(&acpi, &info, phys_map);
	assert_true(acpi.found);
	assert_int_equal(acpi.local_apic, 0xfee00000);
	assert_int_equal(acpi.nr_cpus, 1);
	assert_int_equal(acpi.cpu[0], 5);
	assert_int_equal(acpi.nr_ioapics, 1);
	assert_int_equal(acpi.ioapic[0].address, 0xfec00000);
	assert_int_equal(acpi.nr_overrides, 1);
	assert_int_equal(acpi.override[0].line, 2);

	madt[50]++;                             /* broken sum: not believed */
	acpi_parse(&acpi, &info, phys_map);
	assert_true(acpi.found);
	assert_int_equal(acpi.nr_cpus, 0);

	acpi_start();
	madt[44 + 8 + 1] = 0;                   /* an entry of length 0 */
	seal(madt, 44 + 30, 9);
	acpi_parse(&acpi, &info, phys_map);
	assert_int_equal(acpi.nr_cpus, 1);
	assert_int_equal(acpi.nr_ioapics, 0);

	acpi_start();
	info.rsdp_copy[3] = 'x';
	acpi_parse(&acpi, &info, phys_map);
	assert_false(acpi.found);
	phys_forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pvh_blocks),
		cmocka_unit_test(acpi_tables),
	};

	return cmocka_run_group_tests_name("boot_tables", tests, NULL, NULL);
}
