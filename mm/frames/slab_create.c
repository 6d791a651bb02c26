/* SPDX-License-Identifier: MIT */
/*
 * Making and ending caches: layout of a slot, order of a slab, merging, and
 * the first cache of all.
 *
 * Merging: a cache without constructor and debug aids is a slot size and an
 * alignment, nothing more; so caches that agree in both share their slabs.
 * Fewer half-empty slabs, at the price that slabinfo shows the first name only.
 *
 * Order by waste [Bonwick94, section 3.2.2 discusses the waste of a slab]: see
 * slab_choose_order().
 */
#include "kernel/base/cmdline.h"
#include "lib/bitmap.h"
#include "lib/format.h"
#include "mm/frames/kmalloc.h"
#include "mm/frames/slab_cache.h"

struct list_node all_caches = LIST_INIT(all_caches);
struct spinlock slab_list_lock = SPINLOCK_INIT(RANK_SLAB_LIST);

/* What a CPU may keep of other slabs, in objects and in bytes. */
#define SLAB_OTHERS       ((size_t)32)
#define SLAB_OTHERS_BYTES ((size_t)16384)

static u64 slab_ids[BITMAP_WORDS(SLAB_MAX_CACHES)];     /* [slab_list_lock] */
static bool slab_nomerge;
static struct kmem_cache *cache_cache;  /* where struct kmem_cache comes from */

/* Where everything in a slot stands; see the picture in slab_cache.h. */
static void slab_set_layout(struct kmem_cache *cache, size_t align)
{
	size_t end = ALIGN_UP(cache->object_size, sizeof(void *));

	cache->align = MAX(align, sizeof(void *));
	if (cache->flags & (CACHE_REDZONE | CACHE_KASAN)) {
		cache->left = (u32)cache->align;
		end += sizeof(u64);
	}
	if (cache->ctor || cache->flags & CACHE_DEBUG) {
		cache->free_offset = (u32)end;
		end += sizeof(void *);
	}
	if (cache->flags & CACHE_OWNER) {
		cache->track_offset = (u32)end;
		end += sizeof(struct slab_track);
	}
	cache->size = ALIGN_UP(cache->left + end, cache->align);
}

/*
 * The smallest order that wastes at most a sixteenth of a slab and holds at
 * least eight objects; then with an eighth and a quarter; then with fewer objects.
 */
static u32 slab_choose_order(size_t size)
{
	u32 min_objects, fraction, order;

	for (min_objects = 8; min_objects; min_objects /= 2)
		for (fraction = 16; fraction >= 4; fraction /= 2)
			for (order = 0; order <= SLAB_MAX_ORDER; order++) {
				size_t bytes = PAGE_SIZE << order;

				if (bytes / size >= min_objects &&
				    bytes % size <= bytes / fraction)
					return order;
			}
	return order_of(size);
}

static size_t slab_natural_align(size_t size, size_t align, u32 flags)
{
	size_t line = 64;

	if (!(flags & CACHE_HWALIGN))
		return align;
	while (size <= line / 2 && line > sizeof(void *))
		line /= 2;              /* several small objects share a line */
	return MAX(align, line);
}

static void slab_setup_cache(struct kmem_cache *cache, const char *name,
			     size_t size, size_t align, u32 flags,
			     void (*ctor)(void *obj))
{
	*cache = (struct kmem_cache){
		.name = name,
		.object_size = size,
		.flags = flags | slab_debug_flags(name),
		.ctor = ctor,
		.aliases = 1,
	};
	if (QUIRE_KASAN) {              /* the shadow sees more than the bytes */
		cache->flags &= ~(u32)(CACHE_REDZONE | CACHE_POISON);
		cache->flags |= CACHE_KASAN | CACHE_SANITY;
	}
	if (ctor)                       /* its state must survive being free */
		cache->flags &= ~(u32)CACHE_POISON;
	slab_set_layout(cache, slab_natural_align(size, align, flags));
	cache->order = slab_choose_order(cache->size);
	cache->min_order = order_of(cache->size);
	cache->objects = (u32)((PAGE_SIZE << cache->order) / cache->size);
	cache->min_partial = MAX(6u >> cache->order, 2u);
	cache->max_others =
		(u32)MAX(MIN(SLAB_OTHERS, SLAB_OTHERS_BYTES / cache->size),
			 (size_t)2);
	spin_init(&cache->lock, RANK_SLAB_NODE);
	list_init(&cache->partial);
	list_init(&cache->full);
}

static bool slab_register(struct kmem_cache *cache)
	__needs_lock(&slab_list_lock)
{
	size_t id = bitmap_find_clear(slab_ids, SLAB_MAX_CACHES, 0);

	if (id == SLAB_MAX_CACHES)
		return false;
	bitmap_set(slab_ids, id);
	cache->id = (u32)id;
	cache->cpu_offset = id * sizeof(struct kmem_cache_cpu);
	list_push_back(&all_caches, &cache->all_node);
	return true;
}

static bool slab_can_merge(const struct kmem_cache *old,
			   const struct kmem_cache *want)
{
	u32 apart = CACHE_DEBUG | CACHE_NO_MERGE;

	return !slab_nomerge && !old->ctor && !want->ctor &&
	       !(old->flags & apart) && !(want->flags & apart) &&
	       old->size >= want->size &&
	       old->size - want->size < sizeof(void *) &&
	       old->size % want->align == 0 && old->align >= want->align;
}

/* An existing cache that serves as well; it has one more alias then. */
static struct kmem_cache *slab_find_merge(const struct kmem_cache *want)
	__needs_lock(&slab_list_lock)
{
	struct kmem_cache *cache;

	list_for_each(cache, &all_caches, all_node)
		if (slab_can_merge(cache, want)) {
			cache->aliases++;
			cache->object_size = MAX(cache->object_size,
						 want->object_size);
			return cache;
		}
	return NULL;
}

static struct kmem_cache *slab_add_cache(struct kmem_cache *want)
{
	struct kmem_cache *fresh = kmem_cache_alloc(cache_cache, GFP_KERNEL);
	struct kmem_cache *cache;

	if (!fresh)
		return NULL;
	*fresh = *want;
	list_init(&fresh->partial);     /* heads point at themselves */
	list_init(&fresh->full);
	spin_lock(&slab_list_lock);
	cache = slab_find_merge(want);
	if (!cache && slab_register(fresh))
		cache = fresh;
	spin_unlock(&slab_list_lock);
	if (cache != fresh)
		kmem_cache_free(cache_cache, fresh);
	return cache;
}

/**
 * kmem_cache_create() - a cache for objects of size bytes; see slab.h
 *
 * Context: thread. Return: the cache, which may be an existing one that serves
 * as well; NULL: no memory, SLAB_MAX_CACHES exist, or too large.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align, u32 flags,
				     void (*ctor)(void *obj))
{
	struct kmem_cache want, *cache = NULL;

	assertf(!align || IS_POW2(align), "%s: alignment %zu", name, align);
	if (size && size <= PAGE_SIZE << (MAX_ORDER - 1)) {
		slab_setup_cache(&want, name, size, align, flags, ctor);
		cache = slab_add_cache(&want);
	}
	if (!cache && flags & CACHE_PANIC)
		panic("slab: no cache %s of %zu bytes", name, size);
	return cache;
}

static void slab_report_leak(struct kmem_cache *cache)
{
	char text[512];
	struct strbuf sb;

	strbuf_init(&sb, text, sizeof(text));
	kmem_cache_leak_report(cache, &sb);
	kernel_report("cache-leak", "%s: %llu objects are not free:\n%s",
		      cache->name, (unsigned long long)kmem_cache_inuse(cache),
		      text);
}

/**
 * kmem_cache_destroy() - the cache is not needed any more
 *
 * Only the last alias ends it. A cache with objects stays, and is reported.
 * Context: thread; nobody uses the cache.
 */
void kmem_cache_destroy(struct kmem_cache *cache)
{
	u32 cpu;

	spin_lock(&slab_list_lock);
	if (--cache->aliases) {
		spin_unlock(&slab_list_lock);
		return;
	}
	list_remove_init(&cache->all_node);     /* no merge finds it any more */
	spin_unlock(&slab_list_lock);

	for (cpu = 0; cpu < MAX_CPUS; cpu++)
		if (cpus_online >> cpu & 1)
			slab_empty_cpu(cache, &cpu_ptr(slab_cpu, cpu)
						       ->cache[cache->id]);
	slab_discard_empty(cache);
	if (cache->nr_slabs) {
		slab_report_leak(cache);
		spin_lock(&slab_list_lock);
		cache->aliases = 1;             /* visible as long as it leaks */
		list_push_back(&all_caches, &cache->all_node);
		spin_unlock(&slab_list_lock);
		return;
	}
	spin_lock(&slab_list_lock);
	bitmap_clear(slab_ids, cache->id);
	spin_unlock(&slab_list_lock);
	kmem_cache_free(cache_cache, cache);
}

/** kmem_cache_size() - bytes of one object that may be used. Any context. */
size_t kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->object_size;
}

/* ---- boot ----------------------------------------------------------------- */

/*
 * The cache of caches allocates its own description: it starts as a static
 * struct, then moves into an object of itself and takes its one slab along.
 */
static void slab_bootstrap(void)
{
	static struct kmem_cache boot_cache;
	struct kmem_cache *cache;
	struct kmem_cache_cpu *c;
	struct page *slab;

	slab_setup_cache(&boot_cache, "kmem_cache", sizeof(struct kmem_cache),
			 0, CACHE_HWALIGN | CACHE_NO_MERGE, NULL);
	spin_lock(&slab_list_lock);
	slab_register(&boot_cache);
	spin_unlock(&slab_list_lock);
	cache = kmem_cache_alloc(&boot_cache, GFP_KERNEL);
	if (!cache)
		panic("slab: no memory for the first cache");

	*cache = boot_cache;
	list_init(&cache->partial);
	list_init(&cache->full);
	list_splice_back(&cache->partial, &boot_cache.partial);
	list_splice_back(&cache->full, &boot_cache.full);
	list_remove(&boot_cache.all_node);
	list_push_back(&all_caches, &cache->all_node);
	list_for_each(slab, &cache->partial, list)
		slab->cache = cache;
	list_for_each(slab, &cache->full, list)
		slab->cache = cache;
	c = slab_this_cpu(cache);
	if (c->slab)
		c->slab->cache = cache;
	cache_cache = cache;
}

/** slab_init() - see slab.h. Context: boot. */
void slab_init(void)
{
	slab_nomerge = cmdline_bool("slab_nomerge", false);
	slab_debug_init();
	slab_bootstrap();
	kmalloc_init();
}
