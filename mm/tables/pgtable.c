/* SPDX-License-Identifier: MIT */
/*
 * The walk over the tree of page tables.
 *
 *   level 3 (top)     2               1              0
 *   ┌───────┐      ┌───────┐       ┌───────┐      ┌───────┐
 *   │ table ├─────►│ table ├──────►│ table ├─────►│ leaf  │ 4 KiB
 *   │ none  │      │ leaf  │ 1 GiB │ leaf  │ 2 MiB│ swap  │
 *   └───────┘      └───────┘       └───────┘      └───────┘
 *
 * Going down reads upper entries without a lock: an entry that points to a
 * table never changes while somebody may walk there. That holds because
 *  - tables are only added under live walkers (under the lock of the upper
 *    table, and a new one is complete before its entry is stored, [M2]);
 *  - tables are only taken away by pt_free_tables(), whose caller excludes all
 *    others from the range: mm->lock for writing, or the space is dying.
 * So [T4] needs no lock and no counter, and a fault takes one lock only: that
 * of the table with its slot.
 *
 * The kernel's own space has no table locks at all. Who maps there owns the
 * range (an area of vmalloc, boot, one section of the memmap), so slots have
 * one writer; tables that two owners share are added under kernel_tables_lock
 * and never freed.
 *
 * What it does not do: free leaves' frames, count pages, know about VMAs.
 */
#include "mm/tables/pgtable.h"

#include "kernel/base/explore.h"
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"

u64 pt_nr_tables;
u64 pt_nr_boot_tables;

static struct spinlock kernel_tables_lock = SPINLOCK_INIT(RANK_PAGE_TABLE);

static inline bool is_kernel_space(const struct mmu_space *space)
{
	return space == &mmu_kernel_space;
}

static inline unsigned int pt_top_level(void)
{
	return mmu_features.levels - 1u;
}

/* Never NULL, which the compiler is told: pt_walk_to() asks at each step. */
static inline pte_t *pt_below(pte_t e, unsigned int level)
{
	pte_t *table = phys_to_virt(pte_paddr(e, level));

	if (!table)
		__builtin_unreachable();
	return table;
}

/* ---- table pages -------------------------------------------------------- */

/**
 * pt_table_alloc() - a zeroed page for a table
 *
 * Comes from memblock as long as that is open, later from the page allocator,
 * with its lock ready. Context: boot, or thread: may sleep. Return: NULL: none.
 */
pte_t *pt_table_alloc(void)
{
	struct page *page;

	if (unlikely(!memblock.closed)) {
		pt_nr_boot_tables++;
		return memblock_alloc(PAGE_SIZE, PAGE_SIZE, "page table");
	}
	page = page_alloc(GFP_KERNEL | GFP_ZERO, 0);
	if (!page)
		return NULL;
	page_set_type(page, PAGE_TABLE);
	spin_init(&page->table_lock, RANK_PAGE_TABLE);
	page->slot_first = PT_ENTRIES;
	page->slot_end = 0;
	page->slot_groups = 0;
	__atomic_fetch_add(&pt_nr_tables, 1, __ATOMIC_RELAXED);
	return page_to_virt(page);
}

/**
 * pt_table_free() - give back a table that no CPU can walk any more
 *
 * Live tables go through tlb_batch_put_table(); this is for those that never
 * were linked, and for the top table of a finished space.
 */
void pt_table_free(pte_t *table)
{
	__atomic_fetch_sub(&pt_nr_tables, 1, __ATOMIC_RELAXED);
	page_free(virt_to_page(table), 0);
}

static pte_t *pt_table_from(struct pt_spare *spare)
{
	pte_t *table;

	if (!spare)
		return pt_table_alloc();
	if (spare->next.v >= spare->end.v)
		return NULL;
	table = phys_to_virt(spare->next);
	spare->next = pa_add(spare->next, PAGE_SIZE);
	page_zero(table);
	pt_nr_boot_tables++;
	return table;
}

/*
 * The lock that guards new tables in this one. spare is given only by the
 * memmap's growth, which holds the section lock: nobody else adds there.
 */
static struct spinlock *pt_grow_lock(const struct mmu_space *space,
				     const pte_t *slot)
{
	if (is_kernel_space(space))
		return &kernel_tables_lock;
	return &virt_to_page(slot)->table_lock;
}

static inline void pt_claim_group(struct page *table, unsigned int slot)
{
	table->slot_groups |= 1u << slot / PT_GROUP;
}

/* The slot of an upper table is about to be filled [T5]. */
static void pt_claim_upper(const pte_t *slot)
{
	struct page *table = virt_to_page(slot);

	pt_claim_slots(slot, 1);
	pt_claim_group(table, pt_slot_index(slot));
}

/* Links table unless another CPU was faster; false: it was. */
static bool pt_table_link(const struct mmu_space *space, pte_t *slot,
			  pte_t *table,
			  struct spinlock *lock) __no_thread_safety
{
	bool linked = false;

	if (lock)
		spin_lock(lock);
	if (pte_kind(pt_read(slot), 1) == PTE_NONE) {
		if (!is_kernel_space(space))
			pt_claim_upper(slot);
		pt_install(slot, pte_make_table(virt_to_phys(table)));
		linked = true;
	}
	if (lock)
		spin_unlock(lock);
	return linked;
}

/* Makes the table below *slot. 0, -ENOMEM, -EEXIST (a leaf is there). */
static __noinline int pt_table_grow(struct mmu_space *space, pte_t *slot,
				    vaddr_t va, unsigned int level,
				    u64 *nr_tables, struct pt_spare *spare)
{
	enum pte_kind kind = pte_kind(pt_read(slot), level);
	pte_t *table;

	if (kind == PTE_TABLE)
		return 0;               /* another CPU has just made it */
	if (kind != PTE_NONE)
		return -EEXIST;
	table = pt_table_from(spare);
	if (!table)
		return -ENOMEM;
	yield_point(table_made);
	if (!pt_table_link(space, slot, table,
			   spare ? NULL : pt_grow_lock(space, slot))) {
		pt_table_free(table);
		return 0;
	}
	if (nr_tables)
		__atomic_fetch_add(nr_tables, 1, __ATOMIC_RELAXED);
	trace(pt_table_alloc, va, level - 1);
	return 0;
}

/* ---- standing on a slot ------------------------------------------------- */

static inline void pt_cursor_lock(struct pt_cursor *c, pte_t *table)
	__no_thread_safety
{
	if (is_kernel_space(c->space))
		return;
	c->locked = virt_to_page(table);
	spin_lock(&c->locked->table_lock);
}

static inline void pt_cursor_unlock(struct pt_cursor *c) __no_thread_safety
{
	struct page *locked = c->locked;

	if (!locked)
		return;
	c->locked = NULL;
	spin_unlock(&locked->table_lock);
}

void pt_cursor_end(struct pt_cursor *c)
{
	pt_cursor_unlock(c);
	c->slot = NULL;
}

/* Stands on the one slot of va in table; there is no next one. */
static __force_inline void pt_cursor_stand(struct pt_cursor *c, pte_t *slot,
					   vaddr_t va, unsigned int level)
{
	c->va = va & ~(pt_level_size(level) - 1);
	c->end = c->va;
	c->slot = slot;
	c->slot_end = slot;
	c->level = level;
	c->entry = pt_read(slot);
}

enum pt_descend_mode {
	DESCEND_LOCK,                   /* lock the table, claim the slot */
	DESCEND_PRIVATE,                /* claim only: nobody else is there */
	DESCEND_PEEK,                   /* neither */
};

/* One step down: the table below, or NULL. */
static __force_inline pte_t *pt_step(pte_t *table, vaddr_t va, unsigned int l)
{
	pte_t e = pt_read(&table[pt_index(va, l)]);

	return likely(pte_kind(e, l) == PTE_TABLE) ? pt_below(e, l) : NULL;
}

/* The same to a table below which writing is allowed. */
static __force_inline pte_t *pt_step_open(pte_t *table, vaddr_t va,
					  unsigned int l)
{
	pte_t e = pt_read(&table[pt_index(va, l)]);

	return likely(pte_table_writable(e)) ? pt_below(e, l) : NULL;
}

/* The table of `level` on va's way, if all tables above it exist; or NULL. The
 * usual way, from the fourth level to the last table, is written out: with known
 * levels a step is half as long, and every fault takes it. */
static __force_inline pte_t *pt_walk_to(const struct mmu_space *space,
					vaddr_t va, unsigned int level)
{
	pte_t *table = space->top;
	unsigned int l = pt_top_level();

	if (level <= 1 && likely(l == 3)) {
		table = pt_step(table, va, 3);
		table = likely(table) ? pt_step(table, va, 2) : NULL;
		if (level == 1)
			return table;
		return likely(table) ? pt_step(table, va, 1) : NULL;
	}
	for (; table && l > level; l--)
		table = pt_step(table, va, l);
	return table;
}

/* Makes the tables that pt_walk_to() misses. 0, -ENOMEM, -EEXIST. */
static int pt_make_way(struct mmu_space *space, vaddr_t va, unsigned int level,
		       u64 *nr_tables, struct pt_spare *spare)
{
	pte_t *table = space->top;

	for (unsigned int l = pt_top_level(); l > level; l--) {
		pte_t *slot = &table[pt_index(va, l)];
		int err = 0;

		if (pte_kind(pt_read(slot), l) != PTE_TABLE)
			err = pt_table_grow(space, slot, va, l, nr_tables,
					    spare);
		if (err)
			return err;
		table = pt_below(pt_read(slot), l);
	}
	return 0;
}

/* Stands on va's slot in the table that the walk ended at. */
static __force_inline void pt_cursor_take(struct pt_cursor *c,
					  struct mmu_space *space, pte_t *table,
					  vaddr_t va, unsigned int level,
					  enum pt_descend_mode mode)
	__no_thread_safety
{
	c->space = space;
	c->locked = NULL;
	if (mode != DESCEND_PEEK && likely(!is_kernel_space(space))) {
		struct page *page = virt_to_page(table);

		if (mode == DESCEND_LOCK) {
			c->locked = page;
			spin_lock(&page->table_lock);
		}
		pt_claim_slots_of(page, pt_index(va, level), 1);
		if (level)
			pt_claim_group(page, pt_index(va, level));
	}
	pt_cursor_stand(c, &table[pt_index(va, level)], va, level);
}

static __noinline int pt_descend(struct pt_cursor *c, struct mmu_space *space,
				 vaddr_t va, unsigned int level, u64 *nr_tables,
				 struct pt_spare *spare,
				 enum pt_descend_mode mode)
{
	int err = pt_make_way(space, va, level, nr_tables, spare);

	if (!err)
		pt_cursor_take(c, space, pt_walk_to(space, va, level), va,
			       level, mode);
	return err;
}

/*
 * The way down is there nearly always, and then nothing is called: every fault
 * comes along here.
 */
static __force_inline int pt_slot_reach(struct pt_cursor *c,
					struct mmu_space *space, vaddr_t va,
					unsigned int level, u64 *nr_tables,
					enum pt_descend_mode mode)
{
	pte_t *table = pt_walk_to(space, va, level);

	if (unlikely(!table))
		return pt_descend(c, space, va, level, nr_tables, NULL, mode);
	pt_cursor_take(c, space, table, va, level, mode);
	return 0;
}

int pt_slot_alloc(struct pt_cursor *c, struct mmu_space *space, vaddr_t va,
		  unsigned int level, u64 *nr_tables)
{
	return pt_slot_reach(c, space, va, level, nr_tables, DESCEND_LOCK);
}

int pt_slot_alloc_private(struct pt_cursor *c, struct mmu_space *space,
			  vaddr_t va, unsigned int level, u64 *nr_tables)
{
	return pt_slot_reach(c, space, va, level, nr_tables, DESCEND_PRIVATE);
}

int pt_slot_alloc_from(struct pt_cursor *c, struct mmu_space *space, vaddr_t va,
		       unsigned int level, struct pt_spare *spare)
{
	return pt_descend(c, space, va, level, NULL, spare, DESCEND_LOCK);
}

/* pt_slot_peek() when the way is not there, or closed to writers. */
static __noinline int pt_peek_slow(struct pt_cursor *c, struct mmu_space *space,
				   vaddr_t va, u64 *nr_tables)
{
	int err = pt_descend(c, space, va, 0, nr_tables, NULL, DESCEND_PEEK);

	if (!err && !pte_table_writable(pt_read(pt_table_slot(space, va))))
		return -EBUSY;
	return err;
}

int pt_slot_peek(struct pt_cursor *c, struct mmu_space *space, vaddr_t va,
		 u64 *nr_tables)
{
	pte_t *table = pt_walk_to(space, va, 1);

	if (likely(table))
		table = pt_step_open(table, va, 1);
	if (unlikely(!table))
		return pt_peek_slow(c, space, va, nr_tables);
	pt_cursor_take(c, space, table, va, 0, DESCEND_PEEK);
	return 0;
}

bool pt_slot_find(struct pt_cursor *c, struct mmu_space *space, vaddr_t va)
{
	unsigned int l = pt_top_level();
	pte_t *table = space->top;

	for (; l > 0; l--) {
		pte_t e = pt_read(&table[pt_index(va, l)]);
		enum pte_kind kind = pte_kind(e, l);

		if (kind == PTE_LEAF)
			break;
		c->level = l;
		c->slot = NULL;
		c->locked = NULL;
		if (kind != PTE_TABLE)
			return false;
		table = pt_below(e, l);
	}
	c->space = space;
	c->locked = NULL;
	pt_cursor_lock(c, table);
	pt_cursor_stand(c, &table[pt_index(va, l)], va, l);
	return true;
}

pte_t *pt_table_slot(struct mmu_space *space, vaddr_t va)
{
	pte_t *table = pt_walk_to(space, va, 1), *slot;

	if (!table)
		return NULL;
	slot = &table[pt_index(va, 1)];
	return pte_kind(pt_read(slot), 1) == PTE_TABLE ? slot : NULL;
}

/* ---- walking a range ---------------------------------------------------- */

/* Past the last slot of va's table that the range reaches. */
static inline pte_t *pt_last_slot(pte_t *table, vaddr_t va, vaddr_t end,
				  unsigned int level)
{
	if ((va ^ (end - 1)) >> pt_level_shift(level + 1))
		return table + PT_ENTRIES;
	return table + pt_index(end - 1, level) + 1;
}

/* Where the range goes on after the table; false: nowhere. */
static bool pt_cursor_leave(struct pt_cursor *c, unsigned int level)
{
	vaddr_t next = (c->va | (pt_level_size(level + 1) - 1)) + 1;

	if (next == 0 || next >= c->end)        /* 0: end of all addresses */
		return false;
	c->va = next;
	return true;
}

/* The next slot to look at. upper: the slot's table, if it keeps slot_groups. */
static __force_inline pte_t *pt_slot_after(pte_t *slot,
					   const struct page *upper)
{
	unsigned int next = pt_slot_index(slot) + 1;

	if (!upper)
		return slot + 1;
	return slot + 1 + (pt_skip_groups(upper, next) - next);
}

/*
 * In the table of `level` that covers c->va: the first slot that is not none,
 * with the table locked if the entry is one to report. NULL: none in the
 * range.
 */
static __force_inline pte_t *pt_cursor_scan(struct pt_cursor *c, pte_t *table,
					    unsigned int level)
{
	pte_t *first = &table[pt_index(c->va, level)], *slot = first;
	const struct page *upper = NULL;

	c->level = level;
	c->table_va = c->va & ~(pt_level_size(level + 1) - 1);
	c->slot_end = pt_last_slot(table, c->va, c->end, level);
	if (level == 0)
		pt_cursor_lock(c, table);
	if (!is_kernel_space(c->space)) {
		const struct page *page = virt_to_page(table);

		if (level)
			upper = page;
		slot = MAX(slot, table + READ_ONCE(page->slot_first));
		c->slot_end = MIN(c->slot_end,
				  table + READ_ONCE(page->slot_end));
	}
	for (; slot < c->slot_end; slot = pt_slot_after(slot, upper)) {
		c->entry = pt_read(slot);
		if (pte_kind(c->entry, level) == PTE_NONE)
			continue;
		if (slot != first)
			c->va = c->table_va + ((vaddr_t)pt_slot_index(slot)
					       << pt_level_shift(level));
		if (level == 0 || pte_kind(c->entry, level) == PTE_TABLE)
			return slot;
		pt_cursor_lock(c, table);       /* a large leaf: look again */
		c->entry = pt_read(slot);
		if (pte_kind(c->entry, level) == PTE_LEAF)
			return slot;
		pt_cursor_unlock(c);
		upper = NULL;
		slot--;                 /* the same again */
	}
	pt_cursor_unlock(c);
	return NULL;
}

/* From the top down to the next entry at or after c->va. */
static bool pt_cursor_enter(struct pt_cursor *c)
{
	unsigned int level = pt_top_level();
	pte_t *table = c->space->top, *slot;

	while (1) {
		/* The way down is there, most often. */
		for (; level > 0; level--) {
			pte_t e = pt_read(&table[pt_index(c->va, level)]);

			if (pte_kind(e, level) != PTE_TABLE)
				break;
			table = pt_below(e, level);
		}
		slot = level == 0 ? pt_cursor_scan(c, table, 0)
				  : pt_cursor_scan(c, table, level);
		if (!slot) {
			if (!pt_cursor_leave(c, level))
				return false;
			level = pt_top_level();
			table = c->space->top;
			continue;
		}
		if (level == 0 || pte_kind(c->entry, level) != PTE_TABLE)
			break;
		table = pt_below(c->entry, level);
		level--;
	}
	c->slot = slot;
	return true;
}

/**
 * pt_cursor_next_table() - the slow part of pt_cursor_next()
 *
 * Called with no table (the start), past the last slot of one, or on an entry
 * that points to a table. Context and return as pt_cursor_next().
 */
bool pt_cursor_next_table(struct pt_cursor *c)
{
	bool past = c->slot && c->slot >= c->slot_end;

	pt_cursor_unlock(c);
	c->slot = NULL;
	if (past && !pt_cursor_leave(c, c->level))
		return false;
	return c->va < c->end && pt_cursor_enter(c);
}
