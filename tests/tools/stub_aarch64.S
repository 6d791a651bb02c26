/* SPDX-License-Identifier: MIT */
/*
 * A guest of a few instructions, to prove that the launcher tells the ways
 * apart in which a guest can end. The first letter of its command line says
 * which: (o)k, (f)ail, (t)urned over by a reset, (h)ang; all say hello first.
 */
#define UART                0x09000000
#define SYS_GET_CMDLINE     0x15
#define SYS_EXIT_EXTENDED   0x20
#define EXIT_REASON         0x20026     /* ADP_Stopped_ApplicationExit */
#define PSCI_SYSTEM_RESET   0x84000009

	.section .text
	.globl start
start:
	adr x1, hello
	mov x2, #UART
1:	ldrb w0, [x1], #1
	cbz w0, 2f
	str w0, [x2]
	b 1b
2:	mov w0, #SYS_GET_CMDLINE        /* "path of the kernel, words" */
	adr x1, cmdline
	hlt #0xf000
	adr x1, buffer
3:	ldrb w0, [x1], #1
	cmp w0, #' '
	b.ne 3b
	ldrb w0, [x1]
	adr x1, success
	cmp w0, #'o'
	b.eq 4f
	adr x1, failure
	cmp w0, #'f'
	b.eq 4f
	cmp w0, #'t'
	b.eq 5f
6:	wfi
	b 6b
4:	mov w0, #SYS_EXIT_EXTENDED
	hlt #0xf000
5:	ldr w0, =PSCI_SYSTEM_RESET
	hvc #0
	b 6b

	.balign 8
cmdline:
	.quad buffer, 255
success:
	.quad EXIT_REASON, 33
failure:
	.quad EXIT_REASON, 35
hello:
	.asciz "hello from the stub\n"
buffer:
	.zero 256
