/* SPDX-License-Identifier: MIT */
/*
 * Waiting for several files at once.
 *
 * A file's poll operation puts the caller on each queue that announces a
 * change, by poll_add(), before it looks at the state: no wake-up is lost.
 */
#ifndef KERNEL_FS_POLL_H
#define KERNEL_FS_POLL_H

#include "kernel/base/panic.h"
#include "kernel/base/wait.h"

enum { POLL_QUEUES_PER_FILE = 2 };

struct poll_entry {
	struct waiter waiter;
	struct wait_queue *queue;
};

struct poll_wait {
	struct poll_entry *entry;
	u32 nr, max;
};

/* pw NULL: the caller only wants to know the state. Context: thread. */
static inline void poll_add(struct poll_wait *pw, struct wait_queue *q)
{
	struct poll_entry *e;

	if (!pw)
		return;
	assert(pw->nr < pw->max);
	e = &pw->entry[pw->nr++];
	e->queue = q;
	wait_prepare(q, &e->waiter, true);
}

#endif
