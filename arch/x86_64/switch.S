/* SPDX-License-Identifier: MIT */
/*
 * The switch from one kernel stack to another.
 *
 *	prev's stack: … caller's frame, return address, rbp rbx r12 … r15 ◄ sp
 *
 * Callee-saved registers are all that a function call must keep, so they are
 * all that is saved. A new thread's stack is laid out by thread.c as if
 * it had been switched away from.
 */
#include "arch/x86_64/machine_thread.h"

	.section .text.switch, "ax"

/* void thread_switch_stack(struct thread_machine *prev, *next) */
	.globl thread_switch_stack
	.type thread_switch_stack, @function
thread_switch_stack:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, THREAD_SP(%rdi)
	movq THREAD_SP(%rsi), %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret

/* A new kernel thread arrives here: rbx = function, r12 = its argument. */
	.globl thread_enter_kernel
	.type thread_enter_kernel, @function
thread_enter_kernel:
	movq %r12, %rdi
	call *%rbx
	ud2				/* functions of threads do not return */
