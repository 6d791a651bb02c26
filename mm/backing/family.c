/* SPDX-License-Identifier: MIT */
/*
 * Families of spaces: their members and their life. The idea is in family.h.
 *
 * The reference count is changed under one lock for all families. A walk comes
 * from a page, and owns nothing that keeps the family: it sees under that lock that
 * a leaf maps the page; whoever takes the last leaf away gives up the family
 * afterwards, and waits for the lock.
 */
#include "mm/backing/family.h"

#include "mm/frames/slab.h"

static struct spinlock families_lock = SPINLOCK_INIT(RANK_RMAP);
static struct kmem_cache *family_cache;

/** family_cache_init() - boot, after slab_init(). */
void family_cache_init(void)
{
	family_cache = kmem_cache_create("family", sizeof(struct family), 8,
					 CACHE_PANIC, NULL);
}

/** family_create() - a family for a new program. Context: thread, may sleep. */
struct family *family_create(void)
{
	struct family *family = kmem_cache_alloc(family_cache, GFP_KERNEL);

	if (!family)
		return NULL;
	mutex_init(&family->lock, RANK_FAMILY);
	list_init(&family->members);
	family->refs = 1;
	return family;
}

/** family_get() - one more reference. Context: any; the caller has one. */
struct family *family_get(struct family *family)
{
	spin_lock(&families_lock);
	family->refs++;
	spin_unlock(&families_lock);
	return family;
}

/** family_put() - one less; the last one frees it. Context: thread. */
void family_put(struct family *family)
{
	bool last;

	spin_lock(&families_lock);
	last = --family->refs == 0;
	spin_unlock(&families_lock);
	if (!last)
		return;
	assert_slow(list_empty(&family->members));
	kmem_cache_free(family_cache, family);
}

/** family_join() - one more to be visited. Context: thread, mm->lock at most. */
void family_join(struct family *family, struct list_node *member)
{
	mutex_lock(&family->lock);
	list_push_back(&family->members, member);
	mutex_unlock(&family->lock);
}

/** family_leave() - nobody visits it any more. Context: thread, no locks. */
void family_leave(struct family *family, struct list_node *member)
{
	mutex_lock(&family->lock);
	list_remove(member);
	mutex_unlock(&family->lock);
}

/**
 * family_of_page() - where to look for the leaves of an anonymous page
 *
 * Context: any but interrupts; the caller holds a reference to the page. Return: the
 * family, to be put; NULL: no leaf maps the page.
 */
struct family *family_of_page(struct page *page)
{
	struct family *family = NULL;

	spin_lock(&families_lock);
	if (__atomic_load_n(&page->mapcount, __ATOMIC_ACQUIRE) > 0) {
		family = page->mapping;
		family->refs++;
	}
	spin_unlock(&families_lock);
	return family;
}
