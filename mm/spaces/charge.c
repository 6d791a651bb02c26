/* SPDX-License-Identifier: MIT */
/*
 * What a space promises its program, in the book of all promises
 * (mm/backing/commit.h).
 *
 *	check limits ─► charge_pages ─ refused ─► ENOMEM, nothing has changed
 *	                    │ charged_vm
 *	                VMAs change           account_vm follows them (vma.c)
 *	                    │
 *	                charge_settle ─► charged_vm = account_vm again
 *
 * Which VMAs count says VM_ACCOUNT: private ones that may be written, and those
 * that once might, since they may hold pages of their own; not with MAP_NORESERVE.
 * Calls charge what they will need before the first change. Whatever they do then,
 * also when they fail half-way, the settlement at their end makes it right: it
 * gives back what munmap freed, what was charged too much and what was not used.
 *
 * Invariant [V6] (mm_check): charged_vm = account_vm while nobody has mm->lock for
 * writing; account_vm is the sum over the tree [V4].
 */
#include "mm/spaces/charge.h"

#include "lib/errno.h"

#define KIB_TO_PAGES(kib) ((kib) >> (PAGE_SHIFT - 10))

/**
 * charge_spare() - pages below the limit that this space may not take
 *
 * One large process leaves enough for others to end it, and everybody leaves
 * something for who has CAP_SYS_ADMIN. Context: mm->lock.
 */
s64 charge_spare(const struct mm *mm)
{
	u64 spare = MIN(mm->total_vm / 32,
			KIB_TO_PAGES(READ_ONCE(commit_rules.user_reserve_kib)));

	if (!READ_ONCE(mm->is_admin))
		spare +=
			KIB_TO_PAGES(READ_ONCE(commit_rules.admin_reserve_kib));
	return (s64)spare;
}

/** charge_many() - see charge.h. Context: mm->lock for writing. */
int charge_many(struct mm *mm, u64 nr_pages, u64 nr_back)
{
	if (!commit_charge(nr_pages, charge_spare(mm) - (s64)nr_back))
		return -ENOMEM;
	mm->charged_vm += nr_pages;
	return 0;
}

/* One VMA after the other, since one may be too large. 0 or -ENOMEM. */
static int charge_fork_vmas(struct mm *child, struct mm *parent)
{
	const s64 spare = charge_spare(parent);
	struct vma *vma;

	for (vma = vma_find(parent, 0); vma; vma = vma_next(vma)) {
		if ((vma->flags & (VM_ACCOUNT | VM_DONTFORK)) != VM_ACCOUNT)
			continue;
		if (!commit_charge(vma_pages(vma), spare))
			return -ENOMEM;
		child->charged_vm += vma_pages(vma);
	}
	return 0;
}

/**
 * charge_fork() - promise the child what the parent was promised
 *
 * A small space is not looked at VMA by VMA; what MADV_DONTFORK leaves out
 * goes back when the child is settled. Context: parent->lock for writing.
 */
int charge_fork(struct mm *child, struct mm *parent)
{
	if (unlikely(!commit_is_small(parent->account_vm)))
		return charge_fork_vmas(child, parent);
	return charge_pages(child, parent->account_vm, 0);
}
