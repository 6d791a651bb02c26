/* SPDX-License-Identifier: MIT */
/*
 * Threads and the run queues.
 *
 *             thread_wake            sched_switch
 *   SLEEPING ────────────► RUNNABLE ────────────► RUNNING
 *       ▲                      ▲  sched_yield, slice  │
 *       │                      └──────────────────────┤
 *       └───────────────── sched_block ───────────────┤
 *                                    thread_exit ─► DEAD ─► thread_reap
 *
 * Round robin with a time slice; kernel code is preemptible wherever
 * preempt_count is 0. Each CPU has a queue of its own and an idle thread that
 * runs when the queue is empty.
 */
#ifndef KERNEL_BASE_SCHED_H
#define KERNEL_BASE_SCHED_H

#include "kernel/base/thread.h"

/* The boot flow becomes thread "boot"; makes the idle thread. Boot. */
void sched_init(void);

/* A kernel thread that will run entry(arg), not yet started. 0 or -ENOMEM. */
int __must_check thread_create(struct thread **out, const char *name,
			       void (*entry)(void *arg), void *arg);

/* Same, but only prepared: struct and stack, no entry; for user tasks, whose
 * struct thread is embedded in struct task. t is zeroed. 0 or -ENOMEM. */
int __must_check thread_prepare(struct thread *t, const char *name);

/* Frees stack and machine state of a prepared or dead thread. */
void thread_release(struct thread *t);

void thread_start(struct thread *t);
void __noreturn thread_exit(void);

/* Waits until the threads that are dead by now have been released. */
void thread_reap_wait(void);

/* Where a trap frame of user mode lives on t's kernel stack. */
struct trap_frame *thread_user_frame(const struct thread *t);

/* Calls fn for each thread; fn must not sleep or take locks. */
void thread_for_each(void (*fn)(struct thread *t, void *arg), void *arg);

/* The struct of the boot flow: current_thread() from the first instruction. */
extern struct thread boot_thread;

void sched_yield(void);

/* To sleep: sched_prepare_block(), check the condition, sched_block(). It may
 * return early (a preemption in between counts as a wake-up), so check again,
 * as wait_event() does. */
void sched_prepare_block(void);
void sched_cancel_block(void);
void sched_block(void);

/* Makes a sleeping thread runnable; harmless for others. Context: any. */
void thread_wake(struct thread *t);

/* Has a thread in user mode look at its user_work. Context: any. */
void thread_kick(struct thread *t);

/* The CPUs that t may use; waits until the caller itself stands on one. */
void thread_set_affinity(struct thread *t, u64 cpus);

/* fn(arg) on each CPU, one after the other, with preemption off. May sleep. */
void sched_on_each_cpu(void (*fn)(void *arg), void *arg);

/* A further CPU's queue and idle thread (kernel/cpus.c); 0 or -ENOMEM. */
int __must_check sched_init_cpu(unsigned int cpu, struct thread **out);
void __noreturn sched_idle_loop(void);

/* Whether this CPU has nothing to do: its idle thread runs, outside of any
 * section without preemption, and nobody waits. Context: interrupts off. */
bool sched_is_idle(void);

/* IPI_WAKE arrived (kernel/base/smp.c). */
void sched_kicked(void);
DECLARE_PERCPU(u64, sched_wakes_sent);  /* IPI_WAKEs that this CPU sent */

/* The first call on a new stack: of a forked user task before it returns to
 * user mode (arch thread_machine_fork). Kernel threads make it themselves. */
void sched_switched(void);

/* The calling boot flow ends; the idle thread goes on. */
void __noreturn sched_idle(void);

/* Upcall of the scheduler at each switch to a thread with a space: implemented
 * by mm/spaces (mm_activate); a function pointer because mm is above. Kernel
 * threads have no space: they run on whatever is loaded. */
extern void (*sched_switch_space)(struct thread *prev, struct thread *next);

u64 sched_switches(void);               /* on all CPUs since boot */
u64 sched_idle_ns(void);
u64 sched_nr_runnable(void);            /* run or want to; idle apart */

/* Kernel stacks come from above (mm/tables/vmalloc.c), registered at boot:
 * returns the lowest address, or 0. */
extern vaddr_t (*kstack_alloc)(void);
extern void (*kstack_free)(vaddr_t stack);

#endif
