/* SPDX-License-Identifier: MIT */
/*
 * /proc/buddyinfo, pagetypeinfo and zoneinfo, in Linux's formats.
 *
 * Deferred sections are free memory that only lacks its struct pages, so
 * zoneinfo counts them in "free" and "managed" (/proc/quire/census says how
 * many they are). buddyinfo and pagetypeinfo show the lists as they are.
 *
 * Blocks are not grouped by mobility; Linux without that grouping, as on a
 * machine with little memory, has every block under Unmovable, and so have we.
 * Nor are there lists by age: pages of programs and files count as active.
 */
#include "lib/format.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/page_count.h"

#define PAGEBLOCK_ORDER 9               /* 2 MiB: a large leaf, as on Linux */

/** page_alloc_show_buddyinfo() - free blocks by zone and order. Context: any. */
void page_alloc_show_buddyinfo(struct strbuf *sb)
{
	struct zone *zone;
	unsigned int o;

	for (zone = zones; zone < zones + ZONE_NR; zone++) {
		if (!zone->present)
			continue;
		strbuf_printf(sb, "Node 0, zone %8s ", zone->name);
		spin_lock(&zone->lock);
		for (o = 0; o < NR_ORDERS; o++)
			strbuf_printf(
				sb, "%6llu ",
				(unsigned long long)zone->area[o].nr_free);
		spin_unlock(&zone->lock);
		strbuf_printf(sb, "\n");
	}
}

static void pagetypeinfo_show_free(struct strbuf *sb, struct zone *zone)
{
	static const char *const type[] = { "Unmovable", "Movable",
					    "Reclaimable", "HighAtomic" };
	unsigned int t, o;

	for (t = 0; t < array_size(type); t++) {
		strbuf_printf(sb, "Node %4d, zone %8s, type %12s ", 0,
			      zone->name, type[t]);
		for (o = 0; o < NR_ORDERS; o++)
			strbuf_printf(sb, "%6llu ",
				      t ? 0ull
					: (unsigned long long)READ_ONCE(
						  zone->area[o].nr_free));
		strbuf_printf(sb, "\n");
	}
}

/** page_alloc_show_pagetypeinfo() - free blocks by mobility. Context: any. */
void page_alloc_show_pagetypeinfo(struct strbuf *sb)
{
	struct zone *zone;
	unsigned int o;

	strbuf_printf(sb, "Page block order: %d\nPages per block:  %d\n\n",
		      PAGEBLOCK_ORDER, 1 << PAGEBLOCK_ORDER);
	strbuf_printf(sb, "%-43s ",
		      "Free pages count per migrate type at order");
	for (o = 0; o < NR_ORDERS; o++)
		strbuf_printf(sb, "%6u ", o);
	strbuf_printf(sb, "\n");
	for (zone = zones; zone < zones + ZONE_NR; zone++)
		if (zone->present)
			pagetypeinfo_show_free(sb, zone);
	strbuf_printf(sb, "\n%-23s%12s %12s %12s %12s \n",
		      "Number of blocks type ", "Unmovable", "Movable",
		      "Reclaimable", "HighAtomic");
	for (zone = zones; zone < zones + ZONE_NR; zone++)
		if (zone->present)
			strbuf_printf(
				sb,
				"Node %d, zone %8s %12llu %12d %12d %12d \n", 0,
				zone->name,
				(unsigned long long)
					DIV_ROUND_UP(zone->present,
						     (u64)1 << PAGEBLOCK_ORDER),
				0, 0, 0);
}

/** page_alloc_total() - see page_alloc.h. Context: any; a snapshot. */
u64 page_alloc_total(const struct zone *zone)
{
	u64 pages = READ_ONCE(zone->nr_alloc);

	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++)
		if (cpus_online >> cpu & 1)
			pages += READ_ONCE(cpu_ptr(page_alloc_cpu, cpu)
						   ->zone[zone->id]
						   .hits);
	return pages;
}

static void zoneinfo_show_pagesets(struct strbuf *sb, const struct zone *zone)
{
	u32 cpu;

	strbuf_printf(sb, "  pagesets\n");
	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		const struct page_stack *pcp;

		if (!(cpus_online >> cpu & 1))
			continue;
		pcp = &cpu_ptr(page_alloc_cpu, cpu)->zone[zone->id];
		strbuf_printf(sb,
			      "    cpu: %u\n"
			      "              count: %u\n"
			      "              high:  %u\n"
			      "              batch: %u\n"
			      "  vm stats threshold: 0\n",
			      cpu, READ_ONCE(pcp->count), zone->pcp_high,
			      zone->pcp_batch);
	}
}

static void zoneinfo_show_counts(struct strbuf *sb, const struct page_counts *c,
				 u64 free)
{
	const u64 anon = c->by_type[PAGE_ANON] + c->shmem;
	const struct { const char *name; u64 pages; } line[] = {
		{ "nr_free_pages", free },
		{ "nr_zone_inactive_anon", 0 },
		{ "nr_zone_active_anon",
		  anon - (c->mlocked - c->mlocked_file) },
		{ "nr_zone_inactive_file", 0 },
		{ "nr_zone_active_file",
		  c->cached - c->shmem - c->mlocked_file },
		{ "nr_zone_unevictable", c->mlocked },
		{ "nr_zone_write_pending", 0 },
		{ "nr_mlock", c->mlocked },
		{ "nr_bounce", 0 },
		{ "nr_free_cma", 0 },
	};
	for (unsigned int i = 0; i < array_size(line); i++)
		strbuf_printf(sb, "      %-12s %llu\n", line[i].name,
			      (unsigned long long)line[i].pages);
}

static void zoneinfo_show_zone(struct strbuf *sb, const struct zone *zone,
			       const struct page_counts *counts)
{
	unsigned long long free = READ_ONCE(zone->nr_free) +
				  READ_ONCE(zone->deferred);
	int id;

	strbuf_printf(sb,
		      "  pages free     %llu\n"
		      "        boost    0\n"
		      "        min      %llu\n"
		      "        low      %llu\n"
		      "        high     %llu\n"
		      "        spanned  %llu\n"
		      "        present  %llu\n"
		      "        managed  %llu\n"
		      "        cma      0\n"
		      "        protection: (",
		      free, (unsigned long long)zone->mark[MARK_MIN],
		      (unsigned long long)zone->mark[MARK_LOW],
		      (unsigned long long)zone->mark[MARK_HIGH],
		      (unsigned long long)(zone->end_pfn - zone->start_pfn),
		      (unsigned long long)zone->present,
		      (unsigned long long)zone_size_pages(zone));
	for (id = 0; id < ZONE_NR; id++)
		strbuf_printf(sb, "%s%llu", id ? ", " : "",
			      (unsigned long long)zone->protection[id]);
	strbuf_printf(sb, ")\n");
	if (!zone_size_pages(zone))
		return;
	zoneinfo_show_counts(sb, counts, free);
	zoneinfo_show_pagesets(sb, zone);
	strbuf_printf(sb,
		      "  node_unreclaimable:  0\n"
		      "  start_pfn:           %llu\n",
		      (unsigned long long)zone->start_pfn);
}

/** page_alloc_show_zoneinfo() - see page_alloc.h. Context: thread. */
void page_alloc_show_zoneinfo(struct strbuf *sb,
			      const struct page_counts *counts,
			      void (*show_node)(struct strbuf *sb, void *arg),
			      void *arg)
{
	const struct zone *zone;

	for (zone = zones; zone < zones + ZONE_NR; zone++) {
		strbuf_printf(sb, "Node 0, zone %8s\n", zone->name);
		if (show_node && zone_size_pages(zone)) {
			strbuf_printf(sb, "  per-node stats\n");
			show_node(sb, arg);
			show_node = NULL;
		}
		zoneinfo_show_zone(sb, zone, &counts[zone - zones]);
	}
}
