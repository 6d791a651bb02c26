/* SPDX-License-Identifier: MIT */
/*
 * struct mapping: the page cache of one file. One cache page per (mapping,
 * index), shared by read, write and every mmap of the file.
 *
 * Embedded in its owner (an inode, or a piece of shared memory); VMAs hold
 * references to the owner through ops->get and ops->put.
 *
 * Invariants (mapping_check): [F1] each page in the tree is PAGE_FILE with
 * mapping and index that lead back here, and holds one reference for the
 * tree; [F2] nr_pages = values in the tree; [F3] bytes of the last page past
 * size are zero, as long as nobody has mapped the file shared; rmap's own.
 */
#ifndef MM_BACKING_MAPPING_H
#define MM_BACKING_MAPPING_H

#include "kernel/base/lock.h"
#include "lib/radix.h"
#include "mm/backing/rmap.h"
#include "mm/frames/page_alloc.h"

struct mapping;

struct mapping_ops {
	/* Fill a fresh zeroed page with the file's contents; NULL: holes are
	 * zero (tmpfs). 0 or -errno. Context: thread, m->lock held. */
	int (*read_page)(struct mapping *m, struct page *page, u64 index);
	void (*get)(struct mapping *m);         /* the owner's reference count */
	void (*put)(struct mapping *m);         /* no mm lock held: may free */
	/* Path for /proc/PID/maps; returns buf. */
	const char *(*path)(struct mapping *m, char *buf, size_t size);
	u64 (*inode_number)(struct mapping *m);
	/* May MADV_REMOVE make holes? NULL: always. 0 or -EPERM. */
	int (*may_punch)(struct mapping *m);
	bool shmem;                     /* its pages count as RSS_SHMEM */
};

struct mapping {
	const struct mapping_ops *ops;
	u64 size;                       /* bytes [lock], read without it */
	struct radix_tree pages;        /* index -> struct page [tree_lock] */
	struct spinlock tree_lock;
	struct mutex lock;              /* size, filling, truncate */
	struct rmap rmap;               /* who maps it, with a lock of its own */
	u64 epoch;                      /* changes when pages leave [lock], read without it */
	u64 nr_pages;                   /* [tree_lock] */
	u32 nr_shared_maps;             /* VMAs MAP_SHARED [atomic] */
	u32 nr_maps;                    /* VMAs of any kind [atomic] */
	bool reserved;                  /* promised as a whole: shmem_reserve() */
	bool scribbled;                 /* a shared mapping may have written behind the end */
	u32 nr_writers;                 /* shared VMAs that write, or may by
					 * mprotect; mmaps on their way [atomic] */
};

void mapping_cache_init(void);          /* boot, from anon_init() */
void mapping_init(struct mapping *m, const struct mapping_ops *ops);
/* Drops every page of the cache. Nothing maps it any more. */
void mapping_fini(struct mapping *m);

/* The cache page with a reference, or NULL: not in the cache. Context: any. */
struct page *mapping_find(struct mapping *m, u64 index);

/* Cache pages of [index, index + nr), each with a reference, NULL where there
 * is none; the range lies in one aligned group of RADIX_SLOTS. Returns how
 * many. Context: any. */
unsigned int mapping_find_group(struct mapping *m, u64 index, unsigned int nr,
				struct page **out);

/* Same as mapping_find, making (and filling) it when missing. 0, -ENOMEM,
 * -EIO. Does not look at size. Context: thread, without m->lock. */
int __must_check mapping_get_page(struct mapping *m, u64 index,
				  struct page **out);
/* Same, but -ERANGE where the file does not reach. */
int __must_check mapping_get_page_inside(struct mapping *m, u64 index,
					 struct page **out);
/* Before a write at pos that makes the file longer: nothing that mappings
 * scribbled behind the end may become contents. */
void mapping_wipe_gap(struct mapping *m, u64 pos);

/* Copies between the file and a kernel buffer; the caller checked the range
 * against size for reads, writes grow it. Returns bytes done, or -errno when
 * none. Context: thread. */
long mapping_read(struct mapping *m, u64 pos, void *dst, size_t len);
long mapping_write(struct mapping *m, u64 pos, const void *src, size_t len);

/* Sets size; pages past it leave the cache and all spaces, private copies too;
 * zeroes the tail of the last page. */
void mapping_truncate(struct mapping *m, u64 size);

/* Bytes [start, end) become a hole: whole pages leave the cache and all spaces
 * (private copies stay), parts of pages are zeroed. size stays. */
void mapping_punch(struct mapping *m, u64 start, u64 end);

/* A VMA begins or ceases to map the file; writer: it is shared and may write.
 * Context: any; put: no mm lock. */
void mapping_map_get(struct mapping *m, bool shared, bool writer);
void mapping_map_put(struct mapping *m, bool shared, bool writer);
/* One more mapping that may change the file, or -1: one less. Context: any. */
static inline void mapping_count_writer(struct mapping *m, int by)
{
	__atomic_fetch_add(&m->nr_writers, (u32)by, __ATOMIC_SEQ_CST);
}

/* Pages that hold a byte of the file: faults at or past this index are BUS. */
static inline u64 mapping_end_index(const struct mapping *m)
{
	return DIV_ROUND_UP(READ_ONCE(m->size), PAGE_SIZE);
}

/* Whether each page of it in the cache is promised memory of its own. */
static inline bool mapping_is_charged(const struct mapping *m)
{
	return m->ops->shmem && !m->reserved;
}

extern u64 mapping_total_pages;         /* page cache size, all mappings [atomic] */
const char *mapping_check(struct mapping *m);

#endif
