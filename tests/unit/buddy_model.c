/* SPDX-License-Identifier: MIT */
/*
 * The buddy system and the page allocator against naive models.
 *
 * buddy: 1024 frames and a map of which are free. With full coalescing the
 * free lists have only one possible form: the largest aligned blocks of free
 * frames. So after every operation the number of blocks of each order is
 * predicted from the map, and an allocation must split the smallest block that
 * is large enough.
 *
 * page_alloc: blocks of all orders, taken and freed on eight CPUs at random,
 * singly and in batches, with references and failures; no frame is ever
 * handed out twice, and at the end every frame is back.
 *
 *	buddy_model [rounds [seed]]
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/base/inject.h"
#include "mm/frames/buddy.h"
#include "mm/frames/page_alloc.h"
#include "tests/unit/model.h"

#define FRAMES (1u << MAX_ORDER)

static unsigned long rounds = 50000;

/* ---- buddy against a map of frames ----------------------------------------------- */

static struct zone zone;
static struct page *first;
static bool frame_free[FRAMES];
static u8 block_order[FRAMES];          /* + 1 at the head of an allocated block */

static bool all_free(u64 at, unsigned int order)
{
	u64 i;

	for (i = 0; i < (u64)1 << order; i++)
		if (!frame_free[at + i])
			return false;
	return true;
}

/* The order of the largest free aligned block around frame at; -1: not free. */
static int order_around(u64 at)
{
	int o = -1;

	while (o < MAX_ORDER &&
	       all_free(at >> (o + 1) << (o + 1), (unsigned int)o + 1))
		o++;
	return o;
}

static void compare_orders(void)
{
	u64 count[NR_ORDERS] = { 0 }, at = 0, o;

	while (at < FRAMES) {
		int order = order_around(at);

		if (order >= 0)
			count[order]++;
		at += order > 0 ? (u64)1 << order : 1;
	}
	for (o = 0; o < NR_ORDERS; o++)
		EXPECT_SAME(zone.area[o].nr_free, count[o]);
}

static void set_frames(u64 at, unsigned int order, bool is_free)
{
	u64 i;

	for (i = 0; i < (u64)1 << order; i++) {
		EXPECT_SAME(frame_free[at + i], !is_free);
		frame_free[at + i] = is_free;
	}
}

static void model_alloc(void)
{
	unsigned int order =
		(unsigned int)draw_below(1 + draw_below(NR_ORDERS));
	int smallest = MAX_ORDER + 1;
	struct page *page;
	u64 at;

	for (at = 0; at < FRAMES; at++)
		if (order_around(at) >= (int)order)
			smallest = MIN(smallest, order_around(at));
	page = buddy_alloc(&zone, order);
	EXPECT_SAME(page != NULL, smallest <= MAX_ORDER);
	if (!page)
		return;
	at = (u64)(page - first);
	EXPECT_SAME(order_around(at), smallest);
	EXPECT_SAME(at % (1u << order), 0);
	EXPECT_SAME(page->type, PAGE_KERNEL);
	EXPECT_SAME(page->order, order);
	set_frames(at, order, false);
	block_order[at] = (u8)(order + 1);
}

static void model_alloc_pages(void)
{
	struct page *out[64];
	u32 nr = (u32)draw_below(64), got, i;

	got = buddy_alloc_pages(&zone, out, nr);
	for (i = 0; i < got; i++) {
		u64 at = (u64)(out[i] - first);

		EXPECT_SAME(out[i]->type, PAGE_PCP);
		set_frames(at, 0, false);
		block_order[at] = 1;
	}
	EXPECT(got == nr || zone.nr_free == 0);
}

static void model_free(void)
{
	u64 start = draw_below(FRAMES), i;

	for (i = 0; i < FRAMES; i++) {
		u64 at = (start + i) % FRAMES;
		unsigned int order = block_order[at] - 1u;

		if (!block_order[at])
			continue;
		block_order[at] = 0;
		set_frames(at, order, true);
		buddy_free(&zone, &first[at], order);
		return;
	}
}

static void buddy_is_the_only_form(void)
{
	unsigned long i;
	unsigned int o;

	first = page_alloc(GFP_KERNEL, MAX_ORDER);
	EXPECT(first != NULL);
	zone = (struct zone){ .name = "model", .id = (enum zone_id)77 };
	spin_init(&zone.lock, RANK_ZONE);
	for (o = 0; o < NR_ORDERS; o++)
		list_init(&zone.area[o].list);
	zone.start_pfn = page_to_pfn(first).v;
	zone.end_pfn = zone.start_pfn + FRAMES;
	first->type = PAGE_NONE;
	first->refcount = 0;
	spin_lock(&zone.lock);
	buddy_add_range(&zone, pfn_make(zone.start_pfn),
			pfn_make(zone.end_pfn));
	memset(frame_free, true, sizeof(frame_free));
	for (i = 0; i < rounds / 10; i++) {
		u64 d = draw_below(20);

		if (d < 9)
			model_alloc();
		else if (d == 9)
			model_alloc_pages();
		else
			model_free();
		compare_orders();
		EXPECT_SOUND(buddy_check(&zone));
	}
	while (zone.nr_free < FRAMES)
		model_free();
	compare_orders();               /* one block of the largest order */
	spin_unlock(&zone.lock);
}

/* ---- page_alloc on eight CPUs ---------------------------------------------------- */

#define LIVE 4000

static struct page *live[LIVE];
static u32 nr_live;

static void check_machine(void)
{
	struct zone *z;

	for (z = zones; z < zones + ZONE_NR; z++)
		EXPECT_SOUND(zone_check(z));
	EXPECT_SOUND(page_alloc_check());
}

/* Each live page carries its own address: nobody else writes there. */
static void sign(struct page *page)
{
	u64 *p = page_to_virt(page);

	p[0] = p[(PAGE_SIZE << page->order) / 8 - 1] = (u64)page;
}

static void expect_signed(struct page *page)
{
	u64 *p = page_to_virt(page);

	EXPECT_SAME(p[0], (u64)page);
	EXPECT_SAME(p[(PAGE_SIZE << page->order) / 8 - 1], (u64)page);
}

static void take_one(void)
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_USER, GFP_ATOMIC,
				      GFP_DMA, GFP_DMA32_ONLY };
	gfp_t gfp = gfps[draw_below(array_size(gfps))] | GFP_NOWARN;
	unsigned int order = draw() % 8 ? 0 : (unsigned int)draw_below(8);
	struct page *page;

	if (nr_live == LIVE)
		return;
	if (draw() % 50 == 0)
		inject_arm(1);
	page = page_alloc(gfp, order);
	EXPECT(!page || !inject_fired);
	inject_disarm();
	inject_fired = false;
	if (!page)
		return;
	EXPECT_SAME(page->order, order);
	EXPECT_SAME(page->refcount, 1);
	if (gfp & GFP_DMA_ONLY)
		EXPECT(page_to_phys(page).v < ZONE_DMA_END);
	if (gfp & GFP_DMA32_ONLY)
		EXPECT(page_to_phys(page).v < ZONE_DMA32_END);
	sign(page);
	live[nr_live++] = page;
}

static struct page *pick(void)
{
	u64 i = draw_below(nr_live);
	struct page *page = live[i];

	live[i] = live[--nr_live];
	expect_signed(page);
	return page;
}

static void give_one(void)
{
	struct page *page;

	if (!nr_live)
		return;
	page = pick();
	if (draw() & 1) {
		page_get(page);
		page_put(page);
		page_put(page);
	} else {
		page_free(page, page->order);
	}
}

static void give_many(void)
{
	struct page *batch[100];
	u32 nr = (u32)draw_below(100), i;

	nr = MIN(nr, nr_live);
	for (i = 0; i < nr; i++)
		batch[i] = pick();
	page_put_many(batch, nr);
}

static void drain_everywhere(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < HOST_MAX_CPUS; cpu++) {
		host_set_cpu(cpu);
		page_alloc_drain((int)cpu);
	}
	host_set_cpu(0);
}

static void pages_come_and_go(void)
{
	u64 free = zones_free_pages(), d;
	unsigned long i;

	drain_everywhere();
	free = zones_free_pages();
	cpus_online = ((u64)1 << HOST_MAX_CPUS) - 1;
	for (i = 0; i < rounds; i++) {
		host_set_cpu((unsigned int)draw_below(HOST_MAX_CPUS));
		d = draw_below(100);
		if (d < (i / 5000 % 2 ? 40 : 60))
			take_one();
		else if (d < 99)
			give_one();
		else if (d & 1 && draw() & 1)
			give_many();
		else
			page_alloc_drain(-1);
		if (i % 500 == 0)
			check_machine();
	}
	while (nr_live)
		give_one();
	drain_everywhere();
	EXPECT_SAME(page_alloc_pcp_count(), 0);
	EXPECT_SAME(zones_free_pages(), free);
	check_machine();
}

int main(int argc, char **argv)
{
	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		draw_state = strtoull(argv[2], NULL, 0) | 1;
	machine_boot(64, "loglevel=3");
	model_run("pages come and go", pages_come_and_go);
	model_run("buddy is the only form", buddy_is_the_only_form);
	return 0;
}
