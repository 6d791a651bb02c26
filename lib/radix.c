/* SPDX-License-Identifier: MIT */
/*
 * Radix tree: 64-way branching on six bits of the index at a time.
 *
 *	index 0x1043 = 1 │ 1 │ 3 (base 64)
 *
 *	root, shift 12 ─[1]─► shift 6 ─[1]─► shift 0 ─[3]─► value
 *
 * The tree is only as high as its largest index needs: an index beyond the
 * root's reach puts a new root on top, a root whose only child is its slot 0
 * is taken away again. Finding and inserting touch one node a level, at most
 * eleven for 64 bits.
 *
 * Invariants:
 *  [R1] a node's shift is its parent's shift - RADIX_SHIFT; leaves have 0;
 *  [R2] node->count is the number of its slots that are not NULL, and > 0;
 *  [R3] tree->count is the number of values;
 *  [R4] a root with shift > 0 has more than slot 0 in use (lowest height).
 *
 * Insertion allocates before it links: a chain of new nodes is complete
 * before it becomes visible, so that -ENOMEM leaves the tree as it was.
 */
#include "lib/radix.h"

#include "lib/errno.h"

/* Highest level of a 64-bit index: shift 60, of which four bits are used. */
#define RADIX_MAX_SHIFT 60
#define RADIX_MAX_DEPTH (RADIX_MAX_SHIFT / RADIX_SHIFT + 1)

static unsigned int radix_slot(u64 index, u32 shift)
{
	return index >> shift & (RADIX_SLOTS - 1);
}

/* Whether a tree with this root can hold index. */
static bool radix_reaches(const struct radix_node *root, u64 index)
{
	return root && (root->shift + RADIX_SHIFT >= 64 ||
			index >> (root->shift + RADIX_SHIFT) == 0);
}

/**
 * radix_find() - the value at index, or NULL
 *
 * Context: the tree's lock, if others change it.
 */
void *radix_find(const struct radix_tree *tree, u64 index)
{
	const struct radix_node *node = tree->root;

	if (!radix_reaches(node, index))
		return NULL;
	while (node->shift) {
		node = node->slot[radix_slot(index, node->shift)];
		if (!node)
			return NULL;
	}
	return node->slot[radix_slot(index, 0)];
}

static void radix_set(struct radix_node *node, u64 index, void *entry)
{
	node->slot[radix_slot(index, node->shift)] = entry;
	node->count++;
}

/* A chain of nodes from shift down to 0 that holds only value; NULL: none of
 * it was built. */
static struct radix_node *radix_chain(struct radix_tree *tree, u64 index,
				      u32 shift, void *value)
{
	struct radix_node *below = NULL, *node;
	u32 s;

	for (s = 0; s <= shift; s += RADIX_SHIFT) {
		node = tree->node_alloc();
		if (!node)
			break;
		node->shift = s;
		radix_set(node, index, below ? (void *)below : value);
		below = node;
	}
	if (s > shift)
		return below;
	while (below) {
		node = below->shift
			       ? below->slot[radix_slot(index, below->shift)]
			       : NULL;
		tree->node_free(below);
		below = node;
	}
	return NULL;
}

/* Lowest shift of a root that reaches index. */
static u32 radix_shift_for(u64 index)
{
	return index ? ilog2(index) / RADIX_SHIFT * RADIX_SHIFT : 0;
}

/* Puts one more root on top of the tree. */
static int radix_raise(struct radix_tree *tree)
{
	struct radix_node *node = tree->node_alloc();

	if (!node)
		return -ENOMEM;
	node->shift = tree->root->shift + RADIX_SHIFT;
	node->slot[0] = tree->root;
	node->count = 1;
	tree->root = node;
	return 0;
}

/* Takes roots away that only lead to their slot 0 [R4]. */
static void radix_lower(struct radix_tree *tree)
{
	struct radix_node *root;

	while ((root = tree->root) && root->shift && root->count == 1 &&
	       root->slot[0]) {
		tree->root = root->slot[0];
		tree->node_free(root);
	}
}

/**
 * radix_insert() - put value, not NULL, at index
 *
 * Context: the tree's lock; node_alloc's context.
 * Return: 0, -EEXIST, or -ENOMEM without a change.
 */
int radix_insert(struct radix_tree *tree, u64 index, void *value)
{
	struct radix_node *node, *chain;
	void **slot;

	if (!tree->root) {
		tree->root = radix_chain(tree, index, radix_shift_for(index),
					 value);
		if (!tree->root)
			return -ENOMEM;
		tree->count++;
		return 0;
	}
	while (!radix_reaches(tree->root, index))
		if (radix_raise(tree))
			goto no_memory;
	node = tree->root;
	slot = &node->slot[radix_slot(index, node->shift)];
	while (node->shift && *slot) {
		node = *slot;
		slot = &node->slot[radix_slot(index, node->shift)];
	}
	if (*slot)
		return -EEXIST;
	if (node->shift) {
		chain = radix_chain(tree, index, node->shift - RADIX_SHIFT,
				    value);
		if (!chain)
			goto no_memory;
		value = chain;
	}
	*slot = value;
	node->count++;
	tree->count++;
	return 0;
no_memory:
	radix_lower(tree);
	return -ENOMEM;
}

/**
 * radix_remove() - take the value at index out, with the nodes it leaves empty
 *
 * Context: the tree's lock; node_free's context. Return: the value, or NULL.
 */
void *radix_remove(struct radix_tree *tree, u64 index)
{
	struct radix_node *path[RADIX_MAX_DEPTH];
	unsigned int depth = 0;
	void *entry = tree->root;

	if (!radix_reaches(tree->root, index))
		return NULL;
	do {
		path[depth] = entry;
		entry = path[depth]
				->slot[radix_slot(index, path[depth]->shift)];
		if (!entry)
			return NULL;
	} while (path[depth++]->shift);

	tree->count--;
	while (depth--) {
		struct radix_node *node = path[depth];

		node->slot[radix_slot(index, node->shift)] = NULL;
		if (--node->count)
			break;
		if (!depth)
			tree->root = NULL;
		tree->node_free(node);
	}
	radix_lower(tree);
	return entry;
}

/**
 * radix_next() - the first value at or after *index
 *
 * Stores its index in *index; a loop adds 1 and stops when that wraps to 0.
 * Context: the tree's lock. Return: the value, or NULL: no more.
 */
void *radix_next(const struct radix_tree *tree, u64 *index)
{
	u64 at = *index;

	while (radix_reaches(tree->root, at)) {
		const struct radix_node *node = tree->root;
		void *entry;

		/* Down as far as there is something on the way. */
		while ((entry = node->slot[radix_slot(at, node->shift)]) &&
		       node->shift)
			node = entry;
		if (entry) {
			*index = at;
			return entry;
		}
		/* Nothing below this slot: on to the start of the next one. */
		at = (at >> node->shift) + 1;
		if (at << node->shift >> node->shift != at)
			return NULL;
		at <<= node->shift;
		if (!at)
			return NULL;
	}
	return NULL;
}
