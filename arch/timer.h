/* SPDX-License-Identifier: MIT */
/* The clock and the one-shot interrupt. */
#ifndef ARCH_TIMER_H
#define ARCH_TIMER_H

#include "lib/clock.h"
#include "lib/types.h"

/** timer_init() - calibrate the clock, claim the interrupt. Boot, after irq_init(). */
void timer_init(void);

/** timer_init_cpu() - this CPU's timer, for a further CPU; not armed. */
void timer_init_cpu(void);

/* What timer_now() makes of cpu_timestamp(); complete after timer_init(). */
extern struct clock_rule timer_clock;

/** timer_now() - nanoseconds since boot, monotonic. Context: any. */
u64 timer_now(void);

/** timer_wall_base() - nanoseconds of the Unix epoch at boot, by the RTC; 0: none. */
u64 timer_wall_base(void);

/** timer_arm() - interrupt this CPU at deadline (ns of timer_now); ~0: never. */
void timer_arm(u64 deadline);

/* Upcall on every timer interrupt, interrupts off: kernel/base/time.c. */
void time_interrupt(void);

#endif
