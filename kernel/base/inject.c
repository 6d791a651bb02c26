/* SPDX-License-Identifier: MIT */
/*
 * Allocation failures on demand: a countdown that fires once.
 *
 * Invariant: inject_countdown is above 0 only between arming and firing.
 */
#include "kernel/base/inject.h"

u64 inject_countdown;
bool inject_fired;

/** inject_arm() - the n-th allocation from now on fails; n > 0. Context: any. */
void inject_arm(u64 n)
{
	inject_fired = false;
	__atomic_store_n(&inject_countdown, n, __ATOMIC_RELEASE);
}

/** inject_disarm() - no failure any more; inject_fired stays. Context: any. */
void inject_disarm(void)
{
	__atomic_store_n(&inject_countdown, 0, __ATOMIC_RELEASE);
}

/**
 * inject_step() - count one allocation while armed
 *
 * Return: true for the one that must fail. Context: any.
 */
bool inject_step(void)
{
	u64 left = __atomic_load_n(&inject_countdown, __ATOMIC_RELAXED);

	do {
		if (left == 0)
			return false;   /* another CPU took the last step */
	} while (!__atomic_compare_exchange_n(&inject_countdown, &left,
					      left - 1, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	if (left == 1)
		inject_fired = true;
	return left == 1;
}
