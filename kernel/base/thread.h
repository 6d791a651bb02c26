/* SPDX-License-Identifier: MIT */
/* struct thread: one flow of control, of the kernel or of a user task. */
#ifndef KERNEL_BASE_THREAD_H
#define KERNEL_BASE_THREAD_H

#include "arch/thread.h"
#include "kernel/base/cputime.h"
#include "kernel/base/heldlocks.h"
#include "kernel/base/percpu.h"
#include "lib/list.h"

struct mm;
struct mmu_space;
struct task;

enum thread_state { THREAD_RUNNABLE, THREAD_RUNNING, THREAD_SLEEPING,
		    THREAD_DEAD };

/* Work to do before the thread returns to user mode. */
enum { THREAD_WORK_SIGNAL = 1 << 0, THREAD_WORK_EXIT = 1 << 1 };

struct thread {
	struct thread_machine machine;  /* first: entry code finds it */
	enum thread_state state;        /* [run queue], but see sched_block() */
	u32 cpu;                        /* where it runs or ran [run queue] */
	u32 user_work;                  /* THREAD_WORK_* [atomic] */
	bool killable_sleep;            /* a signal ends the present sleep */
	u64 affinity;                   /* bit n: may run on CPU n [run queue] */
	u64 slice_end;                  /* ns; when another may have the CPU */
	u64 run_ns;                     /* time spent running */
	u64 switched_in;                /* ns of timer_now() */
	struct cputime time;            /* in which mode it ran */
	vaddr_t stack;                  /* lowest address of the kernel stack */
	struct list_node run_node;      /* [run queue] or the reaper's list */
	struct list_node all_node;      /* [all-threads lock] */
	struct mmu_space *space;        /* user half to load; NULL: none */
	struct mm *mm;                  /* its address space, or NULL */
	struct task *task;              /* layer 8, or NULL */
	int id;                         /* of a task; kernel threads: < 0 */
	char name[16];
	void (*entry)(void *arg);       /* kernel threads */
	void *arg;
	struct held_locks held;         /* debug: sleeping locks */
	void (*on_dead)(struct thread *t);   /* off its stack: reaper */
	u64 fail_nth;                   /* inject.c: allocations to go; 0: off */
};

#endif
