/* SPDX-License-Identifier: MIT */
/*
 * What the vDSO's code needs of the machine; it runs at EL0, which may read the
 * virtual counter: CNTKCTL_EL1.EL0VCTEN (cpu.c).
 */
#ifndef ARCH_AARCH64_MACHINE_VDSO_H
#define ARCH_AARCH64_MACHINE_VDSO_H

#include "lib/types.h"

/* The name of a function for programs. */
#define VDSO_EXPORT(name) __asm__("__kernel_" #name)

enum { VDSO_NR_CLOCK_GETTIME = 113, VDSO_NR_CLOCK_GETRES = 114 };

/* Not before what came before it: hence the ISB. [ARM] D11.2.2 */
static inline u64 vdso_counter(void)
{
	u64 count;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count) : : "memory");
	return count;
}

/* The system call itself; -errno as it comes. */
static inline long vdso_call(long nr, int clock, void *out)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = clock;
	register void *x1 __asm__("x1") = out;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	return x0;
}

#endif
