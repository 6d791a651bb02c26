/* SPDX-License-Identifier: MIT */
/*
 * Object caches and kmalloc against a table of what was handed out.
 *
 * Eight CPUs allocate and free at random, so objects often die on another CPU
 * than the one that got them; caches are plain, aligned, constructed and
 * debugged. Every live object is filled with a value of its own, which must be
 * there when it dies: overlaps cannot hide. Allocations fail at random; caches
 * shrink at random. At the end every object and every page is back.
 *
 *	slab_model [rounds [seed]]
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/base/inject.h"
#include "mm/frames/kmalloc.h"
#include "mm/frames/slab.h"
#include "tests/unit/model.h"

#define LIVE   6000
#define CACHES 6

struct live {
	u8 *ptr;
	size_t size;
	u8 fill;
	s8 cache;                       /* -1: kmalloc */
};

static struct live live[LIVE];
static u32 nr_live;
static unsigned long rounds = 100000;
static struct kmem_cache *caches[CACHES];

static const struct {
	const char *name;
	size_t size, align;
	u32 flags;
	bool ctor;
} shapes[CACHES] = {
	{ "tiny", 8, 0, 0, false },
	{ "odd", 57, 0, CACHE_NO_MERGE, false },
	{ "line", 130, 64, 0, false },
	{ "made", 40, 0, 0, true },
	{ "large", 1700, 0, CACHE_NO_MERGE, false },
	{ "debug", 60, 32,
	  CACHE_REDZONE | CACHE_POISON | CACHE_OWNER | CACHE_SANITY, false },
};

static void construct(void *obj)
{
	memset(obj, 0x77, 40);
}

static bool filled(const u8 *p, size_t size, u8 value)
{
	while (size-- > 0)
		if (*p++ != value)
			return false;
	return true;
}

static void check_caches(void)
{
	EXPECT_SOUND(slab_check_all());
}

/* What the last owner of a constructed object must leave. */
static void before_free(const struct live *l)
{
	EXPECT(filled(l->ptr, l->size, l->fill));
	if (l->cache >= 0 && shapes[l->cache].ctor)
		construct(l->ptr);
}

static void keep(u8 *ptr, size_t size, s8 cache)
{
	struct live *l = &live[nr_live++];

	*l = (struct live){ ptr, size, (u8)draw(), cache };
	memset(ptr, l->fill, size);
}

static void take_object(void)
{
	int c = (int)draw_below(CACHES);
	bool zero = !shapes[c].ctor && draw() % 4 == 0;
	u8 *p = kmem_cache_alloc(caches[c],
				 zero ? GFP_KERNEL | GFP_ZERO : GFP_KERNEL);

	if (!p)
		return;
	if (shapes[c].align)
		EXPECT_SAME((uintptr_t)p % shapes[c].align, 0);
	if (shapes[c].ctor)
		EXPECT(filled(p, 40, 0x77));
	if (zero)
		EXPECT(filled(p, shapes[c].size, 0));
	keep(p, shapes[c].size, (s8)c);
}

static void take_bytes(void)
{
	size_t size = 1 + draw_below(draw() % 20 ? 600 : 30000);
	u8 *p = draw() % 4 ? kmalloc(size, GFP_KERNEL)
			   : kzalloc(size, GFP_KERNEL);

	if (!p)
		return;
	EXPECT(ksize(p) >= size);
	keep(p, size, -1);
}

static void resize(struct live *l)
{
	size_t size = 1 + draw_below(2000);
	u8 *p = krealloc(l->ptr, size, GFP_KERNEL);

	if (!p) {                       /* as it was */
		EXPECT(filled(l->ptr, l->size, l->fill));
		return;
	}
	EXPECT(filled(p, MIN(size, l->size), l->fill));
	l->ptr = p;
	l->size = size;
	memset(p, l->fill, size);
}

static void give(void)
{
	u64 i;
	struct live l;

	if (!nr_live)
		return;
	i = draw_below(nr_live);
	if (live[i].cache < 0 && draw() % 5 == 0) {
		resize(&live[i]);
		return;
	}
	l = live[i];
	live[i] = live[--nr_live];
	before_free(&l);
	if (l.cache < 0)
		kfree(l.ptr);
	else
		kmem_cache_free(caches[l.cache], l.ptr);
}

static void one_step(unsigned long i)
{
	bool growing = i / 10000 % 2 == 0;

	host_set_cpu((unsigned int)draw_below(HOST_MAX_CPUS));
	if (draw() % 60 == 0)
		inject_arm(1 + draw_below(3));
	if (draw_below(100) < (growing ? 62 : 38) && nr_live < LIVE) {
		if (draw() & 1)
			take_object();
		else
			take_bytes();
	} else {
		give();
	}
	inject_disarm();
	inject_fired = false;
	if (draw() % 3000 == 0)
		kmem_cache_shrink(caches[draw_below(CACHES)]);
	if (i % 1000 == 0)
		check_caches();
}

static void objects_come_and_go(void)
{
	unsigned long i;
	int c;

	cpus_online = ((u64)1 << HOST_MAX_CPUS) - 1;
	for (c = 0; c < CACHES; c++) {
		caches[c] = kmem_cache_create(shapes[c].name, shapes[c].size,
					      shapes[c].align, shapes[c].flags,
					      shapes[c].ctor ? construct
							     : NULL);
		EXPECT(caches[c] != NULL);
	}
	for (i = 0; i < rounds; i++)
		one_step(i);
	while (nr_live)
		give();
	check_caches();
	/* A leak would be reported, and without a handler that is a panic. */
	for (c = 0; c < CACHES; c++)
		kmem_cache_destroy(caches[c]);
	check_caches();
}

int main(int argc, char **argv)
{
	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		draw_state = strtoull(argv[2], NULL, 0) | 1;
	machine_boot(128, "loglevel=3");
	model_run("objects come and go", objects_come_and_go);
	return 0;
}
