/* SPDX-License-Identifier: MIT */
/*
 * The interval tree of a mapping: which ranges of a file are mapped.
 *
 *	first 0   ├──────────┤  most 9
 *	first 3       ├──┤      most 5
 *	first 7            ├─┤  most 9
 *
 * A red-black tree by first page. Each link knows the largest end of its
 * subtree, so a subtree that ends before the wanted range is skipped whole:
 * a query costs O(log n + hits).
 *
 * Locking: rmap.lock, everywhere. It comes after mm->lock (whoever changes a VMA
 * holds that) and after mapping.lock (truncation), before page tables.
 */
#include "mm/backing/rmap.h"

void (*rmap_unmap)(struct mapping *m, u64 first, u64 end, bool copies);

static struct rmap_link *rmap_link_of(const struct rb_node *node)
{
	return node ? rb_entry(node, struct rmap_link, node) : NULL;
}

/* rb_augment_fn: the largest end of a subtree. */
static void rmap_most_augment(struct rb_node *node)
{
	struct rmap_link *link = rmap_link_of(node);
	u64 most = link->end;

	if (node->left)
		most = MAX(most, rmap_link_of(node->left)->most);
	if (node->right)
		most = MAX(most, rmap_link_of(node->right)->most);
	link->most = most;
}

/** rmap_init() - nothing is mapped. Context: any. */
void rmap_init(struct rmap *r)
{
	mutex_init(&r->lock, RANK_FILE_RMAP);
	r->links = (struct rb_root){ .augment = rmap_most_augment };
}

/** rmap_insert() - link->first and end are set. Context: rmap.lock. */
void rmap_insert(struct rmap *r, struct rmap_link *link)
{
	struct rb_node **place = &r->links.node, *parent = NULL;

	while (*place) {
		parent = *place;
		place = link->first < rmap_link_of(parent)->first
				? &parent->left
				: &parent->right;
	}
	rb_insert(&r->links, &link->node, parent, place);
}

/** rmap_remove() - it maps nothing any more. Context: rmap.lock. */
void rmap_remove(struct rmap *r, struct rmap_link *link)
{
	rb_erase(&r->links, &link->node);
}

/* The leftmost link below node that overlaps [first, end), or NULL. */
static struct rmap_link *rmap_descend(const struct rb_node *node, u64 first,
				      u64 end)
{
	while (node) {
		struct rmap_link *link = rmap_link_of(node);

		if (node->left && rmap_link_of(node->left)->most > first) {
			node = node->left;      /* if none is there: nor here */
			continue;
		}
		if (link->first >= end)
			return NULL;
		if (link->end > first)
			return link;
		node = node->right;
	}
	return NULL;
}

/**
 * rmap_find() - the first link that maps a page of [first, end), or NULL
 *
 * Context: rmap.lock.
 */
struct rmap_link *rmap_find(const struct rmap *r, u64 first, u64 end)
{
	return rmap_descend(r->links.node, first, end);
}

/**
 * rmap_next() - the next one after link in order, or NULL
 *
 * Context: rmap.lock, held since link was found.
 */
struct rmap_link *rmap_next(struct rmap_link *link, u64 first, u64 end)
{
	const struct rb_node *node = &link->node, *parent;
	struct rmap_link *next;

	if (node->right && rmap_link_of(node->right)->most > first) {
		next = rmap_descend(node->right, first, end);
		if (next)
			return next;
	}
	while ((parent = rb_parent(node))) {
		bool from_left = parent->left == node;

		node = parent;
		if (!from_left)
			continue;
		link = rmap_link_of(node);
		if (link->first >= end)
			return NULL;
		if (link->end > first)
			return link;
		next = rmap_descend(node->right, first, end);
		if (next)
			return next;
	}
	return NULL;
}

/** rmap_check() - NULL, or the broken invariant. Context: rmap.lock. */
const char *rmap_check(struct rmap *r)
{
	const char *why = rb_check(&r->links);
	struct rb_node *node;
	u64 last = 0;

	for (node = rb_first(&r->links); node && !why; node = rb_next(node)) {
		struct rmap_link *link = rmap_link_of(node);
		u64 most = link->most;

		if (link->first < last || link->first >= link->end)
			why = "[R1] links out of order, or an empty one";
		rmap_most_augment(node);
		if (link->most != most)
			why = "[R2] most is not the largest end of the subtree";
		last = link->first;
	}
	return why;
}
