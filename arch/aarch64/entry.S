/* SPDX-License-Identifier: MIT */
/*
 * Every way into the kernel, and the ways back.
 *
 *   EL0  SVC ────────────► user_sync ─── trap_syscall ─────┐
 *        data aborts ──────────────┼───── trap_user_data ───┤
 *        all others ───────────────┴───── trap_user_sync ───┤
 *        IRQ ────────────► user_irq ──── irq_dispatch ─────┴─► exit_to_user ─► ERET
 *   EL1  aborts, BRK, … ─► kernel_sync ─ trap_kernel_sync ─┐
 *        IRQ ────────────► kernel_irq ── irq_dispatch ─────┴─► exit_to_kernel ─► ERET
 *        sp is no good ──► bad_stack ─── trap_bad_stack, on a stack of its own
 *   all others ──────────► unexpected ── trap_unexpected, no way back
 *
 * All entries build the same struct trap_frame (machine_trap.h) and have:
 *
 *  [E1] x18 is the user's in user mode and this CPU's per-CPU offset in the
 *       kernel; TPIDR_EL1 keeps the offset. The way back to kernel code does
 *       not load x18: the thread may have moved to another CPU.
 *  [E2] Interrupts are off from the trap until C code turns them on.
 *  [E3] With PAN, every exception sets it (SCTLR_EL1.SPAN is clear); an
 *       interrupted user copy gets its own PSTATE.PAN back from the frame.
 *  [E4] The frame pointer chain crosses the exception: x29 stays as it was.
 *
 * [ARM] D1.3.5 "Exception entry", D1.3.6 "Exception return", table D1-5
 * "Vector offsets from vector table base address"
 */
#include "arch/aarch64/machine_thread.h"
#include "arch/aarch64/machine_trap.h"
#include "arch/aarch64/regs.h"

#define STACK_NEAR 4096			/* bytes around sp that are "the stack" */

	.section .text.entry, "ax"

/* sp is TF_SIZE lower; x0 to x30 are saved. */
.macro SAVE_REGISTERS
	stp x0, x1, [sp, #TF_X0]
	stp x2, x3, [sp, #TF_X0 + 16]
	stp x4, x5, [sp, #TF_X0 + 32]
	stp x6, x7, [sp, #TF_X0 + 48]
	stp x8, x9, [sp, #TF_X0 + 64]
	stp x10, x11, [sp, #TF_X0 + 80]
	stp x12, x13, [sp, #TF_X0 + 96]
	stp x14, x15, [sp, #TF_X0 + 112]
	stp x16, x17, [sp, #TF_X0 + 128]
	stp x18, x19, [sp, #TF_X0 + 144]
	stp x20, x21, [sp, #TF_X0 + 160]
	stp x22, x23, [sp, #TF_X0 + 176]
	stp x24, x25, [sp, #TF_X0 + 192]
	stp x26, x27, [sp, #TF_X0 + 208]
	stp x28, x29, [sp, #TF_X0 + 224]
.endm

/* All but x18 and x19, x30; sp stays. */
.macro LOAD_REGISTERS
	ldp x0, x1, [sp, #TF_X0]
	ldp x2, x3, [sp, #TF_X0 + 16]
	ldp x4, x5, [sp, #TF_X0 + 32]
	ldp x6, x7, [sp, #TF_X0 + 48]
	ldp x8, x9, [sp, #TF_X0 + 64]
	ldp x10, x11, [sp, #TF_X0 + 80]
	ldp x12, x13, [sp, #TF_X0 + 96]
	ldp x14, x15, [sp, #TF_X0 + 112]
	ldp x16, x17, [sp, #TF_X0 + 128]
	ldp x20, x21, [sp, #TF_X0 + 160]
	ldp x22, x23, [sp, #TF_X0 + 176]
	ldp x24, x25, [sp, #TF_X0 + 192]
	ldp x26, x27, [sp, #TF_X0 + 208]
	ldp x28, x29, [sp, #TF_X0 + 224]
.endm

/* From EL0: sp is the top of the thread's kernel stack. x0 becomes the frame,
 * x1 the syndrome. */
.macro ENTER_FROM_USER
	SAVE_REGISTERS
	mrs x2, sp_el0
	mrs x3, elr_el1
	mrs x4, spsr_el1
	mrs x1, esr_el1
	mrs x18, tpidr_el1		/* [E1] */
	mov x5, #-1
	stp x30, x2, [sp, #TF_X0 + 240]
	stp x3, x4, [sp, #TF_PC]
	stp x1, x5, [sp, #TF_ESR]
	mov x0, sp
.endm

/* From EL1: the interrupted sp was TF_SIZE higher. */
.macro ENTER_FROM_KERNEL
	SAVE_REGISTERS
	add x2, sp, #TF_SIZE
	mrs x3, elr_el1
	mrs x4, spsr_el1
	mrs x1, esr_el1
	mov x5, #-1
	stp x30, x2, [sp, #TF_X0 + 240]
	stp x3, x4, [sp, #TF_PC]
	stp x1, x5, [sp, #TF_ESR]
	mov x0, sp
.endm

/* ---- the vector table ----------------------------------------------------- */

.macro VECTOR label
	.balign 128
	b \label
.endm

.macro VECTOR_UNEXPECTED number
	.balign 128
	sub sp, sp, #TF_SIZE
	SAVE_REGISTERS
	mov x1, #\number
	b unexpected
.endm

/* Four kinds (synchronous, IRQ, FIQ, SError) for each place of origin. */
	.balign 2048
	.globl trap_vectors
	.type trap_vectors, @function
trap_vectors:
	VECTOR_UNEXPECTED 0		/* EL1 on SP_EL0: nobody runs so */
	VECTOR_UNEXPECTED 1
	VECTOR_UNEXPECTED 2
	VECTOR_UNEXPECTED 3
	VECTOR kernel_sync		/* EL1 */
	VECTOR kernel_irq
	VECTOR_UNEXPECTED 6
	VECTOR_UNEXPECTED 7
	VECTOR user_sync		/* EL0 */
	VECTOR user_irq
	VECTOR_UNEXPECTED 10
	VECTOR_UNEXPECTED 11
	VECTOR_UNEXPECTED 12		/* EL0 in AArch32: never entered */
	VECTOR_UNEXPECTED 13
	VECTOR_UNEXPECTED 14
	VECTOR_UNEXPECTED 15
	.balign 128

/* ---- from user mode ---------------------------------------------------------- */

	.type user_sync, @function
user_sync:
	sub sp, sp, #TF_SIZE
	ENTER_FROM_USER
	lsr x2, x1, #ESR_EC_SHIFT
	cmp x2, #ESR_EC_SVC64
	b.ne 1f
	ldr x3, [sp, #TF_X0]
	mov w4, w8			/* its low 32 bits: never -1 */
	stp x4, x3, [sp, #TF_SYSCALL]
	msr daifclr, #DAIF_I
	bl trap_syscall
	b exit_to_user
1:	cmp x2, #ESR_EC_DABT_LOWER
	b.ne 2f
	bl trap_user_data
	b exit_to_user
2:	bl trap_user_sync
	b exit_to_user

	.type user_irq, @function
user_irq:
	sub sp, sp, #TF_SIZE
	ENTER_FROM_USER
	bl irq_dispatch

/* sp: the user's frame, at the top of the thread's kernel stack. */
	.type exit_to_user, @function
exit_to_user:
	msr daifset, #DAIF_I
	adrp x0, need_resched
	adrp x1, current_thread_ptr
	add x0, x0, :lo12:need_resched
	add x1, x1, :lo12:current_thread_ptr
	ldr w0, [x18, x0]
	ldr x1, [x18, x1]
	ldr w1, [x1, #THREAD_USER_WORK]
	orr w0, w0, w1
	cbnz w0, user_work
	ldp x0, x1, [sp, #TF_PC]
	ldp x30, x2, [sp, #TF_X0 + 240]
	msr elr_el1, x0
	msr spsr_el1, x1
	msr sp_el0, x2
	LOAD_REGISTERS
	ldp x18, x19, [sp, #TF_X0 + 144]
	add sp, sp, #TF_SIZE
	eret
	dsb nsh				/* nothing is speculated behind an ERET */
	isb

/* A switch is due or a signal waits; afterwards look again. */
user_work:
	mov x0, sp
	bl trap_user_work
	b exit_to_user

/* void trap_return_user(struct trap_frame *tf) */
	.globl trap_return_user
	.type trap_return_user, @function
trap_return_user:
	mov sp, x0
	b exit_to_user

/* A forked child's first steps: switch.S arrives here with x19 = its frame. */
	.globl thread_enter_user
	.type thread_enter_user, @function
thread_enter_user:
	mov x29, xzr
	bl sched_switched
	mov x0, x19
	b trap_return_user

/* ---- from the kernel ------------------------------------------------------------ */

/*
 * An abort close to sp means that the stack itself is not there: pushing the
 * frame would abort again, for ever. The only memory at hand is a register that
 * user code can read, so x0 spends a moment in TPIDRRO_EL0.
 */
	.type kernel_sync, @function
kernel_sync:
	msr tpidrro_el0, x0
	mrs x0, far_el1
	sub x0, sp, x0
	add x0, x0, #STACK_NEAR
	cmp x0, #2 * STACK_NEAR
	mrs x0, tpidrro_el0
	msr tpidrro_el0, xzr
	b.lo bad_stack
	sub sp, sp, #TF_SIZE
	ENTER_FROM_KERNEL
	bl trap_kernel_sync
	b exit_to_kernel

	.type kernel_irq, @function
kernel_irq:
	sub sp, sp, #TF_SIZE
	ENTER_FROM_KERNEL
	bl irq_dispatch

	.type exit_to_kernel, @function
exit_to_kernel:
	msr daifset, #DAIF_I
	ldp x0, x1, [sp, #TF_PC]
	msr elr_el1, x0
	msr spsr_el1, x1
	LOAD_REGISTERS
	ldr x19, [sp, #TF_X0 + 152]	/* not x18 [E1] */
	ldr x30, [sp, #TF_X0 + 240]
	add sp, sp, #TF_SIZE
	eret
	dsb nsh
	isb

/* ---- no way back -------------------------------------------------------------------- */

/* The flags are those of the comparison above; x0 is as it was. */
	.type bad_stack, @function
bad_stack:
	msr tpidrro_el0, x0
	mov x0, sp
	msr sp_el0, x0			/* the user's is in its frame */
	adrp x0, emergency_stack_end
	add x0, x0, :lo12:emergency_stack_end
	add x0, x0, x18
	mov sp, x0
	mrs x0, tpidrro_el0
	msr tpidrro_el0, xzr
	sub sp, sp, #TF_SIZE
	ENTER_FROM_KERNEL
	mrs x2, sp_el0
	str x2, [sp, #TF_SP]
	bl trap_bad_stack
	brk #0

	.type unexpected, @function
unexpected:
	mov x20, x1
	add x2, sp, #TF_SIZE
	mrs x3, elr_el1
	mrs x4, spsr_el1
	mrs x1, esr_el1
	mrs x18, tpidr_el1
	mov x5, #-1
	stp x30, x2, [sp, #TF_X0 + 240]
	stp x3, x4, [sp, #TF_PC]
	stp x1, x5, [sp, #TF_ESR]
	mov x0, sp
	mov x1, x20
	bl trap_unexpected
	brk #0

/* One for each CPU: where a stack overflow is reported from. */
	.section percpu, "aw"
	.balign 16
	.skip 4096
emergency_stack_end:
