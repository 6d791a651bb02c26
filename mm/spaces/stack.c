/* SPDX-License-Identifier: MIT */
/*
 * Stacks that grow down by themselves.
 *
 *	   previous VMA            guard gap              stack
 *	├──────────────┤░░░░░░░░░░░░░░░░░░░░░░░░░░░┤────────────────┤
 *	                 at least STACK_GUARD_GAP   ◄── start moves down
 *
 * A touch of unmapped memory whose next VMA above is VM_GROWSDOWN extends
 * that VMA down to the page that was touched, however far away, as long as
 * RLIMIT_STACK, RLIMIT_AS and overcommit allow it and the guard gap towards what lies
 * below stays free: a runaway recursion faults before it reaches other data.
 * mmap keeps out of the gap (vma.c); only MAP_FIXED can put something there,
 * and then the stack stops growing.
 */
#include "arch/trap.h"
#include "kernel/base/trace.h"
#include "mm/spaces/charge.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/mman.h"

/* May the stack begin at start? Then its new pages are charged. Context:
 * mm->lock for writing. */
static bool stack_claim(struct vma *vma, vaddr_t start)
{
	struct mm *mm = vma->mm;
	struct vma *prev = vma_prev(vma);

	if (start < MM_MIN_ADDR || vma->end - start > mm->limit_stack)
		return false;
	if (prev && !(prev->flags & VM_GROWSDOWN) && prev->flags & VM_ACCESS &&
	    start - prev->end < STACK_GUARD_GAP)
		return false;
	if (vma->flags & VM_LOCKED &&
	    !mm_may_lock(mm, (vma->start - start) >> PAGE_SHIFT))
		return false;
	if (!mm_may_grow(mm, vma->flags, (vma->start - start) >> PAGE_SHIFT))
		return false;
	return !(vma->flags & VM_ACCOUNT) ||
	       !charge_pages(mm, (vma->start - start) >> PAGE_SHIFT, 0);
}

/**
 * stack_grow_to() - make room for va in the stack above it
 *
 * va is page-aligned. Context: thread, no locks. Return: FAULT_OK: a VMA
 * covers it now, by us or by another thread; FAULT_SEGV with the reason in
 * *why.
 */
enum fault_verdict stack_grow_to(struct mm *mm, vaddr_t va,
				 enum fault_reason *why)
{
	enum fault_verdict v = FAULT_SEGV;
	struct vma *vma, *dead = NULL;

	write_lock(&mm->lock);
	vma = vma_find(mm, va);
	if (!vma || (vma->start > va && !(vma->flags & VM_GROWSDOWN))) {
		*why = FAULT_WHY_NO_VMA;
	} else if (vma->start > va && !stack_claim(vma, va)) {
		*why = FAULT_WHY_GUARD;
	} else {
		if (vma->start > va) {
			trace(stack_grow, vma->start, va);
			vma_set_range(vma, va, vma->end);
			vma_merge(mm, vma, &dead);
		}
		v = FAULT_OK;
	}
	charge_settle(mm);
	write_unlock(&mm->lock);
	vma_free_chain(dead);
	return v;
}
