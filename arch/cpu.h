/* SPDX-License-Identifier: MIT */
/*
 * One CPU: its interrupt flag, its own variables, its identity, its end.
 *
 * The machine's half of the inlines stands in arch/<machine>/machine_cpu.h.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "lib/types.h"

#define MAX_CPUS 64

/* ---- in machine_cpu.h -----------------------------------------------------
 *
 * static inline u64 irq_save(void);		disable, return the old state
 * static inline void irq_restore(u64 state);
 * static inline void irq_enable(void);
 * static inline void irq_disable(void);
 * static inline bool irq_enabled(void);
 * static inline void cpu_relax(void);		in a spin loop
 * static inline void cpu_wait(void);		enable interrupts and sleep until
 *						one came, without a lost wake-up
 * static inline uintptr_t cpu_frame_pointer(void);	of the caller's frame
 * static inline u64 cpu_timestamp(void);	cheap cycle or tick counter
 * static inline void cpu_breakpoint(void);	stop in the debugger; without
 *						one, counted in trap_breakpoints
 *
 * Per-CPU variables. DEFINE_PERCPU puts the first CPU's copy into a section of
 * its own; other CPUs get a copy of that section at boot.
 *
 *	DEFINE_PERCPU(type, name);	DECLARE_PERCPU(type, name);
 *	this_cpu_ptr(name)	pointer to this CPU's copy: preemption off
 *	this_cpu_read(name) / this_cpu_write(name, v)	one instruction for
 *				scalars up to 8 bytes: safe with preemption on
 *	this_cpu_add(name, v)	likewise (32- and 64-bit counters)
 *	this_cpu_nest(name, v)	adds to a variable that every interrupt leaves as
 *				it found it, and that is 0 when a thread is
 *				preempted (preempt_count, irq_depth): cheaper;
 *				its value is the sum
 *	cpu_ptr(name, cpu)	another CPU's copy
 *
 * percpu_offsets[cpu] is the distance from the section to the copy of that CPU;
 * kernel/cpus.c fills it in before the CPU starts.
 */
#include <machine_cpu.h>

/**
 * cpu_init() - this CPU's tables and registers (GDT, vectors, FPU)
 *
 * Every CPU calls it once; on further ones it may allocate. Boot of that CPU.
 */
void cpu_init(void);

/** cpu_describe() - one line on the CPU for the boot log. */
void cpu_describe(char *buf, size_t size);

/**
 * machine_exit() - stop the machine with a verdict
 *
 * Under QEMU a status of 0 ends the emulator with the launcher's success code,
 * anything else with its failure code; on hardware the power goes off.
 * Context: any, interrupts off.
 */
void __noreturn machine_exit(int status);

/** machine_restart() - reset the machine. */
void __noreturn machine_restart(void);

/** page_zero() / page_copy() - one page by the machine's best means. */
/* static inline void page_zero(void *page); static inline void page_copy(void *dst, const void *src);
 * in machine_cpu.h */

#endif
