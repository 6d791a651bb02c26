/* SPDX-License-Identifier: MIT */
/*
 * What the boot says: who we are, what the firmware claims, what we made of
 * it, and what memory management itself costs.
 *
 *	boot_banner   version, loader, command line
 *	boot_map      the firmware's ranges; after sanitizing, if they differ
 *	boot_report   CPU and MMU, zones, the bill, time to here
 *
 * The bill: everything that is neither free nor deferred is kept by the
 * kernel, and every line of it names a cause, so that a change that makes the
 * kernel greedier shows in the first screen.
 */
#include "arch/cpu.h"
#include "arch/image.h"
#include "arch/mmu.h"
#include "arch/timer.h"
#include "boot/bootinfo.h"
#include "kernel/base/kasan.h"
#include "kernel/base/percpu.h"
#include "kernel/base/printk.h"
#include "kernel/main.h"
#include "mm/backing/mapping.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/section.h"
#include "mm/frames/slab.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/vmalloc.h"

static unsigned long long to_kib(u64 bytes)
{
	return bytes >> 10;
}

/** boot_banner() - the first lines. Context: boot, before the map is sane. */
void __init boot_banner(void)
{
	pr_info("Quire, a kernel about memory (gcc %d, %s%s)\n", __GNUC__,
		QUIRE_DEBUG ? "debug" : "optimised",
		QUIRE_KASAN ? ", KASAN and UBSAN" : "");
	pr_info("boot: by %s, command line \"%s\"\n", bootinfo.loader,
		bootinfo.cmdline);
}

static void __init boot_log_ranges(const char *whose)
{
	u64 total = 0;

	for (u32 i = 0; i < bootinfo.nr_ranges; i++) {
		const struct boot_range *r = &bootinfo.range[i];

		pr_info("boot:   0x%012llx-0x%012llx %12llu KiB %s\n",
			(unsigned long long)r->start,
			(unsigned long long)r->end, to_kib(r->end - r->start),
			range_type_name(r->type));
		if (r->type == RANGE_USABLE)
			total += r->end - r->start;
	}
	pr_info("boot: %s: %u ranges, %llu KiB usable\n", whose,
		bootinfo.nr_ranges, to_kib(total));
}

/** boot_map_raw() - the ranges as the firmware gave them. Context: boot. */
void __init boot_map_raw(void)
{
	boot_log_ranges("firmware's map");
}

/** boot_map_sane() - what bootinfo_sanitize() made of them. Context: boot. */
void __init boot_map_sane(void)
{
	boot_log_ranges("map in use");
	if (bootinfo.dropped_bytes)
		pr_warn("boot: too many ranges, %llu KiB not used\n",
			to_kib(bootinfo.dropped_bytes));
	for (u32 i = 0; i < bootinfo.nr_modules; i++)
		pr_info("boot: module \"%s\", %llu KiB\n",
			bootinfo.module[i].name,
			to_kib(bootinfo.module[i].end -
			       bootinfo.module[i].start));
}

static void boot_log_machine(void)
{
	char cpu[128];

	cpu_describe(cpu, sizeof(cpu));
	pr_info("cpu: %s\n", cpu);
	if (bootinfo.nr_cpus > 1)
		pr_info("cpu: %u of %u run\n", bit_count(cpus_online),
			bootinfo.nr_cpus);
	pr_info("mmu: %u levels, leaves 4K%s%s, %u bits of space tag: %s\n",
		mmu_features.levels, mmu_features.leaf_levels & 2 ? " 2M" : "",
		mmu_features.leaf_levels & 4 ? " 1G" : "",
		mmu_features.asid_bits, mmu_features.text);
}

static void boot_log_cost(const char *what, u64 bytes, const char *why)
{
	pr_info("cost: %10llu KiB %-10s %s\n", to_kib(bytes), what, why);
}

static u64 image_data_size(void)
{
	return (u64)(_data_end - _data_start);
}

/* One line for each cause that memory is not free. */
static void boot_log_costs(void)
{
	u64 image = (u64)(_image_end - _image_start);
	u64 init = (u64)(_init_end - _init_start);

	boot_log_cost("image", image - init,
		      "kernel code, constants, data, names");
	boot_log_cost("  data", image_data_size(), "of these");
	boot_log_cost("memmap", memmap_bytes(), "a struct page for each frame");
	boot_log_cost("tables",
		      (pt_nr_tables + pt_nr_boot_tables) << PAGE_SHIFT,
		      "page tables of the kernel");
	boot_log_cost("slab", slab_pages() << PAGE_SHIFT, "kernel objects");
	boot_log_cost("vmalloc", vmalloc_pages() << PAGE_SHIFT,
		      "kernel stacks and large tables");
	boot_log_cost("files", mapping_total_pages << PAGE_SHIFT,
		      "page cache: the initramfs");
}

/**
 * boot_report() - the machine, the zones and the bill
 *
 * Context: thread, when everything is up.
 */
void boot_report(void)
{
	u64 ram = memblock.memory.total;
	u64 free = (zones_free_pages() + page_alloc_pcp_count()) << PAGE_SHIFT;
	u64 kept = ram - free;

	boot_log_machine();
	zone_dump();
	boot_log_costs();
	pr_info("cost: %10llu KiB of %llu KiB RAM not free: %llu.%02llu %%\n",
		to_kib(kept), to_kib(ram),
		(unsigned long long)(kept * 100 / ram),
		(unsigned long long)(kept * 10000 / ram % 100));
	pr_info("boot: ready after %llu us\n",
		(unsigned long long)timer_now() / 1000);
}
