/* SPDX-License-Identifier: MIT */
/*
 * The census: every frame counted twice, once by what it says of itself and
 * once by who uses it.
 *
 *	memmap   ─► pages by type ──────┐
 *	zones, per-CPU lists, slab,     ├─ must agree ─► present RAM
 *	page tables, vmalloc ───────────┘
 *
 *	page tables of all spaces ─► leaves of each page ─┐
 *	page cache ─► one reference for each page ────────┴─ = mapcount, refcount
 *
 * Counting the leaves of every page would take an array as large as memory
 * has frames, in a moment when memory may be short. So the census borrows
 * the counters themselves: a first walk over all spaces takes one from
 * refcount and mapcount for each leaf it finds. What remains must be 0 leaves, and
 * one reference if the page is in the cache. A second walk gives everything
 * back. Nobody may use the frames meanwhile; the caller sees to that.
 *
 * What it proves:
 *  [N1] by type: BUDDY = zones' free pages, PCP = per-CPU lists, SLAB = slab_pages(),
 *       TABLE = pt_nr_tables, STACK + VMALLOC = vmalloc_pages(),
 *       cached FILE = mapping_total_pages, ZERO = 1;
 *  [N2] all types + deferred = present;
 *  [N3] each ANON page has refcount = mapcount = leaves found, and at least one;
 *  [N4] each FILE page has mapcount = leaves found, and one reference more
 *       if a mapping has it, which then finds it at its index;
 *  [N5] rss and nr_tables of each space are what its tables hold;
 *  [N6] promised memory (commit_total) is what VMAs, shared memory and the page
 *       cache were promised;
 *  [N7] a table that spaces share (mm/spaces/share.h) says how many they are. Its
 *       leaves are found in all of them and count once.
 */
#include "mm/pressure/census.h"

#include "kernel/base/printk.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/backing/backing.h"
#include "mm/backing/commit.h"
#include "mm/backing/mapping.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/section.h"
#include "mm/frames/slab.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mm.h"
#include "mm/tables/kstack.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/vmalloc.h"

static char census_text[160];           /* the last contradiction */

struct census_walk {
	struct census *c;
	const char *why;
	u64 cached;                     /* FILE pages that a mapping has */
	u64 promised;                   /* pages: of VMAs, files, shared memory */
	u64 sharers;                    /* of all tables */
};

static __printf(1, 2) const char *census_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fmt_vsnprintf(census_text, sizeof(census_text), fmt, ap);
	va_end(ap);
	return census_text;
}

/* ---- the walk over all spaces --------------------------------------------------- */

/* Adds `by` to both counters of the page behind a leaf, if there is one. */
static void census_add_leaf(pte_t e, s32 by)
{
	struct page *page;

	if (pte_kind(e, 0) == PTE_NONE)
		return;
	page = leaf_page(e);
	if (page == zero_page)
		return;
	page->mapcount += by;
	page->refcount += (u32)by;
}

/* Of the spaces that share a table only one counts its leaves: the last that comes
 * when counters are taken, the first when they are given back. */
static bool census_is_counter(struct page *table, s32 by)
{
	if (by < 0)
		return table->sharers-- == 0;
	return ++table->sharers == 0;
}

/* Adds `by` to both counters of every page that a leaf of mm maps, and takes or
 * gives back the space's part in its tables. */
static void census_add_leaves(struct mm *mm, s32 by)
{
	struct pt_cursor c;
	pte_t *slot;

	pt_cursor_begin(&c, &mm->space, 0, USER_END);
	while (pt_cursor_next(&c)) {
		if (census_is_counter(c.locked, by))
			pt_for_each_slot(&c, slot)
				census_add_leaf(pt_read(slot), by);
		pt_cursor_skip(&c);
	}
	pt_cursor_end(&c);
}

static void census_take(struct mm *mm, void *arg)
{
	struct census_walk *w = arg;

	census_add_leaves(mm, -1);
	w->c->spaces++;
	w->promised += mm->account_vm;
	w->c->mapped_anon += (u64)mm->rss[RSS_ANON];
	w->c->mapped_file += (u64)(mm->rss[RSS_FILE] + mm->rss[RSS_SHMEM]);
}

static void census_give_back(struct mm *mm, void *arg)
{
	census_add_leaves(mm, 1);
}

/* [N5], and that leaves point to pages that leaves may point to. */
static void census_check_space(struct mm *mm, void *arg)
{
	struct census_walk *w = arg;
	const char *why = w->why ? NULL : mm_recount(mm);

	if (why)
		w->why = census_say("[N5] a space of %u VMAs: %s", mm->nr_vmas,
				    why);
}

/* ---- the memmap ------------------------------------------------------------------ */

/* With the leaves taken away. NULL, or what is wrong with a page of a space. */
static const char *census_check_owned(struct page *page, struct census_walk *w)
{
	struct mapping *m = page->mapping;
	u32 refs = page->type == PAGE_FILE && m ? 1 : 0;
	unsigned long long pfn = page_to_pfn(page).v;

	if (page->mapcount != 0)
		return census_say("%s page %#llx: mapcount is %d more than "
				  "its leaves",
				  page_type_names[page->type], pfn,
				  page->mapcount);
	if (page->refcount != refs)
		return census_say("%s page %#llx: refcount is %d more than "
				  "its leaves and the cache",
				  page_type_names[page->type], pfn,
				  (s32)(page->refcount - refs));
	w->cached += refs;
	w->promised += refs && mapping_is_charged(m);
	if (refs && radix_find(&m->pages, page->index) != page)
		return census_say("[N4] file page %#llx: its mapping does not "
				  "have it at %llu",
				  pfn, (unsigned long long)page->index);
	return NULL;
}

/* With the spaces taken away: [N7]. */
static const char *census_check_table(const struct page *page)
{
	if ((s32)page->sharers > 0)
		return census_say("[N7] table %#llx: %u spaces more than point "
				  "to it",
				  (unsigned long long)page_to_pfn(page).v,
				  page->sharers);
	return page_check(page);
}

/* Counts the block at page; returns its pages. */
static u64 census_count_block(struct page *page, struct census_walk *w)
{
	u64 nr = 1;

	if (page->type >= PAGE_TYPES) {
		if (!w->why)
			w->why = census_say(
				"page %#llx: unknown type %u",
				(unsigned long long)page_to_pfn(page).v,
				page->type);
		return nr;
	}
	if (page->type != PAGE_NONE && page->type != PAGE_RESERVED)
		nr = (u64)1 << page->order;
	w->c->by_type[page->type] += nr;
	if (page->type == PAGE_TABLE)
		w->sharers += page->sharers;
	if (w->why)
		return nr;
	if (page->type == PAGE_ANON || page->type == PAGE_FILE)
		w->why = census_check_owned(page, w);
	else if (page->type == PAGE_TABLE)
		w->why = census_check_table(page);
	else
		w->why = page_check(page);
	return nr;
}

static void census_scan_zone(const struct zone *zone, struct census_walk *w)
{
	u64 pfn = zone->start_pfn;

	w->c->ram += zone->present;
	w->c->deferred += zone->deferred;
	while ((pfn = pfn_next_online(pfn, zone->end_pfn)) < zone->end_pfn)
		pfn += census_count_block(pfn_to_page(pfn_make(pfn)), w);
}

/* ---- the sums ---------------------------------------------------------------------- */

static const char *census_compare(const char *what, u64 counted, u64 claimed)
{
	if (counted == claimed)
		return NULL;
	return census_say("%s: %llu pages counted, %llu claimed", what,
			  (unsigned long long)counted,
			  (unsigned long long)claimed);
}

/* [N1], [N2], [N6]: the sums against those who hold the pages. */
static const char *census_check_sums(const struct census_walk *w)
{
	const struct census *c = w->c;
	u64 buddy = 0, all = 0;
	const char *why;
	unsigned int i;

	for (i = 0; i < ZONE_NR; i++)
		buddy += zones[i].nr_free;
	for (i = 0; i < PAGE_TYPES; i++)
		all += i == PAGE_NONE ? 0 : c->by_type[i];

	why = census_compare("[N1] free", c->by_type[PAGE_BUDDY], buddy);
	if (!why)
		why = census_compare("[N1] per-CPU lists", c->by_type[PAGE_PCP],
				     page_alloc_pcp_count());
	if (!why)
		why = census_compare("[N1] slab", c->by_type[PAGE_SLAB],
				     slab_pages());
	if (!why)
		why = census_compare("[N1] page tables", c->by_type[PAGE_TABLE],
				     pt_nr_tables);
	if (!why)
		why = census_compare("[N1] vmalloc and stacks",
				     c->by_type[PAGE_VMALLOC] +
					     c->by_type[PAGE_STACK],
				     vmalloc_pages());
	if (!why)
		why = census_compare("[N1] page cache", w->cached,
				     mapping_total_pages);
	if (!why)
		why = census_compare("[N1] zero page", c->by_type[PAGE_ZERO],
				     zero_page ? 1 : 0);
	if (!why)
		why = census_compare("[N2] all types and deferred",
				     all + c->deferred, c->ram);
	if (!why)
		why = census_compare("[N6] promised",
				     w->promised + shmem_reserved,
				     commit_total());
	return why;
}

/**
 * census() - count every frame twice and compare
 *
 * Context: thread, may sleep, no mm lock; other tasks are quiet.
 * Return: NULL with *out filled, or the text of the first contradiction.
 */
const char *census(struct census *out)
{
	struct census_walk w = { .c = out };
	const char *why;
	unsigned int i;

	memset(out, 0, sizeof(*out));
	mm_for_each(census_check_space, &w);

	mm_for_each(census_take, &w);
	for (i = 0; i < ZONE_NR; i++)
		census_scan_zone(&zones[i], &w);
	out->deferred += sections_reserved_pages();
	mm_for_each(census_give_back, &w);

	why = w.why ? w.why : census_check_sums(&w);
	return why;
}

/**
 * census_print() - the equation, with its numbers
 *
 * Context: any.
 */
void census_print(const struct census *c)
{
	unsigned int i;

	pr_info("census: %llu spaces, %llu anonymous and %llu file leaves\n",
		(unsigned long long)c->spaces,
		(unsigned long long)c->mapped_anon,
		(unsigned long long)c->mapped_file);
	for (i = PAGE_NONE + 1; i < PAGE_TYPES; i++)
		if (c->by_type[i])
			pr_info("census: %12llu %s\n",
				(unsigned long long)c->by_type[i],
				page_type_names[i]);
	pr_info("census: %12llu deferred\n", (unsigned long long)c->deferred);
	pr_info("census: %12llu = RAM, pages\n", (unsigned long long)c->ram);
}

static void census_count_space(struct mm *mm, void *arg)
{
	struct census_mark *m = arg;

	m->spaces++;
	m->tables += mm->nr_tables;
}

/**
 * census_mark() - the counts that an operation must leave as they were
 *
 * Free pages and slab are left out: caches may keep what they were given.
 * Context: thread, no mm lock.
 */
void census_mark(struct census_mark *m)
{
	struct census c = { .ram = 0 };
	struct census_walk w = { .c = &c, .why = "counting only" };
	unsigned int i;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < ZONE_NR; i++)
		census_scan_zone(&zones[i], &w);
	mm_for_each(census_count_space, m);
	m->tables -= w.sharers;         /* each once */
	m->anon = c.by_type[PAGE_ANON];
	for (i = PAGE_NONE + 1; i < PAGE_TYPES; i++)
		m->used += c.by_type[i];
	m->used -= c.by_type[PAGE_BUDDY] + c.by_type[PAGE_PCP] +
		   c.by_type[PAGE_RESERVED] + c.by_type[PAGE_SLAB] +
		   (c.by_type[PAGE_TABLE] - m->tables) + kstack_stocked_pages();
}
