/* SPDX-License-Identifier: MIT */
/*
 * Red-black tree: a binary search tree that stays balanced by colour.
 *
 *               ● 8                 ● black   ○ red
 *            ╱      ╲
 *         ○ 3        ● 12
 *        ╱   ╲            ╲
 *      ● 1   ● 5          ○ 15
 *
 * Invariants (rb_check):
 *  [RB1] the root is black; missing children count as black;
 *  [RB2] a red node has no red child;
 *  [RB3] every path from a node down to a missing child has the same number of
 *        black nodes, so no path is more than twice as long as another;
 *  [RB4] parent pointers lead back where child pointers came from.
 *
 * A new node is red, which can only break [RB2] with its parent; erasing a
 * black node breaks [RB3], and the missing black moves up until a red node can
 * take it. Both repairs rotate at most three times.
 *
 * Augmentation: rotations recompute the two nodes they turn, insertion and
 * erasure the whole path from the deepest change to the root. That is
 * logarithmic and simple; an early stop would have to compare derived values
 * that only the owner knows.
 *
 * Locking: the owner's. References: [CLRS] chapter 13.
 */
#include "lib/rbtree.h"

#define RB_BLACK ((uintptr_t)1)

static bool rb_is_red(const struct rb_node *n)
{
	return n && !(n->parent_color & RB_BLACK);
}

static void rb_set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_color = (uintptr_t)parent | (n->parent_color & RB_BLACK);
}

static void rb_set_red(struct rb_node *n)
{
	n->parent_color &= ~RB_BLACK;
}

static void rb_set_black(struct rb_node *n)
{
	n->parent_color |= RB_BLACK;
}

/* Puts new where old hangs below parent (NULL: at the root). */
static void rb_change_child(struct rb_root *root, struct rb_node *parent,
			    struct rb_node *old, struct rb_node *new)
{
	if (!parent)
		root->node = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
}

static void rb_recompute(struct rb_root *root, struct rb_node *n)
{
	if (root->augment)
		root->augment(n);
}

/* n goes down to the left, its right child takes its place. */
static void rb_rotate_left(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *up = n->right, *parent = rb_parent(n);

	n->right = up->left;
	if (n->right)
		rb_set_parent(n->right, n);
	up->left = n;
	rb_change_child(root, parent, n, up);
	rb_set_parent(up, parent);
	rb_set_parent(n, up);
	rb_recompute(root, n);
	rb_recompute(root, up);
}

/* n goes down to the right, its left child takes its place. */
static void rb_rotate_right(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *up = n->left, *parent = rb_parent(n);

	n->left = up->right;
	if (n->left)
		rb_set_parent(n->left, n);
	up->right = n;
	rb_change_child(root, parent, n, up);
	rb_set_parent(up, parent);
	rb_set_parent(n, up);
	rb_recompute(root, n);
	rb_recompute(root, up);
}

/* n is red and may have a red parent: restore [RB2], then [RB1]. */
static void rb_fix_red(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *parent, *grand, *uncle;

	while ((parent = rb_parent(n)) && rb_is_red(parent)) {
		grand = rb_parent(parent);      /* exists: the root is black */
		uncle = grand->left == parent ? grand->right : grand->left;
		if (rb_is_red(uncle)) {
			/* Push grand's black down to both; go on above. */
			rb_set_black(parent);
			rb_set_black(uncle);
			rb_set_red(grand);
			n = grand;
			continue;
		}
		if (grand->left == parent) {
			if (parent->right == n) {
				rb_rotate_left(root, parent);
				parent = n;
			}
			rb_rotate_right(root, grand);
		} else {
			if (parent->left == n) {
				rb_rotate_right(root, parent);
				parent = n;
			}
			rb_rotate_left(root, grand);
		}
		rb_set_black(parent);
		rb_set_red(grand);
		break;
	}
	rb_set_black(root->node);
}

/**
 * rb_insert() - link node below parent at *link and rebalance
 *
 * link is &parent->left, &parent->right, or &root->node with parent NULL: the
 * empty place where the owner's search ended. Context: the owner's lock.
 */
void rb_insert(struct rb_root *root, struct rb_node *node,
	       struct rb_node *parent, struct rb_node **link)
{
	node->parent_color = (uintptr_t)parent;
	node->left = NULL;
	node->right = NULL;
	*link = node;
	rb_update(root, node);
	rb_fix_red(root, node);
}

/*
 * The subtree n (may be NULL) below parent lacks one black node: restore
 * [RB3]. The sibling exists, for its side has a black more than n's.
 */
static void rb_fix_black(struct rb_root *root, struct rb_node *parent,
			 struct rb_node *n)
{
	struct rb_node *sib;
	bool left;

	while (parent && !rb_is_red(n)) {
		left = parent->left == n;
		sib = left ? parent->right : parent->left;
		if (rb_is_red(sib)) {
			/* Rotate to get a black sibling. */
			rb_set_black(sib);
			rb_set_red(parent);
			if (left)
				rb_rotate_left(root, parent);
			else
				rb_rotate_right(root, parent);
			sib = left ? parent->right : parent->left;
		}
		if (!rb_is_red(sib->left) && !rb_is_red(sib->right)) {
			/* Take a black from both sides; the lack moves up. */
			rb_set_red(sib);
			n = parent;
			parent = rb_parent(n);
			continue;
		}
		if (left && !rb_is_red(sib->right)) {
			rb_set_black(sib->left);
			rb_set_red(sib);
			rb_rotate_right(root, sib);
			sib = parent->right;
		} else if (!left && !rb_is_red(sib->left)) {
			rb_set_black(sib->right);
			rb_set_red(sib);
			rb_rotate_left(root, sib);
			sib = parent->left;
		}
		/* The outer nephew is red: it fills the gap. */
		if (rb_is_red(parent))
			rb_set_red(sib);
		else
			rb_set_black(sib);
		rb_set_black(parent);
		if (left) {
			rb_set_black(sib->right);
			rb_rotate_left(root, parent);
		} else {
			rb_set_black(sib->left);
			rb_rotate_right(root, parent);
		}
		return;
	}
	if (n)
		rb_set_black(n);
}

/* Takes next, the successor of node below it, out of its place and puts it in
 * node's, colour included. Returns the parent of the place that next left. */
static struct rb_node *rb_take_place(struct rb_root *root,
				     struct rb_node *node,
				     struct rb_node *next)
{
	struct rb_node *hole = rb_parent(next), *child = next->right;

	if (hole == node) {
		hole = next;            /* its right subtree comes along */
	} else {
		hole->left = child;
		if (child)
			rb_set_parent(child, hole);
		next->right = node->right;
		rb_set_parent(next->right, next);
	}
	next->left = node->left;
	rb_set_parent(next->left, next);
	next->parent_color = node->parent_color;
	rb_change_child(root, rb_parent(node), node, next);
	return hole;
}

/**
 * rb_erase() - unlink node and rebalance
 *
 * node keeps its old pointers. Context: the owner's lock.
 */
void rb_erase(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *hole, *child;
	bool lost_black;

	if (node->left && node->right) {
		struct rb_node *next = node->right;

		while (next->left)
			next = next->left;
		child = next->right;
		lost_black = !rb_is_red(next);
		hole = rb_take_place(root, node, next);
	} else {
		child = node->left ? node->left : node->right;
		lost_black = !rb_is_red(node);
		hole = rb_parent(node);
		rb_change_child(root, hole, node, child);
		if (child)
			rb_set_parent(child, hole);
	}
	if (hole)
		rb_update(root, hole);
	if (lost_black)
		rb_fix_black(root, hole, child);
}

/**
 * rb_update() - node's own data changed: recompute it and its ancestors
 *
 * Nothing to do in a plain tree. Context: the owner's lock.
 */
void rb_update(struct rb_root *root, struct rb_node *node)
{
	if (!root->augment)
		return;
	for (; node; node = rb_parent(node))
		root->augment(node);
}

/** rb_first() - the leftmost node, or NULL. */
struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->left)
		n = n->left;
	return n;
}

/** rb_last() - the rightmost node, or NULL. */
struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->right)
		n = n->right;
	return n;
}

/** rb_next() - the node after this one in order, or NULL. */
struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *n = node->right, *parent;

	if (n) {
		while (n->left)
			n = n->left;
		return n;
	}
	while ((parent = rb_parent(node)) && parent->right == node)
		node = parent;
	return parent;
}

/** rb_prev() - the node before this one in order, or NULL. */
struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *n = node->left, *parent;

	if (n) {
		while (n->right)
			n = n->right;
		return n;
	}
	while ((parent = rb_parent(node)) && parent->left == node)
		node = parent;
	return parent;
}

/* Black nodes on the way from n up to the root, n included. */
static unsigned int rb_black_above(const struct rb_node *n)
{
	unsigned int black = 0;

	for (; n; n = rb_parent(n))
		black += !rb_is_red(n);
	return black;
}

/**
 * rb_check() - compare the tree with its invariants
 *
 * Linear times logarithmic; for tests and the debugger. The order of keys is
 * the owner's to check. Return: NULL, or what is broken.
 */
const char *rb_check(const struct rb_root *root)
{
	const struct rb_node *n;
	unsigned int depth = 0;

	if (rb_is_red(root->node))
		return "[RB1] the root is red";
	if (root->node && rb_parent(root->node))
		return "[RB4] the root has a parent";
	for (n = rb_first(root); n; n = rb_next(n)) {
		const struct rb_node *up = rb_parent(n);

		if (up ? up->left != n && up->right != n : n != root->node)
			return "[RB4] the parent knows no such child";
		if ((n->left && rb_parent(n->left) != n) ||
		    (n->right && rb_parent(n->right) != n))
			return "[RB4] a child names another parent";
		if (rb_is_red(n) && (rb_is_red(n->left) || rb_is_red(n->right)))
			return "[RB2] a red node has a red child";
		if (n->left && n->right)
			continue;
		if (!depth)
			depth = rb_black_above(n);
		if (rb_black_above(n) != depth)
			return "[RB3] paths differ in black nodes";
	}
	return NULL;
}
