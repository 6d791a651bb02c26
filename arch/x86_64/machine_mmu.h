/* SPDX-License-Identifier: MIT */
/*
 * x86_64: the inlines of arch/mmu.h.
 *
 *  63  62    52 51                      12 11   9  8  7  6  5  4   3   2 1 0
 * ┌───┬────────┬──────────────────────────┬──────┬──┬──┬──┬──┬───┬───┬──┬─┬─┐
 * │NX │ free   │ frame                    │ free │G │PS│D │A │PCD│PWT│US│W│P│
 * └───┴────────┴──────────────────────────┴──────┴──┴──┴──┴──┴───┴───┴──┴─┴─┘
 *
 * Entries with P = 0 mean nothing to the hardware. Three kinds of them:
 *
 *	none		all bits zero
 *	swap		bit 1 set, the swap entry in bits 6..63
 *	silent leaf	bit 1 clear, bit 9 set, the rest as in a leaf: a page
 *			that nobody may touch (PROT_NONE), with its frame
 *
 * [SDM3] 4.5 "4-Level Paging and 5-Level Paging", tables 4-15 to 4-20
 */
#ifndef ARCH_X86_64_MACHINE_MMU_H
#define ARCH_X86_64_MACHINE_MMU_H

#define PTE_PRESENT  ((u64)1 << 0)
#define PTE_WRITE    ((u64)1 << 1)
#define PTE_USER     ((u64)1 << 2)
#define PTE_PWT      ((u64)1 << 3)
#define PTE_PCD      ((u64)1 << 4)
#define PTE_ACCESSED ((u64)1 << 5)
#define PTE_DIRTY    ((u64)1 << 6)
#define PTE_LARGE    ((u64)1 << 7)     /* PS: a leaf above level 0 */
#define PTE_GLOBAL   ((u64)1 << 8)
#define PTE_SILENT   ((u64)1 << 9)     /* ours: see above */
#define PTE_NX       ((u64)1 << 63)
#define PTE_FRAME    0x000ffffffffff000ull

#define PTE_SWAP_MARK  PTE_WRITE        /* with P = 0 */
#define PTE_SWAP_SHIFT 6

/* PAT entry 3 is "uncached" from power-on, and mmu_init_cpu() keeps it so. */
#define PTE_DEVICE (PTE_PCD | PTE_PWT)

/* Link address - physical address of the image: it lies where it was linked. */
#define IMAGE_OFFSET KERNEL_BASE

/* All bits of a pointer are its address. */
static inline vaddr_t uaddr_untag(vaddr_t va) { return va; }

static inline pte_t pte_none(void) { return (pte_t){ 0 }; }

static inline enum pte_kind pte_kind(pte_t e, unsigned int level)
{
	if (likely(e.v & PTE_PRESENT))
		return level == 0 || e.v & PTE_LARGE ? PTE_LEAF : PTE_TABLE;
	if (e.v == 0)
		return PTE_NONE;
	return e.v & PTE_SWAP_MARK ? PTE_SWAP : PTE_LEAF;
}

/* Rights are decided at the leaf: tables allow everything, unless told not to. */
static inline pte_t pte_make_table(paddr_t table)
{
	return (pte_t){ table.v | PTE_PRESENT | PTE_WRITE | PTE_USER |
			PTE_ACCESSED };
}

/* W must be set on every level of the walk. [SDM3] 4.6.1 "Determination of
 * Access Rights" */
static inline pte_t pte_table_with_write(pte_t e, bool allowed)
{
	return (pte_t){ allowed ? e.v | PTE_WRITE : e.v & ~PTE_WRITE };
}

static inline bool pte_table_writable(pte_t e)
{
	return (e.v & (PTE_PRESENT | PTE_LARGE | PTE_WRITE)) ==
	       (PTE_PRESENT | PTE_WRITE);
}

/* Protection to bits and back, by table: this is on every fault's way.
 * mmu_codec.c fills them in. */
extern const u64 pte_bits_of_prot[256];
extern const u8 pte_prot_of_bits[512];

static inline pte_t pte_make_leaf(paddr_t pa, ptprot_t prot, unsigned int level)
{
	return (pte_t){ pa.v | pte_bits_of_prot[prot & 0xff] |
			(level > 0 ? PTE_LARGE : 0) };
}

static inline pte_t pte_make_swap(swp_t swp)
{
	return (pte_t){ swp.v << PTE_SWAP_SHIFT | PTE_SWAP_MARK };
}

static inline swp_t pte_swap(pte_t e)
{
	return (swp_t){ e.v >> PTE_SWAP_SHIFT };
}

static inline paddr_t pte_paddr(pte_t e, unsigned int level)
{
	return pa_make(e.v & PTE_FRAME);
}

static inline ptprot_t pte_prot(pte_t e, unsigned int level)
{
	return pte_prot_of_bits[e.v & 0x1ff] | (e.v & PTE_NX ? 0 : PT_EXEC);
}

static inline pte_t pte_with_prot(pte_t e, ptprot_t prot, unsigned int level)
{
	return pte_make_leaf(pte_paddr(e, level), prot, level);
}

/* ---- slots ------------------------------------------------------------------
 *
 * The hardware sets A and D by locked operations of its own, so a live entry
 * changes only by locked operations here. [SDM3] 4.8 "Accessed and Dirty Flags"
 */

static inline pte_t pt_read(const pte_t *slot)
{
	return (pte_t){ READ_ONCE(slot->v) };
}

/* Stores become visible in program order, the walker's view included:
 * stopping the compiler is enough. [SDM3] 9.2.2 "Memory Ordering" */
static inline void pt_install(pte_t *slot, pte_t e)
{
	barrier();
	WRITE_ONCE(slot->v, e.v);
}

static inline pte_t pt_clear(pte_t *slot)
{
	return (pte_t){ __atomic_exchange_n(&slot->v, 0, __ATOMIC_SEQ_CST) };
}

static inline pte_t pt_set_prot(pte_t *slot, ptprot_t prot, unsigned int level)
{
	pte_t old = pt_read(slot), new;

	do {
		new = pte_with_prot(old, prot, level);
		new.v |= old.v & (PTE_ACCESSED | PTE_DIRTY);
	} while (!__atomic_compare_exchange_n(&slot->v, &old.v, new.v, false,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return old;
}

static inline void pt_set_table_write(pte_t *slot, bool allowed)
{
	__atomic_exchange_n(&slot->v,
			    pte_table_with_write(pt_read(slot), allowed).v,
			    __ATOMIC_SEQ_CST);
}

static inline bool pt_test_clear_young(pte_t *slot, unsigned int level)
{
	return __atomic_fetch_and(&slot->v, ~PTE_ACCESSED, __ATOMIC_RELAXED) &
	       PTE_ACCESSED;
}

/* Only a simulated MMU can look into its TLBs: nothing to ask here. */
static inline void mmu_assert_unused(paddr_t pa, unsigned int order) {}

#endif
