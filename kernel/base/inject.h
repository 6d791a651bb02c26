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
 * Off: one load and a branch. One thread arms; all CPUs count.
 */
#ifndef KERNEL_BASE_INJECT_H
#define KERNEL_BASE_INJECT_H

#include "lib/types.h"

extern u64 inject_countdown;            /* allocations to go; 0: off [atomic] */
extern bool inject_fired;               /* since inject_arm() */

void inject_arm(u64 n);
void inject_disarm(void);
bool inject_step(void);

/* Called once by each allocator entry that may fail (page_alloc, kmem_cache_alloc). */
static inline bool inject_fail(void)
{
	return unlikely(inject_countdown != 0) && inject_step();
}

#endif
