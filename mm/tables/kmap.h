/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own half: direct map, image, memmap; and its protection.
 *
 * No page of it is ever writable and executable: kmap_check_wx() walks
 * everything and proves it.
 */
#ifndef MM_TABLES_KMAP_H
#define MM_TABLES_KMAP_H

#include "arch/mmu.h"

/* What the kernel's leaves have in common: no CPU needs to set their young and
 * dirty bits, and every space has them. */
#define KMAP_READ  (PT_READ | PT_GLOBAL | PT_YOUNG)
#define KMAP_WRITE (KMAP_READ | PT_WRITE | PT_DIRTY)

/* Builds mmu_kernel_space from memblock (direct map with the largest leaves,
 * image by its sections, empty tables for the rest of the kernel half) and
 * switches to it. Boot. */
void kmap_init(void);

/* Text and rodata read-only, no more writes to them. After boot patches. */
void kmap_protect(void);

/* Gives init text and data back to the page allocator; bytes freed. */
u64 kmap_free_init(void);

/* NULL, or where a page is writable and executable. */
const char *kmap_check_wx(void);

/* Pages of the direct map in leaves of each level. */
void kmap_count_direct(u64 pages[3]);

/* Physical address behind any mapped kernel address; false: not mapped. */
bool kmap_virt_to_phys(vaddr_t va, paddr_t *pa);

#endif
