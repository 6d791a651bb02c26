/* SPDX-License-Identifier: MIT */
/*
 * The tables of the page-table codec: each protection's bits, each bit
 * pattern's protection. The two macros are the definition; the tables spare
 * every fault, mprotect and fork a chain of tests for each leaf.
 *
 * What x86_64 cannot say: PT_READ comes with any other right; device memory
 * is never executable.
 *
 * [SDM3] 4.5 "4-Level Paging and 5-Level Paging", table 4-20
 */
#include "arch/mmu.h"

#define PTE_BITS(p)                                                          \
	(((p) & (PT_READ | PT_WRITE | PT_EXEC) ? PTE_PRESENT : PTE_SILENT) | \
	 ((p) & PT_WRITE ? PTE_WRITE : 0) |                                  \
	 (!((p) & PT_EXEC) || (p) & PT_DEVICE ? PTE_NX : 0) |                \
	 ((p) & PT_USER ? PTE_USER : 0) |                                    \
	 ((p) & PT_GLOBAL ? PTE_GLOBAL : 0) |                                \
	 ((p) & PT_DEVICE ? PTE_DEVICE : 0) |                                \
	 ((p) & PT_YOUNG ? PTE_ACCESSED : 0) |                               \
	 ((p) & PT_DIRTY ? PTE_DIRTY : 0))

/* PT_EXEC is decided by PTE_NX, which lies far above. */
#define PTE_PROT(e)                                                          \
	(((e) & PTE_PRESENT ? PT_READ : 0) |                                 \
	 ((e) & PTE_WRITE ? PT_WRITE : 0) | ((e) & PTE_USER ? PT_USER : 0) | \
	 ((e) & PTE_GLOBAL ? PT_GLOBAL : 0) |                                \
	 ((e) & PTE_PCD ? PT_DEVICE : 0) |                                   \
	 ((e) & PTE_ACCESSED ? PT_YOUNG : 0) |                               \
	 ((e) & PTE_DIRTY ? PT_DIRTY : 0))

#define TABLE_4(of, n)  of(n), of((n) + 1), of((n) + 2), of((n) + 3)
#define TABLE_16(of, n)                                                      \
	TABLE_4(of, n), TABLE_4(of, (n) + 4), TABLE_4(of, (n) + 8),          \
		TABLE_4(of, (n) + 12)
#define TABLE_64(of, n)                                                      \
	TABLE_16(of, n), TABLE_16(of, (n) + 16), TABLE_16(of, (n) + 32),     \
		TABLE_16(of, (n) + 48)
#define TABLE_256(of, n)                                                     \
	TABLE_64(of, n), TABLE_64(of, (n) + 64), TABLE_64(of, (n) + 128),    \
		TABLE_64(of, (n) + 192)

const u64 pte_bits_of_prot[256] = { TABLE_256(PTE_BITS, 0) };
const u8 pte_prot_of_bits[512] = { TABLE_256(PTE_PROT, 0),
				   TABLE_256(PTE_PROT, 256) };
