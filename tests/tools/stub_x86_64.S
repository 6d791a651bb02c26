/* SPDX-License-Identifier: MIT */
/*
 * A guest of a few instructions, to prove that the launcher tells the ways
 * apart in which a guest can end. The first letter of its command line says
 * which: (o)k, (f)ail, (t)riple fault, (h)ang; all say hello first.
 */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18                  /* name size, value size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long start

	.section .text
	.code32
	.globl start
start:
	movl 24(%ebx), %ebp             /* hvm_start_info.cmdline_paddr */
	movl $hello, %esi
	movw $0x3f8, %dx                /* COM1: QEMU always takes a byte */
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, %dx
	jmp 1b
2:	movb (%ebp), %bl
	movw $0xf4, %dx                 /* isa-debug-exit */
	movl $0x10, %eax
	cmpb $'o', %bl
	je 3f
	movl $0x11, %eax
	cmpb $'f', %bl
	je 3f
	cmpb $'t', %bl
	je 4f
	cli
	hlt
3:	outl %eax, %dx
4:	lidt nothing                    /* an empty table: no exception arrives */
	int3

nothing:
	.word 0
	.long 0
hello:
	.asciz "hello from the stub\n"
