/* SPDX-License-Identifier: MIT */
/* Alarms on CPU time, and RLIMIT_CPU: itimer_calls.c. */
#ifndef KERNEL_TASK_ITIMER_H
#define KERNEL_TASK_ITIMER_H

/* Boot, before the first task. */
void itimer_init(void);

#endif
