/* SPDX-License-Identifier: MIT */
/*
 * mm/frames/buddy.c on a zone of its own: the frames of one block of pages,
 * under a zone number that no real zone has, so that nothing merges outside.
 */
#include "mm/frames/buddy.h"

#include "mm/frames/page_alloc.h"
#include "tests/kernel/suite.h"

#define ORDER 5                         /* 32 pages: the diagram of every textbook */
#define PAGES ((u64)1 << ORDER)

static struct zone zone;
static struct page *block;
static u8 home;                         /* the block's real zone */

static bool borrow_zone(void)
{
	unsigned int o;

	block = page_alloc(GFP_KERNEL, ORDER);
	if (!block)
		return false;
	home = block->zone;
	zone = (struct zone){ .name = "test", .id = (enum zone_id)99 };
	spin_init(&zone.lock, RANK_ZONE);
	for (o = 0; o < NR_ORDERS; o++)
		list_init(&zone.area[o].list);
	zone.start_pfn = page_to_pfn(block).v;
	zone.end_pfn = zone.start_pfn + PAGES;
	zone.managed = zone.present = PAGES;
	block->type = PAGE_NONE;
	block->refcount = 0;
	spin_lock(&zone.lock);
	buddy_add_range(&zone, pfn_make(zone.start_pfn),
			pfn_make(zone.end_pfn));
	return true;
}

static void return_zone(void)
{
	u64 i;

	spin_unlock(&zone.lock);
	for (i = 0; i < PAGES; i++) {
		block[i].type = PAGE_NONE;
		block[i].order = 0;
	}
	block->type = PAGE_KERNEL;
	block->order = ORDER;
	block->zone = home;
	block->refcount = 1;
	page_free(block, ORDER);
}

/* Free blocks of orders 0 to 5 as decimal digits: 000001 is one whole block. */
static u64 shape(void)
{
	u64 digits = 0;
	int o;

	for (o = 0; o <= ORDER; o++)
		digits = digits * 10 + zone.area[o].nr_free;
	return digits;
}

static void split_and_merge(void)
{
	struct page *a, *b;

	EXPECT_EQ(shape(), 1);
	a = buddy_alloc(&zone, 2);      /* 4 of 32 pages: E51 */
	EXPECT(a == block);
	EXPECT_EQ(shape(), 1110);
	EXPECT_EQ(zone.nr_free, 28);
	EXPECT_EQ(a->type, PAGE_KERNEL);
	EXPECT_EQ(a->order, 2);
	b = buddy_alloc(&zone, 0);      /* 1 more */
	EXPECT(b == block + 4);
	EXPECT_EQ(shape(), 110110);
	EXPECT_SOUND(buddy_check(&zone));
	buddy_free(&zone, a, 2);        /* its buddy is busy */
	EXPECT_EQ(shape(), 111110);
	buddy_free(&zone, b, 0);        /* everything merges */
	EXPECT_EQ(shape(), 1);
	EXPECT_EQ(zone.nr_free, PAGES);
	EXPECT_SOUND(buddy_check(&zone));
}

TEST(buddy, split_and_merge)
{
	EXPECT(borrow_zone());
	split_and_merge();
	return_zone();
}

static void exhaust_and_refill(void)
{
	struct page *page[PAGES];
	u64 i;

	for (i = 0; i < PAGES; i++) {
		page[i] = buddy_alloc(&zone, 0);
		EXPECT(page[i] != NULL);
	}
	EXPECT_EQ(shape(), 0);
	EXPECT(buddy_alloc(&zone, 0) == NULL);
	/* Every second page: nothing can merge (E3). */
	for (i = 0; i < PAGES; i += 2)
		buddy_free(&zone, block + i, 0);
	EXPECT_EQ(shape(), PAGES / 2 * 100000);
	EXPECT(buddy_alloc(&zone, 1) == NULL);
	EXPECT_SOUND(buddy_check(&zone));
	for (i = 1; i < PAGES; i += 2)
		buddy_free(&zone, block + i, 0);
	EXPECT_EQ(shape(), 1);
}

TEST(buddy, exhaust_and_refill)
{
	EXPECT(borrow_zone());
	exhaust_and_refill();
	return_zone();
}

static void bulk_takes_small_blocks_first(void)
{
	struct page *out[PAGES], *hole = buddy_alloc(&zone, 0);
	u32 i;

	EXPECT(hole == block);
	EXPECT_EQ(shape(), 111110);
	EXPECT_EQ(buddy_alloc_pages(&zone, out, 3), 3);
	EXPECT_EQ(shape(), 1110);       /* the blocks of 1 and 2 pages are used up */
	for (i = 0; i < 3; i++)
		EXPECT(out[i]->type == PAGE_PCP && out[i]->order == 0);
	EXPECT(out[0] == block + 1 && out[1] == block + 3 &&
	       out[2] == block + 2);
	EXPECT_EQ(buddy_alloc_pages(&zone, out + 3, 100), PAGES - 4);
	EXPECT_EQ(zone.nr_free, 0);
	for (i = 0; i < PAGES - 1; i++)
		buddy_free(&zone, out[i], 0);
	buddy_free(&zone, hole, 0);
	EXPECT_EQ(shape(), 1);
	EXPECT_SOUND(buddy_check(&zone));
}

TEST(buddy, bulk_takes_small_blocks_first)
{
	EXPECT(borrow_zone());
	bulk_takes_small_blocks_first();
	return_zone();
}

static void ranges_become_largest_blocks(void)
{
	u64 start = zone.start_pfn;

	EXPECT(buddy_alloc(&zone, ORDER) == block);
	block->type = PAGE_NONE;
	buddy_add_range(&zone, pfn_make(start + 3), pfn_make(start + 29));
	EXPECT_EQ(shape(), 202200);     /* 3, 4-7, 8-15, 16-23, 24-27, 28 */
	EXPECT_EQ(zone.nr_free, 26);
	EXPECT_SOUND(buddy_check(&zone));
	buddy_add_range(&zone, pfn_make(start), pfn_make(start + 3));
	buddy_add_range(&zone, pfn_make(start + 29), pfn_make(start + PAGES));
	EXPECT_EQ(shape(), 1);
}

TEST(buddy, ranges_become_largest_blocks)
{
	EXPECT(borrow_zone());
	ranges_become_largest_blocks();
	return_zone();
}

static void check_finds_damage(void)
{
	struct page *a = buddy_alloc(&zone, 0);

	zone.nr_free++;
	EXPECT(buddy_check(&zone) != NULL);
	zone.nr_free--;
	block[1].refcount = 1;          /* a free page */
	EXPECT(buddy_check(&zone) != NULL);
	block[1].refcount = 0;
	block[2].order = 2;             /* heads a free block of order 1 */
	EXPECT(buddy_check(&zone) != NULL);
	block[2].order = 1;
	block[3].type = PAGE_KERNEL;    /* inside of it */
	EXPECT(buddy_check(&zone) != NULL);
	block[3].type = PAGE_NONE;
	EXPECT_SOUND(buddy_check(&zone));
	buddy_free(&zone, a, 0);
}

TEST(buddy, check_finds_damage)
{
	EXPECT(borrow_zone());
	check_finds_damage();
	return_zone();
}
