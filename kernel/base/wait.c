/* SPDX-License-Identifier: MIT */
/*
 * Wait queues.
 *
 *	sleeper                          waker
 *	wait_prepare: state SLEEPING,    makes the condition true
 *	  on the queue                   wait_wake: off the queue, woken,
 *	checks the condition again         thread_wake
 *	wait_sleep
 *	wait_finish: off the queue
 *
 * Whichever comes first, one of the two sees the other: the sleeper checks
 * after it is on the queue, the waker looks at the queue after it has changed
 * the condition, and the queue's lock orders both. Whoever is on the queue is
 * SLEEPING already, so a waker that takes it off always ends its sleep, also
 * when the condition is somebody else's: asleep and off the queue, it would be
 * woken by nobody.
 */
#include "kernel/base/wait.h"

#include "kernel/base/time.h"

/** wait_queue_init() - an empty queue. Context: any. */
void wait_queue_init(struct wait_queue *q)
{
	spin_init(&q->lock, RANK_WAIT);
	list_init(&q->waiters);
}

/**
 * wait_prepare() - put the calling thread on the queue and declare it asleep
 *
 * w lives on the caller's stack until wait_finish(). killable: signals end the
 * sleep. Context: thread.
 */
void wait_prepare(struct wait_queue *q, struct waiter *w, bool killable)
{
	u64 flags;

	if (QUIRE_DEBUG)
		lock_debug_sleep("wait");
	w->thread = current_thread();
	w->thread->killable_sleep = killable;
	flags = spin_lock_irq(&q->lock);
	w->woken = false;
	sched_prepare_block();
	list_push_back(&q->waiters, &w->node);
	spin_unlock_irq(&q->lock, flags);
}

/** wait_finish() - awake again, off the queue. Context: thread. */
void wait_finish(struct wait_queue *q, struct waiter *w)
{
	u64 flags;

	sched_cancel_block();
	w->thread->killable_sleep = false;
	/* The lock even when woken: the waker may still be looking at w. */
	flags = spin_lock_irq(&q->lock);
	if (!w->woken)
		list_remove(&w->node);
	w->woken = true;
	spin_unlock_irq(&q->lock, flags);
}

/**
 * wait_wake() - wake up to nr waiters, first come, first served
 *
 * Context: any; takes the queue's and run-queue locks. Return: how many.
 */
unsigned int wait_wake(struct wait_queue *q, unsigned int nr)
{
	unsigned int woken = 0;
	u64 flags;

	flags = spin_lock_irq(&q->lock);
	while (woken < nr && !list_empty(&q->waiters)) {
		struct waiter *w = list_first(&q->waiters, struct waiter, node);

		list_remove(&w->node);
		w->woken = true;
		thread_wake(w->thread);
		woken++;
	}
	spin_unlock_irq(&q->lock, flags);
	return woken;
}

/* The timer of a wait with a deadline. */
struct wait_timeout {
	struct timer timer;
	struct thread *thread;
};

static void wait_timeout_fire(struct timer *t)
{
	thread_wake(container_of(t, struct wait_timeout, timer)->thread);
}

/**
 * wait_sleep() - sleep until a wake-up or deadline
 *
 * After wait_prepare(). May return early. Context: thread.
 * Return: whether deadline (ns; ~0: none) has passed.
 */
bool wait_sleep(u64 deadline)
{
	struct wait_timeout timeout = { .thread = current_thread() };

	if (deadline == ~(u64)0) {
		sched_block();
		return false;
	}
	timer_start(&timeout.timer, deadline, wait_timeout_fire);
	sched_block();
	timer_cancel(&timeout.timer);
	return timer_now() >= deadline;
}

/**
 * time_sleep_until() - sleep until deadline (ns of timer_now())
 *
 * Context: thread, may sleep. Return: 0, or -EINTR with the rest in *left_ns
 * (may be NULL).
 */
int time_sleep_until(u64 deadline, u64 *left_ns)
{
	struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);
	int err = wait_event_until(&nobody, false, true, deadline);
	u64 now = timer_now();

	if (left_ns)
		*left_ns = deadline > now ? deadline - now : 0;
	return err == -EINTR ? -EINTR : 0;
}
