/* SPDX-License-Identifier: MIT */
/*
 * rmap: from a page of a file back to everything that maps it.
 *
 * Each mapping of a file keeps the ranges of it that address spaces map, as an
 * interval tree; a VMA embeds its struct rmap_link. From a page, mapping and
 * index name the links that cover it, a link names the address, and the
 * page table there says whether the page is mapped (mm/spaces/rmap_walk.h).
 *
 *	page ─► mapping, index ─► links over index ─► VMA ─► address ─► leaf
 *
 * Invariants (rmap_check): [R1] links are sorted by first, and none is empty;
 * [R2] most is the largest end in the link's subtree.
 *
 * Whoever holds rmap.lock knows that every linked VMA keeps its range, its space
 * and the page tables below it: a VMA leaves the tree, or changes its range, before
 * tables go. Ref: [CLRS] 14.3 "Interval trees".
 */
#ifndef MM_BACKING_RMAP_H
#define MM_BACKING_RMAP_H

#include "kernel/base/lock.h"
#include "lib/rbtree.h"

struct mapping;

/* Pages [first, end) of a file that one VMA maps. [rmap.lock] */
struct rmap_link {
	struct rb_node node;
	u64 first;                      /* page of the file */
	u64 end;
	u64 most;                       /* largest end in this subtree */
};

struct rmap {
	struct mutex lock;
	struct rb_root links;
};

void rmap_init(struct rmap *r);

static inline void rmap_lock(struct rmap *r) __acquires_lock(&r->lock)
{
	mutex_lock(&r->lock);
}

static inline void rmap_unlock(struct rmap *r) __releases_lock(&r->lock)
{
	mutex_unlock(&r->lock);
}

/*
 * For a walk over VMAs, of which neighbours often map one file: the lock of the
 * file at hand is held until another file's is needed (NULL: none is).
 */
static inline void rmap_lock_next(struct rmap **held, struct rmap *next)
	__no_thread_safety
{
	if (!next || next == *held)
		return;
	if (*held)
		rmap_unlock(*held);
	rmap_lock(next);
	*held = next;
}

static inline void rmap_unlock_last(struct rmap *held) __no_thread_safety
{
	if (held)
		rmap_unlock(held);
}

/* All below: rmap.lock. */
void rmap_insert(struct rmap *r, struct rmap_link *link);
void rmap_remove(struct rmap *r, struct rmap_link *link);

/* The first link that maps a page of [first, end), and the one after it. */
struct rmap_link *rmap_find(const struct rmap *r, u64 first, u64 end);
struct rmap_link *rmap_next(struct rmap_link *link, u64 first, u64 end);

const char *rmap_check(struct rmap *r);

/*
 * Upcall, set by rmap_walk_init(): takes the leaves of pages [first, end) out of all
 * spaces that map m, flushed when it returns. copies: private copies too
 * (truncation), not only the cache's own pages (a hole). Context: thread, m->lock.
 */
extern void (*rmap_unmap)(struct mapping *m, u64 first, u64 end, bool copies);

#endif
