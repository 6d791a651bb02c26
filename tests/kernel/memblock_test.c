/* SPDX-License-Identifier: MIT */
/* mm/frames/memblock.c: two arrays of ranges, on a memblock of the test's own. */
#include "mm/frames/memblock.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/page_alloc.h"
#include "tests/kernel/suite.h"

static struct memblock mb;

#define M(n) MIB(n)

static void memory_of(u64 base, u64 size)
{
	memblock_reset(&mb);
	if (memblock_add(&mb, base, size, 0))
		test_fail(__FILE__, __LINE__, "memblock_add");
}

static bool region_is(const struct memblock_array *a, u32 i, u64 base, u64 size)
{
	return i < a->nr && a->region[i].base == base &&
	       a->region[i].size == size;
}

TEST(memblock, add_merges_neighbours)
{
	memory_of(M(1), M(1));
	EXPECT_EQ(memblock_add(&mb, M(3), M(1), 0), 0);
	EXPECT_EQ(mb.memory.nr, 2);
	EXPECT_EQ(memblock_add(&mb, M(2), M(1), 0), 0);
	EXPECT_EQ(mb.memory.nr, 1);
	EXPECT(region_is(&mb.memory, 0, M(1), M(3)));
	EXPECT_EQ(mb.memory.total, M(3));
	EXPECT_SOUND(memblock_check(&mb));
}

TEST(memblock, add_keeps_what_is_there)
{
	memory_of(M(2), M(2));          /* node 0 */
	EXPECT_EQ(memblock_add(&mb, M(1), M(4), 1), 0);
	EXPECT_EQ(mb.memory.nr, 3);
	EXPECT(region_is(&mb.memory, 0, M(1), M(1)));
	EXPECT(region_is(&mb.memory, 1, M(2), M(2)));
	EXPECT(region_is(&mb.memory, 2, M(4), M(1)));
	EXPECT_EQ(mb.memory.region[0].node, 1);
	EXPECT_EQ(mb.memory.region[1].node, 0);
	EXPECT_SOUND(memblock_check(&mb));
}

TEST(memblock, remove_cuts)
{
	memory_of(M(1), M(8));
	EXPECT_EQ(memblock_remove(&mb, M(3), M(2)), 0);
	EXPECT_EQ(mb.memory.nr, 2);
	EXPECT(region_is(&mb.memory, 0, M(1), M(2)));
	EXPECT(region_is(&mb.memory, 1, M(5), M(4)));
	EXPECT_EQ(memblock_remove(&mb, 0, M(6)), 0);
	EXPECT(region_is(&mb.memory, 0, M(6), M(3)));
	EXPECT_EQ(mb.memory.total, M(3));
	EXPECT_EQ(memblock_remove(&mb, 0, M(100)), 0);
	EXPECT_EQ(mb.memory.nr, 0);
	EXPECT_EQ(mb.memory.total, 0);
	EXPECT_SOUND(memblock_check(&mb));
}

TEST(memblock, bad_ranges_change_nothing)
{
	memory_of(M(1), M(1));
	EXPECT_EQ(memblock_add(&mb, M(1), 0, 0), -EINVAL);
	EXPECT_EQ(memblock_add(&mb, ~(u64)0 - 10, 100, 0), -EINVAL);
	EXPECT_EQ(memblock_remove(&mb, ~(u64)0, 2), -EINVAL);
	EXPECT_EQ(memblock_reserve(&mb, M(1), 0), -EINVAL);
	EXPECT_EQ(memblock_free(&mb, ~(u64)0, ~(u64)0), -EINVAL);
	EXPECT_EQ(memblock_mark_nomap(&mb, M(1), 0), -EINVAL);
	EXPECT_EQ(memblock_set_node(&mb, M(1), 0, 1), -EINVAL);
	EXPECT_EQ(mb.memory.total, M(1));
	EXPECT_EQ(mb.reserved.nr, 0);
}

TEST(memblock, nodes_and_nomap)
{
	memory_of(M(0), M(8));
	EXPECT_EQ(memblock_set_node(&mb, M(4), M(8), 1), 0);
	EXPECT_EQ(mb.memory.nr, 2);
	EXPECT_EQ(mb.memory.region[1].node, 1);
	EXPECT_EQ(memblock_mark_nomap(&mb, M(2), M(4)), 0);
	EXPECT_EQ(mb.memory.nr, 4);     /* free|nomap|nomap|free: two nodes */
	EXPECT_SOUND(memblock_check(&mb));
	EXPECT_EQ(memblock_alloc_range(&mb, M(2), PAGE_SIZE, 0, ~0ull, 1),
		  M(6));
	EXPECT_EQ(memblock_alloc_range(&mb, M(2), PAGE_SIZE, 0, ~0ull, 1), 0);
	EXPECT_EQ(memblock_alloc_range(&mb, M(1), M(1), 0, ~0ull, -1), M(1));
	EXPECT_EQ(memblock_set_node(&mb, 0, M(8), 0), 0);
	EXPECT_EQ(mb.memory.nr, 3);
	EXPECT_SOUND(memblock_check(&mb));
}

TEST(memblock, find_by_direction_alignment_and_limit)
{
	memory_of(0x1000, M(16) - 0x1000);
	EXPECT_EQ(memblock_reserve(&mb, M(4), M(4)), 0);
	EXPECT_EQ(memblock_find(&mb, M(2), M(2), 0, ~0ull), M(14));
	EXPECT_EQ(memblock_find(&mb, M(2), M(2), 0, M(8)), M(2));
	EXPECT_EQ(memblock_find(&mb, 0x1800, 0x1000, 0, M(15) + 0x1f00), M(15));
	mb.bottom_up = true;
	EXPECT_EQ(memblock_find(&mb, M(2), M(2), 0, ~0ull), M(2));
	EXPECT_EQ(memblock_find(&mb, 100, 8, 0, ~0ull), 0x1000);
	EXPECT_EQ(memblock_find(&mb, 100, 8, M(5), ~0ull), M(8));
	EXPECT_EQ(memblock_find(&mb, M(4), M(4), 0, ~0ull), M(8));
	EXPECT_EQ(memblock_find(&mb, M(9), 1, 0, ~0ull), 0);
	mb.limit = M(3);
	EXPECT_EQ(memblock_find(&mb, M(2), M(2), 0, ~0ull), 0);
	EXPECT_EQ(memblock_find(&mb, M(1), M(1), M(2), ~0ull), M(2));
}

TEST(memblock, address_zero_is_never_given)
{
	memory_of(0, M(1));
	mb.bottom_up = true;
	EXPECT_EQ(memblock_alloc_range(&mb, 64, 64, 0, ~0ull, -1), 64);
	EXPECT_EQ(memblock_alloc_range(&mb, M(1), 1, 0, ~0ull, -1), 0);
}

TEST(memblock, free_is_memory_minus_reserved)
{
	u64 pos = 0, start, end;

	memory_of(M(1), M(3));
	EXPECT_EQ(memblock_add(&mb, M(8), M(2), 0), 0);
	EXPECT_EQ(memblock_reserve(&mb, 0, M(2)), 0);
	EXPECT_EQ(memblock_reserve(&mb, M(3), M(6)), 0);
	EXPECT(memblock_next_free(&mb, &pos, &start, &end, 0, ~0ull));
	EXPECT_EQ(start, M(2));
	EXPECT_EQ(end, M(3));
	EXPECT(memblock_next_free(&mb, &pos, &start, &end, 0, ~0ull));
	EXPECT_EQ(start, M(9));
	EXPECT_EQ(end, M(10));
	EXPECT(!memblock_next_free(&mb, &pos, &start, &end, 0, ~0ull));
	EXPECT_EQ(memblock_free(&mb, M(3), M(1)), 0);
	pos = 0;
	EXPECT(memblock_next_free(&mb, &pos, &start, &end, M(3), M(4)));
	EXPECT_EQ(start, M(3));
	EXPECT_EQ(end, M(4));
	EXPECT(memblock_is_reserved(&mb, M(4)));
	EXPECT(!memblock_is_reserved(&mb, M(3)));
	EXPECT(!memblock_is_memory(&mb, M(4)));
	EXPECT_EQ(memblock_end_of_ram(&mb), M(10));
}

/* Real RAM behind a memblock of the test's own: the arrays move into it. */
TEST(memblock, arrays_grow_out_of_themselves)
{
	const unsigned int order = 6;
	struct page *block = page_alloc(GFP_KERNEL, order);
	u64 pa, size = PAGE_SIZE << order, i, first = (u64)1 << 45;
	const char *why;
	bool grown;

	EXPECT(block != NULL);
	pa = page_to_phys(block).v;
	memory_of(pa, size);
	for (i = 0; i < 1000; i++) {
		if (memblock_reserve(&mb, first + i * 0x3000, 0x1000) ||
		    memblock_add(&mb, first + i * 0x3000, 0x2000, 0))
			break;
	}
	/* Only the last two places are still taken; earlier ones were freed. */
	grown = i == 1000 && mb.reserved.max > 1000 &&
		mb.memory.region != mb.first[0] &&
		memblock_is_reserved(&mb, virt_to_phys(mb.memory.region).v) &&
		memblock_is_reserved(&mb, virt_to_phys(mb.reserved.region).v) &&
		mb.memory.total == size + 1000 * 0x2000 &&
		mb.reserved.total ==
			1000 * 0x1000 + (mb.memory.max + mb.reserved.max) *
						sizeof(struct memblock_region);
	why = memblock_check(&mb);
	memblock_reset(&mb);
	page_free(block, order);
	EXPECT_EQ(i, 1000);
	EXPECT(grown);
	EXPECT_SOUND(why);
}

TEST(memblock, full_array_without_memory_fails_cleanly)
{
	u64 i, total;

	memblock_reset(&mb);
	for (i = 0; i < MEMBLOCK_STATIC_REGIONS; i++)
		EXPECT_EQ(memblock_reserve(&mb, i * 0x2000, 0x1000), 0);
	total = mb.reserved.total;
	EXPECT_EQ(memblock_reserve(&mb, M(100), 1), -ENOMEM);
	EXPECT_EQ(memblock_free(&mb, 0x100, 0x10), -ENOMEM);
	EXPECT_EQ(mb.reserved.total, total);
	EXPECT_SOUND(memblock_check(&mb));
	/* What needs no more regions still works. */
	EXPECT_EQ(memblock_reserve(&mb, 0x2800, 0x100), 0);
	EXPECT_EQ(mb.reserved.total, total);
}

TEST(memblock, boot_balances)
{
	EXPECT(memblock.closed);
	EXPECT_EQ(memblock.firmware, memblock.memory.total + memblock.unusable);
	EXPECT(memblock_is_reserved(&memblock, 0));
	EXPECT_SOUND(memblock_check(&memblock));
}
