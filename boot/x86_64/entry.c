/* SPDX-License-Identifier: MIT */
/*
 * The first C code: what the loader left in memory becomes struct bootinfo.
 *
 * Runs on the boot page tables, where physical memory below BOOT_MAP_SIZE is
 * readable; the loaders of today keep everything there.
 */
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/image.h"
#include "arch/x86_64/tables.h"
#include "boot/acpi.h"
#include "boot/bootinfo.h"
#include "boot/x86_64/loaders.h"
#include "kernel/base/panic.h"
#include "kernel/main.h"

void __noreturn boot_entry(u32 loader, u64 info);

/* [pa, pa + len) of physical memory, if the boot tables reach it. */
static const void *__init boot_map(u64 pa, u64 len)
{
	if (pa == 0 || pa >= BOOT_MAP_SIZE || len > BOOT_MAP_SIZE - pa)
		return NULL;
	return phys_to_virt(pa_make(pa));
}

static int __init boot_parse(u32 loader, u64 info, const char **why)
{
	const void *block = boot_map(info, 8);

	*why = "the loader's information lies out of reach";
	if (!block)
		return -1;
	if (loader == PVH_MAGIC)
		return pvh_parse(&bootinfo, info, boot_map, why);
	return multiboot2_parse(&bootinfo, block, info, BOOT_MAP_SIZE - info,
				why);
}

/**
 * boot_entry() - from start.S: read the loader's information, then kmain()
 *
 * loader is its magic number, info the physical address of its block. A block
 * that cannot be understood ends in one line on the console.
 * Context: boot stack, boot tables, interrupts off.
 */
void __noreturn __init boot_entry(u32 loader, u64 info)
{
	const char *why;

	timer_tsc_start = cpu_timestamp();
	bootinfo.map_end = BOOT_MAP_SIZE;
	bootinfo.kernel_start = image_virt_to_phys(_image_start).v;
	bootinfo.kernel_end = image_virt_to_phys(_image_end).v;
	if (boot_parse(loader, info, &why)) {
		console_early_init();
		panic("boot: %s", why);
	}
	acpi_parse(&acpi_info, &bootinfo, boot_map);
	bootinfo.nr_cpus = acpi_info.nr_cpus;
	kmain();
}
