/* SPDX-License-Identifier: MIT */
/*
 * mincore: which pages of a range are in memory?
 *
 *	leaf                    1
 *	no leaf, file           1 if the page cache has the page
 *	no leaf, anonymous      0
 *
 * Nothing is swapped out yet, so a leaf always means memory.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/backing/backing.h"
#include "mm/backing/mapping.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mmap.h"
#include "mm/tables/pgtable.h"

static bool mincore_cached(const struct vma *vma, vaddr_t va)
{
	struct page *page = NULL;

	if (vma->mapping)
		page = mapping_find(vma->mapping, vma_index(vma, va));
	if (page)
		page_put(page);
	return page != NULL;
}

/* The pages [start, end) of one VMA. Context: mm->lock. */
static void mincore_vma(struct vma *vma, vaddr_t start, vaddr_t end, u8 *vec)
{
	struct pt_cursor c;
	vaddr_t va;

	memset(vec, 0, (end - start) >> PAGE_SHIFT);
	pt_cursor_begin(&c, &vma->mm->space, start, end);
	while (pt_cursor_next(&c))
		vec[(c.va - start) >> PAGE_SHIFT] = 1;
	pt_cursor_end(&c);
	if (!vma->mapping)
		return;
	for (va = start; va < end; va += PAGE_SIZE, vec++)
		if (!*vec)
			*vec = mincore_cached(vma, va);
}

/**
 * mm_mincore() - one byte a page into vec: 1 when it is in memory
 *
 * vec: nr_pages bytes of kernel memory. Context: thread, without mm->lock.
 * Return: 0; -EINVAL (misaligned); -ENOMEM (a hole, or beyond the user half),
 * vec then holds nothing of use.
 */
int mm_mincore(struct mm *mm, vaddr_t addr, size_t nr_pages, u8 *vec)
{
	vaddr_t at = addr, end = addr + (nr_pages << PAGE_SHIFT);
	struct vma *vma;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (addr > USER_END || nr_pages > (USER_END - addr) >> PAGE_SHIFT)
		return -ENOMEM;
	read_lock(&mm->lock);
	for (vma = vma_find(mm, at); vma && vma->start <= at && at < end;
	     vma = vma_next(vma)) {
		vaddr_t stop = MIN(vma->end, end);

		mincore_vma(vma, at, stop, vec + ((at - addr) >> PAGE_SHIFT));
		at = stop;
	}
	read_unlock(&mm->lock);
	return at < end ? -ENOMEM : 0;
}
