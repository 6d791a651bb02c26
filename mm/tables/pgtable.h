/* SPDX-License-Identifier: MIT */
/*
 * The page-table walker: pt_cursor is the only page-table loop of the kernel.
 *
 * Map, unmap, protect, fork, census and the debugger's dumps all walk with it;
 * huge leaves are handled here once. Each table page of a user space has its
 * own lock (in its struct page); the cursor holds the lock of the table it
 * stands in.
 *
 *      struct pt_cursor c;
 *      pt_cursor_begin(&c, space, start, end);
 *      while (pt_cursor_next(&c))          // entries that are not none
 *              ... c.slot, c.entry, c.va, c.level ...
 *      pt_cursor_end(&c);
 *
 * pt_cursor_next() is inline: inside one table it costs a few instructions an
 * entry.
 *
 * Invariants: [T1] tables are allocated on demand and zeroed; [T2] a table is
 * freed only through a tlb_batch, after the flush; [T3] user tables carry type
 * PAGE_TABLE and count in mm's nr_tables; [T4] a table that was reached stays
 * while the caller keeps the range from being freed (mm->lock, or nobody else
 * knows the space). The header of pgtable.c tells why that is enough; [T5] in
 * a user table only slots of [slot_first, slot_end) of its struct page are not
 * none: a table with one page in it is not searched for 511 others. Whoever is
 * given slots to fill has them claimed. Upper tables, with few entries far apart, also
 * have a bit for each PT_GROUP slots: slot_groups; [T6] one entry leads to a table,
 * except for level-0 tables that spaces share after fork (mm/spaces/share.h).
 */
#ifndef MM_TABLES_PGTABLE_H
#define MM_TABLES_PGTABLE_H

#include "arch/mmu.h"
#include "kernel/base/lock.h"
#include "mm/frames/page.h"

struct tlb_batch;

struct pt_cursor {
	struct mmu_space *space;
	vaddr_t va;                     /* start of the current entry, or of the
					 * range if that begins inside it */
	vaddr_t end;                    /* of the range */
	pte_t *slot;                    /* current entry; NULL: in no table */
	pte_t *slot_end;                /* past the last slot to look at */
	pte_t entry;                    /* what the cursor found there */
	unsigned int level;             /* of the current entry */
	struct page *locked;            /* table whose lock we hold, or NULL */
	vaddr_t table_va;               /* first address of the table */
};

/** pt_cursor_begin() - stand before the entries of [start, end); no lock. */
static inline void pt_cursor_begin(struct pt_cursor *c, struct mmu_space *space,
				   vaddr_t start, vaddr_t end)
{
	c->space = space;
	c->va = start;
	c->end = end;
	c->slot = NULL;
	c->level = 0;
	c->locked = NULL;
}

/* Next table with entries of the range: slow part of pt_cursor_next(). */
bool pt_cursor_next_table(struct pt_cursor *c);

static inline unsigned int pt_slot_index(const pte_t *slot)
{
	return ((uintptr_t)slot & (PAGE_SIZE - 1)) / sizeof(pte_t);
}

/**
 * pt_cursor_next() - to the next entry that is not none: a leaf of any level,
 * or a swap entry
 *
 * Upper-level tables are entered, never reported. Holds the lock of the
 * entry's table until it leaves it; other slots of the range may change
 * meanwhile, this one not. Context: thread. Return: false at the end of the
 * range, and no lock is held any more.
 */
static inline bool pt_cursor_next(struct pt_cursor *c)
{
	unsigned int level = c->level;
	pte_t *slot = c->slot;
	pte_t e;

	if (unlikely(!slot))
		return pt_cursor_next_table(c);
	while (++slot < c->slot_end) {
		e = pt_read(slot);
		if (pte_kind(e, level) == PTE_NONE)
			continue;
		c->slot = slot;
		c->entry = e;
		if (likely(level == 0)) {
			c->va = c->table_va +
				((vaddr_t)pt_slot_index(slot) << PAGE_SHIFT);
			return true;
		}
		c->va = c->table_va +
			((vaddr_t)pt_slot_index(slot) << pt_level_shift(level));
		if (pte_kind(e, level) != PTE_TABLE)
			return true;
		break;
	}
	c->slot = slot;
	return pt_cursor_next_table(c);
}

/*
 * Short loops over many leaves take a table at a time:
 *
 *	while (pt_cursor_next(&c)) {
 *		pt_for_each_slot(&c, slot)	// from the current one on
 *			... pt_read(slot), which may be none ...
 *		pt_cursor_skip(&c);
 *	}
 *
 * Level 0 only, which is all that user spaces have.
 */
#define pt_for_each_slot(c, slot)                                            \
	for (slot = (c)->slot; slot < (c)->slot_end; slot++)

static inline void pt_cursor_skip(struct pt_cursor *c)
{
	c->slot = c->slot_end - 1;
}

/* Bytes from the current entry to the end of the range in this table. */
static inline size_t pt_cursor_rest(const struct pt_cursor *c)
{
	return (size_t)(c->slot_end - c->slot) << PAGE_SHIFT;
}

/** pt_cursor_end() - drop the lock. The cursor stands nowhere. */
void pt_cursor_end(struct pt_cursor *c);

/* Slots from the current one on that lie in the same table and below end: who
 * owns the range may fill them without another walk. */
static inline unsigned int pt_slots_left(const struct pt_cursor *c, vaddr_t end)
{
	u64 wanted = (end - c->va) >> pt_level_shift(c->level);

	return MIN(wanted, PT_ENTRIES - pt_slot_index(c->slot));
}

/* Slots [slot, slot + nr) of a user table may become other than none [T5].
 * Context: the table's lock, or nobody else knows the space. */
static inline void pt_claim_slots_of(struct page *table, unsigned int first,
				     unsigned int nr)
{
	if (first < table->slot_first)
		table->slot_first = (u16)first;
	if (first + nr > table->slot_end)
		table->slot_end = (u16)(first + nr);
}

/* Slots that share a bit of slot_groups. */
#define PT_GROUP (PT_ENTRIES / 32)

/* Slot i of an upper table, or the first after it whose group was claimed;
 * PT_ENTRIES: none. */
static inline unsigned int pt_skip_groups(const struct page *table,
					  unsigned int i)
{
	u64 groups = (u64)READ_ONCE(table->slot_groups) >> (i / PT_GROUP);

	if (groups & 1)
		return i;
	if (!groups)
		return PT_ENTRIES;
	return (i / PT_GROUP + (unsigned int)__builtin_ctzll(groups)) *
	       PT_GROUP;
}

static inline void pt_claim_slots(const pte_t *slot, unsigned int nr)
{
	pt_claim_slots_of(virt_to_page(slot), pt_slot_index(slot), nr);
}

/* Bytes that the current entry maps. */
static inline size_t pt_cursor_size(const struct pt_cursor *c)
{
	return pt_level_size(c->level);
}

/**
 * pt_slot_alloc() - the level-`level` slot of va, making tables on the way
 *
 * On success c stands on the slot with its table's lock held (pt_cursor_end
 * drops it), c->entry is the present value. level 0 for a 4 KiB page.
 * nr_tables counts the new tables; NULL: nobody does.
 * Return: 0, -ENOMEM, -EEXIST (a larger leaf is in the way).
 * Context: thread for user spaces, may sleep; boot for the kernel's.
 */
int __must_check pt_slot_alloc(struct pt_cursor *c, struct mmu_space *space,
			       vaddr_t va, unsigned int level, u64 *nr_tables);

/**
 * pt_slot_alloc_private() - the same in a space that nobody else can see yet
 *
 * Takes no lock: fork fills the child's tables while it holds the parent's.
 */
int __must_check pt_slot_alloc_private(struct pt_cursor *c,
				       struct mmu_space *space, vaddr_t va,
				       unsigned int level, u64 *nr_tables);

/**
 * pt_slot_peek() - the level-0 slot of va in a user space, tables made, no lock
 *
 * c->entry is what it was a moment ago. Who wants to fill the slot takes the
 * table's lock, looks again, and claims the slot [T5]. Context: as pt_slot_alloc().
 * Return: as that; -EBUSY: c stands on the slot, but its table denies writing [T6].
 */
int __must_check pt_slot_peek(struct pt_cursor *c, struct mmu_space *space,
			      vaddr_t va, u64 *nr_tables);

/** pt_slot_find() - same without making anything; false: no such table. The
 * cursor's level tells where it stopped (a huge leaf may be higher). */
bool pt_slot_find(struct pt_cursor *c, struct mmu_space *space, vaddr_t va);

/** pt_table_slot() - the level-1 slot of va in a user space, if it holds a table;
 * or NULL. Context: as pt_cursor_next(), no lock is taken. */
pte_t *pt_table_slot(struct mmu_space *space, vaddr_t va);

/* Frames [next, end) from which tables may be made where nothing can be
 * allocated: memmap growth. next moves on. */
struct pt_spare {
	paddr_t next;
	paddr_t end;
};

/** pt_slot_alloc_from() - pt_slot_alloc() with tables out of spare (NULL: as
 * always). Who gives frames of his own is the only one to add tables there. */
int __must_check pt_slot_alloc_from(struct pt_cursor *c,
				    struct mmu_space *space, vaddr_t va,
				    unsigned int level, struct pt_spare *spare);

/**
 * pt_map_range() - map [va, va + len) to pa with the largest leaves allowed
 *
 * max_level bounds the leaf size. Entries must be none. Kernel use (direct
 * map, image, vmalloc, ioremap). spare: where tables come from; NULL: from
 * pt_table_alloc(). Return: 0, -ENOMEM (what was mapped stays: unmap it),
 * -EEXIST.
 */
int __must_check pt_map_range(struct mmu_space *space, vaddr_t va, size_t len,
			      paddr_t pa, ptprot_t prot, unsigned int max_level,
			      struct pt_spare *spare);

/** pt_unmap_range() - clear leaves of [start, end), noting them in the batch;
 * frames are not freed. A leaf must not reach over the borders. */
void pt_unmap_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
		    struct tlb_batch *batch);

/** pt_protect_range() - give leaves of a kernel range a new protection
 * (splitting larger leaves at the borders). 0 or -ENOMEM. */
int __must_check pt_protect_range(struct mmu_space *space, vaddr_t start,
				  vaddr_t end, ptprot_t prot,
				  struct tlb_batch *batch);

/**
 * pt_free_tables() - free tables that only served [start, end)
 *
 * floor and ceiling: nearest addresses below and above that are still in
 * use (0 and USER_END: none); tables that reach over them stay. All leaves of
 * the range are clear. Tables go to the batch. Context: exclusive on the range.
 */
void pt_free_tables(struct mmu_space *space, vaddr_t start, vaddr_t end,
		    vaddr_t floor, vaddr_t ceiling, struct tlb_batch *batch,
		    u64 *nr_tables);

/* Translation of va in space; false: not mapped. */
bool pt_lookup(struct mmu_space *space, vaddr_t va, paddr_t *pa,
	       ptprot_t *prot, unsigned int *level);

/* A zeroed page for a table: memblock at boot, page_alloc later. NULL: none. */
pte_t *pt_table_alloc(void);
void pt_table_free(pte_t *table);

/* Calls fn for each level of va's walk, top first: what `explain` shows. */
void pt_explain(struct mmu_space *space, vaddr_t va,
		void (*fn)(unsigned int level, pte_t e, void *arg), void *arg);

/* Tables from page_alloc, of the kernel and of all spaces [atomic]; and those
 * that were made before there was one (reserved frames). For the census. */
extern u64 pt_nr_tables;
extern u64 pt_nr_boot_tables;

/* Table pages under the user half of a space, its top included. */
u64 pt_count_tables(struct mmu_space *space);

/* NULL, or the broken invariant. The space is quiet. */
const char *pt_check(struct mmu_space *space);

#endif
