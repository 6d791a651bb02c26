/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: one run queue a CPU, round robin, preemptive.
 *
 *	thread_wake ─► queue:  A ─ B ─ C
 *	               ▲       └──────────► sched_switch ─► current
 *	               └── sched_yield, end of the slice ──────┘
 *
 * The switch itself happens in one place, sched_switch(), with interrupts off
 * and the queue's lock held; the thread that it arrives at drops the lock in
 * sched_switched(). So a thread that is on its way out can be woken and
 * picked again only when its registers are safely on its stack.
 *
 * Sleeping without losing a wake-up: sched_prepare_block() sets SLEEPING, then
 * the caller checks its condition, then sched_block() gives the CPU away. A
 * wake-up in between finds SLEEPING and sets RUNNING again, and sched_block()
 * returns at once. A preemption in between does the same.
 *
 * Time: a slice's end is only asked for while somebody waits, so a lone thread
 * is never interrupted, and a switch costs no device access.
 *
 * Invariants (under the queue's lock):
 *  [U1] a thread is on the queue if and only if it is RUNNABLE and not idle;
 *  [U2] current is RUNNING, or SLEEPING before sched_block(), and not queued;
 *  [U3] while the queue is not empty and current is not idle, a slice's end
 *       is pending or need_resched is set.
 *
 * Locking: everything of a queue under its lock (RANK_RUNQUEUE), interrupts
 * off. Threads do not change CPUs yet; thread_wake() already locks the queue
 * that the thread belongs to.
 */
#include "kernel/base/sched.h"

#include "arch/irq.h"
#include "arch/timer.h"
#include "kernel/base/panic.h"
#include "kernel/base/runqueue.h"
#include "kernel/base/time.h"
#include "kernel/base/trace.h"
#include "lib/string.h"

#define SLICE_NS 10000000ull            /* time slice: 10 ms */

DEFINE_PERCPU(struct thread *, current_thread_ptr) = &boot_thread;
DEFINE_PERCPU(u32, preempt_count);
DEFINE_PERCPU(u32, need_resched);

DEFINE_PERCPU(struct runqueue, runqueue) = {
	.lock = SPINLOCK_INIT(RANK_RUNQUEUE),
	.current = &boot_thread,
};

/* Current before there is a scheduler: locks and asserts may ask for it. */
struct thread boot_thread = {
	.state = THREAD_RUNNING,
	.name = "boot",
};

void (*sched_switch_space)(struct thread *prev, struct thread *next);

static void runqueue_push(struct runqueue *rq, struct thread *t)
{
	t->state = THREAD_RUNNABLE;
	list_push_back(&rq->queue, &t->run_node);
	rq->nr_queued++;
}

static struct thread *runqueue_pop(struct runqueue *rq)
{
	struct thread *t;

	if (!rq->nr_queued)
		return NULL;
	t = list_first(&rq->queue, struct thread, run_node);
	list_remove(&t->run_node);
	rq->nr_queued--;
	return t;
}

/* Timer: the slice that was asked for, maybe by a thread long gone. */
static void sched_slice_end(struct timer *t)
{
	struct runqueue *rq = container_of(t, struct runqueue, slice);

	if (!rq->nr_queued)
		return;         /* nobody waits any more */
	if (timer_now() >= rq->current->slice_end || rq->current == rq->idle)
		this_cpu_write(need_resched, 1);
	else
		timer_start(&rq->slice, rq->current->slice_end,
			    sched_slice_end);
}

/* [U3] Somebody waits for rq, this CPU's: give current's slice an end. */
static void sched_want_slice(struct runqueue *rq)
{
	if (rq->current == rq->idle)
		this_cpu_write(need_resched, 1);
	else if (!rq->slice.queued)
		timer_start(&rq->slice, rq->current->slice_end,
			    sched_slice_end);
}

/* The accounts of a switch: who ran how long, until when next may run. */
static void sched_account(struct runqueue *rq, struct thread *prev,
			  struct thread *next)
{
	u64 now = timer_now();

	prev->run_ns += now - prev->switched_in;
	next->switched_in = now;
	next->slice_end = now + SLICE_NS;
	rq->nr_switches++;
	trace(switch_thread, prev->id, next->id);
}

/*
 * Leaves the calling thread, whose state says what becomes of it, for the
 * next one; returns when it is switched to again. Context: interrupts off;
 * takes the lock over from the caller and drops it.
 */
static void sched_switch(struct runqueue *rq) __no_thread_safety
{
	struct thread *prev = rq->current;
	struct thread *next = runqueue_pop(rq);

	if (!next)
		next = rq->idle;
	this_cpu_write(need_resched, 0);
	next->state = THREAD_RUNNING;
	if (next != prev) {
		sched_account(rq, prev, next);
		rq->current = next;
		this_cpu_write(current_thread_ptr, next);
		if (rq->nr_queued)
			sched_want_slice(rq);
		if (next->space)
			sched_switch_space(prev, next);
		thread_machine_switch(&prev->machine, &next->machine);
	}
	sched_switched();
}

/**
 * sched_switched() - end the switch that brought us here
 *
 * Drops the queue's lock that the thread before took, and hands it to the
 * reaper if it is dead. Context: interrupts off, and they stay off.
 */
void sched_switched(void) __no_thread_safety
{
	struct runqueue *rq = this_cpu_ptr(runqueue);
	struct thread *dead = rq->dead;

	rq->dead = NULL;
	if (QUIRE_DEBUG)
		lock_debug_release(&rq->lock, RANK_RUNQUEUE);
	__atomic_store_n(&rq->lock.locked, 0, __ATOMIC_RELEASE);
	(void)this_cpu_nest(preempt_count, -1);        /* just switched: no check */
	if (unlikely(dead))
		thread_reap(dead);
}

/* The calling CPU's queue, locked; interrupts are off. */
static struct runqueue *runqueue_lock(void) __no_thread_safety
{
	struct runqueue *rq = this_cpu_ptr(runqueue);

	spin_lock(&rq->lock);
	return rq;
}

/* Sends the calling thread to the back of the queue. */
static void sched_requeue(void)
{
	struct runqueue *rq = runqueue_lock();

	if (rq->current != rq->idle)
		runqueue_push(rq, rq->current);
	sched_switch(rq);
}

/** sched_yield() - let another runnable thread go first. Context: thread. */
void sched_yield(void)
{
	u64 flags = irq_save();

	if (QUIRE_DEBUG)
		lock_debug_sleep("sched_yield");
	sched_requeue();
	irq_restore(flags);
}

/** preempt_enable_slow() - the count dropped to 0 and a switch is due. */
void preempt_enable_slow(void)
{
	if (!irq_enabled())
		return;         /* the end of the interrupt will look again */
	irq_disable();
	if (!this_cpu_read(preempt_count) && this_cpu_read(need_resched))
		sched_requeue();
	irq_enable();
}

/* Upcall of arch/irq.h: back to kernel code that may be preempted. */
void sched_preempt_irq(void)
{
	if (!this_cpu_read(preempt_count) && this_cpu_read(need_resched))
		sched_requeue();
}

/** sched_prepare_block() - what the caller checks from now on may wake it. */
void sched_prepare_block(void)
{
	WRITE_ONCE(current_thread()->state, THREAD_SLEEPING);
	/* The condition is read after the state is visible to wakers. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/** sched_cancel_block() - awake after all. */
void sched_cancel_block(void)
{
	WRITE_ONCE(current_thread()->state, THREAD_RUNNING);
}

/** sched_block() - sleep, unless woken since sched_prepare_block(). */
void sched_block(void)
{
	u64 flags = irq_save();
	struct runqueue *rq;

	if (QUIRE_DEBUG)
		lock_debug_sleep("sched_block");
	rq = runqueue_lock();
	if (rq->current->state == THREAD_SLEEPING)
		sched_switch(rq);
	else
		sched_switched();
	irq_restore(flags);
}

/**
 * thread_wake() - a sleeping thread may run; harmless for others
 *
 * Context: any; takes the lock of t's run queue.
 */
void thread_wake(struct thread *t)
{
	struct runqueue *rq = cpu_ptr(runqueue, t->cpu);
	u64 flags = spin_lock_irq(&rq->lock);

	if (t->state == THREAD_SLEEPING) {
		if (t == rq->current) {
			t->state = THREAD_RUNNING;      /* not gone yet [U2] */
		} else {
			runqueue_push(rq, t);
			sched_want_slice(rq);
		}
	}
	spin_unlock_irq(&rq->lock, flags);
}

/** sched_die() - leave the calling thread for ever: thread_exit()'s end. */
void sched_die(void)
{
	struct runqueue *rq;

	irq_disable();
	rq = runqueue_lock();
	rq->current->state = THREAD_DEAD;
	rq->dead = rq->current;
	sched_switch(rq);
	panic("sched: a dead thread runs");
}

static void idle_main(void *arg)
{
	while (1) {
		irq_disable();
		if (this_cpu_read(need_resched))
			sched_requeue();
		else
			cpu_wait();
		irq_enable();
	}
}

/* The boot flow has no stack of its own to give back. */
static void boot_thread_dead(struct thread *t)
{
	t->stack = 0;
	thread_release(t);
}

/**
 * sched_init() - the boot flow becomes thread "boot"
 *
 * Makes the idle thread and the reaper. Context: boot, after kstack_init().
 */
void __init sched_init(void)
{
	struct runqueue *rq = this_cpu_ptr(runqueue);
	char name[] = "idle/0";

	list_init(&rq->queue);
	boot_thread.on_dead = boot_thread_dead;
	boot_thread.switched_in = timer_now();
	thread_list_add(&boot_thread);
	if (thread_create(&rq->idle, name, idle_main, NULL))
		panic("sched: no memory for the idle thread");
	thread_reap_start();
}

/** sched_idle() - the boot flow has done its work. Context: boot. */
void sched_idle(void)
{
	thread_exit();
}

/** sched_switches() - thread switches on all CPUs since boot. Context: any. */
u64 sched_switches(void)
{
	u64 total = 0;

	for (unsigned int cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1))
		total += cpu_ptr(runqueue, cpu)->nr_switches;
	return total;
}

/** sched_idle_ns() - nanoseconds that CPUs had nothing to do. Context: any. */
u64 sched_idle_ns(void)
{
	u64 total = 0;

	for (unsigned int cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1))
		if (cpu_ptr(runqueue, cpu)->idle)
			total += cpu_ptr(runqueue, cpu)->idle->run_ns;
	return total;
}

/** sched_nr_runnable() - threads that run or want to, idle ones apart. */
u64 sched_nr_runnable(void)
{
	u64 total = 0;

	for (unsigned int cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1)) {
		const struct runqueue *rq = cpu_ptr(runqueue, cpu);

		total += rq->nr_queued + (rq->current != rq->idle);
	}
	return total;
}
