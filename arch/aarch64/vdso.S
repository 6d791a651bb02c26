/* SPDX-License-Identifier: MIT */
/*
 * What every program finds in its space at the page "[vdso]": the way back
 * from a signal handler, for C libraries that bring none of their own.
 *
 * Debuggers and unwinders know the frame of a handler by these two
 * instructions. They look one instruction before a return address, where the
 * call should be; the NOP lets them find nothing else there.
 */
#define NR_RT_SIGRETURN 139

	.section .rodata.vdso, "a"
	.balign 4
	.globl vdso_image_start
	.globl vdso_image_restorer
	.globl vdso_image_end
vdso_image_start:
	nop
vdso_image_restorer:
	mov x8, #NR_RT_SIGRETURN
	svc #0
vdso_image_end:
