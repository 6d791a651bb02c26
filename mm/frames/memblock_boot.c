/* SPDX-License-Identifier: MIT */
/*
 * From the firmware's map to memblock, balanced to the page.
 *
 *   boot map      usable   loader   ACPI tables   NVS, reserved, bad
 *                    │        │          │              │
 *   memory        ───┴────────┴──────────┘              └─ not RAM for us
 *   reserved      page 0, image, modules, kept boot data, ACPI tables
 *   unusable      what the sanitizer dropped, what lies beyond the reach of
 *                 the MMU or of the direct map
 *
 * memblock.firmware = memory.total + unusable, all in whole pages; later the
 * zones split memory.total into reserved + managed (+ deferred), and zone_dump()
 * prints the whole sum.
 */
#include "mm/frames/memblock.h"

#include "arch/mmu.h"
#include "boot/bootinfo.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"

/* First physical address that the kernel cannot use. */
static u64 memblock_reach(void)
{
	u64 limit = (u64)DIRECT_MAP_SIZE;

	return mmu_features.phys_limit ? MIN(limit, mmu_features.phys_limit)
				       : limit;
}

static bool memblock_is_ram(enum range_type type)
{
	return type == RANGE_USABLE || type == RANGE_LOADER ||
	       type == RANGE_ACPI;
}

/* Boot has no answer to a map that memblock cannot hold. */
static void memblock_boot_must(int err, const char *what, u64 start, u64 end)
{
	if (err)
		panic("memblock: cannot note %s %#llx-%#llx (error %d)", what,
		      (unsigned long long)start, (unsigned long long)end, err);
}

static void memblock_add_ram(const struct boot_range *r)
{
	u64 start = ALIGN_UP(r->start, PAGE_SIZE);
	u64 end = ALIGN_DOWN(r->end, PAGE_SIZE);
	u64 stop = MIN(end, memblock_reach());

	if (start >= end)
		return;
	memblock.firmware += end - start;
	if (start < stop)
		memblock_boot_must(memblock_add(&memblock, start, stop - start,
						0),
				   "RAM", start, stop);
	else
		stop = start;
	memblock.unusable += end - stop;
	if (r->type == RANGE_ACPI && start < stop)
		memblock_boot_must(memblock_reserve(&memblock, start,
						    stop - start),
				   "ACPI tables", start, stop);
}

/* What the boot flow needs to keep, piece by piece. */
static void memblock_for_each_kept(const struct bootinfo *bi,
				   void (*fn)(u64 start, u64 end,
					      const char *what))
{
	u32 i;

	fn(bi->kernel_start, bi->kernel_end, "the kernel image");
	for (i = 0; i < bi->nr_modules; i++)
		fn(bi->module[i].start, bi->module[i].end, bi->module[i].name);
	for (i = 0; i < bi->nr_keep; i++)
		fn(bi->keep[i].start, bi->keep[i].end, "boot data");
}

/* Whole pages around [start, end) are taken. */
static void memblock_keep(u64 start, u64 end, const char *what)
{
	u64 base = ALIGN_DOWN(start, PAGE_SIZE);

	if (start < end)
		memblock_boot_must(memblock_reserve(&memblock, base,
						    ALIGN_UP(end, PAGE_SIZE) -
							    base),
				   what, start, end);
}

/* What is kept must be RAM, or it could not be read through the direct map. */
static void memblock_expect_ram(u64 start, u64 end, const char *what)
{
	u64 at;
	u32 i;

	for (at = start; at < end;) {
		if (!memblock_is_memory(&memblock, at))
			panic("memblock: %s %#llx-%#llx lies outside the RAM "
			      "of the boot map",
			      what, (unsigned long long)start,
			      (unsigned long long)end);
		i = memblock_search(&memblock.memory, at);
		at = memblock_region_end(&memblock.memory.region[i]);
	}
}

static void memblock_check_modules(const struct bootinfo *bi)
{
	const struct boot_module *m;

	for (m = bi->module; m < bi->module + bi->nr_modules; m++)
		if (m->start < bi->kernel_end && bi->kernel_start < m->end)
			panic("memblock: module '%s' %#llx-%#llx overlaps the "
			      "kernel image",
			      m->name, (unsigned long long)m->start,
			      (unsigned long long)m->end);
}

/**
 * memblock_init() - the boot map becomes memory and reservations
 *
 * What is taken is noted before the RAM is: an array that outgrows its static
 * place moves into free RAM, which must not be the loader's data. All
 * allocations stay inside what the boot tables map.
 *
 * Context: boot, once, after bootinfo_sanitize() and mmu_init().
 */
void memblock_init(const struct bootinfo *bi)
{
	u32 i;

	memblock_reset(&memblock);
	memblock.floor = bi->map_start;
	if (bi->map_end)
		memblock.limit = bi->map_end;
	memblock.firmware = ALIGN_DOWN(bi->dropped_bytes, PAGE_SIZE);
	memblock.unusable = memblock.firmware;

	memblock_keep(0, PAGE_SIZE, "page 0");
	memblock_check_modules(bi);
	memblock_for_each_kept(bi, memblock_keep);
	for (i = 0; i < bi->nr_ranges; i++)
		if (memblock_is_ram(bi->range[i].type))
			memblock_add_ram(&bi->range[i]);
	memblock_for_each_kept(bi, memblock_expect_ram);
}

static void memblock_dump_array(const struct memblock_array *a)
{
	const struct memblock_region *r;

	pr_info("memblock: %s: %u ranges, %llu KiB\n", a->name, a->nr,
		(unsigned long long)a->total >> 10);
	for (r = a->region; r < a->region + a->nr; r++)
		pr_info("  0x%012llx-0x%012llx %10llu KiB%s\n",
			(unsigned long long)r->base,
			(unsigned long long)memblock_region_end(r),
			(unsigned long long)r->size >> 10,
			r->flags & MEMBLOCK_NOMAP ? " nomap" : "");
}

/**
 * memblock_dump() - both arrays and the balance, for the boot log
 *
 * Context: any.
 */
void memblock_dump(const struct memblock *mb)
{
	memblock_dump_array(&mb->memory);
	memblock_dump_array(&mb->reserved);
	pr_info("memblock: firmware %llu KiB = memory %llu + unusable %llu\n",
		(unsigned long long)mb->firmware >> 10,
		(unsigned long long)mb->memory.total >> 10,
		(unsigned long long)mb->unusable >> 10);
}
