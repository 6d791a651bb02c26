/* SPDX-License-Identifier: MIT */
/*
 * A loader that lies: hands Quire any device tree.
 *
 * QEMU starts this program as an ELF file, with the MMU off as the arm64 boot
 * protocol wants it. The kernel's Image and the tree lie in memory already
 * (QEMU's "loader" device), so only registers are left to set.
 *
 *	PARAMETERS:  tree, entry        written by tools/badtree.py
 */
#define PARAMETERS 0x41900000

	.section .text
	.globl start
start:
	ldr x4, =PARAMETERS
	ldp x0, x5, [x4]
	mov x1, #0
	mov x2, #0
	mov x3, #0
	br x5
