/* SPDX-License-Identifier: MIT */
/*
 * Page tables that relatives share after fork, copy-on-write like pages.
 *
 *	parent ─ level 1 ─┐ no writing below
 *	                  ├─► level-0 table ─► frames      share.c
 *	child  ─ level 1 ─┘ no writing below
 *
 * Whoever is about to change leaves of a range calls share_own_range() first, or,
 * when all of them go, share_own_borders(), which may fail, and share_leave_range().
 * A space that shares nothing pays one load for it.
 */
#ifndef MM_SPACES_SHARE_H
#define MM_SPACES_SHARE_H

#include "mm/spaces/mm.h"

/* VMAs from this size on share tables; ~0: none does. Boot option fork_share. */
extern u64 share_min_bytes;
void share_init(void);

/* Whether a fork shares tables of this VMA: the rest is share_find_part()'s. */
static inline bool share_is_for(const struct vma *vma)
{
	return unlikely(vma->end - vma->start >= share_min_bytes);
}

void share_find_part(const struct vma *vma, vaddr_t *start, vaddr_t *end);
int __must_check share_tables(struct mm *parent, struct mm *child,
			      vaddr_t start, vaddr_t end,
			      struct tlb_batch *batch);

int __must_check share_own_tables(struct mm *mm, vaddr_t start, vaddr_t end);
int __must_check share_own_ends(struct mm *mm, vaddr_t start, vaddr_t end);
int __must_check share_own_page(struct mm *mm, vaddr_t va);
void share_own_all(void);
bool share_denies_slow(struct mm *mm, vaddr_t va);
void share_leave_tables(struct mm *mm, vaddr_t start, vaddr_t end,
			struct tlb_batch *batch);
const char *share_check(struct mm *mm);

/* Whether the table of va is not this space's own. Context: mm->lock. */
static inline bool share_denies_write(struct mm *mm, vaddr_t va)
{
	return unlikely(mm->nr_shared) && share_denies_slow(mm, va);
}

/*
 * Makes every table that [start, end) touches the space's own, before leaves
 * change. Context: mm->lock for writing. 0, or -ENOMEM: no program can tell what
 * was done.
 */
static inline int __must_check share_own_range(struct mm *mm, vaddr_t start,
					       vaddr_t end)
{
	if (likely(!mm->nr_shared))
		return 0;
	return share_own_tables(mm, start, end);
}

/*
 * The same for tables that lie only partly in [start, end), whose leaves are all
 * to go. Context: mm->lock, for writing if nr_shared is not 0.
 */
static inline int __must_check share_own_borders(struct mm *mm, vaddr_t start,
						 vaddr_t end)
{
	if (likely(!mm->nr_shared))
		return 0;
	return share_own_ends(mm, start, end);
}

/*
 * Before the leaves of [start, end) go: lets go of the shared tables among them.
 * Context: mm->lock for writing if nr_shared is not 0, or a space that nobody uses
 * any more; the batch may flush.
 */
static inline void share_leave_range(struct mm *mm, vaddr_t start, vaddr_t end,
				     struct tlb_batch *batch)
{
	if (unlikely(mm->nr_shared))
		share_leave_tables(mm, start, end, batch);
}

#endif
