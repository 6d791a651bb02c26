/* SPDX-License-Identifier: MIT */
/*
 * Conformance of a machine to arch/mmu.h, first part: what entries mean, and
 * the operations on slots. No table here is ever loaded.
 *
 * There are 256 protections and a few levels, so all of them are tried; frames
 * and swap entries are drawn, their extremes are not forgotten.
 * mmu_test.c names the other parts.
 */
#include "arch/mmu.h"

#include "tests/kernel/rig.h"
#include "tests/kernel/suite.h"

#define ROUNDS	    500
#define PROTS	    256
#define SWP_BITS    58

#define YOUNG_DIRTY ((ptprot_t)(PT_YOUNG | PT_DIRTY))

static u64 mmu_draw_state = 0x9e3779b97f4a7c15ull;

static u64 mmu_draw(void)
{
	mmu_draw_state ^= mmu_draw_state << 13;
	mmu_draw_state ^= mmu_draw_state >> 7;
	mmu_draw_state ^= mmu_draw_state << 17;
	return mmu_draw_state * 0x2545f4914f6cdd1dull;
}

static bool codec_has_leaves(unsigned int level)
{
	return mmu_features.leaf_levels >> level & 1;
}

/* Can every machine be asked for it? User pages belong to one space. */
static bool prot_is_sensible(ptprot_t prot)
{
	return !(prot & PT_GLOBAL) ||
	       (mmu_features.global_pages && !(prot & PT_USER));
}

/* What pte_prot() must say of a leaf that was made with prot. */
static ptprot_t prot_as_kept(ptprot_t prot)
{
	if (prot & (PT_WRITE | PT_EXEC))
		prot |= PT_READ;
	if (prot & PT_DEVICE)
		prot &= ~(ptprot_t)PT_EXEC;
	return prot;
}

static ptprot_t draw_prot(void)
{
	ptprot_t prot;

	do
		prot = (ptprot_t)mmu_draw() % PROTS;
	while (!prot_is_sensible(prot));
	return prot;
}

static paddr_t draw_frame(unsigned int level)
{
	u64 pa = mmu_draw() % mmu_features.phys_limit;

	return pa_make(ALIGN_DOWN(pa, (u64)pt_level_size(level)));
}

static paddr_t last_frame(unsigned int level)
{
	return pa_make(mmu_features.phys_limit - pt_level_size(level));
}

/* Is e the leaf of this frame, with what is kept of prot? */
static void leaf_is(pte_t e, paddr_t pa, ptprot_t prot, unsigned int level)
{
	EXPECT_EQ(pte_kind(e, level), PTE_LEAF);
	EXPECT_EQ(pte_paddr(e, level).v, pa.v);
	EXPECT_EQ(pte_prot(e, level), prot_as_kept(prot));
}

#define for_each_leaf_level(level)                                             \
	for ((level) = 0; (level) < mmu_features.levels; (level)++)            \
		if (codec_has_leaves(level))

#define for_each_prot(prot)                                                    \
	for ((prot) = 0; (prot) < PROTS && !test_failed(); (prot)++)           \
		if (prot_is_sensible(prot))

/* ---- features ----------------------------------------------------------- */

TEST(mmu, features_make_sense)
{
	EXPECT(mmu_features.levels == 4 || mmu_features.levels == 5);
	EXPECT(codec_has_leaves(0));
	EXPECT_EQ(mmu_features.leaf_levels >> (mmu_features.levels - 1), 0u);
	EXPECT(mmu_features.phys_limit >= GIB(4));
	EXPECT(mmu_features.asid_bits <= 16);
	EXPECT(mmu_features.text[0] != '\0');
	/* Hardware that sets dirty sets young as well. */
	EXPECT(mmu_features.hw_young || !mmu_features.hw_dirty);
}

/* ---- the codec ---------------------------------------------------------- */

TEST(mmu, an_empty_table_is_all_none)
{
	pte_t zero = { 0 };

	for (unsigned int l = 0; l < mmu_features.levels; l++) {
		EXPECT_EQ(pte_kind(pte_none(), l), PTE_NONE);
		EXPECT_EQ(pte_kind(zero, l), PTE_NONE);
	}
}

static void table_round_trip(paddr_t pa)
{
	pte_t e = pte_make_table(pa);

	pte_t denied = pte_table_with_write(e, false);

	for (unsigned int l = 1; l < mmu_features.levels; l++) {
		EXPECT_EQ(pte_kind(e, l), PTE_TABLE);
		EXPECT_EQ(pte_paddr(e, l).v, pa.v);
		EXPECT_EQ(pte_kind(denied, l), PTE_TABLE);
		EXPECT_EQ(pte_paddr(denied, l).v, pa.v);
	}
	EXPECT(pte_table_writable(e) && !pte_table_writable(denied));
	EXPECT(!pte_table_writable(pte_none()));
	EXPECT(!pte_table_writable(pte_make_leaf(pa_make(0), RIG_RW, 1)));
	EXPECT_EQ(pte_table_with_write(denied, false).v, denied.v);
	EXPECT_EQ(pte_table_with_write(denied, true).v, e.v);
}

TEST(mmu, table_entries_round_trip)
{
	table_round_trip(pa_make(0));
	table_round_trip(last_frame(0));
	for (int i = 0; i < ROUNDS && !test_failed(); i++)
		table_round_trip(draw_frame(0));
}

/* Silent ones among them, and frame 0: no leaf may look like "none". */
TEST(mmu, leaf_entries_round_trip)
{
	unsigned int level;
	ptprot_t prot;
	paddr_t pa;

	for_each_leaf_level(level)
	{
		for_each_prot(prot)
		{
			pa = draw_frame(level);
			leaf_is(pte_make_leaf(pa, prot, level), pa, prot,
				level);
			pa = last_frame(level);
			leaf_is(pte_make_leaf(pa, prot, level), pa, prot,
				level);
			pa = pa_make(0);
			leaf_is(pte_make_leaf(pa, prot, level), pa, prot,
				level);
		}
	}
}

TEST(mmu, with_prot_keeps_the_frame)
{
	unsigned int level;
	ptprot_t prot;

	for_each_leaf_level(level)
	{
		for_each_prot(prot)
		{
			paddr_t pa = draw_frame(level);
			ptprot_t after = draw_prot();
			pte_t e = pte_make_leaf(pa, prot, level);

			leaf_is(pte_with_prot(e, after, level), pa, after,
				level);
		}
	}
}

/* PROT_NONE and back: nothing is lost. */
TEST(mmu, a_silent_leaf_keeps_its_frame)
{
	unsigned int level;
	ptprot_t prot;

	for_each_leaf_level(level)
	{
		for_each_prot(prot)
		{
			ptprot_t silent = prot & (PT_USER | YOUNG_DIRTY);
			paddr_t pa = draw_frame(level);
			pte_t e = pte_make_leaf(pa, prot, level);

			e = pte_with_prot(e, silent, level);
			EXPECT_EQ(pte_prot(e, level), silent);
			leaf_is(pte_with_prot(e, prot, level), pa, prot, level);
		}
	}
}

static void swap_round_trip(u64 v)
{
	pte_t e = pte_make_swap((swp_t){ v });

	EXPECT_EQ(pte_kind(e, 0), PTE_SWAP);
	EXPECT_EQ(pte_swap(e).v, v);
}

TEST(mmu, swap_entries_round_trip)
{
	u64 last = ((u64)1 << SWP_BITS) - 1;

	swap_round_trip(last);
	for (int bit = 0; bit < SWP_BITS; bit++) {
		swap_round_trip((u64)1 << bit);
		swap_round_trip(((u64)1 << bit) - 1);
		swap_round_trip(last - ((u64)1 << bit));
	}
	for (int i = 0; i < ROUNDS && !test_failed(); i++)
		swap_round_trip(mmu_draw() & last);
}

TEST(mmu, an_address_is_its_indices)
{
	for (int i = 0; i < ROUNDS; i++) {
		vaddr_t va = mmu_draw() % USER_END, again;

		again = va & (PAGE_SIZE - 1);
		for (unsigned int l = 0; l < mmu_features.levels; l++) {
			EXPECT(pt_index(va, l) < PT_ENTRIES);
			again += pt_index(va, l) * pt_level_size(l);
		}
		EXPECT_EQ(again, va);
		EXPECT_EQ(virt_to_phys(phys_to_virt(pa_make(va))).v, va);
	}
}

/* ---- slots -------------------------------------------------------------- */

TEST(mmu, a_slot_holds_what_was_installed)
{
	pte_t *table = pt_table_alloc(), e, swap, old;

	EXPECT(table);
	e = pte_make_leaf(draw_frame(0), RIG_RW, 0);
	swap = pte_make_swap((swp_t){ 42 });
	pt_install(&table[7], e);
	EXPECT_EQ(pt_read(&table[7]).v, e.v);
	old = pt_clear(&table[7]);
	EXPECT_EQ(old.v, e.v);
	EXPECT_EQ(pt_read(&table[7]).v, pte_none().v);
	pt_install(&table[7], swap);
	old = pt_clear(&table[7]);
	EXPECT_EQ(old.v, swap.v);
	pt_install(&table[7], swap);
	pt_install(&table[7], e);       /* swap -> leaf */
	EXPECT_EQ(pt_read(&table[7]).v, e.v);
	EXPECT_EQ(pt_read(&table[6]).v | pt_read(&table[8]).v, 0u);
	pt_table_free(table);
}

static void set_prot_once(pte_t *slot, ptprot_t before, ptprot_t after,
			  unsigned int level)
{
	paddr_t pa = draw_frame(level);
	pte_t e = pte_make_leaf(pa, before, level), old;

	pt_install(slot, e);
	old = pt_set_prot(slot, after, level);
	EXPECT_EQ(old.v, e.v);
	leaf_is(pt_read(slot), pa, after | (before & YOUNG_DIRTY), level);
	pt_clear(slot);
}

/* From every protection to some: frame, young and dirty stay. */
TEST(mmu, set_prot_keeps_young_and_dirty)
{
	pte_t *table = pt_table_alloc();
	unsigned int level;
	ptprot_t prot;

	EXPECT(table);
	for_each_leaf_level(level)
	{
		for_each_prot(prot)
		{
			set_prot_once(&table[0], prot, prot & ~YOUNG_DIRTY,
				      level);
			set_prot_once(&table[0], prot, RIG_RO, level);
			set_prot_once(&table[0], prot, RIG_RW, level);
			for (int i = 0; i < 8; i++)
				set_prot_once(&table[0], prot, draw_prot(),
					      level);
		}
	}
	EXPECT_EQ(pt_read(&table[1]).v, 0);
	pt_table_free(table);
}

static void clear_young_once(pte_t *slot, ptprot_t prot, unsigned int level)
{
	paddr_t pa = draw_frame(level);

	pt_install(slot, pte_make_leaf(pa, prot, level));
	EXPECT_EQ(pt_test_clear_young(slot, level), (prot & PT_YOUNG) != 0);
	leaf_is(pt_read(slot), pa, prot & ~(ptprot_t)PT_YOUNG, level);
	EXPECT(!pt_test_clear_young(slot, level));
	pt_clear(slot);
}

TEST(mmu, young_is_tested_and_cleared)
{
	pte_t *table = pt_table_alloc();
	unsigned int level;
	ptprot_t prot;

	EXPECT(table);
	for_each_leaf_level(level) for_each_prot(prot)
		clear_young_once(&table[0], prot, level);
	pt_table_free(table);
}
