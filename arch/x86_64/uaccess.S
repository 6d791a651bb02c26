/* SPDX-License-Identifier: MIT */
/*
 * Copies across the border: arch/uaccess.h for x86_64.
 *
 * An instruction that may touch user memory is listed in `fixups` with the
 * place to go on when the fault cannot be resolved. All code between
 * uaccess_start and uaccess_end is marked as such in fault reports.
 *
 * Copies move eight bytes at a time. When that faults, the rest is tried again
 * byte by byte, so that the number of bytes not copied is exact.
 *
 * Between STAC and CLAC the kernel may touch user pages; a trap in between
 * runs with AC clear again (entry.S) and returns to AC set.
 */
#include "arch/x86_64/patch.h"

.macro FIXUP instruction, target
	.pushsection fixups, "a"
	.quad \instruction, \target
	.popsection
.endm

	.section .text.uaccess, "ax"
	.globl uaccess_start
uaccess_start:

/* size_t arch_copy_*_user(rdi = dst, rsi = src, rdx = len) */
	.globl arch_copy_from_user
	.globl arch_copy_to_user
	.type arch_copy_from_user, @function
	.type arch_copy_to_user, @function
arch_copy_from_user:
arch_copy_to_user:
	PATCH_STAC
	movq %rdx, %rcx
	shrq $3, %rcx
	andl $7, %edx
1:	rep movsq
	movl %edx, %ecx
2:	rep movsb
3:	PATCH_CLAC
	movq %rcx, %rax
	ret
4:	leaq (%rdx, %rcx, 8), %rcx	/* what movsq left, in bytes */
	jmp 2b
	FIXUP 1b, 4b
	FIXUP 2b, 3b

/* size_t arch_clear_user(rdi = dst, rsi = len) */
	.globl arch_clear_user
	.type arch_clear_user, @function
arch_clear_user:
	PATCH_STAC
	xorl %eax, %eax
	movq %rsi, %rcx
	shrq $3, %rcx
	andl $7, %esi
1:	rep stosq
	movl %esi, %ecx
2:	rep stosb
3:	PATCH_CLAC
	movq %rcx, %rax
	ret
4:	leaq (%rsi, %rcx, 8), %rcx
	jmp 2b
	FIXUP 1b, 4b
	FIXUP 2b, 3b

/* long arch_strncpy_from_user(rdi = dst, rsi = src, rdx = max) */
	.globl arch_strncpy_from_user
	.type arch_strncpy_from_user, @function
arch_strncpy_from_user:
	PATCH_STAC
	xorl %eax, %eax
	testq %rdx, %rdx
	jz 3f
1:	movb (%rsi, %rax), %cl
	movb %cl, (%rdi, %rax)
	testb %cl, %cl
	jz 3f
	incq %rax
	cmpq %rdx, %rax
	jb 1b
3:	PATCH_CLAC
	ret
4:	movq $-14, %rax			/* -EFAULT */
	jmp 3b
	FIXUP 1b, 4b

/* int arch_cmpxchg_user(rdi = addr, esi = old, edx = new, rcx = seen) */
	.globl arch_cmpxchg_user
	.type arch_cmpxchg_user, @function
arch_cmpxchg_user:
	PATCH_STAC
	movl %esi, %eax
1:	lock cmpxchgl %edx, (%rdi)
	PATCH_CLAC
	movl %eax, (%rcx)
	xorl %eax, %eax
	ret
4:	PATCH_CLAC
	movl $-14, %eax
	ret
	FIXUP 1b, 4b

	.globl uaccess_end
uaccess_end:
