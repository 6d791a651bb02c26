/* SPDX-License-Identifier: MIT */
/*
 * Copies across the border: arch/uaccess.h for AArch64.
 *
 * User memory is touched by LDTR and STTR, which have exactly the rights of
 * user mode, whatever PAN says: the user guard stays closed. An instruction
 * that may touch user memory is listed in `fixups` with the place to go on
 * when the fault cannot be resolved. All code between uaccess_start and
 * uaccess_end is marked as such in fault reports.
 *
 *	64 bytes a turn ─► 32, 16, 8, 4, 2, 1 as the bits of len say ─► done
 *	       └────────────────┴─ fault: what is left, byte by byte ─► done
 *
 * The slow way behind a fault makes the number of bytes not copied exact.
 *
 * [ARM] C3.2 "Loads and stores", "Load/store unprivileged"
 */
#include "arch/aarch64/machine_thread.h"
#include "arch/aarch64/regs.h"

#define EFAULT 14

/* The instruction at label 77 may fault; then goes on at `target`. */
.macro USER target, instruction:vararg
77:	\instruction
	.pushsection fixups, "a"
	.quad 77b, \target
	.popsection
.endm

	.section .text.uaccess, "ax"
	.globl uaccess_start
uaccess_start:

/*
 * One step of each kind: 8 or 16 bytes at `at` from x0 or x1, through x3 and
 * x4. x0: dst, x1: src.
 */
.macro FROM_8 at, fault
	USER \fault, ldtr x3, [x1, #\at]
	str x3, [x0, #\at]
.endm

.macro FROM_16 at, fault
	USER \fault, ldtr x3, [x1, #\at]
	USER \fault, ldtr x4, [x1, #\at + 8]
	stp x3, x4, [x0, #\at]
.endm

.macro FROM_4 fault
	USER \fault, ldtr w3, [x1]
	str w3, [x0]
.endm

.macro FROM_2 fault
	USER \fault, ldtrh w3, [x1]
	strh w3, [x0]
.endm

.macro FROM_1 fault
	USER \fault, ldtrb w3, [x1]
	strb w3, [x0]
.endm

.macro TO_8 at, fault
	ldr x3, [x1, #\at]
	USER \fault, sttr x3, [x0, #\at]
.endm

.macro TO_16 at, fault
	ldp x3, x4, [x1, #\at]
	USER \fault, sttr x3, [x0, #\at]
	USER \fault, sttr x4, [x0, #\at + 8]
.endm

.macro TO_4 fault
	ldr w3, [x1]
	USER \fault, sttr w3, [x0]
.endm

.macro TO_2 fault
	ldrh w3, [x1]
	USER \fault, sttrh w3, [x0]
.endm

.macro TO_1 fault
	ldrb w3, [x1]
	USER \fault, sttrb w3, [x0]
.endm

.macro ZERO_8 at, fault
	USER \fault, sttr xzr, [x0, #\at]
.endm

.macro ZERO_16 at, fault
	USER \fault, sttr xzr, [x0, #\at]
	USER \fault, sttr xzr, [x0, #\at + 8]
.endm

.macro ZERO_4 fault
	USER \fault, sttr wzr, [x0]
.endm

.macro ZERO_2 fault
	USER \fault, sttrh wzr, [x0]
.endm

.macro ZERO_1 fault
	USER \fault, sttrb wzr, [x0]
.endm

/* Both pointers on by n bytes; zeroing has no source, and x1 is free. */
.macro FORWARD n
	add x1, x1, #\n
	add x0, x0, #\n
.endm

/*
 * x0: dst, x1: src, x2: len, in and out: bytes not copied. In the loop x2 is
 * 64 less than what is left, which has the same low six bits.
 */
.macro COPY kind
	subs x2, x2, #64
	b.lo 2f
1:	\kind\()_16 0, 8f
	\kind\()_16 16, 8f
	\kind\()_16 32, 8f
	\kind\()_16 48, 8f
	FORWARD 64
	subs x2, x2, #64
	b.hs 1b
2:	tbz x2, #5, 3f
	\kind\()_16 0, 9f
	\kind\()_16 16, 9f
	FORWARD 32
3:	tbz x2, #4, 4f
	\kind\()_16 0, 10f
	FORWARD 16
4:	tbz x2, #3, 5f
	\kind\()_8 0, 11f
	FORWARD 8
5:	tst x2, #7
	b.eq 7f
	tbz x2, #2, 6f
	\kind\()_4 12f
	FORWARD 4
6:	tbz x2, #1, 66f
	\kind\()_2 13f
	FORWARD 2
66:	tbz x2, #0, 7f
	\kind\()_1 14f
7:	mov x0, xzr
	ret

	/* What was left before the step that faulted: at least a byte. */
8:	add x2, x2, #64
	b 15f
9:	and x2, x2, #63
	b 15f
10:	and x2, x2, #31
	b 15f
11:	and x2, x2, #15
	b 15f
12:	and x2, x2, #7
	b 15f
13:	and x2, x2, #3
	b 15f
14:	mov x2, #1
15:	\kind\()_1 16f
	FORWARD 1
	subs x2, x2, #1
	b.ne 15b
16:	mov x0, x2
	ret
.endm

/* size_t arch_copy_from_user(x0 = dst, x1 = src, x2 = len) */
	.globl arch_copy_from_user
	.type arch_copy_from_user, @function
arch_copy_from_user:
	COPY FROM

/* size_t arch_copy_to_user(x0 = dst, x1 = src, x2 = len) */
	.globl arch_copy_to_user
	.type arch_copy_to_user, @function
arch_copy_to_user:
	COPY TO

/* size_t arch_clear_user(x0 = dst, x1 = len) */
	.globl arch_clear_user
	.type arch_clear_user, @function
arch_clear_user:
	mov x2, x1
	COPY ZERO

/* long arch_strncpy_from_user(x0 = dst, x1 = src, x2 = max) */
	.globl arch_strncpy_from_user
	.type arch_strncpy_from_user, @function
arch_strncpy_from_user:
	mov x3, x0
	add x2, x0, x2			/* where dst ends */
1:	cmp x0, x2
	b.eq 2f
	USER 3f, ldtrb w4, [x1]
	add x1, x1, #1
	strb w4, [x0], #1
	cbnz w4, 1b
	sub x0, x0, #1			/* the NUL does not count */
2:	sub x0, x0, x3
	ret
3:	mov x0, #-EFAULT
	ret

/*
 * int arch_cmpxchg_user(x0 = addr, w1 = old, w2 = new, x3 = seen)
 *
 * Exclusives exist with the kernel's rights only, so this opens the guard. A
 * page that the user may not write is not writable for the kernel either.
 */
	.globl arch_cmpxchg_user
	.type arch_cmpxchg_user, @function
arch_cmpxchg_user:
	adrp x7, mmu_features + MMU_FEATURES_USER_GUARD
	ldrb w7, [x7, #:lo12:mmu_features + MMU_FEATURES_USER_GUARD]
	cbz w7, 1f
	.inst MSR_PAN(0)
1:	USER 4f, ldaxr w4, [x0]
	cmp w4, w1
	b.ne 2f
	USER 4f, stlxr w5, w2, [x0]
	cbnz w5, 1b
2:	dmb ish
	str w4, [x3]
	mov w0, wzr
3:	cbz w7, 5f
	.inst MSR_PAN(1)
5:	ret
4:	mov w0, #-EFAULT
	b 3b

	.globl uaccess_end
uaccess_end:
