/* SPDX-License-Identifier: MIT */
/*
 * The clock of x86_64: the time-stamp counter for "now", the local APIC's
 * timer for "wake me then", the CMOS clock for the date.
 *
 *   ns = (tsc - tsc at the kernel's start) * mult >> 32
 *
 * How fast they tick is told by CPUID where it knows (leaf 15H, hypervisor
 * leaf 40000010H); otherwise both are measured for a millisecond against a
 * clock of known rate: the ACPI power-management timer, or the 8254. The
 * measurement starts and ends at an edge of that clock, so its error is the
 * time of one port read in a millisecond.
 *
 * All CPUs read their own counter and take it for the same: since the counters
 * are invariant they start together at reset and none is ever written. What
 * the first CPU measured holds for all.
 *
 * [SDM3] 18.17 "Time-Stamp Counter", 11.5.4 "APIC Timer"; [ACPI] 4.8.2.1 "Power
 * Management Timer"; [8254] "Read-Back and Counter Latch Commands"
 */
#include "arch/timer.h"

#include "arch/cpu.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/tables.h"
#include "boot/acpi.h"
#include "kernel/base/printk.h"
#include "lib/types.h"

#define NS_PER_S     1000000000ull
#define PM_HZ        3579545u           /* the ACPI timer's fixed rate */
#define PIT_HZ       1193182u
#define MEASURE_US   1000u
#define PATIENCE     1000000u           /* reads of a clock that stands still */
#define FALLBACK_HZ  NS_PER_S           /* no clock to measure by */

#define PIT_CHANNEL0 0x40
#define PIT_COMMAND  0x43
#define PIT_RATE     0x34               /* channel 0, both bytes, mode 2 */
#define PIT_LATCH    0x00               /* channel 0: hold the count */

#define CMOS_SELECT 0x70
#define CMOS_DATA   0x71

struct clock_rule timer_clock;          /* its start: boot/x86_64/entry.c */
static u64 apic_mult;                   /* APIC ticks << 32 per ns */

struct tick_rates {
	u64 tsc_hz;
	u64 apic_hz;
};

/* A clock of known rate: its reading, modulo mask + 1, growing. */
struct reference {
	u32 (*read)(void);
	u32 mask;
	u32 hz;
};

static u32 __init pm_timer_read(void)
{
	return inl(acpi_info.pm_timer);
}

/* The 8254 counts down. */
static u32 __init pit_read(void)
{
	u32 low;

	outb(PIT_COMMAND, PIT_LATCH);
	low = inb(PIT_CHANNEL0);
	return ~(low | (u32)inb(PIT_CHANNEL0) << 8);
}

static struct reference __init timer_reference(void)
{
	if (acpi_info.pm_timer)
		return (struct reference){ pm_timer_read,
					   acpi_info.pm_timer_wide ? ~0u
								   : 0xffffff,
					   PM_HZ };
	outb(PIT_COMMAND, PIT_RATE);
	outb(PIT_CHANNEL0, 0);
	outb(PIT_CHANNEL0, 0);
	return (struct reference){ pit_read, 0xffff, PIT_HZ };
}

/* Waits until the clock has moved by `ticks` since `from`, and returns where
 * it is then; *stands: it does not move at all. */
static u32 __init reference_wait(const struct reference *ref, u32 from,
				 u32 ticks, bool *stands)
{
	u32 now = from, last, still = 0;

	do {
		last = now;
		now = ref->read();
		still = now == last ? still + 1 : 0;
	} while (((now - from) & ref->mask) < ticks && still < PATIENCE);
	*stands |= still == PATIENCE;
	return now;
}

static struct tick_rates __init timer_measure(void)
{
	struct reference ref = timer_reference();
	u32 ticks = (u32)((u64)ref.hz * MEASURE_US / 1000000);
	bool stands = false;
	u32 start, apic;
	u64 tsc;

	start = reference_wait(&ref, ref.read(), 1, &stands);
	apic_write(APIC_TIMER_START, ~0u);
	tsc = cpu_timestamp();
	ticks = (reference_wait(&ref, start, ticks, &stands) - start) &
		ref.mask;
	apic = ~0u - apic_read(APIC_TIMER_NOW);
	tsc = cpu_timestamp() - tsc;
	apic_write(APIC_TIMER_START, 0);
	if (stands) {
		pr_warn("timer: no clock to measure by; time will be wrong\n");
		return (struct tick_rates){ FALLBACK_HZ, FALLBACK_HZ };
	}
	return (struct tick_rates){
		.tsc_hz = MAX(tsc, 1) * ref.hz / ticks,
		.apic_hz = MAX((u64)apic, 1) * ref.hz / ticks,
	};
}

/* What CPUID knows, in Hz; false: measure. */
static bool __init timer_ask_cpuid(struct tick_rates *r)
{
	struct cpuid_regs c = cpuid_or_zero(0x15, 0);
	struct cpuid_regs h = cpuid_or_zero(0x40000010, 0);

	if (h.a && h.b) {
		*r = (struct tick_rates){ h.a * 1000ull, h.b * 1000ull };
		return true;
	}
	if (c.a && c.b && c.c) {
		*r = (struct tick_rates){ (u64)c.c * c.b / c.a, c.c };
		return true;
	}
	return false;
}

u64 timer_now(void)
{
	return clock_rule_ns(&timer_clock, cpu_timestamp());
}

void timer_arm(u64 deadline)
{
	u64 now, ticks;

	if (deadline == ~(u64)0) {
		apic_write(APIC_TIMER_START, 0);
		return;
	}
	now = timer_now();
	ticks = deadline > now ? mul_shift_32(deadline - now, apic_mult) + 1
			       : 1;
	apic_write(APIC_TIMER_START, (u32)MIN(ticks, 0xffffffffull));
}

/* ---- the date ------------------------------------------------------------- */

static u32 __init cmos_read(u8 reg)
{
	outb(CMOS_SELECT, reg);
	return inb(CMOS_DATA);
}

static u32 __init from_bcd(u32 v, bool binary)
{
	return binary ? v : (v >> 4) * 10 + (v & 15);
}

/* The hour, in 12-hour mode with bit 7 for the afternoon. */
static u32 __init cmos_hour(u32 v, bool binary, bool by_24)
{
	if (by_24)
		return from_bcd(v, binary);
	return from_bcd(v & 0x7f, binary) % 12 + (v & 0x80 ? 12 : 0);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. The year starts in
 * March here, so that the leap day comes last. */
static u64 __init days_since_epoch(u32 year, u32 month, u32 day)
{
	u32 y = month <= 2 ? year - 1 : year;
	u32 m = month <= 2 ? month + 9 : month - 3;

	return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 +
	       day - 1 - 719468;
}

/* Seconds of the epoch by the CMOS clock; 0: it answers nonsense. */
static u64 __init cmos_seconds(void)
{
	u32 mode = cmos_read(0x0b);
	bool binary = mode & 4;
	u32 second = from_bcd(cmos_read(0), binary);
	u32 minute = from_bcd(cmos_read(2), binary);
	u32 hour = cmos_hour(cmos_read(4), binary, mode & 2);
	u32 day = from_bcd(cmos_read(7), binary);
	u32 month = from_bcd(cmos_read(8), binary);
	u32 year = 2000 + from_bcd(cmos_read(9), binary);

	if (second > 60 || minute > 59 || hour > 23 || day < 1 || day > 31 ||
	    month < 1 || month > 12)
		return 0;
	return ((days_since_epoch(year, month, day) * 24 + hour) * 60 +
		minute) *
		       60 +
	       second;
}

/* Read twice until both agree: an update may be under way. */
static void __init wall_init(void)
{
	u64 a = cmos_seconds(), b = cmos_seconds();
	u32 tries = 5;

	while (a != b && tries--) {
		a = b;
		b = cmos_seconds();
	}
	if (a)
		timer_clock.epoch_ns = a * NS_PER_S - timer_now();
}

u64 timer_wall_base(void)
{
	return timer_clock.epoch_ns;
}

void __init timer_init_cpu(void)
{
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
}

void __init timer_init(void)
{
	struct tick_rates r;

	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_1);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
	if (!timer_ask_cpuid(&r))
		r = timer_measure();
	timer_clock.mult = (NS_PER_S << 32) / r.tsc_hz;
	apic_mult = (r.apic_hz << 32) / NS_PER_S;
	timer_init_cpu();
	wall_init();
	pr_info("timer: time-stamp counter %llu MHz, APIC timer %llu MHz\n",
		(unsigned long long)(r.tsc_hz / 1000000),
		(unsigned long long)(r.apic_hz / 1000000));
}
