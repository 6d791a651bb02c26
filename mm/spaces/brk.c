/* SPDX-License-Identifier: MIT */
/*
 * The heap: anonymous memory whose end a program moves with brk(2).
 *
 *	start_brk            brk   page end
 *	    ├─────────────────┼──────┤ ─► grows towards the mmap area
 *
 * The heap is an ordinary anonymous VMA, or several when mprotect has cut it.
 * Growing inserts a VMA behind the old end and lets the merge join them;
 * shrinking is munmap of the tail. brk itself need not be page-aligned: the
 * rest of its last page belongs to the heap already.
 */
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/backing/backing.h"
#include "mm/spaces/charge.h"
#include "mm/spaces/mmap.h"

enum {
	BRK_FLAGS = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE |
		    VM_MAYEXEC | VM_HEAP | VM_ACCOUNT,
};

/* Maps [start, end) for the heap. Context: mm->lock for writing.
 * 0, or -ENOMEM without a change. */
static int brk_extend(struct mm *mm, vaddr_t start, vaddr_t end,
		      struct vma **dead)
{
	const u32 flags = BRK_FLAGS | mm->future_flags;
	const struct vma tmpl = { .start = start,
				  .end = end,
				  .flags = flags,
				  .prot = vma_leaf_prot(flags),
				  .backing = &anon_backing,
				  .pgoff = start >> PAGE_SHIFT };
	struct vma *next = vma_find(mm, start), *vma;

	/* One page stays free towards the neighbour, as Linux keeps it. */
	if (end > USER_END - PAGE_SIZE ||
	    (next && end + PAGE_SIZE > vma_guard_start(next)))
		return -ENOMEM;
	if (mm->nr_vmas > MM_MAX_MAP_COUNT ||
	    !mm_may_grow(mm, flags, (end - start) >> PAGE_SHIFT))
		return -ENOMEM;
	if (flags & VM_LOCKED && !mm_may_lock(mm, (end - start) >> PAGE_SHIFT))
		return -EAGAIN;
	if (charge_pages(mm, (end - start) >> PAGE_SHIFT, 0))
		return -ENOMEM;
	vma = vma_create(&tmpl);
	if (!vma)               /* the charge goes back by charge_settle() */
		return -ENOMEM;
	vma_insert(mm, vma);
	vma_merge(mm, vma, dead);
	return 0;
}

/* Is anything left of [start, end)? Without, Linux moves nothing. */
static bool brk_is_mapped(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_find(mm, start);

	return vma && vma->start < end;
}

/* Moves the end of the heap. Context: mm->lock for writing. */
static int brk_move(struct mm *mm, vaddr_t brk, struct vma **dead)
{
	vaddr_t from = ALIGN_UP(mm->brk, PAGE_SIZE);
	vaddr_t to = ALIGN_UP(brk, PAGE_SIZE);

	if (brk < mm->start_brk || brk > USER_END)
		return -EINVAL;
	if (brk - mm->start_brk + (mm->end_data - mm->start_data) >
	    mm->limit_data)
		return -ENOMEM;
	if (to < from)
		return brk_is_mapped(mm, to, from)
			       ? mmap_cut(mm, to, from, dead)
			       : -EINVAL;
	return to > from ? brk_extend(mm, from, to, dead) : 0;
}

/**
 * mm_brk() - move the end of the heap to brk
 *
 * Context: thread, without mm->lock. Return: the break that holds now: brk, or
 * the old one when that was not possible (or brk was 0: a question).
 */
vaddr_t mm_brk(struct mm *mm, vaddr_t brk)
{
	struct vma *dead = NULL;
	vaddr_t old, now;
	bool locked;

	write_lock(&mm->lock);
	old = mm->brk;
	if (!brk_move(mm, brk, &dead)) {
		trace(brk, mm->brk, brk);
		mm->brk = brk;
	}
	now = mm->brk;
	locked = mm->future_flags & VM_LOCKED;
	charge_settle(mm);
	write_unlock(&mm->lock);
	vma_free_chain(dead);
	if (unlikely(locked) && now > old)
		mm_populate_locked(mm, ALIGN_UP(old, PAGE_SIZE), now);
	return now;
}

/**
 * mm_set_brk() - where the heap begins, and how much of it exists
 *
 * For exec: the pages of [start, end) that nothing maps yet are mapped (the
 * bss of the program), then start_brk = start and brk = end.
 * Context: thread, without mm->lock. Return: 0 or -ENOMEM without a change.
 */
int mm_set_brk(struct mm *mm, vaddr_t start, vaddr_t end)
{
	vaddr_t from = ALIGN_UP(start, PAGE_SIZE);
	vaddr_t to = ALIGN_UP(end, PAGE_SIZE);
	struct vma *dead = NULL;
	int err = 0;

	write_lock(&mm->lock);
	if (to > from)
		err = brk_extend(mm, from, to, &dead);
	if (!err) {
		mm->start_brk = start;
		mm->brk = end;
	}
	charge_settle(mm);
	write_unlock(&mm->lock);
	vma_free_chain(dead);
	return err;
}
