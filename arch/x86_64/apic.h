/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: this CPU's own interrupt controller, its timer included, and
 * its way to the others. Registers by memory (xAPIC) or, where the CPU has it,
 * by MSR (x2APIC).
 * [SDM3] 11 "Advanced Programmable Interrupt Controller"
 */
#ifndef ARCH_X86_64_APIC_H
#define ARCH_X86_64_APIC_H

#include "arch/x86_64/machine_trap.h"
#include "lib/types.h"

/* Register offsets of xAPIC; x2APIC's MSR is MSR_X2APIC + offset / 16. */
#define APIC_ID            0x020
#define APIC_TPR           0x080
#define APIC_EOI           0x0b0
#define APIC_SPURIOUS      0x0f0
#define APIC_COMMAND       0x300        /* x2APIC: 64 bits, both in one */
#define APIC_COMMAND_TO    0x310
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_START   0x380
#define APIC_TIMER_NOW     0x390
#define APIC_TIMER_DIVIDE  0x3e0

#define APIC_SPURIOUS_ON   (1 << 8)
#define APIC_LVT_MASKED    (1 << 16)
#define APIC_LVT_NMI       (4 << 8)     /* delivered as NMI */
#define APIC_DIVIDE_1      0xb

/* Commands to other CPUs: apic_send(). [SDM3] 11.6.1 "Interrupt Command
 * Register (ICR)" */
#define APIC_SEND_VECTOR(v) (0x4000 | (v))
#define APIC_SEND_NMI       0x4400
#define APIC_SEND_INIT      0x4500
#define APIC_SEND_START(pa) (0x4600 | (u32)((pa) >> PAGE_SHIFT))
#define APIC_TO_OTHERS      (3 << 18)   /* all but this one, whatever the id */
#define APIC_UNDER_WAY      (1 << 12)   /* xAPIC: the last one is not sent yet */

/* Above this, only x2APIC can name a CPU: 255 means all. */
#define APIC_ID_MAX 254

/* The vectors above all lines. */
#define VECTOR_WAKE     (VECTOR_IRQ_END - 4)
#define VECTOR_CALL     (VECTOR_IRQ_END - 3)
#define VECTOR_TIMER    (VECTOR_IRQ_END - 2)
#define VECTOR_SPURIOUS (VECTOR_IRQ_END - 1)

u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 v);
void apic_init(void);
void apic_init_cpu(void);
u32 apic_id(void);
bool apic_can_name(u32 id);
const char *apic_kind(void);
void apic_send(u32 id, u32 command);

/* irq.c: a page of device registers; panics without memory. */
volatile u32 __iomem *irq_map_registers(u64 pa, const char *what);

#endif
