/* SPDX-License-Identifier: MIT */
/*
 * Intrusive red-black tree with an optional augmentation.
 *
 * The owner does the search itself (comparison stays inline and visible) and
 * hands over the place: parent and link. With an augment callback each node
 * can carry a value derived from its subtree (the VMA tree: the largest gap);
 * rb_insert, rb_erase and rb_update keep it right along the changed path.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "lib/types.h"

struct rb_node {
	uintptr_t parent_color;         /* parent pointer | RB_BLACK */
	struct rb_node *left;
	struct rb_node *right;
};

/* Recomputes node's derived value from its own data and its two children. */
typedef void rb_augment_fn(struct rb_node *node);

struct rb_root {
	struct rb_node *node;
	rb_augment_fn *augment;         /* NULL: plain tree */
};

static inline struct rb_node *rb_parent(const struct rb_node *n)
{
	return (struct rb_node *)(n->parent_color & ~(uintptr_t)3);
}

void rb_insert(struct rb_root *root, struct rb_node *node,
	       struct rb_node *parent, struct rb_node **link);
void rb_erase(struct rb_root *root, struct rb_node *node);
/* node's own data changed: recompute it and its ancestors. */
void rb_update(struct rb_root *root, struct rb_node *node);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
/* NULL, or which red-black invariant is broken. */
const char *rb_check(const struct rb_root *root);

#define rb_entry(node, type, member) container_of(node, type, member)

#endif
