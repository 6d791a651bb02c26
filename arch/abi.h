/* SPDX-License-Identifier: MIT */
/*
 * What user programs can see of the machine beyond its registers: numbers of
 * the Linux ABI that differ by machine.
 *
 * In machine_abi.h:
 *
 *	ABI_MACHINE		uname's machine and AT_PLATFORM: "x86_64"
 *	ABI_ELF_MACHINE		e_machine of programs: EM_X86_64
 *	ABI_HWCAP		AT_HWCAP: what programs may use without asking
 *	ABI_CLONE_TLS		which argument of clone(2) is the TLS base
 *	ABI_CLONE_CTID		and which one the child's tid address
 *	ABI_DYN_BASE		where position-independent programs go
 */
#ifndef ARCH_ABI_H
#define ARCH_ABI_H

#include "lib/types.h"
#include <machine_abi.h>

#endif
