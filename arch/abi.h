/* SPDX-License-Identifier: MIT */
/*
 * What user programs can see of the machine beyond its registers: numbers of
 * the Linux ABI that differ by machine.
 *
 * In machine_abi.h:
 *
 *	ABI_MACHINE		uname's machine and AT_PLATFORM: "x86_64"
 *	ABI_ELF_MACHINE		e_machine of programs: EM_X86_64
 *	ABI_MINSIGSTKSZ		smallest stack that sigaltstack(2) takes
 *	ABI_CLONE_TLS		which argument of clone(2) is the TLS base
 *	ABI_CLONE_CTID		and which one the child's tid address
 *	ABI_ILLEGAL_CODE	si_code of an undefined instruction: ILL_*
 *	ABI_BREAKPOINT_CODE	and of a breakpoint
 *	ABI_BREAKPOINT_ADDR	whether si_addr says where that was
 *	ABI_DYN_BASE		where position-independent programs go
 *
 *	u64 abi_hwcap(unsigned int word)	AT_HWCAP (word 0), AT_HWCAP2
 *				(1): what programs may use of the CPU without
 *				asking it
 */
#ifndef ARCH_ABI_H
#define ARCH_ABI_H

#include "lib/types.h"
#include <machine_abi.h>

#endif
