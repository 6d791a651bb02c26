/* SPDX-License-Identifier: MIT */
/*
 * In the vDSO: the way back from a signal handler, for C libraries that bring
 * none of their own.
 *
 * Debuggers and unwinders know the frame of a handler by these two
 * instructions. They look one instruction before a return address, where the
 * call should be; the NOP lets them find nothing else there.
 */
#define NR_RT_SIGRETURN 139

	.text
	.balign 16
	nop
	.globl vdso_restorer
	.hidden vdso_restorer
	.globl __kernel_rt_sigreturn
	.type __kernel_rt_sigreturn, %function
vdso_restorer:
__kernel_rt_sigreturn:
	mov x8, #NR_RT_SIGRETURN
	svc #0
	.size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn
	.section .note.GNU-stack, "", %progbits
