/* SPDX-License-Identifier: MIT */
/* Between sched.c and threads.c; nobody else includes it. */
#ifndef KERNEL_BASE_RUNQUEUE_H
#define KERNEL_BASE_RUNQUEUE_H

#include "kernel/base/spinlock.h"
#include "kernel/base/thread.h"
#include "kernel/base/time.h"

/* Who runs on one CPU, and who waits for it. */
struct runqueue {
	struct spinlock lock;
	u32 nr_queued;                  /* [lock] threads on queue */
	struct list_node queue;         /* [lock] RUNNABLE, next one first */
	struct thread *current;         /* [lock] RUNNING */
	struct thread *idle;            /* runs when the queue is empty */
	struct thread *dead;            /* [own CPU] left its stack for good */
	struct list_node leaving;       /* [lock] for other CPUs, see sched.c */
	bool move;                      /* [own CPU] current shall leave as well */
	struct timer slice;             /* queued while somebody waits [U3] */
	u64 nr_switches;                /* [own CPU] */
};
DECLARE_PERCPU(struct runqueue, runqueue);

/* The CPUs that t may use now. */
static inline u64 thread_allowed(const struct thread *t)
{
	u64 cpus = READ_ONCE(cpus_online), allowed = READ_ONCE(t->affinity);

	return allowed & cpus ? allowed & cpus : cpus;
}

static inline bool thread_may_run_on(const struct thread *t, unsigned int cpu)
{
	return thread_allowed(t) >> cpu & 1;
}

/* sched_cpus.c: locks the queue that t belongs to. Context: interrupts off. */
struct runqueue *runqueue_lock_of(struct thread *t);

/* Another CPU's need_resched or user_work was set. */
void runqueue_tell(unsigned int cpu);

/* sched.c: leave the calling thread for ever. */
void __noreturn sched_die(void);

/* threads.c */
void thread_list_add(struct thread *t);
void thread_reap(struct thread *t);
void thread_reap_start(void);

#endif
