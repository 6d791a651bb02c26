/* SPDX-License-Identifier: MIT */
/*
 * mremap: another size, another place, the same pages.
 *
 *	smaller                  munmap of the tail
 *	larger, room behind      the VMA grows
 *	larger, MAYMOVE          a new VMA in a hole, leaves move, the old one goes
 *	FIXED                    the same, to a given place, unmapping what is there
 *	old_len 0, shared        a second mapping of the same memory
 *	DONTUNMAP                the leaves move, the old VMA stays, empty
 *
 * Pages are never copied: a leaf is cleared here and installed there, with its
 * frame, rights, young and dirty. The old translations are flushed before
 * mm->lock goes. Tables for the new place are made as the move comes to them;
 * when one cannot be had, what has moved goes back, which needs none. Anonymous
 * pages keep their home (mm/backing/family.h): the new VMA says how far it is from
 * there, unless no page came along.
 *
 * Locking: mm->lock for writing: no fault runs in either range. The new slots
 * are filled under the lock of the old table only: they are none, and whoever
 * else would fill them needs mm->lock too.
 */
#include "lib/errno.h"
#include "mm/backing/backing.h"
#include "mm/spaces/charge.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mmap.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

enum { MREMAP_KNOWN = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP };

struct mremap_request {
	struct mm *mm;
	vaddr_t old, new;               /* new: 0, or the fixed place */
	size_t old_len, new_len;        /* bytes, whole pages */
	u32 flags;                      /* MREMAP_* */
	struct vma *dead;               /* VMAs to be freed after the lock */
	u32 vm_flags;                   /* VM_* of the mapping, once found */
};

/* ---- moving leaves ------------------------------------------------------------ */

/* Where leaves of one destination table go. */
struct mremap_target {
	pte_t *slot;                    /* of `start`; NULL: no table yet */
	vaddr_t start;
	vaddr_t end;                    /* of what the table covers */
};

/* Moves the rest of the cursor's table to slots from `to` on, which are none. */
static void mremap_move_slots(struct pt_cursor *c, pte_t *to)
{
	pte_t *slot;

	pt_for_each_slot(c, slot) {
		if (pte_kind(pt_read(slot), 0) != PTE_NONE)
			pt_install(to, pt_clear(slot));
		to++;
	}
	pt_cursor_skip(c);
}

/*
 * Moves leaves of [va, end) by `by` bytes as far as the target table reaches.
 * Return: where it stopped: end, or the first leaf that needs another table.
 */
static vaddr_t mremap_move_leaves(struct mm *mm, vaddr_t va, vaddr_t end,
				  vaddr_t by, const struct mremap_target *to,
				  struct tlb_batch *batch)
{
	struct pt_cursor c;

	pt_cursor_begin(&c, &mm->space, va, end);
	va = end;
	while (pt_cursor_next(&c)) {
		vaddr_t at = c.va + by;
		bool cut;

		if (unlikely(!to->slot || at < to->start || at >= to->end)) {
			va = c.va;
			break;
		}
		cut = pt_cursor_rest(&c) > to->end - at;
		if (cut)
			c.slot_end = c.slot + ((to->end - at) >> PAGE_SHIFT);
		tlb_batch_note(batch, c.va, pt_cursor_rest(&c));
		mremap_move_slots(&c,
				  to->slot + ((at - to->start) >> PAGE_SHIFT));
		if (cut) {              /* the old table has more than the new */
			va = to->end - by;
			break;
		}
	}
	pt_cursor_end(&c);
	return va;
}

/* The table for at, made if need be. 0 or -ENOMEM. */
static int mremap_make_table(struct mm *mm, vaddr_t at,
			     struct mremap_target *to)
{
	struct pt_cursor c;
	int err = pt_slot_alloc(&c, &mm->space, at, 0, &mm->nr_tables);

	if (err)
		return err;
	to->slot = c.slot;
	to->start = at;
	to->end = ALIGN_DOWN(at, pt_level_size(1)) + pt_level_size(1);
	pt_claim_slots(c.slot, pt_slots_left(&c, to->end));
	pt_cursor_end(&c);
	return 0;
}

/* Moves all leaves of [old, old + len) to new. *done: bytes that are through;
 * *moved: some leaf was. */
static int mremap_move_range(struct mm *mm, vaddr_t old, vaddr_t new,
			     size_t len, size_t *done, bool *moved,
			     struct tlb_batch *batch)
{
	struct mremap_target to = { NULL, 0, 0 };
	vaddr_t va = old, end = old + len;
	int err = 0;

	while (!err) {
		va = mremap_move_leaves(mm, va, end, new - old, &to, batch);
		if (va == end)
			break;
		err = mremap_make_table(mm, va + (new - old), &to);
	}
	*done = va - old;
	*moved = to.slot != NULL;
	return err;
}

/*
 * The same, all or nothing. Context: mm->lock for writing; the VMA of the new
 * place is in the tree, its slots are none. 0 or -ENOMEM without a change.
 */
static int mremap_move_pages(struct mm *mm, struct rmap *rmap, vaddr_t old,
			     vaddr_t new, size_t len, bool *moved)
	__no_thread_safety
{
	struct tlb_batch batch;
	size_t done, back;
	int err;

	if (rmap)                       /* [X7] in rmap_walk.c */
		rmap_lock(rmap);

	tlb_batch_begin(&batch, &mm->space, TLB_MOVE);
	err = mremap_move_range(mm, old, new, len, &done, moved, &batch);
	if (err && done &&
	    mremap_move_range(mm, new, old, done, &back, moved, &batch))
		panic("mremap: no way back from %#lx to %#lx", new, old);
	tlb_batch_end(&batch);
	if (rmap)
		rmap_unlock(rmap);
	return err;
}

/* ---- the cases ------------------------------------------------------------------ */

/* The tables of [start, start + len), where no VMA is. Context: mm->lock for
 * writing. */
static void mremap_free_tables(struct mm *mm, vaddr_t start, size_t len)
{
	struct vma *below = vma_find_before(mm, start);
	struct vma *above = below ? vma_next(below) : vma_find(mm, start);
	struct tlb_batch batch;

	tlb_batch_begin(&batch, &mm->space, TLB_MOVE);
	pt_free_tables(&mm->space, start, start + len, below ? below->end : 0,
		       above ? above->start : USER_END, &batch, &mm->nr_tables);
	tlb_batch_end(&batch);
}

/* A VMA like the one at rq->old, for rq->new_len bytes at `at`. NULL: none. */
static struct vma *mremap_make_vma(const struct mremap_request *rq,
				   const struct vma *vma, vaddr_t at)
{
	struct vma tmpl;

	vma_copy_values(&tmpl, vma);
	tmpl.start = at;
	tmpl.end = at + rq->new_len;
	tmpl.pgoff = vma->mapping ? vma_index(vma, rq->old) : at >> PAGE_SHIFT;
	if (!(vma->flags & VM_SHARED))
		tmpl.moved_by += at - rq->old;
	return vma_create(&tmpl);
}

static void mremap_drop_vma(struct mremap_request *rq, struct vma *vma)
{
	vma_remove(rq->mm, vma);
	vma->next_dead = rq->dead;
	rq->dead = vma;
}

/* Pages keep the homes that they have; where none came along, home is here. */
static void mremap_settle(struct vma *new, bool moved)
{
	if (!moved)
		new->moved_by = 0;
	else if (new->moved_by)
		new->mm->has_moved = true;
}

/*
 * A new VMA at `at`, which is free, takes over the pages of the old range.
 * Everything that can fail comes before the old VMA is cut.
 */
static int mremap_move_to(struct mremap_request *rq, struct vma *vma,
			  vaddr_t at)
{
	bool stays = rq->flags & MREMAP_DONTUNMAP;
	bool keep = stays || rq->old_len == 0;
	size_t len = MIN(rq->old_len, rq->new_len);
	struct mm *mm = rq->mm;
	bool moved = false;
	struct vma *new;
	int err = share_own_range(mm, rq->old, rq->old + len);

	if (err)
		return err;
	if (!keep || (stays && vma->flags & VM_LOCKED)) {
		err = vma_isolate(mm, rq->old, rq->old + rq->old_len);
		if (err)
			return err;
		vma = vma_find(mm, rq->old);
	}
	new = mremap_make_vma(rq, vma, at);
	err = new ? 0 : -ENOMEM;
	if (new) {
		vma_insert(mm, new);
		err = mremap_move_pages(mm, vma_rmap(vma), rq->old, at, len,
					&moved);
		if (err)
			mremap_drop_vma(rq, new);
	}
	if (err) {
		mremap_free_tables(mm, at, rq->new_len);
		vma_merge_range(mm, rq->old, rq->old + rq->old_len, &rq->dead);
		return err;
	}
	mremap_settle(new, moved);
	if (!keep) {
		mremap_drop_vma(rq, vma);
		mremap_free_tables(mm, rq->old, rq->old_len);
	} else if (stays) {             /* what is left is not locked */
		vma_set_flags(vma, vma->flags & ~(u32)VM_LOCK_BITS);
		vma_merge(mm, vma, &rq->dead);
		new = vma_find(mm, at); /* the two may be neighbours */
	}
	vma_merge(mm, new, &rq->dead);
	return 0;
}

/*
 * The old range must lie in one VMA of a kind that can do it, and what it grows by
 * must keep the limits. 0, -EFAULT, -EINVAL, -EAGAIN or -ENOMEM.
 */
static int mremap_check_vma(const struct mremap_request *rq,
			    const struct vma *vma)
{
	if (!vma || vma->start > rq->old)
		return -EFAULT;
	if (rq->old_len == 0 && !(vma->flags & VM_SHARED))
		return -EINVAL;
	if (rq->old_len > vma->end - rq->old)
		return -EFAULT;
	if (rq->new_len > rq->old_len && vma->flags & VM_LOCKED &&
	    !mm_may_lock(rq->mm, (rq->new_len - rq->old_len) >> PAGE_SHIFT))
		return -EAGAIN;
	if (rq->new_len > rq->old_len &&
	    !mm_may_grow(rq->mm, vma->flags,
			 (rq->new_len - rq->old_len) >> PAGE_SHIFT))
		return -ENOMEM;
	return 0;
}

/* The pages that the VMA is to have more are promised. 0 or -ENOMEM. */
static int mremap_charge(const struct mremap_request *rq, const struct vma *vma)
{
	size_t more = rq->new_len;

	if (!(vma->flags & VM_ACCOUNT))
		return 0;
	if (!(rq->flags & MREMAP_DONTUNMAP))    /* which keeps the old ones */
		more -= MIN(rq->old_len, rq->new_len);
	return more ? charge_pages(rq->mm, more >> PAGE_SHIFT, 0) : 0;
}

/* Whatever lies in [start, start + len) goes. */
static int mremap_cut(struct mremap_request *rq, vaddr_t start, size_t len)
{
	if (start > USER_END || len > USER_END - start)
		return -EINVAL;
	return mmap_cut(rq->mm, start, start + len, &rq->dead);
}

/* An old range in the middle of its VMA leaves two behind, and a new one. */
static bool mremap_vmas_fit(const struct mremap_request *rq)
{
	return rq->mm->nr_vmas + 3 <= MM_MAX_MAP_COUNT;
}

/* May the pages go to rq->new? */
static int mremap_check_target(const struct mremap_request *rq)
{
	if (rq->new & ~PAGE_MASK || rq->new_len > USER_END ||
	    rq->new > USER_END - rq->new_len)
		return -EINVAL;
	if (rq->new < rq->old + rq->old_len && rq->old < rq->new + rq->new_len)
		return -EINVAL;         /* they overlap */
	if (rq->flags & MREMAP_FIXED && rq->new < MM_MIN_ADDR)
		return -EPERM;
	return mremap_vmas_fit(rq) ? 0 : -ENOMEM;
}

/* The target and the tail of the old range are cleared; what is left of it is
 * checked only then, as on Linux. */
static int mremap_clear_target(struct mremap_request *rq)
{
	int err = 0;

	if (rq->flags & MREMAP_FIXED)
		err = mremap_cut(rq, rq->new, rq->new_len);
	if (!err && rq->old_len > rq->new_len) {
		err = mremap_cut(rq, rq->old + rq->new_len,
				 rq->old_len - rq->new_len);
		rq->old_len = rq->new_len;
	}
	return err;
}

/* MREMAP_FIXED, MREMAP_DONTUNMAP: to the place that the caller names or likes. */
static int mremap_to(struct mremap_request *rq, vaddr_t *out)
{
	struct vma *vma;
	int err = mremap_check_target(rq);

	if (!err)
		err = mremap_clear_target(rq);
	if (err)
		return err;
	vma = vma_find(rq->mm, rq->old);
	err = mremap_check_vma(rq, vma);
	if (err)
		return err;
	if (rq->flags & MREMAP_DONTUNMAP &&
	    !mm_may_grow(rq->mm, vma->flags, rq->old_len >> PAGE_SHIFT))
		return -ENOMEM;
	if (!(rq->flags & MREMAP_FIXED))
		rq->new = mmap_find_place(rq->mm, rq->new, rq->new_len);
	*out = rq->new;
	charge_settle(rq->mm);          /* what was cut is free again */
	if (!rq->new || mremap_charge(rq, vma))
		return -ENOMEM;
	return mremap_move_to(rq, vma, rq->new);
}

/* Is there room behind the VMA, whose end is the old range's? */
static bool mremap_has_room(const struct mremap_request *rq, struct vma *vma)
{
	struct vma *next = vma_next(vma);

	return vma->end == rq->old + rq->old_len &&
	       rq->new_len <= USER_END - rq->old &&
	       (!next || rq->old + rq->new_len <= next->start);
}

/* Grows where it is, or moves if it may. */
static int mremap_grow(struct mremap_request *rq, struct vma *vma, vaddr_t *out)
{
	int err = mremap_check_vma(rq, vma);

	*out = rq->old;
	if (!err)
		err = mremap_charge(rq, vma);
	if (err)
		return err;
	if (rq->old_len && mremap_has_room(rq, vma)) {
		vma_set_range(vma, vma->start, rq->old + rq->new_len);
		vma_merge(rq->mm, vma, &rq->dead);
		return 0;
	}
	if (!(rq->flags & MREMAP_MAYMOVE) || rq->new_len > USER_END ||
	    !mremap_vmas_fit(rq))
		return -ENOMEM;
	*out = mmap_find_place(rq->mm, 0, rq->new_len);
	return *out ? mremap_move_to(rq, vma, *out) : -ENOMEM;
}

/* What is behind the new end goes, be it of this mapping or not. */
static int mremap_shrink(struct mremap_request *rq, vaddr_t *out)
{
	*out = rq->old;
	if (rq->old_len == rq->new_len)
		return 0;
	return mremap_cut(rq, rq->old + rq->new_len, rq->old_len - rq->new_len);
}

/* What can be said without looking at the space. */
static int mremap_check_flags(const struct mremap_request *rq)
{
	if (rq->flags & ~(u32)MREMAP_KNOWN || rq->old & ~PAGE_MASK ||
	    rq->new_len == 0)
		return -EINVAL;
	if (rq->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) &&
	    !(rq->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	return 0;
}

/* Locked memory that has grown is there at once. What does not come, comes at
 * use: the call has succeeded. Context: no mm lock. */
static void mremap_fill_locked(const struct mremap_request *rq, size_t old_len,
			       vaddr_t at)
{
	if (rq->vm_flags & VM_LOCKED && rq->new_len > old_len)
		mm_populate_locked(rq->mm, at + old_len, at + rq->new_len);
}

/* mm_mremap() under the lock. */
static int mremap_locked(struct mremap_request *rq, vaddr_t *out)
{
	struct vma *vma = vma_find(rq->mm, rq->old);

	if (!vma || vma->start > rq->old)
		return -EFAULT;
	rq->vm_flags = vma->flags;
	if (rq->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return mremap_to(rq, out);
	if (rq->old_len >= rq->new_len)
		return mremap_shrink(rq, out);
	return mremap_grow(rq, vma, out);
}

/**
 * mm_mremap() - give a mapping another size or place
 *
 * new_addr counts with MREMAP_FIXED (and as a hint with DONTUNMAP). A range that
 * shrinks is cut like munmap does, beyond its mapping too.
 * Context: thread, without mm->lock; may sleep. Return: 0 with the address in
 * *out; -EINVAL, -EFAULT (not one mapping), -ENOMEM, -EPERM. When a
 * fixed move fails, what lay at the new place may be gone already, as on Linux.
 */
int mm_mremap(struct mm *mm, vaddr_t old, size_t old_len, size_t new_len,
	      u32 flags, vaddr_t new_addr, vaddr_t *out)
{
	struct mremap_request rq = {
		.mm = mm, .old = old, .flags = flags,
		.new = flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) ? new_addr : 0,
		.old_len = ALIGN_UP(old_len, PAGE_SIZE),
		.new_len = ALIGN_UP(new_len, PAGE_SIZE),
	};
	int err = mremap_check_flags(&rq);

	if (flags & MREMAP_DONTUNMAP && old_len != new_len)
		return -EINVAL;         /* to the byte */
	if (err)
		return err;
	write_lock(&mm->lock);
	err = mremap_locked(&rq, out);
	if (!err && old == mm->vdso && !(flags & MREMAP_DONTUNMAP))
		mm->vdso = *out;        /* handlers return through it */
	charge_settle(mm);
	write_unlock(&mm->lock);
	vma_free_chain(rq.dead);
	if (!err)
		mremap_fill_locked(&rq, ALIGN_UP(old_len, PAGE_SIZE), *out);
	return err;
}
