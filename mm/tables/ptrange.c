/* SPDX-License-Identifier: MIT */
/*
 * Ranges of leaves: map, unmap, protect, look up. All walk with the cursor.
 *
 * pt_map_range() lays the largest leaves that the addresses allow:
 *
 *      va   ···|4K|4K|   2M   |   2M   |4K|···       both va and pa must be
 *      pa   ···|4K|4K|   2M   |   2M   |4K|···       aligned to the leaf
 *
 * A large leaf that lies across the border of a range to protect is split:
 * a table of 512 leaves one level below, with the same rights, takes its
 * place by pt_replace(), so on machines that want break-before-make it is gone
 * for a moment. Nobody splits the leaf that he stands on; kmap.c cuts the
 * direct map where that could happen.
 */
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

static unsigned int pt_best_level(vaddr_t va, paddr_t pa, size_t len,
				  unsigned int max_level)
{
	unsigned int level = MIN(max_level, mmu_features.levels - 2u);

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
		int err = pt_slot_alloc_from(&c, space, va, level, spare);

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

	assert(space == &mmu_kernel_space); /* no table lock: splits sleep */
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

/** pt_lookup() - see pgtable.h. Context: as pt_slot_find(). */
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
