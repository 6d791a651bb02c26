/* SPDX-License-Identifier: MIT */
/*
 * Allocation failures on demand: the n-th allocation fails.
 *
 * inject_arm(n) lets the n-th call of inject_fail() from now on say true
 * (n = 1: the next), once. Tests sweep n = 1, 2, 3 … until the operation
 * succeeds, with a census after each:
 *
 *	for (n = 1; ; n++) {
 *		inject_arm(n);
 *		err = operation();
 *		inject_disarm();
 *		if (!inject_fired)
 *			break;          // fewer than n allocations: all survived
 *		... err says so, nothing leaked ...
 *	}
 *
 * A program does the same to itself by /proc/quire/fail-nth: there only the
 * allocations of the calling thread count (inject_arm_thread).
 *
 * Off: one load and a branch. One thread arms; all CPUs count.
 */
#ifndef KERNEL_BASE_INJECT_H
#define KERNEL_BASE_INJECT_H

#include "lib/types.h"

/* Somebody may be counting: INJECT_ALL while inject_arm() holds, INJECT_THREADS
 * for ever once a thread has armed for itself [atomic]. */
enum { INJECT_ALL = 1, INJECT_THREADS = 2 };
extern u32 inject_on;
extern bool inject_fired;               /* since inject_arm() */

void inject_arm(u64 n);
void inject_disarm(void);
bool inject_step(void);
/* The n-th allocation of the calling thread from now on fails; 0: none. */
void inject_arm_thread(u64 n);

/* Called once by each allocator entry that may fail (page_alloc, kmem_cache_alloc). */
static inline bool inject_fail(void)
{
	return unlikely(inject_on != 0) && inject_step();
}

#endif
