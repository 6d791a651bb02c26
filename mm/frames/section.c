/* SPDX-License-Identifier: MIT */
/*
 * Bringing sections in: struct pages for 128 MiB at a time.
 *
 * section_online() in five steps:
 *
 *   1 plan    which chunks have RAM, and where their struct pages will live: in
 *             the section's first free frames, or, when it has too few, in
 *             frames of zones that are online (host)
 *   2 back    zero these frames and map them into the memmap
 *   3 mark    frames that are RAM but not free: PAGE_RESERVED
 *   4 open    set the section's chunk bits: pfn_online() says true from now on
 *   5 give    free frames to the buddy of their zone
 *
 * In the section that holds the border of zones, the struct pages go to the
 * higher zone: memory below 16 MiB is too precious for them.
 *
 * A section with fewer free frames than its struct pages take would be a
 * loss. It stays deferred until more of it is released
 * (page_release_reserved), or until its zone must have it and others can
 * spare the frames (section_borrow).
 *
 * Locking: section_lock serialises all of this, and outranks the zone locks.
 * memblock is only read, except for reserved frames of deferred sections that
 * are released.
 */
#include "mm/frames/section.h"

#include "arch/cpu.h"
#include "kernel/base/printk.h"
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/frames/buddy.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/page_debug.h"

u32 *section_chunks;
u64 nr_sections;

static struct spinlock section_lock = SPINLOCK_INIT(RANK_SECTION);
static u64 section_nr_online;           /* [section_lock] */
static u64 section_memmap_bytes;        /* [section_lock] */

/* One section on its way in. All addresses are physical. */
struct section_plan {
	u64 nr;                         /* number of the section */
	u64 start, end;                 /* bytes */
	u32 chunks;                     /* bit c: chunk c has RAM */
	u64 need;                       /* bytes of struct pages */
	paddr_t spare, spare_end;       /* frames for page tables */
	u64 host_start, host_end;       /* its free frames in here hold the memmap */
	u64 host_limit;                 /* they may not reach further */
	struct list_node borrowed;      /* or: single frames of other zones */
};

/** section_init() - see section.h. One u32 a section: 32 KiB for 1 TiB. */
void section_init(void)
{
	u64 end = memblock_end_of_ram(&memblock);

	nr_sections = DIV_ROUND_UP(end, SECTION_SIZE);
	section_chunks = memblock_alloc(nr_sections * sizeof(u32), PAGE_SIZE,
					"the table of sections");
}

/* Next range of whole free frames inside [min, max). */
static bool section_next_free(u64 *pos, u64 *start, u64 *end, u64 min, u64 max)
{
	while (memblock_next_free(&memblock, pos, start, end, min, max)) {
		*start = ALIGN_UP(*start, PAGE_SIZE);
		*end = ALIGN_DOWN(*end, PAGE_SIZE);
		if (*start < *end)
			return true;
	}
	return false;
}

/* ---- 1 plan --------------------------------------------------------------- */

static u32 section_find_chunks(const struct section_plan *p)
{
	u32 i = memblock_search(&memblock.memory, p->start), chunks = 0;
	const struct memblock_region *r = &memblock.memory.region[i];

	for (; i < memblock.memory.nr && r->base < p->end; i++, r++) {
		u64 from = MAX(r->base, p->start);
		u64 to = MIN(memblock_region_end(r), p->end);
		u64 first = (from - p->start) >> CHUNK_SHIFT;
		u64 last = (to - 1 - p->start) >> CHUNK_SHIFT;

		chunks |= (u32)(((u64)2 << last) - ((u64)1 << first));
	}
	return chunks;
}

/* Can free frames of [lo, hi) hold the page tables and the struct pages? */
static bool section_can_host(struct section_plan *p, u64 lo, u64 hi)
{
	u64 spare = SECTION_SPARE * PAGE_SIZE, pos = 0, start, end, have = 0;

	while (section_next_free(&pos, &start, &end, lo, hi)) {
		if (!have) {            /* page tables need one run */
			if (end - start < spare)
				continue;
			p->host_start = start;
			p->spare = pa_make(start);
			p->spare_end = pa_make(start + spare);
			p->host_end = start + spare;
			p->host_limit = hi;
		}
		have += end - start;
		if (have >= spare + p->need)
			return true;
	}
	return false;
}

static void section_return_block(struct page *page, unsigned int order)
{
	pfn_t pfn = page_to_pfn(page);
	u64 i, nr = (u64)1 << order;

	for (i = 0; i < nr; i++)
		page[i].type = PAGE_NONE;
	zone_release(page_zone(page), pfn, pfn_add(pfn, nr));
}

/* All frames first, so that nothing has to be undone in the memmap. */
static int section_borrow(struct section_plan *p)
{
	struct page *tables = zone_reserve_block(ilog2(SECTION_SPARE)), *page;
	u64 left;

	if (!tables)
		return -ENOMEM;
	for (left = p->need; left; left -= PAGE_SIZE) {
		page = zone_reserve_block(0);
		if (!page)
			goto out_return;
		list_push_front(&p->borrowed, &page->list);
	}
	p->spare = page_to_phys(tables);
	p->spare_end = pa_add(p->spare, SECTION_SPARE * PAGE_SIZE);
	return 0;

out_return:
	while (!list_empty(&p->borrowed)) {
		page = list_first(&p->borrowed, struct page, list);
		list_remove(&page->list);
		section_return_block(page, 0);
	}
	section_return_block(tables, ilog2(SECTION_SPARE));
	return -ENOMEM;
}

static int section_make_plan(struct section_plan *p, u64 nr)
{
	u64 high;

	*p = (struct section_plan){
		.nr = nr,
		.start = nr << SECTION_SHIFT,
		.end = (nr + 1) << SECTION_SHIFT,
	};
	list_init(&p->borrowed);
	p->chunks = section_find_chunks(p);
	p->need = (u64)bit_count(p->chunks) * CHUNK_MEMMAP * PAGE_SIZE;
	high = zone_of_pfn((p->end - 1) >> PAGE_SHIFT)->start_pfn << PAGE_SHIFT;
	if (section_can_host(p, MAX(p->start, high), p->end) ||
	    section_can_host(p, p->start, p->end))
		return 0;
	p->host_start = p->host_end = p->start;
	return section_borrow(p);
}

/* ---- 2 back --------------------------------------------------------------- */

/* The next run of frames for struct pages, at most max bytes long. */
static u64 section_take(struct section_plan *p, u64 max, paddr_t *pa)
{
	u64 start, end, pos = 0;

	if (!list_empty(&p->borrowed)) {
		struct page *page = list_first(&p->borrowed, struct page, list);

		list_remove(&page->list);
		*pa = page_to_phys(page);
		return PAGE_SIZE;
	}
	if (!section_next_free(&pos, &start, &end, p->host_end, p->host_limit))
		panic("section %llu: too few frames for its struct pages",
		      (unsigned long long)p->nr);
	*pa = pa_make(start);
	p->host_end = MIN(end, start + max);
	return p->host_end - start;
}

static void section_back_run(struct section_plan *p, vaddr_t va, u64 len)
{
	while (len) {
		paddr_t pa;
		u64 n = section_take(p, len, &pa), at;

		for (at = 0; at < n; at += PAGE_SIZE)
			page_zero(phys_to_virt(pa_add(pa, at)));
		if (kmap_memmap(va, n, pa, &p->spare, p->spare_end))
			panic("section %llu: more page tables than expected",
			      (unsigned long long)p->nr);
		va += n;
		len -= n;
	}
}

static void section_back_memmap(struct section_plan *p)
{
	vaddr_t base = (vaddr_t)pfn_to_page(pfn_make(p->start >> PAGE_SHIFT));
	u64 chunk_len = CHUNK_MEMMAP * PAGE_SIZE;
	unsigned int c = 0, n;

	while (c < SECTION_CHUNKS) {
		for (n = 0; c + n < SECTION_CHUNKS && p->chunks >> (c + n) & 1;)
			n++;
		section_back_run(p, base + c * chunk_len, n * chunk_len);
		c += n ? n : 1;
	}
}

/* ---- 3 to 5: mark, open, give --------------------------------------------- */

/* Next free range that does not host the memmap. */
static bool section_next_given(const struct section_plan *p, u64 *pos,
			       u64 *start, u64 *end, u64 min, u64 max)
{
	while (section_next_free(pos, start, end, min, max)) {
		if (*end <= p->host_start || *start >= p->host_end)
			return true;
		if (*start < p->host_start) {   /* the part before the host */
			*pos = *end = p->host_start;
			return true;
		}
		if (*end > p->host_end) {       /* the part behind it */
			*start = p->host_end;
			return true;
		}
	}
	return false;
}

static void section_mark_range(u64 start, u64 end)
{
	u64 pfn;

	for (pfn = start >> PAGE_SHIFT; pfn < end >> PAGE_SHIFT; pfn++) {
		struct page *page = pfn_to_page(pfn_make(pfn));

		page->type = PAGE_RESERVED;
		page->zone = (u8)zone_of_pfn(pfn)->id;
	}
}

/* RAM frames that are not given to the buddy. */
static void section_mark_reserved(const struct section_plan *p)
{
	u32 i = memblock_search(&memblock.memory, p->start);
	const struct memblock_region *r = &memblock.memory.region[i];

	for (; i < memblock.memory.nr && r->base < p->end; i++, r++) {
		u64 at = ALIGN_UP(MAX(r->base, p->start), PAGE_SIZE);
		u64 stop = ALIGN_DOWN(MIN(memblock_region_end(r), p->end),
				      PAGE_SIZE);
		u64 pos = 0, start, end;

		while (section_next_given(p, &pos, &start, &end, at, stop)) {
			section_mark_range(at, start);
			at = end;
		}
		if (at < stop)
			section_mark_range(at, stop);
	}
}

/* Gives the section's free frames of one zone; the rest becomes reserved. */
static u64 section_give_zone(const struct section_plan *p, struct zone *zone)
{
	u64 min = MAX(p->start, zone->start_pfn << PAGE_SHIFT);
	u64 max = MIN(p->end, zone->end_pfn << PAGE_SHIFT);
	u64 pos = 0, start, end, given = 0, was_free = 0;

	spin_lock(&zone->lock);
	while (section_next_given(p, &pos, &start, &end, min, max)) {
		given += (end - start) >> PAGE_SHIFT;
		buddy_add_range(zone, pfn_make(start >> PAGE_SHIFT),
				pfn_make(end >> PAGE_SHIFT));
	}
	pos = 0;
	while (section_next_free(&pos, &start, &end, min, max))
		was_free += (end - start) >> PAGE_SHIFT;
	zone->deferred -= was_free;
	zone->managed += given;
	zone->reserved += was_free - given;
	spin_unlock(&zone->lock);
	return given;
}

/* Page-table frames that were not needed go back. */
static void section_give_spare(const struct section_plan *p)
{
	pfn_t from = pa_to_pfn(p->spare), to = pa_to_pfn(p->spare_end);
	struct page *page;

	for (page = pfn_to_page(from); page < pfn_to_page(to); page++)
		page->type = PAGE_NONE;
	if (from.v < to.v)
		zone_release(zone_of_pfn(from.v), from, to);
}

static int section_online(u64 nr)
{
	struct section_plan p;
	struct zone *zone;
	u64 given = 0;
	int err = section_make_plan(&p, nr);

	if (err)
		return err;
	section_back_memmap(&p);
	section_mark_reserved(&p);
	__atomic_store_n(&section_chunks[nr], p.chunks, __ATOMIC_RELEASE);
	for (zone = zones; zone < zones + ZONE_NR; zone++)
		if (zone->start_pfn << PAGE_SHIFT < p.end &&
		    zone->end_pfn << PAGE_SHIFT > p.start)
			given += section_give_zone(&p, zone);
	section_give_spare(&p);
	section_nr_online++;
	section_memmap_bytes += p.need;
	page_debug_section(nr);
	trace(zone_grow, p.start >> PAGE_SHIFT, given);
	return 0;
}

static int zone_grow_locked(struct zone *zone) __needs_lock(&section_lock)
{
	u64 max = zone->end_pfn << PAGE_SHIFT;
	u64 pos = zone->grow_from, start, end;
	bool skipped = false;

	while (section_next_free(&pos, &start, &end,
				 zone->start_pfn << PAGE_SHIFT, max)) {
		u64 nr = start >> SECTION_SHIFT;

		if (!section_chunks[nr] && section_online(nr) == 0)
			return 0;
		skipped |= !section_chunks[nr];
		pos = (nr + 1) << SECTION_SHIFT;
		if (!skipped)
			zone->grow_from = pos;
	}
	return -ENOMEM;
}

/* See section.h. */
int zone_grow(struct zone *zone)
{
	int err;

	if (!READ_ONCE(zone->deferred))
		return -ENOMEM;
	spin_lock(&section_lock);
	err = zone_grow_locked(zone);
	spin_unlock(&section_lock);
	return err;
}

/* ---- giving reserved frames back ------------------------------------------ */

static u64 section_count_free(u64 start, u64 end)
{
	u64 pos = 0, from, to, nr = 0;

	while (section_next_free(&pos, &from, &to, start, end))
		nr += (to - from) >> PAGE_SHIFT;
	return nr;
}

/* Section still deferred: it will find the frames free when it comes in. */
static u64 section_release_deferred(struct zone *zone, u64 start, u64 end)
	__needs_lock(&section_lock)
{
	u64 before = section_count_free(start, end), nr;

	if (memblock_free(&memblock, start, end - start))
		return 0;               /* no room to note it: stays reserved */
	nr = section_count_free(start, end) - before;
	spin_lock(&zone->lock);
	zone->deferred += nr;
	zone->reserved -= nr;
	spin_unlock(&zone->lock);
	zone->grow_from = MIN(zone->grow_from, start);
	return nr;
}

static u64 section_release_online(struct zone *zone, u64 start, u64 end)
{
	pfn_t from = pfn_make(start >> PAGE_SHIFT);
	pfn_t to = pfn_make(end >> PAGE_SHIFT);
	struct page *page;

	for (page = pfn_to_page(from); page < pfn_to_page(to); page++)
		if (!pfn_online(page_to_pfn(page)) ||
		    page->type != PAGE_RESERVED) {
			kernel_report("bad-release",
				      "frame %#llx of %#llx-%#llx is not "
				      "reserved",
				      (unsigned long long)page_to_pfn(page).v,
				      (unsigned long long)from.v,
				      (unsigned long long)to.v);
			return 0;
		}
	for (page = pfn_to_page(from); page < pfn_to_page(to); page++)
		page->type = PAGE_NONE;
	zone_release(zone, from, to);
	return to.v - from.v;
}

/**
 * page_release_reserved() - frames of [start, end) are not needed any more
 *
 * For init code, modules, boot data. Whole frames inside the range only; all
 * of them must be reserved ("bad-release" otherwise).
 * Context: thread or boot, after zone_init(). Return: pages freed.
 */
u64 page_release_reserved(paddr_t start, paddr_t end)
{
	u64 at = ALIGN_UP(start.v, PAGE_SIZE), nr = 0;
	u64 stop = ALIGN_DOWN(end.v, PAGE_SIZE);

	spin_lock(&section_lock);
	while (at < stop) {
		u64 s = at >> SECTION_SHIFT;
		struct zone *zone = zone_of_pfn(at >> PAGE_SHIFT);
		u64 border = zone_border(zone->id) << PAGE_SHIFT;
		u64 to = MIN(stop, MIN((s + 1) << SECTION_SHIFT, border));

		nr += s < nr_sections && section_chunks[s]
			      ? section_release_online(zone, at, to)
			      : section_release_deferred(zone, at, to);
		at = to;
	}
	spin_unlock(&section_lock);
	return nr;
}

/* ---- questions ------------------------------------------------------------ */

/** pfn_next_online() - see section.h. Any context. */
u64 pfn_next_online(u64 pfn, u64 end)
{
	while (pfn < end && !pfn_online(pfn_make(pfn))) {
		u64 s = pfn / SECTION_PAGES;
		u64 step = s < nr_sections && section_chunks[s]
				   ? (u64)1 << MAX_ORDER
				   : SECTION_PAGES;

		pfn = ALIGN_UP(pfn + 1, step);
	}
	return MIN(pfn, end);
}

/** sections_reserved_pages() - see section.h. Context: thread. */
u64 sections_reserved_pages(void)
{
	u64 s, i, pages = 0;

	spin_lock(&section_lock);
	for (i = 0; i < memblock.memory.nr; i++) {
		const struct memblock_region *r = &memblock.memory.region[i];
		u64 end = memblock_region_end(r);

		for (s = r->base >> SECTION_SHIFT; s << SECTION_SHIFT < end;
		     s++) {
			u64 from = MAX(r->base, s << SECTION_SHIFT);
			u64 to = MIN(end, (s + 1) << SECTION_SHIFT);

			if (!section_chunks[s])
				pages += ((to - from) >> PAGE_SHIFT) -
					 section_count_free(from, to);
		}
	}
	spin_unlock(&section_lock);
	return pages;
}

/** sections_online() - sections whose struct pages exist. Any context. */
u64 sections_online(void)
{
	return READ_ONCE(section_nr_online);
}

/** memmap_bytes() - RAM behind struct pages so far. Any context. */
u64 memmap_bytes(void)
{
	return READ_ONCE(section_memmap_bytes);
}
