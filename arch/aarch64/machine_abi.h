/* SPDX-License-Identifier: MIT */
/* The user ABI of AArch64. [AAPCS64] */
#ifndef ARCH_AARCH64_MACHINE_ABI_H
#define ARCH_AARCH64_MACHINE_ABI_H

#define ABI_MACHINE "aarch64"

enum {
	ABI_ELF_MACHINE = 183,          /* EM_AARCH64 */
	ABI_CLONE_TLS = 3,              /* flags, stack, ptid, tls, ctid */
	ABI_CLONE_CTID = 4,
	ABI_MINSIGSTKSZ = 5120,         /* a frame is 4.6 KiB */
	ABI_ILLEGAL_CODE = 1,           /* ILL_ILLOPC */
	ABI_BREAKPOINT_CODE = 1,        /* TRAP_BRKPT */
	ABI_BREAKPOINT_ADDR = true,
};

/* Two thirds of the user half, as Linux: far from both heap and stack. */
#define ABI_DYN_BASE 0xaaaaaaaaa000ul

/* hwcap.c: from the CPU's ID registers, which programs cannot read. */
u64 abi_hwcap(unsigned int word);

#endif
