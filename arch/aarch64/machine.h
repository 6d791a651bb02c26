/* SPDX-License-Identifier: MIT */
/*
 * What the files of this machine and its start code have between them.
 */
#ifndef ARCH_AARCH64_MACHINE_H
#define ARCH_AARCH64_MACHINE_H

#include "arch/aarch64/regs.h"

/* Both halves of 48 bits, 4 KiB granule, walks through the caches; pointers of
 * user code may have a tag. mmu.c adds what depends on the CPU. */
#define TCR_EL1_BOOT                                                         \
	(TCR_EL1_T0SZ(48) | TCR_EL1_IRGN0_WBWA | TCR_EL1_ORGN0_WBWA |        \
	 TCR_EL1_SH0_INNER | TCR_EL1_TG0_4K | TCR_EL1_T1SZ(48) |             \
	 TCR_EL1_IRGN1_WBWA | TCR_EL1_ORGN1_WBWA | TCR_EL1_SH1_INNER |       \
	 TCR_EL1_TG1_4K | TCR_EL1_TBI0)

/* Bytes 0, 1, 2: MAIR_NORMAL, MAIR_DEVICE, MAIR_UNCACHED of machine_mmu.h. */
#define MAIR_EL1_BOOT                                                        \
	(MAIR_NORMAL_WB | MAIR_DEVICE_nGnRE << 8 | MAIR_NORMAL_NC << 16)

/* MMU and caches on; stacks aligned; user code may zero lines, read the cache
 * type and maintain caches by address, but not wait for events. SPAN stays set
 * until mmu_init_cpu() has found a PAN. Bits that were RES1 in Armv8.0. */
#define SCTLR_EL1_ON                                                         \
	(SCTLR_EL1_M | SCTLR_EL1_C | SCTLR_EL1_SA | SCTLR_EL1_SA0 |          \
	 SCTLR_EL1_EOS | SCTLR_EL1_I | SCTLR_EL1_DZE | SCTLR_EL1_UCT |       \
	 SCTLR_EL1_TSCXT | SCTLR_EL1_EIS | SCTLR_EL1_SPAN | SCTLR_EL1_UCI |  \
	 SCTLR_EL1_nTLSMD | SCTLR_EL1_LSMAOE)

/* The same with MMU and caches off. */
#define SCTLR_EL1_OFF                                                        \
	(SCTLR_EL1_ON & ~(SCTLR_EL1_M | SCTLR_EL1_C | SCTLR_EL1_I))

/* Offsets in struct smp_entry; smp.c asserts them. */
#define SMP_ENTRY_ROOT   0
#define SMP_ENTRY_PERCPU 8              /* and the stack's top behind it */

#ifndef __ASSEMBLER__

#include "arch/mmu.h"

struct bootinfo;
struct trap_frame;

/* ---- boot/aarch64 ---------------------------------------------------------- */

extern pte_t boot_top[PT_ENTRIES];      /* the kernel half before kmap_init() */

/* Loads TTBR1 with root; runs at its physical address (start.S). */
typedef void mmu_replace_root_fn(u64 root, u64 empty);
mmu_replace_root_fn mmu_replace_root;

/* Where a further CPU begins; in the head, which is linked at KERNEL_LOAD. */
extern const char start_secondary[];

/* Lets the boot tables show a piece of RAM to memblock. */
void boot_map_window(struct bootinfo *bi);

/* ---- smp.c ------------------------------------------------------------------- */

/* Affinity fields of MPIDR_EL1 of each CPU; right after smp_firmware_cpus(). */
extern u64 smp_mpidr[];

/* ---- mmu.c, trap.c ---------------------------------------------------------------- */

/* The user half of the kernel's space: nothing is mapped. */
extern const pte_t mmu_empty_table[PT_ENTRIES];

/* Lets observers without caches see [va, va + len). */
void dcache_clean(const void *va, size_t len);

/* TLBI's operand: virtual page and ASID. [ARM] C5.5 "TLBI VAE1IS" */
#define TLBI_PAGE(va)     ((u64)(va) >> PAGE_SHIFT & 0xfffffffffffull)
#define TLBI_ASID(number) ((u64)(number) << TTBR_ASID_SHIFT)

/* [M6]: after a fault of this CPU for want of a right: its translation of va in
 * the loaded space goes. The ASID stands in TTBR0 where TLBI wants it. */
static inline void mmu_forget_page(vaddr_t va)
{
	u64 asid = read_sysreg(ttbr0_el1) & TLBI_ASID(0xffff);

	__asm__ volatile("tlbi vale1, %0"
			 :
			 : "r"(asid | TLBI_PAGE(va)));
	dsb(nsh);
	isb();
}

/* ---- trap.c, irq.c: from entry.S ------------------------------------------------ */

void trap_user_data(struct trap_frame *tf, u64 esr);
void trap_user_sync(struct trap_frame *tf, u64 esr);
void trap_kernel_sync(struct trap_frame *tf);
void __noreturn trap_bad_stack(struct trap_frame *tf);
void __noreturn trap_unexpected(struct trap_frame *tf, u64 vector);
void irq_dispatch(struct trap_frame *tf);

#endif /* __ASSEMBLER__ */
#endif
