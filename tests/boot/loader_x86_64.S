/* SPDX-License-Identifier: MIT */
/*
 * A loader that lies: hands Quire any multiboot2 information block.
 *
 * QEMU starts this program by its PVH note; the kernel's segments and the
 * block lie in memory already (QEMU's "loader" device). PVH and multiboot2
 * ask for the same machine state (32-bit protected mode, flat segments, no
 * paging), so only two registers are left to set.
 *
 *	PARAMETERS:  eax, ebx, entry    written by tools/badboot.py
 */
#define PARAMETERS 0x1900000

	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18                  /* name size, value size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long start

	.section .text
	.code32
	.globl start
start:
	movl PARAMETERS, %eax
	movl PARAMETERS + 4, %ebx
	jmp *PARAMETERS + 8
