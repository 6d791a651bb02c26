/* SPDX-License-Identifier: MIT */
/* The boot flow and what it prints. */
#ifndef KERNEL_MAIN_H
#define KERNEL_MAIN_H

#include "lib/types.h"

void __noreturn kmain(void);

/* kernel/bootlog.c: who we are, the firmware's map before and after it is
 * made right; later the machine and the cost of memory. */
void boot_banner(void);
void boot_map_raw(void);
void boot_map_sane(void);
void boot_report(void);

/* kernel/cpus.c: what a fresh copy of the per-CPU variables is; the others. */
void percpu_keep(void);
bool cpus_start(void);

/* kernel/selftest.c: boot option ktest[=prefix] runs tests/kernel and stops. */
bool kernel_tests_wanted(void);
void __noreturn kernel_tests_and_exit(void);

/* kernel/crash.c: boot option crash=KIND does what is forbidden, for tests. */
void crash_if_wanted(void);

/* kernel/membench.c: boot option membench measures the allocators and stops. */
void membench_if_wanted(void);

#endif
