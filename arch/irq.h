/* SPDX-License-Identifier: MIT */
/* Interrupt lines: who handles which, and the controller behind them. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include "lib/types.h"

typedef void irq_handler_fn(void *arg);

/** irq_init() - find and set up the interrupt controller. Boot; all lines masked. */
void irq_init(void);

/** irq_init_cpu() - this CPU's own controller, for a further CPU. */
void irq_init_cpu(void);

/**
 * irq_register() - call fn(arg) with interrupts off whenever line fires
 *
 * Unmasks the line. Return: 0, -EBUSY (line taken), -EINVAL (no such line).
 */
int __must_check irq_register(unsigned int line, irq_handler_fn *fn, void *arg,
			      const char *name);

/* Upcall at the end of every interrupt that came from kernel mode with
 * preemption allowed and need_resched set: kernel/base/sched.c. */
void sched_preempt_irq(void);

#endif
