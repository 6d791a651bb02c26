/* SPDX-License-Identifier: MIT */
/* tlb_batch: first flush, then free; as little as needed. */
#include "mm/tables/tlb.h"

#include "tests/kernel/rig.h"
#include "tests/kernel/suite.h"

#define LEAF (RIG_RO | PT_YOUNG)

/* Counters now, less those in *base. */
static struct tlb_counters since(const struct tlb_counters *base)
{
	struct tlb_counters now;
	u64 *n = (u64 *)&now;
	const u64 *b = (const u64 *)base;

	tlb_counters_sum(&now);
	for (size_t i = 0; i < sizeof(now) / sizeof(u64); i++)
		n[i] -= b[i];
	return now;
}

TEST(tlb, an_empty_batch_flushes_nothing)
{
	struct tlb_counters before, delta;
	struct tlb_batch b;
	struct rig rig;

	EXPECT(rig_begin(&rig));
	tlb_counters_sum(&before);
	tlb_batch_begin(&b, &rig.space, TLB_UNMAP);
	tlb_batch_end(&b);
	delta = since(&before);
	EXPECT_EQ(delta.spared, 1u);
	EXPECT_EQ(delta.flush_range[TLB_UNMAP] + delta.flush_space[TLB_UNMAP],
		  0u);
	rig_end(&rig);
}

TEST(tlb, a_few_pages_are_flushed_by_range)
{
	struct tlb_counters before, delta;
	struct tlb_batch b;
	struct rig rig;

	EXPECT(rig_begin(&rig));
	tlb_counters_sum(&before);
	tlb_batch_begin(&b, &rig.space, TLB_PROTECT);
	tlb_batch_note(&b, RIG_VA + 2 * PAGE_SIZE, PAGE_SIZE);
	tlb_batch_note(&b, RIG_VA, PAGE_SIZE);
	tlb_batch_end(&b);
	delta = since(&before);
	EXPECT_EQ(delta.flush_range[TLB_PROTECT], 1u);
	EXPECT_EQ(delta.pages[TLB_PROTECT], 3u);
	EXPECT_EQ(delta.flush_space[TLB_PROTECT], 0u);
	rig_end(&rig);
}

TEST(tlb, a_wide_range_flushes_the_space)
{
	struct page *page = rig_page(7);
	struct tlb_counters before, delta;
	struct tlb_batch b;
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, LEAF));
	EXPECT(rig_map(&rig, RIG_VA + MIB(64), page, LEAF));
	EXPECT_EQ(rig_peek(RIG_VA) + rig_peek(RIG_VA + MIB(64)), 14);
	tlb_counters_sum(&before);
	tlb_batch_begin(&b, &rig.space, TLB_UNMAP);
	pt_unmap_range(&rig.space, RIG_VA, RIG_END, &b);
	tlb_batch_end(&b);
	delta = since(&before);
	EXPECT_EQ(delta.flush_space[TLB_UNMAP], 1u);
	EXPECT_EQ(delta.flush_range[TLB_UNMAP], 0u);
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	EXPECT_EQ(rig_peek(RIG_VA + MIB(64)), -1);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(tlb, references_go_after_the_flush)
{
	struct page *page = rig_page(7);
	struct tlb_batch b;
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, LEAF));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	page_get(page);
	tlb_batch_begin(&b, &rig.space, TLB_UNMAP);
	pt_clear(rig_slot(&rig, RIG_VA));
	tlb_batch_note(&b, RIG_VA, PAGE_SIZE);
	tlb_batch_put_page(&b, page);
	EXPECT_EQ(page->refcount, 2u);
	tlb_batch_end(&b);
	EXPECT_EQ(page->refcount, 1u);
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	rig_end(&rig);
	page_free(page, 0);
}

TEST(tlb, a_full_batch_flushes_and_goes_on)
{
	struct page *page = rig_page(7);
	struct tlb_counters before, delta;
	struct tlb_batch b;
	struct rig rig;
	u32 nr = TLB_BATCH_PAGES + 1;

	EXPECT(page && rig_begin(&rig));
	for (u32 i = 0; i < nr; i++) {
		EXPECT(rig_map(&rig, RIG_VA + i * PAGE_SIZE, page, LEAF));
		EXPECT_EQ(rig_peek(RIG_VA + i * PAGE_SIZE), 7);
		page_get(page);
	}
	tlb_counters_sum(&before);
	tlb_batch_begin(&b, &rig.space, TLB_UNMAP);
	for (u32 i = 0; i < nr; i++) {
		pt_clear(rig_slot(&rig, RIG_VA + i * PAGE_SIZE));
		tlb_batch_note(&b, RIG_VA + i * PAGE_SIZE, PAGE_SIZE);
		tlb_batch_put_page(&b, page);
	}
	EXPECT_EQ(page->refcount, 2u);  /* one of the rig, one waits */
	tlb_batch_end(&b);
	delta = since(&before);
	EXPECT_EQ(page->refcount, 1u);
	EXPECT_EQ(delta.flush_range[TLB_UNMAP] + delta.flush_space[TLB_UNMAP] +
			  delta.spared,
		  2u);
	for (u32 i = 0; i < nr; i++)
		EXPECT_EQ(rig_peek(RIG_VA + i * PAGE_SIZE), -1);
	rig_end(&rig);
	page_free(page, 0);
}

/* A table that is put when the batch is full must still be covered. */
TEST(tlb, a_table_is_freed_after_the_walk_caches)
{
	struct page *page = rig_page(7);
	struct tlb_batch b;
	struct pt_cursor c;
	struct rig rig;
	u64 tables = pt_nr_tables;
	pte_t old;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, LEAF));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	tlb_batch_begin(&b, &rig.space, TLB_UNMAP);
	for (u32 i = 0; i < TLB_BATCH_PAGES; i++) {
		page_get(page);
		tlb_batch_put_page(&b, page);
	}
	pt_clear(rig_slot(&rig, RIG_VA));
	EXPECT_EQ(pt_slot_alloc(&c, &rig.space, RIG_VA, 1, NULL), 0);
	old = pt_clear(c.slot);
	pt_cursor_end(&c);
	tlb_batch_note(&b, RIG_VA, PAGE_SIZE);
	tlb_batch_put_table(&b, phys_to_page(pte_paddr(old, 1)));
	rig.nr_tables--;
	tlb_batch_end(&b);
	EXPECT_EQ(page->refcount, 1u);
	EXPECT_EQ(rig_peek(RIG_VA), -1);
	rig_end(&rig);
	EXPECT_EQ(pt_nr_tables, tables);
	page_free(page, 0);
}

TEST(tlb, a_dying_space_needs_no_flush)
{
	struct page *page = rig_page(7);
	struct tlb_counters before, delta;
	struct rig rig;

	EXPECT(page && rig_begin(&rig));
	EXPECT(rig_map(&rig, RIG_VA, page, LEAF));
	EXPECT_EQ(rig_peek(RIG_VA), 7);
	tlb_counters_sum(&before);
	rig_end(&rig);
	delta = since(&before);
	EXPECT_EQ(delta.flush_range[TLB_EXIT] + delta.flush_space[TLB_EXIT],
		  0u);
	EXPECT(delta.spared > 0);
	page_free(page, 0);
}

TEST(tlb, every_reason_has_a_name)
{
	for (unsigned int r = 0; r < TLB_REASONS; r++)
		EXPECT(tlb_reason_names[r] && tlb_reason_names[r][0]);
}
