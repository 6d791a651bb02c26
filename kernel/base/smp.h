/* SPDX-License-Identifier: MIT */
/*
 * Having other CPUs do something, or nothing.
 */
#ifndef KERNEL_BASE_SMP_H
#define KERNEL_BASE_SMP_H

#include "arch/smp.h"
#include "kernel/base/percpu.h"

typedef void smp_call_fn(void *arg);

/**
 * smp_call() - run fn(arg) on each CPU of the set, and wait until all have
 *
 * This CPU's bit is ignored. fn runs in interrupt context: it must not sleep,
 * nor take locks that are ever held with interrupts on. While it waits, this CPU
 * serves the calls of others, so two that call each other do not lock up.
 * Context: any but hard interrupts and IRQ-safe locks; spinlocks may be held.
 */
void smp_call(u64 cpus, smp_call_fn *fn, void *arg);

/**
 * smp_alone() - run fn(arg) with interrupts off while nobody else runs
 *
 * All other CPUs are idle and stand still, and no thread waits for a CPU: so no
 * spinlock is held, and a sleeping lock only by somebody who sleeps. It tries
 * for a second. Context: thread, no lock, may sleep. Return: false: there was
 * always somebody, or another thread wants to be alone; fn did not run.
 */
bool __must_check smp_alone(smp_call_fn *fn, void *arg);

/* Calls sent by this CPU, and the CPUs that were interrupted for them. */
struct smp_counters {
	u64 calls;
	u64 targets;
};
DECLARE_PERCPU(struct smp_counters, smp_counters);

#endif
