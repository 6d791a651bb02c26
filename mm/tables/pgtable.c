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
 * range (an area of vmalloc, boot, one section of the memmap), so slots have one
 * writer; tables that two owners share are added under kernel_tables_lock and
 * never freed.
 *
 * What it does not do: free leaves' frames, count pages, know about VMAs.
 */
#include "mm/tables/pgtable.h"

#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"
#include "mm/tables/tlb.h"

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

static inline pte_t *pt_below(pte_t e, unsigned int level)
{
	return phys_to_virt(pte_paddr(e, level));
}

/* ---- table pages ------------------------------------------------------------ */

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

/* Links table unless another CPU was faster; false: it was. */
static bool pt_table_link(const struct mmu_space *space, pte_t *slot,
			  pte_t *table, struct spinlock *lock) __no_thread_safety
{
	bool linked = false;

	if (lock)
		spin_lock(lock);
	if (pte_kind(pt_read(slot), 1) == PTE_NONE) {
		if (!is_kernel_space(space))
			pt_claim_slots(slot, 1);
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
	pte_t *table;

	if (pte_kind(pt_read(slot), level) != PTE_NONE)
		return -EEXIST;
	table = pt_table_from(spare);
	if (!table)
		return -ENOMEM;
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

/* ---- standing on a slot ------------------------------------------------------- */

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

static __force_inline int pt_descend(struct pt_cursor *c,
				     struct mmu_space *space, vaddr_t va,
				     unsigned int level, u64 *nr_tables,
				     struct pt_spare *spare,
				     enum pt_descend_mode mode)
	__no_thread_safety
{
	unsigned int l = pt_top_level();
	pte_t *table = space->top;
	int err;

	for (; l > level; l--) {
		pte_t *slot = &table[pt_index(va, l)];
		pte_t e = pt_read(slot);

		if (unlikely(pte_kind(e, l) != PTE_TABLE)) {
			err = pt_table_grow(space, slot, va, l, nr_tables,
					    spare);
			if (err)
				return err;
			e = pt_read(slot);
		}
		table = pt_below(e, l);
	}
	c->space = space;
	c->locked = NULL;
	if (mode != DESCEND_PEEK && likely(!is_kernel_space(space))) {
		struct page *page = virt_to_page(table);

		if (mode == DESCEND_LOCK) {
			c->locked = page;
			spin_lock(&page->table_lock);
		}
		pt_claim_slots_of(page, pt_index(va, level), 1);
	}
	pt_cursor_stand(c, &table[pt_index(va, level)], va, level);
	return 0;
}

int pt_slot_alloc(struct pt_cursor *c, struct mmu_space *space, vaddr_t va,
		  unsigned int level, u64 *nr_tables)
{
	if (likely(level == 0))         /* a copy of its own: every fault's way */
		return pt_descend(c, space, va, 0, nr_tables, NULL,
				  DESCEND_LOCK);
	return pt_descend(c, space, va, level, nr_tables, NULL, DESCEND_LOCK);
}

int pt_slot_alloc_private(struct pt_cursor *c, struct mmu_space *space,
			  vaddr_t va, unsigned int level, u64 *nr_tables)
{
	return pt_descend(c, space, va, level, nr_tables, NULL,
			  DESCEND_PRIVATE);
}

int pt_slot_peek(struct pt_cursor *c, struct mmu_space *space, vaddr_t va,
		 u64 *nr_tables)
{
	return pt_descend(c, space, va, 0, nr_tables, NULL, DESCEND_PEEK);
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

/* ---- walking a range ------------------------------------------------------------ */

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

/*
 * In the table of `level` that covers c->va: the first slot that is not none,
 * with the table locked if the entry is one to report. NULL: none in the
 * range.
 */
static __force_inline pte_t *pt_cursor_scan(struct pt_cursor *c, pte_t *table,
					    unsigned int level)
{
	pte_t *first = &table[pt_index(c->va, level)], *slot = first;

	c->level = level;
	c->table_va = c->va & ~(pt_level_size(level + 1) - 1);
	c->slot_end = pt_last_slot(table, c->va, c->end, level);
	if (level == 0)
		pt_cursor_lock(c, table);
	if (!is_kernel_space(c->space)) {
		const struct page *page = virt_to_page(table);

		slot = MAX(slot, table + READ_ONCE(page->slot_first));
		c->slot_end = MIN(c->slot_end,
				  table + READ_ONCE(page->slot_end));
	}
	for (; slot < c->slot_end; slot++) {
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
		slot--;
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

/* ---- ranges of leaves ------------------------------------------------------------- */

static unsigned int pt_best_level(vaddr_t va, paddr_t pa, size_t len,
				  unsigned int max_level)
{
	unsigned int level = MIN(max_level, pt_top_level() - 1);

	for (; level > 0; level--)
		if (mmu_features.leaf_levels >> level & 1 &&
		    IS_ALIGNED(va | pa.v, (u64)pt_level_size(level)) &&
		    len >= pt_level_size(level))
			break;
	return level;
}

/* Fills nr slots from the cursor's on; false: one was not none. */
static bool pt_fill(struct pt_cursor *c, unsigned int nr, paddr_t pa,
		    ptprot_t prot)
{
	unsigned int level = c->level;
	size_t size = pt_level_size(level);
	pte_t *slot = c->slot, *end = slot + nr;

	if (c->locked)
		pt_claim_slots_of(c->locked, pt_slot_index(slot), nr);
	while (slot < end && pte_kind(pt_read(slot), level) == PTE_NONE) {
		pt_install(slot++, pte_make_leaf(pa, prot, level));
		pa = pa_add(pa, size);
	}
	pt_cursor_end(c);
	return slot == end;
}

int pt_map_range(struct mmu_space *space, vaddr_t va, size_t len, paddr_t pa,
		 ptprot_t prot, unsigned int max_level, struct pt_spare *spare)
{
	struct pt_cursor c;

	assert(IS_ALIGNED(va | pa.v | len, PAGE_SIZE));
	while (len > 0) {
		unsigned int level = pt_best_level(va, pa, len, max_level);
		size_t size = pt_level_size(level);
		unsigned int nr;
		int err = pt_descend(&c, space, va, level, NULL, spare,
				     DESCEND_LOCK);

		if (err)
			return err;
		nr = pt_slots_left(&c, va + len);
		if (!pt_fill(&c, nr, pa, prot))
			return -EEXIST;
		va += nr * size;
		pa = pa_add(pa, nr * size);
		len -= nr * size;
	}
	return 0;
}

void pt_unmap_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
		    struct tlb_batch *batch)
{
	struct pt_cursor c;

	pt_cursor_begin(&c, space, start, end);
	while (pt_cursor_next(&c)) {
		size_t size = pt_cursor_size(&c);

		assertf(IS_ALIGNED(c.va, size) && end - c.va >= size,
			"va=%#lx level=%u", c.va, c.level);
		pt_clear(c.slot);
		tlb_batch_note(batch, c.va, size);
	}
	pt_cursor_end(&c);
}

/* Replaces the large leaf under the cursor by a table of smaller ones. */
static int pt_split_leaf(struct pt_cursor *c)
{
	unsigned int below = c->level - 1;
	paddr_t pa = pte_paddr(c->entry, c->level);
	ptprot_t prot = pte_prot(c->entry, c->level);
	pte_t *table = pt_table_alloc();

	if (!table)
		return -ENOMEM;
	for (unsigned int i = 0; i < PT_ENTRIES; i++)
		pt_install(&table[i],
			   pte_make_leaf(pa_add(pa, i * pt_level_size(below)),
					 prot, below));
	pt_replace(c->space, c->va, c->level, c->slot,
		   pte_make_table(virt_to_phys(table)));
	trace(pt_table_alloc, c->va, below);
	return 0;
}

/* Makes va a border between leaves. 0 or -ENOMEM. */
static int pt_split_at(struct mmu_space *space, vaddr_t va)
{
	struct pt_cursor c;
	int err = 0;

	while (!err && pt_slot_find(&c, space, va)) {
		if (pte_kind(c.entry, c.level) != PTE_LEAF || c.va == va) {
			pt_cursor_end(&c);
			break;
		}
		err = pt_split_leaf(&c);
		pt_cursor_end(&c);
	}
	return err;
}

int pt_protect_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
		     ptprot_t prot, struct tlb_batch *batch)
{
	struct pt_cursor c;
	int err;

	assert(is_kernel_space(space));         /* splits may sleep: no lock */
	err = pt_split_at(space, start);
	if (!err)
		err = pt_split_at(space, end);
	if (err)
		return err;
	pt_cursor_begin(&c, space, start, end);
	while (pt_cursor_next(&c)) {
		pt_set_prot(c.slot, prot, c.level);
		tlb_batch_note(batch, c.va, pt_cursor_size(&c));
	}
	pt_cursor_end(&c);
	return 0;
}

bool pt_lookup(struct mmu_space *space, vaddr_t va, paddr_t *pa,
	       ptprot_t *prot, unsigned int *level)
{
	struct pt_cursor c;
	bool leaf;

	if (!pt_slot_find(&c, space, va))
		return false;
	leaf = pte_kind(c.entry, c.level) == PTE_LEAF;
	if (leaf) {
		*pa = pa_add(pte_paddr(c.entry, c.level),
			     va & (pt_cursor_size(&c) - 1));
		*prot = pte_prot(c.entry, c.level);
		*level = c.level;
	}
	pt_cursor_end(&c);
	return leaf;
}
