/* SPDX-License-Identifier: MIT */
/* Pages of a space and frames of RAM as the words that /proc shows. */
#include "mm/spaces/pagemap.h"

#include "mm/frames/kpage.h"
#include "mm/frames/section.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

#define BIT_OF(name) ((u64)1 << KPF_##name)

TEST(pagemap, words_of_a_space)
{
	struct mm *mm = space_enter();
	struct page *page;
	u64 word[5];
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 3, SPACE_RW);
	EXPECT(at && user_poke(at, 1) && user_peek(at + PAGE_SIZE) == 0);
	mm_pagemap(mm, at - PAGE_SIZE, word, 5);
	page = space_page(mm, at);
	EXPECT_EQ(word[0], 0);
	EXPECT_EQ(word[1],
		  PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE | page_to_pfn(page).v);
	EXPECT_EQ(word[2], PAGEMAP_PRESENT | page_to_pfn(zero_page).v);
	EXPECT_EQ(word[3], 0);                  /* never touched */
	EXPECT_EQ(word[4], 0);                  /* nothing there */
	space_leave(mm);
}

TEST(pagemap, shared_pages_are_not_exclusive)
{
	struct mm *mm = space_enter(), *child;
	struct mapping *m;
	vaddr_t at, file;
	u64 word;
	int err;

	EXPECT(mm);
	EXPECT_EQ(shmem_create(PAGE_SIZE, &m), 0);
	at = space_map(mm, 1, SPACE_RW);
	file = space_mmap(mm, 0, 1, SPACE_RW, MAP_SHARED, m, &err);
	m->ops->put(m);
	EXPECT(at && file && user_poke(at, 1) && user_poke(file, 1));
	mm_pagemap(mm, file, &word, 1);
	EXPECT(word & PAGEMAP_FILE && word & PAGEMAP_EXCLUSIVE);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	mm_pagemap(child, at, &word, 1);
	EXPECT_EQ(word, PAGEMAP_PRESENT | page_to_pfn(space_page(mm, at)).v);
	EXPECT_EQ(kpage_count(page_to_pfn(space_page(mm, at)).v), 2);
	EXPECT(user_poke(at, 2));
	mm_pagemap(child, at, &word, 1);
	EXPECT(word & PAGEMAP_EXCLUSIVE);
	mm_put(child);
	space_leave(mm);
}

/* Holes and sections that never came in included. */
TEST(kpage, every_frame_has_words)
{
	u64 end = kpage_end(), flags, buddy = 0, free = 0;

	EXPECT(end > 0);
	for (u64 pfn = 0; pfn < end + 2; pfn++) {
		flags = kpage_flags(pfn);
		if (!pfn_online(pfn_make(pfn)))
			EXPECT_EQ(flags, BIT_OF(NOPAGE));
		if (flags & (BIT_OF(NOPAGE) | BIT_OF(BUDDY) | BIT_OF(PGTABLE)))
			EXPECT_EQ(kpage_count(pfn), 0);
		buddy += flags & BIT_OF(BUDDY) ? 1 : 0;
	}
	for (int id = 0; id < ZONE_NR; id++)
		free += zones[id].nr_free;
	EXPECT_EQ(buddy, free);
	EXPECT_EQ(kpage_flags(~(u64)0 >> PAGE_SHIFT), BIT_OF(NOPAGE));
}

TEST(kpage, blocks_show_head_and_tails)
{
	struct page *page = page_alloc(GFP_KERNEL, 2);
	u64 pfn;

	EXPECT(page);
	pfn = page_to_pfn(page).v;
	EXPECT_EQ(kpage_flags(pfn), BIT_OF(COMPOUND_HEAD));
	for (u64 i = 1; i < 4; i++)
		EXPECT_EQ(kpage_flags(pfn + i), BIT_OF(COMPOUND_TAIL));
	page_free(page, 2);
	page = page_alloc(GFP_KERNEL, 0);
	EXPECT(page);
	EXPECT_EQ(kpage_flags(page_to_pfn(page).v), 0);
	page_set_type(page, PAGE_TABLE);
	EXPECT_EQ(kpage_flags(page_to_pfn(page).v), BIT_OF(PGTABLE));
	page_set_type(page, PAGE_KERNEL);
	page_free(page, 0);
	EXPECT(kpage_flags(page_to_pfn(zero_page).v) & BIT_OF(ZERO_PAGE));
}
