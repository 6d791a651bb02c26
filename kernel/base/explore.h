/* SPDX-License-Identifier: MIT */
/*
 * Yield points: the places where it matters who comes next.
 *
 *	fault:  peek at the entry ──● fault_peeked ──► lock, look again
 *	unmap:  clear the leaf ──● tlb_flush ──► flush ──● tlb_put ──► free
 *
 * Two CPUs go wrong together in the gap between a look and what follows from
 * it. Every such gap that no lock marks has a name here, and a call
 *
 *	yield_point(fault_peeked);
 *
 * in the code. It is nothing at all (QUIRE_EXPLORE is 0) but in the explorer
 * of tests/unit, which there lets another CPU go on. Lock acquisitions are
 * yield points by themselves.
 */
#ifndef KERNEL_BASE_EXPLORE_H
#define KERNEL_BASE_EXPLORE_H

#include "lib/compiler.h"

/* X(name, the gap) */
#define YIELD_POINTS(X)                                                        \
	X(fault_peeked, "the entry was read without its table's lock")         \
	X(fault_has_page, "the backing gave a page, it is in no table yet")    \
	X(cow_one_owner, "one owner was seen, the leaf is still read-only")    \
	X(cow_copied, "the copy is made, the leaf still has the old page")     \
	X(cow_switched, "the leaf has the copy, the old page a reference")     \
	X(fork_shared, "read-only in the tables, perhaps not in a TLB")        \
	X(share_copied,                                                        \
	  "a table's copy is made, the shared one still in place")             \
	X(share_broken,                                                        \
	  "the entry of a shared table is gone, perhaps in a TLB")             \
	X(share_alone, "no other space has the table, writing still denied")   \
	X(unmap_cleared, "the leaf is gone, its page not yet in the batch")    \
	X(mprotect_asked, "the owners were counted, the leaf is as it was")    \
	X(table_made, "a new table, not linked yet")                           \
	X(tlb_flush, "weaker in the tables, perhaps not in a TLB")             \
	X(tlb_put, "flushed, the frames not freed yet")                        \
	X(page_unowned, "the last reference is gone, the page not free")       \
	X(slab_chain, "objects are on no list")                                \
	X(mapping_missed, "not in the cache a moment ago, m->lock not taken")  \
	X(mapping_epoch, "the epoch says that pages leave, they are there")    \
	X(mapping_emptied, "pages left the cache, leaves still map them")

enum yield_id {
#define X(name, gap) YIELD_##name,
	YIELD_POINTS(X)
#undef X
		YIELD_NR,
};

/* The explorer: may let another CPU run before it returns. */
void explore_yield(enum yield_id id);

#define yield_point(name)                                                      \
	do {                                                                   \
		if (QUIRE_EXPLORE)                                             \
			explore_yield(YIELD_##name);                           \
	} while (0)

#endif
