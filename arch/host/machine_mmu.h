/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries of the host machine: nobody can guess their bits.
 *
 * A plain word          63        13 12   5 4   2 1  0
 *   table or leaf       [ frame      | prot | lvl | kind ]
 *   swap                [ swap entry, 58 bits     | kind ]
 *
 * goes through a bijection of all 64-bit words before it is stored: two odd
 * multiplications around a rotation. It keeps zero at zero (an empty table is
 * a zeroed page on every machine) and leaves no other bit where it was, so code
 * that masks or compares raw entries fails its first test. The level stands in
 * the leaf: reading an entry at a wrong level is reported as "pte-level".
 *
 * The slot operations are functions (mmu.c), because each of them checks what
 * hardware would silently forgive.
 */
#ifndef ARCH_HOST_MACHINE_MMU_H
#define ARCH_HOST_MACHINE_MMU_H

#define HOST_SCRAMBLE_A   0x9e3779b97f4a7c15ull
#define HOST_SCRAMBLE_B   0xd1342543de82ef95ull
#define HOST_UNSCRAMBLE_A 0xf1de83e19937733dull /* A * this = 1 mod 2^64 */
#define HOST_UNSCRAMBLE_B 0x572b5ee77a54e3bdull

#define HOST_PTE_LEVEL_SHIFT 2
#define HOST_PTE_PROT_SHIFT  5
#define HOST_PTE_FRAME_SHIFT 13
#define HOST_SWAP_SHIFT      2

static inline u64 host_scramble(u64 plain)
{
	u64 x = plain * HOST_SCRAMBLE_A;

	return (x << 29 | x >> 35) * HOST_SCRAMBLE_B;
}

static inline u64 host_unscramble(u64 v)
{
	u64 x = v * HOST_UNSCRAMBLE_B;

	return (x >> 29 | x << 35) * HOST_UNSCRAMBLE_A;
}

#define IMAGE_OFFSET KERNEL_BASE        /* there is no image */

/* The checks behind the codec; mmu.c. */
void host_check_level(u64 plain, unsigned int level);
void host_check_leaf(paddr_t pa, ptprot_t prot, unsigned int level);

/* All bits of a pointer are its address. */
static inline vaddr_t uaddr_untag(vaddr_t va) { return va; }

static inline pte_t pte_none(void)
{
	return (pte_t){ 0 };
}

static inline enum pte_kind pte_kind(pte_t e, unsigned int level)
{
	u64 plain = host_unscramble(e.v);

	host_check_level(plain, level);
	return (enum pte_kind)(plain & 3);
}

static inline pte_t pte_make_table(paddr_t table)
{
	u64 frame = table.v >> PAGE_SHIFT;

	return (pte_t){ host_scramble(frame << HOST_PTE_FRAME_SHIFT |
				      PT_WRITE << HOST_PTE_PROT_SHIFT |
				      PTE_TABLE) };
}

static inline pte_t pte_table_with_write(pte_t e, bool allowed)
{
	const u64 write = PT_WRITE << HOST_PTE_PROT_SHIFT;
	u64 plain = host_unscramble(e.v);

	return (pte_t){ host_scramble(allowed ? plain | write
					      : plain & ~write) };
}

static inline bool pte_table_writable(pte_t e)
{
	u64 plain = host_unscramble(e.v);

	return (plain & 3) == PTE_TABLE &&
	       plain >> HOST_PTE_PROT_SHIFT & PT_WRITE;
}

static inline pte_t pte_make_leaf(paddr_t pa, ptprot_t prot,
				  unsigned int level)
{
	u64 frame = pa.v >> PAGE_SHIFT;

	host_check_leaf(pa, prot, level);
	if (prot & (PT_WRITE | PT_EXEC))        /* else a silent leaf */
		prot |= PT_READ;
	if (prot & PT_DEVICE)
		prot &= ~(ptprot_t)PT_EXEC;
	return (pte_t){ host_scramble(frame << HOST_PTE_FRAME_SHIFT |
				      (u64)prot << HOST_PTE_PROT_SHIFT |
				      (u64)level << HOST_PTE_LEVEL_SHIFT |
				      PTE_LEAF) };
}

static inline pte_t pte_make_swap(swp_t swp)
{
	return (pte_t){ host_scramble(swp.v << HOST_SWAP_SHIFT | PTE_SWAP) };
}

static inline paddr_t pte_paddr(pte_t e, unsigned int level)
{
	u64 plain = host_unscramble(e.v);

	host_check_level(plain, level);
	return pa_make(plain >> HOST_PTE_FRAME_SHIFT << PAGE_SHIFT);
}

static inline ptprot_t pte_prot(pte_t e, unsigned int level)
{
	u64 plain = host_unscramble(e.v);

	host_check_level(plain, level);
	return (ptprot_t)(plain >> HOST_PTE_PROT_SHIFT & 0xff);
}

static inline pte_t pte_with_prot(pte_t e, ptprot_t prot, unsigned int level)
{
	return pte_make_leaf(pte_paddr(e, level), prot, level);
}

static inline swp_t pte_swap(pte_t e)
{
	return (swp_t){ host_unscramble(e.v) >> HOST_SWAP_SHIFT };
}

static inline pte_t pt_read(const pte_t *slot)
{
	return (pte_t){ __atomic_load_n(&slot->v, __ATOMIC_ACQUIRE) };
}

void pt_install(pte_t *slot, pte_t e);
pte_t pt_clear(pte_t *slot);
pte_t pt_set_prot(pte_t *slot, ptprot_t prot, unsigned int level);
void pt_set_table_write(pte_t *slot, bool allowed);
bool pt_test_clear_young(pte_t *slot, unsigned int level);

/* "freed-but-mapped" when some TLB still translates to one of these frames. */
void mmu_assert_unused(paddr_t pa, unsigned int order);

#endif
