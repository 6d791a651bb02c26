/* SPDX-License-Identifier: MIT */
/*
 * struct kmem_cache and the fast path: for slab.c, slab_debug.c, slab_info.c
 * and kmalloc.c only.
 *
 * One slot of a slab; a plain cache has only the object, and its free pointer
 * overwrites the first bytes of a free object:
 *
 *   ┌───────┬──────────────┬───────┬──────────┬───────────────┬─────┐
 *   │ zone  │    object    │ zone  │ free ptr │ alloc, free pc│ pad │
 *   └───────┴──────────────┴───────┴──────────┴───────────────┴─────┘
 *     Z              ▲        Z      ctor, P      U
 *                 free_offset, track_offset count from here
 */
#ifndef MM_FRAMES_SLAB_CACHE_H
#define MM_FRAMES_SLAB_CACHE_H

#include "kernel/base/inject.h"
#include "kernel/base/kasan.h"
#include "lib/string.h"
#include "mm/frames/slab.h"

#define SLAB_MAX_CACHES 64
#define SLAB_MAX_ORDER  3               /* of a slab, unless one object needs more */

enum {
	CACHE_KASAN = 1 << 7,           /* builds with KASAN=1: every cache */
	CACHE_LOCKED = 1 << 8,          /* L: no per-CPU layer, nothing else */
	/* Caches with any of these never have an active slab: each operation
	 * takes the lock and the long way (slab_debug.c). */
	CACHE_DEBUG = CACHE_REDZONE | CACHE_POISON | CACHE_OWNER |
		      CACHE_SANITY | CACHE_KASAN | CACHE_LOCKED,
};

struct kmem_cache {
	/* read by the fast paths; constant */
	size_t cpu_offset;              /* of this cache's part in slab_cpu, bytes */
	u32 free_offset;                /* of the free pointer in the object */
	u32 flags;                      /* CACHE_* */
	size_t object_size;             /* bytes that the user may touch */
	/* layout; constant */
	size_t size;                    /* of a slot: distance of two objects */
	size_t align;
	u32 left;                       /* red zone before the object */
	u32 track_offset;               /* of struct slab_track in the object */
	u32 order, min_order;           /* of a slab; when memory is tight */
	u32 objects;                    /* in a slab of that order */
	u32 min_partial;                /* below so many partial slabs empty ones stay */
	u32 max_others;                 /* a CPU keeps so many of other slabs */
	void (*ctor)(void *obj);
	const char *name;
	u32 id;                         /* slot in slab_cpu */
	u32 aliases;                    /* caches merged into this one [slab_list_lock] */
	struct list_node all_node;      /* [slab_list_lock] */

	struct spinlock lock;
	struct list_node partial;       /* [lock] struct page.list */
	struct list_node full;          /* [lock] debug caches only */
	u64 nr_partial;                 /* [lock] */
	u64 nr_slabs;                   /* [lock] */
	u64 nr_objects;                 /* [lock] slots of all slabs */
	u64 nr_pages;                   /* [lock] */
	u64 nr_locked;                  /* [lock] times an operation took the lock */
};

/* One cache on one CPU [preemption off]. */
struct kmem_cache_cpu {
	void *freelist;                 /* free objects, to be handed out next */
	uintptr_t base;                 /* first byte of the active slab */
	size_t len;                     /* its bytes; 0: no active slab */
	struct page *slab;              /* NULL: none */
	void *others;                   /* freed here, of other slabs */
	u32 nr_others;
};

struct slab_cpu {
	struct kmem_cache_cpu cache[SLAB_MAX_CACHES];
};
DECLARE_PERCPU(struct slab_cpu, slab_cpu);

extern struct list_node all_caches;     /* [slab_list_lock] kmem_cache.all_node */
extern struct spinlock slab_list_lock;

/* Return addresses kept behind an object: CACHE_OWNER. */
struct slab_track {
	uintptr_t alloc;                /* 0: the object is free */
	uintptr_t free;
};

/* slab.c */
void *slab_alloc_slow(struct kmem_cache *cache, void *obj, gfp_t gfp,
		      uintptr_t pc);
void slab_free_slow(struct kmem_cache *cache, void *obj, uintptr_t pc);
void slab_insert_new(struct kmem_cache *cache, struct page *slab)
	__needs_lock(&cache->lock);
struct page *slab_new(struct kmem_cache *cache, gfp_t gfp);
void slab_discard(struct kmem_cache *cache, struct page *slab);
void slab_discard_empty(struct kmem_cache *cache);
void slab_empty_cpu(struct kmem_cache *cache, struct kmem_cache_cpu *c);
struct page *slab_take_back(struct kmem_cache *cache, struct page *slab,
			    void *obj) __needs_lock(&cache->lock);

/* slab_debug.c; the first two are the whole operation of a debug cache. */
void *slab_debug_alloc(struct kmem_cache *cache, gfp_t gfp, uintptr_t pc);
void slab_debug_free(struct kmem_cache *cache, struct page *slab, void *obj,
		     uintptr_t pc);
void slab_debug_setup(struct kmem_cache *cache, struct page *slab);
u32 slab_debug_flags(const char *name);
void slab_debug_init(void);

/* The slab that obj is part of, or NULL: no object of any cache. */
static inline struct page *slab_of(const void *obj)
{
	struct page *page;

	if (!va_is_direct((vaddr_t)obj))
		return NULL;
	page = page_head(virt_to_page(obj));
	return page->type == PAGE_SLAB ? page : NULL;
}

static __force_inline void *slab_get_next(const struct kmem_cache *cache,
					  const void *obj)
{
	return *(void *const *)((const char *)obj + cache->free_offset);
}

static __force_inline void slab_set_next(const struct kmem_cache *cache,
					 void *obj, void *next)
{
	*(void **)((char *)obj + cache->free_offset) = next;
}

static __force_inline struct kmem_cache_cpu *
slab_this_cpu(const struct kmem_cache *cache)
{
	return (struct kmem_cache_cpu *)((char *)this_cpu_ptr(slab_cpu) +
					 cache->cpu_offset);
}

/* Does obj lie at the start of an object of its slab? */
static inline bool slab_is_object(const struct kmem_cache *cache,
				  const struct page *slab, const void *obj)
{
	uintptr_t first = (uintptr_t)page_to_virt(slab) + cache->left;
	uintptr_t at = (uintptr_t)obj - first;

	return (uintptr_t)obj >= first && at % cache->size == 0 &&
	       at / cache->size < slab->objects;
}

static inline void *slab_object(const struct kmem_cache *cache,
				const struct page *slab, u32 i)
{
	return (char *)page_to_virt(slab) + cache->left + i * cache->size;
}

/* The allocation of every kind of object; pc: who asks. Preemption off is all
 * that guards this CPU's list: an interrupt handler would find it half changed. */
static __force_inline void *slab_alloc_pc(struct kmem_cache *cache, gfp_t gfp,
					  uintptr_t pc)
{
	struct kmem_cache_cpu *c;
	void *obj = NULL;

	assert_slow(this_cpu_read(irq_depth) == 0);
	if (likely(inject_on == 0)) {
		preempt_disable();
		c = slab_this_cpu(cache);
		obj = c->freelist;
		if (likely(obj))
			c->freelist = slab_get_next(cache, obj);
		preempt_enable_late();
	}
	if (unlikely(!obj || gfp & GFP_ZERO))
		return slab_alloc_slow(cache, obj, gfp, pc);
	return obj;
}

/* An object of this CPU's active slab goes to its list; others the long way.
 * The same object freed twice in a row is caught, later ones by F. */
static __force_inline void slab_free_pc(struct kmem_cache *cache, void *obj,
					uintptr_t pc)
{
	struct kmem_cache_cpu *c;
	bool mine;

	assert_slow(this_cpu_read(irq_depth) == 0);
	preempt_disable();
	c = slab_this_cpu(cache);
	mine = (uintptr_t)obj - c->base < c->len && obj != c->freelist;
	if (likely(mine)) {
		slab_set_next(cache, obj, c->freelist);
		c->freelist = obj;
	}
	preempt_enable_late();
	if (unlikely(!mine))
		slab_free_slow(cache, obj, pc);
}

#endif
