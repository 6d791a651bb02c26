/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: sleep until a condition holds.
 *
 *	int err = wait_event(&pipe->readers, pipe->len > 0);
 *
 * The condition is checked once more after the thread is on the queue, so a
 * wake-up between check and sleep is never lost. It may be evaluated any
 * number of times and must not sleep. A killable wait also ends with -EINTR
 * when a signal is pending.
 *
 * Invariant [Q1]: a waiter is on the queue if and only if it is not woken; both
 * change under the queue's lock, and the waker does not touch it afterwards.
 */
#ifndef KERNEL_BASE_WAIT_H
#define KERNEL_BASE_WAIT_H

#include "kernel/base/spinlock.h"
#include "kernel/base/sched.h"
#include "lib/errno.h"

struct wait_queue {
	struct spinlock lock;
	struct list_node waiters;       /* [lock] struct waiter.node */
};

/* One sleeping thread, on its own stack. */
struct waiter {
	struct list_node node;          /* [queue lock] */
	struct thread *thread;
	bool woken;                     /* [queue lock] off the queue */
};

#define WAIT_QUEUE_INIT(q)                                              \
	{ .lock = SPINLOCK_INIT(RANK_WAIT), .waiters = LIST_INIT((q).waiters) }

void wait_queue_init(struct wait_queue *q);
void wait_prepare(struct wait_queue *q, struct waiter *w, bool killable);
void wait_finish(struct wait_queue *q, struct waiter *w);
/* Wakes up to nr waiters, first come first; returns how many. Context: any. */
unsigned int wait_wake(struct wait_queue *q, unsigned int nr);

static inline void wait_wake_all(struct wait_queue *q)
{
	wait_wake(q, ~0u);
}

/* Whether a killable sleep of the calling thread must end now. */
static inline bool signal_pending(void)
{
	return READ_ONCE(current_thread()->user_work) != 0;
}

/* Sleeps after wait_prepare() until a wake-up or the deadline (ns of
 * timer_now(), ~0: none). Return: whether the deadline has passed. */
bool wait_sleep(u64 deadline);

/* The condition goes before the clock: a wait never times out on a true one. It
 * is asked again after it was true, so asking must not use it up: debug builds
 * always ask once more, and who takes the answer twice loses it in every test. */
#define wait_event_until(q, cond, killable, deadline)                      \
	({                                                                 \
		struct waiter w__ = { .woken = true };                     \
		bool late__ = false;                                       \
		int err__ = 0;                                             \
		while (!(cond)) {                                          \
			if (late__)                                        \
				err__ = -ETIMEDOUT;                        \
			else if ((killable) && signal_pending())           \
				err__ = -EINTR;                            \
			if (err__)                                         \
				break;                                     \
			wait_prepare((q), &w__, (killable));               \
			if (!(cond) && !((killable) && signal_pending()))  \
				late__ = wait_sleep(deadline);             \
			wait_finish((q), &w__);                            \
		}                                                          \
		if (QUIRE_DEBUG && !err__)                                 \
			(void)(cond);                                      \
		err__;                                                     \
	})

/* 0, -EINTR (signal), -ETIMEDOUT. */
#define wait_event(q, cond) wait_event_until(q, cond, true, ~(u64)0)
#define wait_event_unkillable(q, cond) \
	((void)wait_event_until(q, cond, false, ~(u64)0))

/* Sleeps; 0 or -EINTR with the rest in *left_ns (may be NULL). */
int __must_check time_sleep_until(u64 deadline, u64 *left_ns);

#endif
