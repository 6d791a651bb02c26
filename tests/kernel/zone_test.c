/* SPDX-License-Identifier: MIT */
/* mm/frames/zone.c and section.c: counts, marks, sections, and their files. */
#include "mm/frames/page_count.h"
#include "mm/frames/zone.h"

#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_debug.h"
#include "mm/frames/section.h"
#include "tests/kernel/suite.h"

TEST(zone, counts_balance)
{
	u64 sum = memblock.unusable >> PAGE_SHIFT;
	struct zone *z;

	for (z = zones; z < zones + ZONE_NR; z++) {
		EXPECT_SOUND(zone_check(z));
		EXPECT(z->present <= z->end_pfn - z->start_pfn);
		sum += z->managed + z->deferred + z->reserved;
	}
	EXPECT_EQ(sum, memblock.firmware >> PAGE_SHIFT);
}

TEST(zone, borders)
{
	u64 dma = (u64)ZONE_DMA_END >> PAGE_SHIFT;
	u64 dma32 = (u64)ZONE_DMA32_END >> PAGE_SHIFT;

	EXPECT_EQ(zone_of_pfn(0)->id, ZONE_DMA);
	EXPECT_EQ(zone_of_pfn(dma - 1)->id, ZONE_DMA);
	EXPECT_EQ(zone_of_pfn(dma)->id, ZONE_DMA32);
	EXPECT_EQ(zone_of_pfn(dma32 - 1)->id, ZONE_DMA32);
	EXPECT_EQ(zone_of_pfn(dma32)->id, ZONE_NORMAL);
	EXPECT_EQ(zone_of_pfn(dma32 << 10)->id, ZONE_NORMAL);
}

TEST(zone, marks_follow_the_rule)
{
	u64 kib = zones_total_pages() * 4, want = zone_default_min_free();
	u64 saved[ZONE_NR][MARK_NR], min = 0;
	int id, m;

	if (want > 128 && want < 65536) {
		EXPECT(want * want <= 16 * kib);
		EXPECT((want + 1) * (want + 1) > 16 * kib);
	}
	for (id = 0; id < ZONE_NR; id++)
		for (m = 0; m < MARK_NR; m++)
			saved[id][m] = zones[id].mark[m];
	zone_set_marks(4096);
	for (id = 0; id < ZONE_NR; id++) {
		struct zone *z = &zones[id];

		EXPECT_EQ(z->mark[MARK_LOW], z->mark[MARK_MIN] * 5 / 4);
		EXPECT_EQ(z->mark[MARK_HIGH], z->mark[MARK_MIN] * 3 / 2);
		min += z->mark[MARK_MIN];
	}
	EXPECT(min <= 1024 && min + ZONE_NR > 1024);
	for (id = 0; id < ZONE_NR; id++)
		for (m = 0; m < MARK_NR; m++)
			zones[id].mark[m] = saved[id][m];
}

TEST(zone, lower_zones_are_protected)
{
	struct zone *dma = &zones[ZONE_DMA];

	EXPECT_EQ(dma->protection[ZONE_DMA], 0);
	EXPECT(dma->protection[ZONE_NORMAL] >= dma->protection[ZONE_DMA32]);
	if (zone_size_pages(&zones[ZONE_DMA32]) > 256)
		EXPECT(dma->protection[ZONE_DMA32] > 0);
}

/* A deferred section comes in on demand, and is not walked at boot. */
TEST(zone, sections_come_in)
{
	u64 before = sections_online(), memmap = memmap_bytes();
	struct zone *z = &zones[ZONE_NR - 1];
	u64 total;

	while (z > zones && !z->deferred)
		z--;
	if (!z->deferred) {
		test_skip("all sections are online already");
		return;
	}
	total = z->managed + z->deferred;
	EXPECT_EQ(zone_grow(z), 0);
	EXPECT_EQ(sections_online(), before + 1);
	EXPECT(memmap_bytes() > memmap);
	EXPECT(memmap_bytes() <= memmap + SECTION_MEMMAP * PAGE_SIZE);
	/* What left is the struct pages, and at most the tables for them. */
	if (!page_debug)                /* owner records and shadows take more */
		EXPECT(total - (z->managed + z->deferred) <=
		       SECTION_MEMMAP + SECTION_SPARE);
	EXPECT_SOUND(zone_check(z));
}

TEST(zone, online_frames_have_struct_pages)
{
	struct page *page = page_alloc(GFP_KERNEL, 0);
	u64 end = memblock_end_of_ram(&memblock);

	EXPECT(page != NULL);
	EXPECT(pfn_online(page_to_pfn(page)));
	EXPECT(phys_to_page(page_to_phys(page)) == page);
	EXPECT(virt_to_page(page_to_virt(page)) == page);
	page_free(page, 0);
	EXPECT(!pfn_online(pfn_make(end >> PAGE_SHIFT << 10)));
	EXPECT(!pfn_online(pfn_make(~(u64)0 >> PAGE_SHIFT)));
}

/* The image and page 0 are RAM that is never handed out. */
TEST(zone, reserved_frames_say_so)
{
	const struct memblock_array *res = &memblock.reserved;
	u32 i;

	for (i = 0; i < res->nr; i++) {
		pfn_t pfn =
			pfn_make(DIV_ROUND_UP(res->region[i].base, PAGE_SIZE));

		if (memblock_is_memory(&memblock, pfn.v << PAGE_SHIFT) &&
		    pfn.v < memblock_region_end(&res->region[i]) >>
			    PAGE_SHIFT &&
		    pfn_online(pfn))
			EXPECT(pfn_to_page(pfn)->type != PAGE_NONE);
	}
}

static u64 number_after(const char *text, const char *word)
{
	u64 n = 0;

	text = strstr(text, word);
	if (!text)
		return ~(u64)0;
	for (text += strlen(word); *text == ' '; text++)
		;
	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (u64)(*text - '0');
	return n;
}

TEST(zone, files_of_proc)
{
	static char text[4096];
	struct page_counts counts[ZONE_NR] = { 0 };
	struct zone *z = zones;
	struct strbuf sb;

	while (!z->present)
		z++;
	strbuf_init(&sb, text, sizeof(text));
	page_alloc_show_zoneinfo(&sb, counts, NULL, NULL);
	EXPECT(!strbuf_overflowed(&sb));
	EXPECT(!strncmp(text, "Node 0, zone      DMA\n", 22));
	EXPECT(strstr(text, "Node 0, zone   Normal\n") != NULL);
	EXPECT_EQ(number_after(strstr(text, z->name), "present"), z->present);
	EXPECT_EQ(number_after(strstr(text, z->name), "high "),
		  z->mark[MARK_HIGH]);

	strbuf_init(&sb, text, sizeof(text));
	page_alloc_show_buddyinfo(&sb);
	EXPECT(!strbuf_overflowed(&sb));
	EXPECT(!strncmp(text, "Node 0, zone ", 13));
	EXPECT_EQ(number_after(text, z->name), z->area[0].nr_free);
}
