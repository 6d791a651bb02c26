/* SPDX-License-Identifier: MIT */
/*
 * All leaves that map a page: through its mapping (mm/backing/rmap.h), or through
 * the family of an anonymous one (mm/backing/family.h).
 */
#ifndef MM_SPACES_RMAP_WALK_H
#define MM_SPACES_RMAP_WALK_H

#include "mm/backing/rmap.h"
#include "mm/spaces/vma.h"

struct page;
struct pt_cursor;

/*
 * Called for each leaf that maps the page: c stands on it, its table is locked.
 * false: enough. Context: rmap.lock and a table lock: never sleeps.
 */
typedef bool rmap_leaf_fn(struct vma *vma, struct pt_cursor *c, void *arg);

/*
 * fn for every leaf that maps a FILE or ANON page. Leaves that come or go at the
 * same time may be missed or seen. A leaf of a table that spaces share is seen in
 * each of them, and is not fn's to change (share.h: [S2]). Returns how many were seen; -EBUSY if a space
 * could not be looked into now, because it is being changed. Context: thread, the
 * caller holds a reference; takes rmap.lock or family->lock: no mapping's lock and
 * no spinlock is held.
 */
int rmap_walk(struct page *page, rmap_leaf_fn *fn, void *arg);

/* Lets truncation reach the spaces (rmap_unmap). Boot, after mm_init(). */
void rmap_walk_init(void);

#endif
