/* SPDX-License-Identifier: MIT */
/*
 * kmalloc: memory by the byte.
 *
 *   size   1 … 192      one of eight classes, from a table of size / 8
 *        193 … 8192     the next power of two
 *          … 4 MiB      whole pages, type PAGE_LARGE
 *
 * 96 and 192 stand between the powers of two because requests cluster a
 * little above 64 and 128 (a struct that outgrew its class); they cut the worst
 * waste there from a half to a third.
 *
 * kfree() needs no size: the struct page of the address knows the cache, or
 * the order.
 */
#include "mm/frames/kmalloc.h"

#include "mm/frames/section.h"
#include "mm/frames/slab_cache.h"

static const struct {
	const char *name;
	u32 size, align;
} kmalloc_classes[] = {
	{ "kmalloc-8", 8, 8 },          { "kmalloc-16", 16, 16 },
	{ "kmalloc-32", 32, 32 },       { "kmalloc-64", 64, 64 },
	{ "kmalloc-96", 96, 32 },       { "kmalloc-128", 128, 128 },
	{ "kmalloc-192", 192, 64 },     { "kmalloc-256", 256, 256 },
	{ "kmalloc-512", 512, 512 },    { "kmalloc-1k", 1024, 1024 },
	{ "kmalloc-2k", 2048, 2048 },   { "kmalloc-4k", 4096, 4096 },
	{ "kmalloc-8k", 8192, 8192 },
};

#define KMALLOC_CLASSES array_size(kmalloc_classes)
#define KMALLOC_MAX     8192            /* largest class */
#define KMALLOC_TABLE   192             /* largest size in the table */

static struct kmem_cache *kmalloc_caches[KMALLOC_CLASSES];

/* Class of sizes 8i - 7 … 8i. */
static u8 kmalloc_table[KMALLOC_TABLE / 8 + 1];

/** kmalloc_init() - the classes and the table of small sizes. Boot. */
void kmalloc_init(void)
{
	u32 i, c = 0;

	for (i = 0; i < KMALLOC_CLASSES; i++)
		kmalloc_caches[i] = kmem_cache_create(kmalloc_classes[i].name,
						      kmalloc_classes[i].size,
						      kmalloc_classes[i].align,
						      CACHE_PANIC, NULL);
	for (i = 0; i < array_size(kmalloc_table); i++) {
		if (8 * i > kmalloc_classes[c].size)
			c++;
		kmalloc_table[i] = (u8)c;
	}
}

/* size in 1 … KMALLOC_MAX. Above the table, class 7 is 256 = 2^8. */
static __force_inline struct kmem_cache *kmalloc_cache_of(size_t size)
{
	if (size <= KMALLOC_TABLE)
		return kmalloc_caches[kmalloc_table[(size + 7) / 8]];
	return kmalloc_caches[ilog2(size - 1)];
}

static __noinline void *kmalloc_large(size_t size, gfp_t gfp)
{
	struct page *page;

	if (size > PAGE_SIZE << MAX_ORDER)
		return NULL;
	page = page_alloc(gfp, order_of(size));
	if (!page)
		return NULL;
	page_set_type(page, PAGE_LARGE);
	page->large_size = size;
	return page_to_virt(page);
}

static __force_inline void *kmalloc_pc(size_t size, gfp_t gfp, uintptr_t pc)
{
	if (unlikely(size - 1 >= KMALLOC_MAX))  /* 0 too: it wraps */
		return size ? kmalloc_large(size, gfp) : KMALLOC_ZERO;
	return slab_alloc_pc(kmalloc_cache_of(size), gfp, pc);
}

/** kmalloc() - size bytes; see kmalloc.h. About 30 instructions. */
void *kmalloc(size_t size, gfp_t gfp)
{
	return kmalloc_pc(size, gfp, (uintptr_t)__builtin_return_address(0));
}

/** kzalloc() - size zero bytes; see kmalloc.h. */
void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc_pc(size, gfp | GFP_ZERO,
			  (uintptr_t)__builtin_return_address(0));
}

/** kcalloc() - n objects of size zero bytes; NULL when n * size overflows. */
void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t len;

	if (__builtin_mul_overflow(n, size, &len))
		return NULL;
	return kmalloc_pc(len, gfp | GFP_ZERO,
			  (uintptr_t)__builtin_return_address(0));
}

static bool kmalloc_is_nothing(const void *ptr)
{
	return (uintptr_t)ptr <= (uintptr_t)KMALLOC_ZERO;
}

static void kfree_pages(void *obj)
{
	struct page *page;

	if (!va_is_direct((vaddr_t)obj) ||
	    !pfn_online(pa_to_pfn(virt_to_phys(obj)))) {
		kernel_report("bad-free", "kfree(%p): not from kmalloc", obj);
		return;
	}
	page = virt_to_page(obj);
	if (page->type != PAGE_LARGE || page_to_virt(page) != obj)
		kernel_report(page_head(page)->type == PAGE_BUDDY ||
					      page->type == PAGE_PCP
				      ? "double-free"
				      : "bad-free",
			      "kfree(%p): its page is %s, not from kmalloc",
			      obj, page_type_names[page->type]);
	else
		page_free(page, page->order);
}

/**
 * kfree() - give memory of kmalloc and its kin back
 *
 * Context: as page_free(). Reports "bad-free" for what is not theirs.
 */
void kfree(const void *ptr)
{
	void *obj = (void *)(uintptr_t)ptr;
	struct page *page;

	if (unlikely(kmalloc_is_nothing(ptr)))
		return;
	if (likely(va_is_direct((vaddr_t)obj))) {
		page = page_head(virt_to_page(obj));
		if (likely(page->type == PAGE_SLAB)) {
			slab_free_pc(page->cache, obj,
				     (uintptr_t)__builtin_return_address(0));
			return;
		}
	}
	kfree_pages(obj);
}

/** ksize() - bytes that may be used behind ptr; 0 for NULL. Context: any. */
size_t ksize(const void *ptr)
{
	const struct page *slab;

	if (kmalloc_is_nothing(ptr))
		return 0;
	slab = slab_of(ptr);
	return slab ? slab->cache->object_size
		    : PAGE_SIZE << virt_to_page(ptr)->order;
}

/**
 * krealloc() - another size, contents kept up to the smaller one
 *
 * Stays in place while the new size fits the class and is not less than half
 * of it. Size 0 frees. Context: as page_alloc().
 * Return: the memory; NULL: no memory, ptr is as it was.
 */
void *krealloc(void *ptr, size_t size, gfp_t gfp)
{
	size_t old = ksize(ptr);
	void *fresh;

	if (size && size <= old && size > old / 2)
		return ptr;
	fresh = kmalloc_pc(size, gfp, (uintptr_t)__builtin_return_address(0));
	if (!fresh)
		return NULL;
	if (old)
		memcpy(fresh, ptr, MIN(old, size));
	kfree(ptr);
	return fresh;
}

/** kstrdup() - a copy of s. Return: NULL: no memory. Context: as page_alloc(). */
char *kstrdup(const char *s, gfp_t gfp)
{
	size_t len = strlen(s) + 1;
	char *copy = kmalloc_pc(len, gfp,
				(uintptr_t)__builtin_return_address(0));

	if (copy)
		memcpy(copy, s, len);
	return copy;
}
