/* SPDX-License-Identifier: MIT */
/*
 * fork: a second space that looks the same and shares every frame.
 *
 *	parent VMAs ─► copied one by one, in order
 *	parent leaf ─► read-only in both, one more reference, one more leaf
 *
 *	parent table ─► where a VMA is large: the same table in both (share.h)
 *
 * Only what a fault could not fill in again is copied: leaves of anonymous
 * pages. Pages of files and the zero page come back by a fault when the child
 * asks for them, which a child that soon calls exec never does; shared
 * mappings cost fork nothing but their VMA.
 *
 * Tables of the child are made when the first leaf of theirs is copied. The
 * walk stops there, lets go of the parent's table (the allocation may sleep),
 * and goes on at the same address.
 *
 * Locking: the parent's mm->lock for writing, so none of its entries changes
 * but for the young and dirty bits that the hardware sets; each of its tables
 * is locked while it is walked. Nobody runs in the child yet, and truncations
 * that know its files' VMAs touch only slots of those: its slots are filled without
 * its locks. The parent's TLB entries that still allow
 * writing are flushed before the lock goes; until then the child does not run.
 *
 * Running out of memory: the child is torn down like any other space. Leaves
 * of the parent that became read-only stay so; the next write finds one
 * owner and makes them writable again.
 */
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/backing/family.h"
#include "mm/spaces/charge.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

/* Where the copied leaves of one page table go. */
struct fork_target {
	pte_t *slot;                    /* of `start` in the child; NULL: no table yet */
	vaddr_t start;
	vaddr_t end;                    /* of what the table covers */
};

/* Copies the rest of the cursor's table into the child's, from `child` on.
 * Returns how many anonymous pages there were. */
static u64 fork_copy_slots(struct pt_cursor *c, pte_t *child,
			   struct tlb_batch *batch)
{
	pte_t *first = child, *slot;
	bool weaker = false;
	u64 nr = 0;

	pt_for_each_slot(c, slot) {
		pte_t e = pt_read(slot);
		struct page *page;

		if (pte_kind(e, 0) != PTE_NONE) {
			page = leaf_page(e);
			if (page->type == PAGE_ANON) {
				weaker |= leaf_share(slot, e, child, page);
				nr++;
			}
		}
		child++;
	}
	if (weaker)
		tlb_batch_note(batch, c->va, pt_cursor_rest(c));
	if (nr)
		pt_claim_slots(first, (unsigned int)(child - first));
	pt_cursor_skip(c);
	return nr;
}

/* Whether an entry from the cursor on is one that the child gets. */
static bool fork_table_has_anon(const struct pt_cursor *c)
{
	pte_t *slot;

	pt_for_each_slot(c, slot) {
		pte_t e = pt_read(slot);

		if (pte_kind(e, 0) != PTE_NONE &&
		    leaf_page(e)->type == PAGE_ANON)
			return true;
	}
	return false;
}

/*
 * Copies leaves of [va, end) as far as the target's table reaches, which
 * covers the same addresses as the parent's.
 * Return: where it stopped: end, or the first leaf that needs another table.
 */
static vaddr_t fork_copy_leaves(struct mm *parent, vaddr_t va, vaddr_t end,
				const struct fork_target *to,
				struct rss_delta *rss, struct tlb_batch *batch)
{
	struct pt_cursor c;
	vaddr_t stop = end;

	pt_cursor_begin(&c, &parent->space, va, end);
	while (pt_cursor_next(&c)) {
		if (to->slot && c.va < to->end) {
			rss->nr[RSS_ANON] += (s64)fork_copy_slots(
				&c,
				to->slot + ((c.va - to->start) >> PAGE_SHIFT),
				batch);
			continue;
		}
		if (fork_table_has_anon(&c)) {
			stop = c.va;
			break;
		}
		pt_cursor_skip(&c);
	}
	pt_cursor_end(&c);
	return stop;
}

/* The child's table for va, made if need be. 0 or -ENOMEM. */
static int fork_make_table(struct mm *child, vaddr_t va, struct fork_target *to)
{
	struct pt_cursor c;
	int err = pt_slot_alloc_private(&c, &child->space, va, 0,
					&child->nr_tables);

	if (err)
		return err;
	to->slot = c.slot;
	to->start = va;
	to->end = ALIGN_DOWN(va, pt_level_size(1)) + pt_level_size(1);
	pt_cursor_end(&c);
	return 0;
}

/* The leaves of [va, end), which lies in one private VMA. 0 or -ENOMEM. */
static int fork_copy_range(struct mm *parent, struct mm *child, vaddr_t va,
			   vaddr_t end, struct tlb_batch *batch)
{
	struct fork_target to = { NULL, 0, 0 };
	struct rss_delta rss = { 0 };
	int err = 0;

	while (!err) {
		va = fork_copy_leaves(parent, va, end, &to, &rss, batch);
		if (va == end)
			break;
		err = fork_make_table(child, va, &to);
	}
	mm_add_rss(child, &rss);
	return err;
}

/* Everything of one private VMA that the child must share: whole tables where
 * that pays, leaf by leaf before and behind them. 0 or -ENOMEM. */
static int fork_copy_pages(struct mm *parent, struct mm *child,
			   const struct vma *vma, struct tlb_batch *batch)
{
	vaddr_t start = vma->end, end = vma->end;
	int err;

	if (share_is_for(vma))
		share_find_part(vma, &start, &end);
	err = fork_copy_range(parent, child, vma->start, start, batch);
	if (start == vma->end)
		return err;
	if (!err)
		err = share_tables(parent, child, start, end, batch);
	if (!err)
		err = fork_copy_range(parent, child, end, vma->end, batch);
	return err;
}

/* The child's VMA for one of the parent's, and its leaves. Context: the
 * rmap.lock of its file. 0 or -ENOMEM. */
static int fork_copy_vma(struct mm *parent, struct mm *child,
			 const struct vma *vma, struct tlb_batch *batch)
{
	struct vma tmpl, *copy;

	vma_copy_values(&tmpl, vma);
	tmpl.flags &= ~(u32)VM_LOCK_BITS;       /* not inherited */
	copy = vma_create(&tmpl);
	if (!copy)
		return -ENOMEM;
	vma_insert_unlinked(child, copy);
	vma_link_file(copy);
	if (vma->flags & (VM_SHARED | VM_WIPEONFORK))
		return 0;
	return fork_copy_pages(parent, child, vma, batch);
}

static void fork_copy_layout(const struct mm *parent, struct mm *child)
{
	child->mmap_base = parent->mmap_base;
	child->start_code = parent->start_code;
	child->end_code = parent->end_code;
	child->start_data = parent->start_data;
	child->end_data = parent->end_data;
	child->start_brk = parent->start_brk;
	child->brk = parent->brk;
	child->has_moved = parent->has_moved;
	child->start_stack = parent->start_stack;
	child->vdso = parent->vdso;
	child->arg_start = parent->arg_start;
	child->arg_end = parent->arg_end;
	child->env_start = parent->env_start;
	child->env_end = parent->env_end;
	child->limit_as = parent->limit_as;
	child->limit_data = parent->limit_data;
	child->limit_stack = parent->limit_stack;
	child->limit_memlock = parent->limit_memlock;
	child->is_admin = parent->is_admin;
	memcpy(child->auxv, parent->auxv, sizeof(child->auxv));
}

/* Context: parent->lock for writing. 0 or -ENOMEM. */
static int fork_copy_space(struct mm *parent, struct mm *child)
{
	struct vma *vma, *dead = NULL;
	struct tlb_batch batch;
	struct rmap *held = NULL;       /* truncation waits: [X7], rmap_walk.c */
	bool unlocked = false;
	int err = 0;

	tlb_batch_begin(&batch, &parent->space, TLB_FORK);
	for (vma = vma_find(parent, 0); vma && !err; vma = vma_next(vma)) {
		if (vma->flags & VM_DONTFORK)
			continue;
		unlocked |= vma->flags & VM_LOCKED;
		rmap_lock_next(&held, vma_rmap(vma));
		err = fork_copy_vma(parent, child, vma, &batch);
	}
	rmap_unlock_last(held);
	tlb_batch_end(&batch);
	if (unlocked)                   /* what VM_LOCKED kept apart */
		vma_merge_range(child, 0, USER_END, &dead);
	vma_free_chain(dead);
	return err;
}

/**
 * mm_fork() - a copy of a space, sharing its frames copy-on-write
 *
 * Context: thread, no locks; parent has a user. Return: 0 with a space of one
 * user in *out, or -ENOMEM with nothing left behind.
 */
int mm_fork(struct mm *parent, struct mm **out)
{
	struct mm *child;
	int err = mm_create_relative(parent, &child);

	if (err)
		return err;
	write_lock(&parent->lock);
	fork_copy_layout(parent, child);
	err = charge_fork(child, parent);
	if (!err)
		err = fork_copy_space(parent, child);
	if (!err)                       /* walks see both, or neither yet */
		family_join(child->family, &child->family_node);
	charge_settle(child);
	write_unlock(&parent->lock);
	mm_list_add(child);
	if (err) {
		mm_put(child);
		return err;
	}
	*out = child;
	return 0;
}
