/* SPDX-License-Identifier: MIT */
/*
 * Radix tree from a u64 index to a non-NULL pointer: 64 slots a node, as high
 * as the largest index needs.
 *
 * Nodes come from the callbacks in the tree, so that lib stands on nothing.
 * The caller holds the lock that guards the tree.
 */
#ifndef LIB_RADIX_H
#define LIB_RADIX_H

#include "lib/types.h"

#define RADIX_SHIFT 6
#define RADIX_SLOTS (1 << RADIX_SHIFT)

struct radix_node {
	void *slot[RADIX_SLOTS];        /* children, or values at the bottom */
	u32 count;                      /* slots in use */
	u32 shift;                      /* 0 at the bottom */
};

struct radix_tree {
	struct radix_node *root;
	u64 count;                      /* values in the tree */
	struct radix_node *(*node_alloc)(void);   /* zeroed, or NULL */
	void (*node_free)(struct radix_node *node);
};

void *radix_find(const struct radix_tree *tree, u64 index);
/* 0, -EEXIST, or -ENOMEM without a change. */
int __must_check radix_insert(struct radix_tree *tree, u64 index, void *value);
/* The removed value, or NULL. Empty nodes are freed. */
void *radix_remove(struct radix_tree *tree, u64 index);
/* First value with index >= *index, whose index is stored there; or NULL. */
void *radix_next(const struct radix_tree *tree, u64 *index);

#endif
