/* SPDX-License-Identifier: MIT */
/*
 * Families: the spaces that fork made of one another, and so may share anonymous
 * pages.
 *
 *	exec ─► a family of one space
 *	fork ─► one member more
 *
 *	page ─► mapping: the family it was born in ─► each member
 *	     ─► index: its home                    ─► the address there ─► leaf
 *
 * The home of a page is the page number at which it was faulted in. Fork keeps
 * addresses, so it is at home in every relative; only mremap takes pages
 * elsewhere, and then the VMA says how far (vma->moved_by). So the way back from
 * an anonymous page needs nothing for each VMA and nothing for each leaf: two
 * words that struct page has anyway, and one list entry for each space.
 *
 * Invariants (mm_check): [A1] an anonymous page has the family of every space
 * that maps it; [A2] it is mapped at its home plus moved_by of its VMA.
 *
 * Who holds family->lock knows that no member goes, and that its tables stay if
 * its mm->lock can be had: a space leaves before it is torn down. A family lives as
 * long as a member, until that member's last leaf is gone; so a page with a leaf
 * has a family that lives (family_of_page).
 */
#ifndef MM_BACKING_FAMILY_H
#define MM_BACKING_FAMILY_H

#include "kernel/base/lock.h"
#include "mm/frames/page.h"

struct family {
	struct mutex lock;              /* before it only mm->lock; see rmap_walk.c */
	struct list_node members;       /* [lock] struct mm.family_node */
	u32 refs;                       /* spaces and walks [families_lock] */
};

/* A family without members, with one reference. NULL: no memory. */
struct family *__must_check family_create(void);
struct family *family_get(struct family *family);
void family_put(struct family *family);

/* A space can be found by walks from now on; no more. Context: thread. */
void family_join(struct family *family, struct list_node *member);
void family_leave(struct family *family, struct list_node *member);

/* The family of an anonymous page, with a reference; NULL: no leaf maps it. */
struct family *family_of_page(struct page *page);

void family_cache_init(void);

#endif
