/* SPDX-License-Identifier: MIT */
/*
 * Conformance of a machine to arch/mmu.h, second part: what accesses through a
 * loaded space do, and that every flush keeps its promise.
 *
 *	mmu_codec_test.c	entries and slots
 *	mmu_test.c		accesses, young and dirty, leaves of all sizes, flushes
 *	mmu_space_test.c	many spaces, the kernel half, fresh code
 *
 * A new machine is done when all pass. Most tests follow one pattern: use a
 * page, so that translations are cached; change the tables; flush; use it again.
 */
#include "arch/mmu.h"

#include "tests/kernel/rig.h"
#include "tests/kernel/suite.h"

#define YOUNG_DIRTY ((ptprot_t)(PT_YOUNG | PT_DIRTY))
#define RIG_READ    (RIG_RO | PT_YOUNG)
#define RIG_FULL    (RIG_RW | PT_YOUNG | PT_DIRTY)

static bool has_leaves(unsigned int level)
{
	return mmu_features.leaf_levels >> level & 1;
}

static void flush_one(struct rig *rig, vaddr_t va)
{
	mmu_flush_range(&rig->space, va, va + PAGE_SIZE, false);
}

/* ---- accesses ----------------------------------------------------------- */

TEST(mmu, a_new_mapping_needs_no_flush)
{
	struct page *page = rig_page(7);
	struct rig rig;
	pte_t *slot;

	EXPECT(page && rig_begin(&rig));
	EXPECT_EQ(rig_peek(RIG_VA), -1); /* a miss: not cached [M2] */
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_FULL));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT(rig_poke(RIG_VA, 8));
	EXPECT_EQ(page_byte(page), 8);
	slot = rig_slot(&rig, RIG_VA) + 1;
	pt_claim_slots(slot, 1);
	EXPECT_EQ(rig_peek(RIG_VA + PAGE_SIZE), -1);
	pt_install(slot, pte_make_swap((swp_t){ 1 }));
	EXPECT_EQ(rig_peek(RIG_VA + PAGE_SIZE), -1);
	pt_install(slot, pte_make_leaf(page_to_phys(page), RIG_READ, 0));
	EXPECT_EQ(rig_peek(RIG_VA + PAGE_SIZE), 8);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(mmu, rights_are_enforced)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_READ));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT(!rig_poke(RIG_VA, 8));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT(rig_map(&rig, RIG_VA + PAGE_SIZE, page, PT_USER | YOUNG_DIRTY));
	EXPECT_EQ(rig_peek(RIG_VA + PAGE_SIZE), -1); /* silent */
	EXPECT(!rig_poke(RIG_VA + PAGE_SIZE, 8));
	EXPECT_EQ(page_byte(page), 7);
	rig_end(&rig);
	page_free(page, 0);
}

/* [M6]: at worst one fault that finds nothing to do. */
TEST(mmu, more_rights_need_no_flush)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_RO | YOUNG_DIRTY));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	pt_set_prot(rig_slot(&rig, RIG_VA), RIG_RW, 0);
	if (!rig_poke(RIG_VA, 8))
		EXPECT(rig_poke(RIG_VA, 8));
	EXPECT(rig_map(&rig, RIG_VA + PAGE_SIZE, page, PT_USER | YOUNG_DIRTY));
	EXPECT_EQ(rig_peek(RIG_VA + PAGE_SIZE), -1);
	pt_set_prot(rig_slot(&rig, RIG_VA + PAGE_SIZE), RIG_RO, 0);
	if (rig_peek(RIG_VA + PAGE_SIZE) != 8)
		EXPECT_EQ(rig_peek(RIG_VA + PAGE_SIZE), 8);
	rig_end(&rig);
	page_free(page, 0);
}

/* ---- young and dirty ---------------------------------------------------- */

static void hardware_marks(struct rig *rig, pte_t *slot)
{
	EXPECT_EQ(pte_prot(pt_read(slot), 0) & YOUNG_DIRTY, 0u);
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT_EQ(pte_prot(pt_read(slot), 0) & YOUNG_DIRTY, (ptprot_t)PT_YOUNG);
	EXPECT(rig_poke(RIG_VA, 7));
	EXPECT_EQ(pte_prot(pt_read(slot), 0) & YOUNG_DIRTY, YOUNG_DIRTY);
	EXPECT(pt_test_clear_young(slot, 0));
	flush_one(rig, RIG_VA);
	EXPECT_EQ(pte_prot(pt_read(slot), 0), (ptprot_t)(RIG_RW | PT_DIRTY));
	EXPECT_EQ(rig_peek(RIG_VA), 7); /* once more, now that it is forgotten */
	EXPECT_EQ(pte_prot(pt_read(slot), 0) & YOUNG_DIRTY, YOUNG_DIRTY);
}

/* Neither a change of rights nor the end loses what the hardware wrote. */
static void hardware_marks_stay(struct rig *rig, pte_t *slot)
{
	pte_t old = pt_set_prot(slot, RIG_RO, 0);

	flush_one(rig, RIG_VA);
	EXPECT_EQ(pte_prot(old, 0), (ptprot_t)RIG_FULL);
	EXPECT_EQ(pte_prot(pt_read(slot), 0), RIG_RO | YOUNG_DIRTY);
	EXPECT(!rig_poke(RIG_VA, 8));
	pt_set_prot(slot, PT_USER, 0);
	flush_one(rig, RIG_VA);
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	pt_set_prot(slot, RIG_RW, 0);
	EXPECT_EQ(pte_prot(pt_read(slot), 0), (ptprot_t)RIG_FULL);
	EXPECT(rig_poke(RIG_VA, 8));
	old = pt_clear(slot);
	flush_one(rig, RIG_VA);
	EXPECT_EQ(pte_prot(old, 0), (ptprot_t)RIG_FULL);
}

TEST(mmu, hardware_sets_young_and_dirty)
{
	struct page *page = rig_page(7);
	struct rig rig;

	if (!mmu_features.hw_young || !mmu_features.hw_dirty) {
		page_free(page, 0);
		test_skip("young and dirty are software's");
		return;
	}
	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_RW));
	hardware_marks(&rig, rig_slot(&rig, RIG_VA));
	hardware_marks_stay(&rig, rig_slot(&rig, RIG_VA));
	rig_end(&rig);
	page_free(page, 0);
}

/* Without such hardware each of the two is a fault, and its answer needs no
 * flush. */
TEST(mmu, software_sets_young_and_dirty)
{
	struct page *page = rig_page(7);
	struct rig rig;
	pte_t *slot;

	if (mmu_features.hw_young || mmu_features.hw_dirty) {
		page_free(page, 0);
		test_skip("young and dirty are hardware's");
		return;
	}
	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_RW));
	slot = rig_slot(&rig, RIG_VA);
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	pt_set_prot(slot, RIG_RW | PT_YOUNG, 0);
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT(!rig_poke(RIG_VA, 8));
	pt_set_prot(slot, RIG_FULL, 0);
	EXPECT(rig_poke(RIG_VA, 8));
	EXPECT(pt_test_clear_young(slot, 0));
	flush_one(&rig, RIG_VA);
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	EXPECT_EQ(pte_prot(pt_read(slot), 0), (ptprot_t)(RIG_RW | PT_DIRTY));
	rig_end(&rig);
	page_free(page, 0);
}

/* ---- leaves of every size ----------------------------------------------- */

/*
 * Maps all that a leaf of this level can map, page among it; its address. What
 * else lies there is not touched: it may be no memory at all.
 */
static vaddr_t map_around(struct rig *rig, unsigned int level,
			  const struct page *page, ptprot_t prot)
{
	size_t size = pt_level_size(level);
	paddr_t pa = page_to_phys(page);
	paddr_t start = pa_make(ALIGN_DOWN(pa.v, (u64)size));
	struct pt_cursor c;

	if (pt_slot_alloc(&c, &rig->space, RIG_VA, level, &rig->nr_tables))
		return 0;
	pt_install(c.slot, pte_make_leaf(start, prot, level));
	pt_cursor_end(&c);
	return RIG_VA + (pa.v - start.v);
}

static void one_leaf(struct page *page, unsigned int level)
{
	struct rig rig;
	vaddr_t va;

	EXPECT(rig_begin(&rig));
	va = map_around(&rig, level, page, RIG_FULL);
	EXPECT(va);
	EXPECT_EQ(rig_peek(va), 7);
	EXPECT(rig_poke(va + PAGE_SIZE - 1, 8));
	EXPECT_EQ(((u8 *)page_to_virt(page))[PAGE_SIZE - 1], 8);
	EXPECT_EQ(rig_peek(RIG_VA - 1), -1);
	EXPECT_EQ(rig_peek(RIG_VA + pt_level_size(level)), -1);
	pt_clear(rig_slot(&rig, va));
	mmu_flush_range(&rig.space, RIG_VA, RIG_VA + pt_level_size(level),
			false);
	EXPECT_EQ(rig_peek(va), -1);
	rig_end(&rig);
}

TEST(mmu, a_leaf_of_every_level)
{
	struct page *page = rig_page(7);

	EXPECT(page);
	for (unsigned int l = 0; l < mmu_features.levels; l++)
		if (has_leaves(l) && !test_failed())
			one_leaf(page, l);
	page_free(page, 0);
}

/* A block of its own: first and last byte of it. */
TEST(mmu, a_large_leaf_maps_all_its_bytes)
{
	unsigned int order = PT_INDEX_BITS;
	struct page *block = page_alloc(GFP_KERNEL | GFP_NOWARN, order);
	vaddr_t last = RIG_VA + pt_level_size(1) - 1;
	struct rig rig;

	if (!has_leaves(1) || !block) {
		test_skip("no large leaves, or no block for one");
		return;
	}
	EXPECT(rig_begin(&rig));
	EXPECT_EQ(map_around(&rig, 1, block, RIG_FULL), RIG_VA);
	EXPECT(rig_poke(RIG_VA, 1) && rig_poke(last, 2));
	EXPECT_EQ(page_byte(block), 1);
	EXPECT_EQ(((u8 *)page_to_virt(block))[pt_level_size(1) - 1], 2);
	rig_end(&rig);
	page_free(block, order);
}

/* ---- tables that deny writing ------------------------------------------- */

/* The leaf keeps its rights, and has them again when the table allows it. */
TEST(mmu, a_table_denies_writing)
{
	struct page *page = rig_page(7);
	vaddr_t end = RIG_VA + pt_level_size(1);
	struct rig rig;
	pte_t *slot;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_FULL));
	EXPECT(rig_poke(RIG_VA, 8));            /* writable in the TLB */
	slot = pt_table_slot(&rig.space, RIG_VA);
	EXPECT(slot && !pt_table_slot(&rig.space, end + GIB(1)));
	pt_set_table_write(slot, false);
	mmu_flush_range(&rig.space, RIG_VA, end, true);
	EXPECT(!rig_poke(RIG_VA, 9));
	EXPECT_EQ(rig_peek(RIG_VA), 8);
	EXPECT(rig_prot(&rig, RIG_VA) & PT_WRITE);
	EXPECT(!rig_poke(RIG_VA, 9));           /* read-only in the TLB */
	pt_set_table_write(slot, true);
	mmu_flush_range(&rig.space, RIG_VA, end, true);
	EXPECT(rig_poke(RIG_VA, 9));
	EXPECT_EQ(page_byte(page), 9);
	rig_end(&rig);
	page_free(page, 0);
}

/* ---- pt_replace: on return nobody uses the old leaf --------------------- */

TEST(mmu, replace_leaves_no_use_of_the_old_frame)
{
	struct page *old = rig_page(7), *new = rig_page(9);
	struct rig rig;

	EXPECT(old && new &&rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, old, RIG_READ));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	pt_replace(&rig.space, RIG_VA, 0, rig_slot(&rig, RIG_VA),
		   pte_make_leaf(page_to_phys(new), RIG_FULL, 0));
	page_free(old, 0);
	EXPECT_EQ(rig_peek(RIG_VA), 9);
	EXPECT(rig_poke(RIG_VA, 10));
	EXPECT_EQ(page_byte(new), 10);
	rig_end(&rig);
	page_free(new, 0);
}

/* Of large leaves there may be no second one: rights tell old from new. */
static void replace_one(struct page *page, unsigned int level)
{
	u64 start = ALIGN_DOWN(page_to_phys(page).v, (u64)pt_level_size(level));
	struct rig rig;
	pte_t new;
	vaddr_t va;

	EXPECT(rig_begin(&rig));
	va = map_around(&rig, level, page, RIG_FULL);
	EXPECT(va && rig_poke(va, 7));
	new = pte_make_leaf(pa_make(start), RIG_READ, level);
	pt_replace(&rig.space, va, level, rig_slot(&rig, va), new);
	EXPECT(!rig_poke(va, 8));
	EXPECT_EQ(rig_peek(va), 7);
	rig_end(&rig);
}

TEST(mmu, replace_at_every_level)
{
	struct page *page = rig_page(7);

	EXPECT(page);
	for (unsigned int l = 0; l < mmu_features.levels; l++)
		if (has_leaves(l) && !test_failed())
			replace_one(page, l);
	page_free(page, 0);
}

/* ---- flushes: on return nobody uses the old translation ----------------- */

/* [1, nr] of nr + 2 pages go, and only they. */
static void flush_of_length(struct page *page, unsigned int nr)
{
	vaddr_t start = RIG_VA + PAGE_SIZE, end = start + nr * PAGE_SIZE, va;
	struct rig rig;

	EXPECT(rig_begin(&rig));
	for (va = RIG_VA; va <= end; va += PAGE_SIZE) {
		EXPECT(rig_map(&rig, va, page, RIG_READ));
		EXPECT_EQ(rig_peek(va), 7);
	}
	for (va = start; va < end; va += PAGE_SIZE)
		pt_clear(rig_slot(&rig, va));
	mmu_flush_range(&rig.space, start, end, false);
	for (va = start; va < end; va += PAGE_SIZE)
		EXPECT_EQ(rig_peek(va), -1);
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT_EQ(rig_peek(end), 7);
	rig_end(&rig);
}

/* Machines change their ways at some length. */
static const u8 flush_lengths[] = { 1, 2, 32, 33, 64, 65, 130 };

TEST(mmu, flush_range_forgets_what_was_cleared)
{
	struct page *page = rig_page(7);

	EXPECT(page);
	for (size_t i = 0; i < array_size(flush_lengths); i++)
		if (!test_failed())
			flush_of_length(page, flush_lengths[i]);
	page_free(page, 0);
}

TEST(mmu, flush_range_forgets_rights)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_FULL));
	EXPECT(rig_poke(RIG_VA, 8));
	pt_set_prot(rig_slot(&rig, RIG_VA), RIG_RO, 0);
	flush_one(&rig, RIG_VA);
	EXPECT(!rig_poke(RIG_VA, 9));
	EXPECT_EQ(rig_peek(RIG_VA), 8);
	pt_set_prot(rig_slot(&rig, RIG_VA), PT_USER, 0);
	flush_one(&rig, RIG_VA);
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	rig_end(&rig);
	page_free(page, 0);
}

/* Unhooks the tables below RIG_VA from the entry of `level` on down. */
static void flush_tables_from(unsigned int level)
{
	struct page *old = rig_page(7), *new = rig_page(9);
	paddr_t table[PT_MAX_LEVELS];
	struct pt_cursor c;
	struct rig rig;

	EXPECT(old && new &&rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, old, RIG_READ));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	pt_clear(rig_slot(&rig, RIG_VA));
	for (unsigned int l = 1; l <= level; l++) {
		EXPECT_EQ(pt_slot_alloc(&c, &rig.space, RIG_VA, l, NULL), 0);
		table[l] = pte_paddr(pt_clear(c.slot), l);
		pt_cursor_end(&c);
	}
	mmu_flush_range(&rig.space, RIG_VA, RIG_VA + PAGE_SIZE, true);
	for (unsigned int l = 1; l <= level; l++)
		pt_table_free(phys_to_virt(table[l]));
	rig.nr_tables -= level;
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	EXPECT(rig_map(&rig, RIG_VA, new, RIG_READ));
	EXPECT_EQ(rig_peek(RIG_VA), 9);
	rig_end(&rig);
	page_free(old, 0);
	page_free(new, 0);
}

TEST(mmu, flush_of_tables_forgets_the_way_down)
{
	for (unsigned int l = 1; l < mmu_features.levels; l++)
		if (!test_failed())
			flush_tables_from(l);
}

TEST(mmu, flush_space_forgets_everything)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	for (int i = 0; i < 8; i++) {
		vaddr_t va = RIG_VA + (vaddr_t)i * MIB(300);

		EXPECT(rig_map(&rig, va, page, RIG_READ));
		EXPECT_EQ(rig_peek(va), 7);
		pt_clear(rig_slot(&rig, va));
	}
	mmu_flush_space(&rig.space);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(rig_peek(RIG_VA + (vaddr_t)i * MIB(300)), -1);
	rig_end(&rig);
	page_free(page, 0);
}
