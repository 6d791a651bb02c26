/* SPDX-License-Identifier: MIT */
/* The user ABI of x86_64. [SysV-x86_64] */
#ifndef ARCH_X86_64_MACHINE_ABI_H
#define ARCH_X86_64_MACHINE_ABI_H

#define ABI_MACHINE "x86_64"

enum {
	ABI_ELF_MACHINE = 62,           /* EM_X86_64 */
	ABI_CLONE_TLS = 4,              /* flags, stack, ptid, ctid, tls */
	ABI_CLONE_CTID = 3,
	ABI_MINSIGSTKSZ = 2048,
	ABI_ILLEGAL_CODE = 2,           /* ILL_ILLOPN */
	ABI_BREAKPOINT_CODE = 0x80,     /* SI_KERNEL */
	ABI_BREAKPOINT_ADDR = false,
};

/* Two thirds of the user half, as Linux: far from both heap and stack. */
#define ABI_DYN_BASE 0x555555554000ul

/* CPUID leaf 1, EDX: what every x86_64 has (FPU … SSE2). Programs ask the
 * CPU itself for more. */
static inline u64 abi_hwcap(unsigned int word)
{
	return word ? 0 : 0x078bfbff;
}

#endif
