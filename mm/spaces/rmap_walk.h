/* SPDX-License-Identifier: MIT */
/*
 * All leaves that map a page, through its mapping (mm/backing/rmap.h).
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
 * fn for every leaf that maps a FILE page. Leaves that come or go at the same
 * time may be missed or seen. Returns how many were seen. Context: thread, the
 * caller holds a reference; takes rmap.lock: neither that nor a spinlock is held.
 */
unsigned int rmap_walk(struct page *page, rmap_leaf_fn *fn, void *arg);

/* Lets truncation reach the spaces (rmap_unmap). Boot, after mm_init(). */
void rmap_walk_init(void);

#endif
