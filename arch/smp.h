/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs: starting one, and interrupting others.
 *
 *   kernel/cpus.c                machine                      the new CPU
 *   area, stack, smp_start_cpu ─► wakes it by firmware ─► real or physical mode
 *                                                         ─► kernel tables
 *   waits for cpus_online    ◄──── smp_begin() ◄──────────── its stack, its
 *                                                            per-CPU copy
 *
 * CPU numbers are the kernel's: 0 is the CPU that booted, the others follow in
 * the order of the firmware's list. What each CPU initialises for itself is
 * initialised by the functions that the boot CPU called: cpu_init, trap_init,
 * mmu_init_cpu, irq_init_cpu, timer_init_cpu.
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "lib/types.h"

/* Why a CPU is interrupted. */
enum ipi {
	IPI_WAKE,                       /* look at need_resched and user_work */
	IPI_CALL,                       /* somebody has a call for you (smp_call) */
	IPI_STOP,                       /* the kernel panics: say where, and halt */
	IPI_KINDS,
};

/* What a CPU needs to stand on its feet. */
struct smp_start {
	unsigned int cpu;
	uintptr_t percpu_offset; /* of its copy of the section "percpu" */
	vaddr_t stack_top;              /* of its idle thread; aligned to 16 */
};

/** smp_firmware_cpus() - how many CPUs can be used, the boot CPU included; at
 * most MAX_CPUS. Context: boot. */
unsigned int smp_firmware_cpus(void);

/**
 * smp_start_cpu() - let CPU start->cpu run smp_begin()
 *
 * start stays the caller's until the CPU is online. Context: thread, boot, one
 * at a time. Return: 0: it was asked; -EIO, -ENODEV (the firmware refuses), -ENOMEM.
 */
int __must_check smp_start_cpu(const struct smp_start *start);

/**
 * smp_send() - interrupt every CPU of the set (bit n: CPU n), not this one
 *
 * What was stored before is visible to the receiver. Several sends of one kind
 * may arrive as one. IPI_STOP reaches a CPU with interrupts off where the
 * machine can (x86: NMI). Context: any.
 */
void smp_send(u64 cpus, enum ipi why);

/* ---- upcalls: kernel/base/smp.c, kernel/cpus.c ---------------------------- */

/* An interrupt by smp_send(); interrupts off. tf: what it interrupted. */
struct trap_frame;
void smp_received(enum ipi why, struct trap_frame *tf);

/* The first C code of a further CPU: on start->stack_top, kernel tables, per-CPU
 * variables work, interrupts off, nothing of this CPU initialised besides. */
void __noreturn smp_begin(void);

#endif
