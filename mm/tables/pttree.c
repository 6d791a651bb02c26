/* SPDX-License-Identifier: MIT */
/*
 * The tables themselves: freeing, counting, explaining and checking them.
 *
 * The cursor (pgtable.c) reports entries and hides tables; the few questions
 * about the tables as a tree are answered here, by recursion of the depth of
 * the tree. Who asks excludes everybody else from the range: mm->lock for
 * writing, or a space that is dying or quiet.
 *
 * When may a table go? It covers [t, t + size). The range that was unmapped
 * and the free space around it, [floor, ceiling), must cover all of that:
 *
 *     floor      start     end            ceiling
 *       │░░░░░░░░░│█████████│░░░░░░░░░░░░░░░│
 *     ──┬──────────────┬──────────────┬──────────────┬──
 *       │   goes       │    goes      │  stays: used above ceiling
 */
#include "kernel/base/trace.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

struct table_sweep {
	vaddr_t floor, ceiling;
	struct tlb_batch *batch;
	u64 *nr_tables;
};

static pte_t *table_below(pte_t e, unsigned int level)
{
	return phys_to_virt(pte_paddr(e, level));
}

static bool table_is_empty(const pte_t *table, unsigned int level)
{
	for (unsigned int i = 0; i < PT_ENTRIES; i++)
		if (pte_kind(pt_read(&table[i]), level) != PTE_NONE)
			return false;
	return true;
}

/* Takes the table below slot out of the tree, once it serves nobody. */
static void table_unlink(const struct table_sweep *s, pte_t *slot,
			 vaddr_t table_va, unsigned int level)
{
	pte_t old = pt_clear(slot);
	pte_t *table = table_below(old, level);

	assert_slow(pte_table_writable(old) &&
		    table_is_empty(table, level - 1));
	tlb_batch_note(s->batch, table_va, PAGE_SIZE);
	tlb_batch_put_table(s->batch, virt_to_page(table));
	if (s->nr_tables)
		__atomic_fetch_sub(s->nr_tables, 1, __ATOMIC_RELAXED);
	trace(pt_table_free, table_va, level - 1);
}

/* All tables below `table` that [start, end) crosses, deepest first. */
static void table_sweep_below(const struct table_sweep *s, pte_t *table,
			      unsigned int level, vaddr_t start, vaddr_t end)
{
	const struct page *page = virt_to_page(table);
	size_t size = pt_level_size(level);
	unsigned int i = pt_index(start, level);
	unsigned int last = pt_index(end - 1, level) + 1;
	vaddr_t table_va = start & ~(pt_level_size(level + 1) - 1);

	last = MIN(last, page->slot_end);
	for (i = MAX(i, page->slot_first); i < last; i++) {
		pte_t *slot = &table[i];
		pte_t e = pt_read(slot);
		vaddr_t va;

		if (pte_kind(e, level) != PTE_TABLE) {
			i = pt_skip_groups(page, i + 1) - 1;
			continue;
		}
		va = table_va + i * size;
		if (level > 1)
			table_sweep_below(s, table_below(e, level), level - 1,
					  MAX(va, start), MIN(va + size, end));
		if (va >= s->floor && va + size <= s->ceiling)
			table_unlink(s, slot, va, level);
	}
}

void pt_free_tables(struct mmu_space *space, vaddr_t start, vaddr_t end,
		    vaddr_t floor, vaddr_t ceiling, struct tlb_batch *batch,
		    u64 *nr_tables)
{
	unsigned int top = mmu_features.levels - 1u;
	struct table_sweep s = { floor, ceiling, batch, nr_tables };

	assert(floor <= start && start < end && end <= ceiling);
	if (ceiling == USER_END)        /* nothing lies above: whole tables */
		s.ceiling = ALIGN_UP(USER_END, pt_level_size(top));
	table_sweep_below(&s, space->top, top, start, end);
}

/* ---- looking ------------------------------------------------------------ */

/* Slots of the top table that belong to the user half. */
static unsigned int user_top_slots(void)
{
	return pt_index(USER_END - 1, mmu_features.levels - 1u) + 1;
}

static u64 table_count_below(const pte_t *table, unsigned int level,
			     unsigned int nr_slots)
{
	u64 count = 1;

	for (unsigned int i = 0; level > 0 && i < nr_slots; i++) {
		pte_t e = pt_read(&table[i]);

		if (pte_kind(e, level) == PTE_TABLE)
			count += table_count_below(table_below(e, level),
						   level - 1, PT_ENTRIES);
	}
	return count;
}

/** pt_count_tables() - see pgtable.h. Context: the space is quiet. */
u64 pt_count_tables(struct mmu_space *space)
{
	return table_count_below(space->top, mmu_features.levels - 1u,
				 user_top_slots());
}

/** pt_explain() - see pgtable.h. Stops at the first entry that is no table. */
void pt_explain(struct mmu_space *space, vaddr_t va,
		void (*fn)(unsigned int level, pte_t e, void *arg), void *arg)
{
	unsigned int level = mmu_features.levels - 1u;
	const pte_t *table = space->top;

	while (1) {
		pte_t e = pt_read(&table[pt_index(va, level)]);

		fn(level, e, arg);
		if (level == 0 || pte_kind(e, level) != PTE_TABLE)
			return;
		table = table_below(e, level);
		level--;
	}
}

/* ---- checking ----------------------------------------------------------- */

static const char *entry_check(pte_t e, unsigned int level, bool user)
{
	switch (pte_kind(e, level)) {
	case PTE_NONE:
		return NULL;
	case PTE_SWAP:
		return level == 0 && user
			       ? NULL
			       : "swap entry above level 0 or in the kernel";
	case PTE_LEAF:
		if (!(mmu_features.leaf_levels >> level & 1))
			return "leaf at a level without leaves";
		if (!IS_ALIGNED(pte_paddr(e, level).v,
				(u64)pt_level_size(level)))
			return "leaf not aligned to its size";
		if (!(pte_prot(e, level) & PT_USER) == user)
			return "leaf of the wrong half: PT_USER";
		return NULL;
	case PTE_TABLE:
		if (level == 0)
			return "table entry at level 0";
		if (user &&
		    phys_to_page(pte_paddr(e, level))->type != PAGE_TABLE)
			return "[T3] user table without type PAGE_TABLE";
		return NULL;
	}
	return "entry of no kind";
}

/* [T5]: no entry outside of the slots that were claimed. */
static const char *slot_check(const pte_t *table, unsigned int slot,
			      unsigned int level)
{
	const struct page *page = virt_to_page(table);

	if (slot >= page->slot_first && slot < page->slot_end &&
	    (level == 0 || pt_skip_groups(page, slot) == slot))
		return NULL;
	return "[T5] entry in a slot that nobody claimed";
}

static const char *table_check_below(const pte_t *table, unsigned int level,
				     unsigned int first, unsigned int last,
				     bool user)
{
	const char *why = NULL;

	for (unsigned int i = first; !why && i < last; i++) {
		pte_t e = pt_read(&table[i]);

		why = entry_check(e, level, user);
		if (!why && user && pte_kind(e, level) != PTE_NONE)
			why = slot_check(table, i, level);
		if (!why && pte_kind(e, level) == PTE_TABLE)
			why = table_check_below(table_below(e, level),
						level - 1, 0, PT_ENTRIES, user);
	}
	return why;
}

/**
 * pt_check() - prove the tree well-formed
 *
 * User spaces: the user half, and [M5] that the kernel half is the kernel's.
 * The kernel's space: the kernel half. Context: the space is quiet.
 */
const char *pt_check(struct mmu_space *space)
{
	unsigned int top = mmu_features.levels - 1u, half = user_top_slots();

	if (space == &mmu_kernel_space)
		return table_check_below(space->top, top, half, PT_ENTRIES,
					 false);
	for (unsigned int i = half; i < PT_ENTRIES; i++)
		if (pt_read(&space->top[i]).v != 0 &&
		    pt_read(&space->top[i]).v !=
			    pt_read(&mmu_kernel_space.top[i]).v)
			return "[M5] kernel half differs from the kernel's";
	return table_check_below(space->top, top, 0, half, true);
}
