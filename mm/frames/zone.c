/* SPDX-License-Identifier: MIT */
/*
 * Zones: their borders, their counts, their marks.
 *
 *   present = managed + deferred + reserved [Z2]
 *
 *   zone_init         reserved = what memblock says is taken, deferred = the rest
 *   section_online    deferred ─► managed, and a little to reserved (struct pages)
 *   zone_release      reserved ─► managed
 *
 * The marks are Linux's, so that its figures can be compared:
 * min_free_kbytes = 4 * sqrt(KiB of RAM) in [128, 65536], shared out between
 * the zones by size; LOW = 5/4 MIN, HIGH = 3/2 MIN; protection = 1/256 of
 * the zones above. [Gorman04, chapter 2.2]
 */
#include "mm/frames/zone.h"

#include "kernel/base/kasan.h"
#include "kernel/base/printk.h"
#include "mm/frames/buddy.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/page_debug.h"
#include "mm/frames/section.h"

#define ZONE_PROTECT_RATIO 256          /* Linux: lowmem_reserve_ratio */

static_assert(ZONE_DMA_END % ((u64)PAGE_SIZE << MAX_ORDER) == 0 &&
		      ZONE_DMA32_END % ((u64)PAGE_SIZE << MAX_ORDER) == 0,
	      "no largest block may lie across two zones");

struct zone zones[ZONE_NR];

static const char *const zone_names[ZONE_NR] = { "DMA", "DMA32", "Normal" };

/** zone_border() - the first frame number above zone id, by the machine's plan. */
u64 zone_border(enum zone_id id)
{
	switch (id) {
	case ZONE_DMA:
		return (u64)ZONE_DMA_END >> PAGE_SHIFT;
	case ZONE_DMA32:
		return (u64)ZONE_DMA32_END >> PAGE_SHIFT;
	default:
		return ~(u64)0 >> PAGE_SHIFT;
	}
}

/** zone_of_pfn() - see zone.h. Any context. */
struct zone *zone_of_pfn(u64 pfn)
{
	struct zone *zone = zones;

	while (pfn >= zone_border(zone->id))
		zone++;
	return zone;
}

/* ---- sizes ---------------------------------------------------------------- */

static void zone_count_present(struct zone *zone, u64 from, u64 to)
{
	const struct memblock_region *r = memblock.memory.region;
	u32 i;

	for (i = 0; i < memblock.memory.nr; i++, r++) {
		u64 start = MAX(DIV_ROUND_UP(r->base, PAGE_SIZE), from);
		u64 end = MIN(memblock_region_end(r) >> PAGE_SHIFT, to);

		if (start >= end)
			continue;
		if (!zone->present)
			zone->start_pfn = start;
		zone->end_pfn = end;
		zone->present += end - start;
	}
}

static void zone_count_free(struct zone *zone)
{
	u64 pos = 0, start, end;

	while (memblock_next_free(&memblock, &pos, &start, &end,
				  zone->start_pfn << PAGE_SHIFT,
				  zone->end_pfn << PAGE_SHIFT)) {
		start = DIV_ROUND_UP(start, PAGE_SIZE);
		end >>= PAGE_SHIFT;
		if (start < end)
			zone->deferred += end - start;
	}
	zone->reserved = zone->present - zone->deferred;
}

static void zone_init_one(enum zone_id id)
{
	struct zone *zone = &zones[id];
	unsigned int o;

	*zone = (struct zone){ .name = zone_names[id], .id = id };
	spin_init(&zone->lock, RANK_ZONE);
	for (o = 0; o < NR_ORDERS; o++)
		list_init(&zone->area[o].list);
	zone_count_present(zone, id ? zone_border(id - 1) : 0, zone_border(id));
	zone_count_free(zone);
	/* Linux's values: a thousandth of the zone, at most 32 pages. */
	zone->pcp_batch =
		(u32)MAX(MIN(zone_size_pages(zone) / 1024, (u64)PCP_MAX_BATCH),
			 (u64)1);
	zone->pcp_high = PCP_HIGH_BATCHES * zone->pcp_batch;
}

/**
 * zone_init() - size the zones from memblock and bring in the first section
 *
 * From here on free memory belongs to the buddy or to deferred sections, and
 * memblock does not allocate any more. Panics when no section can come in.
 * Context: boot, once, after kmap_init().
 */
void zone_init(void)
{
	struct zone *zone;
	int id;

	section_init();
	page_debug_init();
	for (id = 0; id < ZONE_NR; id++)
		zone_init_one((enum zone_id)id);
	memblock_hand_over(&memblock);
	zone_set_marks(zone_default_min_free());
	for (zone = zones; zone < zones + ZONE_NR; zone++)
		if (zone_grow(zone) == 0)
			return;
	panic("zone: no section of RAM has room for its struct pages");
}

/** zone_release() - see zone.h. Context: any; takes the zone lock. */
void zone_release(struct zone *zone, pfn_t start, pfn_t end)
{
	u64 nr = end.v - start.v;

	spin_lock(&zone->lock);
	buddy_add_range(zone, start, end);
	zone->reserved -= nr;
	zone->managed += nr;
	spin_unlock(&zone->lock);
}

static struct page *zone_try_reserve(struct zone *zone, unsigned int order)
{
	u64 nr = (u64)1 << order, i;
	struct page *page = NULL;

	spin_lock(&zone->lock);
	if (zone->nr_free > zone->mark[MARK_HIGH] + nr)
		page = buddy_alloc(zone, order);
	if (page) {
		for (i = 0; i < nr; i++) {
			page[i].type = PAGE_RESERVED;
			page[i].order = 0;
			page[i].zone = (u8)zone->id;
			page[i].flags = 0;
		}
		zone->managed -= nr;
		zone->reserved += nr;
		zone->nr_alloc += nr;
	}
	spin_unlock(&zone->lock);
	if (page)
		kasan_unpoison(page_to_virt(page), nr * PAGE_SIZE);
	return page;
}

/** zone_reserve_block() - see zone.h. Context: any; takes zone locks. */
struct page *zone_reserve_block(unsigned int order)
{
	struct page *page = NULL;
	int id;

	for (id = ZONE_NR - 1; id >= 0 && !page; id--)
		page = zone_try_reserve(&zones[id], order);
	return page;
}

/* ---- marks ---------------------------------------------------------------- */

/* Largest r with r * r <= x; Newton's method from above. */
static u64 zone_sqrt(u64 x)
{
	u64 r = x, next = (x + 1) / 2;

	while (next < r) {
		r = next;
		next = (r + x / r) / 2;
	}
	return r;
}

/** zone_default_min_free() - min_free_kbytes for this much RAM. */
u64 zone_default_min_free(void)
{
	u64 kib = zones_total_pages() << (PAGE_SHIFT - 10);

	return MAX(MIN(zone_sqrt(16 * kib), (u64)65536), (u64)128);
}

static void zone_set_protection(struct zone *zone)
{
	u64 above = 0;
	int id;

	for (id = zone->id + 1; id < ZONE_NR; id++) {
		above += zone_size_pages(&zones[id]);
		zone->protection[id] = above / ZONE_PROTECT_RATIO;
	}
}

/**
 * zone_set_marks() - share min_free_kbytes out and derive the other marks
 *
 * Context: boot or thread; readers see old or new marks.
 */
void zone_set_marks(u64 min_free_kbytes)
{
	u64 pages = min_free_kbytes >> (PAGE_SHIFT - 10);
	u64 total = MAX(zones_total_pages(), (u64)1);
	struct zone *zone;

	for (zone = zones; zone < zones + ZONE_NR; zone++) {
		/* Half of a zone in reserve would be no allocator any more. */
		u64 min = MIN(pages * zone_size_pages(zone) / total,
			      zone_size_pages(zone) / 2);

		zone->mark[MARK_MIN] = min;
		zone->mark[MARK_LOW] = min + min / 4;
		zone->mark[MARK_HIGH] = min + min / 2;
		zone_set_protection(zone);
	}
}

/* ---- questions ------------------------------------------------------------ */

/** zones_total_pages() - pages that are or can come free; MemTotal. */
u64 zones_total_pages(void)
{
	u64 pages = 0;
	int id;

	for (id = 0; id < ZONE_NR; id++)
		pages += zone_size_pages(&zones[id]);
	return pages;
}

/** zones_free_pages() - free in the buddy or deferred; no per-CPU lists. */
u64 zones_free_pages(void)
{
	u64 pages = 0;
	int id;

	for (id = 0; id < ZONE_NR; id++)
		pages += READ_ONCE(zones[id].nr_free) +
			 READ_ONCE(zones[id].deferred);
	return pages;
}

/**
 * zone_check() - counts, marks and buddy lists of one zone
 *
 * Context: any without the zone lock. Return: NULL, or the broken invariant.
 */
const char *zone_check(struct zone *zone)
{
	const char *why;

	spin_lock(&zone->lock);
	if (zone->managed + zone->deferred + zone->reserved != zone->present)
		why = "[Z2] zone: managed + deferred + reserved != present";
	else if (zone->nr_free > zone->managed)
		why = "[Z1] zone: more free than managed";
	else if (zone->mark[MARK_MIN] > zone->mark[MARK_LOW] ||
		 zone->mark[MARK_LOW] > zone->mark[MARK_HIGH])
		why = "zone: marks out of order";
	else
		why = buddy_check(zone);
	spin_unlock(&zone->lock);
	return why;
}

static void zone_dump_one(const struct zone *z)
{
	pr_info("zone %-6s frames %#llx-%#llx: spanned %llu present %llu = "
		"managed %llu + deferred %llu + reserved %llu; "
		"marks %llu/%llu/%llu\n",
		z->name, (unsigned long long)z->start_pfn,
		(unsigned long long)z->end_pfn,
		(unsigned long long)(z->end_pfn - z->start_pfn),
		(unsigned long long)z->present, (unsigned long long)z->managed,
		(unsigned long long)z->deferred,
		(unsigned long long)z->reserved,
		(unsigned long long)z->mark[MARK_MIN],
		(unsigned long long)z->mark[MARK_LOW],
		(unsigned long long)z->mark[MARK_HIGH]);
}

/**
 * zone_dump() - one line a zone, and the balance from the firmware down
 *
 * Context: any; boot log.
 */
void zone_dump(void)
{
	u64 managed = 0, deferred = 0, reserved = 0;
	u64 unusable = memblock.unusable >> PAGE_SHIFT;
	u64 firmware = memblock.firmware >> PAGE_SHIFT;
	const struct zone *z;

	for (z = zones; z < zones + ZONE_NR; z++) {
		if (z->present)
			zone_dump_one(z);
		managed += z->managed;
		deferred += z->deferred;
		reserved += z->reserved;
	}
	pr_info("frames: firmware %llu = reserved %llu + managed %llu + "
		"deferred %llu + unusable %llu%s\n",
		(unsigned long long)firmware, (unsigned long long)reserved,
		(unsigned long long)managed, (unsigned long long)deferred,
		(unsigned long long)unusable,
		firmware == reserved + managed + deferred + unusable
			? ""
			: " (DOES NOT BALANCE)");
	pr_info("memmap: %llu of %llu sections online, %llu KiB of struct "
		"pages\n",
		(unsigned long long)sections_online(),
		(unsigned long long)nr_sections,
		(unsigned long long)memmap_bytes() >> 10);
}
