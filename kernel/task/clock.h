/* SPDX-License-Identifier: MIT */
/*
 * The clocks of clock_gettime(2), and which of them the counter alone can tell.
 * Programs have this very code in their vDSO: a call and no call never differ.
 */
#ifndef KERNEL_TASK_CLOCK_H
#define KERNEL_TASK_CLOCK_H

#include "lib/clock.h"

enum {
	CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
	CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
	CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
};

enum {                                  /* sets of them, bit = number */
	CLOCKS_OF_DAY = 1 << CLOCK_REALTIME | 1 << CLOCK_REALTIME_COARSE,
	CLOCKS_SINCE_BOOT = 1 << CLOCK_MONOTONIC | 1 << CLOCK_MONOTONIC_RAW |
			    1 << CLOCK_MONOTONIC_COARSE | 1 << CLOCK_BOOTTIME,
};

/* Nanoseconds from which a clock of one of the sets counts; false: of none. */
static inline bool clock_base(const struct clock_rule *r, u32 clock, u64 *base)
{
	u32 bit = clock <= CLOCK_BOOTTIME ? 1u << clock : 0;

	*base = bit & CLOCKS_OF_DAY ? r->epoch_ns : 0;
	return bit & (CLOCKS_OF_DAY | CLOCKS_SINCE_BOOT);
}

#endif
