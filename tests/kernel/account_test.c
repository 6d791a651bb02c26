/* SPDX-License-Identifier: MIT */
/* The books of meminfo and vmstat are right, and agree with the census. */
#include "mm/pressure/account.h"

#include "lib/format.h"
#include "mm/frames/kmalloc.h"
#include "mm/pressure/census.h"
#include "mm/tables/vmalloc.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

TEST(account, agrees_with_the_census)
{
	struct mm *mm = space_enter();
	struct account a;
	struct census c;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 20, SPACE_RW);
	for (int i = 0; i < 20; i++)
		EXPECT(user_poke(at + (vaddr_t)i * PAGE_SIZE, 1));
	account_take(&a);
	EXPECT_SOUND(account_check(&a));
	EXPECT_SOUND(census(&c));
	for (int type = PAGE_RESERVED; type < PAGE_TYPES; type++)
		EXPECT_EQ(a.pages.by_type[type], c.by_type[type]);
	/* deferred frames count as free, reserved ones of both as nothing */
	EXPECT_EQ(a.free + (c.ram - a.total),
		  c.by_type[PAGE_BUDDY] + c.by_type[PAGE_PCP] +
			  c.by_type[PAGE_RESERVED] + c.deferred);
	EXPECT(a.committed >= 20);
	space_leave(mm);
}

/* What a use of memory changes, and what it leaves. */
TEST(account, follows_each_kind)
{
	struct mm *mm = space_enter(), *child;
	struct account before, after;
	struct mapping *m;
	vaddr_t at, file;
	void *block;
	int err;

	EXPECT(mm);
	EXPECT_EQ(shmem_create(8 * PAGE_SIZE, &m), 0);
	at = space_map(mm, 10, SPACE_RW);
	file = space_mmap(mm, 0, 8, SPACE_RW, MAP_SHARED, m, &err);
	m->ops->put(m);
	EXPECT(at && file);
	account_take(&before);
	for (int i = 0; i < 10; i++)
		EXPECT(user_poke(at + (vaddr_t)i * PAGE_SIZE, 1));
	for (int i = 0; i < 8; i++)
		EXPECT(user_poke(file + (vaddr_t)i * PAGE_SIZE, 1));
	EXPECT_EQ(mm_fork(mm, &child), 0);
	block = kmalloc(3 * PAGE_SIZE, GFP_KERNEL);
	account_take(&after);
	EXPECT_SOUND(account_check(&after));
	/* two spaces, but ten frames */
	EXPECT_EQ(after.pages.by_type[PAGE_ANON],
		  before.pages.by_type[PAGE_ANON] + 10);
	EXPECT_EQ(after.pages.shmem, before.pages.shmem + 8);
	EXPECT_EQ(after.pages.mapped, before.pages.mapped + 8);
	EXPECT_EQ(after.cached, before.cached + 8);
	EXPECT(after.slab >= before.slab + 4 && block);
	EXPECT_EQ(after.committed, before.committed + 10 + 8);
	EXPECT(after.faults >= before.faults + 18);
	EXPECT(after.free + 18 + 4 <= before.free);
	kfree(block);
	mm_put(child);
	space_leave(mm);
}

/* Pages locked by several spaces are one each; marks do not outlive a count. */
TEST(account, counts_locked_pages_once)
{
	struct mm *mm = space_enter(), *child;
	struct account a;
	struct mapping *m;
	vaddr_t own, file;
	u64 before;
	int err;

	EXPECT(mm);
	EXPECT_EQ(shmem_create(8 * PAGE_SIZE, &m), 0);
	own = space_map(mm, 10, SPACE_RW);
	file = space_mmap(mm, 0, 8, SPACE_RW, MAP_SHARED, m, &err);
	m->ops->put(m);
	EXPECT(own && file);
	account_take(&a);
	before = a.pages.mlocked;
	EXPECT_EQ(mm_mlock(mm, own, 10 * PAGE_SIZE, false), 0);
	EXPECT_EQ(mm_mlock(mm, file, 8 * PAGE_SIZE, false), 0);
	EXPECT_EQ(mm_fork(mm, &child), 0);
	account_take(&a);
	EXPECT_SOUND(account_check(&a));
	EXPECT_EQ(a.pages.mlocked, before + 18);        /* the child: none */
	mm_use(current_thread(), child);
	EXPECT_EQ(mm_mlock(child, own, PAGE_SIZE, false), 0);   /* copies it */
	EXPECT_EQ(mm_mlock(child, file, 8 * PAGE_SIZE, false), 0);
	mm_use(current_thread(), mm);
	EXPECT_EQ(mm_munlock(mm, file, PAGE_SIZE), 0);
	account_take(&a);
	EXPECT_EQ(a.pages.mlocked, before + 19);
	EXPECT_EQ(a.pages.mlocked_file, 0u);            /* all are shmem */
	mm_munlockall(mm);
	account_take(&a);
	EXPECT_EQ(a.pages.mlocked, before + 9);
	mm_put(child);
	account_take(&a);
	EXPECT_EQ(a.pages.mlocked, before);
	space_leave(mm);
}

TEST(account, finds_frames_that_nobody_has)
{
	struct account a;

	account_take(&a);
	EXPECT_SOUND(account_check(&a));
	a.free--;
	EXPECT(account_check(&a));
	a.free++;
	a.cached++;
	EXPECT(account_check(&a));
	a.cached--;
	a.tables--;
	EXPECT(account_check(&a));
}

/* pgfree - pgalloc is what is free: nothing is counted twice or not at all. */
TEST(account, allocations_are_counted)
{
	struct page *page[40], *block;
	u64 before = 0, after = 0;

	for (int id = 0; id < ZONE_NR; id++)
		before += page_alloc_total(&zones[id]);
	for (int i = 0; i < 40; i++)
		EXPECT(page[i] = page_alloc(GFP_KERNEL, 0));
	block = page_alloc(GFP_KERNEL, 3);
	EXPECT(block);
	for (int id = 0; id < ZONE_NR; id++)
		after += page_alloc_total(&zones[id]);
	EXPECT_EQ(after, before + 40 + 8);
	for (int i = 0; i < 40; i++)
		page_free(page[i], 0);
	page_free(block, 3);
}

TEST(account, pagetypeinfo_is_buddyinfo)
{
	static char text[4096];
	struct strbuf sb;
	const char *line;

	strbuf_init(&sb, text, sizeof(text));
	page_alloc_show_pagetypeinfo(&sb);
	EXPECT(!strbuf_overflowed(&sb));
	EXPECT(!strncmp(text, "Page block order: 9\n", 20));
	line = strstr(text, "type    Unmovable");
	EXPECT(line && strstr(text, "Number of blocks type"));
}
