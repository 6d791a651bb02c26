/* SPDX-License-Identifier: MIT */
/* What a thread or a CPU holds, for the checks of debug builds. */
#ifndef KERNEL_BASE_HELDLOCKS_H
#define KERNEL_BASE_HELDLOCKS_H

#include "lib/types.h"

#define HELD_LOCKS_MAX 12

struct held_lock {
	const void *lock;
	uintptr_t where;                /* code address of the acquisition */
	u16 rank;                       /* enum lock_rank */
	u16 irq_depth;                  /* interrupts it was taken in */
};

struct held_locks {
	struct held_lock lock[HELD_LOCKS_MAX];  /* oldest first */
	u32 nr;
};

#endif
