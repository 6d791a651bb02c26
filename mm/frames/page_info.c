/* SPDX-License-Identifier: MIT */
/*
 * /proc/buddyinfo and /proc/zoneinfo, in Linux's formats.
 *
 * Deferred sections are free memory that only lacks its struct pages, so
 * zoneinfo counts them in "free" and "managed"; the line "deferred", which Linux
 * does not have, says how many they are. buddyinfo shows the lists as they are.
 */
#include "lib/format.h"
#include "mm/frames/page_alloc.h"

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

static void zoneinfo_show_zone(struct strbuf *sb, const struct zone *zone)
{
	unsigned long long free = READ_ONCE(zone->nr_free) +
				  READ_ONCE(zone->deferred);
	int id;

	strbuf_printf(sb,
		      "Node 0, zone %8s\n"
		      "  pages free     %llu\n"
		      "        boost    0\n"
		      "        min      %llu\n"
		      "        low      %llu\n"
		      "        high     %llu\n"
		      "        spanned  %llu\n"
		      "        present  %llu\n"
		      "        managed  %llu\n"
		      "        cma      0\n"
		      "        deferred %llu\n"
		      "        protection: (",
		      zone->name, free,
		      (unsigned long long)zone->mark[MARK_MIN],
		      (unsigned long long)zone->mark[MARK_LOW],
		      (unsigned long long)zone->mark[MARK_HIGH],
		      (unsigned long long)(zone->end_pfn - zone->start_pfn),
		      (unsigned long long)zone->present,
		      (unsigned long long)zone_size_pages(zone),
		      (unsigned long long)zone->deferred);
	for (id = 0; id < ZONE_NR; id++)
		strbuf_printf(sb, "%s%llu", id ? ", " : "",
			      (unsigned long long)zone->protection[id]);
	strbuf_printf(sb, ")\n");
	if (!zone_size_pages(zone))
		return;
	strbuf_printf(sb, "      nr_free_pages %llu\n", free);
	zoneinfo_show_pagesets(sb, zone);
	strbuf_printf(sb,
		      "  node_unreclaimable:  0\n"
		      "  start_pfn:           %llu\n",
		      (unsigned long long)zone->start_pfn);
}

/** page_alloc_show_zoneinfo() - sizes, marks, per-CPU lists. Context: any. */
void page_alloc_show_zoneinfo(struct strbuf *sb)
{
	const struct zone *zone;

	for (zone = zones; zone < zones + ZONE_NR; zone++)
		zoneinfo_show_zone(sb, zone);
}
