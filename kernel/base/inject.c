/* SPDX-License-Identifier: MIT */
/*
 * Allocation failures on demand: countdowns that fire once, one for everybody
 * (tests/kernel) and one for each thread (programs: /proc/quire/fail-nth).
 *
 * Invariants: [J1] inject_countdown is above 0 only between arming and firing;
 * [J2] inject_on has INJECT_ALL while inject_countdown may be above 0, and
 * INJECT_THREADS if any thread's fail_nth ever was.
 */
#include "kernel/base/inject.h"

#include "kernel/base/sched.h"

u32 inject_on;
bool inject_fired;
static u64 inject_countdown;            /* allocations to go; 0: off [atomic] */

/** inject_arm() - the n-th allocation from now on fails; n > 0. Context: any. */
void inject_arm(u64 n)
{
	inject_fired = false;
	__atomic_store_n(&inject_countdown, n, __ATOMIC_RELEASE);
	__atomic_fetch_or(&inject_on, INJECT_ALL, __ATOMIC_RELEASE);
}

/** inject_disarm() - no failure any more; inject_fired stays. Context: any. */
void inject_disarm(void)
{
	__atomic_fetch_and(&inject_on, ~(u32)INJECT_ALL, __ATOMIC_RELEASE);
	__atomic_store_n(&inject_countdown, 0, __ATOMIC_RELEASE);
}

/**
 * inject_arm_thread() - the n-th allocation of the calling thread fails
 *
 * From now on, once; n = 0: none. Context: thread.
 */
void inject_arm_thread(u64 n)
{
	if (n)
		__atomic_fetch_or(&inject_on, INJECT_THREADS, __ATOMIC_RELEASE);
	current_thread()->fail_nth = n;
}

/* Counts down to 0. Return: this was the last step. */
static bool countdown_step(u64 *countdown)
{
	u64 left = __atomic_load_n(countdown, __ATOMIC_RELAXED);

	do {
		if (left == 0)
			return false;   /* another CPU took the last step */
	} while (!__atomic_compare_exchange_n(countdown, &left, left - 1, true,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return left == 1;
}

/**
 * inject_step() - count one allocation while armed
 *
 * What an interrupt allocates counts for the thread that it interrupted.
 * Return: true for the one that must fail. Context: any.
 */
bool inject_step(void)
{
	struct thread *t = current_thread();

	if (t && countdown_step(&t->fail_nth))
		return true;
	if (!countdown_step(&inject_countdown))
		return false;
	inject_fired = true;
	return true;
}
