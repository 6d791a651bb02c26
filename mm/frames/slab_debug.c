/* SPDX-License-Identifier: MIT */
/*
 * Debug caches: red zones, poison, owners, sanity checks.
 *
 *	slab_debug=FZPU[,cache…]    F free-list and address checks
 *	                            Z red zones on both sides of the object
 *	                            P poison of free objects
 *	                            U owners: who allocated, who freed
 *	                            L none of these: only what they cost, a
 *	                              lock for each operation (membench)
 *
 * The patterns are those that everybody who debugs kernels knows by sight:
 *
 *	0x5a "ZZZZ"   allocated, never written          (P)
 *	0x6b "kkkk"   free; the last byte is 0xa5       (P)
 *	0xbb          red zone of a free object         (Z)
 *	0xcc          red zone of an allocated object   (Z)
 *
 * A debug cache has no active slabs: every operation takes the cache's lock, and
 * full slabs are kept on a list, so that the leak report finds all objects.
 * In builds with KASAN=1 every cache is a debug cache, whose red zones and
 * free objects the shadow guards instead of patterns.
 */
#include "kernel/base/cmdline.h"
#include "kernel/base/ksym.h"
#include "kernel/base/printk.h"
#include "lib/format.h"
#include "mm/frames/slab_cache.h"

enum {
	SLAB_FILL_NEW = 0x5a,
	SLAB_FILL_FREE = 0x6b,
	SLAB_FILL_END = 0xa5,
	SLAB_RED_FREE = 0xbb,
	SLAB_RED_USED = 0xcc,
};

static u32 slab_debug_bits;             /* CACHE_*, from the boot option */
static char slab_debug_names[128];      /* ",name,name," or "" for all */

/* ---- the boot option ------------------------------------------------------ */

static u32 slab_debug_bit(char letter)
{
	switch (letter) {
	case 'F':
		return CACHE_SANITY;
	case 'Z':
		return CACHE_REDZONE;
	case 'P':
		return CACHE_POISON;
	case 'U':
		return CACHE_OWNER;
	case 'L':
		return CACHE_LOCKED;
	default:
		pr_warn("slab: slab_debug= knows F, Z, P, U and L, not %c\n",
			letter);
		return 0;
	}
}

/** slab_debug_init() - read slab_debug=; the bare word means FZPU. Boot. */
void slab_debug_init(void)
{
	char text[sizeof(slab_debug_names) - 2] = "FZPU", *p = text;

	slab_debug_bits = 0;
	slab_debug_names[0] = '\0';
	if (!cmdline_has("slab_debug"))
		return;
	if (!cmdline_get("slab_debug", text, sizeof(text)) || !text[0])
		str_copy(text, "FZPU", sizeof(text));
	for (; *p && *p != ','; p++)
		slab_debug_bits |= slab_debug_bit(*p);
	if (*p == ',') {
		size_t len = strlen(p);

		memcpy(slab_debug_names, p, len);
		slab_debug_names[len] = ',';
		slab_debug_names[len + 1] = '\0';
	}
}

/** slab_debug_flags() - what the boot option wants for the cache of this name. */
u32 slab_debug_flags(const char *name)
{
	const char *at = slab_debug_names;
	size_t len = strlen(name);

	if (!slab_debug_bits || !slab_debug_names[0])
		return slab_debug_bits;
	while ((at = strstr(at, name)) != NULL) {
		if (at[-1] == ',' && at[len] == ',')
			return slab_debug_bits;
		at++;
	}
	return 0;
}

/* ---- patterns ------------------------------------------------------------- */

static struct slab_track *slab_track_of(const struct kmem_cache *cache,
					void *obj)
{
	return (struct slab_track *)((char *)obj + cache->track_offset);
}

/* Bytes of the red zone behind the object. */
static size_t slab_right_zone(const struct kmem_cache *cache)
{
	return cache->free_offset - cache->object_size;
}

static void slab_fill_zones(struct kmem_cache *cache, void *obj, u8 pattern)
{
	if (!(cache->flags & CACHE_REDZONE))
		return;
	memset((u8 *)obj - cache->left, pattern, cache->left);
	memset((u8 *)obj + cache->object_size, pattern, slab_right_zone(cache));
}

static void slab_fill_poison(struct kmem_cache *cache, void *obj)
{
	if (!(cache->flags & CACHE_POISON))
		return;
	memset(obj, SLAB_FILL_FREE, cache->object_size);
	((u8 *)obj)[cache->object_size - 1] = SLAB_FILL_END;
}

/* The first byte of [p, p + len) that is not pattern, or NULL. */
static const u8 *slab_find_other(const u8 *p, size_t len, u8 pattern)
{
	const u8 *end = p + len;

	for (; p < end; p++)
		if (*p != pattern)
			return p;
	return NULL;
}

/** slab_debug_setup() - patterns of a fresh slab, all objects free. */
void slab_debug_setup(struct kmem_cache *cache, struct page *slab)
{
	u32 i;

	for (i = 0; i < slab->objects; i++) {
		void *obj = slab_object(cache, slab, i);

		slab_fill_zones(cache, obj, SLAB_RED_FREE);
		slab_fill_poison(cache, obj);
		if (cache->flags & CACHE_OWNER)
			*slab_track_of(cache, obj) = (struct slab_track){ 0 };
		if (cache->flags & CACHE_KASAN) {
			kasan_poison((u8 *)obj - cache->left, cache->left,
				     KASAN_REDZONE);
			kasan_poison(obj, cache->free_offset,
				     KASAN_FREE_OBJECT);
		}
	}
}

/* ---- reports -------------------------------------------------------------- */

static const char *slab_owner_name(char *buf, size_t size, uintptr_t pc)
{
	if (pc)
		return ksym_format(buf, size, pc);
	str_copy(buf, "unknown", size);
	return buf;
}

static void slab_report(const char *kind, struct kmem_cache *cache, void *obj,
			const u8 *at, uintptr_t pc)
{
	char who[80], alloc[80], freed[80], byte[48] = "";
	struct slab_track t = { 0 };

	if (cache->flags & CACHE_OWNER)
		t = *slab_track_of(cache, obj);
	if (at)
		fmt_snprintf(byte, sizeof(byte), ": byte %ld is %#x",
			     (long)(at - (const u8 *)obj), *at);
	kernel_report(kind,
		      "%s: object %p%s; found by %s, allocated by %s, freed "
		      "by %s",
		      cache->name, obj, byte,
		      slab_owner_name(who, sizeof(who), pc),
		      slab_owner_name(alloc, sizeof(alloc), t.alloc),
		      slab_owner_name(freed, sizeof(freed), t.free));
}

static void slab_check_zones(struct kmem_cache *cache, void *obj, u8 pattern,
			     uintptr_t pc)
{
	const u8 *at;

	if (!(cache->flags & CACHE_REDZONE))
		return;
	at = slab_find_other((u8 *)obj - cache->left, cache->left, pattern);
	if (!at)
		at = slab_find_other((u8 *)obj + cache->object_size,
				     slab_right_zone(cache), pattern);
	if (at)
		slab_report("redzone", cache, obj, at, pc);
}

static void slab_check_poison(struct kmem_cache *cache, void *obj, uintptr_t pc)
{
	const u8 *last = (u8 *)obj + cache->object_size - 1, *at;

	if (!(cache->flags & CACHE_POISON))
		return;
	at = slab_find_other(obj, cache->object_size - 1, SLAB_FILL_FREE);
	if (!at && *last != SLAB_FILL_END)
		at = last;
	if (at)
		slab_report("use-after-free", cache, obj, at, pc);
}

/* ---- allocating ----------------------------------------------------------- */

/* Pops the first object of the first partial slab. */
static void *slab_debug_take(struct kmem_cache *cache)
	__needs_lock(&cache->lock)
{
	struct page *slab;
	void *obj;

	cache->nr_locked++;
	if (list_empty(&cache->partial))
		return NULL;
	slab = list_first(&cache->partial, struct page, list);
	obj = slab->freelist;
	slab->freelist = slab_get_next(cache, obj);
	if (slab->freelist && !slab_is_object(cache, slab, slab->freelist)) {
		kernel_report("freelist-corrupt",
			      "%s: object %p points to %p, which is no object",
			      cache->name, obj, slab->freelist);
		slab->freelist = NULL;          /* the rest of it is lost */
		slab->inuse = (u16)(slab->objects - 1);
	}
	if (++slab->inuse == slab->objects) {
		list_remove(&slab->list);
		cache->nr_partial--;
		list_push_front(&cache->full, &slab->list);
	}
	return obj;
}

/* The object is ours already: checks and fills need no lock. */
static void slab_debug_hand_out(struct kmem_cache *cache, void *obj,
				uintptr_t pc)
{
	slab_check_zones(cache, obj, SLAB_RED_FREE, pc);
	slab_check_poison(cache, obj, pc);
	if (cache->flags & CACHE_KASAN) {
		kasan_poison(obj, cache->free_offset, KASAN_REDZONE);
		kasan_unpoison(obj, cache->object_size);
	}
	slab_fill_zones(cache, obj, SLAB_RED_USED);
	if (cache->flags & CACHE_POISON)
		memset(obj, SLAB_FILL_NEW, cache->object_size);
	if (cache->flags & CACHE_OWNER)
		slab_track_of(cache, obj)->alloc = pc;
}

/** slab_debug_alloc() - the whole allocation of a debug cache. Any context. */
void *slab_debug_alloc(struct kmem_cache *cache, gfp_t gfp, uintptr_t pc)
{
	struct page *fresh = NULL;
	void *obj;

	do {
		spin_lock(&cache->lock);
		if (fresh)
			slab_insert_new(cache, fresh);
		obj = slab_debug_take(cache);
		spin_unlock(&cache->lock);
		if (!obj) {
			fresh = slab_new(cache, gfp);
			if (!fresh)
				return NULL;
		}
	} while (!obj);
	slab_debug_hand_out(cache, obj, pc);
	return obj;
}

/* ---- freeing -------------------------------------------------------------- */

static bool slab_is_free(const struct kmem_cache *cache,
			 const struct page *slab, const void *obj)
{
	const void *o = slab->freelist;
	u32 i;

	for (i = 0; o && i < slab->objects; i++, o = slab_get_next(cache, o))
		if (o == obj)
			return true;
	return false;
}

static bool slab_debug_is_free(struct kmem_cache *cache, struct page *slab,
			       void *obj)
{
	bool is_free;

	if (cache->flags & CACHE_OWNER)
		return slab_track_of(cache, obj)->alloc == 0;
	spin_lock(&cache->lock);
	is_free = slab_is_free(cache, slab, obj);
	spin_unlock(&cache->lock);
	return is_free;
}

/** slab_debug_free() - the whole free of a debug cache. Any context. */
void slab_debug_free(struct kmem_cache *cache, struct page *slab, void *obj,
		     uintptr_t pc)
{
	struct page *empty;

	if (!slab_is_object(cache, slab, obj)) {
		kernel_report("bad-free", "%s: %p is inside of an object",
			      cache->name, obj);
		return;
	}
	if (slab_debug_is_free(cache, slab, obj)) {
		slab_report("double-free", cache, obj, NULL, pc);
		return;
	}
	slab_check_zones(cache, obj, SLAB_RED_USED, pc);
	slab_fill_zones(cache, obj, SLAB_RED_FREE);
	slab_fill_poison(cache, obj);
	if (cache->flags & CACHE_OWNER)
		*slab_track_of(cache, obj) = (struct slab_track){ .free = pc };
	if (cache->flags & CACHE_KASAN)
		kasan_poison(obj, cache->free_offset, KASAN_FREE_OBJECT);

	spin_lock(&cache->lock);
	cache->nr_locked++;
	empty = slab_take_back(cache, slab, obj);
	spin_unlock(&cache->lock);
	if (empty)
		slab_discard(cache, empty);
}
