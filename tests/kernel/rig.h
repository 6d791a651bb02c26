/* SPDX-License-Identifier: MIT */
/*
 * A bare translation space for tests of the MMU and of mm/tables: tables and
 * leaves, but no VMAs, so that a fault is never resolved.
 *
 *	struct rig rig;
 *	EXPECT(rig_begin(&rig));		// loaded on this CPU
 *	EXPECT(rig_map(&rig, va, page, RIG_RW));
 *	EXPECT_EQ(rig_peek(va), 7);		// -1: the access faulted
 *	rig_end(&rig);
 *
 * The accesses are the kernel's user copies. The space stays loaded all the
 * time, as under a user program, so translations can go stale.
 */
#ifndef TESTS_KERNEL_RIG_H
#define TESTS_KERNEL_RIG_H

#include "arch/uaccess.h"
#include "kernel/base/sched.h"
#include "lib/string.h"
#include "mm/frames/page_alloc.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

#define RIG_VA  ((vaddr_t)0x40000000)   /* aligned to every leaf size */
#define RIG_END (RIG_VA + GIB(4))
#define RIG_RO  (PT_READ | PT_USER)
#define RIG_RW  (RIG_RO | PT_WRITE)

struct rig {
	struct mmu_space space;
	u64 nr_tables;
};

static inline bool rig_create(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->space.top = pt_table_alloc();
	if (!r->space.top)
		return false;
	mmu_space_init(&r->space);
	return true;
}

/* The space goes where the thread goes, as a user thread's does. */
static inline void rig_load(struct rig *r)
{
	preempt_disable();
	current_thread()->space = &r->space;
	mmu_switch(&r->space);
	preempt_enable();
}

static inline void rig_unload(void)
{
	preempt_disable();
	current_thread()->space = NULL;
	mmu_switch(&mmu_kernel_space);
	preempt_enable();
}

static inline bool rig_begin(struct rig *r)
{
	if (!rig_create(r))
		return false;
	rig_load(r);
	return true;
}

/* Unmaps all of it and frees the tables. Frames stay with the caller. */
static inline void rig_end(struct rig *r)
{
	struct tlb_batch b;

	rig_unload();
	mmu_space_fini(&r->space);
	tlb_batch_begin(&b, &r->space, TLB_EXIT);
	b.dying = true;
	pt_unmap_range(&r->space, 0, USER_END, &b);
	pt_free_tables(&r->space, 0, USER_END, 0, USER_END, &b, &r->nr_tables);
	tlb_batch_end(&b);
	pt_table_free(r->space.top);
}

/* A fresh page filled with a value, or NULL. */
static inline struct page *rig_page(u8 value)
{
	struct page *page = page_alloc(GFP_KERNEL, 0);

	if (page)
		memset(page_to_virt(page), value, PAGE_SIZE);
	return page;
}

static inline u8 page_byte(const struct page *page)
{
	return *(const u8 *)page_to_virt(page);
}

/* none -> leaf at level 0, as a fault would. */
static inline bool rig_map(struct rig *r, vaddr_t va, struct page *page,
			   ptprot_t prot)
{
	struct pt_cursor c;

	if (pt_slot_alloc(&c, &r->space, va, 0, &r->nr_tables))
		return false;
	pt_install(c.slot, pte_make_leaf(page_to_phys(page), prot, 0));
	pt_cursor_end(&c);
	return true;
}

/* The slot of va without its lock: the test is alone. NULL: no table. */
static inline pte_t *rig_slot(struct rig *r, vaddr_t va)
{
	struct pt_cursor c;
	pte_t *slot;

	if (!pt_slot_find(&c, &r->space, va))
		return NULL;
	slot = c.slot;
	pt_cursor_end(&c);
	return slot;
}

static inline ptprot_t rig_prot(struct rig *r, vaddr_t va)
{
	unsigned int level;
	ptprot_t prot;
	paddr_t pa;

	return pt_lookup(&r->space, va, &pa, &prot, &level) ? prot : 0;
}

/* The byte at user address va of the loaded space, or -1. */
static inline int rig_peek(vaddr_t va)
{
	u8 value;

	return arch_copy_from_user(&value, (const void __user *)va, 1) ? -1
								       : value;
}

static inline bool rig_poke(vaddr_t va, u8 value)
{
	return arch_copy_to_user((void __user *)va, &value, 1) == 0;
}

#endif
