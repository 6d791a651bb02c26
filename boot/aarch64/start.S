/* SPDX-License-Identifier: MIT */
/*
 * From the loader's jump, with the MMU off, to C code in the high half.
 *
 *   QEMU, boot loader ─► image header ─► start   x0 = device tree
 *   UEFI ─► efi_entry() ─► efi_leave ──► start   x0 = device tree or 0,
 *                                         │      x1 = struct efi_handoff
 *      from EL2 down to EL1 ── enter_el1 ─┤      (EL3: stop)
 *                                         │
 *      boot page tables
 *        TTBR0  the first 2 MiB of the image at their physical address, for
 *               the few instructions that switch translation
 *        TTBR1  KERNEL_BASE + …  the image at its link address, 2 MiB leaves
 *               CONSOLE_BASE     ┐ filled in by entry.c when it knows where
 *               DIRECT_MAP_BASE  ┘ the port and the loader's data are
 *                                         │
 *      MMU and caches on ────── mmu_on ───┴─► boot_entry() in entry.c
 *
 *   PSCI CPU_ON ─► start_secondary               x0 = struct smp_entry
 *      enter_el1 ── TTBR0 the same, TTBR1 the kernel's own tables ── mmu_on
 *                                             └─► smp_begin() in kernel/cpus.c
 *
 * A further CPU has its caches off at first, while the others have theirs on:
 * all that it reads until then was cleaned to memory, by the loader or smp.c.
 *
 * The image may lie at any multiple of 2 MiB: x21 holds its link address minus
 * its physical address, later image_offset. The head is linked where QEMU's
 * loader puts it, so that a debugger has symbols from the first instruction on.
 *
 * Nothing of this file is needed after boot.
 *
 * [arm64boot] "Call the kernel image"; [ARM] D1.2 "Exception levels", D8.2.2
 * "Enabling a stage of translation", D13.2 "EL2 registers"
 */
#include <layout.h>

#include "arch/aarch64/machine.h"

#define BOOT_STACK    16384             /* KERNEL_STACK_SIZE */
#define LEAF_SHIFT    21                /* 2 MiB */
#define LEAF          0x40000000000701  /* UXN, AF, inner shareable, MAIR_NORMAL */
#define TABLE         3
#define INDEX(va, shift) (((va) >> (shift)) & 511)
#define IMAGE         (KERNEL_BASE + KERNEL_LOAD)

#define ICC_SRE_EL2   s3_4_c12_c9_5
#define ICH_HCR_EL2   s3_4_c12_c11_0

/* Physical address of a symbol of the high half. */
.macro PHYS reg, symbol
	ldr \reg, =\symbol
	sub \reg, \reg, x21
.endm

/* Table `from` gets `to` at index; clobbers x8 and x9. */
.macro LINK from, index, to
	PHYS x8, \from
	PHYS x9, \to
	orr x9, x9, #TABLE
	str x9, [x8, #8 * (\index)]
.endm

	.section .head, "ax"
	.globl start
	.type start, @function
start:
	msr daifset, #0xf
	mov x19, x0			/* device tree */
	mov x20, x1			/* what the UEFI stub left */
	bl enter_el1
	bl build_tables
	PHYS x0, boot_top
	bl mmu_on
	ldr x8, =boot_high_half
	br x8

/* A further CPU. x0: physical address of its struct smp_entry (smp.c). */
	.globl start_secondary
	.type start_secondary, @function
start_secondary:
	msr daifset, #0xf
	mov x19, x0
	bl enter_el1
	ldr x0, [x19, #SMP_ENTRY_ROOT]
	bl mmu_on
	ldr x8, =secondary_high_half
	br x8

/*
 * Returns in EL1 with MMU and caches off, and x21 set. A guest of ours would
 * see the timers and vectors as they are; nothing traps. Clobbers x8, x9.
 */
	.type enter_el1, @function
enter_el1:
	ldr x21, =KERNEL_BASE		/* link address - physical address */
	ldr x8, =image_header
	adr x9, image_header
	sub x8, x8, x9
	add x21, x21, x8
	mrs x8, currentel
	cmp x8, #2 << 2
	b.lo at_el1
	b.hi stop			/* EL3: not a place to start a kernel */
	ldr x8, =HCR_EL2_RW | HCR_EL2_APK | HCR_EL2_API
	msr hcr_el2, x8
	isb
	mov x8, #CNTHCTL_EL2_EL1PCTEN | CNTHCTL_EL2_EL1PCEN
	msr cnthctl_el2, x8
	msr cntvoff_el2, xzr
	mov x8, #0x33ff			/* CPTR_EL2: RES1, no trap of vectors */
	msr cptr_el2, x8
	msr hstr_el2, xzr
	msr vttbr_el2, xzr
	mrs x8, midr_el1
	msr vpidr_el2, x8
	mrs x8, mpidr_el1
	msr vmpidr_el2, x8
	mrs x8, id_aa64pfr0_el1
	tst x8, #0xf << ID_AA64PFR0_GIC_SHIFT
	b.eq 1f
	mrs x8, ICC_SRE_EL2		/* GICv3: EL1 uses system registers */
	orr x8, x8, #0xf
	msr ICC_SRE_EL2, x8
	isb
	msr ICH_HCR_EL2, xzr
1:	mov x8, #PSTATE_DAIF | PSTATE_EL1
	msr spsr_el2, x8
	adr x8, at_el1
	msr elr_el2, x8
	ldr x8, =SCTLR_EL1_OFF
	msr sctlr_el1, x8
	eret
at_el1:
	mrs x8, id_aa64mmfr0_el1	/* 4 KiB pages? 0xf: no */
	ubfx x8, x8, #ID_AA64MMFR0_TGRAN4_SHIFT, #4
	cmp x8, #0xf
	b.eq stop
	ldr x8, =SCTLR_EL1_OFF
	msr sctlr_el1, x8
	isb
	ret

/*
 * MMU and caches on, with the identity map in TTBR0 and the root x0 in TTBR1;
 * returns to the caller's physical address. Clobbers x8 to x10.
 */
	.type mmu_on, @function
mmu_on:
	ldr x8, =MAIR_EL1_BOOT
	msr mair_el1, x8
	ldr x8, =TCR_EL1_BOOT
	mrs x9, id_aa64mmfr0_el1
	ubfx x9, x9, #ID_AA64MMFR0_PARANGE_SHIFT, #4
	cmp x9, #5			/* 48 bits */
	mov x10, #5
	csel x9, x9, x10, lo
	orr x8, x8, x9, lsl #TCR_EL1_IPS_SHIFT
	msr tcr_el1, x8
	PHYS x8, boot_id_top
	msr ttbr0_el1, x8
	msr ttbr1_el1, x0
	isb
	tlbi vmalle1
	ic iallu
	dsb nsh
	isb
	ldr x8, =SCTLR_EL1_ON
	msr sctlr_el1, x8
	isb
	ret

/* Tables are zeroed: every byte of the image is in the file. Clobbers x8 to
 * x13. */
	.type build_tables, @function
build_tables:
	LINK boot_top, INDEX(KERNEL_BASE, 39), boot_high
	LINK boot_high, INDEX(IMAGE, 30), boot_image
	ldr x10, =LEAF
	adr x11, image_header		/* whole leaves, by the boot protocol */
	orr x11, x11, x10
	PHYS x8, boot_image
	add x8, x8, #8 * INDEX(IMAGE, LEAF_SHIFT)
	PHYS x9, _image_end
	adr x13, image_header
1:	orr x12, x13, x10
	str x12, [x8], #8
	add x13, x13, #1 << LEAF_SHIFT
	cmp x13, x9
	b.lo 1b

	adr x13, image_header		/* identity */
	PHYS x8, boot_id_top
	PHYS x9, boot_id_high
	orr x9, x9, #TABLE
	ubfx x10, x13, #39, #9
	str x9, [x8, x10, lsl #3]
	PHYS x8, boot_id_high
	PHYS x9, boot_id_low
	orr x9, x9, #TABLE
	ubfx x10, x13, #30, #9
	str x9, [x8, x10, lsl #3]
	PHYS x8, boot_id_low
	ubfx x10, x13, #LEAF_SHIFT, #9
	str x11, [x8, x10, lsl #3]

/* The stores above went past the caches: no stale line of the tables may be
 * left in them. */
	PHYS x8, boot_tables
	PHYS x9, boot_tables_end
	mrs x10, ctr_el0
	ubfx x10, x10, #16, #4
	mov x11, #4
	lsl x10, x11, x10
1:	dc ivac, x8
	add x8, x8, x10
	cmp x8, x9
	b.lo 1b
	dsb sy
	ret

/* No console yet, and no table that names one: QEMU shows it in a debugger. */
	.globl stop
stop:
	wfe
	b stop

	.ltorg

/* ---- in the high half -------------------------------------------------------- */

/* What C code stands on: x18 is this CPU's per-CPU offset, x8 the top of its
 * stack. */
.macro STAND
	msr tpidr_el1, x18
	ldr x9, =trap_vectors
	msr vbar_el1, x9
	isb
	mov sp, x8
	mov x29, xzr			/* backtraces end here */
	mov x30, xzr
.endm

	.section .init.text, "ax"
	.type boot_high_half, @function
boot_high_half:
	mov x18, xzr			/* first CPU: per-CPU offset 0 */
	ldr x8, =boot_stack + BOOT_STACK
	STAND
	ldr x8, =image_offset
	str x21, [x8]
	mov x0, x19
	mov x1, x20
	bl boot_entry			/* does not return */

/* The identity map goes at once: a null pointer of this CPU must fault. */
	.type secondary_high_half, @function
secondary_high_half:
	PHYS x8, mmu_empty_table
	msr ttbr0_el1, x8
	isb
	tlbi vmalle1
	dsb nsh
	isb
	add x19, x19, x21		/* the entry at its link address */
	ldp x18, x8, [x19, #SMP_ENTRY_PERCPU]
	STAND
	bl smp_begin			/* does not return */

/*
 * void mmu_replace_root(u64 root, u64 empty): runs by the identity map, at its
 * physical address, with no kernel half and so no stack in between.
 * [ARM] D8.14.1 "Using break-before-make when updating translation table
 * entries"
 */
	.globl mmu_replace_root
	.type mmu_replace_root, @function
mmu_replace_root:
	msr ttbr1_el1, x1
	isb
	tlbi vmalle1
	dsb nsh
	isb
	msr ttbr1_el1, x0
	isb
	ret

	.ltorg

	.section .data, "aw"
	.balign 8
	.globl image_offset
image_offset:
	.quad 0

	.section .init.bss, "aw", @nobits
	.balign 4096
boot_tables:
	.globl boot_top
boot_top:
	.skip 4096
	.globl boot_high
boot_high:
	.skip 4096
boot_image:
	.skip 4096
boot_id_top:
	.skip 4096
boot_id_high:
	.skip 4096
boot_id_low:
	.skip 4096
boot_tables_end:

	.section .data.boot_stack, "aw"
	.balign 4096
	.globl boot_stack
boot_stack:
	.skip BOOT_STACK
