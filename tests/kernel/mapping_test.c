/* SPDX-License-Identifier: MIT */
/* The page cache of one file, without any space that maps it. */
#include "lib/errno.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

static struct mapping *empty_file(void)
{
	struct mapping *m;

	return shmem_create(0, &m) ? NULL : m;
}

TEST(mapping, write_read_and_holes)
{
	struct mapping *m = empty_file();
	char buf[32];

	EXPECT(m);
	EXPECT_EQ(mapping_write(m, 3 * PAGE_SIZE - 4, "12345678", 8), 8);
	EXPECT_EQ(m->size, 3 * PAGE_SIZE + 4);
	EXPECT_EQ(m->nr_pages, 2);
	EXPECT_EQ(mapping_read(m, 3 * PAGE_SIZE - 5, buf, 9), 9);
	EXPECT(!memcmp(buf,
		       "\0"
		       "12345678",
		       9));
	EXPECT_EQ(mapping_read(m, 10, buf, sizeof(buf)), sizeof(buf));
	EXPECT_EQ(buf[31], 0);
	EXPECT_EQ(m->nr_pages, 2);              /* a hole stays one */
	EXPECT_SOUND(mapping_check(m));
	m->ops->put(m);
}

TEST(mapping, one_page_for_each_index)
{
	struct mapping *m = empty_file();
	struct page *a, *b;
	u64 total = mapping_total_pages;

	EXPECT(m);
	EXPECT(!mapping_find(m, 7));
	EXPECT_EQ(mapping_get_page(m, 7, &a), 0);
	EXPECT_EQ(mapping_get_page(m, 7, &b), 0);
	EXPECT(a == b && a->type == PAGE_FILE && a->mapping == m);
	EXPECT_EQ(a->refcount, 3);
	EXPECT(mapping_find(m, 7) == a);
	page_put(a);
	page_put(a);
	page_put(a);
	EXPECT_EQ(mapping_total_pages, total + 1);
	m->ops->put(m);
	EXPECT_EQ(mapping_total_pages, total);
}

TEST(mapping, groups)
{
	struct mapping *m = empty_file();
	struct page *page[16], *extra;
	unsigned int i;

	EXPECT(m);
	EXPECT_EQ(mapping_find_group(m, 1024, 16, page), 0);
	EXPECT_EQ(mapping_get_page(m, 66, &extra), 0);
	page_put(extra);
	EXPECT_EQ(mapping_get_page(m, 64 + 15, &extra), 0);
	page_put(extra);
	EXPECT_EQ(mapping_find_group(m, 64, 16, page), 2);
	for (i = 0; i < 16; i++) {
		EXPECT((i == 2 || i == 15) == (page[i] != NULL));
		if (page[i])
			page_put(page[i]);
	}
	EXPECT_EQ(mapping_find_group(m, 67, 12, page), 0);
	EXPECT_EQ(mapping_find_group(m, 1 << 20, 16, page), 0);
	m->ops->put(m);
}

TEST(mapping, truncate_drops_and_zeroes)
{
	struct mapping *m = empty_file();
	u8 bytes[256], got;
	u64 pos;

	EXPECT(m);
	memset(bytes, 0xee, sizeof(bytes));
	for (pos = 0; pos < 4 * PAGE_SIZE; pos += sizeof(bytes))
		EXPECT_EQ(mapping_write(m, pos, bytes, sizeof(bytes)),
			  sizeof(bytes));
	mapping_truncate(m, PAGE_SIZE + 100);
	EXPECT_EQ(m->nr_pages, 2);
	EXPECT_SOUND(mapping_check(m));
	mapping_truncate(m, 3 * PAGE_SIZE);
	EXPECT_EQ(mapping_read(m, PAGE_SIZE + 99, &got, 1), 1);
	EXPECT_EQ(got, 0xee);
	EXPECT_EQ(mapping_read(m, PAGE_SIZE + 100, &got, 1), 1);
	EXPECT_EQ(got, 0);
	EXPECT_EQ(mapping_read(m, 2 * PAGE_SIZE, &got, 1), 1);
	EXPECT_EQ(got, 0);
	m->ops->put(m);
}

/* Scribbles past the end by a shared mapping never become contents. */
TEST(mapping, tail_is_not_contents)
{
	struct mm *mm = space_enter();
	struct mapping *m = empty_file();
	vaddr_t at;
	u8 got;
	int err;

	EXPECT(mm && m);
	EXPECT_EQ(mapping_write(m, 0, "x", 1), 1);
	at = space_mmap(mm, 0, 1, SPACE_RW, MAP_SHARED, m, &err);
	EXPECT(at && user_poke(at + 10, 7));
	EXPECT_EQ(mapping_write(m, 20, "y", 1), 1);
	EXPECT_EQ(mapping_read(m, 10, &got, 1), 1);
	EXPECT_EQ(got, 0);
	EXPECT(user_poke(at + 30, 7));
	mapping_truncate(m, 100);
	EXPECT_EQ(user_peek(at + 30), 0);
	m->ops->put(m);
	space_leave(mm);
}

/* Truncation reaches all who map the page, and the frame is free. */
TEST(mapping, truncate_while_mapped)
{
	struct mm *mm = space_enter();
	struct mapping *m = empty_file();
	struct page *page;
	vaddr_t at;
	int err;

	EXPECT(mm && m);
	EXPECT_EQ(mapping_write(m, 0, "x", 1), 1);
	at = space_mmap(mm, 0, 1, SPACE_RW, MAP_SHARED, m, &err);
	EXPECT_EQ(user_peek(at), 'x');
	page = space_page(mm, at);
	EXPECT_EQ(page->refcount, 2);
	page_get(page);
	mapping_truncate(m, 0);
	EXPECT_EQ(page->refcount, 1);
	EXPECT_EQ(page->mapcount, 0);
	EXPECT(!page->mapping);
	page_put(page);
	EXPECT(!space_page(mm, at));
	EXPECT_EQ(mm_rss(mm), 0);
	EXPECT_SOUND(mm_check(mm));
	m->ops->put(m);
	space_leave(mm);
}

static int fail_to_read(struct mapping *m, struct page *page, u64 index)
{
	if (index == 3)
		return -EIO;
	memset(page_to_virt(page), (int)index + 'a', PAGE_SIZE);
	return 0;
}

/* A file with contents behind it: filled once, errors are not cached. */
TEST(mapping, filled_from_below)
{
	static const struct mapping_ops ops = { .read_page = fail_to_read };
	struct mapping m;
	struct page *page;
	char buf[2];

	mapping_init(&m, &ops);
	m.size = 8 * PAGE_SIZE;
	EXPECT_EQ(mapping_read(&m, 2 * PAGE_SIZE - 1, buf, 2), 2);
	EXPECT(buf[0] == 'b' && buf[1] == 'c');
	EXPECT_EQ(mapping_get_page(&m, 3, &page), -EIO);
	EXPECT_EQ(mapping_read(&m, 3 * PAGE_SIZE, buf, 1), -EIO);
	EXPECT_EQ(mapping_read(&m, 3 * PAGE_SIZE - 1, buf, 2), 1);
	EXPECT_EQ(m.nr_pages, 2);
	EXPECT_SOUND(mapping_check(&m));
	mapping_fini(&m);
}

TEST(mapping, check_finds_damage)
{
	struct mapping *m = empty_file();
	struct page *page;

	EXPECT(m);
	EXPECT_EQ(mapping_get_page(m, 0, &page), 0);
	page->index = 1;
	EXPECT(mapping_check(m));
	page->index = 0;
	m->nr_pages++;
	EXPECT(mapping_check(m));
	m->nr_pages--;
	*(u8 *)page_to_virt(page) = 1;          /* size is 0 */
	EXPECT(mapping_check(m));
	*(u8 *)page_to_virt(page) = 0;
	EXPECT_SOUND(mapping_check(m));
	page_put(page);
	m->ops->put(m);
}
