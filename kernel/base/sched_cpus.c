/* SPDX-License-Identifier: MIT */
/*
 * Threads and CPUs: where a thread may run, making it look up or move, visiting
 * every CPU, and what all of them together have done.
 *
 * The queues themselves are sched.c's; its header says who may touch a thread
 * while it moves.
 */
#include "kernel/base/sched.h"

#include "arch/smp.h"
#include "kernel/base/panic.h"
#include "kernel/base/runqueue.h"

DEFINE_PERCPU(u64, sched_wakes_sent);

/**
 * runqueue_tell() - let another CPU look at its need_resched and user_work
 *
 * It does not wait. Context: preemption off.
 */
void runqueue_tell(unsigned int cpu)
{
	this_cpu_add(sched_wakes_sent, 1);
	smp_send((u64)1 << cpu, IPI_WAKE);
}

/** runqueue_lock_of() - lock the queue that t belongs to. Context: interrupts off. */
struct runqueue *runqueue_lock_of(struct thread *t) __no_thread_safety
{
	while (1) {
		unsigned int cpu = READ_ONCE(t->cpu);
		struct runqueue *rq = cpu_ptr(runqueue, cpu);

		spin_lock(&rq->lock);
		if (likely(READ_ONCE(t->cpu) == cpu))
			return rq;
		spin_unlock(&rq->lock); /* it moved meanwhile */
	}
}

/**
 * thread_kick() - t's user_work was set: it shall look at it soon
 *
 * A thread in user mode on another CPU is interrupted; all others look on their
 * way there. Context: any.
 */
void thread_kick(struct thread *t)
{
	unsigned int cpu = READ_ONCE(t->cpu);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (cpu != this_cpu_read(cpu_number) &&
	    READ_ONCE(cpu_ptr(runqueue, cpu)->current) == t)
		runqueue_tell(cpu);
}

/**
 * thread_set_affinity() - the CPUs on which t may run (bit n: CPU n)
 *
 * CPUs that are not online are ignored; if none remains, all are allowed. A
 * thread that runs elsewhere is made to move, the caller before it returns.
 * Context: thread.
 */
void thread_set_affinity(struct thread *t, u64 cpus) __no_thread_safety
{
	u64 flags = irq_save();
	struct runqueue *rq = runqueue_lock_of(t);
	unsigned int cpu = t->cpu;

	WRITE_ONCE(t->affinity, cpus);
	if (rq->current == t && !thread_may_run_on(t, cpu)) {
		*cpu_ptr(need_resched, cpu) = 1;
		if (cpu != this_cpu_read(cpu_number))
			runqueue_tell(cpu);
	}
	spin_unlock(&rq->lock);
	irq_restore(flags);
	if (t == current_thread() && !thread_may_run_on(t, cpu))
		sched_yield();
}

/**
 * sched_on_each_cpu() - call fn(arg) on each CPU that runs, one after the other
 *
 * The calling thread goes there itself: fn may do what a thread may do with
 * preemption off. Context: thread, may sleep.
 */
void sched_on_each_cpu(void (*fn)(void *arg), void *arg)
{
	struct thread *t = current_thread();
	u64 before = t->affinity;
	unsigned int cpu;

	for (cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1)) {
		thread_set_affinity(t, (u64)1 << cpu);
		preempt_disable();
		assertf(this_cpu_read(cpu_number) == cpu, "on %u, not %u",
			this_cpu_read(cpu_number), cpu);
		fn(arg);
		preempt_enable();
	}
	thread_set_affinity(t, before);
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
