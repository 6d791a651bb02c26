/* SPDX-License-Identifier: MIT */
/* mm/frames/page_alloc.c and page_slow.c: lists, zones, marks, and misuse. */
#include "kernel/base/sched.h"
#include "mm/frames/page_alloc.h"

#include "kernel/base/inject.h"
#include "kernel/base/kasan.h"
#include "lib/string.h"
#include "mm/frames/page_debug.h"
#include "mm/frames/section.h"
#include "tests/kernel/suite.h"

TEST(page_alloc, what_a_fresh_page_is)
{
	unsigned int order;

	for (order = 0; order <= MAX_ORDER; order++) {
		struct page *page = page_alloc(GFP_KERNEL, order);

		EXPECT(page != NULL);
		EXPECT_EQ(page->type, PAGE_KERNEL);
		EXPECT_EQ(page->order, order);
		EXPECT_EQ(page->refcount, 1);
		EXPECT_EQ(page->mapcount, 0);
		EXPECT_EQ(page->flags, 0);
		EXPECT_EQ(page_to_pfn(page).v & ((1u << order) - 1), 0);
		EXPECT(page_head(page + (1u << order) - 1) == page);
		EXPECT_SOUND(page_check(page));
		page_free(page, order);
	}
	EXPECT(page_alloc(GFP_KERNEL, MAX_ORDER + 1) == NULL);
	EXPECT_SOUND(page_alloc_check());
}

static bool all_bytes(const u8 *p, size_t len, u8 value)
{
	while (len-- > 0)
		if (*p++ != value)
			return false;
	return true;
}

TEST(page_alloc, zeroed_when_asked)
{
	unsigned int order;

	for (order = 0; order < 3; order++) {
		u8 *p = page_alloc_virt(GFP_KERNEL, order);

		EXPECT(p != NULL);
		memset(p, 0xee, PAGE_SIZE << order);
		page_free_virt(p, order);
		p = page_alloc_virt(GFP_KERNEL | GFP_ZERO, order);
		EXPECT(p != NULL);
		EXPECT(all_bytes(p, PAGE_SIZE << order, 0));
		page_free_virt(p, order);
	}
	page_free_virt(NULL, 0);
}

TEST(page_alloc, last_freed_first_used)
{
	struct page *a = page_alloc(GFP_KERNEL, 0), *b;

	EXPECT(a != NULL);
	page_free(a, 0);
	if (!this_cpu_ptr(page_alloc_cpu)->zone[a->zone].high) {
		test_skip("per-CPU lists are off");
		return;
	}
	EXPECT_EQ(a->type, PAGE_PCP);
	b = page_alloc(GFP_KERNEL, 0);
	EXPECT(a == b);
	page_free(b, 0);
}

TEST(page_alloc, references)
{
	struct page *page = page_alloc(GFP_KERNEL, 2);

	EXPECT(page != NULL);
	page_get(page);
	page_put(page);
	EXPECT_EQ(page->refcount, 1);
	EXPECT_EQ(page->type, PAGE_KERNEL);
	page_put(page);
	EXPECT(page->type == PAGE_BUDDY || page->type == PAGE_NONE);
}

TEST(page_alloc, put_many)
{
	struct page *page[200];
	u64 free = zones_free_pages() + page_alloc_pcp_count();
	u32 i;

	for (i = 0; i < 200; i++) {
		page[i] = page_alloc(GFP_USER, i % 50 == 7 ? 1 : 0);
		EXPECT(page[i] != NULL);
	}
	page_get(page[3]);
	page_put_many(page, 200);
	EXPECT_EQ(page[3]->refcount, 1);
	page_put_many(&page[3], 1);
	EXPECT_EQ(zones_free_pages() + page_alloc_pcp_count(), free);
	EXPECT_SOUND(page_alloc_check());
}

/* E32: the zone lock is taken once for a batch, not once for a page. */
TEST(page_alloc, lists_spare_the_lock)
{
	struct page *page[128];
	struct zone *z;
	u64 locked;
	u32 i;

	page[0] = page_alloc(GFP_KERNEL, 0);
	EXPECT(page[0] != NULL);
	z = page_zone(page[0]);
	if (z->pcp_batch < 8) {
		page_free(page[0], 0);
		test_skip("lists are off, or the zone is tiny");
		return;
	}
	locked = z->nr_locked;
	for (i = 1; i < 128; i++) {
		page[i] = page_alloc(GFP_KERNEL, 0);
		EXPECT(page[i] != NULL);
	}
	for (i = 0; i < 128; i++)
		page_free(page[i], 0);
	EXPECT(z->nr_locked - locked <= 2 * 128 / z->pcp_batch + 2);
}

static void drain_here(void *arg)
{
	page_alloc_drain((int)this_cpu_read(cpu_number));
}

TEST(page_alloc, drain_gives_all_back)
{
	struct page *page = page_alloc(GFP_KERNEL, 0);

	EXPECT(page != NULL);
	page_free(page, 0);
	sched_on_each_cpu(drain_here, NULL);
	EXPECT_EQ(page_alloc_pcp_count(), 0);
	EXPECT(page_head(page)->type == PAGE_BUDDY);
	EXPECT_SOUND(zone_check(page_zone(page_head(page))));
}

TEST(page_alloc, zones_by_flags)
{
	struct page *dma = page_alloc(GFP_DMA, 0);
	struct page *dma32 = page_alloc(GFP_KERNEL | GFP_DMA32_ONLY, 3);

	if (dma)
		EXPECT(page_to_phys(dma).v < ZONE_DMA_END);
	if (dma32)
		EXPECT(page_to_phys(dma32).v < ZONE_DMA32_END);
	if (dma)
		page_free(dma, 0);
	if (dma32)
		page_free(dma32, 3);
}

/* Takes single pages until none is left; they hang on a list. */
static u64 take_all(gfp_t gfp, struct list_node *list)
{
	struct page *page;
	u64 n = 0;

	while ((page = page_alloc(gfp | GFP_NOWARN, 0)) != NULL) {
		list_push_back(list, &page->list);
		n++;
	}
	return n;
}

static void give_all(struct list_node *list)
{
	while (!list_empty(list)) {
		struct page *page = list_first(list, struct page, list);

		list_remove(&page->list);
		page_free(page, 0);
	}
}

/* E5: downward only, and the reserve stays [A2] [A3]. */
TEST(page_alloc, exhaustion)
{
	struct list_node all = LIST_INIT(all), more = LIST_INIT(more);
	u64 free = zones_free_pages(), got, deep;
	bool kept = true, high_in_dma = false;
	struct page *page;
	struct zone *z;

	if (free > MIB(600) >> PAGE_SHIFT || page_alloc_reclaim) {
		test_skip("too much memory to take all of it");
		return;
	}
	got = take_all(0, &all);
	for (z = zones; z < zones + ZONE_NR; z++)
		kept &= z->nr_free >= z->mark[MARK_MIN] && !z->deferred;
	deep = take_all(GFP_ATOMIC | GFP_DMA_ONLY, &more);
	list_for_each(page, &more, list)
		high_in_dma |= page_to_phys(page).v >= ZONE_DMA_END;
	give_all(&more);
	deep += take_all(GFP_ATOMIC, &more);
	give_all(&more);
	give_all(&all);
	EXPECT(kept);
	EXPECT(!high_in_dma);
	EXPECT(got > free / 2);
	EXPECT(deep > 0);
	page_alloc_drain(-1);
	for (z = zones; z < zones + ZONE_NR; z++)
		EXPECT_SOUND(zone_check(z));
}

static unsigned int reclaim_calls;

static bool reclaim_twice(gfp_t gfp, unsigned int order)
{
	return ++reclaim_calls < 3;
}

TEST(page_alloc, reclaim_is_asked_before_failing)
{
	bool (*saved)(gfp_t gfp, unsigned int order) = page_alloc_reclaim;
	unsigned int all, once, never;

	/* Nobody has 2^60 pages: raise every floor instead. */
	u64 mark[ZONE_NR];
	int id;

	for (id = 0; id < ZONE_NR; id++) {
		mark[id] = zones[id].mark[MARK_MIN];
		zones[id].mark[MARK_MIN] = ~(u64)0 >> 2;
		zones[id].mark[MARK_LOW] += ~(u64)0 >> 2;
		while (zone_grow(&zones[id]) == 0 &&
		       zones_free_pages() < MIB(600) >> PAGE_SHIFT)
			;
	}
	page_alloc_reclaim = reclaim_twice;
	reclaim_calls = 0;
	EXPECT(page_alloc(GFP_KERNEL | GFP_NOWARN, 1) == NULL);
	all = reclaim_calls;
	reclaim_calls = 0;
	EXPECT(page_alloc(GFP_KERNEL | GFP_NOWARN | GFP_NORETRY, 1) == NULL);
	once = reclaim_calls;
	reclaim_calls = 0;
	EXPECT(page_alloc(GFP_NOWARN, 1) == NULL);
	never = reclaim_calls;
	page_alloc_reclaim = saved;
	for (id = 0; id < ZONE_NR; id++) {
		zones[id].mark[MARK_MIN] = mark[id];
		zones[id].mark[MARK_LOW] -= ~(u64)0 >> 2;
	}
	EXPECT_EQ(all, 3);
	EXPECT_EQ(once, 1);
	EXPECT_EQ(never, 0);
}

TEST(page_alloc, failure_on_demand)
{
	struct page *page;

	inject_arm(2);
	page = page_alloc(GFP_KERNEL, 0);
	EXPECT(page != NULL && !inject_fired);
	EXPECT(page_alloc(GFP_KERNEL, 0) == NULL);
	EXPECT(inject_fired);
	inject_disarm();
	page_free(page, 0);
}

/* ---- misuse: each has its name, and leaves the allocator whole -------------- */

TEST(page_alloc, double_free_is_named)
{
	struct page *page = page_alloc(GFP_KERNEL, 0);
	struct page *block = page_alloc(GFP_KERNEL, 3);

	EXPECT(page && block);
	page_free(page, 0);
	EXPECT_REPORT("double-free", page_free(page, 0));
	EXPECT_REPORT("double-free", page_put(page));
	page_free(block, 3);
	EXPECT_REPORT("double-free", page_free(block, 3));
	EXPECT_REPORT("double-free", page_free(block + 1, 0));
	EXPECT_SOUND(page_alloc_check());
}

TEST(page_alloc, wrong_order_is_named)
{
	struct page *block = page_alloc(GFP_KERNEL, 2);

	EXPECT(block != NULL);
	EXPECT_REPORT("wrong-order", page_free(block, 1));
	EXPECT_REPORT("wrong-order", page_free(block, 0));
	EXPECT_REPORT("bad-free", page_free(block + 1, 0));
	page_free(block, 2);
}

TEST(page_alloc, busy_pages_are_named)
{
	struct page *page = page_alloc(GFP_KERNEL, 0);

	EXPECT(page != NULL);
	page_get(page);
	EXPECT_REPORT("free-in-use", page_free(page, 0));
	page_put(page);
	page_set_type(page, PAGE_ANON);
	page->mapcount = 1;
	EXPECT_REPORT("free-mapped", page_free(page, 0));
	EXPECT_SOUND(page_check(page));
	page->mapcount = 2;
	EXPECT(page_check(page) != NULL);       /* [P4] */
	page->mapcount = 0;
	page_set_type(page, PAGE_RESERVED);
	EXPECT_REPORT("free-reserved", page_free(page, 0));
	page_set_type(page, PAGE_KERNEL);
	page_free(page, 0);
}

TEST(page_alloc, written_while_free_is_named)
{
	struct page *page = page_alloc(GFP_KERNEL, 0), *again = NULL;

	EXPECT(page != NULL);
	page_free(page, 0);
	if (page->type != PAGE_PCP) {
		test_skip("per-CPU lists are off");
		return;
	}
	page->refcount = 1;             /* a page_get without a reference */
	EXPECT_REPORT("page-corrupt", again = page_alloc(GFP_KERNEL, 0));
	EXPECT(again == page);
	EXPECT_EQ(again->refcount, 1);
	page_free(again, 0);
}

TEST(page_alloc, only_reserved_frames_are_released)
{
	struct page *page = page_alloc(GFP_KERNEL, 0);
	paddr_t pa;

	EXPECT(page != NULL);
	pa = page_to_phys(page);
	EXPECT_REPORT(
		"bad-release",
		EXPECT_EQ(page_release_reserved(pa, pa_add(pa, PAGE_SIZE)), 0));
	EXPECT_EQ(page_release_reserved(pa_add(pa, 1), pa_add(pa, PAGE_SIZE)),
		  0);                   /* no whole frame */
	page_free(page, 0);
}

/* ---- the debug options, switched on for a moment ----------------------------- */

TEST(page_alloc, poison_finds_use_after_free)
{
	u32 saved = page_debug;
	struct page *page = page_alloc(GFP_KERNEL, 0), *again = NULL;
	u8 *p;

	EXPECT(page != NULL);
	if (QUIRE_KASAN) {
		page_free(page, 0);
		test_skip("KASAN catches the write itself");
		return;
	}
	page_debug |= PAGE_DEBUG_POISON;
	p = page_to_virt(page);
	page_free(page, 0);
	EXPECT(all_bytes(p, PAGE_SIZE, PAGE_POISON));
	page_alloc_drain(-1);           /* the mark survives the buddy */
	EXPECT(page->flags & PG_POISONED);
	p[1000] = 1;
	page_debug = saved | PAGE_DEBUG_POISON;
	EXPECT_REPORT("use-after-free", page_debug_alloc(page, 0, 0));
	EXPECT_EQ(page->flags & PG_POISONED, 0);
	page_debug = saved;
	again = page_alloc(GFP_KERNEL, 0);
	EXPECT(again != NULL);
	page_free(again, 0);
}

TEST(page_alloc, owners)
{
	struct page *page = page_alloc(GFP_KERNEL, 0);
	char name[80];

	EXPECT(page != NULL);
	page_owner_name(name, sizeof(name), page_owner_alloc(page));
	EXPECT(name[0] != '\0');
	if (page_debug & PAGE_DEBUG_OWNER)
		EXPECT(page_owner_alloc(page) != 0);
	else
		EXPECT_EQ(page_owner_alloc(page), 0);
	page_free(page, 0);
}
