/* SPDX-License-Identifier: MIT */
/*
 * Looking into the VMA tree: by address, and for a hole.
 *
 * mm->hint remembers the VMA found last: a fault is mostly near its predecessor.
 * The search for a hole goes from the top downwards and skips every subtree
 * whose largest gap is too small (the picture is in vma.c).
 *
 * Locking: mm->lock, either way. mm->hint is also stored by readers: it always
 * names a VMA of the tree, since removal, which writers do, clears it.
 */
#include "mm/spaces/mm.h"
#include "mm/spaces/mman.h"
#include "mm/spaces/vma.h"

/**
 * vma_find_slow() - first VMA with end > addr, or NULL; remembers it
 *
 * Context: mm->lock.
 */
struct vma *vma_find_slow(struct mm *mm, vaddr_t addr)
{
	struct rb_node *node = mm->vmas.node;
	struct vma *best = NULL;

	while (node) {
		struct vma *vma = rb_entry(node, struct vma, node);

		if (vma->end > addr) {
			best = vma;
			if (vma->start <= addr)
				break;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	if (best)
		WRITE_ONCE(mm->hint, best);
	return best;
}

/**
 * vma_pages_in() - how many pages of [start, end) are mapped
 *
 * flags: VM_* of which a VMA must have one to count; 0: all count.
 * Context: mm->lock.
 */
u64 vma_pages_in(struct mm *mm, vaddr_t start, vaddr_t end, u32 flags)
{
	struct vma *vma = vma_find(mm, start);
	u64 bytes = 0;

	for (; vma && vma->start < end; vma = vma_next(vma))
		if (!flags || vma->flags & flags)
			bytes += MIN(vma->end, end) - MAX(vma->start, start);
	return bytes >> PAGE_SHIFT;
}

/**
 * vma_find_before() - last VMA with end <= addr, or NULL
 *
 * Context: mm->lock.
 */
struct vma *vma_find_before(struct mm *mm, vaddr_t addr)
{
	struct rb_node *node = mm->vmas.node;
	struct vma *best = NULL;

	while (node) {
		struct vma *vma = rb_entry(node, struct vma, node);

		if (vma->end <= addr) {
			best = vma;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return best;
}

/** vma_next() - the VMA above, or NULL. Context: mm->lock. */
struct vma *vma_next(const struct vma *vma)
{
	return vma_of(rb_next(&vma->node));
}

/** vma_prev() - the VMA below, or NULL. Context: mm->lock. */
struct vma *vma_prev(const struct vma *vma)
{
	return vma_of(rb_prev(&vma->node));
}

/**
 * vma_guard_start() - where new mappings below this VMA must end
 *
 * The start, or for a stack that grows down, STACK_GUARD_GAP below it.
 */
vaddr_t vma_guard_start(const struct vma *vma)
{
	if (!(vma->flags & VM_GROWSDOWN))
		return vma->start;
	return vma->start > STACK_GUARD_GAP ? vma->start - STACK_GUARD_GAP : 0;
}

/* ---- the search for a hole ------------------------------------------------ */

/* The rightmost VMA of the subtree at node before which len bytes below high
 * may be free, as far as the gaps tell. */
static struct vma *gap_descend(const struct rb_node *node, size_t len,
			       vaddr_t high)
{
	while (1) {
		struct vma *vma = vma_of(node);
		struct vma *right = vma_of(node->right);

		if (!right || right->gap < len || vma->end > high ||
		    high - vma->end < len)
			return vma;
		node = node->right;
	}
}

/* The next candidate to the left of vma. */
static struct vma *gap_step_left(const struct vma *vma, size_t len,
				 vaddr_t high)
{
	const struct rb_node *node = &vma->node, *parent;

	if (node->left && vma_of(node->left)->gap >= len)
		return gap_descend(node->left, len, high);
	while ((parent = rb_parent(node)) && node == parent->left)
		node = parent;
	return vma_of(parent);
}

/* Highest place for len bytes in [start, end) cut to [low, high); 0: none. */
static vaddr_t gap_place(vaddr_t start, vaddr_t end, size_t len, vaddr_t low,
			 vaddr_t high)
{
	start = MAX(start, low);
	end = MIN(end, high);
	return end > start && end - start >= len ? end - len : 0;
}

/**
 * vma_find_gap() - the highest free range of len bytes inside [low, high)
 *
 * Guard gaps of stacks are not free. len is a multiple of the page size.
 * Context: mm->lock. Return: its start, or 0: none.
 */
vaddr_t vma_find_gap(struct mm *mm, size_t len, vaddr_t low, vaddr_t high)
{
	struct vma *vma = vma_of(rb_last(&mm->vmas));
	vaddr_t at = gap_place(vma ? vma->end : 0, high, len, low, high);

	if (at || !vma)
		return at;
	for (vma = gap_descend(mm->vmas.node, len, high); vma;
	     vma = gap_step_left(vma, len, high)) {
		vaddr_t end = vma_guard_start(vma);

		if (vma->gap_before < len)
			continue;
		at = gap_place(end - vma->gap_before, end, len, low, high);
		if (at)
			return at;
		if (end <= low)
			break;
	}
	return 0;
}
