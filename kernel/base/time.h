/* SPDX-License-Identifier: MIT */
/* Timers in nanoseconds of timer_now(), called from the timer interrupt. Who
 * wants to sleep for a time: time_sleep_until() in wait.h. */
#ifndef KERNEL_BASE_TIME_H
#define KERNEL_BASE_TIME_H

#include "arch/timer.h"
#include "lib/rbtree.h"

struct timer {
	struct rb_node node;            /* [timer lock] */
	u64 deadline;                   /* ns */
	void (*fn)(struct timer *t);    /* interrupts off, any context */
	u32 cpu;                        /* whose queue it stands in */
	bool queued;                    /* [timer lock] */
};

void time_init(void);
void timer_start(struct timer *t, u64 deadline, void (*fn)(struct timer *t));
/* true: it had not fired. On return fn is not running any more. */
bool timer_cancel(struct timer *t);
/* Deadline of this CPU's first timer, ns; ~0: none. */
u64 time_next(void);
/* NULL, or which invariant of this CPU's timers is broken. */
const char *time_check(void);

#endif
