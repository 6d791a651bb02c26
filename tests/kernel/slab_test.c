/* SPDX-License-Identifier: MIT */
/* mm/frames/slab*.c: caches, slabs, layout, merging, and what is caught. */
#include "mm/frames/slab.h"

#include "kernel/base/cmdline.h"
#include "kernel/base/inject.h"
#include "kernel/base/kasan.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames/slab_cache.h"
#include "tests/kernel/suite.h"

static void *object[1000];

static bool take(struct kmem_cache *cache, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!object[i])
			return false;
		memset(object[i], (int)i, kmem_cache_size(cache));
	}
	return true;
}

/* Frees every step-th object from start on; false: its bytes have changed. */
static bool give(struct kmem_cache *cache, u32 nr, u32 start, u32 step)
{
	size_t size = kmem_cache_size(cache);
	bool same = true;
	u32 i;

	for (i = start; i < nr; i += step) {
		u8 *p = object[i];

		same &= p[0] == (u8)i && p[size - 1] == (u8)i;
		kmem_cache_free(cache, p);
	}
	return same;
}

TEST(slab, objects_do_not_overlap)
{
	struct kmem_cache *cache = kmem_cache_create("test", 72, 0,
						     CACHE_NO_MERGE, NULL);

	EXPECT(cache != NULL);
	EXPECT(take(cache, 500));
	EXPECT_EQ(kmem_cache_inuse(cache), 500);
	EXPECT_SOUND(kmem_cache_check(cache));
	EXPECT(give(cache, 500, 0, 2));
	EXPECT_EQ(kmem_cache_inuse(cache), 250);
	EXPECT_SOUND(kmem_cache_check(cache));
	EXPECT(give(cache, 500, 1, 2));
	EXPECT_EQ(kmem_cache_inuse(cache), 0);
	EXPECT_SOUND(kmem_cache_check(cache));
	kmem_cache_destroy(cache);
}

TEST(slab, alignment)
{
	size_t align;

	for (align = 8; align <= 512; align *= 2) {
		struct kmem_cache *cache = kmem_cache_create("test", 40, align,
							     CACHE_NO_MERGE,
							     NULL);
		u32 i;

		EXPECT(cache != NULL);
		EXPECT(take(cache, 20));
		for (i = 0; i < 20; i++)
			EXPECT(IS_ALIGNED((uintptr_t)object[i], align));
		EXPECT(give(cache, 20, 0, 1));
		kmem_cache_destroy(cache);
	}
}

static u32 constructed;

static void construct(void *obj)
{
	memset(obj, 0x33, 24);
	constructed++;
}

TEST(slab, constructor_runs_once_per_object)
{
	struct kmem_cache *cache = kmem_cache_create("test", 24, 0, 0,
						     construct);
	u8 *p;
	u32 before;

	EXPECT(cache != NULL);
	constructed = 0;
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p != NULL);
	before = constructed;
	EXPECT(before >= 1);
	EXPECT(p[0] == 0x33 && p[7] == 0x33 && p[23] == 0x33);
	kmem_cache_free(cache, p);      /* the free pointer stands behind it */
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p && p[0] == 0x33 && p[7] == 0x33 && p[23] == 0x33);
	EXPECT_EQ(constructed, before);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}

/* The order that wastes little: never more than a quarter. */
TEST(slab, order_by_waste)
{
	size_t size;

	for (size = 8; size <= 20000; size += size / 3 + 8) {
		struct kmem_cache *cache = kmem_cache_create("test", size, 0,
							     CACHE_NO_MERGE,
							     NULL);
		size_t bytes, waste;

		EXPECT(cache != NULL);
		bytes = PAGE_SIZE << cache->order;
		waste = bytes - cache->objects * cache->size;
		EXPECT(cache->objects >= 1);
		if (size < PAGE_SIZE)
			EXPECT(waste <= bytes / 4);
		if (size <= 256)
			EXPECT(cache->objects >= 8);
		kmem_cache_destroy(cache);
	}
	EXPECT(kmem_cache_create("huge", MIB(64), 0, 0, NULL) == NULL);
}

TEST(slab, equal_caches_merge)
{
	struct kmem_cache *a = kmem_cache_create("test-a", 1000, 0, 0, NULL);
	struct kmem_cache *b = kmem_cache_create("test-b", 996, 8, 0, NULL);
	struct kmem_cache *c = kmem_cache_create("test-c", 1000, 0,
						 CACHE_NO_MERGE, NULL);
	struct kmem_cache *d = kmem_cache_create("test-d", 1000, 512, 0, NULL);
	void *p;

	EXPECT(a && b && c && d);
	EXPECT(d != a && d->size % 512 == 0);
	if (!(a->flags & CACHE_DEBUG) && !cmdline_bool("slab_nomerge", false)) {
		EXPECT(a == b);
		EXPECT(a->aliases >= 2);
	}
	EXPECT(c != a);
	p = kmem_cache_alloc(b, GFP_KERNEL);
	EXPECT(p != NULL);
	kmem_cache_destroy(a);          /* b lives on */
	memset(p, 1, 996);
	kmem_cache_free(b, p);
	kmem_cache_destroy(b);
	kmem_cache_destroy(c);
	kmem_cache_destroy(d);
}

TEST(slab, zeroed_when_asked)
{
	struct kmem_cache *cache = kmem_cache_create("test", 48, 0,
						     CACHE_NO_MERGE, NULL);
	u8 *p;
	u32 i;

	EXPECT(cache != NULL);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p != NULL);
	memset(p, 0xff, 48);
	kmem_cache_free(cache, p);
	p = kmem_cache_alloc(cache, GFP_KERNEL | GFP_ZERO);
	EXPECT(p != NULL);
	for (i = 0; i < 48; i++)
		EXPECT_EQ(p[i], 0);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}

/* E50: empty slabs go back, some at once, the rest by shrinking. */
TEST(slab, empty_slabs_go_back)
{
	struct kmem_cache *cache = kmem_cache_create("test", 256, 0,
						     CACHE_NO_MERGE, NULL);
	u64 full;

	EXPECT(cache != NULL);
	EXPECT(take(cache, 1000));
	full = cache->nr_pages;
	EXPECT(full >= 1000 * 256 / PAGE_SIZE);
	EXPECT(give(cache, 1000, 0, 1));
	EXPECT(cache->nr_slabs <= cache->min_partial + 2);
	EXPECT(kmem_cache_shrink(cache) > 0);
	EXPECT_EQ(cache->nr_pages, 0);
	EXPECT_EQ(cache->nr_slabs, 0);
	EXPECT_SOUND(kmem_cache_check(cache));
	kmem_cache_destroy(cache);
}

TEST(slab, no_memory)
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0,
						     CACHE_NO_MERGE, NULL);
	void *p;

	EXPECT(cache != NULL);
	inject_arm(1);
	EXPECT(kmem_cache_alloc(cache, GFP_KERNEL) == NULL);
	inject_arm(2);                  /* the object passes, its slab does not */
	EXPECT(kmem_cache_alloc(cache, GFP_KERNEL) == NULL);
	EXPECT(inject_fired);
	inject_disarm();
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p != NULL);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}

/* When no block of the best order is to be had, a smaller slab will do. */
TEST(slab, small_slab_when_memory_is_tight)
{
	struct kmem_cache *cache = kmem_cache_create("test", 1500, 0,
						     CACHE_NO_MERGE, NULL);
	void *first;

	EXPECT(cache != NULL);
	EXPECT(cache->order > cache->min_order);
	inject_arm(2);                  /* fails the first page_alloc only */
	first = kmem_cache_alloc(cache, GFP_KERNEL);
	inject_disarm();
	EXPECT(first != NULL);
	memset(first, 0, 1500);
	EXPECT_EQ(cache->nr_pages, (u64)1 << cache->min_order);
	EXPECT_SOUND(kmem_cache_check(cache));
	EXPECT(take(cache, 20));
	EXPECT(give(cache, 20, 0, 1));
	EXPECT_SOUND(kmem_cache_check(cache));
	EXPECT_REPORT("cache-leak", kmem_cache_destroy(cache));
	EXPECT_EQ(kmem_cache_inuse(cache), 1);
	kmem_cache_free(cache, first);
	kmem_cache_destroy(cache);
}

/* ---- misuse ------------------------------------------------------------------ */

TEST(slab, misuse_is_named)
{
	struct kmem_cache *a = kmem_cache_create("test-a", 100, 0,
						 CACHE_NO_MERGE, NULL);
	struct kmem_cache *b = kmem_cache_create("test-b", 200, 0,
						 CACHE_NO_MERGE, NULL);
	void *p, *q;

	EXPECT(a && b);
	p = kmem_cache_alloc(a, GFP_KERNEL);
	q = kmem_cache_alloc(a, GFP_KERNEL);
	EXPECT(p && q);
	EXPECT_REPORT("wrong-cache", kmem_cache_free(b, p));
	EXPECT_REPORT("bad-free", kmem_cache_free(a, &p));
	kmem_cache_free(a, p);
	EXPECT_REPORT("double-free", kmem_cache_free(a, p));
	kmem_cache_free(a, q);
	EXPECT_SOUND(kmem_cache_check(a));
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
}

#define ALL_AIDS \
	(CACHE_REDZONE | CACHE_POISON | CACHE_OWNER | CACHE_SANITY)

static struct kmem_cache *debug_cache(u32 flags)
{
	if (QUIRE_KASAN) {
		test_skip("KASAN catches the access itself");
		return NULL;
	}
	return kmem_cache_create("debug", 52, 0, flags, NULL);
}

TEST(slab, debug_cache_works)
{
	struct kmem_cache *cache = kmem_cache_create("debug", 52, 0, ALL_AIDS,
						     NULL);

	EXPECT(cache != NULL);
	EXPECT(take(cache, 300));
	EXPECT_SOUND(kmem_cache_check(cache));
	EXPECT(give(cache, 300, 0, 3));
	EXPECT(give(cache, 300, 1, 3));
	EXPECT_EQ(kmem_cache_inuse(cache), 100);
	EXPECT(give(cache, 300, 2, 3));
	EXPECT_SOUND(kmem_cache_check(cache));
	kmem_cache_destroy(cache);
}

TEST(slab, red_zones)
{
	struct kmem_cache *cache = debug_cache(CACHE_REDZONE);
	u8 *p;

	if (!cache)
		return;
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p != NULL);
	p[52] = 1;                      /* one past the end */
	EXPECT_REPORT("redzone", kmem_cache_free(cache, p));
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p != NULL);
	p[-1] = 1;                      /* one before the start */
	EXPECT_REPORT("redzone", kmem_cache_free(cache, p));
	kmem_cache_destroy(cache);
}

TEST(slab, poison)
{
	struct kmem_cache *cache = debug_cache(CACHE_POISON);
	u8 *p, *q = NULL;

	if (!cache)
		return;
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p != NULL);
	EXPECT(p[0] == 0x5a && p[51] == 0x5a);
	kmem_cache_free(cache, p);
	EXPECT(p[0] == 0x6b && p[50] == 0x6b && p[51] == 0xa5);
	p[20] = 1;
	EXPECT_REPORT("use-after-free",
		      q = kmem_cache_alloc(cache, GFP_KERNEL));
	EXPECT(p == q);
	kmem_cache_free(cache, q);
	kmem_cache_destroy(cache);
}

TEST(slab, sanity)
{
	struct kmem_cache *cache = debug_cache(CACHE_SANITY);
	u8 *p, *q;

	if (!cache)
		return;
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	q = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p && q);
	EXPECT_REPORT("bad-free", kmem_cache_free(cache, p + 8));
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, q);
	EXPECT_REPORT("double-free", kmem_cache_free(cache, p));
	/* A free pointer that leads nowhere. */
	slab_set_next(cache, q, q + 4);
	EXPECT_REPORT("freelist-corrupt",
		      p = kmem_cache_alloc(cache, GFP_KERNEL));
	EXPECT(p == q);
	EXPECT_SOUND(kmem_cache_check(cache));
	kmem_cache_free(cache, p);
	slab_of(p)->inuse = 0;          /* the rest of the list was given up */
	kmem_cache_destroy(cache);
}

/* Which function holds how many objects. */
TEST(slab, leak_report)
{
	struct kmem_cache *cache = kmem_cache_create("leaky", 80, 0,
						     CACHE_OWNER, NULL);
	static char text[2048];
	struct strbuf sb;

	EXPECT(cache != NULL);
	EXPECT(take(cache, 37));
	strbuf_init(&sb, text, sizeof(text));
	kmem_cache_leak_report(cache, &sb);
	EXPECT(strstr(text, "37 objects") != NULL);
	EXPECT(strstr(text, "leaky") != NULL);
	EXPECT(give(cache, 37, 1, 1));
	EXPECT_REPORT("cache-leak", kmem_cache_destroy(cache));
	kmem_cache_free(cache, object[0]);
	kmem_cache_destroy(cache);
}

TEST(slab, slabinfo)
{
	static char text[8192];
	struct strbuf sb;
	const char *line;

	strbuf_init(&sb, text, sizeof(text));
	slab_show_slabinfo(&sb);
	EXPECT(!strbuf_overflowed(&sb));
	EXPECT(!strncmp(text, "slabinfo - version: 2.1\n# name ", 31));
	line = strstr(text, "kmalloc-64 ");
	EXPECT(line != NULL);
	EXPECT(strstr(line, ": tunables    0    0    0 : slabdata") != NULL);
}

TEST(slab, all_caches_are_sound)
{
	EXPECT_SOUND(slab_check_all());
	EXPECT(slab_pages() > 0);
}
