/* SPDX-License-Identifier: MIT */
/*
 * struct page: one record for each frame of RAM, 48 bytes.
 *
 * What each byte buys: type, order, zone and node (4) tell what the frame is without a
 * look elsewhere; flags (4) change atomically; refcount (4) says when it can
 * be freed; mapcount (4) tells copy-on-write who else looks at it; list (16)
 * links it into exactly one list; mapping and index (16) lead back to its
 * owner. 48 bytes are 1.17 % of a 4 KiB frame; 64 would be 1.56 %.
 *
 * The memmap is an array indexed by frame number at MEMMAP_BASE, backed only for
 * sections that exist and have come in (section.h). Zeroed memory is a right
 * struct page: PAGE_NONE, "look at the head of my block (page_head), or I am not
 * handed out". zone and node are right in heads and in reserved frames only.
 *
 * What page_alloc leaves: refcount 1, mapcount 0, flags 0, type PAGE_KERNEL;
 * list, mapping and index hold whatever the last owner left there.
 *
 *                      buddy_free           pcp refill
 *   (section_online) ───────────► BUDDY ◄───────────────► PCP
 *                                   │ page_alloc           │ page_alloc
 *                                   ▼                      ▼
 *                                 KERNEL ── page_set_type ─► SLAB LARGE TABLE
 *                                   │                        ANON FILE STACK VMALLOC
 *                                   └──────── page_free ◄────┘
 *
 * Invariants (page_check):
 *  [P1] only the head of a block carries a type and an order; the other
 *       frames of the block are PAGE_NONE;
 *  [P2] BUDDY and PCP: refcount 0, mapcount 0;
 *  [P3] any other type but NONE and RESERVED: refcount > 0;
 *  [P4] 0 <= mapcount <= refcount for ANON and FILE;
 *  [P5] SLAB knows its cache, and inuse <= objects.
 *
 * ANON and FILE, at a quiet moment (the census proves it): mapcount is the
 * number of leaves that map the page; refcount is that, plus one if a mapping
 * has it in its cache. A lone refcount of 1 thus means one owner. The zero page
 * is not counted by its leaves.
 */
#ifndef MM_FRAMES_PAGE_H
#define MM_FRAMES_PAGE_H

#include "arch/mmu.h"
#include "kernel/base/lock.h"
#include "kernel/base/panic.h"
#include "lib/list.h"

#define PAGE_MAX_ORDER 10               /* largest block: 2^10 pages = 4 MiB */

enum page_type {
	PAGE_NONE,                      /* not a head: see [P1] */
	PAGE_RESERVED,                  /* image, firmware, memmap: never freed */
	PAGE_BUDDY,                     /* free, in the buddy lists */
	PAGE_PCP,                       /* free, on a per-CPU list */
	PAGE_KERNEL,                    /* allocated, no finer word */
	PAGE_SLAB,
	PAGE_LARGE,                     /* kmalloc beyond the classes */
	PAGE_TABLE,                     /* page table */
	PAGE_ANON,
	PAGE_FILE,                      /* page cache */
	PAGE_STACK,                     /* kernel stack */
	PAGE_VMALLOC,
	PAGE_ZERO,                      /* the shared zero page */
	PAGE_TYPES,
};
extern const char *const page_type_names[PAGE_TYPES];

enum {                                  /* page.flags, atomic */
	PG_LOCKED = 1 << 0,             /* being filled or truncated */
	PG_UPTODATE = 1 << 1,
	PG_DIRTY = 1 << 2,
	PG_REFERENCED = 1 << 3,
	PG_POISONED = 1 << 4,           /* filled with the free pattern */
	PG_ACTIVE_SLAB = 1 << 6,        /* SLAB: some CPU allocates from it */
	PG_SHMEM = 1 << 6,              /* FILE: counts as shared memory in RSS */
	PG_EXEC_READY = 1 << 7,         /* instruction caches know the contents */
	PG_MLOCKED = 1 << 8, /* ANON, FILE: locked somewhere; set only while
					 * pages are being counted */
};

struct page {
	u8 type;                        /* enum page_type [owner] */
	u8 order;                       /* of the block this page heads */
	u8 zone;                        /* enum zone_id */
	u8 node;
	u32 flags;                      /* PG_* [atomic] */
	union {
		struct {
			u32 refcount;   /* [atomic] */
			union {
				s32 mapcount;   /* ANON, FILE: leaves that map it [atomic] */
				u32 sharers;    /* TABLE: spaces that have it, but one [atomic] */
				struct {
					u16 inuse;      /* SLAB: objects handed out */
					u16 objects;    /* SLAB: objects in the slab */
				};
			};
		};
		u64 counts;             /* refcount and mapcount at once */
	};
	struct list_node list;          /* [lock of the list] */
	union {
		void *mapping;          /* FILE: struct mapping; ANON: struct family */
		struct kmem_cache *cache;       /* SLAB */
		struct spinlock table_lock;     /* TABLE: guards its entries */
	};
	union {
		u64 index;              /* FILE: page of the file; ANON: its home (family.h) */
		void *freelist;         /* SLAB: first free object */
		u64 large_size;         /* LARGE: bytes asked for */
		struct {                /* TABLE: all other slots are none */
			u16 slot_first; /* [table_lock] */
			u16 slot_end;
			union {
				u32 slot_groups; /* upper ones: the same, finer [T5] */
				u16 nr_anon;    /* level 0, shared: leaves of ANON pages */
			};
		};
	};
};
/* One reference and one leaf, for struct page.counts; little-endian. */
#define PAGE_COUNTS_ONE (((u64)1 << 32) + 1)

static_assert(sizeof(struct page) == 48, "the memmap costs 48 bytes a frame");

static inline struct page *pfn_to_page(pfn_t pfn)
{
	return (struct page *)MEMMAP_BASE + pfn.v;
}

static inline pfn_t page_to_pfn(const struct page *page)
{
	return pfn_make((u64)(page - (const struct page *)MEMMAP_BASE));
}

static inline paddr_t page_to_phys(const struct page *page)
{
	return pfn_to_pa(page_to_pfn(page));
}

static inline void *page_to_virt(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}

static inline struct page *phys_to_page(paddr_t pa)
{
	return pfn_to_page(pa_to_pfn(pa));
}

static inline struct page *virt_to_page(const void *va)
{
	return phys_to_page(virt_to_phys(va));
}

static inline void page_set_type(struct page *page, enum page_type type)
{
	page->type = (u8)type;
}

static inline void page_get(struct page *page)
{
	assert_slow(READ_ONCE(page->refcount) > 0);
	__atomic_fetch_add(&page->refcount, 1, __ATOMIC_RELAXED);
}

/* Drops a reference; the last one frees the block (page_alloc.c). */
void page_put(struct page *page);

/*
 * The head of the block that page is part of. Blocks are aligned to their
 * size, so the first frame with a type on the way to coarser alignments is
 * the head [P1]; page itself if there is none.
 */
static inline struct page *page_head(struct page *page)
{
	u64 pfn = page_to_pfn(page).v;
	struct page *head = page;
	unsigned int order = 0;

	while (head->type == PAGE_NONE && order < PAGE_MAX_ORDER)
		head = page - (pfn & (((u64)1 << ++order) - 1));
	return head->type == PAGE_NONE ? page : head;
}

const char *page_check(const struct page *page);
void page_dump(const struct page *page);

#endif
