/* SPDX-License-Identifier: MIT */
/*
 * Every way into the kernel, and the ways back.
 *
 *   SYSCALL ──────► syscall_entry ── trap_syscall ─┐      ┌─► SYSRET  (untouched
 *   #PF, user ────► page_fault ───── trap_user_fault ─►───┤           call frame)
 *   other, user ──► exception_common trap_exception ──┤   ├─► IRET, quick: C code
 *   interrupt ────► irq_common ───── irq_dispatch ────┘   │   kept rbx rbp r12-r15
 *                                        exit_to_user ────┴─► IRET, whole frame
 *   any, kernel ──► same entries ──► exit_to_kernel ────────► IRET, whole frame
 *   #DF #NMI #MC ─► a stack of their own ──► report and stop, no way back
 *
 * All entries build the same struct trap_frame (machine_trap.h) and have:
 *
 *  [E1] GS: the user's base in user mode, the kernel's in the kernel; SWAPGS as
 *       the first thing after, and the last before user mode. On their own
 *       stacks, where the interrupted code may stand between mode and SWAPGS,
 *       entries load the base that stands at the top of that stack.
 *  [E2] Interrupts are off from the trap until C code turns them on.
 *  [E3] FLAGS.DF and, with SMAP, FLAGS.AC are clear in C code.
 *  [E4] A frame that C code changed says so (FRAME_CHANGED) and is loaded whole.
 *  [E5] An IRET that the CPU refuses (a program counter that no CPU takes)
 *       becomes a #GP of the user code it was going to.
 *
 * User code cannot make SYSRET fault in ring 0: an untouched call frame's pc
 * is behind a SYSCALL instruction below USER_END.
 *
 * [SDM3] 6.14 "Exception and Interrupt Handling in 64-bit Mode";
 * [SDM2] "SYSCALL", "SYSRET", "SWAPGS", "IRET"
 */
#include "arch/x86_64/machine_thread.h"
#include "arch/x86_64/machine_trap.h"
#include "arch/x86_64/patch.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/tables.h"

	.section .text.entry, "ax"

/* The 15 general registers, rdi at the highest address. */
.macro PUSH_REGISTERS
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
.endm

.macro POP_REGISTERS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
.endm

/* ---- system calls --------------------------------------------------------- */

/* rcx: the user's pc, r11: the user's flags; everything else as the user left
 * it, the stack too. MSR_SFMASK has cleared IF, DF, TF, NT and AC. */
	.globl syscall_entry
	.type syscall_entry, @function
syscall_entry:
	swapgs
	movq %rsp, %gs:syscall_user_sp
	movq %gs:cpu_tss + TSS_SP0, %rsp
	pushq $USER_SS
	pushq %gs:syscall_user_sp
	pushq %r11
	pushq $USER_CS
	pushq %rcx
	pushq %rax
	pushq $VECTOR_SYSCALL
	PUSH_REGISTERS
	movq %rsp, %rdi
	sti
	call trap_syscall
	cli
	cmpl $0, %gs:need_resched
	jne user_work
	movq %gs:current_thread_ptr, %rdx
	cmpl $0, THREAD_USER_WORK(%rdx)
	jne user_work
	cmpl $VECTOR_SYSCALL, TF_VECTOR(%rsp)
	jne exit_whole
	movq TF_PC(%rsp), %rcx
	movq TF_FLAGS(%rsp), %r11
	movq TF_R10(%rsp), %r10
	movq TF_R9(%rsp), %r9
	movq TF_R8(%rsp), %r8
	movq TF_RAX(%rsp), %rax
	movq TF_RDX(%rsp), %rdx
	movq TF_RSI(%rsp), %rsi
	movq TF_RDI(%rsp), %rdi
	movq TF_SP(%rsp), %rsp
	swapgs
	sysretq

/* ---- back to user mode ----------------------------------------------------- */

/* rsp: the user's frame, at the top of the thread's kernel stack. */
exit_to_user:
	cli
	cmpl $0, %gs:need_resched
	jne user_work
	movq %gs:current_thread_ptr, %rdx
	cmpl $0, THREAD_USER_WORK(%rdx)
	jne user_work
	testl $FRAME_CHANGED, TF_VECTOR(%rsp)
	jnz exit_whole
	movq TF_R11(%rsp), %r11
	movq TF_R10(%rsp), %r10
	movq TF_R9(%rsp), %r9
	movq TF_R8(%rsp), %r8
	movq TF_RAX(%rsp), %rax
	movq TF_RCX(%rsp), %rcx
	movq TF_RDX(%rsp), %rdx
	movq TF_RSI(%rsp), %rsi
	movq TF_RDI(%rsp), %rdi
	addq $TF_PC, %rsp
	swapgs
	iretq

exit_whole:
	POP_REGISTERS
	addq $16, %rsp			/* vector, error */
	swapgs
refusable_iret:
	iretq

/* A switch is due or a signal waits; afterwards look again. */
user_work:
	orl $FRAME_CHANGED, TF_VECTOR(%rsp)
	movq %rsp, %rdi
	call trap_user_work
	jmp exit_to_user

/* void trap_return_user(struct trap_frame *tf) */
	.globl trap_return_user
	.type trap_return_user, @function
trap_return_user:
	movq %rdi, %rsp
	orl $FRAME_CHANGED, TF_VECTOR(%rsp)
	jmp exit_to_user

/* A forked child's first steps: switch.S arrives here with rbx = its frame. */
	.globl thread_enter_user
	.type thread_enter_user, @function
thread_enter_user:
	call sched_switched
	movq %rbx, %rdi
	jmp trap_return_user

/* ---- page faults --------------------------------------------------------------- */

	.globl page_fault
	.type page_fault, @function
page_fault:
	pushq $VECTOR_PAGE_FAULT	/* above it: the error code */
	PUSH_REGISTERS
	cld
	PATCH_CLAC
	movq %cr2, %rsi
	movq %rsp, %rdi
	testb $3, TF_CS(%rsp)
	jz 1f
	swapgs
	call trap_user_fault
	jmp exit_to_user
1:	call trap_kernel_fault
exit_to_kernel:
	POP_REGISTERS
	addq $16, %rsp
	iretq

/* ---- other exceptions ------------------------------------------------------------ */

exception_common:
	PUSH_REGISTERS
	cld
	PATCH_CLAC
	movq %rsp, %rdi
	testb $3, TF_CS(%rsp)
	jz 1f
	swapgs
	call trap_exception
	jmp exit_to_user
1:	call trap_exception
	jmp exit_to_kernel

.macro EXCEPTION name, vector
	.globl \name
	.type \name, @function
\name:
	pushq $0
	pushq $\vector
	jmp exception_common
.endm

/* With an error code of the CPU. */
.macro EXCEPTION_CODE name, vector
	.globl \name
	.type \name, @function
\name:
	pushq $\vector
	jmp exception_common
.endm

	EXCEPTION divide_error, 0
	EXCEPTION debug_trap, 1
	EXCEPTION breakpoint, VECTOR_BREAKPOINT
	EXCEPTION overflow, 4
	EXCEPTION bound_range, 5
	EXCEPTION invalid_opcode, 6
	EXCEPTION device_missing, 7
	EXCEPTION_CODE invalid_tss, 10
	EXCEPTION_CODE segment_missing, 11
	EXCEPTION_CODE alignment_check, 17
	EXCEPTION x87_error, 16
	EXCEPTION simd_error, 19
	EXCEPTION reserved_exception, 31

/* Where a refused IRET shows up [E5]: 8(%rsp) is the failing instruction. */
.macro EXCEPTION_IRET name, vector
	.globl \name
	.type \name, @function
\name:
	cmpq $refusable_iret, 8(%rsp)
	je 1f
	pushq $\vector
	jmp exception_common
1:	movq 32(%rsp), %rsp		/* sp of then: the user's pc … ss */
	pushq $0
	pushq $\vector
	jmp exception_common
.endm

	EXCEPTION_IRET stack_fault, 12
	EXCEPTION_IRET general_protection, 13

/* ---- on stacks of their own: no way back ------------------------------------------ */

/* The word above the frame is this CPU's GS base [E1]. */
fatal_common:
	PUSH_REGISTERS
	cld
	PATCH_CLAC
	movl $MSR_GS_BASE, %ecx
	movl TF_SIZE(%rsp), %eax
	movl TF_SIZE + 4(%rsp), %edx
	wrmsr
	movq %rsp, %rdi
	call trap_fatal

.macro FATAL name, vector
	.globl \name
	.type \name, @function
\name:
	pushq $0
	pushq $\vector
	jmp fatal_common
.endm

	FATAL nmi, VECTOR_NMI
	FATAL machine_check, VECTOR_MACHINE

	.globl double_fault
	.type double_fault, @function
double_fault:
	pushq $VECTOR_DOUBLE		/* above it: the error code, 0 */
	jmp fatal_common

/* ---- interrupts ----------------------------------------------------------------------- */

	.balign 16
	.globl irq_entries
	.type irq_entries, @function
irq_entries:
vector = VECTOR_IRQ
	.rept VECTOR_IRQ_END - VECTOR_IRQ
	pushq $0
	pushq $vector
	jmp irq_common
	.balign 16
	vector = vector + 1
	.endr

irq_common:
	PUSH_REGISTERS
	cld
	PATCH_CLAC
	movq %rsp, %rdi
	testb $3, TF_CS(%rsp)
	jz 1f
	swapgs
	call irq_dispatch
	jmp exit_to_user
1:	call irq_dispatch
	jmp exit_to_kernel
