/* SPDX-License-Identifier: MIT */
/*
 * File mappings: pages of the page cache, or private copies of them.
 *
 *	            read                     write
 *	shared      the cache page           the cache page, writable
 *	private     the cache page, ro       a copy, type ANON
 *
 * A private mapping sees the file's later changes in the pages that it has
 * not written; that is what POSIX leaves open and Linux does. Past the last
 * page of the file there is nothing to map: FAULT_BUS.
 *
 * A page enters the cache only inside the file, which mapping_get_page_inside()
 * asks under m->lock. One that is found without it may leave the cache by a
 * truncate at the same moment and still get one more leaf: the same as
 * an access a moment earlier, and the frame lives until its last leaf goes.
 */
#include "lib/errno.h"
#include "mm/backing/backing.h"
#include "mm/backing/mapping.h"

/* The cache page at index with a reference, if the file reaches there. */
static enum fault_verdict file_cache_page(struct mapping *m, u64 index,
					  struct page **out)
{
	int err = mapping_get_page_inside(m, index, out);

	if (likely(!err))
		return FAULT_OK;
	return err == -ENOMEM ? FAULT_OOM : FAULT_BUS;
}

static enum fault_verdict file_shared_get_page(struct mapping *m, u64 index,
					       bool write, struct page **out,
					       bool *major)
{
	return file_cache_page(m, index, out);
}

static enum fault_verdict file_private_get_page(struct mapping *m, u64 index,
						bool write, struct page **out,
						bool *major)
{
	struct page *cached, *copy;
	enum fault_verdict v = file_cache_page(m, index, &cached);

	if (v != FAULT_OK || !write) {
		*out = cached;
		return v;
	}
	copy = anon_page_alloc(0);
	if (likely(copy))
		page_copy(page_to_virt(copy), page_to_virt(cached));
	page_put(cached);
	*out = copy;
	return copy ? FAULT_OK : FAULT_OOM;
}

static unsigned int file_around(struct mapping *m, u64 index, unsigned int nr,
				struct page **out)
{
	u64 end = mapping_end_index(m);
	unsigned int i, inside;

	inside = index >= end ? 0 : (unsigned int)MIN((u64)nr, end - index);
	for (i = inside; i < nr; i++)
		out[i] = NULL;
	return inside ? mapping_find_group(m, index, inside, out) : 0;
}

static const char *file_backing_check(struct mapping *m)
{
	return m ? mapping_check(m) : "file VMA without a mapping";
}

const struct backing_ops file_private_backing = {
	.name = "file-private",
	.get_page = file_private_get_page,
	.around = file_around,
	.check = file_backing_check,
};

const struct backing_ops file_shared_backing = {
	.name = "file-shared",
	.get_page = file_shared_get_page,
	.around = file_around,
	.check = file_backing_check,
};
