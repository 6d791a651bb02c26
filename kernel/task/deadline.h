/* SPDX-License-Identifier: MIT */
/* Times of user programs as deadlines of timer_now(). */
#ifndef KERNEL_TASK_DEADLINE_H
#define KERNEL_TASK_DEADLINE_H

#include "lib/types.h"

/* now + struct timespec, saturated; a restarted call keeps its first deadline.
 * 0, -EFAULT, -EINVAL. */
int __must_check deadline_from_user(const void __user *uts, u64 *deadline);
/* The call was interrupted: the restart shall use this deadline. */
void deadline_keep(u64 deadline);
/* An absolute struct timespec of CLOCK_REALTIME or CLOCK_MONOTONIC. */
int __must_check deadline_from_absolute(const void __user *uts, bool realtime,
					u64 *deadline);
/* Nanoseconds of the epoch now. */
u64 time_realtime_ns(void);

#endif
