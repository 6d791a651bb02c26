/* SPDX-License-Identifier: MIT */
/*
 * Conformance of a machine to arch/mmu.h, third part: spaces beside each other
 * and more of them than tags, the kernel half, and code that was just written.
 */
#include "arch/mmu.h"

#include "arch/image.h"
#include "mm/tables/kmap.h"
#include "mm/tables/vmalloc.h"
#include "tests/kernel/rig.h"
#include "tests/kernel/suite.h"

#define RIG_READ  (RIG_RO | PT_YOUNG)

/* ---- spaces ------------------------------------------------------------- */

#define NR_SPACES 20                    /* more than some machines have tags */

TEST(mmu, spaces_do_not_see_each_other)
{
	static struct rig rigs[NR_SPACES];
	struct page *page[NR_SPACES];

	for (u8 i = 0; i < NR_SPACES; i++) {
		page[i] = rig_page(i);
		EXPECT(page[i] && rig_begin(&rigs[i]));
		EXPECT(rig_map(&rigs[i], RIG_VA, page[i], RIG_READ));
	}
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < NR_SPACES; i++) {
			rig_load(&rigs[i]);
			EXPECT_EQ(rig_peek(RIG_VA), i);
		}
	}
	for (int i = 0; i < NR_SPACES; i++) {
		rig_end(&rigs[i]);
		page_free(page[i], 0);
	}
}

/* A change in a space that is not loaded counts when it is again. */
TEST(mmu, flushes_reach_spaces_that_are_not_loaded)
{
	struct page *page = rig_page(7);
	struct rig rig, other;

	EXPECT(page && rig_create(&other) && rig_begin(&rig));
	for (int i = 0; i < 3; i++) {
		vaddr_t va = RIG_VA + (vaddr_t)i * MIB(2);

		EXPECT(rig_map(&rig, va, page, RIG_READ));
		EXPECT_EQ(rig_peek(va), 7);
		rig_load(&other);
		pt_clear(rig_slot(&rig, va));
		if (i < 2)
			mmu_flush_range(&rig.space, va, va + PAGE_SIZE, i > 0);
		else
			mmu_flush_space(&rig.space);
		rig_load(&rig);
		EXPECT_EQ(rig_peek(va), -1);
	}
	rig_end(&rig);
	rig_end(&other);
	page_free(page, 0);
}

/* As many further spaces as it takes to use up all tags. */
static void use_up_tags(void)
{
	u32 nr = ((u32)1 << mmu_features.asid_bits) + NR_SPACES;
	struct mmu_space space = { .top = pt_table_alloc() };

	EXPECT(space.top);
	for (u32 i = 0; i < nr; i++) {
		mmu_space_init(&space);
		preempt_disable();
		mmu_switch(&space);
		mmu_switch(&mmu_kernel_space);
		preempt_enable();
		mmu_space_fini(&space);
	}
	pt_table_free(space.top);
}

TEST(mmu, more_spaces_than_tags)
{
	struct page *page[2] = { rig_page(7), rig_page(9) };
	struct rig rigs[2];

	for (int i = 0; i < 2; i++) {
		EXPECT(page[i] && rig_begin(&rigs[i]));
		EXPECT(rig_map(&rigs[i], RIG_VA, page[i], RIG_READ));
	}
	for (int round = 0; round < 2; round++) {
		rig_load(&rigs[0]);
		EXPECT_EQ(rig_peek(RIG_VA), 7);
		rig_load(&rigs[1]);
		EXPECT_EQ(rig_peek(RIG_VA), 9);
		use_up_tags();
	}
	for (int i = 0; i < 2; i++) {
		rig_end(&rigs[i]);
		page_free(page[i], 0);
	}
}

TEST(mmu, the_kernels_space_has_no_user_half)
{
	struct page *page = rig_page(7);
	struct rig rig;
	int value;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, RIG_READ));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	preempt_disable();
	mmu_switch(&mmu_kernel_space);
	value = rig_peek(RIG_VA);
	mmu_switch(&rig.space);
	preempt_enable();
	EXPECT_EQ(value, -1);
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(mmu, a_finished_space_leaves_nothing)
{
	struct page *page = rig_page(7);
	struct rig rig;
	int value;

	for (int i = 0; i < 3; i++) {
		EXPECT(page && rig_begin(&rig));
		EXPECT_EQ(rig_peek(RIG_VA), -1);
		EXPECT(rig_map(&rig, RIG_VA, page, RIG_READ));
		EXPECT_EQ(rig_peek(RIG_VA), 7);
		preempt_disable();
		mmu_space_fini(&rig.space); /* loaded as it is */
		value = rig_peek(RIG_VA);
		preempt_enable();
		EXPECT_EQ(value, -1);
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

/* Machines change their ways at some length. */
static const u8 kernel_lengths[] = { 1, 2, 32, 33, 64, 65, 130 };
#define KERNEL_PAGES_MAX 130

/* Another frame for each of nr pages: all at once, or one by one. */
static void flush_kernel_of(struct page *old, struct page *new, unsigned int nr,
			    bool replace)
{
	pte_t leaf = pte_make_leaf(page_to_phys(new), KMAP_WRITE, 0);
	struct page *pages[KERNEL_PAGES_MAX];
	pte_t *slot[KERNEL_PAGES_MAX];
	struct pt_cursor c;
	volatile u8 *at;
	vaddr_t va;

	for (unsigned int i = 0; i < nr; i++)
		pages[i] = old;
	at = vmap(pages, nr, PT_READ | PT_WRITE);
	va = (vaddr_t)at;
	EXPECT(at);
	for (unsigned int i = 0; i < nr; i++) {
		EXPECT_EQ(at[i * PAGE_SIZE], 7);
		EXPECT(pt_slot_find(&c, &mmu_kernel_space, va + i * PAGE_SIZE));
		slot[i] = c.slot;
		pt_cursor_end(&c);
	}
	for (unsigned int i = 0; i < nr; i++) {
		if (replace)
			pt_replace(&mmu_kernel_space, va + i * PAGE_SIZE, 0,
				   slot[i], leaf);
		else
			pt_clear(slot[i]);
	}
	if (!replace)
		mmu_flush_kernel(va, va + nr * PAGE_SIZE);
	for (unsigned int i = 0; !replace && i < nr; i++)
		pt_install(slot[i], leaf);
	for (unsigned int i = 0; i < nr; i++)
		EXPECT_EQ(at[i * PAGE_SIZE], 9);
	vunmap((const void *)at);
}

TEST(mmu, flush_kernel_forgets)
{
	struct page *old = rig_page(7), *new = rig_page(9);

	EXPECT(old && new);
	for (size_t i = 0; i < array_size(kernel_lengths); i++)
		if (!test_failed())
			flush_kernel_of(old, new, kernel_lengths[i], false);
	page_free(old, 0);
	page_free(new, 0);
}

TEST(mmu, replace_in_the_kernel_half)
{
	struct page *old = rig_page(7), *new = rig_page(9);

	EXPECT(old && new);
	flush_kernel_of(old, new, 3, true);
	page_free(old, 0);
	page_free(new, 0);
}

/* ---- icache_sync: what was written runs --------------------------------- */

#define CODE_BYTES 64                   /* more than the functions below have */

typedef u64 code_fn(u64 x);

/* They run at any place: nothing in them has an address. */
static u64 __noinline __no_sanitize code_one(u64 x)
{
	return x * 5 + 3;
}
static u64 __noinline __no_sanitize code_two(u64 x)
{
	return x * 9 + 4;
}

static void code_store(struct page *page, size_t at, code_fn *fn)
{
	u8 *to = (u8 *)page_to_virt(page) + at;

	memcpy(to, (const void *)(uintptr_t)fn, CODE_BYTES);
	icache_sync(to, CODE_BYTES);    /* another mapping than it runs by */
}

TEST(mmu, icache_sync_makes_code_run)
{
	static const size_t place[] = { 0, 512, PAGE_SIZE - CODE_BYTES };
	struct page *page = rig_page(0);
	const u8 *code;

	if ((uintptr_t)_text_start == (uintptr_t)_text_end) {
		page_free(page, 0);
		test_skip("no code of the kernel's own");
		return;
	}
	EXPECT(page);
	code = vmap(&page, 1, PT_READ | PT_EXEC);
	EXPECT(code);
	for (size_t i = 0; i < array_size(place); i++) {
		code_fn *fn = (code_fn *)(uintptr_t)(code + place[i]);

		code_store(page, place[i], code_one);
		EXPECT_EQ(fn(7 + i), 5 * (7 + i) + 3);
		code_store(page, place[i], code_two);
		EXPECT_EQ(fn(7 + i), 9 * (7 + i) + 4);
	}
	vunmap(code);
	page_free(page, 0);
}

TEST(mmu, icache_sync_takes_any_range)
{
	struct page *page = rig_page(0);

	EXPECT(page);
	icache_sync(page_to_virt(page), 0);
	icache_sync(page_to_virt(page), 1);
	icache_sync((u8 *)page_to_virt(page) + 3, 200);
	icache_sync(page_to_virt(page), PAGE_SIZE);
	page_free(page, 0);
}
