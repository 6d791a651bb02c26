/* SPDX-License-Identifier: MIT */
/*
 * Virtual time: it passes a little at every look, and by whole sleeps when a
 * CPU waits. The same run sees the same times.
 */
#include "arch/timer.h"

#include "arch/host/machine.h"

#define LOOK_NS 100

struct clock_rule timer_clock;          /* there is no counter */

void timer_init(void) {}

void timer_init_cpu(void) {}

u64 timer_now(void)
{
	return __atomic_add_fetch(&host_clock, LOOK_NS, __ATOMIC_RELAXED);
}

u64 timer_wall_base(void)
{
	return 0;
}

void timer_arm(u64 deadline)
{
	host_cpu->deadline = deadline;
}

void host_clock_advance(u64 ns)
{
	__atomic_fetch_add(&host_clock, ns, __ATOMIC_RELAXED);
}
