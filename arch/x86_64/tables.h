/* SPDX-License-Identifier: MIT */
/*
 * The tables that each CPU needs in memory: descriptors and task state.
 *
 * [SDM3] 3.5 "System Descriptor Types", 8.7 "Task Management in 64-bit Mode"
 */
#ifndef ARCH_X86_64_TABLES_H
#define ARCH_X86_64_TABLES_H

#define TSS_SP0 4                       /* offset of sp0 in struct tss */

/* Offsets in struct smp_start; smp.c asserts them. */
#define SMP_START_PERCPU 8
#define SMP_START_STACK  16

#ifndef __ASSEMBLER__

#include "arch/cpu.h"

/* Stacks of their own, by the number that a gate names. */
enum { IST_NONE, IST_DOUBLE, IST_NMI, IST_MACHINE, IST_NR };

struct tss {
	u32 reserved0;
	u64 sp0;                        /* kernel stack for traps from user mode */
	u64 sp1, sp2;
	u64 reserved1;
	u64 ist[7];                     /* ist[n - 1]: top of stack n */
	u64 reserved2;
	u16 reserved3;
	u16 io_bitmap;                  /* past the end: no port for user code */
} __packed;
static_assert(sizeof(struct tss) == 104, "[SDM3] figure 8-11");
static_assert(__builtin_offsetof(struct tss, sp0) == TSS_SP0, "for assembly");

DECLARE_PERCPU(struct tss, cpu_tss);

/* smp.c: the page below 1 MiB where other CPUs begin (boot/x86_64/entry.c
 * finds it); whether this CPU was told to stop. */
extern u64 smp_low_page;
bool smp_told_to_stop(void);

/* cpu.c: what cpu_init() will need on a further CPU. */
int __must_check cpu_prepare(unsigned int cpu);

/* fpu.c: let this CPU use vector registers; the width of their state. */
void fpu_init_cpu(void);

/* trap.c: the interrupt descriptor table on this CPU. */
struct trap_frame;
void trap_user_fault(struct trap_frame *tf, vaddr_t addr);
void trap_kernel_fault(struct trap_frame *tf, vaddr_t addr);
void trap_exception(struct trap_frame *tf);
void __noreturn trap_fatal(struct trap_frame *tf);
void irq_dispatch(struct trap_frame *tf);

#endif /* __ASSEMBLER__ */
#endif
