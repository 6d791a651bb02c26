/* SPDX-License-Identifier: MIT */
/*
 * Reading the clock without a system call: the code in the vDSO.
 *
 *	one page  ┌─────────────┬─────────┬───────────┬──────┐
 *	[vdso]    │ ELF headers │ symbols │ this code │ rule │
 *	          └─────────────┴─────────┴───────────┴──────┘
 *	          ▲ AT_SYSINFO_EHDR
 *
 * This is no code of the kernel: it is linked alone into a shared object, runs
 * in user mode at any address, and can see nothing but its own page.
 * kernel/task/vdso.c puts it there, and the rule of the clock behind it. The
 * rule is complete before the first program runs and never changes, so nobody
 * has to ask whether it did meanwhile.
 *
 * What the counter cannot tell (CPU time, clocks that do not exist) goes to
 * the kernel as if the vDSO had not been there.
 *
 * [V1] No relocation, no data of its own: every program shares the one page.
 */
#include "kernel/task/clock.h"
#include "kernel/task/rusage.h"
#include <machine_vdso.h>

/* vdso.ld: the end of the page. */
extern const struct clock_rule vdso_rule __attribute__((visibility("hidden")));

/* Programs know the functions by the machine's names for them. */
long vdso_clock_gettime(int clock, struct timespec_user *ts)
	VDSO_EXPORT(clock_gettime);
long vdso_clock_getres(int clock, struct timespec_user *ts)
	VDSO_EXPORT(clock_getres);
long vdso_gettimeofday(struct timeval_user *tv, s32 zone[2])
	VDSO_EXPORT(gettimeofday);
s64 vdso_time(s64 *where) VDSO_EXPORT(time);

static inline u64 vdso_since_boot(void)
{
	return clock_rule_ns(&vdso_rule, vdso_counter());
}

/** vdso_clock_gettime() - clock_gettime(2). Context: user mode. */
long vdso_clock_gettime(int clock, struct timespec_user *ts)
{
	u64 ns;

	if (!clock_base(&vdso_rule, (u32)clock, &ns))
		return vdso_call(VDSO_NR_CLOCK_GETTIME, clock, ts);
	ns += vdso_since_boot();
	ts->sec = (s64)(ns / NS_PER_SEC);
	ts->nsec = (s64)(ns % NS_PER_SEC);
	return 0;
}

/** vdso_clock_getres() - clock_getres(2). Context: user mode. */
long vdso_clock_getres(int clock, struct timespec_user *ts)
{
	u64 base;

	if (!clock_base(&vdso_rule, (u32)clock, &base))
		return vdso_call(VDSO_NR_CLOCK_GETRES, clock, ts);
	if (ts)
		*ts = (struct timespec_user){ 0, 1 };
	return 0;
}

/** vdso_gettimeofday() - gettimeofday(2); UTC. Context: user mode. */
long vdso_gettimeofday(struct timeval_user *tv, s32 zone[2])
{
	u64 ns = vdso_rule.epoch_ns + vdso_since_boot();

	if (tv) {
		tv->sec = (s64)(ns / NS_PER_SEC);
		tv->usec = (s64)(ns % NS_PER_SEC / 1000);
	}
	if (zone)
		zone[0] = zone[1] = 0;
	return 0;
}

/** vdso_time() - time(2), where the machine has it. Context: user mode. */
s64 vdso_time(s64 *where)
{
	u64 ns = vdso_rule.epoch_ns + vdso_since_boot();
	s64 now = (s64)(ns / NS_PER_SEC);

	if (where)
		*where = now;
	return now;
}
