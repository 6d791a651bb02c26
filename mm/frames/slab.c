/* SPDX-License-Identifier: MIT */
/*
 * The slab allocator's mechanism: slabs, their lists, and the slow paths.
 *
 * The fast paths (slab_cache.h) pop this CPU's list and push objects of its
 * active slab, with preemption off and nothing else. They come here when the
 * list is empty, or when the object belongs to another slab:
 *
 *   alloc:  own list ─► others ─► active slab's page list ─► a partial slab
 *                                                      └─► slab_new
 *   free:   own list, or others ──max_others──► each to its slab's page list
 *
 * "others" is the half of a magazine that pays (README.md): objects of any slab
 * that this CPU freed and will hand out next; beyond max_others they go back
 * to their slabs, all under one acquisition of the lock. A slab may be active on
 * another CPU: that CPU finds the object on the page list when its own runs
 * out. So an object may be freed anywhere, and no CPU touches another's lists.
 *
 * Locking: cache->lock guards the lists and every slab's page fields; pages
 * are allocated and freed without it. slab_list_lock guards the list of caches.
 * As the page allocator: no use in interrupt handlers.
 *
 * Deliberately not done: no lockless page list (cmpxchg on freelist and
 * counter), no colouring: the order by waste leaves nothing to shift, and
 * caches of today are too associative to gain from it.
 */
#include "mm/frames/slab_cache.h"

#include "kernel/base/explore.h"
#include "kernel/base/trace.h"

DEFINE_PERCPU(struct slab_cpu, slab_cpu);

/* ---- slabs ---------------------------------------------------------------- */

/* Links all objects in the order of their addresses. */
static void slab_link_objects(struct kmem_cache *cache, struct page *slab)
{
	void *next = NULL, *obj;
	u32 i;

	for (i = slab->objects; i-- > 0; next = obj) {
		obj = slab_object(cache, slab, i);
		slab_set_next(cache, obj, next);
		if (cache->ctor)
			cache->ctor(obj);
	}
	slab->freelist = next;
}

/**
 * slab_new() - a slab of free objects, on no list yet
 *
 * Asks for the cache's order first; when memory is tight the smallest order
 * that holds one object will do. Context: as page_alloc(), no lock.
 * Return: its head page, or NULL.
 */
struct page *slab_new(struct kmem_cache *cache, gfp_t gfp)
{
	u32 order = cache->order;
	struct page *slab;

	gfp &= ~(gfp_t)(GFP_ZERO | GFP_DMA_ONLY | GFP_DMA32_ONLY);
	slab = page_alloc(order > cache->min_order
				  ? gfp | GFP_NOWARN | GFP_NORETRY
				  : gfp,
			  order);
	if (!slab && order > cache->min_order) {
		order = cache->min_order;
		slab = page_alloc(gfp, order);
	}
	if (!slab)
		return NULL;
	slab->cache = cache;
	slab->inuse = 0;
	slab->objects = (u16)((PAGE_SIZE << order) / cache->size);
	page_set_type(slab, PAGE_SLAB);
	slab_link_objects(cache, slab);
	if (cache->flags & CACHE_DEBUG)
		slab_debug_setup(cache, slab);
	trace(slab_new, cache, page_to_pfn(slab).v);
	return slab;
}

/** slab_discard() - an empty slab's pages go back. Context: no lock. */
void slab_discard(struct kmem_cache *cache, struct page *slab)
{
	trace(slab_free, cache, page_to_pfn(slab).v);
	kasan_unpoison(page_to_virt(slab), PAGE_SIZE << slab->order);
	slab->mapcount = 0;             /* was inuse and objects */
	slab->cache = NULL;
	page_free(slab, slab->order);
}

/** slab_insert_new() - a fresh slab enters the books and the partial list. */
void slab_insert_new(struct kmem_cache *cache, struct page *slab)
{
	cache->nr_slabs++;
	cache->nr_objects += slab->objects;
	cache->nr_pages += (u64)1 << slab->order;
	list_push_front(&cache->partial, &slab->list);
	cache->nr_partial++;
}

/* An empty partial slab leaves them. */
static void slab_remove_empty(struct kmem_cache *cache, struct page *slab)
	__needs_lock(&cache->lock)
{
	list_remove(&slab->list);
	cache->nr_partial--;
	cache->nr_slabs--;
	cache->nr_objects -= slab->objects;
	cache->nr_pages -= (u64)1 << slab->order;
}

/* ---- allocating ----------------------------------------------------------- */

static void slab_activate(struct kmem_cache_cpu *c, struct page *slab)
{
	slab->flags |= PG_ACTIVE_SLAB;
	c->slab = slab;
	c->base = (uintptr_t)page_to_virt(slab);
	c->len = PAGE_SIZE << slab->order;
}

/* The active slab is not ours any more: partial or full then. */
static void slab_deactivate(struct kmem_cache *cache, struct kmem_cache_cpu *c)
	__needs_lock(&cache->lock)
{
	struct page *slab = c->slab;

	if (!slab)
		return;
	slab->flags &= ~(u32)PG_ACTIVE_SLAB;
	c->slab = NULL;
	c->base = 0;
	c->len = 0;
	if (slab->inuse < slab->objects) {
		list_push_front(&cache->partial, &slab->list);
		cache->nr_partial++;
	}
}

/* This CPU gets the page list of its active slab, or of a partial one. */
static void slab_refill_locked(struct kmem_cache *cache,
			       struct kmem_cache_cpu *c)
	__needs_lock(&cache->lock)
{
	struct page *slab;

	cache->nr_locked++;
	if (!(c->slab && c->slab->freelist)) {
		slab_deactivate(cache, c);      /* full: on no list [C1] */
		if (list_empty(&cache->partial))
			return;
		slab = list_first(&cache->partial, struct page, list);
		list_remove(&slab->list);
		cache->nr_partial--;
		slab_activate(c, slab);
	}
	c->freelist = c->slab->freelist;
	c->slab->freelist = NULL;
	c->slab->inuse = c->slab->objects;      /* [C2] */
}

/* Gets this CPU a list from what exists and pops one object; NULL: nothing. */
static void *slab_refill(struct kmem_cache *cache)
{
	struct kmem_cache_cpu *c;
	void *obj;

	preempt_disable();
	c = slab_this_cpu(cache);
	if (!c->freelist) {
		c->freelist = c->others;
		c->others = NULL;
		c->nr_others = 0;
	}
	if (!c->freelist) {
		spin_lock(&cache->lock);
		slab_refill_locked(cache, c);
		spin_unlock(&cache->lock);
	}
	obj = c->freelist;
	if (obj)
		c->freelist = slab_get_next(cache, obj);
	preempt_enable();
	return obj;
}

/* Existing objects first, then a slab more. */
static void *slab_get_object(struct kmem_cache *cache, gfp_t gfp, uintptr_t pc)
{
	struct page *slab;
	void *obj;

	if (cache->flags & CACHE_DEBUG)
		return slab_debug_alloc(cache, gfp, pc);
	while (!(obj = slab_refill(cache))) {
		slab = slab_new(cache, gfp);
		if (!slab)
			return NULL;
		spin_lock(&cache->lock);
		slab_insert_new(cache, slab);
		spin_unlock(&cache->lock);
	}
	return obj;
}

/**
 * slab_alloc_slow() - this CPU's list was empty, or zeroes are wanted
 *
 * obj: what the list gave, or NULL. Context: as page_alloc(). Return: the
 * object; NULL: no memory.
 */
void *slab_alloc_slow(struct kmem_cache *cache, void *obj, gfp_t gfp,
		      uintptr_t pc)
{
	if (!obj && !inject_fail())
		obj = slab_get_object(cache, gfp, pc);
	if (obj && gfp & GFP_ZERO)
		memset(obj, 0, cache->object_size);
	return obj;
}

/* ---- freeing -------------------------------------------------------------- */

/** slab_take_back() - obj goes on its slab's free list
 *
 * Return: the slab, if it is empty and not wanted any more (the caller
 * discards it when the lock is dropped), or NULL. */
struct page *slab_take_back(struct kmem_cache *cache, struct page *slab,
			    void *obj)
{
	bool was_full = slab->inuse == slab->objects;

	slab_set_next(cache, obj, slab->freelist);
	slab->freelist = obj;
	slab->inuse--;
	if (slab->flags & PG_ACTIVE_SLAB)
		return NULL;            /* its CPU will find it */
	if (was_full) {
		if (cache->flags & CACHE_DEBUG)
			list_remove(&slab->list);       /* of the full list */
		list_push_back(&cache->partial, &slab->list);
		cache->nr_partial++;
	}
	if (slab->inuse || cache->nr_partial <= cache->min_partial)
		return NULL;
	slab_remove_empty(cache, slab);
	return slab;
}

/* A chain of objects goes back to their slabs, under one lock. */
static void slab_return_chain(struct kmem_cache *cache, void *obj)
{
	struct list_node empty = LIST_INIT(empty);
	struct page *slab, *next_slab;
	void *next;

	yield_point(slab_chain);
	spin_lock(&cache->lock);
	cache->nr_locked++;
	for (; obj; obj = next) {
		next = slab_get_next(cache, obj);
		slab = page_head(virt_to_page(obj));
		if (slab_take_back(cache, slab, obj))
			list_push_back(&empty, &slab->list);
	}
	spin_unlock(&cache->lock);
	list_for_each_safe(slab, next_slab, &empty, list) {
		list_remove(&slab->list);
		slab_discard(cache, slab);
	}
}

/* Keeps obj for this CPU's next allocations. false: it is free already. */
static bool slab_keep_other(struct kmem_cache *cache, void *obj)
{
	struct kmem_cache_cpu *c;
	void *chain = NULL;
	bool twice;

	preempt_disable();
	c = slab_this_cpu(cache);
	twice = obj == c->freelist || obj == c->others;
	if (!twice) {
		slab_set_next(cache, obj, c->others);
		c->others = obj;
		if (++c->nr_others > cache->max_others) {
			chain = obj;
			c->others = NULL;
			c->nr_others = 0;
		}
	}
	preempt_enable();
	if (chain)
		slab_return_chain(cache, chain);
	return !twice;
}

/**
 * slab_free_slow() - obj is not of this CPU's active slab, or is suspicious
 *
 * Context: as page_free(). Reports "bad-free", "wrong-cache", "double-free".
 */
void slab_free_slow(struct kmem_cache *cache, void *obj, uintptr_t pc)
{
	struct page *slab = slab_of(obj);

	if (unlikely(!slab || slab->cache != cache))
		kernel_report(slab ? "wrong-cache" : "bad-free",
			      "%p freed to cache %s is %s%s", obj, cache->name,
			      slab ? "an object of " : "no object",
			      slab ? slab->cache->name : "");
	else if (unlikely(cache->flags & CACHE_DEBUG))
		slab_debug_free(cache, slab, obj, pc);
	else if (unlikely(!slab_keep_other(cache, obj)))
		kernel_report("double-free", "%s: object %p is free already",
			      cache->name, obj);
}

/* ---- the two calls -------------------------------------------------------- */

/** kmem_cache_alloc() - an object; see slab.h. About 20 instructions. */
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return slab_alloc_pc(cache, gfp,
			     (uintptr_t)__builtin_return_address(0));
}

/** kmem_cache_free() - give it back; see slab.h. About 20 instructions. */
void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	slab_free_pc(cache, obj, (uintptr_t)__builtin_return_address(0));
}

/** slab_empty_cpu() - all that a CPU holds goes back
 *
 * c: this CPU's part, preemption off, or that of a CPU that does not use the
 * cache any more. Empty slabs beyond min_partial are discarded. */
void slab_empty_cpu(struct kmem_cache *cache, struct kmem_cache_cpu *c)
{
	void *list = c->freelist, *others = c->others;

	spin_lock(&cache->lock);
	slab_deactivate(cache, c);
	*c = (struct kmem_cache_cpu){ 0 };
	spin_unlock(&cache->lock);
	slab_return_chain(cache, list);
	slab_return_chain(cache, others);
}

/** slab_discard_empty() - empty partial slabs go to the buddy. No lock. */
void slab_discard_empty(struct kmem_cache *cache)
{
	struct list_node empty = LIST_INIT(empty);
	struct page *slab, *next;

	spin_lock(&cache->lock);
	list_for_each_safe(slab, next, &cache->partial, list) {
		if (slab->inuse)
			continue;
		slab_remove_empty(cache, slab);
		list_push_back(&empty, &slab->list);
	}
	spin_unlock(&cache->lock);
	list_for_each_safe(slab, next, &empty, list) {
		list_remove(&slab->list);
		slab_discard(cache, slab);
	}
}

/**
 * kmem_cache_shrink() - empty slabs go back to the buddy
 *
 * This CPU's active slab included; those of other CPUs stay, one each.
 * Context: thread. Return: pages freed.
 */
u64 kmem_cache_shrink(struct kmem_cache *cache)
{
	u64 before = READ_ONCE(cache->nr_pages);

	preempt_disable();
	slab_empty_cpu(cache, slab_this_cpu(cache));
	preempt_enable();
	slab_discard_empty(cache);
	return before - MIN(before, READ_ONCE(cache->nr_pages));
}
