/* SPDX-License-Identifier: MIT */
/*
 * The switch from one kernel stack to another.
 *
 *	prev's stack: … caller's frame │ x29 x30 x19 … x28 ◄ sp
 *
 * Callee-saved registers are all that a function call must keep, so they are
 * all that is saved; x18 belongs to the CPU. A new thread's stack is laid
 * out by thread.c as if it had been switched away from.
 *
 * [AAPCS64] 6.1.1 "General-purpose registers"
 */
#include "arch/aarch64/machine_thread.h"

	.section .text.switch, "ax"

/* void thread_switch_stack(struct thread_machine *prev, *next) */
	.globl thread_switch_stack
	.type thread_switch_stack, @function
thread_switch_stack:
	stp x29, x30, [sp, #-96]!
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	mov x9, sp
	str x9, [x0, #THREAD_SP]
	ldr x9, [x1, #THREAD_SP]
	mov sp, x9
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp x29, x30, [sp], #96
	ret

/* A new kernel thread arrives here: x19 = function, x20 = its argument. */
	.globl thread_enter_kernel
	.type thread_enter_kernel, @function
thread_enter_kernel:
	mov x0, x20
	blr x19
	brk #0				/* functions of threads do not return */
