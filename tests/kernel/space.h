/* SPDX-License-Identifier: MIT */
/*
 * An address space for a test, and user accesses without a user program.
 *
 *	struct mm *mm = space_enter();		// or NULL: no memory
 *	vaddr_t at = space_map(mm, pages, PROT_READ | PROT_WRITE);
 *	EXPECT(user_poke(at, 1));
 *	space_leave(mm);
 *
 * The accesses are the kernel's user copies: they translate in the space of
 * the calling thread, fault, and end early where the fault is not resolved.
 */
#ifndef TESTS_KERNEL_SPACE_H
#define TESTS_KERNEL_SPACE_H

#include "kernel/base/sched.h"
#include "mm/backing/backing.h"
#include "mm/backing/mapping.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mmap.h"
#include "mm/spaces/uaccess.h"
#include "mm/tables/pgtable.h"

#define SPACE_RW (PROT_READ | PROT_WRITE)

static inline struct mm *space_enter(void)
{
	struct mm *mm;

	if (mm_create(&mm))
		return NULL;
	mm_use(current_thread(), mm);
	return mm;
}

static inline void space_leave(struct mm *mm)
{
	mm_use(current_thread(), NULL);
	mm_put(mm);
}

/* Any request at any place; the address, or 0 with *err. */
static inline vaddr_t space_mmap(struct mm *mm, vaddr_t addr, size_t pages,
				 u32 prot, u32 flags, struct mapping *m,
				 int *err)
{
	struct mmap_request rq = { .addr = addr, .len = pages * PAGE_SIZE,
				   .prot = prot, .flags = flags, .mapping = m,
				   .may_read = true, .may_write = true };
	vaddr_t at = 0;

	*err = mm_mmap(mm, &rq, &at);
	return *err ? 0 : at;
}

/* Private anonymous memory; 0: failed. */
static inline vaddr_t space_map(struct mm *mm, size_t pages, u32 prot)
{
	int err;

	return space_mmap(mm, 0, pages, prot, MAP_PRIVATE | MAP_ANONYMOUS, NULL,
			  &err);
}

/* The same at a fixed address; false: failed. */
static inline bool space_map_at(struct mm *mm, vaddr_t at, size_t pages,
				u32 prot)
{
	int err;

	return space_mmap(mm, at, pages, prot,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL,
			  &err) == at;
}

static inline bool user_poke(vaddr_t va, u8 value)
{
	return !copy_to_user((void __user *)va, &value, 1);
}

/* The byte at va, or -1: the access failed. */
static inline int user_peek(vaddr_t va)
{
	u8 value;

	return copy_from_user(&value, (void __user *)va, 1) ? -1 : value;
}

/* The page that a leaf maps at va, or NULL: none. */
static inline struct page *space_page(struct mm *mm, vaddr_t va)
{
	unsigned int level;
	ptprot_t prot;
	paddr_t pa;

	return pt_lookup(&mm->space, va, &pa, &prot, &level) ? phys_to_page(pa)
							     : NULL;
}

/* Rights of the leaf at va, 0: none. */
static inline ptprot_t space_prot(struct mm *mm, vaddr_t va)
{
	unsigned int level;
	ptprot_t prot;
	paddr_t pa;

	if (!pt_lookup(&mm->space, va, &pa, &prot, &level))
		return 0;
	return prot & (PT_USER | PT_READ | PT_WRITE | PT_EXEC);
}

#endif
