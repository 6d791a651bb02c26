/* SPDX-License-Identifier: MIT */
/* The census finds every kind of lie about a frame, and mends nothing. */
#include "mm/pressure/census.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

TEST(census, adds_up)
{
	struct mm *mm = space_enter();
	struct census c;
	unsigned int i;
	vaddr_t at;
	u64 all = 0;

	EXPECT(mm);
	at = space_map(mm, 10, SPACE_RW);
	for (i = 0; i < 10; i++)
		EXPECT(user_poke(at + i * PAGE_SIZE, 1));
	EXPECT_SOUND(census(&c));
	EXPECT(c.by_type[PAGE_ANON] >= 10 && c.mapped_anon >= 10);
	EXPECT(c.spaces >= 1);
	for (i = PAGE_NONE + 1; i < PAGE_TYPES; i++)
		all += c.by_type[i];
	EXPECT_EQ(all + c.deferred, c.ram);
	EXPECT_EQ(space_page(mm, at)->refcount, 1);         /* given back */
	EXPECT_EQ(space_page(mm, at)->mapcount, 1);
	space_leave(mm);
}

TEST(census, finds_wrong_counts)
{
	struct mm *mm = space_enter();
	struct page *page;
	struct census c;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 1, SPACE_RW);
	EXPECT(user_poke(at, 1));
	page = space_page(mm, at);
	page->refcount++;                       /* a reference nobody holds */
	EXPECT(census(&c));
	page->refcount--;
	page->refcount++;
	page->mapcount++;                       /* a leaf that is not there */
	EXPECT(census(&c));
	page->refcount--;
	page->mapcount--;
	mm->rss[RSS_ANON]++;
	EXPECT(census(&c));
	mm->rss[RSS_ANON]--;
	mm->nr_tables++;
	EXPECT(census(&c));
	mm->nr_tables--;
	EXPECT_SOUND(census(&c));
	space_leave(mm);
}

TEST(census, finds_lost_and_changed_frames)
{
	struct page *page = page_alloc(GFP_KERNEL, 0);
	struct census c;

	EXPECT(page);
	EXPECT_SOUND(census(&c));
	page_set_type(page, PAGE_NONE);         /* lost: nobody knows it */
	EXPECT(census(&c));
	page_set_type(page, PAGE_SLAB);         /* no slab has it */
	EXPECT(census(&c));
	page_set_type(page, PAGE_TABLE);
	EXPECT(census(&c));
	page_set_type(page, PAGE_ANON);         /* of no space */
	EXPECT(census(&c));
	page_set_type(page, PAGE_KERNEL);
	EXPECT_SOUND(census(&c));
	page_free(page, 0);
}

TEST(census, finds_strays_in_the_page_cache)
{
	struct mapping *m;
	struct census c;
	struct page *page;

	EXPECT_EQ(shmem_create(PAGE_SIZE, &m), 0);
	EXPECT_EQ(mapping_get_page(m, 0, &page), 0);
	EXPECT(census(&c));                     /* our reference */
	page_put(page);
	EXPECT_SOUND(census(&c));
	page->index = 5;
	EXPECT(census(&c));
	page->index = 0;
	mapping_total_pages++;
	EXPECT(census(&c));
	mapping_total_pages--;
	m->ops->put(m);
}

TEST(census, marks_show_leaks)
{
	struct census_mark before, after;
	struct mm *mm = space_enter();
	vaddr_t at;

	EXPECT(mm);
	census_mark(&before);
	at = space_map(mm, 3, SPACE_RW);
	EXPECT(user_poke(at, 1) && user_poke(at + PAGE_SIZE, 1));
	census_mark(&after);
	EXPECT_EQ(after.anon, before.anon + 2);
	EXPECT_EQ(after.tables, before.tables + 3);
	EXPECT_EQ(after.used, before.used + 5);
	EXPECT_EQ(mm_munmap(mm, at, 3 * PAGE_SIZE), 0);
	census_mark(&after);
	EXPECT_EQ(after.used, before.used);
	EXPECT_EQ(after.spaces, before.spaces);
	space_leave(mm);
}
