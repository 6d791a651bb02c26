/* SPDX-License-Identifier: MIT */
/*
 * Conformance of a machine to arch/mmu.h: every operation and its promise.
 *
 * A new machine is done when this passes. The codec is tested by round trips
 * of random values, the rest by what an access through a loaded space does.
 */
#include "arch/mmu.h"

#include "mm/tables/kmap.h"
#include "mm/tables/vmalloc.h"
#include "tests/kernel/rig.h"
#include "tests/kernel/suite.h"

#define ROUNDS 500

static u64 mmu_draw_state = 0x9e3779b97f4a7c15ull;

static u64 mmu_draw(void)
{
	mmu_draw_state ^= mmu_draw_state << 13;
	mmu_draw_state ^= mmu_draw_state >> 7;
	mmu_draw_state ^= mmu_draw_state << 17;
	return mmu_draw_state * 0x2545f4914f6cdd1dull;
}

static bool has_leaves(unsigned int level)
{
	return mmu_features.leaf_levels >> level & 1;
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

/* Any combination that makes sense: one of read, write, execute at least. */
static ptprot_t draw_prot(void)
{
	ptprot_t prot = (ptprot_t)mmu_draw() & 0xff;

	if (!mmu_features.global_pages || prot & PT_USER)
		prot &= ~(ptprot_t)PT_GLOBAL;
	if (prot & PT_DEVICE)
		prot &= ~(ptprot_t)PT_EXEC;
	return prot | PT_READ;
}

static paddr_t draw_frame(unsigned int level)
{
	u64 pa = mmu_draw() % mmu_features.phys_limit;

	return pa_make(ALIGN_DOWN(pa, (u64)pt_level_size(level)));
}

/* ---- features and the codec --------------------------------------------- */

TEST(mmu, features_make_sense)
{
	EXPECT(mmu_features.levels == 4 || mmu_features.levels == 5);
	EXPECT(has_leaves(0));
	EXPECT_EQ(mmu_features.leaf_levels >> (mmu_features.levels - 1), 0u);
	EXPECT(mmu_features.phys_limit >= GIB(4));
	EXPECT(mmu_features.asid_bits <= 16);
	EXPECT(mmu_features.text[0] != '\0');
}

TEST(mmu, an_empty_table_is_all_none)
{
	pte_t zero = { 0 };

	for (unsigned int l = 0; l < mmu_features.levels; l++) {
		EXPECT_EQ(pte_kind(pte_none(), l), PTE_NONE);
		EXPECT_EQ(pte_kind(zero, l), PTE_NONE);
	}
}

TEST(mmu, table_entries_round_trip)
{
	for (int i = 0; i < ROUNDS; i++) {
		paddr_t pa = draw_frame(0);
		unsigned int level = 1 + (unsigned int)mmu_draw() %
						 (mmu_features.levels - 1u);
		pte_t e = pte_make_table(pa);

		EXPECT_EQ(pte_kind(e, level), PTE_TABLE);
		EXPECT_EQ(pte_paddr(e, level).v, pa.v);
	}
}

TEST(mmu, leaf_entries_round_trip)
{
	for (int i = 0; i < ROUNDS; i++) {
		unsigned int level = (unsigned int)mmu_draw() %
				     mmu_features.levels;
		ptprot_t prot = draw_prot();
		paddr_t pa = draw_frame(level);
		pte_t e;

		if (!has_leaves(level))
			continue;
		e = pte_make_leaf(pa, prot, level);
		EXPECT_EQ(pte_kind(e, level), PTE_LEAF);
		EXPECT_EQ(pte_paddr(e, level).v, pa.v);
		EXPECT_EQ(pte_prot(e, level), prot_as_kept(prot));
	}
}

TEST(mmu, with_prot_keeps_the_frame)
{
	for (int i = 0; i < ROUNDS; i++) {
		ptprot_t before = draw_prot(), after = draw_prot();
		paddr_t pa = draw_frame(0);
		pte_t e = pte_make_leaf(pa, before, 0);

		e = pte_with_prot(e, after, 0);
		EXPECT_EQ(pte_kind(e, 0), PTE_LEAF);
		EXPECT_EQ(pte_paddr(e, 0).v, pa.v);
		EXPECT_EQ(pte_prot(e, 0), prot_as_kept(after));
	}
}

TEST(mmu, a_silent_leaf_keeps_its_frame)
{
	for (int i = 0; i < ROUNDS; i++) {
		ptprot_t more = draw_prot() & (PT_YOUNG | PT_DIRTY);
		paddr_t pa = draw_frame(0);
		pte_t e = pte_make_leaf(pa, PT_USER | more, 0);

		EXPECT_EQ(pte_kind(e, 0), PTE_LEAF);
		EXPECT_EQ(pte_paddr(e, 0).v, pa.v);
		EXPECT_EQ(pte_prot(e, 0) & (PT_READ | PT_WRITE | PT_EXEC), 0u);
		EXPECT_EQ(pte_prot(e, 0) & (PT_YOUNG | PT_DIRTY), more);
		e = pte_with_prot(e, RIG_RW, 0);
		EXPECT_EQ(pte_prot(e, 0), (ptprot_t)RIG_RW);
		EXPECT_EQ(pte_paddr(e, 0).v, pa.v);
	}
}

TEST(mmu, swap_entries_round_trip)
{
	for (int i = 0; i < ROUNDS; i++) {
		swp_t swp = { i == 0 ? 0 : mmu_draw() >> (6 + i % 58) };
		pte_t e = pte_make_swap(swp);

		EXPECT_EQ(pte_kind(e, 0), PTE_SWAP);
		EXPECT_EQ(pte_swap(e).v, swp.v);
	}
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
	pte_t *table = pt_table_alloc(), e, old;

	EXPECT(table);
	e = pte_make_leaf(draw_frame(0), RIG_RW, 0);
	pt_install(&table[7], e);
	EXPECT_EQ(pt_read(&table[7]).v, e.v);
	old = pt_clear(&table[7]);
	EXPECT_EQ(old.v, e.v);
	EXPECT_EQ(pt_read(&table[7]).v, pte_none().v);
	pt_install(&table[7], pte_make_swap((swp_t){ 42 }));
	pt_install(&table[7], e);       /* swap -> leaf */
	EXPECT_EQ(pt_read(&table[7]).v, e.v);
	EXPECT_EQ(pt_read(&table[6]).v | pt_read(&table[8]).v, 0u);
	pt_table_free(table);
}

TEST(mmu, set_prot_keeps_young_and_dirty)
{
	pte_t *table = pt_table_alloc();
	paddr_t pa = draw_frame(0);
	pte_t e, old;

	EXPECT(table);
	e = pte_make_leaf(pa, RIG_RW | PT_YOUNG | PT_DIRTY, 0);
	pt_install(&table[0], e);
	old = pt_set_prot(&table[0], RIG_RO, 0);
	EXPECT_EQ(old.v, e.v);
	EXPECT_EQ(pte_prot(pt_read(&table[0]), 0),
		  RIG_RO | PT_YOUNG | PT_DIRTY);
	EXPECT_EQ(pte_paddr(pt_read(&table[0]), 0).v, pa.v);
	pt_table_free(table);
}

TEST(mmu, young_is_tested_and_cleared)
{
	pte_t *table = pt_table_alloc();

	EXPECT(table);
	pt_install(&table[0],
		   pte_make_leaf(draw_frame(0), RIG_RO | PT_YOUNG, 0));
	EXPECT(pt_test_clear_young(&table[0], 0));
	EXPECT(!pt_test_clear_young(&table[0], 0));
	EXPECT_EQ(pte_prot(pt_read(&table[0]), 0), (ptprot_t)RIG_RO);
	pt_table_free(table);
}

/* ---- accesses ----------------------------------------------------------- */

TEST(mmu, a_new_mapping_needs_no_flush)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT_EQ(rig_peek(RIG_VA), -1); /* a miss: not cached */
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_RW | PT_YOUNG | PT_DIRTY));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT(rig_poke(RIG_VA, 8));
	EXPECT_EQ(page_byte(page), 8);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(mmu, hardware_sets_young_and_dirty)
{
	struct page *page = rig_page(7);
	struct rig rig;
	ptprot_t bits = PT_YOUNG | PT_DIRTY;

	if (!mmu_features.hw_young || !mmu_features.hw_dirty) {
		page_free(page, 0);
		test_skip("young and dirty are software's");
		return;
	}
	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_RW));
	EXPECT_EQ(rig_prot(&rig, RIG_VA) & bits, 0u);
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT_EQ(rig_prot(&rig, RIG_VA) & bits, (ptprot_t)PT_YOUNG);
	EXPECT(rig_poke(RIG_VA, 8));
	EXPECT_EQ(rig_prot(&rig, RIG_VA) & bits, bits);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(mmu, rights_are_enforced)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_RO | PT_YOUNG));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT(!rig_poke(RIG_VA, 8));
	EXPECT(rig_map(&rig, RIG_VA + PAGE_SIZE, page, PT_USER));
	EXPECT_EQ(rig_peek(RIG_VA + PAGE_SIZE), -1);    /* silent */
	EXPECT_EQ(page_byte(page), 7);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(mmu, more_rights_need_no_flush)
{
	struct page *page = rig_page(7);
	ptprot_t bits = PT_YOUNG | PT_DIRTY;
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_RO | bits));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	pt_set_prot(rig_slot(&rig, RIG_VA), RIG_RW, 0);
	if (!rig_poke(RIG_VA, 8))               /* one spurious fault at most */
		EXPECT(rig_poke(RIG_VA, 8));
	rig_end(&rig);
	page_free(page, 0);
}

TEST(mmu, a_large_leaf_maps_all_its_bytes)
{
	unsigned int order = PT_INDEX_BITS;
	struct page *block = page_alloc(GFP_KERNEL | GFP_NOWARN, order);
	struct rig rig;
	vaddr_t last = RIG_VA + pt_level_size(1) - 1;

	if (!has_leaves(1) || !block) {
		test_skip("no large leaves, or no block for one");
		return;
	}
	EXPECT(rig_begin(&rig));
	EXPECT_EQ(pt_map_range(&rig.space, RIG_VA, pt_level_size(1),
			       page_to_phys(block),
			       RIG_RW | PT_YOUNG | PT_DIRTY, 1, NULL),
		  0);
	EXPECT(rig_poke(RIG_VA, 1) && rig_poke(last, 2));
	EXPECT_EQ(page_byte(block), 1);
	EXPECT_EQ(((u8 *)page_to_virt(block))[pt_level_size(1) - 1], 2);
	EXPECT_EQ(rig_peek(last + 1), -1);
	rig_end(&rig);
	page_free(block, order);
}

/* ---- flushes: on return nobody uses the old translation ----------------- */

TEST(mmu, flush_range_forgets_what_was_cleared)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	for (vaddr_t va = RIG_VA; va < RIG_VA + 4 * PAGE_SIZE;
	     va += PAGE_SIZE) {
		EXPECT(rig_map(&rig, va, page, RIG_RO | PT_YOUNG));
		EXPECT_EQ(rig_peek(va), 7);
	}
	pt_clear(rig_slot(&rig, RIG_VA + PAGE_SIZE));
	pt_clear(rig_slot(&rig, RIG_VA + 2 * PAGE_SIZE));
	mmu_flush_range(&rig.space, RIG_VA + PAGE_SIZE, RIG_VA + 3 * PAGE_SIZE,
			false);
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT_EQ(rig_peek(RIG_VA + PAGE_SIZE), -1);
	EXPECT_EQ(rig_peek(RIG_VA + 2 * PAGE_SIZE), -1);
	EXPECT_EQ(rig_peek(RIG_VA + 3 * PAGE_SIZE), 7);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(mmu, flush_range_forgets_rights)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_RW | PT_YOUNG | PT_DIRTY));
	EXPECT(rig_poke(RIG_VA, 8));
	pt_set_prot(rig_slot(&rig, RIG_VA), RIG_RO, 0);
	mmu_flush_range(&rig.space, RIG_VA, RIG_VA + PAGE_SIZE, false);
	EXPECT(!rig_poke(RIG_VA, 9));
	EXPECT_EQ(rig_peek(RIG_VA), 8);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(mmu, flush_of_tables_forgets_the_way_down)
{
	struct page *old = rig_page(7), *new = rig_page(9);
	struct pt_cursor c;
	struct rig rig;
	paddr_t table;

	EXPECT(old && new &&rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, old, RIG_RO | PT_YOUNG));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	pt_clear(rig_slot(&rig, RIG_VA));
	EXPECT_EQ(pt_slot_alloc(&c, &rig.space, RIG_VA, 1, NULL), 0);
	table = pte_paddr(pt_clear(c.slot), 1);
	pt_cursor_end(&c);
	mmu_flush_range(&rig.space, RIG_VA, RIG_VA + PAGE_SIZE, true);
	pt_table_free(phys_to_virt(table));
	rig.nr_tables--;
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	EXPECT(rig_map(&rig, RIG_VA, new, RIG_RO | PT_YOUNG));
	EXPECT_EQ(rig_peek(RIG_VA), 9);
	rig_end(&rig);
	page_free(old, 0);
	page_free(new, 0);
}

TEST(mmu, flush_space_forgets_everything)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	for (int i = 0; i < 8; i++) {
		vaddr_t va = RIG_VA + (vaddr_t)i * MIB(300);

		EXPECT(rig_map(&rig, va, page, RIG_RO | PT_YOUNG));
		EXPECT_EQ(rig_peek(va), 7);
		pt_clear(rig_slot(&rig, va));
	}
	mmu_flush_space(&rig.space);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(rig_peek(RIG_VA + (vaddr_t)i * MIB(300)), -1);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(mmu, replace_leaves_no_use_of_the_old_frame)
{
	struct page *old = rig_page(7), *new = rig_page(9);
	struct rig rig;

	EXPECT(old && new &&rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, old, RIG_RO | PT_YOUNG));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	pt_replace(&rig.space, RIG_VA, 0, rig_slot(&rig, RIG_VA),
		   pte_make_leaf(page_to_phys(new),
				 RIG_RW | PT_YOUNG | PT_DIRTY, 0));
	page_free(old, 0);
	EXPECT_EQ(rig_peek(RIG_VA), 9);
	EXPECT(rig_poke(RIG_VA, 10));
	EXPECT_EQ(page_byte(new), 10);
	rig_end(&rig);
	page_free(new, 0);
}

/* ---- spaces ------------------------------------------------------------- */

#define NR_SPACES 20                    /* more than some machines have tags */

TEST(mmu, spaces_do_not_see_each_other)
{
	static struct rig rigs[NR_SPACES];
	struct page *page[NR_SPACES];

	for (u8 i = 0; i < NR_SPACES; i++) {
		page[i] = rig_page(i);
		EXPECT(page[i] && rig_begin(&rigs[i]));
		EXPECT(rig_map(&rigs[i], RIG_VA, page[i], RIG_RO | PT_YOUNG));
	}
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < NR_SPACES; i++) {
			rig_load(&rigs[i]);
			EXPECT_EQ(rig_peek(RIG_VA), i);
		}
	}
	/* A change in a space that is not loaded counts when it is again. */
	pt_clear(rig_slot(&rigs[0], RIG_VA));
	mmu_flush_range(&rigs[0].space, RIG_VA, RIG_VA + PAGE_SIZE, false);
	rig_load(&rigs[0]);
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	for (int i = 0; i < NR_SPACES; i++) {
		rig_end(&rigs[i]);
		page_free(page[i], 0);
	}
}

TEST(mmu, a_finished_space_leaves_nothing)
{
	struct page *page = rig_page(7);
	struct rig rig;

	for (int i = 0; i < 3; i++) {
		EXPECT(page && rig_begin(&rig));
		EXPECT_EQ(rig_peek(RIG_VA), -1);
		EXPECT(rig_map(&rig, RIG_VA, page, RIG_RO | PT_YOUNG));
		EXPECT_EQ(rig_peek(RIG_VA), 7);
		rig_end(&rig);
	}
	page_free(page, 0);
}

/* ---- the kernel half ---------------------------------------------------- */

TEST(mmu, every_space_sees_new_kernel_mappings)
{
	struct rig rig;
	u8 *area;

	EXPECT(rig_begin(&rig));        /* [M5]: its top table is older */
	area = vmalloc(3 * MIB(1));
	EXPECT(area);
	for (size_t at = 0; at < 3 * MIB(1); at += PAGE_SIZE)
		area[at] = (u8)(at >> PAGE_SHIFT);
	EXPECT_EQ(area[255 * PAGE_SIZE], 255);
	vfree(area);
	rig_end(&rig);
}

TEST(mmu, flush_kernel_forgets)
{
	struct page *old = rig_page(7), *new = rig_page(9);
	struct pt_cursor c;
	volatile u8 *at;

	EXPECT(old && new);
	at = vmap(&old, 1, PT_READ | PT_WRITE);
	EXPECT(at);
	EXPECT_EQ(*at, 7);
	EXPECT(pt_slot_find(&c, &mmu_kernel_space, (vaddr_t)at));
	pt_clear(c.slot);
	mmu_flush_kernel((vaddr_t)at, (vaddr_t)at + PAGE_SIZE);
	pt_install(c.slot, pte_make_leaf(page_to_phys(new), KMAP_WRITE, 0));
	pt_cursor_end(&c);
	EXPECT_EQ(*at, 9);
	vunmap((const void *)at);
	page_free(old, 0);
	page_free(new, 0);
}

TEST(mmu, icache_sync_takes_any_range)
{
	struct page *page = rig_page(0);

	EXPECT(page);
	icache_sync(page_to_virt(page), 1);
	icache_sync(page_to_virt(page), PAGE_SIZE);
	page_free(page, 0);
}
