/* SPDX-License-Identifier: MIT */
/*
 * AArch64: the inlines of arch/mmu.h, for the 4 KiB granule and 48 bits.
 *
 * 58 56 55  54  53  51 50 48 47        12 11 10 9  8   7    6  5  4  2  1 0
 * ┌────┬──┬───┬───┬───┬─────┬────────────┬──┬──┬────┬────┬────┬──┬────┬──┬─┐
 * │XWR │D │UXN│PXN│DBM│  0  │ frame      │nG│AF│ SH │AP2 │AP1 │NS│Attr│ T│V│
 * └────┴──┴───┴───┴───┴─────┴────────────┴──┴──┴────┴────┴────┴──┴────┴──┴─┘
 *
 * Bits 55 to 58 are software's: there the rights stand in our words, so that
 * asking for them is one instruction, whatever the hardware's bits are. Writing
 * and dirty share two of those. DBM says that the page may be written, AP2 that
 * the hardware does not allow it (yet):
 *
 *	DBM AP2
 *	 0   1   read-only; whether it is dirty stands in D
 *	 1   1   writable and clean: the first write clears AP2, by hardware
 *	         where it can (FEAT_HAFDBS), else by the fault that it causes
 *	 1   0   writable and dirty, whatever D says
 *
 * Entries with V = 0 mean nothing to the hardware. Three kinds of them:
 *
 *	none		all bits zero
 *	swap		bit 5 set, the swap entry in bits 6..63
 *	silent leaf	bit 5 clear, the rest as in a leaf: a page that nobody
 *			may touch (PROT_NONE), with its frame
 *
 * NS (bit 5) has no meaning in the non-secure state and is never set in a leaf.
 *
 * [ARM] D8.3 "Translation table descriptor formats", D8.4 "Memory access
 * control", D8.4.6 "Hardware management of the Access flag and dirty state"
 */
#ifndef ARCH_AARCH64_MACHINE_MMU_H
#define ARCH_AARCH64_MACHINE_MMU_H

#define PTE_VALID    ((u64)1 << 0)
#define PTE_TYPE     ((u64)1 << 1)      /* table; at level 0: page */
#define PTE_DEVICE   ((u64)MAIR_DEVICE << 2)
#define PTE_AP_USER  ((u64)1 << 6)      /* AP[1] */
#define PTE_AP_RO    ((u64)1 << 7)      /* AP[2] */
#define PTE_SHARED   ((u64)3 << 8)      /* inner shareable */
#define PTE_AF       ((u64)1 << 10)
#define PTE_NG       ((u64)1 << 11)
#define PTE_DBM      ((u64)1 << 51)
#define PTE_PXN      ((u64)1 << 53)
#define PTE_UXN      ((u64)1 << 54)
#define PTE_SW_DIRTY ((u64)1 << 55)     /* ours: see above */
#define PTE_RIGHTS_SHIFT 56             /* PT_READ, PT_WRITE, PT_EXEC */
#define PTE_TABLE_RO ((u64)1 << 62)     /* of a table: APTable[1] */
#define PTE_FRAME    0x0000fffffffff000ull

#define PTE_SWAP_MARK  ((u64)1 << 5)    /* with V = 0 */
#define PTE_SWAP_SHIFT 6

/* The rights among the protection's bits. */
#define PTE_RIGHTS (PT_READ | PT_WRITE | PT_EXEC)

/* Indices into MAIR_EL1, set by start.S and mmu_init_cpu(). */
enum { MAIR_NORMAL, MAIR_DEVICE, MAIR_UNCACHED };

/* Link address - physical address of the image: where it came to lie. */
extern u64 image_offset;
#define IMAGE_OFFSET image_offset

/* TCR_EL1.TBI0: the top byte of a user pointer is a tag that no access looks
 * at. Bit 55 names the half; the kernel half has no tags, as no program may
 * touch it. [ARM] D8, "Address tagging" */
static inline vaddr_t uaddr_untag(vaddr_t va)
{
	return va & (vaddr_t)((s64)(va << 8) >> 8);
}

static inline pte_t pte_none(void) { return (pte_t){ 0 }; }

static inline enum pte_kind pte_kind(pte_t e, unsigned int level)
{
	if (likely(e.v & PTE_VALID))
		return level > 0 && e.v & PTE_TYPE ? PTE_TABLE : PTE_LEAF;
	if (e.v == 0)
		return PTE_NONE;
	return e.v & PTE_SWAP_MARK ? PTE_SWAP : PTE_LEAF;
}

/* Rights are decided at the leaf: tables allow everything, unless told not to. */
static inline pte_t pte_make_table(paddr_t table)
{
	return (pte_t){ table.v | PTE_VALID | PTE_TYPE };
}

/* APTable[1] makes all below it read-only, on every exception level; hardware
 * that keeps dirty leaves such entries clean. [ARM] D8.4.3 "Hierarchical
 * permissions" */
static inline pte_t pte_table_with_write(pte_t e, bool allowed)
{
	return (pte_t){ allowed ? e.v & ~PTE_TABLE_RO : e.v | PTE_TABLE_RO };
}

static inline bool pte_table_writable(pte_t e)
{
	return pte_kind(e, 1) == PTE_TABLE && !(e.v & PTE_TABLE_RO);
}

/* Protection to bits by table: this is on every fault's way. mmu_codec.c. */
extern const u64 pte_bits_of_prot[256];

static inline pte_t pte_make_leaf(paddr_t pa, ptprot_t prot, unsigned int level)
{
	return (pte_t){ pa.v | pte_bits_of_prot[prot & 0xff] |
			(level > 0 ? 0 : PTE_TYPE) };
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

/* D, or DBM without AP2: in D's place, all else zero. */
static inline u64 pte_dirty_bit(u64 v)
{
	return (v | (v & ~(v << 44)) << 4) & PTE_SW_DIRTY;
}
static_assert(PTE_AP_RO << 44 == PTE_DBM && PTE_DBM << 4 == PTE_SW_DIRTY,
	      "pte_dirty_bit");

/* Each term moves one bit to its place. */
static inline ptprot_t pte_prot(pte_t e, unsigned int level)
{
	return (ptprot_t)((e.v >> PTE_RIGHTS_SHIFT & PTE_RIGHTS) |
			  (e.v >> 3 & PT_USER) | (~e.v >> 7 & PT_GLOBAL) |
			  (e.v << 3 & PT_DEVICE) | (e.v >> 4 & PT_YOUNG) |
			  pte_dirty_bit(e.v) >> 48);
}
static_assert(PTE_AP_USER >> 3 == PT_USER && PTE_NG >> 7 == PT_GLOBAL &&
		      PTE_DEVICE << 3 == PT_DEVICE && PTE_AF >> 4 == PT_YOUNG &&
		      PTE_SW_DIRTY >> 48 == PT_DIRTY,
	      "pte_prot");

static inline pte_t pte_with_prot(pte_t e, ptprot_t prot, unsigned int level)
{
	return pte_make_leaf(pte_paddr(e, level), prot, level);
}

/* ---- slots ------------------------------------------------------------------
 *
 * Where the hardware keeps AF and AP2 it does so atomically, so a live entry
 * changes only by atomic operations here.
 */

static inline pte_t pt_read(const pte_t *slot)
{
	return (pte_t){ READ_ONCE(slot->v) };
}

/*
 * The first barrier orders what was stored into a new page or table before the
 * entry, for every observer, other CPUs' walkers included. A user access that
 * comes too early faults, finds the entry and tries again; the kernel's own
 * must not, so its entries are complete before the next instruction.
 * [ARM] D8.14 "TLB maintenance", B2.3 "Definition of the memory model"
 */
static inline void pt_install(pte_t *slot, pte_t e)
{
	__asm__ volatile("dmb ishst" : : : "memory");
	WRITE_ONCE(slot->v, e.v);
	if (unlikely(!(e.v & PTE_NG)))
		__asm__ volatile("dsb ishst; isb" : : : "memory");
}

static inline pte_t pt_clear(pte_t *slot)
{
	return (pte_t){ __atomic_exchange_n(&slot->v, 0, __ATOMIC_RELAXED) };
}

/* What an entry keeps when its rights change: frame, kind, used, dirty. */
#define PTE_KEPT (PTE_FRAME | PTE_TYPE | PTE_AF | PTE_SW_DIRTY)

/*
 * Between the exclusive load and store: what is kept, dirty wherever it stood,
 * the new rights; then AP2 goes if the page is both writable and dirty. In
 * assembly because no other memory access may come between the two.
 * [ARM] B2.9.5 "Load-Exclusive and Store-Exclusive instruction usage
 * restrictions"
 */
static inline pte_t pt_set_prot(pte_t *slot, ptprot_t prot, unsigned int level)
{
	u64 bits = pte_bits_of_prot[prot & 0xff] | PTE_AP_RO;
	u64 old, new, bit;
	u32 failed;

	__asm__ volatile("1:	ldxr %0, %4\n"
			 "	bic %2, %0, %0, lsl #44\n"
			 "	and %2, %2, %7\n"
			 "	and %1, %0, %6\n"
			 "	orr %1, %1, %2, lsl #4\n"
			 "	orr %1, %1, %5\n"
			 "	and %2, %1, %1, lsr #4\n"
			 "	and %2, %2, %7\n"
			 "	bic %1, %1, %2, lsr #44\n"
			 "	stxr %w3, %1, %4\n"
			 "	cbnz %w3, 1b"
			 : "=&r"(old), "=&r"(new), "=&r"(bit), "=&r"(failed),
			   "+Q"(slot->v)
			 : "r"(bits), "r"(PTE_KEPT), "L"(PTE_DBM));
	return (pte_t){ old };
}

/* A change of rights alone needs no break before the make. [ARM] D8.14.1 */
static inline void pt_set_table_write(pte_t *slot, bool allowed)
{
	WRITE_ONCE(slot->v, pte_table_with_write(pt_read(slot), allowed).v);
}

static inline bool pt_test_clear_young(pte_t *slot, unsigned int level)
{
	return __atomic_fetch_and(&slot->v, ~PTE_AF, __ATOMIC_RELAXED) & PTE_AF;
}

/* Only a simulated MMU can look into its TLBs: nothing to ask here. */
static inline void mmu_assert_unused(paddr_t pa, unsigned int order) {}

#endif
