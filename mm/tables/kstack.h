/* SPDX-License-Identifier: MIT */
/* Kernel stacks: mapped memory with a guard page below, from a small stock. */
#ifndef MM_TABLES_KSTACK_H
#define MM_TABLES_KSTACK_H

#include "arch/mmu.h"

/* Fills this CPU's stock, registers with the scheduler. Boot, after slab_init(). */
void kstack_init(void);

/* KERNEL_STACK_SIZE bytes: the lowest address, or 0. Context: thread. */
vaddr_t kstack_create(void);
void kstack_destroy(vaddr_t stack);

/* Pages of the stacks in all CPUs' stocks: mapped, and nobody's. A snapshot. */
u64 kstack_stocked_pages(void);

/* Is va in the guard page of a kernel stack? For the overflow report: takes no
 * lock, any context. */
bool kstack_is_guard(vaddr_t va);

#endif
