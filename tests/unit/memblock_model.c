/* SPDX-License-Identifier: MIT */
/*
 * memblock against an array of cells, under random operations.
 *
 * The model is one record for each 256 bytes of 1 MiB: is it memory, of which
 * node, NOMAP, reserved? After every operation both arrays of memblock must
 * be exactly the runs of equal cells ([B1] to [B4] leave no other form), its free
 * ranges the free runs, and memblock_find() the first or last fitting cell.
 *
 * The megabyte is real memory of the host machine, so that arrays that outgrow
 * their static place can move into it; the model follows them.
 *
 *	memblock_model [rounds [seed]]
 */
#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"
#include "tests/unit/model.h"

#define CELL  256
#define CELLS 4096
#define QUIET                                                                  \
	1024 /* cells left mostly alone: room to grow into;
                                         * above, nodes in stripes make many regions */

struct cell {
	bool memory, nomap, reserved, array;
	s32 node;
};

static struct cell cell[CELLS];
static struct memblock mb;
static u64 base;                        /* of the first cell */
static unsigned long rounds = 20000;
static struct memblock_region *place[2];        /* where the arrays were last */
static u32 place_max[2];

static struct memblock_array *array_of(int i)
{
	return i ? &mb.reserved : &mb.memory;
}

static void mark_place(int i, bool taken)
{
	u64 at = virt_to_phys(place[i]).v - base, c;
	u64 size = place_max[i] * sizeof(struct memblock_region);

	if (place[i] == mb.first[i])
		return;
	for (c = at / CELL; c < (at + size) / CELL; c++)
		cell[c].reserved = cell[c].array = taken;
}

/* An operation may have moved the arrays: both leave before both arrive. */
static void follow_arrays(void)
{
	int i;

	for (i = 0; i < 2; i++)
		if (array_of(i)->region != place[i])
			mark_place(i, false);
	for (i = 0; i < 2; i++) {
		if (array_of(i)->region == place[i])
			continue;
		place[i] = array_of(i)->region;
		place_max[i] = array_of(i)->max;
		mark_place(i, true);
	}
}

/* ---- comparing ---------------------------------------------------------------- */

static void expect_region(const struct memblock_array *a, u32 i, u64 from,
			  u64 to, s32 node, u32 flags)
{
	EXPECT(i < a->nr);
	EXPECT_SAME(a->region[i].base, base + from * CELL);
	EXPECT_SAME(a->region[i].size, (to - from) * CELL);
	EXPECT_SAME(a->region[i].node, node);
	EXPECT_SAME(a->region[i].flags, flags);
}

static void compare_memory(void)
{
	u64 from, to, i = 0;

	for (from = 0; from < CELLS; from = to) {
		for (to = from + 1;
		     to < CELLS && cell[to].memory == cell[from].memory &&
		     cell[to].nomap == cell[from].nomap &&
		     cell[to].node == cell[from].node;
		     to++)
			;
		if (cell[from].memory)
			expect_region(&mb.memory, (u32)i++, from, to,
				      cell[from].node,
				      cell[from].nomap ? MEMBLOCK_NOMAP : 0);
	}
	EXPECT_SAME(mb.memory.nr, i);
}

static void compare_reserved(void)
{
	u64 from, to, i = 0;

	for (from = 0; from < CELLS; from = to) {
		for (to = from + 1;
		     to < CELLS && cell[to].reserved == cell[from].reserved;
		     to++)
			;
		if (cell[from].reserved)
			expect_region(&mb.reserved, (u32)i++, from, to, -1, 0);
	}
	EXPECT_SAME(mb.reserved.nr, i);
}

static bool is_free(u64 c)
{
	return cell[c].memory && !cell[c].nomap && !cell[c].reserved;
}

/* Every free cell is in exactly one free range, and nothing else is. */
static void compare_free(void)
{
	u64 pos = 0, start, end, c = 0;

	while (memblock_next_free(&mb, &pos, &start, &end, 0, ~(u64)0)) {
		for (; c < (start - base) / CELL; c++)
			EXPECT(!is_free(c));
		for (; c < (end - base) / CELL; c++)
			EXPECT(is_free(c));
	}
	for (; c < CELLS; c++)
		EXPECT(!is_free(c));
}

static bool one_region(u64 from, u64 to)
{
	u64 c;

	for (c = from; c < to; c++)
		if (!is_free(c) || cell[c].node != cell[from].node)
			return false;
	return true;
}

static u64 naive_find(u64 n, u64 align, u64 lo, u64 hi)
{
	u64 c, found = 0;

	for (c = lo; c + n <= hi && c + n <= CELLS; c++) {
		if ((base + c * CELL) % align || !one_region(c, c + n))
			continue;
		found = base + c * CELL;
		if (mb.bottom_up)
			break;
	}
	return found;
}

static void compare_find(void)
{
	u64 n = 1 + draw_below(40), align = (u64)CELL << draw_below(6);
	u64 lo = draw_below(CELLS), hi = lo + draw_below(CELLS - lo + 1);

	if (draw() % 4 == 0)
		lo = 0, hi = CELLS;
	mb.bottom_up = draw() & 1;
	EXPECT_SAME(memblock_find(&mb, n * CELL, align, base + lo * CELL,
				  base + hi * CELL),
		    naive_find(n, align, lo, hi));
}

/* ---- operations ---------------------------------------------------------------- */

static bool touches_array(u64 from, u64 to)
{
	for (; from < to; from++)
		if (cell[from].array)
			return true;
	return false;
}

static void change(u64 from, u64 to, int op, s32 node)
{
	u64 c;

	for (c = from; c < to; c++)
		switch (op) {
		case 0:
			if (!cell[c].memory)
				cell[c] = (struct cell){
					.memory = true,
					.node = node,
					.reserved = cell[c].reserved,
				};
			break;
		case 1:
			cell[c].memory = cell[c].nomap = false;
			cell[c].node = 0;
			break;
		case 2:
			cell[c].reserved = true;
			break;
		case 3:
			cell[c].reserved = false;
			break;
		case 4:
			if (cell[c].memory)
				cell[c].node = node;
			break;
		default:
			if (cell[c].memory)
				cell[c].nomap = true;
		}
}

static int run_op(int op, u64 start, u64 size, s32 node)
{
	switch (op) {
	case 0:
		return memblock_add(&mb, start, size, node);
	case 1:
		return memblock_remove(&mb, start, size);
	case 2:
		return memblock_reserve(&mb, start, size);
	case 3:
		return memblock_free(&mb, start, size);
	case 4:
		return memblock_set_node(&mb, start, size, node);
	default:
		return memblock_mark_nomap(&mb, start, size);
	}
}

static void random_op(void)
{
	static const u8 mix[] = { 0, 0, 0, 0, 1, 2, 2, 2, 2, 3, 3, 4, 5 };
	int op = mix[draw_below(sizeof(mix))], err;
	u64 from = draw_below(CELLS), n = 1 + draw_below(1 + draw_below(10));
	u64 to = from + n < CELLS ? from + n : CELLS;
	s32 node = from < QUIET ? 0 : (s32)(from / 2 % 2);

	if (touches_array(from, to))
		return;                 /* would saw off its own branch */
	if (from < QUIET && draw() % 16)
		return;
	err = run_op(op, base + from * CELL, (to - from) * CELL, node);
	follow_arrays();
	if (!err)
		change(from, to, op, node);
	else
		EXPECT_SAME(err, -ENOMEM);
}

static void random_alloc(void)
{
	u64 n = 1 + draw_below(20), c, at;

	at = memblock_alloc_range(&mb, n * CELL, CELL, 0, ~(u64)0, -1);
	follow_arrays();
	if (!at)
		return;
	for (c = (at - base) / CELL; c < (at - base) / CELL + n; c++) {
		EXPECT(is_free(c));
		cell[c].reserved = true;
	}
}

static void fresh_start(void)
{
	memblock_reset(&mb);
	memset(cell, 0, sizeof(cell));
	place[0] = mb.first[0];
	place[1] = mb.first[1];
	EXPECT(memblock_add(&mb, base, QUIET * CELL, 0) == 0);
	change(0, QUIET, 0, 0);
}

static void random_operations(void)
{
	unsigned long i;
	bool moved[2] = { 0 };

	fresh_start();
	for (i = 0; i < rounds; i++) {
		if (i % 5000 == 4999)
			fresh_start();
		if (draw() % 10 == 0)
			random_alloc();
		else
			random_op();
		EXPECT_SOUND(memblock_check(&mb));
		compare_memory();
		compare_reserved();
		if (i % 8 == 0) {
			compare_free();
			compare_find();
		}
		moved[0] |= place[0] != mb.first[0];
		moved[1] |= place[1] != mb.first[1];
	}
	if (rounds >= 20000)
		EXPECT(moved[0] && moved[1]);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		draw_state = strtoull(argv[2], NULL, 0) | 1;
	machine_boot(64, "loglevel=3");
	base = page_to_phys(page_alloc(GFP_KERNEL, 8)).v;
	model_run("random operations", random_operations);
	return 0;
}
