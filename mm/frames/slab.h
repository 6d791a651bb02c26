/* SPDX-License-Identifier: MIT */
/*
 * Object caches in the form of SLUB. [Bonwick94, Lameter07]
 *
 *   cache ─┬─ per CPU: active slab, a free list, others   (no lock)
 *          └─ node: list of partial slabs                 (one lock)
 *   slab  =  2^order pages; free objects linked through themselves
 *   page  :  freelist, inuse, objects, cache
 *
 *                    ┌─────────────── slab_refill ───────────────┐
 *                    ▼                                           │
 *   slab_new ─► PARTIAL ──(last object freed, enough partial)──► gone
 *                 │ ▲ first object freed (slab_free_slow)
 *     slab_refill │ │
 *                 ▼ └────── FULL (on no list) ◄──┐
 *               ACTIVE on one CPU ──────────────┘ its list ran empty
 *
 * Invariants (kmem_cache_check):
 *  [C1] a slab is active on one CPU, or on the partial list (inuse <
 *       objects), or full and on no list (debug caches: on the full list);
 *       empty slabs go back to the buddy beyond min_partial;
 *  [C2] inuse = objects - length of the slab's own free list; objects on a
 *       CPU's lists count as in use;
 *  [C3] every free pointer points into its own slab, at an object's start;
 *  [C4] nr_slabs, nr_objects, nr_partial, nr_others are what the lists say.
 *
 * Why no magazines, and which half of them: measured, see README.md.
 */
#ifndef MM_FRAMES_SLAB_H
#define MM_FRAMES_SLAB_H

#include "mm/frames/page_alloc.h"

struct kmem_cache;
struct strbuf;

enum {
	CACHE_PANIC = 1 << 0,           /* create cannot fail: panic instead */
	CACHE_HWALIGN = 1 << 1,         /* align to 64 bytes */
	CACHE_REDZONE = 1 << 2,         /* debug, normally by slab_debug=: Z */
	CACHE_POISON = 1 << 3,          /* P */
	CACHE_OWNER = 1 << 4,           /* U */
	CACHE_NO_MERGE = 1 << 5,
	CACHE_SANITY = 1 << 6,          /* F */
};

/* ctor runs once per object when a slab is made; objects must come back in
 * that state. name must live as long as the cache. Caches of equal layout
 * without ctor share one (slab_nomerge: never).
 * Return: the cache, or NULL (no memory, too many caches, object too large).
 * Context: thread. */
struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align, u32 flags,
				     void (*ctor)(void *obj));
/* All objects must be free; otherwise reports "cache-leak" with their owners. */
void kmem_cache_destroy(struct kmem_cache *cache);

/* GFP_ZERO is not for caches with a constructor. Context: any but
 * hard interrupts (asserted in debug builds); sleeps only with GFP_SLEEP. */
void *__must_check kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
/* Reports "double-free", "wrong-cache", "bad-free", "redzone"; the next
 * alloc of a poisoned object "use-after-free". Context: any but hard
 * interrupts (asserted in debug builds). */
void kmem_cache_free(struct kmem_cache *cache, void *obj);

/* Gives empty slabs back; returns the pages freed. */
u64 kmem_cache_shrink(struct kmem_cache *cache);
size_t kmem_cache_size(const struct kmem_cache *cache);

/* Objects handed out, exact when nobody allocates meanwhile. Context: as smp_call(). */
u64 kmem_cache_inuse(struct kmem_cache *cache);

/* Boot, after page_alloc_init(). Boot options: slab_debug=FZPU[,cache…],
 * slab_nomerge */
void slab_init(void);

u64 slab_pages(void);                   /* pages held by all caches */
void slab_show_slabinfo(struct strbuf *sb);     /* /proc/slabinfo */
/* Objects still allocated by call site (needs owner tracking), most first. */
void slab_leak_report(struct strbuf *sb);
/* The same for one cache. */
void kmem_cache_leak_report(struct kmem_cache *cache, struct strbuf *sb);
const char *slab_check_all(void);
const char *kmem_cache_check(struct kmem_cache *cache);

#endif
