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

/* sched.c: leave the calling thread for ever. */
void __noreturn sched_die(void);

/* threads.c */
void thread_list_add(struct thread *t);
void thread_reap(struct thread *t);
void thread_reap_start(void);

#endif
