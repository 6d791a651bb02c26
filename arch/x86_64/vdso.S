/* SPDX-License-Identifier: MIT */
/* x86_64: the ABI makes programs bring their own restorer; there is no vDSO. */

	.section .rodata.vdso, "a"
	.globl vdso_image_start
	.globl vdso_image_restorer
	.globl vdso_image_end
vdso_image_start:
vdso_image_restorer:
vdso_image_end:
