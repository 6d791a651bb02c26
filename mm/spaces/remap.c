/* SPDX-License-Identifier: MIT */
/*
 * remap_file_pages: a shared mapping shows its file's pages in another order.
 *
 *	pages   0 1 2 3   ─ remap(page 1, 1 page, pgoff 3) ─►   0 3 2 3
 *
 * As on Linux since 4.0 it is mmap in other words: the range is mapped anew, over
 * the old mapping, with its rights. One VMA for each piece is the price.
 */
#include "lib/errno.h"
#include "mm/backing/mapping.h"
#include "mm/spaces/mmap.h"

/* Whether [vma->start, end) is one mapping, in VMAs that differ in nothing. The
 * first one reaches over the start. Context: mm->lock. */
static bool remap_is_one(struct vma *vma, vaddr_t end)
{
	struct vma *next;

	for (; vma->end < end; vma = next) {
		next = vma_next(vma);
		if (!next || next->start != vma->end ||
		    next->mapping != vma->mapping || next->flags != vma->flags)
			return false;
	}
	return true;
}

/* The request that maps the range anew. 0 with a reference to the mapping, or
 * -EINVAL: not a mapping that may share what is written: one of a descriptor
 * that only reads counts as private, as on Linux. Context: mm->lock. */
static int remap_describe(struct mm *mm, struct mmap_request *rq)
{
	struct vma *vma = vma_find(mm, rq->addr);

	if (!vma || vma->start > rq->addr ||
	    ~vma->flags & (VM_SHARED | VM_MAYWRITE) ||
	    !remap_is_one(vma, rq->addr + rq->len))
		return -EINVAL;
	rq->mapping = vma->mapping;
	rq->prot = vma->flags & VM_ACCESS;
	rq->may_write = true;
	if (vma->flags & VM_LOCKED)
		rq->flags |= MAP_LOCKED;
	mapping_map_get(rq->mapping, true, rq->may_write);
	return 0;
}

/**
 * mm_remap_file_pages() - [addr, addr + len) shows the file from page pgoff on
 *
 * flags: MAP_NONBLOCK or nothing counts. Context: thread, without mm->lock; may
 * sleep. Return: 0; -EINVAL (no shared mapping there, wraps); -EOVERFLOW (behind the
 * last byte that a file can have); what mm_mmap() says.
 */
int mm_remap_file_pages(struct mm *mm, vaddr_t addr, size_t len, u64 pgoff,
			u32 flags)
{
	struct mmap_request rq = {
		.addr = ALIGN_DOWN(addr, PAGE_SIZE),
		.len = ALIGN_DOWN(len, PAGE_SIZE),
		.flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE |
			 (flags & MAP_NONBLOCK),
		.offset = pgoff << PAGE_SHIFT,
		.may_read = true,
	};
	vaddr_t at;
	int err;

	if (rq.addr + rq.len <= rq.addr ||
	    pgoff + (rq.len >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	read_lock(&mm->lock);
	err = remap_describe(mm, &rq);
	read_unlock(&mm->lock);
	if (err)
		return err;
	err = pgoff >> (64 - PAGE_SHIFT) ? -EOVERFLOW : mm_mmap(mm, &rq, &at);
	mapping_map_put(rq.mapping, true, rq.may_write);
	return err;
}
