/* SPDX-License-Identifier: MIT */
/* The vDSO as it was linked (kernel/task/vdso), for vdso.c to map. */

	.section .rodata.vdso, "a"
	.balign 8
	.globl vdso_image_start
	.globl vdso_image_end
vdso_image_start:
	.incbin "vdso.so"
vdso_image_end:
