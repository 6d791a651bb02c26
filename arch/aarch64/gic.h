/* SPDX-License-Identifier: MIT */
/*
 * The Generic Interrupt Controller as irq.c sees it: a few operations, two
 * implementations.
 *
 * Lines are INTIDs: 0 to 15 between CPUs (SGIs, always let through), 16 to 31
 * each CPU's own (PPIs), from 32 on shared (SPIs).
 */
#ifndef ARCH_AARCH64_GIC_H
#define ARCH_AARCH64_GIC_H

#include "lib/types.h"

/* The line of what was acknowledged; GIC_FIRST_SPECIAL and above: nothing waits. */
#define GIC_LINE(taken) ((taken) & 0x3ff)

struct gic_ops {
	const char *name;
	void (*init)(void);             /* distributor: all lines masked. Boot */
	void (*init_cpu)(void);         /* this CPU's own lines and interface */
	u32 (*acknowledge)(void);       /* takes what waits: see GIC_LINE */
	void (*end)(u32 taken);         /* of what was acknowledged */
	/* Lets line through, to this CPU; edge: by its rise, else by its level. */
	void (*unmask)(u32 line, bool edge);
	/* Interrupts the CPUs of the set (bit n: CPU n) by this SGI. */
	void (*send)(u64 cpus, u32 sgi);
	u32 (*lines)(void);             /* INTIDs that exist */
};

extern const struct gic_ops gicv2, gicv3;

#endif
