/* SPDX-License-Identifier: MIT */
/*
 * The reference of space_model: a window of pages in an array, and what an
 * access, a fork or a look at the VMAs would find there.
 */
#ifndef TESTS_UNIT_SPACE_REF_H
#define TESTS_UNIT_SPACE_REF_H

#include "tests/kernel/space.h"

#define PAGES      180
#define HEAP       120                  /* page where the heap starts */
#define BASE       ((vaddr_t)0x80000000 - 90 * PAGE_SIZE)  /* over a table border */
#define AT(page)   (BASE + (page) * PAGE_SIZE)
#define BYTE       1234                 /* offset of the byte that counts */
#define SPACES     5
#define OBJECTS    12
#define OBJ_PAGES  24

/* A file or a piece of shared memory: its contents, one byte a page. */
struct object {
	struct mapping *mapping;        /* NULL: free */
	bool ours;                      /* a file: we hold a reference */
	u32 pages;
	u8 byte[OBJ_PAGES];
};

struct ref_page {
	bool mapped;
	bool shared;
	bool own;                       /* private page of a file: copied */
	u8 prot;
	u8 advice;                      /* 1: DONTFORK, 2: WIPEONFORK */
	s8 object;                      /* -1: anonymous */
	u8 byte;                        /* contents, if anonymous or own */
	u32 index;                      /* page of the object */
	vaddr_t moved_by;               /* as the kernel's VMA says; [A2] proves it */
};

struct ref_space {
	struct mm *mm;                  /* NULL: free */
	u32 brk;                        /* pages of heap */
	struct ref_page page[PAGES];
};

static struct object object[OBJECTS];

/* ---- what the reference says ---------------------------------------------------------- */

/* The same VMA goes on from a to b, its next page. */
static inline bool continues(const struct ref_page *a, const struct ref_page *b)
{
	return a->mapped && b->mapped && a->prot == b->prot &&
	       a->shared == b->shared && a->advice == b->advice &&
	       a->object == b->object && a->moved_by == b->moved_by &&
	       (a->object < 0 || a->index + 1 == b->index);
}

static inline u32 ref_count_vmas(const struct ref_space *s)
{
	u32 nr = 0;

	for (u32 i = 0; i < PAGES; i++)
		nr += s->page[i].mapped &&
		      (i == 0 || !continues(&s->page[i - 1], &s->page[i]));
	return nr;
}

/* The byte at page i, or -1: no access. */
static inline int ref_read(const struct ref_space *s, u32 i)
{
	const struct ref_page *p = &s->page[i];

	if (!p->mapped || p->prot == PROT_NONE)
		return -1;
	if (p->object < 0 || p->own)
		return p->byte;
	return p->index < object[p->object].pages
		       ? object[p->object].byte[p->index]
		       : -1;
}

static inline bool ref_write(struct ref_space *s, u32 i, u8 value)
{
	struct ref_page *p = &s->page[i];

	if (!p->mapped || !(p->prot & PROT_WRITE))
		return false;
	if (p->object >= 0 && !p->own && p->index >= object[p->object].pages)
		return false;
	if (p->object >= 0 && p->shared) {
		object[p->object].byte[p->index] = value;
		return true;
	}
	p->own = p->object >= 0;
	p->byte = value;
	return true;
}

static inline void ref_unmap(struct ref_space *s, u32 start, u32 end)
{
	for (; start < end; start++)
		s->page[start] = (struct ref_page){ .mapped = false };
}

static inline u32 ref_mapped(const struct ref_space *s)
{
	u32 nr = 0;

	for (u32 i = 0; i < PAGES; i++)
		nr += s->page[i].mapped;
	return nr;
}

#endif
