/* SPDX-License-Identifier: MIT */
/*
 * struct page: names, the check of one record, and its dump.
 *
 * The states and the invariants [P1] to [P5] stand in page.h.
 */
#include "mm/frames/page.h"

#include "kernel/base/printk.h"
#include "mm/frames/page_debug.h"
#include "mm/frames/section.h"

const char *const page_type_names[PAGE_TYPES] = {
	[PAGE_NONE] = "none",       [PAGE_RESERVED] = "reserved",
	[PAGE_BUDDY] = "buddy",     [PAGE_PCP] = "pcp",
	[PAGE_KERNEL] = "kernel",   [PAGE_SLAB] = "slab",
	[PAGE_LARGE] = "large",     [PAGE_TABLE] = "table",
	[PAGE_ANON] = "anon",       [PAGE_FILE] = "file",
	[PAGE_STACK] = "stack",     [PAGE_VMALLOC] = "vmalloc",
	[PAGE_ZERO] = "zero",
};

static const char *page_check_mapped(const struct page *page)
{
	if (page->mapcount < 0 || (u32)page->mapcount > page->refcount)
		return "[P4] page: mapcount is negative or above refcount";
	return NULL;
}

/* Only the head of a block carries a type and an order. */
static const char *page_check_tails(const struct page *page)
{
	u64 i, nr = (u64)1 << page->order;

	if (page_to_pfn(page).v & (nr - 1))
		return "[P1] page: block is not aligned to its size";
	for (i = 1; i < nr; i++)
		if (page[i].type != PAGE_NONE)
			return "[P1] page: a head inside a block";
	return NULL;
}

/**
 * page_check() - is this record possible?
 *
 * page: any online frame; frames inside blocks are right by themselves.
 * Context: any; a page in motion may look wrong for a moment.
 * Return: NULL, or the text of the broken invariant.
 */
const char *page_check(const struct page *page)
{
	if (page->type >= PAGE_TYPES)
		return "page: unknown type";
	if (page->order > PAGE_MAX_ORDER)
		return "page: impossible order";
	if (page->type == PAGE_NONE || page->type == PAGE_RESERVED)
		return NULL;
	if (page->type == PAGE_BUDDY || page->type == PAGE_PCP) {
		if (page->refcount || page->mapcount)
			return "[P2] page: free, but referenced or mapped";
	} else if (!page->refcount) {
		return "[P3] page: in use without a reference";
	}
	if (page->type == PAGE_PCP && page->order)
		return "[A1] page: only single pages are on per-CPU lists";
	if (page->type == PAGE_ANON || page->type == PAGE_FILE)
		if (page_check_mapped(page))
			return page_check_mapped(page);
	if (page->type == PAGE_SLAB &&
	    (!page->cache || page->inuse > page->objects))
		return "[P5] page: slab without cache, or overfull";
	return page_check_tails(page);
}

/**
 * page_dump() - one record in words: what it is, who holds it, who made it so
 *
 * Context: any. page must be online [S1].
 */
void page_dump(const struct page *page)
{
	char alloc[80], free[80];

	pr_info("page %#llx: %s order %u zone %u node %u flags %#x "
		"refcount %u mapcount %d\n",
		(unsigned long long)page_to_pfn(page).v,
		page->type < PAGE_TYPES ? page_type_names[page->type] : "?",
		page->order, page->zone, page->node, page->flags,
		page->refcount, page->mapcount);
	pr_info("  mapping %p index %#llx; allocated by %s, freed by %s\n",
		page->mapping, (unsigned long long)page->index,
		page_owner_name(alloc, sizeof(alloc), page_owner_alloc(page)),
		page_owner_name(free, sizeof(free), page_owner_free(page)));
}
