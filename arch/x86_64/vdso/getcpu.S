/* SPDX-License-Identifier: MIT */
/*
 * In the vDSO: which CPU is this? The GDT of each CPU has one segment whose limit
 * is the CPU's number (cpu.c), and LSL reads limits in user mode. The answer
 * may be old when the caller sees it, as that of the system call.
 *
 * [SDM2A] LSL
 */
#include "arch/x86_64/machine_trap.h"

	.text
	.balign 16
	.globl __vdso_getcpu
	.type __vdso_getcpu, @function

/* int __vdso_getcpu(u32 *cpu, u32 *node, void *unused); either may be NULL */
__vdso_getcpu:
	.cfi_startproc
	movl $CPU_NR_SEL, %eax
	lsll %eax, %eax
	testq %rdi, %rdi
	jz 1f
	movl %eax, (%rdi)
1:	testq %rsi, %rsi
	jz 2f
	movl $0, (%rsi)			/* there is one node */
2:	xorl %eax, %eax
	ret
	.cfi_endproc
	.size __vdso_getcpu, . - __vdso_getcpu
	.section .note.GNU-stack, "", @progbits
