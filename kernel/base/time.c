/* SPDX-License-Identifier: MIT */
/*
 * Timers: a tree by deadline on every CPU, and one interrupt for the first.
 *
 *	timers  ──●────●───────────●──►  ns
 *	          ▲
 *	armed ────┘  never later than the first
 *
 * There is no periodic tick: a CPU without a date sleeps until a device
 * speaks. The scheduler's time slice is a timer like any other.
 *
 * Invariants (time_check):
 *  [C1] the tree is sorted by deadline; first is its leftmost deadline, or ~0;
 *  [C2] armed <= first, or the interrupt is being handled;
 *  [C3] a timer is queued if and only if it stands in a tree.
 *
 * Cancelling leaves the interrupt armed: one that comes for nothing is
 * cheaper than a device write for every wait that ends in time.
 *
 * Locking: the queue's lock guards the tree; armed belongs to its CPU, with
 * interrupts off. fn is called without the lock.
 */
#include "kernel/base/time.h"

#include "kernel/base/spinlock.h"

#define NEVER (~(u64)0)

struct timer_queue {
	struct spinlock lock;
	struct rb_root root;            /* [lock] struct timer.node */
	u64 first;                      /* [lock] earliest deadline, ns */
	u64 armed;                      /* [own CPU] next interrupt, ns */
	struct timer *running;          /* [lock] its fn is being called */
};

DEFINE_PERCPU(struct timer_queue, timer_queue) = {
	.lock = SPINLOCK_INIT(RANK_TIMER),
	.first = NEVER,
	.armed = 0,                     /* nothing to arm before time_init() */
};

static struct timer *timer_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct timer, node) : NULL;
}

/* Makes the interrupt come in time. Context: interrupts off, own queue. */
static void time_rearm(struct timer_queue *q)
{
	if (q->first < q->armed) {
		q->armed = q->first;
		timer_arm(q->first);
	}
}

static void timer_link(struct timer_queue *q, struct timer *t)
{
	struct rb_node **link = &q->root.node, *parent = NULL;

	while (*link) {
		parent = *link;
		/* Equal deadlines: first come, first served. */
		link = t->deadline < timer_of(parent)->deadline
			       ? &parent->left
			       : &parent->right;
	}
	rb_insert(&q->root, &t->node, parent, link);
	t->queued = true;
	q->first = MIN(q->first, t->deadline);
}

static void timer_unlink(struct timer_queue *q, struct timer *t)
{
	struct timer *first;

	rb_erase(&q->root, &t->node);
	t->queued = false;
	if (t->deadline == q->first) {
		first = timer_of(rb_first(&q->root));
		q->first = first ? first->deadline : NEVER;
	}
}

/**
 * time_init() - the clock works now: arm what was started so far
 *
 * Before, timers only queue up. Context: boot of each CPU, after timer_init().
 */
void time_init(void)
{
	struct timer_queue *q = this_cpu_ptr(timer_queue);

	q->armed = NEVER;
	time_rearm(q);
}

/**
 * timer_start() - call fn(t) at deadline, on this CPU
 *
 * t is not queued; it stays the caller's and must outlive the call or be
 * cancelled. A deadline in the past fires at once, but never from here.
 * Context: any.
 */
void timer_start(struct timer *t, u64 deadline, void (*fn)(struct timer *t))
{
	u64 flags = irq_save();
	struct timer_queue *q = this_cpu_ptr(timer_queue);

	t->deadline = deadline;
	t->fn = fn;
	t->cpu = this_cpu_read(cpu_number);
	spin_lock(&q->lock);
	timer_link(q, t);
	spin_unlock(&q->lock);
	time_rearm(q);
	irq_restore(flags);
}

/**
 * timer_cancel() - the timer shall not fire any more
 *
 * Waits for a call of fn that is running on another CPU; never call it from
 * fn itself. Context: any. Return: whether it had not fired yet.
 */
bool timer_cancel(struct timer *t)
{
	struct timer_queue *q = cpu_ptr(timer_queue, t->cpu);
	u64 flags = spin_lock_irq(&q->lock);
	bool pending = t->queued;

	if (pending)
		timer_unlink(q, t);
	while (READ_ONCE(q->running) == t) {
		spin_unlock_irq(&q->lock, flags);
		cpu_relax();
		flags = spin_lock_irq(&q->lock);
	}
	spin_unlock_irq(&q->lock, flags);
	return pending;
}

/* Takes the first timer that is due and marks it running; NULL: none. */
static struct timer *timer_take_due(struct timer_queue *q, u64 now)
{
	struct timer *t = NULL;

	spin_lock(&q->lock);
	if (q->first <= now) {
		t = timer_of(rb_first(&q->root));
		timer_unlink(q, t);
	}
	q->running = t;
	spin_unlock(&q->lock);
	return t;
}

/* Upcall of arch/timer.h: the armed moment has come (or nearly). */
void time_interrupt(void)
{
	struct timer_queue *q = this_cpu_ptr(timer_queue);
	u64 now = timer_now();
	struct timer *t;

	q->armed = NEVER;
	while ((t = timer_take_due(q, now)))
		t->fn(t);
	time_rearm(q);
}

/** time_next() - when this CPU's first timer fires, ns; ~0: none. */
u64 time_next(void)
{
	return this_cpu_ptr(timer_queue)->first;
}

/** time_check() - compare this CPU's timers with the invariants. */
const char *time_check(void)
{
	u64 flags = irq_save();
	struct timer_queue *q = this_cpu_ptr(timer_queue);
	struct rb_node *n = rb_first(&q->root);
	u64 last = 0;
	const char *wrong = NULL;

	spin_lock(&q->lock);
	if (q->first != (n ? timer_of(n)->deadline : NEVER))
		wrong = "[C1] first is not the leftmost deadline";
	if (q->armed > q->first)
		wrong = "[C2] the first timer has no interrupt";
	for (; n; n = rb_next(n)) {
		if (timer_of(n)->deadline < last)
			wrong = "[C1] the tree is not sorted";
		if (!timer_of(n)->queued)
			wrong = "[C3] a timer in the tree is not queued";
		last = timer_of(n)->deadline;
	}
	spin_unlock(&q->lock);
	irq_restore(flags);
	return wrong;
}
