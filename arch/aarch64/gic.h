/* SPDX-License-Identifier: MIT */
/*
 * The Generic Interrupt Controller as irq.c sees it: a few operations, two
 * implementations.
 *
 * Lines are INTIDs: 0 to 15 between CPUs, 16 to 31 each CPU's own, from 32 on
 * shared.
 */
#ifndef ARCH_AARCH64_GIC_H
#define ARCH_AARCH64_GIC_H

#include "lib/types.h"

#define GIC_NONE 1023                   /* no interrupt waits */

struct gic_ops {
	const char *name;
	void (*init)(void);             /* distributor: all lines masked. Boot */
	void (*init_cpu)(void);         /* this CPU's own lines and interface */
	u32 (*acknowledge)(void);       /* the line that waits, or GIC_NONE */
	void (*end)(u32 line);          /* of what was acknowledged */
	/* Lets line through, to this CPU; edge: by its rise, else by its level. */
	void (*unmask)(u32 line, bool edge);
	u32 (*lines)(void);             /* INTIDs that exist */
};

extern const struct gic_ops gicv2, gicv3;

#endif
