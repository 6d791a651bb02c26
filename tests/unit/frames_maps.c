/* SPDX-License-Identifier: MIT */
/*
 * Odd machines: the way from a map to free frames, for maps that nobody would
 * build but somebody's firmware describes.
 *
 * Each map boots in a process of its own as far as the page allocator. Then all
 * memory is taken, page by page, and given back; modules are released; and the
 * balance must hold all the time: firmware = reserved + managed + deferred +
 * unusable, every check function silent, no frame twice.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/bootinfo.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/section.h"
#include "mm/frames/slab.h"
#include "mm/tables/kmap.h"
#include "tests/unit/model.h"

struct map {
	const char *name;
	void (*fill)(void);             /* the boot map */
	void (*reserve)(void);          /* more reservations; or NULL */
	bool panics;
	bool release_first;             /* modules, before memory is taken */
};

static void ram(u64 start, u64 end)
{
	EXPECT(!bootinfo_add_range(&bootinfo, start, end - start,
				   RANGE_USABLE));
}

static void module(u64 start, u64 end)
{
	struct boot_module *m = &bootinfo.module[bootinfo.nr_modules++];

	m->start = start;
	m->end = end;
	strcpy(m->name, "module");
}

static void low_ram(u64 end)
{
	ram(0x1000, 0x9f000);
	ram(MIB(1), end);
	bootinfo.kernel_start = MIB(1);
	bootinfo.kernel_end = MIB(2);
}

static void tiny(void)
{
	low_ram(MIB(16));
}

static void unaligned(void)
{
	low_ram(MIB(37) + 0x3123);
	ram(MIB(50) + 1, MIB(90) - 1);
	bootinfo.dropped_bytes = 0x5000;
}

/* The module leaves a section fewer frames than its struct pages take. */
static void filled_section(void)
{
	low_ram(MIB(384));
	module(MIB(128) + 5, MIB(255) - 7);
}

/* ... and the first one, where everything must start. */
static void filled_start(void)
{
	low_ram(MIB(300));
	module(MIB(3), MIB(128));
}

/* Free frames in pairs only: no run for page tables. */
static void pairs(void)
{
	low_ram(MIB(256));
}

static void reserve_pairs(void)
{
	u64 at;

	for (at = MIB(128); at < MIB(256); at += 4 * PAGE_SIZE)
		EXPECT(!memblock_reserve(&memblock, at, 2 * PAGE_SIZE));
}

static void pairs_and_little_else(void)
{
	low_ram(MIB(3) - 0x20000);
	ram(MIB(128), MIB(256));
}

static void islands(void)
{
	u64 at;

	low_ram(MIB(64));
	for (at = MIB(256); at < MIB(2048); at += MIB(128))
		ram(at + 0x7000, at + 0x17000);
}

static void many_ranges(void)
{
	u64 i;

	low_ram(MIB(64));
	for (i = 0; i < 400; i++)
		ram(MIB(70) + i * MIB(1), MIB(70) + i * MIB(1) + 0x81000);
}

/* No RAM below 1 GiB: no low zones, sections far from the first. */
static void high_only(void)
{
	ram(MIB(1024), MIB(1200));
	bootinfo.kernel_start = MIB(1024);
	bootinfo.kernel_end = MIB(1026);
}

static void terabyte(void)
{
	low_ram(MIB(3072));
	ram(MIB(4096), (u64)1 << 40);
}

static void module_nowhere(void)
{
	low_ram(MIB(64));
	module(MIB(100), MIB(101));
}

static void module_on_kernel(void)
{
	low_ram(MIB(64));
	module(MIB(1) + 0x1000, MIB(3));
}

static void image_nowhere(void)
{
	ram(MIB(32), MIB(64));
	bootinfo.kernel_start = MIB(1);
	bootinfo.kernel_end = MIB(2);
}

static void nothing_free(void)
{
	low_ram(MIB(64));
	module(MIB(2), MIB(64));
	bootinfo.range[0].start = bootinfo.range[0].end - 0x1000;
}

static const struct map maps[] = {
	{ .name = "16 MiB", .fill = tiny },
	{ .name = "unaligned ranges", .fill = unaligned },
	{ .name = "a section filled by a module", .fill = filled_section },
	{ .name = "the same, released while it is deferred",
	  .fill = filled_section, .release_first = true },
	{ .name = "the first section filled", .fill = filled_start },
	{ .name = "free frames in pairs", .fill = pairs,
	  .reserve = reserve_pairs },
	{ .name = "pairs, and nothing to borrow",
	  .fill = pairs_and_little_else, .reserve = reserve_pairs },
	{ .name = "islands of 64 KiB", .fill = islands },
	{ .name = "400 ranges", .fill = many_ranges },
	{ .name = "no low memory", .fill = high_only },
	{ .name = "1 TiB", .fill = terabyte },
	{ .name = "a module outside of RAM", .fill = module_nowhere,
	  .panics = true },
	{ .name = "a module over the kernel", .fill = module_on_kernel,
	  .panics = true },
	{ .name = "an image outside of RAM", .fill = image_nowhere,
	  .panics = true },
	{ .name = "nothing free", .fill = nothing_free, .panics = true },
};

static void check_balance(void)
{
	u64 sum = memblock.unusable >> PAGE_SHIFT;
	struct zone *z;

	for (z = zones; z < zones + ZONE_NR; z++) {
		EXPECT_SOUND(zone_check(z));
		sum += z->managed + z->deferred + z->reserved;
	}
	EXPECT_SAME(sum, memblock.firmware >> PAGE_SHIFT);
	EXPECT_SOUND(page_alloc_check());
	EXPECT_SOUND(memblock_check(&memblock));
}

/* Reads every online record, so one without memory behind it would fault. */
static void check_pages(void)
{
	u64 pfn = 0, end = memblock_end_of_ram(&memblock) >> PAGE_SHIFT;
	u64 reserved = sections_reserved_pages(), online = 0;
	struct zone *z;

	while ((pfn = pfn_next_online(pfn, end)) < end) {
		const struct page *page = pfn_to_page(pfn_make(pfn));
		bool is_ram = memblock_is_memory(&memblock, pfn << PAGE_SHIFT);

		EXPECT_SOUND(page_check(page));
		online += page->type == PAGE_RESERVED;
		EXPECT(is_ram || page->type == PAGE_NONE);
		pfn += page->type == PAGE_NONE || page->type == PAGE_RESERVED
			       ? 1
			       : (u64)1 << page->order;
	}
	for (z = zones; z < zones + ZONE_NR; z++)
		online -= z->reserved;
	EXPECT_SAME(online + reserved, 0);
}

/* Takes up to max pages, each once, and gives them back. */
static void take_all(u64 max)
{
	struct list_node taken = LIST_INIT(taken);
	u64 free = zones_free_pages(), deferred = 0, n = 0;
	struct page *page;
	struct zone *z;

	while (n < max && (page = page_alloc(GFP_ATOMIC | GFP_NOWARN, 0))) {
		EXPECT(page->flags == 0);
		page->flags = PG_LOCKED;        /* a second time would show */
		*(u64 *)page_to_virt(page) = n++;
		list_push_back(&taken, &page->list);
	}
	for (z = zones; z < zones + ZONE_NR; z++)
		deferred += z->deferred;
	/* Frames of a section that does not pay stay deferred. */
	EXPECT(n >= MIN(max, (free - deferred) / 2));
	check_balance();
	check_pages();
	while (!list_empty(&taken)) {
		page = list_first(&taken, struct page, list);
		list_remove(&page->list);
		page_free(page, 0);
	}
	page_alloc_drain(-1);
	check_balance();
}

static void release_modules(void)
{
	u32 i;

	for (i = 0; i < bootinfo.nr_modules; i++) {
		u64 start = bootinfo.module[i].start;
		u64 end = bootinfo.module[i].end;
		u64 free = zones_free_pages();
		u64 nr = page_release_reserved(pa_make(start), pa_make(end));

		EXPECT_SAME(nr, (ALIGN_DOWN(end, PAGE_SIZE) -
				 ALIGN_UP(start, PAGE_SIZE)) >>
					PAGE_SHIFT);
		EXPECT_SAME(zones_free_pages(), free + nr);
		check_balance();
	}
}

static void boot_map(const struct map *map)
{
	const char *why;

	host_machine_init((u64)1 << 40);
	cmdline_init("");
	printk_set_level(LOG_ERR);
	map->fill();
	cpu_init();
	if (bootinfo_sanitize(&bootinfo, &why))
		panic("boot map: %s", why);
	mmu_init();
	memblock_init(&bootinfo);
	if (map->reserve)
		map->reserve();
	kmap_init();
	zone_init();
	page_alloc_init();
	slab_init();
}

static void run_map(const struct map *map)
{
	host_console_muted = map->panics;
	boot_map(map);
	check_balance();
	check_pages();
	if (map->release_first)
		release_modules();
	take_all(60000);
	if (!map->release_first)
		release_modules();
	take_all(100000);
}

int main(void)
{
	const struct map *map;
	int status, failed = 0;

	for (map = maps; map < maps + array_size(maps); map++) {
		pid_t child;

		fflush(stdout);
		child = fork();
		if (child == 0) {
			run_map(map);
			fflush(stdout);
			exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 1;
		if ((status != 0) != map->panics)
			failed++;
		printf("%sok - %s%s\n",
		       (status != 0) == map->panics ? "" : "not ", map->name,
		       map->panics ? ": refused" : "");
	}
	return failed != 0;
}
