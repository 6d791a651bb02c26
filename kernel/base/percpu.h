/* SPDX-License-Identifier: MIT */
/*
 * The per-CPU variables of kernel/base itself. Every layer defines its own
 * with DEFINE_PERCPU (arch/cpu.h), beside the code that uses them; `percpu` in
 * GDB prints them all.
 */
#ifndef KERNEL_BASE_PERCPU_H
#define KERNEL_BASE_PERCPU_H

#include "arch/cpu.h"

struct thread;

DECLARE_PERCPU(struct thread *, current_thread_ptr);
DECLARE_PERCPU(u32, preempt_count);     /* > 0: stay here, do not sleep */
DECLARE_PERCPU(u32, need_resched);      /* 1: switch at the next chance */
DECLARE_PERCPU(u32, cpu_number);
DECLARE_PERCPU(u32, irq_depth);         /* > 0: in an interrupt handler */
DECLARE_PERCPU(u32, irq_user);          /* the last one came from user mode */

static inline struct thread *current_thread(void)
{
	return this_cpu_read(current_thread_ptr);
}

/* CPUs that run; bit n for CPU n. Only CPU 0 so far. */
extern u64 cpus_online;

/* First running CPU >= cpu; MAX_CPUS: none. For loops over all that run. */
static inline unsigned int cpu_next_online(unsigned int cpu)
{
	u64 rest = cpu < MAX_CPUS ? cpus_online >> cpu : 0;

	return rest ? cpu + (unsigned int)__builtin_ctzll(rest) : MAX_CPUS;
}

#endif
