/* SPDX-License-Identifier: MIT */
/* A space's part in overcommit. All: mm->lock for writing. */
#ifndef MM_SPACES_CHARGE_H
#define MM_SPACES_CHARGE_H

#include "mm/backing/commit.h"
#include "mm/spaces/mm.h"

/* The slow half of charge_pages(). */
int __must_check charge_many(struct mm *mm, u64 nr_pages, u64 nr_back);

/* Promises nr_pages more, of which nr_back come free by the same call. 0 or
 * -ENOMEM. */
static inline int __must_check charge_pages(struct mm *mm, u64 nr_pages,
					    u64 nr_back)
{
	if (unlikely(!commit_is_small(nr_pages)))
		return charge_many(mm, nr_pages, nr_back);
	this_cpu_add(commit_pages, (s64)nr_pages);
	mm->charged_vm += nr_pages;
	return 0;
}

/* Everything that fork will copy of parent. 0 or -ENOMEM. */
int __must_check charge_fork(struct mm *child, struct mm *parent);

/* Pages that charges of this space must leave. */
s64 charge_spare(const struct mm *mm);

/* What was charged and not used goes back: the last thing before the lock goes. */
static inline void charge_settle(struct mm *mm)
{
	u64 over = mm->charged_vm - mm->account_vm;

	if (likely(!over))
		return;
	commit_uncharge(over);
	mm->charged_vm = mm->account_vm;
}

#endif
