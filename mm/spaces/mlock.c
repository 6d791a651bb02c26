/* SPDX-License-Identifier: MIT */
/*
 * mlock and its family: memory that shall stay in memory.
 *
 *	mlock      VM_LOCKED on the range, then all its pages come in
 *	mlock2     with MLOCK_ONFAULT also VM_LOCKONFAULT: they come when touched
 *	mlockall   CURRENT: on every VMA; FUTURE: mm->future_flags, which mmap, brk
 *	           and a growing stack put on what they make
 *
 * The promise is kept easily as long as nothing is ever taken out of memory; what
 * programs see is the rest: pages are there when the call returns, VmLck and
 * RLIMIT_MEMLOCK count (mm->locked_vm, kept by vma.c), MADV_DONTNEED and
 * msync(MS_INVALIDATE) refuse, fork's child has nothing locked.
 *
 * How many frames are locked nobody counts as they come and go: the books mark
 * them (mlock_mark_pages, PG_MLOCKED) when somebody asks (mm/pressure/account.c).
 *
 * Flags change under the write lock, VMA by VMA up to the first hole, and stay
 * changed when the call then fails, as on Linux. The touching follows without it.
 */
#include "lib/errno.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mmap.h"
#include "mm/tables/pgtable.h"

enum {
	MCL_KNOWN = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT,
};

/**
 * mm_may_lock() - would nr_pages more locked pages keep RLIMIT_MEMLOCK?
 *
 * Context: mm->lock.
 */
bool mm_may_lock(const struct mm *mm, u64 nr_pages)
{
	return mm->limit_memlock == ~(u64)0 ||
	       mm->locked_vm + nr_pages <= mm->limit_memlock >> PAGE_SHIFT;
}

/* The pages of one VMA's part: private writable memory gets its copies now,
 * VM_LOCKONFAULT waits for a touch. 0, -EFAULT or -ENOMEM. */
static int mlock_populate_part(struct mm *mm, const struct vma_part *part)
{
	bool own = (part->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;

	if (part->flags & VM_LOCKONFAULT)
		return 0;
	return mm_populate(mm, part->start, part->end - part->start, own);
}

/* Every page of [start, end). 0; -EFAULT (no rights, or past the end of a
 * file); -ENOMEM: what came before stays. Context: no mm lock. */
static int mlock_populate(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct vma_part part;
	int err = 0;

	for (; !err && mm_next_part(mm, start, end, &part); start = part.end)
		err = mlock_populate_part(mm, &part);
	return err;
}

/**
 * mm_populate_locked() - bring in [start, end) after the call has succeeded
 *
 * For MAP_POPULATE and memory that is locked from its start: what does not come
 * now comes at use, and the next VMA is tried. Context: thread, no mm lock.
 */
void mm_populate_locked(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct vma_part part;
	int err;

	for (; mm_next_part(mm, start, end, &part); start = part.end) {
		err = mlock_populate_part(mm, &part);
		(void)err;
	}
}

/* The kernel's page of code is there anyhow: the call passes it over. */
static bool mlock_is_vdso(const struct vma *vma)
{
	return vma->mm->vdso && vma->start == vma->mm->vdso;
}

/* Sets the lock bits of the VMA part that is in [start, end). 0 or -ENOMEM. */
static int mlock_change(struct mm *mm, struct vma *vma, vaddr_t start,
			vaddr_t end, u32 bits)
{
	u32 flags = (vma->flags & ~(u32)VM_LOCK_BITS) | bits;
	vaddr_t from = MAX(vma->start, start);
	int err;

	if (flags == vma->flags || mlock_is_vdso(vma))
		return 0;
	err = vma_isolate(mm, from, MIN(vma->end, end));
	if (!err)
		vma_set_flags(vma_find(mm, from), flags);
	return err;
}

/* The same for all of [start, end), up to a hole. Context: mm->lock for writing.
 * Return: 0; -ENOMEM: a hole, or no VMA for a split. */
static int mlock_change_range(struct mm *mm, vaddr_t start, vaddr_t end,
			      u32 bits, struct vma **dead)
{
	vaddr_t at = start;
	struct vma *vma;
	int err = 0;

	while (!err && at < end) {
		vma = vma_find(mm, at);
		if (!vma || vma->start > at) {
			err = -ENOMEM;
			break;
		}
		err = mlock_change(mm, vma, at, end, bits);
		if (!err)
			at = vma_find(mm, at)->end;
	}
	vma_merge_range(mm, start, MIN(at, end), dead);
	return err;
}

/* [addr, addr + len) in whole pages. Return: 1: nothing to do; 0; -EINVAL. */
static int mlock_round(vaddr_t addr, size_t len, vaddr_t *start, vaddr_t *end)
{
	*start = ALIGN_DOWN(addr, PAGE_SIZE);
	*end = *start + ALIGN_UP(len + (addr - *start), PAGE_SIZE);
	if (*end < *start)
		return -EINVAL;
	return *end == *start;
}

/**
 * mm_mlock() - keep [addr, addr + len) in memory
 *
 * on_fault: pages are not brought in, only kept once they are.
 * Context: thread, without mm->lock; may sleep. Return: 0; -EPERM (the limit is
 * 0); -ENOMEM (the limit, a hole, PROT_NONE, past the end of a file); -EINVAL
 * (wraps); -EAGAIN (not enough memory: what is in stays).
 */
int mm_mlock(struct mm *mm, vaddr_t addr, size_t len, bool on_fault)
{
	u32 bits = VM_LOCKED | (on_fault ? VM_LOCKONFAULT : 0);
	struct vma *dead = NULL;
	vaddr_t start, end;
	int err = mlock_round(addr, len, &start, &end);
	u64 nr_pages = (end - start) >> PAGE_SHIFT;

	if (mm->limit_memlock == 0)
		return -EPERM;
	write_lock(&mm->lock);
	if (!mm_may_lock(mm, nr_pages) &&
	    !mm_may_lock(mm,
			 nr_pages - vma_pages_in(mm, start, end, VM_LOCKED)))
		err = -ENOMEM;
	else if (!err)
		err = mlock_change_range(mm, start, end, bits, &dead);
	write_unlock(&mm->lock);
	vma_free_chain(dead);
	if (err)
		return err < 0 ? err : 0;
	err = mlock_populate(mm, start, end);
	if (err)
		return err == -ENOMEM ? -EAGAIN : -ENOMEM;
	return 0;
}

/**
 * mm_munlock() - [addr, addr + len) may leave memory again
 *
 * Context: thread, without mm->lock. Return: 0; -ENOMEM (a hole, a split); -EINVAL.
 */
int mm_munlock(struct mm *mm, vaddr_t addr, size_t len)
{
	struct vma *dead = NULL;
	vaddr_t start, end;
	int err = mlock_round(addr, len, &start, &end);

	if (err)
		return err < 0 ? err : 0;
	write_lock(&mm->lock);
	err = mlock_change_range(mm, start, end, 0, &dead);
	write_unlock(&mm->lock);
	vma_free_chain(dead);
	return err;
}

/* The lock bits of every VMA. Context: mm->lock for writing. */
static void mlock_change_all(struct mm *mm, u32 bits, struct vma **dead)
{
	struct vma *vma;

	for (vma = vma_find(mm, 0); vma; vma = vma_next(vma))
		if (!mlock_is_vdso(vma))
			vma_set_flags(vma,
				      (vma->flags & ~(u32)VM_LOCK_BITS) | bits);
	vma_merge_range(mm, 0, USER_END, dead);
}

/**
 * mm_mlockall() - keep everything in memory: what there is, what will be
 *
 * flags: MCL_*. Context: thread, without mm->lock; may sleep. Return: 0; -EINVAL;
 * -EPERM (the limit is 0); -ENOMEM (the limit). What cannot be brought in is
 * passed over.
 */
int mm_mlockall(struct mm *mm, u32 flags)
{
	u32 bits = VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0);
	struct vma *dead = NULL;
	int err = 0;

	if (flags & ~(u32)MCL_KNOWN || !(flags & (MCL_CURRENT | MCL_FUTURE)))
		return -EINVAL;
	if (mm->limit_memlock == 0)
		return -EPERM;
	write_lock(&mm->lock);
	if (flags & MCL_CURRENT &&
	    mm->total_vm > mm->limit_memlock >> PAGE_SHIFT) {
		err = -ENOMEM;
	} else {
		mm->future_flags = flags & MCL_FUTURE ? bits : 0;
		if (flags & MCL_CURRENT)
			mlock_change_all(mm, bits, &dead);
	}
	write_unlock(&mm->lock);
	vma_free_chain(dead);
	if (!err && flags & MCL_CURRENT)
		mm_populate_locked(mm, 0, USER_END);
	return err;
}

/** mm_munlockall() - nothing is locked, nor will be. Context: as above. */
void mm_munlockall(struct mm *mm)
{
	struct vma *dead = NULL;

	write_lock(&mm->lock);
	mm->future_flags = 0;
	mlock_change_all(mm, 0, &dead);
	write_unlock(&mm->lock);
	vma_free_chain(dead);
}

/* ---- counting ------------------------------------------------------------- */

static void mlock_mark_vma(const struct vma *vma)
{
	struct pt_cursor c;

	pt_cursor_begin(&c, &vma->mm->space, vma->start, vma->end);
	while (pt_cursor_next(&c)) {
		struct page *page = leaf_page(c.entry);

		if (page != zero_page)
			__atomic_fetch_or(&page->flags, PG_MLOCKED,
					  __ATOMIC_RELAXED);
	}
	pt_cursor_end(&c);
}

/**
 * mlock_mark_pages() - PG_MLOCKED on every page that the space has locked
 *
 * The marks last until page_count_zone() finds them, or the page is freed.
 * Context: thread, no mm lock.
 */
void mlock_mark_pages(struct mm *mm)
{
	const struct vma *vma;

	if (likely(!READ_ONCE(mm->locked_vm)))
		return;
	read_lock(&mm->lock);
	for (vma = vma_find(mm, 0); vma; vma = vma_next(vma))
		if (vma->flags & VM_LOCKED)
			mlock_mark_vma(vma);
	read_unlock(&mm->lock);
}
