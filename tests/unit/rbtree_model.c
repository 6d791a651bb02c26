/* SPDX-License-Identifier: MIT */
/*
 * lib/rbtree against a sorted array, under random insertions and removals.
 *
 * The tree carries an augmentation like the VMA tree's: each node knows the
 * largest weight below it. After every operation the red-black invariants,
 * the order, both directions of iteration and every derived value must be
 * those of the model.
 *
 *	rbtree_model [rounds [seed]]
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "lib/rbtree.h"
#include "lib/string.h"

#define ITEMS 96

struct item {
	struct rb_node node;
	unsigned int key;
	unsigned int weight;
	unsigned int max_weight;        /* of the subtree: derived */
	bool present;
};

static struct item items[ITEMS];        /* the model: item k has key k */
static u64 state = 1;
static unsigned long rounds = 20000;

static u64 draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static struct item *item_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct item, node) : NULL;
}

static unsigned int weight_below(struct rb_node *n)
{
	return n ? item_of(n)->max_weight : 0;
}

static unsigned int derived_weight(const struct item *it)
{
	unsigned int below = MAX(weight_below(it->node.left),
				 weight_below(it->node.right));

	return MAX(it->weight, below);
}

static void augment(struct rb_node *n)
{
	item_of(n)->max_weight = derived_weight(item_of(n));
}

static void insert(struct rb_root *root, struct item *it)
{
	struct rb_node **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = it->key < item_of(parent)->key ? &parent->left
						      : &parent->right;
	}
	rb_insert(root, &it->node, parent, link);
	it->present = true;
}

static void compare(struct rb_root *root)
{
	struct rb_node *n = rb_first(root);
	struct item *last = NULL;

	assert_null(rb_check(root));
	for (int k = 0; k < ITEMS; k++) {
		if (!items[k].present)
			continue;
		assert_ptr_equal(n, &items[k].node);
		assert_ptr_equal(rb_prev(n), last ? &last->node : NULL);
		if (root->augment)
			assert_int_equal(items[k].max_weight,
					 derived_weight(&items[k]));
		last = &items[k];
		n = rb_next(n);
	}
	assert_null(n);
	assert_ptr_equal(rb_last(root), last ? &last->node : NULL);
}

static void random_operations(struct rb_root *root)
{
	memset(items, 0, sizeof(items));
	for (unsigned int k = 0; k < ITEMS; k++)
		items[k].key = k;
	for (unsigned long i = 0; i < rounds; i++) {
		struct item *it = &items[draw() % ITEMS];
		/* The share of insertions swings: full, empty, full, … */
		bool grow = draw() % 100 < (i / 500 % 2 ? 70 : 30);

		if (it->present && draw() % 8 == 0) {
			it->weight = (unsigned int)(draw() % 1000);
			rb_update(root, &it->node);
		} else if (it->present && !grow) {
			rb_erase(root, &it->node);
			it->present = false;
		} else if (!it->present && grow) {
			it->weight = (unsigned int)(draw() % 1000);
			insert(root, it);
		}
		compare(root);
	}
}

static void plain_tree(void **unused)
{
	struct rb_root root = { 0 };

	random_operations(&root);
}

static void augmented_tree(void **unused)
{
	struct rb_root root = { .augment = augment };

	random_operations(&root);
}

/* Ascending insertion is what degenerates an unbalanced tree. */
static void ascending_stays_low(void **unused)
{
	struct rb_root root = { 0 };
	int depth = 0;

	memset(items, 0, sizeof(items));
	for (unsigned int k = 0; k < ITEMS; k++) {
		items[k].key = k;
		insert(&root, &items[k]);
	}
	for (struct rb_node *n = rb_first(&root); n; n = rb_parent(n))
		depth++;
	assert_true(depth <= 2 * 7);    /* 2 log2(ITEMS + 1) */
	compare(&root);
}

/* rb_check itself must see what is broken. */
static void check_sees_damage(void **unused)
{
	struct rb_root root = { 0 };
	struct rb_node *n;
	uintptr_t old;

	memset(items, 0, sizeof(items));
	for (unsigned int k = 0; k < 20; k++) {
		items[k].key = k;
		insert(&root, &items[k]);
	}
	for (n = rb_first(&root); n; n = rb_next(n)) {
		old = n->parent_color;
		n->parent_color ^= 1;
		assert_non_null(rb_check(&root));
		n->parent_color = old;
	}
	assert_null(rb_check(&root));
	root.node->left->parent_color = (uintptr_t)root.node->right | 1;
	assert_non_null(rb_check(&root));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_tree),
		cmocka_unit_test(augmented_tree),
		cmocka_unit_test(ascending_stays_low),
		cmocka_unit_test(check_sees_damage),
	};

	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		state = strtoul(argv[2], NULL, 0) | 1;
	return cmocka_run_group_tests_name("rbtree", tests, NULL, NULL);
}
