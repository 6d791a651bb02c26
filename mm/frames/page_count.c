/* SPDX-License-Identifier: MIT */
/*
 * Counting frames by what they are.
 *
 *	head, order 10 (free) ─► head, order 0 (anon) ─► head, order 1 (slab) …
 *
 * A page of a program that three processes share is one frame here, and three
 * in the sum of their RSS. Such counts could be kept up to date by every
 * fault; they are asked for so seldom that a walk is the cheaper way.
 *
 * Nothing is locked. While others allocate, a block may be missed or counted
 * twice; at a quiet moment the figures are exact (tests/kernel/account_test.c).
 */
#include "mm/frames/page_count.h"

#include "mm/frames/section.h"

/* A mark is good for one count. Some that are seen are left from a page that
 * has gone back to the file alone meanwhile. */
static void page_count_mlocked(struct page *page, struct page_counts *c)
{
	u32 flags = __atomic_fetch_and(&page->flags, ~(u32)PG_MLOCKED,
				       __ATOMIC_RELAXED);

	if (READ_ONCE(page->mapcount) <= 0)
		return;
	c->mlocked++;
	if (page->type == PAGE_FILE && !(flags & PG_SHMEM))
		c->mlocked_file++;
}

static void page_count_file(const struct page *page, struct page_counts *c)
{
	if (page->mapcount > 0)
		c->mapped++;
	if (!page->mapping)
		return;                 /* cut off by truncate, still mapped */
	c->cached++;
	if (page->flags & PG_SHMEM)
		c->shmem++;
}

/* Counts the block that page heads. Its pages; 1 for what is no head. */
static u64 page_count_block(struct page *page, struct page_counts *c)
{
	unsigned int type = READ_ONCE(page->type);
	unsigned int order = READ_ONCE(page->order);
	u64 nr = 1;

	if (type >= PAGE_TYPES)
		return 1;               /* no record at all: census reports it */
	if (type != PAGE_NONE && type != PAGE_RESERVED)
		nr <<= MIN(order, PAGE_MAX_ORDER);
	c->by_type[type] += nr;
	if (type == PAGE_FILE)
		page_count_file(page, c);
	if (READ_ONCE(page->flags) & PG_MLOCKED &&
	    (type == PAGE_ANON || type == PAGE_FILE))
		page_count_mlocked(page, c);
	return nr;
}

/**
 * page_count_zone() - add the frames of a zone to c
 *
 * Counts the marks of mlock_mark_pages() (mm/spaces) and takes them away.
 * Context: thread; takes as long as the zone has blocks in use.
 */
void page_count_zone(const struct zone *zone, struct page_counts *c)
{
	u64 pfn = zone->start_pfn;

	while ((pfn = pfn_next_online(pfn, zone->end_pfn)) < zone->end_pfn)
		pfn += page_count_block(pfn_to_page(pfn_make(pfn)), c);
}
