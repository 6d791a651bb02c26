/* SPDX-License-Identifier: MIT */
/*
 * From a counter that only counts to nanoseconds: one rule, for the kernel's
 * own clock and for programs that read it without the kernel (the vDSO).
 *
 *	since boot  = (count - start) * mult >> 32
 *	of the day  = epoch_ns + since boot
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include "lib/types.h"

/* Complete after timer_init(), and never changed again. */
struct clock_rule {
	u64 start;                      /* the counter at boot */
	u64 mult;                       /* ns << 32 per count */
	u64 epoch_ns;                   /* Unix time at boot; 0: unknown */
};

static_assert(sizeof(struct clock_rule) == 24, "kernel/task/vdso/vdso.ld");

/* 64 x 64 bits, the middle: a clock must not overflow after an hour. */
static inline u64 mul_shift_32(u64 a, u64 b)
{
	return (u64)((unsigned __int128)a * b >> 32);
}

/* Nanoseconds since boot when the counter reads count. */
static inline u64 clock_rule_ns(const struct clock_rule *r, u64 count)
{
	return mul_shift_32(count - r->start, r->mult);
}

#endif
