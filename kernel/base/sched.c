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
 * Several CPUs: a thread belongs to the queue of t->cpu. It changes CPUs
 *
 *	when it is woken      to its last CPU if idle, else to any idle one
 *	when a CPU goes idle  sched_steal() takes the last waiter of another
 *	when its slice ends   and another CPU has clearly less to do
 *	when it may not stay  its affinity was changed
 *
 * The last two are threads that still stand on their stacks: they are put on
 * rq->leaving, and the next thread sends them off (sched_switched). Between two
 * queues a thread is RUNNABLE and belongs to whoever carries it: nobody else
 * touches a RUNNABLE thread that is on no queue, and no two queues are ever
 * locked at once.
 *
 * Another CPU is told by IPI_WAKE that its queue has grown; it then looks
 * itself (sched_kicked), since its timer and its preemption are its own.
 *
 * Invariants (under the queue's lock):
 *  [U1] a thread is on a queue, on rq->leaving or carried if and only if it is
 *       RUNNABLE and not idle;
 *  [U2] current is RUNNING, or SLEEPING before sched_block(), and not queued;
 *  [U3] while the queue is not empty and current is not idle, a slice's end
 *       is pending, need_resched is set, or an IPI_WAKE is on its way;
 *  [U4] t->cpu changes only under the lock of the queue that t belonged to.
 *
 * Locking: everything of a queue under its lock (RANK_RUNQUEUE), interrupts
 * off. need_resched of another CPU is written under that CPU's queue lock.
 */
#include "kernel/base/sampler.h"
#include "kernel/base/sched.h"

#include "arch/irq.h"
#include "arch/timer.h"
#include "kernel/base/panic.h"
#include "kernel/base/runqueue.h"
#include "kernel/base/time.h"
#include "kernel/base/trace.h"
#include "lib/format.h"
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
	.affinity = ~(u64)0,
	.name = "boot",
};

void (*sched_switch_space)(struct thread *prev, struct thread *next);

static void runqueue_push(struct runqueue *rq, struct thread *t)
{
	t->state = THREAD_RUNNABLE;
	list_push_back(&rq->queue, &t->run_node);
	rq->nr_queued++;
}

static void runqueue_take(struct runqueue *rq, struct thread *t)
{
	list_remove(&t->run_node);
	rq->nr_queued--;
}

/* ---- other CPUs --------------------------------------------------------- */

static bool cpus_are_several(void)
{
	u64 cpus = READ_ONCE(cpus_online);

	return cpus & (cpus - 1);
}

/* Nothing to do, as seen from outside: a hint. */
static bool cpu_seems_idle(unsigned int cpu)
{
	const struct runqueue *rq = cpu_ptr(runqueue, cpu);

	return READ_ONCE(rq->current) == rq->idle && !READ_ONCE(rq->nr_queued);
}

/* Threads that run or want to: a hint. */
static u32 cpu_load(unsigned int cpu)
{
	const struct runqueue *rq = cpu_ptr(runqueue, cpu);

	return READ_ONCE(rq->nr_queued) + (READ_ONCE(rq->current) != rq->idle);
}

/* Where t should go that becomes runnable: where its caches are, if that CPU
 * has time; else to one that has; else to the one with the least to do. */
static unsigned int sched_pick_cpu(const struct thread *t)
{
	u64 allowed = thread_allowed(t);
	unsigned int best = t->cpu, cpu;

	if (allowed >> best & 1 && cpu_seems_idle(best))
		return best;
	if (!(allowed >> best & 1))
		best = (unsigned int)__builtin_ctzll(allowed);
	for (; allowed; allowed &= allowed - 1) {
		cpu = (unsigned int)__builtin_ctzll(allowed);
		if (cpu_seems_idle(cpu))
			return cpu;
		if (cpu_load(cpu) < cpu_load(best))
			best = cpu;
	}
	return best;
}

/* ---- time slices ------------------------------------------------------------ */

static void sched_slice_end(struct timer *t);

/* [U3] Somebody waits for rq, this CPU's: give current's slice an end. */
static void sched_want_slice(struct runqueue *rq)
{
	if (rq->current == rq->idle)
		this_cpu_write(need_resched, 1);
	else if (!rq->slice.queued)
		timer_start(&rq->slice, rq->current->slice_end,
			    sched_slice_end);
}

/* The same for the queue of any CPU, whose lock is held. A slice's end that is
 * still queued will come and look under the lock. */
static void sched_want_slice_on(unsigned int cpu, struct runqueue *rq)
{
	if (cpu == this_cpu_read(cpu_number)) {
		sched_want_slice(rq);
		return;
	}
	if (rq->current == rq->idle)
		*cpu_ptr(need_resched, cpu) = 1;
	else if (READ_ONCE(rq->slice.queued))
		return;
	runqueue_tell(cpu);
}

/* Is another CPU so much less busy that current should move there? */
static bool sched_should_move(const struct runqueue *rq)
{
	u64 allowed = thread_allowed(rq->current);

	for (; allowed; allowed &= allowed - 1)
		if (cpu_load((unsigned int)__builtin_ctzll(allowed)) + 1 <
		    rq->nr_queued + 1)
			return true;
	return false;
}

/* Timer: the slice that was asked for, maybe by a thread long gone. */
static void sched_slice_end(struct timer *t)
{
	struct runqueue *rq = container_of(t, struct runqueue, slice);

	spin_lock(&rq->lock);
	if (!rq->nr_queued) {
		;                       /* nobody waits any more */
	} else if (timer_now() >= rq->current->slice_end ||
		   rq->current == rq->idle) {
		rq->move = cpus_are_several() && sched_should_move(rq);
		this_cpu_write(need_resched, 1);
	} else {
		timer_start(&rq->slice, rq->current->slice_end,
			    sched_slice_end);
	}
	spin_unlock(&rq->lock);
}

/** sched_is_idle() - this CPU has nothing to do. Context: interrupts off. */
bool sched_is_idle(void)
{
	const struct runqueue *rq = this_cpu_ptr(runqueue);

	return rq->current == rq->idle && !rq->nr_queued &&
	       !this_cpu_read(preempt_count);
}

/** sched_kicked() - IPI_WAKE: the queue may have grown. Context: interrupt. */
void sched_kicked(void)
{
	struct runqueue *rq = this_cpu_ptr(runqueue);

	spin_lock(&rq->lock);
	if (rq->nr_queued)
		sched_want_slice(rq);
	spin_unlock(&rq->lock);
}

/* ---- switching --------------------------------------------------------------- */

/* The next thread for this CPU; NULL: none. Those that may not run here any
 * more are sent off on the way. */
static struct thread *sched_next(struct runqueue *rq)
{
	struct thread *t;

	while (rq->nr_queued) {
		t = list_first(&rq->queue, struct thread, run_node);
		runqueue_take(rq, t);
		if (likely(thread_may_run_on(t, t->cpu)))
			return t;
		list_push_back(&rq->leaving, &t->run_node);
	}
	return NULL;
}

/* The accounts of a switch: who ran how long, until when next may run. */
static void sched_account(struct runqueue *rq, struct thread *prev,
			  struct thread *next)
{
	u64 now = timer_now();

	prev->run_ns += now - prev->switched_in;
	next->switched_in = now;
	next->slice_end = now + SLICE_NS;
	if (next->task)
		sampler_watch();
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
	struct thread *next = sched_next(rq);

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

/* Puts t, which is RUNNABLE and carried by the caller, where it may run. */
static void sched_place(struct thread *t)
{
	unsigned int cpu = sched_pick_cpu(t);
	struct runqueue *rq = cpu_ptr(runqueue, cpu);
	u64 flags = irq_save();

	t->cpu = cpu;                   /* [U4]: it belongs to nobody else */
	spin_lock(&rq->lock);
	runqueue_push(rq, t);
	sched_want_slice_on(cpu, rq);
	spin_unlock_irq(&rq->lock, flags);
}

/* Threads that this CPU sends off: their stacks are free of us now. */
static void __noinline sched_send_off(struct list_node *leaving)
{
	while (!list_empty(leaving)) {
		struct thread *t = list_first(leaving, struct thread, run_node);

		list_remove(&t->run_node);
		sched_place(t);
	}
}

/**
 * sched_switched() - end the switch that brought us here
 *
 * Drops the queue's lock that the thread before took; hands that thread to the
 * reaper if it is dead, or to another CPU if it leaves. Context: interrupts
 * off, and they stay off.
 */
void sched_switched(void) __no_thread_safety
{
	struct runqueue *rq = this_cpu_ptr(runqueue);
	struct thread *dead = rq->dead;
	struct list_node leaving = LIST_INIT(leaving);

	rq->dead = NULL;
	list_splice_back(&leaving, &rq->leaving);
	if (QUIRE_DEBUG)
		lock_debug_release(&rq->lock, RANK_RUNQUEUE);
	__atomic_store_n(&rq->lock.locked, 0, __ATOMIC_RELEASE);
	(void)this_cpu_nest(preempt_count, -1);        /* just switched: no check */
	if (unlikely(dead))
		thread_reap(dead);
	if (unlikely(!list_empty(&leaving)))
		sched_send_off(&leaving);
}

/* The calling CPU's queue, locked; interrupts are off. */
static struct runqueue *runqueue_lock(void) __no_thread_safety
{
	struct runqueue *rq = this_cpu_ptr(runqueue);

	spin_lock(&rq->lock);
	return rq;
}

/* Sends the calling thread to the back of the queue, or to another CPU. */
static void sched_requeue(void)
{
	struct runqueue *rq = runqueue_lock();
	struct thread *t = rq->current;

	if (t == rq->idle) {
		;                       /* comes back by itself */
	} else if (unlikely(rq->move || !thread_may_run_on(t, t->cpu))) {
		t->state = THREAD_RUNNABLE;
		list_push_back(&rq->leaving, &t->run_node);
	} else {
		runqueue_push(rq, t);
	}
	rq->move = false;
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

/* t sleeps off its stack: make it runnable, on this queue or another one's.
 * Takes over the queue's lock, and drops it. */
static void sched_awake(struct runqueue *rq, struct thread *t)
	__no_thread_safety
{
	if (likely(!cpus_are_several()) || sched_pick_cpu(t) == t->cpu) {
		runqueue_push(rq, t);
		sched_want_slice_on(t->cpu, rq);
		spin_unlock(&rq->lock);
	} else {
		t->state = THREAD_RUNNABLE;     /* ours to carry */
		spin_unlock(&rq->lock);
		sched_place(t);
	}
}

/**
 * thread_wake() - a sleeping thread may run; harmless for others
 *
 * Context: any; takes the lock of t's run queue.
 */
void thread_wake(struct thread *t) __no_thread_safety
{
	u64 flags = irq_save();
	struct runqueue *rq = runqueue_lock_of(t);

	if (t->state == THREAD_SLEEPING && t != rq->current) {
		sched_awake(rq, t);
	} else {
		if (t->state == THREAD_SLEEPING)
			t->state = THREAD_RUNNING;      /* not gone yet [U2] */
		spin_unlock(&rq->lock);
	}
	irq_restore(flags);
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

/* A thread for this idle CPU, from the end of the longest queue elsewhere. */
static struct thread *sched_steal_from(unsigned int cpu, unsigned int me)
{
	struct runqueue *rq = cpu_ptr(runqueue, cpu);
	struct thread *t, *found = NULL;

	spin_lock(&rq->lock);
	list_for_each(t, &rq->queue, run_node)
		if (thread_may_run_on(t, me))
			found = t;
	if (found) {
		runqueue_take(rq, found);
		found->cpu = me;        /* [U4] */
	}
	spin_unlock(&rq->lock);
	return found;
}

/* Whether this idle CPU has something to do now. Context: interrupts off. */
static bool sched_steal(void)
{
	unsigned int me = this_cpu_read(cpu_number), cpu, longest = me;
	struct runqueue *rq = this_cpu_ptr(runqueue);
	struct thread *t;

	for (cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1))
		if (READ_ONCE(cpu_ptr(runqueue, cpu)->nr_queued) >
		    READ_ONCE(cpu_ptr(runqueue, longest)->nr_queued))
			longest = cpu;
	if (longest == me)
		return false;
	t = sched_steal_from(longest, me);
	if (!t)
		return false;
	spin_lock(&rq->lock);
	runqueue_push(rq, t);
	spin_unlock(&rq->lock);
	return true;
}

/** sched_idle_loop() - what an idle thread does. Context: interrupts on or off. */
void sched_idle_loop(void)
{
	while (1) {
		irq_disable();
		if (this_cpu_read(need_resched) ||
		    (cpus_are_several() && sched_steal()))
			sched_requeue();
		else
			cpu_wait();
		irq_enable();
	}
}

static void idle_main(void *arg)
{
	sched_idle_loop();
}

/**
 * sched_init_cpu() - the queue of a further CPU, and its idle thread
 *
 * cpu's copy of the per-CPU variables is in place. Context: thread, boot.
 * Return: 0 with the idle thread in *out, on whose stack the CPU begins, or
 * -ENOMEM.
 */
int __init sched_init_cpu(unsigned int cpu, struct thread **out)
{
	struct runqueue *rq = cpu_ptr(runqueue, cpu);
	char name[16];
	int err;

	fmt_snprintf(name, sizeof(name), "idle/%u", cpu);
	err = thread_create(out, name, idle_main, NULL);
	if (err)
		return err;
	list_init(&rq->queue);
	list_init(&rq->leaving);
	rq->idle = *out;
	rq->current = *out;
	(*out)->state = THREAD_RUNNING;
	(*out)->cpu = cpu;
	(*out)->switched_in = 0;        /* idle since the boot, so to speak */
	*cpu_ptr(current_thread_ptr, cpu) = *out;
	return 0;
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
	list_init(&rq->leaving);
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
