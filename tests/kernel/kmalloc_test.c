/* SPDX-License-Identifier: MIT */
/* mm/frames/kmalloc.c: classes, contents, resizing, large sizes, misuse. */
#include "mm/frames/kmalloc.h"

#include "lib/string.h"
#include "mm/frames/slab.h"
#include "tests/kernel/suite.h"

/* E6: kmalloc(33) lands in 64, 65 to 96 in 96. */
TEST(kmalloc, classes)
{
	static const struct {
		size_t size, usable;
	} want[] = {
		{ 1, 8 },       { 8, 8 },       { 9, 16 },      { 17, 32 },
		{ 33, 64 },     { 64, 64 },     { 65, 96 },     { 96, 96 },
		{ 97, 128 },    { 129, 192 },   { 192, 192 },   { 193, 256 },
		{ 256, 256 },   { 257, 512 },   { 1024, 1024 }, { 1025, 2048 },
		{ 4096, 4096 }, { 4097, 8192 }, { 8192, 8192 }, { 8193, 12288 },
		{ 100000, 131072 },
	};
	u32 i;

	for (i = 0; i < array_size(want); i++) {
		u8 *p = kmalloc(want[i].size, GFP_KERNEL);

		EXPECT(p != NULL);
		if (want[i].size == 8193)       /* whole blocks of pages */
			EXPECT_EQ(ksize(p), 16384);
		else
			EXPECT(ksize(p) >= want[i].usable &&
			       ksize(p) < want[i].usable + 8);
		p[0] = p[want[i].size - 1] = 1;
		kfree(p);
	}
}

TEST(kmalloc, powers_of_two_are_aligned)
{
	size_t size;

	for (size = 8; size <= 65536; size *= 2) {
		void *a = kmalloc(size, GFP_KERNEL);
		void *b = kmalloc(size, GFP_KERNEL);

		EXPECT(a && b);
		EXPECT(IS_ALIGNED((uintptr_t)a, size));
		EXPECT(IS_ALIGNED((uintptr_t)b, size));
		kfree(a);
		kfree(b);
	}
}

TEST(kmalloc, nothing)
{
	void *p = kmalloc(0, GFP_KERNEL);

	EXPECT(p == KMALLOC_ZERO);
	EXPECT_EQ(ksize(p), 0);
	EXPECT_EQ(ksize(NULL), 0);
	kfree(p);
	kfree(NULL);
}

TEST(kmalloc, too_much)
{
	EXPECT(kmalloc(MIB(4) + 1, GFP_KERNEL) == NULL);
	EXPECT(kmalloc(~(size_t)0, GFP_KERNEL) == NULL);
	EXPECT(kcalloc(~(size_t)0 / 2, 3, GFP_KERNEL) == NULL);
	EXPECT(kcalloc((size_t)1 << 32, (size_t)1 << 32, GFP_KERNEL) == NULL);
}

TEST(kmalloc, zeroed)
{
	static const size_t sizes[] = { 8, 100, 5000, 20000 };
	u32 i, j;

	for (i = 0; i < array_size(sizes); i++) {
		u8 *p = kmalloc(sizes[i], GFP_KERNEL);

		EXPECT(p != NULL);
		memset(p, 0xff, sizes[i]);
		kfree(p);
		p = i & 1 ? kcalloc(sizes[i] / 4, 4, GFP_KERNEL)
			  : kzalloc(sizes[i], GFP_KERNEL);
		EXPECT(p != NULL);
		for (j = 0; j < sizes[i]; j++)
			EXPECT_EQ(p[j], 0);
		kfree(p);
	}
}

TEST(kmalloc, realloc_keeps_contents)
{
	u8 *p = krealloc(NULL, 10, GFP_KERNEL), *q;
	size_t size, i;

	EXPECT(p != NULL);
	p[0] = 1;
	p[9] = 9;
	q = krealloc(p, 16, GFP_KERNEL);
	EXPECT(q == p);                 /* fits where it is */
	for (size = 100; size < 40000; size *= 3) {
		q = krealloc(p, size, GFP_KERNEL);
		EXPECT(q && q[0] == 1 && q[9] == 9);
		p = q;
	}
	for (i = 10; i < 20; i++)
		p[i] = (u8)i;
	p = krealloc(p, 20, GFP_KERNEL);
	EXPECT(p && ksize(p) < 64);
	for (i = 10; i < 20; i++)
		EXPECT_EQ(p[i], i);
	EXPECT(krealloc(p, 0, GFP_KERNEL) == KMALLOC_ZERO);
}

TEST(kmalloc, strdup)
{
	char *s = kstrdup("a frame has exactly one state", GFP_KERNEL);

	EXPECT(s && !strcmp(s, "a frame has exactly one state"));
	kfree(s);
}

TEST(kmalloc, large_are_pages)
{
	u64 slabs = slab_pages();
	void *p = kmalloc(100000, GFP_KERNEL);

	EXPECT(p != NULL);
	EXPECT_EQ(virt_to_page(p)->type, PAGE_LARGE);
	EXPECT_EQ(virt_to_page(p)->large_size, 100000);
	EXPECT_EQ(slab_pages(), slabs);
	kfree(p);
}

TEST(kmalloc, misuse_is_named)
{
	char *p = kmalloc(30000, GFP_KERNEL);
	struct page *page = page_alloc(GFP_KERNEL, 0);
	int local;

	EXPECT(p && page);
	EXPECT_REPORT("bad-free", kfree(p + 4096));
	EXPECT_REPORT("bad-free", kfree(p + 8));
	EXPECT_REPORT("bad-free", kfree(page_to_virt(page)));
	EXPECT_REPORT("bad-free", kfree(&local));
	kfree(p);
	EXPECT_REPORT("double-free", kfree(p));
	page_free(page, 0);
	p = kmalloc(40, GFP_KERNEL);
	EXPECT(p != NULL);
	kfree(p);
	EXPECT_REPORT("double-free", kfree(p));
}
