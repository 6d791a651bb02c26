/* SPDX-License-Identifier: MIT */
/*
 * The page table of a space as an array of words, in Linux's format.
 *
 * And the pages' age, for clear_refs.
 *
 * Reserved bits, soft-dirty (55) and swapped (62), stay 0: there is neither.
 * The zero page is present and nothing more: nobody counts who maps it.
 */
#include "mm/spaces/pagemap.h"

#include "lib/string.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

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

/* The leaves of one VMA become old. Context: mm->lock. */
static void pagemap_age_vma(const struct vma *vma, struct tlb_batch *batch)
{
	struct pt_cursor c;
	pte_t *slot;

	pt_cursor_begin(&c, &vma->mm->space, vma->start, vma->end);
	while (pt_cursor_next(&c)) {
		tlb_batch_note(batch, c.va, pt_cursor_rest(&c));
		pt_for_each_slot(&c, slot) {
			pte_t e = pt_read(slot);

			if (pte_kind(e, 0) == PTE_NONE)
				continue;
			pt_test_clear_young(slot, 0);
			if (leaf_page(e) != zero_page)
				__atomic_fetch_and(&leaf_page(e)->flags,
						   ~(u32)PG_REFERENCED,
						   __ATOMIC_RELAXED);
		}
		pt_cursor_skip(&c);
	}
	pt_cursor_end(&c);
}

/**
 * mm_clear_young() - forget which pages were used: the next use shows again
 *
 * anon, files: VMAs of which kind. Translations are flushed, so that no CPU uses a
 * page without saying so. Tables that relatives have too become the space's own.
 * Context: thread, no locks. Return: 0 or -ENOMEM.
 */
int mm_clear_young(struct mm *mm, bool anon, bool files)
{
	struct tlb_batch batch;
	struct vma *vma;
	int err;

	write_lock(&mm->lock);
	err = share_own_range(mm, 0, USER_END);
	tlb_batch_begin(&batch, &mm->space, TLB_PROTECT);
	for (vma = vma_find(mm, 0); !err && vma; vma = vma_next(vma))
		if (vma->mapping ? files : anon)
			pagemap_age_vma(vma, &batch);
	tlb_batch_end(&batch);
	write_unlock(&mm->lock);
	return err;
}
