/* SPDX-License-Identifier: MIT */
/*
 * madvise: hints, and a few orders among them.
 *
 *	flags      DONTFORK WIPEONFORK DONTDUMP RANDOM HUGEPAGE …: a table of what to
 *	           set and clear; VMAs split and merge as for mprotect
 *	now        DONTNEED, FREE: leaves go, the next touch starts afresh
 *	           REMOVE: a hole in the file, for all who map it
 *	           POPULATE_*, WILLNEED: pages come in
 *	nothing    COLD, PAGEOUT until there is reclaim
 *
 * MADV_FREE lets the kernel take the pages at any later moment; this kernel
 * takes them at once, which a program cannot tell from a sudden shortage.
 *
 * Over holes the rest of the range is still done, then -ENOMEM; that is the
 * manual page. Only flag changes need the write lock.
 */
#include "lib/errno.h"
#include "mm/backing/backing.h"
#include "mm/backing/mapping.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mmap.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

/* Advice that only changes VM_* flags. */
static const struct madvise_flags {
	int advice;
	u32 set, clear;
} madvise_flags_table[] = {
	{ MADV_NORMAL, 0, VM_RANDOM | VM_SEQUENTIAL },
	{ MADV_RANDOM, VM_RANDOM, VM_SEQUENTIAL },
	{ MADV_SEQUENTIAL, VM_SEQUENTIAL, VM_RANDOM },
	{ MADV_DONTFORK, VM_DONTFORK, 0 },
	{ MADV_DOFORK, 0, VM_DONTFORK },
	{ MADV_WIPEONFORK, VM_WIPEONFORK, 0 },
	{ MADV_KEEPONFORK, 0, VM_WIPEONFORK },
	{ MADV_DONTDUMP, VM_DONTDUMP, 0 },
	{ MADV_DODUMP, 0, VM_DONTDUMP },
	{ MADV_HUGEPAGE, VM_HUGEPAGE, VM_NOHUGEPAGE },
	{ MADV_NOHUGEPAGE, VM_NOHUGEPAGE, VM_HUGEPAGE },
	{ MADV_MERGEABLE, VM_MERGEABLE, 0 },
	{ MADV_UNMERGEABLE, 0, VM_MERGEABLE },
};

static const struct madvise_flags *madvise_find_flags(int advice)
{
	size_t i;

	for (i = 0; i < array_size(madvise_flags_table); i++)
		if (madvise_flags_table[i].advice == advice)
			return &madvise_flags_table[i];
	return NULL;
}

/* ---- flags ------------------------------------------------------------------ */

/* How far from start the advice may be followed: end, or the first VMA that it
 * is not for. Context: mm->lock. */
static vaddr_t madvise_flags_reach(struct mm *mm, vaddr_t start, vaddr_t end,
				   int advice)
{
	struct vma *vma = vma_find(mm, start);

	if (advice != MADV_WIPEONFORK)
		return end;
	for (; vma && vma->start < end; vma = vma_next(vma))
		if (vma->mapping)       /* private anonymous memory only */
			return MAX(vma->start, start);
	return end;
}

/* The VMA's flags afterwards. Shared pages cannot be merged with others: nothing
 * is noted there. */
static u32 madvise_new_flags(const struct vma *vma,
			     const struct madvise_flags *f)
{
	if (f->set & VM_MERGEABLE && vma->flags & VM_SHARED)
		return vma->flags;
	return (vma->flags & ~f->clear) | f->set;
}

/* Context: mm->lock for writing. 0; -ENOMEM without a change; -ENOMEM for a
 * hole, -EINVAL for the wrong kind of memory after what comes before is done. */
static int madvise_change_flags(struct mm *mm, vaddr_t start, vaddr_t end,
				const struct madvise_flags *f,
				struct vma **dead)
{
	vaddr_t at = start,
		stop = madvise_flags_reach(mm, start, end, f->advice);
	struct vma *vma;
	int err;

	if (stop == start)
		return -EINVAL;
	err = vma_isolate(mm, start, stop);
	if (err)
		return err;
	for (vma = vma_find(mm, start); vma && vma->start < stop;
	     vma = vma_next(vma)) {
		if (vma->start > at)
			err = -ENOMEM;
		at = vma->end;
		vma_set_flags(vma, madvise_new_flags(vma, f));
	}
	vma_merge_range(mm, start, stop, dead);
	if (stop < end)
		return -EINVAL;
	return at < end ? -ENOMEM : err;
}

/* ---- leaves go, pages come ----------------------------------------------------- */

/* Drops the leaves of [start, end) inside one VMA. Context: mm->lock. 0; -EAGAIN:
 * no memory for a table of the space's own. */
static int madvise_drop(struct vma *vma, vaddr_t start, vaddr_t end)
{
	struct tlb_batch batch;

	if (share_own_borders(vma->mm, start, end))
		return -EAGAIN;
	tlb_batch_begin(&batch, &vma->mm->space, TLB_UNMAP);
	batch.shared = true;            /* faults run */
	share_leave_range(vma->mm, start, end, &batch);
	mm_unmap_pages(vma->mm, start, end, &batch);
	tlb_batch_end(&batch);
	return 0;
}

/* The file loses the pages of [start, end), for all who map it. */
static int madvise_punch(struct vma *vma, vaddr_t start, vaddr_t end)
{
	struct mapping *m = vma->mapping;
	int err = m->ops->may_punch ? m->ops->may_punch(m) : 0;

	if (!err)
		mapping_punch(m, vma_index(vma, start) << PAGE_SHIFT,
			      vma_index(vma, end) << PAGE_SHIFT);
	return err;
}

/* What the advice does to the part of the range in one VMA. */
static int madvise_one(struct vma *vma, vaddr_t start, vaddr_t end, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
		if (vma->flags & VM_LOCKED)
			return -EINVAL;
		return madvise_drop(vma, start, end);
	case MADV_DONTNEED_LOCKED:
		return madvise_drop(vma, start, end);
	case MADV_FREE:
		if (vma->mapping || vma->flags & VM_LOCKED)
			return -EINVAL;
		return madvise_drop(vma, start, end);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return vma->flags & VM_LOCKED ? -EINVAL : 0;
	case MADV_REMOVE:
		if (!vma->mapping || vma->flags & VM_LOCKED)
			return -EINVAL;
		if (!(vma->flags & VM_SHARED) || !(vma->flags & VM_MAYWRITE))
			return -EACCES;
		return madvise_punch(vma, start, end);
	case MADV_WILLNEED:
		return 0;               /* every page is in memory or a hole */
	default:
		return -EINVAL;
	}
}

/* Each VMA in the range in turn. Context: mm->lock. */
static int madvise_each(struct mm *mm, vaddr_t start, vaddr_t end, int advice)
{
	struct vma *vma = vma_find(mm, start);
	vaddr_t at = start;
	int err, hole = 0;

	for (; vma && vma->start < end; vma = vma_next(vma)) {
		if (vma->start > at)
			hole = -ENOMEM;
		at = MIN(vma->end, end);
		err = madvise_one(vma, MAX(vma->start, start), at, advice);
		if (err)
			return err;
	}
	return at < end ? -ENOMEM : hole;
}

/* Orders: side by side with faults, unless tables that are shared with a relative
 * may have to go (share.h). */
static int madvise_now(struct mm *mm, vaddr_t start, vaddr_t end, int advice)
{
	int err = 0;
	bool shared;

	read_lock(&mm->lock);
	shared = mm->nr_shared;
	if (likely(!shared))
		err = madvise_each(mm, start, end, advice);
	read_unlock(&mm->lock);
	if (unlikely(shared)) {
		write_lock(&mm->lock);
		err = madvise_each(mm, start, end, advice);
		write_unlock(&mm->lock);
	}
	return err;
}

/* Touches each VMA's part in turn. -EINVAL: it does not give the right; -EFAULT:
 * an access would be a SIGBUS there; -ENOMEM for a hole, after the rest. */
static int madvise_populate(struct mm *mm, vaddr_t start, vaddr_t end,
			    bool write)
{
	struct vma_part part;
	int err, hole = 0;

	for (; mm_next_part(mm, start, end, &part); start = part.end) {
		if (part.start > start)
			hole = -ENOMEM;
		if (!(part.flags & (write ? VM_WRITE : VM_READ)))
			return -EINVAL;
		err = mm_populate(mm, part.start, part.end - part.start, write);
		if (err)
			return err;
	}
	return start < end ? -ENOMEM : hole;
}

static bool madvise_is_known(int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_REMOVE:
	case MADV_WILLNEED:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return true;
	default:
		return madvise_find_flags(advice) != NULL;
	}
}

/**
 * mm_madvise() - tell the kernel what will become of [addr, addr + len)
 *
 * Context: thread, without mm->lock; may sleep. Return: 0; -EINVAL (unknown
 * advice, misaligned, not for this kind of memory); -ENOMEM (a hole, after the
 * rest was done; no memory for a split); -EACCES (MADV_REMOVE); -EAGAIN;
 * -EFAULT (MADV_POPULATE_* past the end of a file).
 */
int mm_madvise(struct mm *mm, vaddr_t addr, size_t len, int advice)
{
	const struct madvise_flags *f = madvise_find_flags(advice);
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	struct vma *dead = NULL;
	int err;

	if (!madvise_is_known(advice) || addr & ~PAGE_MASK || end < addr ||
	    (len && end == addr))
		return -EINVAL;
	if (end == addr)
		return 0;
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
		return madvise_populate(mm, addr, end,
					advice == MADV_POPULATE_WRITE);
	if (!f)
		return madvise_now(mm, addr, end, advice);
	write_lock(&mm->lock);
	err = madvise_change_flags(mm, addr, end, f, &dead);
	write_unlock(&mm->lock);
	vma_free_chain(dead);
	return err;
}
