/* SPDX-License-Identifier: MIT */
/*
 * User leaves: the page behind one, and the counters that go with it.
 *
 * User spaces have leaves of level 0 only, so far. A VMA without any rights
 * (PROT_NONE) keeps its pages in silent leaves (arch/mmu.h): frame, young and
 * dirty stay, and any access, the kernel's user copies too, faults.
 */
#ifndef MM_SPACES_LEAF_H
#define MM_SPACES_LEAF_H

#include "arch/mmu.h"
#include "kernel/base/explore.h"
#include "mm/backing/backing.h"
#include "mm/spaces/mm.h"

static inline struct page *leaf_page(pte_t e)
{
	assert_slow(pte_kind(e, 0) == PTE_LEAF);
	return phys_to_page(pte_paddr(e, 0));
}

/* Which RSS counter a mapped page belongs to. Not for zero_page. */
static inline unsigned int page_rss_kind(const struct page *page)
{
	if (likely(page->type == PAGE_ANON))
		return RSS_ANON;
	return READ_ONCE(page->flags) & PG_SHMEM ? RSS_SHMEM : RSS_FILE;
}

/* An anonymous page is about to get its first leaf: what rmap_walk() will go by
 * (family.h). */
static inline void page_settle(struct page *page, const struct vma *vma,
			       vaddr_t va)
{
	page->mapping = vma->mm->family;
	page->index = vma_home(vma, va);
}

/* Instructions arrive as data: before a leaf lets anybody fetch from a page,
 * the fetching side learns of its contents, once. */
static inline void leaf_sync_icache(struct page *page, ptprot_t prot)
{
	if (likely(!(prot & PT_EXEC)) || READ_ONCE(page->flags) & PG_EXEC_READY)
		return;
	icache_sync(page_to_virt(page), PAGE_SIZE);
	__atomic_fetch_or(&page->flags, PG_EXEC_READY, __ATOMIC_RELAXED);
}

/* Shares the anonymous page behind a leaf: read-only there, the same leaf in an
 * empty slot of another table. Returns whether the old leaf lost a right.
 * Context: lock of the old leaf's table. */
static inline bool leaf_share(pte_t *slot, pte_t e, pte_t *copy,
			      struct page *page)
{
	ptprot_t prot = pte_prot(e, 0);
	bool was_writable = prot & PT_WRITE;

	if (was_writable) {
		prot &= ~(ptprot_t)PT_WRITE;
		e = pte_with_prot(e, prot, 0);
		pt_set_prot(slot, prot, 0);
		yield_point(fork_shared);
	}
	page_leaf_copied(page);
	pt_install(copy, e);
	return was_writable;
}

/*
 * What a walk over many leaves adds up, so that the shared counters change
 * once: struct rss_delta d = { 0 }; … d.nr[kind]++ …; mm_add_rss(mm, &d).
 */
struct rss_delta {
	s64 nr[RSS_NR];                 /* pages */
};

static inline void mm_add_rss(struct mm *mm, const struct rss_delta *d)
{
	unsigned int i;

	for (i = 0; i < RSS_NR; i++)
		if (d->nr[i])
			__atomic_fetch_add(&mm->rss[i], d->nr[i],
					   __ATOMIC_RELAXED);
}

#endif
