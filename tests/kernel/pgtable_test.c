/* SPDX-License-Identifier: MIT */
/* The walker and the tables: mm/tables/pgtable.c, pttree.c, kmap.c. */
#include "mm/tables/pgtable.h"

#include "arch/image.h"
#include "kernel/base/inject.h"
#include "lib/errno.h"
#include "mm/tables/kmap.h"
#include "tests/kernel/rig.h"
#include "tests/kernel/suite.h"

#define LEAF (RIG_RO | PT_YOUNG)

/* ---- a sparse space and its naive model: a sorted array of addresses ---- */

#define NR_ADDRESSES 160

static vaddr_t model[NR_ADDRESSES];     /* sorted */
static u32 nr_model;
static u64 pt_draw_state = 88172645463325252ull;

static u64 pt_draw(void)
{
	pt_draw_state ^= pt_draw_state << 13;
	pt_draw_state ^= pt_draw_state >> 7;
	pt_draw_state ^= pt_draw_state << 17;
	return pt_draw_state * 0x2545f4914f6cdd1dull;
}

/* Addresses that like each other's neighbourhood and the borders of tables. */
static vaddr_t draw_address(void)
{
	static const u16 favourites[] = { 0, 1, 2, 255, 510, 511 };
	vaddr_t va = 0;

	for (unsigned int l = 0; l < mmu_features.levels; l++)
		va += favourites[pt_draw() % array_size(favourites)] *
		      pt_level_size(l);
	return va % (USER_END & PAGE_MASK);
}

/* Where va stands or belongs in the model. */
static u32 model_place(vaddr_t va)
{
	u32 i = 0;

	while (i < nr_model && model[i] < va)
		i++;
	return i;
}

static bool model_has(vaddr_t va)
{
	u32 i = model_place(va);

	return i < nr_model && model[i] == va;
}

static void model_insert(vaddr_t va)
{
	u32 at = model_place(va);

	memmove(&model[at + 1], &model[at], (nr_model - at) * sizeof(va));
	model[at] = va;
	nr_model++;
}

static bool fill_from_model(struct rig *rig, struct page *page)
{
	nr_model = 0;
	while (nr_model < NR_ADDRESSES) {
		vaddr_t va = draw_address();

		if (model_has(va))
			continue;
		if (!rig_map(rig, va, page, LEAF))
			return false;
		model_insert(va);
	}
	return true;
}

/* The cursor over [start, end) reports exactly the model's addresses. */
static bool walk_agrees(struct rig *rig, vaddr_t start, vaddr_t end)
{
	u32 i = model_place(start);
	struct pt_cursor c;
	bool agrees = true;

	pt_cursor_begin(&c, &rig->space, start, end);
	while (pt_cursor_next(&c)) {
		agrees &= i < nr_model && c.va == model[i] && c.level == 0 &&
			  pt_read(c.slot).v == c.entry.v && c.locked &&
			  spin_is_locked(&c.locked->table_lock);
		i++;
	}
	agrees &= i == model_place(end) && !c.locked;
	pt_cursor_end(&c);
	return agrees;
}

TEST(pgtable, the_cursor_finds_every_entry_of_a_range)
{
	struct page *page = rig_page(7);
	struct rig rig;

	EXPECT(page && rig_begin(&rig) && fill_from_model(&rig, page));
	EXPECT(walk_agrees(&rig, 0, USER_END));
	for (int i = 0; i < 300; i++) {
		vaddr_t a = draw_address(), b = draw_address();

		EXPECT(walk_agrees(&rig, MIN(a, b), MAX(a, b)));
		EXPECT(walk_agrees(&rig, a, a + PAGE_SIZE));
	}
	EXPECT_SOUND(pt_check(&rig.space));
	EXPECT_EQ(pt_count_tables(&rig.space), rig.nr_tables + 1);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(pgtable, unmapping_a_range_spares_the_rest)
{
	struct page *page = rig_page(7);
	struct tlb_batch b;
	struct rig rig;

	EXPECT(page && rig_begin(&rig) && fill_from_model(&rig, page));
	for (int i = 0; i < 20; i++) {
		vaddr_t x = draw_address(), y = draw_address();
		u32 from = model_place(MIN(x, y)), to = model_place(MAX(x, y));

		if (x == y)
			continue;
		tlb_batch_begin(&b, &rig.space, TLB_UNMAP);
		pt_unmap_range(&rig.space, MIN(x, y), MAX(x, y), &b);
		tlb_batch_end(&b);
		memmove(&model[from], &model[to],
			(nr_model - to) * sizeof(model[0]));
		nr_model -= to - from;
		EXPECT(walk_agrees(&rig, 0, USER_END));
	}
	rig_end(&rig);
	page_free(page, 0);
}

TEST(pgtable, swap_entries_are_reported)
{
	struct pt_cursor c;
	struct rig rig;

	EXPECT(rig_begin(&rig));
	EXPECT_EQ(pt_slot_alloc(&c, &rig.space, RIG_VA, 0, &rig.nr_tables), 0);
	pt_install(c.slot, pte_make_swap((swp_t){ 0 }));
	pt_cursor_end(&c);
	pt_cursor_begin(&c, &rig.space, 0, USER_END);
	EXPECT(pt_cursor_next(&c));
	EXPECT_EQ(c.va, RIG_VA);
	EXPECT_EQ(pte_kind(c.entry, c.level), PTE_SWAP);
	pt_clear(c.slot);
	EXPECT(!pt_cursor_next(&c));
	pt_cursor_end(&c);
	rig_end(&rig);
}

/* ---- large leaves ------------------------------------------------------- */

TEST(pgtable, a_range_gets_the_largest_leaves)
{
	size_t large = pt_level_size(1);
	paddr_t pa = pa_make(GIB(4));   /* nobody touches what is mapped here */
	struct pt_cursor c;
	struct rig rig;
	u32 small = 0, big = 0;

	EXPECT(rig_begin(&rig));
	EXPECT_EQ(pt_map_range(&rig.space, RIG_VA - 2 * PAGE_SIZE,
			       2 * large + 5 * PAGE_SIZE,
			       pa_make(pa.v - 2 * PAGE_SIZE), LEAF, 1, NULL),
		  0);
	pt_cursor_begin(&c, &rig.space, 0, USER_END);
	while (pt_cursor_next(&c)) {
		big += c.level == 1;
		small += c.level == 0;
	}
	pt_cursor_end(&c);
	EXPECT_EQ(big, 2u);
	EXPECT_EQ(small, 5u);
	EXPECT_SOUND(pt_check(&rig.space));
	EXPECT_EQ(pt_map_range(&rig.space, RIG_VA + large, PAGE_SIZE, pa, LEAF,
			       0, NULL),
		  -EEXIST);
	rig.nr_tables = pt_count_tables(&rig.space) - 1;
	rig_end(&rig);
}

TEST(pgtable, a_range_may_begin_inside_a_large_leaf)
{
	size_t large = pt_level_size(1);
	paddr_t pa = pa_make(GIB(4)), found;
	vaddr_t inside = RIG_VA + 5 * PAGE_SIZE;
	struct pt_cursor c;
	unsigned int level;
	ptprot_t prot;
	struct rig rig;

	EXPECT(rig_begin(&rig));
	EXPECT_EQ(pt_map_range(&rig.space, RIG_VA, 2 * large, pa, LEAF, 1,
			       NULL),
		  0);
	rig.nr_tables = pt_count_tables(&rig.space) - 1;
	pt_cursor_begin(&c, &rig.space, inside, RIG_VA + 2 * large);
	EXPECT(pt_cursor_next(&c) && c.va == inside && c.level == 1);
	EXPECT(pt_cursor_next(&c) && c.va == RIG_VA + large && c.level == 1);
	EXPECT(!pt_cursor_next(&c));
	pt_cursor_end(&c);
	EXPECT(pt_lookup(&rig.space, inside + 9, &found, &prot, &level));
	EXPECT_EQ(found.v, pa.v + (inside - RIG_VA) + 9);
	EXPECT_EQ(level, 1u);
	EXPECT(pt_slot_find(&c, &rig.space, inside) && c.level == 1);
	pt_cursor_end(&c);
	EXPECT_EQ(pt_slot_alloc(&c, &rig.space, inside, 0, NULL), -EEXIST);
	rig_end(&rig);
}

/* The kernel's address range for this test: the end of the vmalloc window,
 * far from where areas are placed. */
#define SPLIT_VA (ALIGN_DOWN((vaddr_t)VMALLOC_END, MIB(2)) - MIB(4))

static void split_cleanup(void)
{
	struct pt_cursor c;
	struct tlb_batch b;

	tlb_batch_begin(&b, &mmu_kernel_space, TLB_KERNEL);
	pt_unmap_range(&mmu_kernel_space, SPLIT_VA, SPLIT_VA + MIB(2), &b);
	if (pt_slot_find(&c, &mmu_kernel_space, SPLIT_VA) && c.level == 0) {
		pte_t *table = c.slot - pt_slot_index(c.slot);

		pt_cursor_end(&c);
		if (!pt_slot_alloc(&c, &mmu_kernel_space, SPLIT_VA, 1, NULL)) {
			pt_clear(c.slot);
			tlb_batch_note(&b, SPLIT_VA, PAGE_SIZE);
			tlb_batch_put_table(&b, virt_to_page(table));
			pt_cursor_end(&c);
		}
	}
	tlb_batch_end(&b);
}

TEST(pgtable, protecting_a_part_splits_a_large_leaf)
{
	struct page *block = page_alloc(GFP_KERNEL | GFP_NOWARN, PT_INDEX_BITS);
	vaddr_t first = SPLIT_VA + 3 * PAGE_SIZE;
	volatile u8 *at = (volatile u8 *)SPLIT_VA;
	struct tlb_batch b;
	unsigned int level;
	ptprot_t prot;
	paddr_t pa;

	if (!block) {
		test_skip("no block of 2 MiB");
		return;
	}
	EXPECT_EQ(pt_map_range(&mmu_kernel_space, SPLIT_VA, MIB(2),
			       page_to_phys(block), KMAP_WRITE, 1, NULL),
		  0);
	at[0] = 1;
	at[3 * PAGE_SIZE] = 2;
	tlb_batch_begin(&b, &mmu_kernel_space, TLB_PROTECT);
	EXPECT_EQ(pt_protect_range(&mmu_kernel_space, first, first + PAGE_SIZE,
				   KMAP_READ, &b),
		  0);
	tlb_batch_end(&b);
	EXPECT(pt_lookup(&mmu_kernel_space, first, &pa, &prot, &level));
	EXPECT_EQ(level, 0u);
	EXPECT_EQ(prot & PT_WRITE, 0u);
	EXPECT_EQ(pa.v, page_to_phys(block).v + 3 * PAGE_SIZE);
	EXPECT(pt_lookup(&mmu_kernel_space, first + PAGE_SIZE, &pa, &prot,
			 &level));
	EXPECT(prot & PT_WRITE);
	at[4 * PAGE_SIZE] = 3;
	EXPECT_EQ(at[0] + at[3 * PAGE_SIZE] + at[4 * PAGE_SIZE], 6);
	split_cleanup();
	page_free(block, PT_INDEX_BITS);
}

/* ---- tables ------------------------------------------------------------- */

TEST(pgtable, tables_are_counted_and_shared)
{
	struct pt_cursor c;
	struct rig rig;
	u64 depth = mmu_features.levels - 1u;

	EXPECT(rig_begin(&rig));
	EXPECT_EQ(pt_slot_alloc(&c, &rig.space, RIG_VA, 0, &rig.nr_tables), 0);
	EXPECT_EQ(pte_kind(c.entry, 0), PTE_NONE);
	EXPECT_EQ(c.va, RIG_VA);
	pt_cursor_end(&c);
	EXPECT_EQ(rig.nr_tables, depth);
	EXPECT_EQ(pt_slot_alloc(&c, &rig.space, RIG_VA + PAGE_SIZE, 0,
				&rig.nr_tables),
		  0);
	pt_cursor_end(&c);
	EXPECT_EQ(rig.nr_tables, depth);
	EXPECT_EQ(pt_slot_alloc_private(&c, &rig.space,
					RIG_VA + pt_level_size(1), 0,
					&rig.nr_tables),
		  0);
	EXPECT(!c.locked);
	pt_cursor_end(&c);
	EXPECT_EQ(rig.nr_tables, depth + 1);
	EXPECT_EQ(pt_count_tables(&rig.space), depth + 2);
	EXPECT(!pt_slot_find(&c, &rig.space, RIG_VA + pt_level_size(2)));
	rig_end(&rig);
}

/* Frees the tables of one unmapped page at va between two borders. */
static u64 free_tables_at(struct rig *rig, vaddr_t va, vaddr_t floor,
			  vaddr_t ceiling)
{
	struct tlb_batch b;
	u64 before = rig->nr_tables;

	tlb_batch_begin(&b, &rig->space, TLB_UNMAP);
	pt_unmap_range(&rig->space, va, va + PAGE_SIZE, &b);
	pt_free_tables(&rig->space, va, va + PAGE_SIZE, floor, ceiling, &b,
		       &rig->nr_tables);
	tlb_batch_end(&b);
	return before - rig->nr_tables;
}

TEST(pgtable, tables_go_when_they_serve_nobody)
{
	struct page *page = rig_page(7);
	vaddr_t near = RIG_VA + 9 * PAGE_SIZE, far = RIG_VA + pt_level_size(1);
	u64 all = mmu_features.levels - 1u;
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, LEAF));
	EXPECT(rig_map(&rig, near, page, LEAF));
	EXPECT(rig_map(&rig, far, page, LEAF));
	EXPECT_EQ(rig_peek(RIG_VA) + rig_peek(near) + rig_peek(far), 21);
	/* near shares RIG_VA's table: nothing goes. */
	EXPECT_EQ(free_tables_at(&rig, near, RIG_VA + PAGE_SIZE, far), 0u);
	/* far has a table of its own, below shared ones. */
	EXPECT_EQ(free_tables_at(&rig, far, RIG_VA + PAGE_SIZE, USER_END), 1u);
	EXPECT_EQ(rig_peek(far), -1);
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	EXPECT_SOUND(pt_check(&rig.space));
	/* The last one takes all with it but the top. */
	EXPECT_EQ(free_tables_at(&rig, RIG_VA, 0, USER_END), all);
	EXPECT_EQ(rig.nr_tables, 0u);
	EXPECT_EQ(pt_count_tables(&rig.space), 1u);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(pgtable, running_out_of_memory_leaves_a_sound_tree)
{
	struct pt_cursor c;
	struct rig rig;
	int err = -ENOMEM, failures = 0;

	EXPECT(rig_begin(&rig));
	for (u64 n = 1; err; n++) {
		inject_arm(n);
		err = pt_slot_alloc(&c, &rig.space, RIG_VA, 0, &rig.nr_tables);
		inject_disarm();
		failures += err != 0;
		EXPECT(err == 0 || err == -ENOMEM);
		EXPECT_EQ(pt_count_tables(&rig.space), rig.nr_tables + 1);
		if (!err)
			pt_cursor_end(&c);
	}
	EXPECT(failures > 0);
	rig_end(&rig);
}

struct explained {
	unsigned int level[PT_MAX_LEVELS];
	unsigned int nr;
	pte_t last;
};

static void note_level(unsigned int level, pte_t e, void *arg)
{
	struct explained *x = arg;

	if (x->nr < PT_MAX_LEVELS)
		x->level[x->nr] = level;
	x->nr++;
	x->last = e;
}

TEST(pgtable, explain_shows_the_way_down)
{
	struct page *page = rig_page(7);
	struct explained x = { .nr = 0 };
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, LEAF));
	pt_explain(&rig.space, RIG_VA, note_level, &x);
	EXPECT_EQ(x.nr, mmu_features.levels);
	for (unsigned int i = 0; i < x.nr; i++)
		EXPECT_EQ(x.level[i], mmu_features.levels - 1u - i);
	EXPECT_EQ(pte_paddr(x.last, 0).v, page_to_phys(page).v);
	x.nr = 0;
	pt_explain(&rig.space, RIG_VA + pt_level_size(2), note_level, &x);
	EXPECT_EQ(x.nr, mmu_features.levels - 2u);
	EXPECT_EQ(x.last.v, pte_none().v);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(pgtable, check_finds_damage)
{
	struct page *page = rig_page(7);
	struct rig rig;
	pte_t *slot;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, LEAF));
	EXPECT_SOUND(pt_check(&rig.space));
	slot = rig_slot(&rig, RIG_VA);
	pt_clear(slot);
	pt_install(slot, pte_make_leaf(page_to_phys(page), PT_READ, 0));
	EXPECT(pt_check(&rig.space)); /* the kernel's, in the user half */
	pt_clear(slot);
	pt_install(slot + 1, pte_make_leaf(page_to_phys(page), LEAF, 0));
	EXPECT(pt_check(&rig.space));           /* [T5]: not claimed */
	pt_clear(slot + 1);
	EXPECT_SOUND(pt_check(&rig.space));
	rig_end(&rig);
	page_free(page, 0);
}

/* ---- the kernel half ---------------------------------------------------- */

TEST(kmap, the_kernel_half_is_sound)
{
	EXPECT_SOUND(pt_check(&mmu_kernel_space));
	EXPECT_SOUND(kmap_check_wx());
}

TEST(kmap, a_writable_and_executable_page_is_named)
{
	struct page *page = rig_page(0);
	bool named;

	EXPECT(page);
	EXPECT_EQ(pt_map_range(&mmu_kernel_space, SPLIT_VA, PAGE_SIZE,
			       page_to_phys(page), KMAP_WRITE | PT_EXEC, 0,
			       NULL),
		  0);
	named = kmap_check_wx() != NULL;
	split_cleanup();
	page_free(page, 0);
	EXPECT(named);
	EXPECT_SOUND(kmap_check_wx());
}

TEST(kmap, the_direct_map_is_linear)
{
	struct page *page = rig_page(0);
	vaddr_t va;
	paddr_t pa;

	EXPECT(page);
	va = (vaddr_t)page_to_virt(page);
	EXPECT(kmap_virt_to_phys(va + 123, &pa));
	EXPECT_EQ(pa.v, page_to_phys(page).v + 123);
	EXPECT(kmap_virt_to_phys((vaddr_t)page, &pa));  /* in the memmap */
	EXPECT(!kmap_virt_to_phys(VMALLOC_END - PAGE_SIZE, &pa));
	page_free(page, 0);
}

TEST(kmap, text_and_rodata_cannot_be_written_anywhere)
{
	const char *places[] = { _text_start, _rodata_start };
	unsigned int level;
	ptprot_t prot;
	paddr_t pa;

	if (&_text_start[0] == &_text_end[0]) {
		test_skip("this machine has no image");
		return;
	}
	for (size_t i = 0; i < array_size(places); i++) {
		EXPECT(pt_lookup(&mmu_kernel_space, (vaddr_t)places[i], &pa,
				 &prot, &level));
		EXPECT_EQ(prot & PT_WRITE, 0u);
		EXPECT(pt_lookup(&mmu_kernel_space, (vaddr_t)phys_to_virt(pa),
				 &pa, &prot, &level));
		EXPECT_EQ(prot & (PT_WRITE | PT_EXEC), 0u);
	}
}
