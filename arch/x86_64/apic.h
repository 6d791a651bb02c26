/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: this CPU's own interrupt controller, its timer included.
 * Registers by memory (xAPIC) or, where the CPU has it, by MSR (x2APIC).
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

/* The two vectors above all lines. */
#define VECTOR_TIMER    (VECTOR_IRQ_END - 2)
#define VECTOR_SPURIOUS (VECTOR_IRQ_END - 1)

u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 v);

#endif
