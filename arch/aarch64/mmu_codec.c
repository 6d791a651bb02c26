/* SPDX-License-Identifier: MIT */
/*
 * The table of the page-table codec: each protection's bits. The macro is the
 * definition; the table spares every fault, mprotect and fork a chain of tests
 * for each leaf.
 *
 * What AArch64 is not asked to say: PT_READ comes with any other right; device
 * memory is never executable. Such corrections are made here, so that the copy
 * of the rights in the software bits is true. User pages are never the kernel's to execute,
 * kernel pages never the user's.
 *
 * [ARM] D8.3.1 "VMSAv8-64 descriptor formats", D8.4.1 "Access permissions"
 */
#include "arch/mmu.h"

/* [ARM] D8.4.1.2: only one of UXN and PXN can be clear. */
#define PTE_NEVER(p)                                                         \
	(!((p) & PT_EXEC) || (p) & PT_DEVICE ? PTE_UXN | PTE_PXN             \
	 : (p) & PT_USER		     ? PTE_PXN                       \
					     : PTE_UXN)

#define PTE_COPY(p)                                                          \
	((u64)(((p) & PTE_RIGHTS ? PT_READ : 0) | ((p) & PT_WRITE) |         \
	       ((p) & PT_DEVICE ? 0 : (p) & PT_EXEC))                        \
	 << PTE_RIGHTS_SHIFT)

#define PTE_BITS(p)                                                          \
	(((p) & PTE_RIGHTS ? PTE_VALID : 0) | PTE_NEVER(p) | PTE_COPY(p) |   \
	 ((p) & PT_DEVICE ? PTE_DEVICE : PTE_SHARED) |                       \
	 ((p) & PT_USER ? PTE_AP_USER : 0) |                                 \
	 ((p) & PT_GLOBAL ? 0 : PTE_NG) | ((p) & PT_YOUNG ? PTE_AF : 0) |    \
	 ((p) & PT_WRITE ? PTE_DBM : 0) |                                    \
	 ((p) & PT_DIRTY ? PTE_SW_DIRTY : 0) |                               \
	 (((p) & (PT_WRITE | PT_DIRTY)) == (PT_WRITE | PT_DIRTY)             \
		  ? 0                                                        \
		  : PTE_AP_RO))

#define TABLE_4(n)  PTE_BITS(n), PTE_BITS((n) + 1), PTE_BITS((n) + 2),       \
		    PTE_BITS((n) + 3)
#define TABLE_16(n)                                                          \
	TABLE_4(n), TABLE_4((n) + 4), TABLE_4((n) + 8), TABLE_4((n) + 12)
#define TABLE_64(n)                                                          \
	TABLE_16(n), TABLE_16((n) + 16), TABLE_16((n) + 32), TABLE_16((n) + 48)

const u64 pte_bits_of_prot[256] = { TABLE_64(0), TABLE_64(64), TABLE_64(128),
				    TABLE_64(192) };
