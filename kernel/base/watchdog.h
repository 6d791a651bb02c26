/* SPDX-License-Identifier: MIT */
/* A CPU that is stuck ends in a panic that says where all CPUs are. */
#ifndef KERNEL_BASE_WATCHDOG_H
#define KERNEL_BASE_WATCHDOG_H

void watchdog_start(void);

#endif
