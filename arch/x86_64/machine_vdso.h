/* SPDX-License-Identifier: MIT */
/*
 * What the vDSO's code needs of the machine; it runs in user mode. The kernel
 * leaves CR4.TSD clear, so that programs may read the time-stamp counter, and has
 * no other clock itself (timer.c): the two agree whatever the counter does.
 */
#ifndef ARCH_X86_64_MACHINE_VDSO_H
#define ARCH_X86_64_MACHINE_VDSO_H

#include "lib/types.h"

/* The name of a function for programs. */
#define VDSO_EXPORT(name) __asm__("__vdso_" #name)

enum { VDSO_NR_CLOCK_GETTIME = 228, VDSO_NR_CLOCK_GETRES = 229 };

/* Not before what came before it: RDTSC alone may run early. [SDM2B] RDTSC */
static inline u64 vdso_counter(void)
{
	u32 low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

/* The system call itself; -errno as it comes. */
static inline long vdso_call(long nr, int clock, void *out)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"((long)clock), "S"(out)
			 : "rcx", "r11", "memory");
	return ret;
}

#endif
