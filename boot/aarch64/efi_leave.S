/* SPDX-License-Identifier: MIT */
/*
 * The last steps of the UEFI stub: from the firmware's identity map to the
 * state in which every loader enters the image.
 *
 *   clean image copy, handoff, this code    ─► all in memory, past the caches
 *   MMU and data cache off                  ─► addresses are physical
 *   jump to the image's first byte              x0 = device tree, x1 = handoff
 *
 * With the MMU off, data is read and written past the caches: what is dirty
 * must be written back before, and nothing dirty may be written back later.
 *
 * [arm64boot] "Call the kernel image"; [ARM] "A64 Cache maintenance
 * instructions", "The effects of disabling an address translation stage"
 */
#define SCTLR_M        (1 << 0)         /* MMU */
#define SCTLR_C        (1 << 2)         /* data cache */
#define CTR_DMINLINE   16               /* log2 words of the smallest line */

/* Clean and invalidate [x9, x10) to the point of coherency; x11: line size. */
.macro clean_range
	sub x12, x11, #1
	bic x9, x9, x12
1:	dc civac, x9
	add x9, x9, x11
	cmp x9, x10
	b.lo 1b
.endm

/* Bits off in SCTLR_EL\el, at once. */
.macro mmu_off el
	mrs x9, sctlr_el\el
	bic x9, x9, #SCTLR_M
	bic x9, x9, #SCTLR_C
	msr sctlr_el\el, x9
	isb
.endm

	.section .init.text, "ax"
	.globl efi_leave
	.type efi_leave, %function
/*
 * efi_leave(image, image_end, handoff, handoff_end, fdt): physical addresses,
 * which here are virtual ones too. Needs no stack.
 */
efi_leave:
	msr daifset, #15
	mrs x11, ctr_el0
	ubfx x11, x11, #CTR_DMINLINE, #4
	mov x12, #4
	lsl x11, x12, x11

	mov x9, x0
	mov x10, x1
	clean_range
	mov x9, x2
	mov x10, x3
	clean_range
	adr x9, efi_leave
	adr x10, efi_leave_end
	clean_range
	dsb sy

	mrs x9, currentel
	tbnz x9, #3, at_el2
	mmu_off 1
	b mmu_is_off
at_el2:
	mmu_off 2
mmu_is_off:
	ic iallu                        /* instructions of the copy are data yet */
	dsb sy
	isb
	mov x9, x0
	mov x0, x4
	mov x1, x2
	mov x2, xzr
	mov x3, xzr
	br x9
efi_leave_end:
	.size efi_leave, . - efi_leave
