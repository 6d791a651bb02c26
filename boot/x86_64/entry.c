/* SPDX-License-Identifier: MIT */
/*
 * The first C code: what the loader left in memory becomes struct bootinfo.
 *
 * Runs on the boot page tables, where physical memory below BOOT_MAP_SIZE is
 * readable; the loaders of today keep everything there.
 *
 * A page below 1 MiB is set aside for the other CPUs, which begin in 16-bit
 * mode and get further from there by trampoline.S.
 */
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/image.h"
#include "arch/timer.h"
#include "arch/x86_64/tables.h"
#include "boot/acpi.h"
#include "boot/bootinfo.h"
#include "boot/x86_64/loaders.h"
#include "kernel/base/panic.h"
#include "kernel/main.h"

#define LOW_PAGES_START 0x8000
#define LOW_PAGES_END   0xa0000

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

static bool __init boot_overlaps(u64 start, u64 end, u64 page)
{
	return start < page + PAGE_SIZE && page < end;
}

/* Is all of the page RAM, by the raw map, without anything of the loader's? */
static bool __init boot_page_is_free(u64 page)
{
	const struct bootinfo *bi = &bootinfo;
	bool usable = false;
	u32 i;

	for (i = 0; i < bi->nr_ranges; i++) {
		const struct boot_range *r = &bi->range[i];

		if (!boot_overlaps(r->start, r->end, page))
			continue;
		if (r->type != RANGE_USABLE)
			return false;
		usable |= r->start <= page && page + PAGE_SIZE <= r->end;
	}
	for (i = 0; i < bi->nr_keep; i++)
		if (boot_overlaps(bi->keep[i].start, bi->keep[i].end, page))
			return false;
	for (i = 0; i < bi->nr_modules; i++)
		if (boot_overlaps(bi->module[i].start, bi->module[i].end, page))
			return false;
	return usable;
}

/* The lowest pages belong to BIOSes that write there when nobody looks. */
static void __init boot_find_low_page(void)
{
	u64 page;

	if (bootinfo.nr_cpus < 2 || bootinfo.nr_keep == BOOT_MAX_MODULES)
		return;
	for (page = LOW_PAGES_START; page < LOW_PAGES_END; page += PAGE_SIZE)
		if (boot_page_is_free(page)) {
			bootinfo_keep(&bootinfo, page, PAGE_SIZE);
			smp_low_page = page;
			return;
		}
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

	timer_clock.start = cpu_timestamp();
	bootinfo.map_end = BOOT_MAP_SIZE;
	bootinfo.kernel_start = image_virt_to_phys(_image_start).v;
	bootinfo.kernel_end = image_virt_to_phys(_image_end).v;
	if (boot_parse(loader, info, &why)) {
		console_early_init();
		panic("boot: %s", why);
	}
	acpi_parse(&acpi_info, &bootinfo, boot_map);
	bootinfo.nr_cpus = acpi_info.nr_cpus;
	boot_find_low_page();
	kmain();
}
