/* SPDX-License-Identifier: MIT */
/*
 * What stands behind the pages of a VMA: one small ops table per kind, one
 * file per kind.
 *
 *     anon.c   private memory: zero page for reads, own zeroed page for writes
 *     file.c   page cache of a struct mapping: shared page, or private copy
 *     shmem.c  anonymous memory that fork shares: a mapping without a file
 *
 * The fault pipeline (mm/spaces/fault.c) finds the VMA, checks the rights and
 * the page-table state, then asks the backend for a page; it does the
 * installing.
 */
#ifndef MM_BACKING_BACKING_H
#define MM_BACKING_BACKING_H

#include "lib/types.h"
#include "mm/frames/page_alloc.h"

struct mapping;

enum fault_verdict {
	FAULT_OK,
	FAULT_RETRY,                    /* something changed: run the access again */
	FAULT_SEGV,
	FAULT_BUS,                      /* past the end of the file */
	FAULT_OOM,
};

struct backing_ops {
	const char *name;               /* "anon", "file" */
	bool zero_reads;                /* reads of nothing map the zero page */
	/*
	 * The page at index, with a reference, ready to be mapped. write: a
	 * private page to be written is wanted (anon: fresh zeroed; file
	 * private: a copy). Without write, anon gives the shared zero page,
	 * which is not counted. Sets *major when it had to wait for a device.
	 * Context: thread, no page-table lock. FAULT_OK, _BUS, _OOM, _RETRY.
	 */
	enum fault_verdict (*get_page)(struct mapping *mapping, u64 index,
				       bool write, struct page **out,
				       bool *major);
	/*
	 * Pages that a read fault at index may map along with it: out[i] is
	 * the page at index + i with a reference, or NULL. The range does not
	 * cross an aligned FAULT_AROUND_PAGES. Returns how many; NULL op: none.
	 */
	unsigned int (*around)(struct mapping *mapping, u64 index,
			       unsigned int nr, struct page **out);
	const char *(*check)(struct mapping *mapping);
};

#define FAULT_AROUND_PAGES 16u          /* 64 KiB, as Linux */

extern const struct backing_ops anon_backing;
extern const struct backing_ops file_private_backing;
extern const struct backing_ops file_shared_backing;

/* The one page of zeroes that all read faults on anonymous memory share.
 * Never counted: no leaf that maps it holds a reference. */
extern struct page *zero_page;
extern paddr_t zero_page_pa;           /* its address: asked for at every read fault */
void anon_init(void);

/* A fresh page for a private mapping, type ANON: zeroed, or not. NULL: none. */
struct page *__must_check anon_page_alloc(gfp_t zero);

/* Memory of size bytes that several spaces share, zero at first. The caller
 * owns the one reference: mapping->ops->put. 0 or -ENOMEM. */
int __must_check shmem_create(u64 size, struct mapping **out);

/* ---- counting leaves ------------------------------------------------------
 * Each leaf of a user table that maps an ANON or FILE page holds one reference
 * and counts once in mapcount (page.h [P4]); zero_page does neither.
 */

/* A leaf that takes over a reference its maker already holds. Who sees it counted
 * sees the page's mapping and index. */
static inline void page_leaf_added(struct page *page)
{
	__atomic_fetch_add(&page->mapcount, 1, __ATOMIC_RELEASE);
}

/* One more leaf, with a reference of its own: fork. */
static inline void page_leaf_copied(struct page *page)
{
	__atomic_fetch_add(&page->counts, PAGE_COUNTS_ONE, __ATOMIC_RELAXED);
}

/* A leaf is gone; its reference is the caller's, to be dropped after the flush. */
static inline void page_leaf_removed(struct page *page)
{
	assert_slow(READ_ONCE(page->mapcount) > 0);
	__atomic_fetch_sub(&page->mapcount, 1, __ATOMIC_RELAXED);
}

/* Nobody but the leaf at hand refers to it: it may be written in place. */
static inline bool page_has_one_owner(const struct page *page)
{
	return page->type == PAGE_ANON &&
	       __atomic_load_n(&page->refcount, __ATOMIC_ACQUIRE) == 1;
}

#endif
