/* SPDX-License-Identifier: MIT */
/*
 * Poison, owners, shadows: the page allocator's debug aids.
 *
 * Owner records (two return addresses a frame) lie in blocks of their own, one
 * for each section, taken when the section comes in. A section that had no
 * room for them is not tracked.
 *
 * Each frame, not only the head, carries PG_POISONED while it is filled with
 * the pattern: blocks split and merge between free and alloc.
 */
#include "mm/frames/page_debug.h"

#include "kernel/base/cmdline.h"
#include "kernel/base/kasan.h"
#include "kernel/base/ksym.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames/memblock.h"
#include "mm/frames/section.h"

u32 page_debug;

struct page_owner {
	uintptr_t alloc;                /* return addresses; 0: not yet */
	uintptr_t free;
};

/* For each section; NULL: not tracked. [section lock], read without */
static struct page_owner **page_owner_table;

/**
 * page_debug_init() - see page_debug.h
 *
 * Context: boot, while memblock still allocates.
 */
void page_debug_init(void)
{
	page_debug = QUIRE_KASAN ? PAGE_DEBUG_KASAN : 0;
	page_owner_table = NULL;
	if (cmdline_bool("page_poison", false))
		page_debug |= PAGE_DEBUG_POISON;
	if (cmdline_bool("init_on_alloc", false))
		page_debug |= PAGE_DEBUG_INIT;
	if (!cmdline_bool("page_owner", false))
		return;
	page_debug |= PAGE_DEBUG_OWNER;
	page_owner_table = memblock_alloc(nr_sections * sizeof(void *),
					  sizeof(void *), "page owners");
}

static void page_owner_section(u64 nr)
{
	size_t len = SECTION_PAGES * sizeof(struct page_owner);
	struct page *block = zone_reserve_block(order_of(len));

	if (!block)
		return;
	memset(page_to_virt(block), 0, len);
	__atomic_store_n(&page_owner_table[nr], page_to_virt(block),
			 __ATOMIC_RELEASE);
}

/* A shadow for each chunk of the section, as long as there is room. */
static void page_kasan_section(u64 nr)
{
	unsigned int c;

	static_assert(KASAN_BLOCK_SHIFT == CHUNK_SHIFT, "a shadow per chunk");
	for (c = 0; c < SECTION_CHUNKS; c++) {
		u64 pa = (nr << SECTION_SHIFT) + ((u64)c << CHUNK_SHIFT);
		struct page *shadow;

		if (!(section_chunks[nr] >> c & 1))
			continue;
		shadow = zone_reserve_block(order_of(KASAN_SHADOW_SIZE));
		if (!shadow)
			return;
		kasan_online(phys_to_virt(pa_make(pa)), page_to_virt(shadow));
	}
}

/** page_debug_section() - see page_debug.h. Context: section lock held. */
void page_debug_section(u64 nr)
{
	if (page_debug & PAGE_DEBUG_OWNER)
		page_owner_section(nr);
	if (QUIRE_KASAN)
		page_kasan_section(nr);
}

/* ---- owners --------------------------------------------------------------- */

static struct page_owner *page_owner_of(const struct page *page)
{
	u64 pfn = page_to_pfn(page).v;
	struct page_owner *table;

	if (!(page_debug & PAGE_DEBUG_OWNER))
		return NULL;
	table = page_owner_table[pfn / SECTION_PAGES];
	return table ? &table[pfn % SECTION_PAGES] : NULL;
}

/** page_owner_alloc() - who allocated the block that page heads; 0: unknown. */
uintptr_t page_owner_alloc(const struct page *page)
{
	const struct page_owner *owner = page_owner_of(page);

	return owner ? owner->alloc : 0;
}

/** page_owner_free() - who freed it last; 0: unknown, or never freed. */
uintptr_t page_owner_free(const struct page *page)
{
	const struct page_owner *owner = page_owner_of(page);

	return owner ? owner->free : 0;
}

/** page_owner_name() - see page_debug.h. Context: any. */
const char *page_owner_name(char *buf, size_t size, uintptr_t pc)
{
	if (pc)
		return ksym_format(buf, size, pc);
	str_copy(buf,
		 page_debug & PAGE_DEBUG_OWNER
			 ? "nobody yet"
			 : "unknown (page_owner=on tells)",
		 size);
	return buf;
}

static void page_owner_set(struct page *page, unsigned int order, uintptr_t pc,
			   bool freed)
{
	u64 i;

	/* Every frame: a later owner may get a part of this block. */
	for (i = 0; i < (u64)1 << order; i++) {
		struct page_owner *owner = page_owner_of(&page[i]);

		if (owner && freed)
			owner->free = pc;
		else if (owner)
			owner->alloc = pc;
	}
}

/* ---- poison --------------------------------------------------------------- */

static void page_poison_fill(struct page *page)
{
	memset(page_to_virt(page), PAGE_POISON, PAGE_SIZE);
	page->flags |= PG_POISONED;
}

static void page_poison_report(const struct page *page, const u8 *at)
{
	char alloc[80], freed[80];

	kernel_report("use-after-free",
		      "frame %#llx was written at +%#lx (%#x) while it was "
		      "free; allocated by %s, freed by %s",
		      (unsigned long long)page_to_pfn(page).v,
		      (unsigned long)((uintptr_t)at & (PAGE_SIZE - 1)), *at,
		      page_owner_name(alloc, sizeof(alloc),
				      page_owner_alloc(page)),
		      page_owner_name(freed, sizeof(freed),
				      page_owner_free(page)));
}

static void page_poison_verify(struct page *page)
{
	const u8 *p = page_to_virt(page), *end = p + PAGE_SIZE;

	if (!(page->flags & PG_POISONED))
		return;
	page->flags &= ~(u32)PG_POISONED;
	for (; p < end; p++)
		if (*p != PAGE_POISON) {
			page_poison_report(page, p);
			return;
		}
}

/* ---- the two hooks -------------------------------------------------------- */

/** page_debug_alloc() - see page_debug.h. Context: any. */
void page_debug_alloc(struct page *page, unsigned int order, uintptr_t pc)
{
	size_t len = PAGE_SIZE << order;
	u64 i;

	kasan_unpoison(page_to_virt(page), len);
	for (i = 0; i < (u64)1 << order; i++)
		page_poison_verify(&page[i]);
	page_owner_set(page, order, pc, false);
	if (page_debug & PAGE_DEBUG_INIT)
		memset(page_to_virt(page), 0, len);
}

/** page_debug_free() - see page_debug.h. Context: any. */
void page_debug_free(struct page *page, unsigned int order, uintptr_t pc)
{
	u64 i;

	page_owner_set(page, order, pc, true);
	if (page_debug & PAGE_DEBUG_POISON)
		for (i = 0; i < (u64)1 << order; i++)
			page_poison_fill(&page[i]);
	kasan_poison(page_to_virt(page), PAGE_SIZE << order, KASAN_FREE_PAGE);
}
