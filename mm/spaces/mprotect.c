/* SPDX-License-Identifier: MIT */
/*
 * mprotect: other rights for a range.
 *
 *	find how far it can go ─► split at the borders ─► for each VMA: flags,
 *	then its leaves ─► one flush ─► merge
 *
 * A leaf never gets more than its page allows: in a private mapping only a
 * page with one owner becomes writable at once, all others stay read-only and
 * copy-on-write decides at the next write. Taking rights away is what needs
 * the flush; giving them needs none (arch/mmu.h [M6]: the machine walks again
 * before it reports a fault for rights that the table has).
 *
 * A hole, or a right that the file does not give, ends the call with an
 * error, and what lies before stays changed, as on Linux. Running out of
 * memory for the splits changes nothing.
 */
#include "kernel/base/explore.h"
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/spaces/charge.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mmap.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

enum {
	PROT_KNOWN = PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM |
		     PROT_GROWSDOWN | PROT_GROWSUP,
	PROT_RIGHTS = PROT_READ | PROT_WRITE | PROT_EXEC,
};

/* What a change leaves to be done without the lock. */
struct mprotect_rest {
	struct vma *dead;               /* VMAs to be freed */
	vaddr_t fill_start;             /* locked memory that may be written now, */
	vaddr_t fill_end;               /* from the first part to the last */
};

/*
 * The leaves of one table, to the protection `full`; ask_page: the page decides
 * whether it may be written. Return: the rights that some leaf lost. Inlined
 * for either case: this loop is all that mprotect of a large range does.
 */
static __force_inline ptprot_t mprotect_table(const struct pt_cursor *c,
					      ptprot_t full, bool ask_page)
{
	const ptprot_t rights = PT_READ | PT_WRITE | PT_EXEC;
	ptprot_t lost = 0;
	pte_t *slot;

	pt_for_each_slot(c, slot) {
		pte_t e = pt_read(slot);
		ptprot_t old, want = full;

		if (pte_kind(e, 0) == PTE_NONE)
			continue;
		if (ask_page && !page_has_one_owner(leaf_page(e)))
			want &= ~(ptprot_t)PT_WRITE;
		old = pte_prot(e, 0) & rights;
		if (old == (want & rights))
			continue;
		yield_point(mprotect_asked);
		pt_set_prot(slot, want, 0);
		lost |= old & ~want;
	}
	return lost;
}

/*
 * Rewrites the leaves of a VMA to its present protection.
 * Context: mm->lock for writing, so no fault runs and no owner comes or goes.
 */
static void mprotect_leaves(struct vma *vma, vaddr_t start, vaddr_t end,
			    struct tlb_batch *batch)
{
	const bool ask_page = vma->prot & PT_WRITE && !(vma->flags & VM_SHARED);
	struct pt_cursor c;

	pt_cursor_begin(&c, &vma->mm->space, start, end);
	while (pt_cursor_next(&c)) {
		ptprot_t lost = ask_page ? mprotect_table(&c, vma->prot, true)
					 : mprotect_table(&c, vma->prot, false);

		if (lost)
			tlb_batch_note(batch, c.va, pt_cursor_rest(&c));
		pt_cursor_skip(&c);
	}
	pt_cursor_end(&c);
}

/* The VMA's flags with other rights. Memory that could once be written stays
 * charged: it may hold pages. */
static u32 mprotect_flags(const struct vma *vma, u32 prot)
{
	u32 flags = (vma->flags & ~(u32)VM_ACCESS) | prot;

	return vma_flags_are_promised(flags) ? flags | VM_ACCOUNT : flags;
}

/* Memory that becomes writable is promised from now on. 0 or -ENOMEM. */
static inline int mprotect_charge(const struct vma *vma, vaddr_t start,
				  vaddr_t end, u32 prot)
{
	if (likely(vma->flags & VM_ACCOUNT || !(prot & PROT_WRITE) ||
		   !vma_flags_are_promised(vma->flags | VM_WRITE)))
		return 0;
	return charge_pages(vma->mm,
			    (MIN(end, vma->end) - MAX(start, vma->start)) >>
				    PAGE_SHIFT,
			    0);
}

/* May the VMA have these rights? *data: pages that become data before it, and
 * then its own too. 0, -EACCES or -ENOMEM (RLIMIT_DATA). */
static int mprotect_allowed(const struct vma *vma, vaddr_t start, vaddr_t end,
			    u32 prot, u64 *data)
{
	const struct mm *mm = vma->mm;
	u32 may = vma->flags / VM_MAYREAD & PROT_RIGHTS;
	u32 flags = (vma->flags & ~(u32)VM_ACCESS) | prot;
	u64 nr_pages = (MIN(end, vma->end) - MAX(start, vma->start)) >>
		       PAGE_SHIFT;

	if (prot & ~may)
		return -EACCES;
	if (!vma_flags_are_data(flags) || vma_flags_are_data(vma->flags))
		return 0;
	*data += nr_pages;
	/* RLIMIT_AS is not what this call runs into. */
	if (mm->total_vm + nr_pages <= mm->limit_as >> PAGE_SHIFT &&
	    mm->data_vm + *data > mm->limit_data >> PAGE_SHIFT)
		return -ENOMEM;
	return 0;
}

/*
 * How far from start the change can go: *stop is end, or where the first
 * obstacle lies, and the result is what it means. *same: nothing differs.
 */
static int mprotect_reach(struct vma *vma, vaddr_t start, vaddr_t end, u32 prot,
			  vaddr_t *stop, bool *same)
{
	u64 data = 0;
	int err;

	*same = true;
	*stop = start;
	while (1) {
		if (!vma || vma->start > *stop)
			return -ENOMEM;
		err = mprotect_allowed(vma, start, end, prot, &data);
		if (!err)
			err = mprotect_charge(vma, start, end, prot);
		if (err)
			return err;
		if ((vma->flags & VM_ACCESS) != prot)
			*same = false;
		*stop = MIN(vma->end, end);
		if (*stop == end)
			return 0;
		vma = vma_next(vma);
	}
}

/* Private memory that is locked and could not be written: its copies will come
 * at once. */
static void mprotect_note_fill(const struct vma *vma, u32 prot,
			       struct mprotect_rest *rest)
{
	if ((vma->flags & (VM_LOCKED | VM_SHARED | VM_WRITE)) != VM_LOCKED ||
	    !(prot & PROT_WRITE))
		return;
	if (!rest->fill_end)
		rest->fill_start = vma->start;
	rest->fill_end = vma->end;
}

/* Changes [start, end), which VMAs from vma on cover without a hole. 0, or
 * -ENOMEM without a change. Context: mm->lock for writing. */
static int mprotect_commit(struct mm *mm, struct vma *vma, vaddr_t start,
			   vaddr_t end, u32 prot, struct mprotect_rest *rest)
{
	struct tlb_batch batch;
	int err = share_own_range(mm, start, end);

	if (err)
		return err;
	if (vma->start != start || vma->end != end) {
		err = vma_isolate(mm, start, end);
		if (err)
			return err;
		vma = vma_find(mm, start);
	}
	tlb_batch_begin(&batch, &mm->space, TLB_PROTECT);
	while (1) {
		if ((vma->flags & VM_ACCESS) != prot) {
			mprotect_note_fill(vma, prot, rest);
			vma_set_flags(vma, mprotect_flags(vma, prot));
			mprotect_leaves(vma, vma->start, vma->end, &batch);
		}
		if (vma->end >= end)
			break;
		vma = vma_next(vma);
	}
	tlb_batch_end(&batch);
	vma_merge_range(mm, start, end, &rest->dead);
	return 0;
}

/* PROT_GROWSDOWN: the change reaches down to the start of the stack. */
static int mprotect_grow_start(const struct vma *vma, u32 prot, vaddr_t *start)
{
	if (prot & PROT_GROWSUP)        /* no machine has such stacks */
		return vma->start > *start ? -ENOMEM : -EINVAL;
	if (prot & PROT_GROWSDOWN) {
		if (!(vma->flags & VM_GROWSDOWN))
			return -EINVAL;
		*start = vma->start;
	}
	return 0;
}

/* mm_mprotect() under the lock, on whole pages. */
static int mprotect_locked(struct mm *mm, vaddr_t start, vaddr_t end, u32 prot,
			   struct mprotect_rest *rest)
{
	struct vma *vma = vma_find(mm, start);
	vaddr_t stop;
	bool same;
	int err, no_memory = 0;

	if (!vma || vma->start >= end)
		return -ENOMEM;
	err = mprotect_grow_start(vma, prot, &start);
	if (err)
		return err;
	prot &= PROT_RIGHTS;
	err = mprotect_reach(vma, start, end, prot, &stop, &same);
	if (!same && stop > start)
		no_memory = mprotect_commit(mm, vma, start, stop, prot, rest);
	return no_memory ? no_memory : err;
}

/* Locked memory takes its copies now and not at the first write: no access to it
 * shall wait. What has none gets none: the call has succeeded. */
static void mprotect_fill_locked(struct mm *mm, vaddr_t start, vaddr_t end)
{
	const u32 want = VM_LOCKED | VM_WRITE;
	struct vma_part part;
	int err = 0;

	while (mm_next_part(mm, start, end, &part)) {
		if ((part.flags & (want | VM_SHARED | VM_LOCKONFAULT)) == want)
			err = mm_populate(mm, part.start, part.end - part.start,
					  true);
		start = part.end;
	}
	(void)err;
}

/**
 * mm_mprotect() - give [addr, addr + len) the rights prot
 *
 * Context: thread, without mm->lock. Return: 0; -EINVAL (misaligned, unknown
 * bits, PROT_GROWS* elsewhere than a stack); -ENOMEM (a hole, too many VMAs, no memory,
 * RLIMIT_DATA, overcommit); -EACCES (the file does not allow it).
 */
int mm_mprotect(struct mm *mm, vaddr_t addr, size_t len, u32 prot)
{
	const u32 grows = PROT_GROWSDOWN | PROT_GROWSUP;
	struct mprotect_rest rest = { 0 };
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	int err;

	if (addr & ~PAGE_MASK || (prot & grows) == grows)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	if (prot & ~(u32)PROT_KNOWN)
		return -EINVAL;
	write_lock(&mm->lock);
	err = mprotect_locked(mm, addr, end, prot, &rest);
	if (!err)
		trace(mprotect, addr, len);
	charge_settle(mm);
	write_unlock(&mm->lock);
	if (unlikely(rest.dead))
		vma_free_chain(rest.dead);
	if (unlikely(rest.fill_end))
		mprotect_fill_locked(mm, rest.fill_start, rest.fill_end);
	return err;
}
