/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of AArch64: INTIDs of the GIC to handlers.
 *
 *    0 … 15   from other CPUs, one for each enum ipi ─► smp_received
 *   16 … 31   each CPU's own, the timer's among them ┐
 *   32 …      devices', all to the first CPU         ┴► irq_lines[].fn
 *
 * Invariants: [Q1] a line is unmasked only after its handler is in the table;
 * [Q2] every interrupt is ended before another thread may run, or this CPU
 * would get no further ones. A handler does not switch threads: what it wakes
 * runs after the end, from sched_preempt_irq() or on the way to user mode.
 * IPI_STOP does not return: nothing has to be let through any more.
 *
 * Locking: handlers are registered at boot, one CPU; afterwards the table is
 * only read. Each CPU counts for itself.
 */
#include "arch/irq.h"

#include "arch/aarch64/gic.h"
#include "arch/aarch64/machine.h"
#include "arch/smp.h"
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
};

static struct irq_line irq_lines[NR_LINES];
static DEFINE_PERCPU(u64, irq_counts[NR_LINES]);        /* times each fired */
static DEFINE_PERCPU(u64, irq_spurious);        /* without a handler */
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

/* Lines of each CPU's own that were registered on the first. */
void irq_init_cpu(void)
{
	u32 line;

	gic->init_cpu();
	for (line = GIC_FIRST_PPI; line < GIC_FIRST_SPI; line++)
		if (irq_lines[line].fn)
			gic->unmask(line, irq_is_edge(line));
}

int irq_register(unsigned int line, irq_handler_fn *fn, void *arg,
		 const char *name)
{
	if (line < GIC_FIRST_PPI || line >= NR_LINES || line >= gic->lines())
		return -EINVAL;
	if (irq_lines[line].fn)
		return -EBUSY;
	irq_lines[line] = (struct irq_line){ fn, arg, name };
	gic->unmask(line, irq_is_edge(line));
	return 0;
}

/* The barrier lets the receiver see what the sender stored before. */
void smp_send(u64 cpus, enum ipi why)
{
	cpus &= ~((u64)1 << this_cpu_read(cpu_number));
	if (!cpus)
		return;
	dsb(ishst);
	gic->send(cpus, why);
}

static void irq_handle(u32 id, struct trap_frame *tf)
{
	const struct irq_line *line = id < NR_LINES ? &irq_lines[id] : NULL;

	if (id < IPI_KINDS) {
		dmb(ishld);             /* the other half of smp_send()'s */
		smp_received((enum ipi)id, tf);
	} else if (line && line->fn) {
		(*this_cpu_ptr(irq_counts))[id]++;
		line->fn(line->arg);
	} else {
		this_cpu_add(irq_spurious, 1);
	}
}

/**
 * irq_dispatch() - every interrupt, from entry.S
 *
 * Context: interrupts off.
 */
void irq_dispatch(struct trap_frame *tf)
{
	u32 taken = gic->acknowledge(), id = GIC_LINE(taken);

	if (id >= GIC_FIRST_SPECIAL)
		return;                 /* it went away: nothing to end */
	this_cpu_write(irq_user, tf_from_user(tf));
	(void)this_cpu_nest(irq_depth, 1);
	irq_handle(id, tf);
	gic->end(taken);
	(void)this_cpu_nest(irq_depth, -1);
	if (!tf_from_user(tf))
		sched_preempt_irq();
}
