/* SPDX-License-Identifier: MIT */
/*
 * Overcommit: how much memory is promised, and whether more may be.
 *
 *	private memory that may be written   pages of its VMA      mm/spaces/charge.c
 *	shared anonymous memory              its size              shmem.c
 *	a file of tmpfs, a memfd             pages, as they come   mapping.c
 *	                                          │
 *	                            commit_charge ▼ commit_uncharge
 *	               commit_pages, a part of it on each CPU: Committed_AS
 *
 * A promise costs nothing; a page is paid for at its first touch, when it is too
 * late to say no. So what says no is the promise, by one of three rules, those of
 * Linux (/proc/sys/vm/overcommit_memory):
 *
 *   GUESS    no single promise may be larger than all of RAM
 *   ALWAYS   every promise is made
 *   NEVER    the sum of all promises stays below CommitLimit
 *
 * The counter is kept in every mode, so that the mode can change at any time.
 * Each CPU adds to a part of its own: which one gives back what another took makes
 * no difference to the sum.
 *
 * Not here: swap, huge pages (both would move the limit). Ref: Linux 6.1,
 * Documentation/mm/overcommit-accounting.rst.
 */
#ifndef MM_BACKING_COMMIT_H
#define MM_BACKING_COMMIT_H

#include "arch/cpu.h"

enum commit_mode {
	COMMIT_GUESS,
	COMMIT_ALWAYS,
	COMMIT_NEVER,
};

struct commit_rules {                   /* any reader, without a lock */
	u32 mode;                       /* enum commit_mode */
	u64 ratio;                      /* limit: per cent of RAM … */
	u64 limit_kib;                  /* … or KiB, if not 0 */
	u64 user_reserve_kib;           /* NEVER: a process leaves this much at most */
	u64 admin_reserve_kib;          /* … and who is no administrator, this too */
};
extern struct commit_rules commit_rules;

DECLARE_PERCPU(s64, commit_pages);      /* pages; any CPU's part may be negative */

#define COMMIT_SMALL 1024u              /* pages: all RAM is more than that */

void commit_init(void);                 /* boot, from anon_init() */

/* The slow half of commit_charge(). */
bool commit_check(u64 nr_pages, s64 spare);

/* Whether nr_pages can be promised unseen. */
static inline bool commit_is_small(u64 nr_pages)
{
	return nr_pages <= COMMIT_SMALL &&
	       READ_ONCE(commit_rules.mode) != COMMIT_NEVER;
}

/*
 * Promises nr_pages, or refuses without a trace: false. spare: pages that must
 * stay below the limit besides; negative: what the caller is about to give back.
 * Context: any.
 */
static inline bool __must_check commit_charge(u64 nr_pages, s64 spare)
{
	this_cpu_add(commit_pages, (s64)nr_pages);
	if (likely(commit_is_small(nr_pages)))
		return true;
	return commit_check(nr_pages, spare);
}

/* The promise has ended, or was never asked to be kept. Context: any. */
static inline void commit_uncharge(u64 nr_pages)
{
	this_cpu_add(commit_pages, -(s64)nr_pages);
}

u64 commit_total(void);                 /* pages promised: Committed_AS */
u64 commit_limit(void);                 /* pages: CommitLimit */

#endif
