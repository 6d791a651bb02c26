/* SPDX-License-Identifier: MIT */
/*
 * The buddy system: power-of-two blocks that split and coalesce.
 *
 *   order 3  │               A               │   buddy_alloc(0) splits A:
 *   order 2  │               │       B       │   B, C, D stay free,
 *   order 1  │       │   C   │               │   a is handed out;
 *   order 0  │ a │ D │                           buddy_free(a) runs it backwards
 *
 * A block of order o starts at a frame number that is a multiple of 2^o. Its
 * buddy is the block of the same size with which it makes up a block of order
 * o + 1: the frame number with bit o flipped. Merging asks the buddy's struct
 * page whether it heads a free block of the same order; that struct page can
 * always be read, because memmap is backed in chunks of the largest block.
 *
 * Blocks of each order are a stack: what was freed last is handed out first,
 * warm in the cache. Complexity: O(NR_ORDERS) for each operation.
 *
 * Not done here: no lists by mobility, no choice between blocks of one order
 * (Linux puts a block whose buddy's buddy is free to the end of its list).
 *
 * Ref: [Knuth1] 2.5 "Dynamic Storage Allocation", algorithms R and S.
 */
#include "mm/frames/buddy.h"

#include "mm/frames/section.h"

/* Puts a block on the list of its order; its head becomes BUDDY [Z3]. */
static void buddy_insert(struct zone *zone, struct page *page,
			 unsigned int order)
{
	page->type = PAGE_BUDDY;
	page->order = (u8)order;
	page->zone = (u8)zone->id;
	list_push_front(&zone->area[order].list, &page->list);
	zone->area[order].nr_free++;
}

/* Takes a block off its list; for the moment its head is nothing. */
static void buddy_unlink(struct zone *zone, struct page *page)
{
	list_remove(&page->list);
	zone->area[page->order].nr_free--;
	page->type = PAGE_NONE;
}

/* The buddy may be in use, and change its type at any moment: but only who has
 * the zone's lock makes it PAGE_BUDDY, or anything else of that. */
static inline bool buddy_can_merge(const struct zone *zone,
				   const struct page *buddy, unsigned int order)
{
	return READ_ONCE(buddy->type) == PAGE_BUDDY && buddy->order == order &&
	       buddy->zone == zone->id;
}

/**
 * buddy_alloc() - the smallest sufficient free block, split down to order
 *
 * The upper halves go to the lists, the lowest part leaves. Context: zone lock.
 * Return: the head with type PAGE_KERNEL, its order, refcount 0; NULL: none.
 * Ref: [Knuth1] 2.5, algorithm R.
 */
struct page *buddy_alloc(struct zone *zone, unsigned int order)
{
	unsigned int o = order;
	struct page *page;

	while (list_empty(&zone->area[o].list))
		if (++o > MAX_ORDER)
			return NULL;
	page = list_first(&zone->area[o].list, struct page, list);
	buddy_unlink(zone, page);
	while (o-- > order)
		buddy_insert(zone, page + ((size_t)1 << o), o);
	page->type = PAGE_KERNEL;
	page->order = (u8)order;
	zone->nr_free -= (u64)1 << order;
	return page;
}

/**
 * buddy_free() - take a block back and merge as far as buddies are free
 *
 * Context: zone lock. Ref: [Knuth1] 2.5, algorithm S.
 */
void buddy_free(struct zone *zone, struct page *page, unsigned int order)
{
	u64 pfn = page_to_pfn(page).v;

	zone->nr_free += (u64)1 << order;
	page->type = PAGE_NONE;         /* unless it ends as the head */
	while (order < MAX_ORDER) {
		u64 bit = (u64)1 << order;
		struct page *buddy = pfn & bit ? page - bit : page + bit;

		if (!buddy_can_merge(zone, buddy, order))
			break;
		buddy_unlink(zone, buddy);
		if (pfn & bit)
			page = buddy;
		pfn &= ~bit;
		order++;
	}
	buddy_insert(zone, page, order);
}

/**
 * buddy_alloc_pages() - single pages in bulk, for the per-CPU lists
 *
 * Small blocks are used up first, which keeps the large ones whole. Context:
 * zone lock. Return: the number of pages stored in out.
 */
u32 buddy_alloc_pages(struct zone *zone, struct page **out, u32 nr)
{
	u32 got = 0;

	while (got < nr && zone->nr_free) {
		unsigned int fit = ilog2(nr - got), order = 0;
		struct page *page;
		u32 i;

		while (order < fit && list_empty(&zone->area[order].list))
			order++;
		page = buddy_alloc(zone, order);
		if (!page)
			break;
		for (i = (u32)1 << order; i-- > 0;) {
			page[i].type = PAGE_PCP;
			page[i].order = 0;
			page[i].zone = (u8)zone->id;
			out[got++] = &page[i];
		}
	}
	return got;
}

/**
 * buddy_add_range() - hand frames [start, end) over, largest blocks first
 *
 * Their struct pages are PAGE_NONE. Merges with free neighbours. Does not
 * count them as managed: the caller does. Context: zone lock.
 */
void buddy_add_range(struct zone *zone, pfn_t start, pfn_t end)
{
	u64 pfn = end.v;

	/* From above, so that low addresses end on top of the stacks. */
	while (pfn > start.v) {
		unsigned int order = MIN(ilog2(pfn - start.v),
					 (unsigned int)MAX_ORDER);

		if (pfn & (((u64)1 << order) - 1))
			order = (unsigned int)__builtin_ctzll(pfn);
		pfn -= (u64)1 << order;
		buddy_free(zone, pfn_to_page(pfn_make(pfn)), order);
	}
}

static const char *buddy_check_block(const struct zone *zone,
				     const struct page *page,
				     unsigned int order)
{
	u64 pfn = page_to_pfn(page).v, size = (u64)1 << order;

	if (page->type != PAGE_BUDDY || page->order != order ||
	    page->zone != zone->id)
		return "[Z3] buddy: listed block is not a BUDDY head of its order";
	if (page->refcount || page->mapcount)
		return "[P2] buddy: free block is referenced";
	if (pfn & (size - 1))
		return "[Z3] buddy: block is not aligned to its size";
	if (pfn < zone->start_pfn || pfn + size > zone->end_pfn)
		return "[Z3] buddy: block reaches out of its zone";
	if (order < MAX_ORDER &&
	    buddy_can_merge(zone, pfn_to_page(pfn_make(pfn ^ size)), order))
		return "[Z3] buddy: two free buddies are not merged";
	return NULL;
}

/**
 * buddy_check() - walk every list of the zone
 *
 * Also sees that the insides of free blocks are PAGE_NONE [P1], by their
 * second frame and their middle. Context: zone lock.
 * Return: NULL, or the broken invariant.
 */
const char *buddy_check(struct zone *zone)
{
	u64 pages = 0;
	unsigned int o;

	for (o = 0; o < NR_ORDERS; o++) {
		u64 blocks = 0;
		struct page *page;

		list_for_each(page, &zone->area[o].list, list) {
			const char *why = buddy_check_block(zone, page, o);

			if (why)
				return why;
			if (o && (page[1].type != PAGE_NONE ||
				  page[(size_t)1 << (o - 1)].type != PAGE_NONE))
				return "[P1] buddy: a head inside a free block";
			if (++blocks > zone->area[o].nr_free)
				break;
		}
		if (blocks != zone->area[o].nr_free)
			return "[Z1] buddy: list and count of an order differ";
		pages += blocks << o;
	}
	return pages == zone->nr_free ? NULL : "[Z1] buddy: nr_free is wrong";
}
