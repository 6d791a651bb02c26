/* SPDX-License-Identifier: MIT */
/*
 * The page cache: a radix tree from file page to frame, one per file.
 *
 *	read(2), write(2) ─► mapping_read, mapping_write ─┐
 *	                                                  ├─► mapping_get_page
 *	fault ─► file.c ──────────────────────────────────┘      │
 *	                          ┌──────────────────────────────┤
 *	                     found: reference             missing: fill a new
 *	                                                  frame, then insert it
 *
 * A page enters the tree only when its contents are right, so whoever finds
 * it may use it at once. Fillers of one file queue at m->lock; finders take
 * the tree lock alone and never wait for a fill.
 *
 * A cache page carries one reference for the tree. Leaving the tree
 * (truncate, fini) clears page->mapping and drops that reference; a frame
 * that is still mapped lives on until its last leaf goes.
 *
 * Locking: m->lock (sleeps) serialises size, fills and truncation;
 * m->tree_lock (spins, innermost) guards the tree itself.
 *
 * Truncation and holes take pages from the tree first, then, through rmap, the
 * leaves that map them; m->epoch tells faults under way (mm/spaces/rmap_walk.c).
 *
 * Not here: write-back (there is no device below yet).
 */
#include "mm/backing/mapping.h"

#include "kernel/base/explore.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/backing/commit.h"
#include "mm/frames/slab.h"

u64 mapping_total_pages;
static struct kmem_cache *radix_node_cache;

static struct radix_node *radix_node_new(void)
{
	struct radix_node *node;

	if (!radix_node_cache)
		return NULL;
	node = kmem_cache_alloc(radix_node_cache, GFP_ATOMIC);
	if (node)
		memset(node, 0, sizeof(*node));
	return node;
}

static void radix_node_delete(struct radix_node *node)
{
	kmem_cache_free(radix_node_cache, node);
}

/**
 * mapping_cache_init() - the cache of tree nodes. Boot, from anon_init().
 */
void mapping_cache_init(void)
{
	radix_node_cache = kmem_cache_create("radix_node",
					     sizeof(struct radix_node), 8,
					     CACHE_PANIC, NULL);
}

/**
 * mapping_init() - an empty cache for a file of size 0
 *
 * Context: any; the caller owns m alone.
 */
void mapping_init(struct mapping *m, const struct mapping_ops *ops)
{
	*m = (struct mapping){
		.ops = ops,
		.pages = { .node_alloc = radix_node_new,
			   .node_free = radix_node_delete },
	};
	spin_init(&m->tree_lock, RANK_CACHE_TREE);
	mutex_init(&m->lock, RANK_FILE_MAP);
	rmap_init(&m->rmap);
}

/* Takes the first page of [index, end) out of the tree; NULL: none left. */
static struct page *mapping_remove_next(struct mapping *m, u64 index, u64 end)
{
	struct page *page;

	spin_lock(&m->tree_lock);
	page = radix_next(&m->pages, &index);
	if (page && index >= end)
		page = NULL;
	if (page) {
		radix_remove(&m->pages, index);
		m->nr_pages--;
		page->mapping = NULL;
		__atomic_fetch_sub(&mapping_total_pages, 1, __ATOMIC_RELAXED);
	}
	spin_unlock(&m->tree_lock);
	return page;
}

static void mapping_drop_range(struct mapping *m, u64 index, u64 end)
{
	struct page *page;
	u64 nr = 0;

	while ((page = mapping_remove_next(m, index, end))) {
		page_put(page);
		nr++;
	}
	if (mapping_is_charged(m))
		commit_uncharge(nr);
}

/* Pages [index, end) leave the cache, then the spaces. The order and the epoch
 * are what faults rely on: [X6]. Context: m->lock. */
static void mapping_expel(struct mapping *m, u64 index, u64 end, bool copies)
{
	if (index >= end)
		return;
	__atomic_store_n(&m->epoch, m->epoch + 1, __ATOMIC_RELEASE);
	yield_point(mapping_epoch);
	mapping_drop_range(m, index, end);
	yield_point(mapping_emptied);
	if (rmap_unmap)
		rmap_unmap(m, index, end, copies);
}

/**
 * mapping_fini() - drop every page of the cache
 *
 * Context: thread; no VMA maps the file and nobody else uses m.
 */
void mapping_fini(struct mapping *m)
{
	assertf(m->nr_maps == 0, "nr_maps=%u", m->nr_maps);
	mapping_drop_range(m, 0, ~(u64)0);
}

/**
 * mapping_find() - the cache page at index with a reference, or NULL
 *
 * Context: any.
 */
struct page *mapping_find(struct mapping *m, u64 index)
{
	struct page *page;

	spin_lock(&m->tree_lock);
	page = radix_find(&m->pages, index);
	if (page)
		page_get(page);
	spin_unlock(&m->tree_lock);
	return page;
}

/* The bottom node that index belongs to, or NULL. Context: tree_lock. */
static struct radix_node *mapping_group_node(const struct radix_tree *tree,
					     u64 index)
{
	struct radix_node *node = tree->root;

	if (!node || (node->shift + RADIX_SHIFT < 64 &&
		      index >> (node->shift + RADIX_SHIFT)))
		return NULL;
	while (node && node->shift)
		node = node->slot[index >> node->shift & (RADIX_SLOTS - 1)];
	return node;
}

/**
 * mapping_find_group() - the cached pages among nr neighbours, with references
 *
 * One descent for all of them: fault-around asks for sixteen at once.
 * Context: any. Return: how many of out[] are not NULL.
 */
unsigned int mapping_find_group(struct mapping *m, u64 index, unsigned int nr,
				struct page **out)
{
	struct radix_node *node;
	unsigned int i, found = 0, first = index & (RADIX_SLOTS - 1);

	assert_slow(first + nr <= RADIX_SLOTS);
	spin_lock(&m->tree_lock);
	node = mapping_group_node(&m->pages, index);
	for (i = 0; i < nr; i++) {
		out[i] = node ? node->slot[first + i] : NULL;
		if (out[i]) {
			page_get(out[i]);
			found++;
		}
	}
	spin_unlock(&m->tree_lock);
	return found;
}

/* Makes page the cache page at index, which has none. 0 or -ENOMEM. The
 * caller's reference becomes the tree's. Context: m->lock. */
static int mapping_insert(struct mapping *m, u64 index, struct page *page)
{
	int err;

	page_set_type(page, PAGE_FILE);
	page->mapping = m;
	page->index = index;
	page->mapcount = 0;
	page->flags = PG_UPTODATE | (m->ops->shmem ? PG_SHMEM : 0);
	spin_lock(&m->tree_lock);
	err = radix_insert(&m->pages, index, page);
	if (!err)
		m->nr_pages++;
	spin_unlock(&m->tree_lock);
	if (!err)
		__atomic_fetch_add(&mapping_total_pages, 1, __ATOMIC_RELAXED);
	return err;
}

/* A new page at index. Context: m->lock. */
static int mapping_make_page(struct mapping *m, u64 index, struct page **out)
{
	struct page *page = page_alloc(GFP_USER | GFP_ZERO, 0);
	int err = 0;

	if (!page)
		return -ENOMEM;
	if (m->ops->read_page)
		err = m->ops->read_page(m, page, index);
	if (!err)
		err = mapping_insert(m, index, page);
	if (err) {
		page_set_type(page, PAGE_KERNEL);
		page->mapping = NULL;
		page_put(page);
		return err;
	}
	page_get(page);
	*out = page;
	return 0;
}

/* The missing half of mapping_get_page(): its page is promised, then made.
 * Context: m->lock. */
static int mapping_fill(struct mapping *m, u64 index, struct page **out)
{
	bool charged = mapping_is_charged(m);
	int err;

	if (charged && !commit_charge(1, 0))
		return -ENOSPC;
	err = mapping_make_page(m, index, out);
	if (err && charged)
		commit_uncharge(1);
	return err;
}

static int mapping_get_page_locked(struct mapping *m, u64 index,
				   struct page **out)
	__needs_lock(&m->lock)
{
	*out = mapping_find(m, index);
	return *out ? 0 : mapping_fill(m, index, out);
}

/**
 * mapping_get_page() - the cache page at index, made and filled when missing
 *
 * Context: thread, may sleep. Return: 0 with a reference in *out; -ENOMEM,
 * -ENOSPC (no page may be promised), or what read_page said.
 */
int mapping_get_page(struct mapping *m, u64 index, struct page **out)
{
	int err;

	*out = mapping_find(m, index);
	if (likely(*out))
		return 0;
	yield_point(mapping_missed);
	mutex_lock(&m->lock);
	err = mapping_get_page_locked(m, index, out);
	mutex_unlock(&m->lock);
	return err;
}

/**
 * mapping_get_page_inside() - the same, if the file reaches index
 *
 * The size is looked at under m->lock before a page enters the cache: a fault
 * that raced with a truncation puts nothing behind the end.
 * Context: thread, may sleep. Return: as mapping_get_page(); -ERANGE: past
 * the end.
 */
int mapping_get_page_inside(struct mapping *m, u64 index, struct page **out)
{
	int err = -ERANGE;

	*out = index < mapping_end_index(m) ? mapping_find(m, index) : NULL;
	if (likely(*out))
		return 0;
	yield_point(mapping_missed);
	mutex_lock(&m->lock);
	if (index < mapping_end_index(m))
		err = mapping_get_page_locked(m, index, out);
	mutex_unlock(&m->lock);
	return err;
}

/**
 * mapping_read() - copy len bytes of the file at pos into dst
 *
 * A hole without a cache page reads as zeroes and gets no page.
 * Context: thread, may sleep. Return: bytes copied, or -errno when none.
 */
long mapping_read(struct mapping *m, u64 pos, void *dst, size_t len)
{
	size_t done = 0;

	while (done < len) {
		u64 at = pos + done;
		size_t off = at & (PAGE_SIZE - 1);
		size_t n = MIN(len - done, PAGE_SIZE - off);
		struct page *page = mapping_find(m, at >> PAGE_SHIFT);

		if (!page && m->ops->read_page) {
			int err = mapping_get_page(m, at >> PAGE_SHIFT, &page);

			if (err)
				return done ? (long)done : err;
		}
		if (page) {
			memcpy((u8 *)dst + done, (u8 *)page_to_virt(page) + off,
			       n);
			page_put(page);
		} else {
			memset((u8 *)dst + done, 0, n);
		}
		done += n;
	}
	return (long)done;
}

/* Zeroes bytes [start, end) of the file, inside one page, if it is cached. */
static void mapping_zero_part(struct mapping *m, u64 start, u64 end)
{
	struct page *page = start < end ? mapping_find(m, start >> PAGE_SHIFT)
					: NULL;

	if (page) {
		memset((u8 *)page_to_virt(page) + (start & (PAGE_SIZE - 1)), 0,
		       end - start);
		page_put(page);
	}
}

/* The same from pos to the end of its page. */
static void mapping_zero_tail(struct mapping *m, u64 pos)
{
	mapping_zero_part(m, pos, ALIGN_UP(pos, PAGE_SIZE));
}

/**
 * mapping_wipe_gap() - a write at pos will make the file longer
 *
 * Zeroes what mappings scribbled behind the end, before it becomes contents.
 * Context: thread; takes m->lock.
 */
void mapping_wipe_gap(struct mapping *m, u64 pos)
{
	mutex_lock(&m->lock);
	if (m->size < pos)
		mapping_zero_tail(m, m->size);
	mutex_unlock(&m->lock);
}

/* One page's part of mapping_write(). */
static int mapping_write_page(struct mapping *m, u64 pos, const void *src,
			      size_t len)
	__needs_lock(&m->lock)
{
	struct page *page;
	int err = mapping_get_page_locked(m, pos >> PAGE_SHIFT, &page);

	if (err)
		return err;
	if (m->size < pos)              /* the gap may have been scribbled on */
		mapping_zero_tail(m, m->size);
	memcpy((u8 *)page_to_virt(page) + (pos & (PAGE_SIZE - 1)), src, len);
	__atomic_fetch_and(&page->flags, ~(u32)PG_EXEC_READY, __ATOMIC_RELAXED);
	__atomic_fetch_or(&page->flags, PG_DIRTY, __ATOMIC_RELAXED);
	if (m->size < pos + len)
		WRITE_ONCE(m->size, pos + len);
	page_put(page);
	return 0;
}

/**
 * mapping_write() - copy len bytes from src into the file at pos
 *
 * Grows size as far as it comes. Context: thread, may sleep.
 * Return: bytes copied, or -errno when none.
 */
long mapping_write(struct mapping *m, u64 pos, const void *src, size_t len)
{
	size_t done = 0;
	int err = 0;

	mutex_lock(&m->lock);
	while (done < len && !err) {
		size_t off = (pos + done) & (PAGE_SIZE - 1);
		size_t n = MIN(len - done, PAGE_SIZE - off);

		err = mapping_write_page(m, pos + done, (const u8 *)src + done,
					 n);
		if (!err)
			done += n;
	}
	mutex_unlock(&m->lock);
	return done || !err ? (long)done : err;
}

/**
 * mapping_truncate() - set the size of the file
 *
 * Shrinking takes the pages past the end out of the cache and out of every space,
 * private copies too, and zeroes the rest of the last one; growing makes a hole.
 * Context: thread, may sleep; takes m->lock and rmap.lock.
 */
void mapping_truncate(struct mapping *m, u64 size)
{
	u64 old;

	mutex_lock(&m->lock);
	old = m->size;
	mapping_zero_tail(m, MIN(size, old));
	if (!__atomic_load_n(&m->nr_shared_maps, __ATOMIC_RELAXED))
		WRITE_ONCE(m->scribbled, false);
	WRITE_ONCE(m->size, size);
	/* Cache pages may also lie behind the old end: fallocate(2) keeps size. */
	if (size < old || m->nr_pages > DIV_ROUND_UP(size, PAGE_SIZE))
		mapping_expel(m, DIV_ROUND_UP(size, PAGE_SIZE), ~(u64)0, true);
	mutex_unlock(&m->lock);
}

/**
 * mapping_punch() - make bytes [start, end) a hole of the file
 *
 * Reads of it give zeroes, through descriptors and shared mappings; private
 * copies stay what they are. Context: thread, may sleep; takes m->lock, rmap.lock.
 */
void mapping_punch(struct mapping *m, u64 start, u64 end)
{
	u64 first = ALIGN_UP(start, PAGE_SIZE),
	    last = ALIGN_DOWN(end, PAGE_SIZE);

	mutex_lock(&m->lock);
	if (first > last) {             /* inside one page */
		mapping_zero_part(m, start, end);
	} else {
		mapping_zero_part(m, start, first);
		mapping_zero_part(m, last, end);
		mapping_expel(m, first >> PAGE_SHIFT, last >> PAGE_SHIFT,
			      false);
	}
	mutex_unlock(&m->lock);
}

/**
 * mapping_map_get() - one more VMA maps the file
 *
 * Takes a reference to the owner. Context: any.
 */
void mapping_map_get(struct mapping *m, bool shared, bool writer)
{
	if (m->ops->get)
		m->ops->get(m);
	__atomic_fetch_add(&m->nr_maps, 1, __ATOMIC_RELAXED);
	if (shared) {
		WRITE_ONCE(m->scribbled, true);
		__atomic_fetch_add(&m->nr_shared_maps, 1, __ATOMIC_RELAXED);
	}
	if (writer)
		mapping_count_writer(m, 1);
}

/**
 * mapping_map_put() - a VMA that mapped the file is gone
 *
 * Context: thread, no mm lock (the owner may be freed, with locks of its own).
 */
void mapping_map_put(struct mapping *m, bool shared, bool writer)
{
	if (writer)
		mapping_count_writer(m, -1);
	if (shared)
		__atomic_fetch_sub(&m->nr_shared_maps, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&m->nr_maps, 1, __ATOMIC_RELAXED);
	if (m->ops->put)
		m->ops->put(m);
}

static const char *mapping_check_tail(struct mapping *m,
				      const struct page *page)
{
	const u8 *bytes = page_to_virt(page);
	size_t off = m->size & (PAGE_SIZE - 1);

	if (page->index != m->size >> PAGE_SHIFT || m->scribbled)
		return NULL;
	for (; off < PAGE_SIZE; off++)
		if (bytes[off])
			return "[F3] bytes past the end of the file";
	return NULL;
}

/**
 * mapping_check() - NULL, or the broken invariant
 *
 * Context: thread; nobody changes the file meanwhile.
 */
const char *mapping_check(struct mapping *m)
{
	const char *why = NULL;
	struct page *page;
	u64 index, nr = 0;

	spin_lock(&m->tree_lock);
	for (index = 0; !why; index++, nr++) {
		page = radix_next(&m->pages, &index);
		if (!page)
			break;
		if (page->type != PAGE_FILE)
			why = "[F1] cache page of another type";
		else if (page->mapping != m || page->index != index)
			why = "[F1] cache page does not lead back";
		else if (page->refcount < 1 + (u32)page->mapcount)
			why = "[F1] cache page lacks the tree's reference";
		else
			why = mapping_check_tail(m, page);
	}
	if (!why && nr != m->nr_pages)
		why = "[F2] nr_pages is not the number of cache pages";
	spin_unlock(&m->tree_lock);
	if (why)
		return why;
	rmap_lock(&m->rmap);
	why = rmap_check(&m->rmap);
	rmap_unlock(&m->rmap);
	return why;
}
