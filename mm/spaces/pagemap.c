/* SPDX-License-Identifier: MIT */
/*
 * The page table of a space as an array of words, in Linux's format.
 *
 * Reserved bits, soft-dirty (55) and swapped (62), stay 0: there is neither.
 * The zero page is present and nothing more: nobody counts who maps it.
 */
#include "mm/spaces/pagemap.h"

#include "lib/string.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"

static u64 pagemap_word(pte_t leaf)
{
	const struct page *page = leaf_page(leaf);
	u64 word = PAGEMAP_PRESENT | page_to_pfn(page).v;

	if (page->type == PAGE_FILE)
		word |= PAGEMAP_FILE;
	if (page->type != PAGE_ZERO && READ_ONCE(page->mapcount) == 1)
		word |= PAGEMAP_EXCLUSIVE;
	return word;
}

/**
 * mm_pagemap() - the words of nr pages from start on
 *
 * start is page-aligned, the range lies in the user half. Context: thread, no
 * locks; takes mm->lock for reading, so word[] is kernel memory.
 */
void mm_pagemap(struct mm *mm, vaddr_t start, u64 *word, size_t nr)
{
	struct pt_cursor c;

	memset(word, 0, nr * sizeof(*word));
	share_own_all();                /* who counts, pays */
	read_lock(&mm->lock);
	pt_cursor_begin(&c, &mm->space, start, start + nr * PAGE_SIZE);
	while (pt_cursor_next(&c))
		if (pte_kind(c.entry, c.level) == PTE_LEAF)
			word[(c.va - start) >> PAGE_SHIFT] =
				pagemap_word(c.entry);
	pt_cursor_end(&c);
	read_unlock(&mm->lock);
}
