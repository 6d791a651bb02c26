/* SPDX-License-Identifier: MIT */
/*
 * Shared anonymous memory: a mapping that belongs to no file.
 *
 *	mmap(MAP_SHARED | MAP_ANONYMOUS) ─► struct shmem { mapping, refs }
 *	fork ─► the child's VMA holds one more reference to the same mapping
 *
 * Everything else is the page cache: holes are zero, faults come in through
 * file_shared_backing. The last VMA frees it. Its whole size is promised memory
 * from the start (shmem_reserve), or each page when it comes (MAP_NORESERVE).
 */
#include "lib/errno.h"
#include "lib/format.h"
#include "mm/backing/backing.h"
#include "mm/backing/commit.h"
#include "mm/backing/mapping.h"
#include "mm/frames/kmalloc.h"

struct shmem {
	struct mapping mapping;
	u32 refs;                       /* VMAs and the maker [atomic] */
	u64 number;                     /* tells one from another in maps */
};

static u64 shmem_last_number;           /* [atomic] */

u64 shmem_reserved;

static u64 shmem_pages(const struct mapping *m)
{
	return DIV_ROUND_UP(m->size, PAGE_SIZE);
}

static void shmem_get(struct mapping *m)
{
	struct shmem *s = container_of(m, struct shmem, mapping);

	__atomic_fetch_add(&s->refs, 1, __ATOMIC_RELAXED);
}

static void shmem_put(struct mapping *m)
{
	struct shmem *s = container_of(m, struct shmem, mapping);

	if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	mapping_fini(m);
	if (m->reserved) {
		commit_uncharge(shmem_pages(m));
		__atomic_fetch_sub(&shmem_reserved, shmem_pages(m),
				   __ATOMIC_RELAXED);
	}
	kfree(s);
}

/* The name that Linux shows for it. */
static const char *shmem_path(struct mapping *m, char *buf, size_t size)
{
	fmt_snprintf(buf, size, "/dev/zero (deleted)");
	return buf;
}

static u64 shmem_number(struct mapping *m)
{
	return container_of(m, struct shmem, mapping)->number;
}

static const struct mapping_ops shmem_ops = {
	.get = shmem_get,
	.put = shmem_put,
	.path = shmem_path,
	.inode_number = shmem_number,
	.shmem = true,
};

/**
 * shmem_create() - zeroed memory that VMAs of several spaces can share
 *
 * size is in bytes. Context: thread. Return: 0 with the caller's reference in
 * *out, or -ENOMEM.
 */
int shmem_create(u64 size, struct mapping **out)
{
	struct shmem *s = kmalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	mapping_init(&s->mapping, &shmem_ops);
	s->mapping.size = size;
	s->refs = 1;
	s->number = __atomic_add_fetch(&shmem_last_number, 1, __ATOMIC_RELAXED);
	*out = &s->mapping;
	return 0;
}

/** shmem_reserve() - see backing.h. */
int shmem_reserve(struct mapping *m, s64 spare)
{
	u64 nr_pages = shmem_pages(m);

	assert_slow(!m->reserved && !m->nr_pages);
	if (!commit_charge(nr_pages, spare))
		return -ENOMEM;
	__atomic_fetch_add(&shmem_reserved, nr_pages, __ATOMIC_RELAXED);
	m->reserved = true;
	return 0;
}
