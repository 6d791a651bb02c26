/* SPDX-License-Identifier: MIT */
/* KASAN builds: touching what is not ours is named; others skip. */
#include "kernel/base/kasan.h"
#include "mm/frames/kmalloc.h"
#include "mm/frames/page_alloc.h"
#include "tests/kernel/suite.h"

/* Hides a pointer's origin from the compiler, which would see the mistake. */
static u8 *launder(void *p)
{
	__asm__("" : "+r"(p));
	return p;
}

static u8 load(const u8 *p)
{
	return *(const volatile u8 *)p;
}

/* A kmalloc object whose memory is checked, or NULL after a skip. */
static u8 *checked_object(size_t size)
{
	u8 *p;

	if (!QUIRE_KASAN) {
		test_skip("not a KASAN build");
		return NULL;
	}
	p = launder(kmalloc(size, GFP_KERNEL));
	if (p && !kasan_covers(p)) {
		kfree(p);
		test_skip("this memory has no shadow");
		return NULL;
	}
	return p;
}

TEST(kasan, bytes_of_an_object_are_free_to_use)
{
	u8 *p = checked_object(100);

	if (!p)
		return;
	for (size_t i = 0; i < ksize(p); i++)
		p[i] = (u8)i;
	EXPECT(test_take_report() == NULL);
	kfree(p);
}

TEST(kasan, the_byte_behind_an_object_is_not)
{
	u8 *p = checked_object(100);

	if (!p)
		return;
	EXPECT_REPORT("kasan-out-of-bounds", load(p + ksize(p)));
	EXPECT_REPORT("kasan-out-of-bounds", p[ksize(p)] = 1);
	kfree(p);
}

TEST(kasan, an_access_that_reaches_over_the_end)
{
	u8 *p = checked_object(100);

	if (!p)
		return;
	EXPECT_REPORT("kasan-out-of-bounds",
		      (void)*(volatile u64 *)launder(p + ksize(p) - 4));
	kfree(p);
}

TEST(kasan, a_freed_object)
{
	u8 *p = checked_object(64);

	if (!p)
		return;
	kfree(p);
	EXPECT_REPORT("kasan-use-after-free", load(p));
	EXPECT_REPORT("kasan-use-after-free", p[8] = 1);
}

TEST(kasan, a_freed_page)
{
	u8 *p;

	if (!QUIRE_KASAN) {
		test_skip("not a KASAN build");
		return;
	}
	p = launder(page_alloc_virt(GFP_KERNEL, 0));
	EXPECT(p != NULL);
	p[0] = 1;
	p[PAGE_SIZE - 1] = 1;
	EXPECT(test_take_report() == NULL);
	page_free_virt(p, 0);
	EXPECT_REPORT("kasan-use-after-free", load(p + 100));
}

TEST(kasan, a_copy_is_checked)
{
	u8 *p = checked_object(64);
	u8 local[256] = { 0 };

	if (!p)
		return;
	EXPECT_REPORT("kasan-out-of-bounds", memcpy(p, local, ksize(p) + 1));
	EXPECT_REPORT("kasan-out-of-bounds", memcpy(local, p, ksize(p) + 8));
	memcpy(local, p, ksize(p));
	EXPECT(test_take_report() == NULL);
	kfree(p);
}

TEST(ubsan, undefined_behaviour_is_named)
{
	volatile int big = 0x7fffffff, width = 40, index = 2;
	volatile int sink;
	int pair[2] = { 1, 2 };

	if (!QUIRE_KASAN) {
		test_skip("not a KASAN and UBSAN build");
		return;
	}
	EXPECT_REPORT("ubsan", sink = big + 1);
	EXPECT_REPORT("ubsan", sink = 1 << width);
	EXPECT_REPORT("ubsan", sink = pair[index]);
	(void)sink;
}
