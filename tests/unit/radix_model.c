/* SPDX-License-Identifier: MIT */
/*
 * lib/radix and lib/bitmap against naive models, under random operations.
 *
 * The radix tree's model is a table of (index, value). Indices are drawn from
 * a pool that mixes neighbours, powers of two and the ends of the range, so
 * that the tree grows and shrinks all the time. Node allocation fails at
 * random, and counts: an empty tree must hold no node.
 *
 *	radix_model [rounds [seed]]
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/radix.h"
#include "lib/string.h"

#define POOL 128

struct entry {
	u64 index;
	void *value;                    /* NULL: absent */
};

static struct entry model[POOL];        /* sorted by index */
static char values[POOL];
static u64 state = 1;
static unsigned long rounds = 50000;
static long nodes;
static bool may_fail;

static u64 draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static struct radix_node *node_alloc(void)
{
	if (may_fail && draw() % 8 == 0)
		return NULL;
	nodes++;
	return calloc(1, sizeof(struct radix_node));
}

static void node_free(struct radix_node *node)
{
	for (int i = 0; i < RADIX_SLOTS; i++)
		if (node->slot[i])
			assert_int_equal(node->count, 1);  /* a root going */
	nodes--;
	free(node);
}

static int by_index(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static void fill_pool(void)
{
	u64 index = 0;

	for (int i = 0; i < POOL; i++) {
		switch (i % 4) {
		case 0:
			index = (u64)i;
			break;
		case 1:
			index = (u64)1 << (i / 2);
			break;
		case 2:
			index = ~(u64)0 - (u64)i;
			break;
		default:
			index = draw() >> draw() % 60;
		}
		model[i].index = index;
		model[i].value = NULL;
	}
	qsort(model, POOL, sizeof(model[0]), by_index);
	for (int i = 1; i < POOL; i++)  /* the same index twice: one counts */
		if (model[i].index <= model[i - 1].index)
			model[i].index = model[i - 1].index + 1;
}

static void compare(const struct radix_tree *tree)
{
	u64 at = 0, count = 0;

	for (int i = 0; i < POOL; i++) {
		assert_ptr_equal(radix_find(tree, model[i].index),
				 model[i].value);
		if (!model[i].value)
			continue;
		count++;
		assert_ptr_equal(radix_next(tree, &at), model[i].value);
		assert_true(at == model[i].index);
		at++;
	}
	if (at || !count)
		assert_null(radix_next(tree, &at));
	assert_true(tree->count == count);
	if (!count)
		assert_int_equal(nodes, 0);
	/* [R4] no higher than needed */
	if (tree->root && tree->root->shift)
		assert_false(tree->root->count == 1 && tree->root->slot[0]);
}

static void random_operations(void **unused)
{
	struct radix_tree tree = { .node_alloc = node_alloc,
				   .node_free = node_free };

	fill_pool();
	may_fail = true;
	for (unsigned long i = 0; i < rounds; i++) {
		unsigned long k = draw() % POOL;
		struct entry *e = &model[k];
		bool grow = draw() % 100 < (i / 400 % 2 ? 65 : 35);
		long before = nodes;

		if (grow) {
			int err = radix_insert(&tree, e->index, &values[k]);

			if (e->value)
				assert_int_equal(err, -EEXIST);
			else if (err == -ENOMEM)
				assert_int_equal(nodes, before);
			else
				e->value = &values[k];
		} else {
			assert_ptr_equal(radix_remove(&tree, e->index),
					 e->value);
			e->value = NULL;
		}
		if (i % 16 == 0)
			compare(&tree);
	}
	/* The largest first: the tree gets lower and lower. */
	for (int k = POOL; k-- > 0;) {
		radix_remove(&tree, model[k].index);
		model[k].value = NULL;
		compare(&tree);
	}
	assert_null(tree.root);
}

static void bitmap_searches(void **unused)
{
	for (unsigned long i = 0; i < rounds / 10; i++) {
		size_t size = draw() % 200, from = draw() % 210;
		size_t set = size, clear = size;
		u64 map[4];
		bool mirror[256];

		for (size_t b = 0; b < 256; b++) {
			mirror[b] = draw() % 16 == 0;
			if (i % 2)
				mirror[b] = !mirror[b];
			if (mirror[b])
				bitmap_set(map, b);
			else
				bitmap_clear(map, b);
			assert_int_equal(bitmap_test(map, b), mirror[b]);
		}
		for (size_t b = size; b-- > from;) {
			if (mirror[b])
				set = b;
			else
				clear = b;
		}
		assert_int_equal(bitmap_find_set(map, size, from), set);
		assert_int_equal(bitmap_find_clear(map, size, from), clear);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(bitmap_searches),
	};

	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		state = strtoul(argv[2], NULL, 0) | 1;
	return cmocka_run_group_tests_name("radix", tests, NULL, NULL);
}
