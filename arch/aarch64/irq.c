/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of AArch64: INTIDs of the GIC to handlers.
 *
 * Invariants: [Q1] a line is unmasked only after its handler is in the table;
 * [Q2] every interrupt is ended before another thread may run, or this CPU
 * would get no further ones.
 *
 * Locking: handlers are registered at boot, one CPU; afterwards the table is
 * only read.
 */
#include "arch/irq.h"

#include "arch/aarch64/gic.h"
#include "arch/aarch64/machine.h"
#include "arch/trap.h"
#include "boot/platform.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "kernel/base/printk.h"
#include "lib/errno.h"

#define NR_LINES 256

struct irq_line {
	irq_handler_fn *fn;             /* NULL: nobody's */
	void *arg;
	const char *name;
	u64 count;                      /* times it fired */
};

static struct irq_line irq_lines[NR_LINES];
static u64 irq_spurious;                /* interrupts without a handler */
static const struct gic_ops *gic;

void __init irq_init(void)
{
	gic = platform.gic_version == 3	  ? &gicv3
	      : platform.gic_version == 2 ? &gicv2
					  : NULL;
	if (!gic)
		panic("irq: the firmware names no GIC that I know (version %u)",
		      platform.gic_version);
	gic->init();
	gic->init_cpu();
	pr_info("irq: %s with %u lines\n", gic->name, gic->lines());
}

/* What the firmware says of the few lines that it told us about. */
static bool irq_is_edge(unsigned int line)
{
	u32 i;

	if (line == platform.uart_irq.line)
		return platform.uart_irq.flags & (IRQ_RISING | IRQ_FALLING);
	for (i = 0; i < TIMER_IRQS; i++)
		if (line == platform.timer[i].line)
			return platform.timer[i].flags &
			       (IRQ_RISING | IRQ_FALLING);
	return false;
}

int irq_register(unsigned int line, irq_handler_fn *fn, void *arg,
		 const char *name)
{
	if (line < GIC_FIRST_PPI || line >= NR_LINES || line >= gic->lines())
		return -EINVAL;
	if (irq_lines[line].fn)
		return -EBUSY;
	irq_lines[line] = (struct irq_line){ fn, arg, name, 0 };
	gic->unmask(line, irq_is_edge(line));
	return 0;
}

/**
 * irq_dispatch() - every interrupt, from entry.S
 *
 * Context: interrupts off.
 */
void irq_dispatch(struct trap_frame *tf)
{
	u32 id = gic->acknowledge();
	struct irq_line *line = id < NR_LINES ? &irq_lines[id] : NULL;

	if (id >= GIC_FIRST_SPECIAL)
		return;                 /* it went away: nothing to end */
	(void)this_cpu_nest(irq_depth, 1);
	if (line && line->fn) {
		line->count++;
		line->fn(line->arg);
	} else {
		irq_spurious++;
	}
	gic->end(id);
	(void)this_cpu_nest(irq_depth, -1);
	if (!tf_from_user(tf))
		sched_preempt_irq();
}
