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
 * when one cannot be had, what has moved goes back, which needs none.
 *
 * Locking: mm->lock for writing: no fault runs in either range. The new slots
 * are filled under the lock of the old table only: they are none, and whoever
 * else would fill them needs mm->lock too.
 */
#include "lib/errno.h"
#include "mm/backing/backing.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mmap.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

enum { MREMAP_KNOWN = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP };

struct mremap_request {
	struct mm *mm;
	vaddr_t old, new;               /* new: 0, or the fixed place */
	size_t old_len, new_len;        /* bytes, whole pages */
	u32 flags;                      /* MREMAP_* */
	struct vma *dead;               /* VMAs to be freed after the lock */
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

/* Moves all leaves of [old, old + len) to new. *done: bytes that are through. */
static int mremap_move_range(struct mm *mm, vaddr_t old, vaddr_t new,
			     size_t len, size_t *done, struct tlb_batch *batch)
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
	return err;
}

/*
 * The same, all or nothing. Context: mm->lock for writing; the VMA of the new
 * place is in the tree, its slots are none. 0 or -ENOMEM without a change.
 */
static int mremap_move_pages(struct mm *mm, struct rmap *rmap, vaddr_t old,
			     vaddr_t new, size_t len)
	__no_thread_safety
{
	struct tlb_batch batch;
	size_t done, back;
	int err;

	if (rmap)                       /* [X7] in rmap_walk.c */
		rmap_lock(rmap);

	tlb_batch_begin(&batch, &mm->space, TLB_MOVE);
	err = mremap_move_range(mm, old, new, len, &done, &batch);
	if (err && done && mremap_move_range(mm, new, old, done, &back, &batch))
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
	return vma_create(&tmpl);
}

static void mremap_drop_vma(struct mremap_request *rq, struct vma *vma)
{
	vma_remove(rq->mm, vma);
	vma->next_dead = rq->dead;
	rq->dead = vma;
}

/*
 * A new VMA at `at`, which is free, takes over the pages of the old range.
 * Everything that can fail comes before the old VMA is cut.
 */
static int mremap_move_to(struct mremap_request *rq, struct vma *vma,
			  vaddr_t at)
{
	bool keep = rq->flags & MREMAP_DONTUNMAP || rq->old_len == 0;
	size_t len = MIN(rq->old_len, rq->new_len);
	struct mm *mm = rq->mm;
	struct vma *new;
	int err;

	if (!keep) {
		err = vma_isolate(mm, rq->old, rq->old + rq->old_len);
		if (err)
			return err;
		vma = vma_find(mm, rq->old);
	}
	new = mremap_make_vma(rq, vma, at);
	err = new ? 0 : -ENOMEM;
	if (new) {
		vma_insert(mm, new);
		err = mremap_move_pages(mm, vma_rmap(vma), rq->old, at, len);
		if (err)
			mremap_drop_vma(rq, new);
	}
	if (err) {
		mremap_free_tables(mm, at, rq->new_len);
		vma_merge_range(mm, rq->old, rq->old + rq->old_len, &rq->dead);
		return err;
	}
	if (!keep) {
		mremap_drop_vma(rq, vma);
		mremap_free_tables(mm, rq->old, rq->old_len);
	}
	vma_merge(mm, new, &rq->dead);
	return 0;
}

/* Room in limits and VMAs for what the request adds? */
static bool mremap_fits(const struct mremap_request *rq, const struct vma *vma)
{
	u64 more = rq->new_len;

	if (!(rq->flags & MREMAP_DONTUNMAP))
		more -= MIN(rq->old_len, rq->new_len);
	/* An old range in the middle of its VMA leaves two behind, and a new one. */
	if (rq->mm->nr_vmas + 3 > MM_MAX_MAP_COUNT)
		return false;
	return mm_may_grow(rq->mm, vma->flags, more >> PAGE_SHIFT);
}

/* Grows or shrinks where it is. Return: 1: done; 0: it must move; -errno. */
static int mremap_in_place(struct mremap_request *rq, struct vma *vma)
{
	vaddr_t old_end = rq->old + rq->old_len;
	vaddr_t new_end = rq->old + rq->new_len;
	struct vma *next;
	int err;

	if (new_end == old_end)
		return 1;
	if (rq->new_len < rq->old_len) {
		err = mmap_cut(rq->mm, new_end, old_end, &rq->dead);
		return err ? err : 1;
	}
	next = vma_next(vma);
	if (vma->end != old_end || new_end < rq->old || new_end > USER_END ||
	    (next && new_end > vma_guard_start(next)))
		return 0;
	if (!mremap_fits(rq, vma))
		return -ENOMEM;
	vma_set_range(vma, vma->start, new_end);
	vma_merge(rq->mm, vma, &rq->dead);
	return 1;
}

/* To the place that the caller names. */
static int mremap_fixed(struct mremap_request *rq, vaddr_t *out)
{
	struct vma *vma;
	int err;

	err = mmap_cut(rq->mm, rq->new, rq->new + rq->new_len, &rq->dead);
	if (!err && rq->old_len > rq->new_len) {
		err = mmap_cut(rq->mm, rq->old + rq->new_len,
			       rq->old + rq->old_len, &rq->dead);
		rq->old_len = rq->new_len;
	}
	vma = vma_find(rq->mm, rq->old);        /* cuts may have split it */
	if (!err && (!vma || vma->start > rq->old))
		err = -EFAULT;          /* old_len 0, and new lay over it */
	if (!err)
		err = mremap_move_to(rq, vma, rq->new);
	if (!err)
		*out = rq->new;
	return err;
}

/* Somewhere else, or in place. */
static int mremap_anywhere(struct mremap_request *rq, struct vma *vma,
			   vaddr_t *out)
{
	bool must_move = rq->flags & MREMAP_DONTUNMAP || rq->old_len == 0;
	int err = must_move ? 0 : mremap_in_place(rq, vma);
	vaddr_t at;

	if (err) {
		*out = rq->old;
		return err < 0 ? err : 0;
	}
	if (!(rq->flags & MREMAP_MAYMOVE) || !mremap_fits(rq, vma))
		return -ENOMEM;
	at = mmap_find_place(rq->mm, rq->new, rq->new_len);
	if (!at)
		return -ENOMEM;
	err = mremap_move_to(rq, vma, at);
	if (!err)
		*out = at;
	return err;
}

/* The old range must lie in one VMA of a kind that can do it. */
static int mremap_check_vma(const struct mremap_request *rq,
			    const struct vma *vma)
{
	if (!vma || vma->start > rq->old)
		return -EFAULT;
	if (rq->old_len == 0 && !(vma->flags & VM_SHARED))
		return -EINVAL;
	if (rq->old_len > vma->end - rq->old)
		return -EFAULT;
	if (vma->mapping &&
	    vma_index(vma, rq->old) + (rq->new_len >> PAGE_SHIFT) <
		    vma_index(vma, rq->old))
		return -EINVAL;
	return 0;
}

static int mremap_check_flags(const struct mremap_request *rq)
{
	bool fixed = rq->flags & MREMAP_FIXED;

	if (rq->flags & ~(u32)MREMAP_KNOWN || rq->old & ~PAGE_MASK ||
	    rq->new_len == 0)
		return -EINVAL;
	if (rq->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) &&
	    !(rq->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (rq->flags & MREMAP_DONTUNMAP && rq->old_len != rq->new_len)
		return -EINVAL;
	if (rq->old > USER_END || rq->old_len > USER_END - rq->old)
		return -EFAULT;
	if (rq->new_len > USER_END)
		return fixed ? -EINVAL : -ENOMEM;
	if (!fixed)
		return 0;
	if (rq->new & ~PAGE_MASK || rq->new > USER_END - rq->new_len)
		return -EINVAL;
	if (rq->new < rq->old + rq->old_len && rq->old < rq->new + rq->new_len)
		return -EINVAL;         /* they overlap */
	return rq->new < MM_MIN_ADDR ? -EPERM : 0;
}

/**
 * mm_mremap() - give a mapping another size or place
 *
 * new_addr counts with MREMAP_FIXED (and as a hint with DONTUNMAP).
 * Context: thread, without mm->lock; may sleep. Return: 0 with the address in
 * *out; -EINVAL, -EFAULT (not one mapping), -ENOMEM, -EPERM. On -ENOMEM of a
 * fixed move, what lay at the new place may be gone already, as on Linux.
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
	struct vma *vma;
	int err = mremap_check_flags(&rq);

	if (err)
		return err;
	write_lock(&mm->lock);
	vma = vma_find(mm, old);
	err = mremap_check_vma(&rq, vma);
	if (!err && flags & MREMAP_FIXED)
		err = mremap_fits(&rq, vma) ? mremap_fixed(&rq, out) : -ENOMEM;
	else if (!err)
		err = mremap_anywhere(&rq, vma, out);
	if (!err && old == mm->vdso && !(flags & MREMAP_DONTUNMAP))
		mm->vdso = *out;        /* handlers return through it */
	write_unlock(&mm->lock);
	vma_free_chain(rq.dead);
	return err;
}
