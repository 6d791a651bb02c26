/* SPDX-License-Identifier: MIT */
/*
 * Questions to the slab allocator: /proc/slabinfo, checks, the leak report.
 *
 *	objects in use = slots of all slabs - free ones of partial slabs
 *	                 - free ones of active slabs - what CPUs have at hand
 *
 * No CPU's lists may be read by another. So each counts its own, when smp_call
 * interrupts it: at every instruction of the fast paths the lists are whole, and an
 * object that is just on its way from or to one of them is off by one, no more.
 * cache->lock, held meanwhile, keeps the slow paths away. Once nothing is under
 * way the count is exact, and allocating pays nothing for it.
 */
#include "kernel/base/smp.h"
#include "kernel/base/ksym.h"
#include "lib/format.h"
#include "mm/frames/slab_cache.h"

/* Length of a free list, or more than max if it is longer or runs in a circle. */
static u64 slab_list_length(const struct kmem_cache *cache, const void *obj,
			    u64 max)
{
	u64 n = 0;

	while (obj && n <= max) {
		obj = slab_get_next(cache, obj);
		n++;
	}
	return n;
}

/* Free objects of a cache that CPUs have at hand. */
struct slab_at_hand {
	const struct kmem_cache *cache;
	u64 most;                       /* longer lists run in circles */
	u64 objects;                    /* [atomic] */
};

/* smp_call_fn: adds what this CPU has. */
static void slab_count_here(void *arg)
{
	struct slab_at_hand *a = arg;
	const struct kmem_cache_cpu *c = slab_this_cpu(a->cache);
	u64 n = slab_list_length(a->cache, c->freelist, a->most) +
		slab_list_length(a->cache, c->others, a->most);

	__atomic_fetch_add(&a->objects, n, __ATOMIC_RELAXED);
}

/* Free objects on the page list of a CPU's active slab. */
static u64 slab_count_active(const struct kmem_cache *cache, unsigned int cpu)
	__needs_lock(&cache->lock)
{
	const struct kmem_cache_cpu *c =
		(const void *)((const char *)cpu_ptr(slab_cpu, cpu) +
			       cache->cpu_offset);

	return c->slab ? c->slab->objects - c->slab->inuse : 0;
}

static u64 slab_count_inuse(struct kmem_cache *cache)
	__needs_lock(&cache->lock)
{
	struct slab_at_hand a = { cache, cache->nr_objects, 0 };
	const struct page *slab;
	u64 nr_free;

	slab_count_here(&a);
	smp_call(cpus_online, slab_count_here, &a);
	nr_free = a.objects;
	for (unsigned int cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1))
		nr_free += slab_count_active(cache, cpu);
	list_for_each(slab, &cache->partial, list)
		nr_free += slab->objects - slab->inuse;
	return cache->nr_objects - MIN(cache->nr_objects, nr_free);
}

/** kmem_cache_inuse() - see slab.h. Context: as smp_call(). */
u64 kmem_cache_inuse(struct kmem_cache *cache)
{
	u64 inuse;

	spin_lock(&cache->lock);
	inuse = slab_count_inuse(cache);
	spin_unlock(&cache->lock);
	return inuse;
}

/** slab_pages() - pages of all slabs. Context: any. */
u64 slab_pages(void)
{
	struct kmem_cache *cache;
	u64 pages = 0;

	spin_lock(&slab_list_lock);
	list_for_each(cache, &all_caches, all_node)
		pages += READ_ONCE(cache->nr_pages);
	spin_unlock(&slab_list_lock);
	return pages;
}

/** slab_show_slabinfo() - one line a cache, as Linux's version 2.1. Context: as
 * smp_call(). */
void slab_show_slabinfo(struct strbuf *sb)
{
	struct kmem_cache *cache;

	strbuf_printf(sb,
		      "slabinfo - version: 2.1\n"
		      "# name            <active_objs> <num_objs> <objsize> "
		      "<objperslab> <pagesperslab> : tunables <limit> "
		      "<batchcount> <sharedfactor> : slabdata <active_slabs> "
		      "<num_slabs> <sharedavail>\n");
	spin_lock(&slab_list_lock);
	list_for_each(cache, &all_caches, all_node) {
		spin_lock(&cache->lock);
		strbuf_printf(sb,
			      "%-17s %6llu %6llu %6zu %4u %4d : tunables %4u "
			      "%4u %4u : slabdata %6llu %6llu %6u\n",
			      cache->name,
			      (unsigned long long)slab_count_inuse(cache),
			      (unsigned long long)cache->nr_objects,
			      cache->size, cache->objects, 1 << cache->order, 0,
			      0, 0, (unsigned long long)cache->nr_slabs,
			      (unsigned long long)cache->nr_slabs, 0);
		spin_unlock(&cache->lock);
	}
	spin_unlock(&slab_list_lock);
}

/* ---- checks --------------------------------------------------------------- */

static const char *slab_check_list(const struct kmem_cache *cache,
				   const struct page *slab, const void *obj,
				   u32 want)
{
	u32 n = 0;

	for (; obj; obj = slab_get_next(cache, obj)) {
		if (!slab_is_object(cache, slab, obj))
			return "[C3] slab: free pointer to no object";
		if (++n > slab->objects)
			return "[C3] slab: free list runs in a circle";
	}
	return n == want ? NULL : "[C2] slab: inuse and free list disagree";
}

static const char *slab_check_page(const struct kmem_cache *cache,
				   const struct page *slab)
{
	if (slab->type != PAGE_SLAB || slab->cache != cache)
		return "[C1] slab: page on the list of another cache";
	if (slab->inuse > slab->objects)
		return "[C2] slab: more objects in use than there are";
	return slab_check_list(cache, slab, slab->freelist,
			       slab->objects - slab->inuse);
}

/* A CPU's list: objects of any slab of the cache. */
static const char *slab_check_cpu_list(const struct kmem_cache *cache,
				       const void *obj)
{
	u64 n = 0;

	for (; obj; obj = slab_get_next(cache, obj)) {
		const struct page *slab = slab_of(obj);

		if (!slab || slab->cache != cache ||
		    !slab_is_object(cache, slab, obj))
			return "[C3] slab: a CPU's list leads to no object";
		if (++n > cache->nr_objects)
			return "[C3] slab: a CPU's list runs in a circle";
	}
	return NULL;
}

static const char *slab_check_cpu(const struct kmem_cache *cache)
{
	const struct kmem_cache_cpu *c = slab_this_cpu(cache);
	const struct page *slab = c->slab;
	const char *why = slab_check_cpu_list(cache, c->freelist);

	if (!why)
		why = slab_check_cpu_list(cache, c->others);
	if (why)
		return why;
	if (slab_list_length(cache, c->others, cache->nr_objects) !=
	    c->nr_others)
		return "[C4] slab: nr_others is wrong";
	if (!slab)
		return c->len ? "[C1] slab: bytes without a slab" : NULL;
	if (!(slab->flags & PG_ACTIVE_SLAB) ||
	    c->base != (uintptr_t)page_to_virt(slab) ||
	    c->len != PAGE_SIZE << slab->order)
		return "[C1] slab: active slab does not know it";
	return slab_check_page(cache, slab);
}

static const char *slab_check_lists(struct kmem_cache *cache)
	__needs_lock(&cache->lock)
{
	u64 partial = 0, slabs = 0, objects = 0;
	const struct page *slab;
	const char *why;

	list_for_each(slab, &cache->partial, list) {
		why = slab_check_page(cache, slab);
		if (why)
			return why;
		if (slab->flags & PG_ACTIVE_SLAB ||
		    slab->inuse == slab->objects)
			return "[C1] slab: active or full on the partial list";
		objects += slab->objects;
		if (++partial > cache->nr_partial)
			break;
	}
	list_for_each(slab, &cache->full, list) {
		why = slab_check_page(cache, slab);
		if (why)
			return why;
		if (slab->inuse != slab->objects)
			return "[C1] slab: not full on the full list";
		objects += slab->objects;
		slabs++;
	}
	slabs += partial;
	if (partial != cache->nr_partial || slabs > cache->nr_slabs ||
	    objects > cache->nr_objects)
		return "[C4] slab: counts and lists differ";
	if (cache->flags & CACHE_DEBUG &&
	    (slabs != cache->nr_slabs || objects != cache->nr_objects))
		return "[C4] slab: a debug cache has lost a slab";
	return NULL;
}

/** kmem_cache_check() - one cache's lists. Context: thread. */
const char *kmem_cache_check(struct kmem_cache *cache)
{
	const char *why;

	spin_lock(&cache->lock);
	why = slab_check_lists(cache);
	if (!why)
		why = slab_check_cpu(cache);
	spin_unlock(&cache->lock);
	return why;
}

/** slab_check_all() - all caches. Return: NULL, or the first broken invariant. */
const char *slab_check_all(void)
{
	struct kmem_cache *cache;
	const char *why = NULL;

	spin_lock(&slab_list_lock);
	list_for_each(cache, &all_caches, all_node) {
		why = kmem_cache_check(cache);
		if (why)
			break;
	}
	spin_unlock(&slab_list_lock);
	return why;
}

/* ---- who holds them ------------------------------------------------------- */

#define SLAB_SITES 64                   /* call sites that a report can tell apart */

struct slab_site {
	const struct kmem_cache *cache;
	uintptr_t pc;
	u64 count;
};

/* [slab_list_lock]; the last one collects what does not fit. */
static struct slab_site slab_sites[SLAB_SITES];

static void slab_site_count(const struct kmem_cache *cache, uintptr_t pc)
{
	struct slab_site *s = slab_sites;

	while (s < slab_sites + SLAB_SITES - 1 && s->count &&
	       (s->pc != pc || s->cache != cache))
		s++;
	if (!s->count) {
		s->cache = cache;
		s->pc = pc;
	}
	s->count++;
}

static void slab_count_sites(struct kmem_cache *cache, struct list_node *list)
	__needs_lock(&cache->lock)
{
	const struct page *slab;
	u32 i;

	list_for_each(slab, list, list)
		for (i = 0; i < slab->objects; i++) {
			char *obj = slab_object(cache, slab, i);
			const struct slab_track *t =
				(void *)(obj + cache->track_offset);

			if (t->alloc)
				slab_site_count(cache, t->alloc);
		}
}

static void slab_collect_sites(struct kmem_cache *cache)
	__needs_lock(&slab_list_lock)
{
	if (!(cache->flags & CACHE_OWNER))
		return;
	spin_lock(&cache->lock);
	slab_count_sites(cache, &cache->partial);
	slab_count_sites(cache, &cache->full);
	spin_unlock(&cache->lock);
}

/* Prints the sites, largest count first, and empties the table. */
static void slab_print_sites(struct strbuf *sb) __needs_lock(&slab_list_lock)
{
	struct slab_site *s, *best;
	char name[80];

	while (1) {
		best = slab_sites;
		for (s = slab_sites; s < slab_sites + SLAB_SITES; s++)
			if (s->count > best->count)
				best = s;
		if (!best->count)
			return;
		strbuf_printf(sb, "%8llu objects %10llu bytes %-16s %s\n",
			      (unsigned long long)best->count,
			      (unsigned long long)(best->count *
						   best->cache->size),
			      best->cache->name,
			      ksym_format(name, sizeof(name), best->pc));
		*best = (struct slab_site){ 0 };
	}
}

/** kmem_cache_leak_report() - one cache's objects by call site. Context: thread. */
void kmem_cache_leak_report(struct kmem_cache *cache, struct strbuf *sb)
{
	spin_lock(&slab_list_lock);
	slab_collect_sites(cache);
	slab_print_sites(sb);
	spin_unlock(&slab_list_lock);
}

/** slab_leak_report() - see slab.h. Context: thread. */
void slab_leak_report(struct strbuf *sb)
{
	struct kmem_cache *cache;

	spin_lock(&slab_list_lock);
	list_for_each(cache, &all_caches, all_node)
		slab_collect_sites(cache);
	slab_print_sites(sb);
	spin_unlock(&slab_list_lock);
}
