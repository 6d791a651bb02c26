/* SPDX-License-Identifier: MIT */
/*
 * Anonymous private memory: nothing stands behind it but zeroes.
 *
 *	read  ─► zero_page, read-only      one frame for all readers
 *	write ─► a fresh zeroed frame      type ANON, refcount 1
 *
 * A write to a page that was read before finds zero_page in its leaf and goes
 * through copy-on-write (mm/spaces/cow.c), which comes back here for the
 * frame. zero_page belongs to the kernel for ever: leaves that map it are not
 * counted, so a gigabyte of reads costs page tables and nothing else.
 */
#include "lib/string.h"
#include "mm/backing/backing.h"
#include "mm/backing/mapping.h"

struct page *zero_page;
paddr_t zero_page_pa;

/**
 * anon_init() - make the shared zero page
 *
 * Context: boot, after slab_init().
 */
void anon_init(void)
{
	if (zero_page)
		return;
	mapping_cache_init();
	zero_page = page_alloc(GFP_KERNEL | GFP_ZERO, 0);
	if (!zero_page)
		panic("no memory for the zero page");
	page_set_type(zero_page, PAGE_ZERO);
	zero_page_pa = page_to_phys(zero_page);
	icache_sync(page_to_virt(zero_page), PAGE_SIZE); /* it may be executed */
}

/**
 * anon_page_alloc() - a frame for private memory, with refcount 1
 *
 * zero: GFP_ZERO, or 0 when the caller fills it (copy-on-write). Who maps it
 * gives it a family and a home (mm/spaces/leaf.h).
 * Context: thread, may sleep. Return: the page, or NULL: out of memory.
 */
struct page *anon_page_alloc(gfp_t zero)
{
	struct page *page = page_alloc(GFP_USER | zero, 0);

	if (likely(page))
		page_set_type(page, PAGE_ANON);
	return page;
}

static enum fault_verdict anon_get_page(struct mapping *mapping, u64 index,
					bool write, struct page **out,
					bool *major)
{
	if (!write) {
		*out = zero_page;
		return FAULT_OK;
	}
	*out = anon_page_alloc(GFP_ZERO);
	return likely(*out) ? FAULT_OK : FAULT_OOM;
}

static const char *anon_check(struct mapping *mapping)
{
	const u64 *word = page_to_virt(zero_page);
	size_t i;

	if (mapping)
		return "anonymous VMA with a mapping";
	for (i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		if (word[i])
			return "the zero page is not zero";
	return NULL;
}

const struct backing_ops anon_backing = {
	.name = "anon",
	.zero_reads = true,
	.get_page = anon_get_page,
	.check = anon_check,
};
