/* SPDX-License-Identifier: MIT */
/*
 * The clock of AArch64: the generic timer's virtual counter for "now", its
 * compare register for "wake me then", the PL031 for the date.
 *
 *   ns = (count - count at the start) * mult >> 32
 *
 * The counter is the same on all CPUs and tells its own rate; a firmware that
 * left CNTFRQ_EL0 empty is helped by the device tree. The virtual timer is the
 * one that EL1 always has: under a hypervisor, and on bare metal where its
 * offset is 0 (start.S).
 *
 * [ARM] D11 "The Generic Timer in AArch64 state"; [PL031] 3.3 "Register
 * descriptions"
 */
#include "arch/timer.h"

#include "arch/aarch64/regs.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/mmu.h"
#include "boot/platform.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"

#define NS_PER_S 1000000000ull

struct clock_rule timer_clock;
static u64 count_mult;                  /* counts << 32 per ns */

u64 timer_now(void)
{
	return clock_rule_ns(&timer_clock, cpu_timestamp());
}

u64 timer_wall_base(void) { return timer_clock.epoch_ns; }

/* In the past it fires at once. */
void timer_arm(u64 deadline)
{
	if (deadline == ~(u64)0) {
		write_sysreg(cntv_ctl_el0, CNTV_CTL_EL0_IMASK);
		return;
	}
	write_sysreg(cntv_cval_el0, timer_clock.start +
					    mul_shift_32(deadline, count_mult) +
					    1);
	write_sysreg(cntv_ctl_el0, CNTV_CTL_EL0_ENABLE);
}

/* The line stays up until the timer is set anew: masked meanwhile. */
static void timer_interrupt(void *arg)
{
	write_sysreg(cntv_ctl_el0, CNTV_CTL_EL0_IMASK);
	time_interrupt();
}

/* Its line is unmasked already (irq_init_cpu); the counter is everybody's. */
void timer_init_cpu(void)
{
	timer_arm(~(u64)0);
}

/* Seconds since the epoch in its first register. */
static void __init wall_init(void)
{
	volatile u32 __iomem *rtc;

	if (!platform.rtc.start)
		return;
	rtc = ioremap(pa_make(platform.rtc.start), PAGE_SIZE);
	if (!rtc)
		return;
	timer_clock.epoch_ns = *(__force volatile u32 *)rtc * NS_PER_S -
			       timer_now();
}

void __init timer_init(void)
{
	u64 hz = read_sysreg(cntfrq_el0);
	u32 line = platform.timer[TIMER_IRQ_VIRT].line;

	if (platform.timer_hz)
		hz = platform.timer_hz;
	if (!hz)
		panic("timer: neither CNTFRQ_EL0 nor the firmware's tables "
		      "tell the counter's rate");
	timer_clock.start = cpu_timestamp();
	timer_clock.mult = (NS_PER_S << 32) / hz;
	count_mult = (hz << 32) / NS_PER_S;
	timer_arm(~(u64)0);
	if (irq_register(line, timer_interrupt, NULL, "timer"))
		panic("timer: no interrupt line (the firmware says %u)", line);
	wall_init();
	pr_info("timer: virtual counter %llu.%02llu MHz, line %u\n",
		(unsigned long long)(hz / 1000000),
		(unsigned long long)(hz / 10000 % 100), line);
}
