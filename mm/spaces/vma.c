/* SPDX-License-Identifier: MIT */
/*
 * The VMA tree: insert, split, merge (vma_find.c: look-ups, the search for a hole).
 *
 *	                 ┌───────────────┐
 *	                 │ [30,40) gap 9 │      gap = largest gap_before in the
 *	                 └──┬─────────┬──┘            subtree, this node's too
 *	      ┌─────────────┴─┐     ┌─┴─────────────┐
 *	      │ [10,21) gap 9 │     │ [45,50) gap 5 │
 *	      └───────────────┘     └───────────────┘
 *
 * A red-black tree by address. Every node knows the free space before it and
 * the largest such space in its subtree, so the highest hole that is large
 * enough is found in one descent, whatever the number of VMAs.
 *
 * The space before a stack that grows down does not count its guard gap, so
 * mmap never settles there by itself.
 *
 * Anonymous VMAs carry pgoff = start >> PAGE_SHIFT: two neighbours always
 * continue each other, and the rule for merging needs no special case.
 *
 * Splits need a new VMA; callers get it before they change anything, so that
 * running out of memory leaves no trace. VMAs that leave the tree gather in a
 * chain and are freed when mm->lock is down, because the last reference to a
 * file may take the file system's locks.
 *
 * Invariants: [V1] to [V5] in vma.h. Locking: changes under mm->lock for
 * writing, look-ups under either. mm->hint is also stored by readers: it
 * always names a VMA of the tree, since removal, which writers do, clears it.
 */
#include "mm/spaces/vma.h"

#include "arch/mmu.h"
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/backing/backing.h"
#include "mm/backing/mapping.h"
#include "mm/frames/slab.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/mman.h"

static struct kmem_cache *vma_cache;

/* rb_augment_fn: the largest gap of a subtree. */
static void vma_gap_augment(struct rb_node *node)
{
	struct vma *vma = vma_of(node);
	vaddr_t gap = vma->gap_before;

	if (node->left && vma_of(node->left)->gap > gap)
		gap = vma_of(node->left)->gap;
	if (node->right && vma_of(node->right)->gap > gap)
		gap = vma_of(node->right)->gap;
	vma->gap = gap;
}

/**
 * vma_cache_init() - the object cache of VMAs. Boot, from mm_init().
 */
void vma_cache_init(void)
{
	vma_cache = kmem_cache_create("vma", sizeof(struct vma), 8, CACHE_PANIC,
				      NULL);
}

/**
 * vma_tree_init() - an empty tree for a new space
 */
void vma_tree_init(struct mm *mm)
{
	mm->vmas = (struct rb_root){ .augment = vma_gap_augment };
	mm->hint = NULL;
	mm->nr_vmas = 0;
}

/* ---- change --------------------------------------------------------------- */

static void vma_account(struct mm *mm, u32 flags, s64 nr_pages)
{
	mm->total_vm += (u64)nr_pages;
	if (flags & VM_LOCKED)
		mm->locked_vm += (u64)nr_pages;
	if (vma_flags_are_data(flags))
		mm->data_vm += (u64)nr_pages;
	else if (flags & VM_GROWSDOWN)
		mm->stack_vm += (u64)nr_pages;
	else if ((flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		mm->exec_vm += (u64)nr_pages;
}

/* The gap before vma, from the VMA below it. */
static vaddr_t vma_gap_below(const struct vma *vma, const struct vma *prev)
{
	vaddr_t from = prev ? prev->end : MM_MIN_ADDR;
	vaddr_t to = vma_guard_start(vma);

	return to > from ? to - from : 0;
}

/* A neighbour changed: recompute the gap before vma and what depends on it. */
static void vma_update_gap(struct mm *mm, struct vma *vma)
{
	vaddr_t gap;

	if (!vma)
		return;
	gap = vma_gap_below(vma, vma_prev(vma));
	if (gap == vma->gap_before)
		return;
	vma->gap_before = gap;
	rb_update(&mm->vmas, &vma->node);
}

/**
 * vma_leaf_prot() - the protection of a leaf with all the rights of flags
 *
 * Without any right it is that of a silent leaf. Write or execute bring read
 * with them, as on the machines.
 */
u32 vma_leaf_prot(u32 flags)
{
	ptprot_t prot = PT_USER;

	if (flags & VM_ACCESS)
		prot |= PT_READ;
	if (flags & VM_WRITE)
		prot |= PT_WRITE;
	if (flags & VM_EXEC)
		prot |= PT_EXEC;
	return prot;
}

/* Can the file change through this VMA, now or after an mprotect? */
static bool vma_is_writer(const struct vma *vma)
{
	return vma->flags & VM_SHARED && vma->flags & VM_MAYWRITE;
}

/**
 * vma_create() - a VMA outside of any tree, with the values of tmpl
 *
 * Context: thread. Return: NULL: no memory.
 */
struct vma *vma_create(const struct vma *tmpl)
{
	struct vma *vma = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (!vma)
		return NULL;
	vma_copy_values(vma, tmpl);
	vma->next_dead = NULL;
	if (vma->mapping)
		mapping_map_get(vma->mapping, vma->flags & VM_SHARED,
				vma_is_writer(vma));
	return vma;
}

/**
 * vma_free_chain() - free VMAs that left the tree
 *
 * Context: thread, no mm lock: the last reference to a file may go.
 */
void vma_free_chain(struct vma *dead)
{
	while (dead) {
		struct vma *next = dead->next_dead;

		if (dead->mapping)
			mapping_map_put(dead->mapping, dead->flags & VM_SHARED,
					vma_is_writer(dead));
		kmem_cache_free(vma_cache, dead);
		dead = next;
	}
}

/* ---- the file's side: rmap ------------------------------------------------ */

/** vma_rmap() - the rmap of the VMA's file, or NULL. Context: any. */
struct rmap *vma_rmap(const struct vma *vma)
{
	return vma->mapping ? &vma->mapping->rmap : NULL;
}

/* What the file knows of the VMA may change. */
static void vma_lock_file(const struct vma *vma) __no_thread_safety
{
	if (vma->mapping)
		rmap_lock(&vma->mapping->rmap);
}

static void vma_unlock_file(const struct vma *vma) __no_thread_safety
{
	if (vma->mapping)
		rmap_unlock(&vma->mapping->rmap);
}

/** vma_link_file() - [V5] for a VMA in the tree. Context: rmap.lock of its file. */
void vma_link_file(struct vma *vma)
{
	if (!vma->mapping)
		return;
	vma->rmap.first = vma->pgoff;
	vma->rmap.end = vma->pgoff + vma_pages(vma);
	rmap_insert(&vma->mapping->rmap, &vma->rmap);
}

static void vma_unlink_file(struct vma *vma)
{
	if (vma->mapping)
		rmap_remove(&vma->mapping->rmap, &vma->rmap);
}

/**
 * vma_unlink_files() - no truncation looks into this space any more
 *
 * Before its leaves and tables go. Context: thread; the space has no user.
 */
void vma_unlink_files(struct mm *mm)
{
	struct rmap *held = NULL;
	struct vma *vma;

	for (vma = vma_find(mm, 0); vma; vma = vma_next(vma)) {
		rmap_lock_next(&held, vma_rmap(vma));
		vma_unlink_file(vma);
	}
	rmap_unlock_last(held);
}

/* ---- in and out of the tree ----------------------------------------------- */

/**
 * vma_insert_unlinked() - put a VMA into free space of the tree
 *
 * Its file learns of it by vma_link_file(). Context: mm->lock for writing.
 */
void vma_insert_unlinked(struct mm *mm, struct vma *vma)
{
	struct rb_node **link = &mm->vmas.node, *parent = NULL;
	struct vma *prev = NULL, *next = NULL;

	while (*link) {
		struct vma *at = vma_of(*link);

		parent = *link;
		if (vma->start < at->start) {
			next = at;
			link = &parent->left;
		} else {
			prev = at;
			link = &parent->right;
		}
	}
	assert_slow(!prev || prev->end <= vma->start);
	assert_slow(!next || vma->end <= next->start);
	vma->mm = mm;
	vma->gap_before = vma_gap_below(vma, prev);
	rb_insert(&mm->vmas, &vma->node, parent, link);
	mm->nr_vmas++;
	vma_account(mm, vma->flags, (s64)vma_pages(vma));
	vma_update_gap(mm, next);
}

/**
 * vma_insert() - put a VMA into free space of the tree, and tell its file
 *
 * Context: mm->lock for writing; takes the rmap.lock of its file.
 */
void vma_insert(struct mm *mm, struct vma *vma)
{
	vma_insert_unlinked(mm, vma);
	if (vma->mapping) {
		vma_lock_file(vma);
		vma_link_file(vma);
		vma_unlock_file(vma);
	}
}

/* The tree's half of vma_remove(). */
static void vma_erase(struct mm *mm, struct vma *vma)
{
	struct vma *next = vma_next(vma);

	rb_erase(&mm->vmas, &vma->node);
	if (mm->hint == vma)
		mm->hint = NULL;
	mm->nr_vmas--;
	vma_account(mm, vma->flags, -(s64)vma_pages(vma));
	vma_update_gap(mm, next);
}

/**
 * vma_remove() - take a VMA out of the tree and from its file; it stays allocated
 *
 * Context: mm->lock for writing; takes the rmap.lock of its file.
 */
void vma_remove(struct mm *mm, struct vma *vma)
{
	if (vma->mapping) {
		vma_lock_file(vma);
		vma_unlink_file(vma);
		vma_unlock_file(vma);
	}
	vma_erase(mm, vma);
}

/* The tree's half of vma_set_range(). */
static void vma_move_bounds(struct vma *vma, vaddr_t start, vaddr_t end)
{
	struct mm *mm = vma->mm;
	bool end_moved = end != vma->end;

	vma_account(mm, vma->flags, -(s64)vma_pages(vma));
	vma->pgoff += (u64)((s64)(start - vma->start) >> PAGE_SHIFT);
	vma->start = start;
	vma->end = end;
	vma_account(mm, vma->flags, (s64)vma_pages(vma));
	vma_update_gap(mm, vma);
	if (end_moved)
		vma_update_gap(mm, vma_next(vma));
}

/**
 * vma_set_range() - move the bounds of a VMA over space that is free
 *
 * pgoff follows a moved start. Context: mm->lock for writing; takes the
 * rmap.lock of its file.
 */
void vma_set_range(struct vma *vma, vaddr_t start, vaddr_t end)
{
	if (!vma->mapping) {
		vma_move_bounds(vma, start, end);
		return;
	}
	vma_lock_file(vma);
	vma_unlink_file(vma);
	vma_move_bounds(vma, start, end);
	vma_link_file(vma);
	vma_unlock_file(vma);
}

/**
 * vma_split() - cut a VMA in two at a page boundary inside it
 *
 * upper is a fresh vma_create(vma). The file sees one of them or both, never
 * a gap. Context: mm->lock for writing; takes the rmap.lock of its file.
 */
void vma_split(struct vma *vma, vaddr_t at, struct vma *upper)
{
	vaddr_t end = vma->end;

	assert_slow(at > vma->start && at < end);
	trace(vma_split, at, 0);
	upper->start = at;
	upper->end = end;
	upper->pgoff = vma_index(vma, at);
	vma_lock_file(vma);
	vma_unlink_file(vma);
	vma_account(vma->mm, vma->flags, -(s64)((end - at) >> PAGE_SHIFT));
	vma->end = at;
	vma_insert_unlinked(vma->mm, upper);
	vma_link_file(vma);
	vma_link_file(upper);
	vma_unlock_file(vma);
}

/* The VMA that has addr strictly inside, and so must be split there. */
static struct vma *vma_to_split(struct mm *mm, vaddr_t addr)
{
	struct vma *vma = vma_find(mm, addr);

	return vma && vma->start < addr ? vma : NULL;
}

/**
 * vma_isolate() - split so that start and end are borders of VMAs
 *
 * Context: mm->lock for writing. Return: 0; -ENOMEM (no memory, or too many
 * VMAs) without a change.
 */
int vma_isolate(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct vma *first = vma_to_split(mm, start);
	struct vma *last = vma_to_split(mm, end);
	struct vma *upper_first = NULL, *upper_last = NULL;

	if (!first && !last)
		return 0;
	if (mm->nr_vmas + !!first + !!last > MM_MAX_MAP_COUNT)
		return -ENOMEM;
	if (first && !(upper_first = vma_create(first)))
		return -ENOMEM;
	if (last && !(upper_last = vma_create(last))) {
		vma_free_chain(upper_first);
		return -ENOMEM;
	}
	if (last)                       /* first: it may be the same VMA */
		vma_split(last, end, upper_last);
	if (first)
		vma_split(first, start, upper_first);
	return 0;
}

/* Whether b continues a. */
static bool vma_can_merge(const struct vma *a, const struct vma *b)
{
	return a->end == b->start &&
	       !((a->flags ^ b->flags) & ~(u32)VM_MERGE_IGNORES) &&
	       a->backing == b->backing && a->mapping == b->mapping &&
	       a->pgoff + vma_pages(a) == b->pgoff &&
	       a->moved_by == b->moved_by;
}

/* a takes over b's range; b goes to the chain. */
static void vma_swallow(struct mm *mm, struct vma *a, struct vma *b,
			struct vma **dead)
{
	vaddr_t end = b->end;

	vma_lock_file(a);
	vma_unlink_file(b);
	vma_unlink_file(a);
	vma_erase(mm, b);
	vma_move_bounds(a, a->start, end);
	vma_link_file(a);
	vma_unlock_file(a);
	b->next_dead = *dead;
	*dead = b;
	trace(vma_merge, a->start, a->end);
}

/**
 * vma_merge() - restore [V3] around one VMA
 *
 * Context: mm->lock for writing. Return: the VMA that covers it now.
 */
struct vma *vma_merge(struct mm *mm, struct vma *vma, struct vma **dead)
{
	struct vma *prev = vma_prev(vma), *next = vma_next(vma);

	if (next && vma_can_merge(vma, next))
		vma_swallow(mm, vma, next, dead);
	if (prev && vma_can_merge(prev, vma)) {
		vma_swallow(mm, prev, vma, dead);
		vma = prev;
	}
	return vma;
}

/**
 * vma_merge_range() - restore [V3] at every border in [start, end]
 *
 * Context: mm->lock for writing.
 */
void vma_merge_range(struct mm *mm, vaddr_t start, vaddr_t end,
		     struct vma **dead)
{
	struct vma *vma = vma_find(mm, start), *next;
	struct vma *below = vma ? vma_prev(vma) : NULL;

	if (below && below->end == start)
		vma = below;
	for (; vma && vma->start <= end; vma = next) {
		next = vma_next(vma);
		if (next && next->start <= end && vma_can_merge(vma, next)) {
			vma_swallow(mm, vma, next, dead);
			next = vma;
		}
	}
}

/**
 * vma_set_flags() - give a whole VMA other flags
 *
 * The leaves that exist are the caller's business. VM_SHARED and
 * VM_GROWSDOWN never change. Context: mm->lock for writing.
 */
void vma_set_flags(struct vma *vma, u32 flags)
{
	vma_account(vma->mm, vma->flags, -(s64)vma_pages(vma));
	vma->flags = flags;
	vma->prot = vma_leaf_prot(flags);
	vma_account(vma->mm, flags, (s64)vma_pages(vma));
}

/* [V1] to [V3] of one VMA below `prev`; NULL, or what is broken. */
static const char *vma_check_one(const struct vma *vma, const struct vma *prev)
{
	struct rb_node *left = vma->node.left, *right = vma->node.right;
	vaddr_t gap = vma_gap_below(vma, prev);

	if (vma->start >= vma->end || (vma->start | vma->end) & ~PAGE_MASK)
		return "[V1] empty or misaligned VMA";
	if (prev && prev->end > vma->start)
		return "[V1] VMAs overlap";
	if (vma->gap_before != gap)
		return "[V2] gap_before is not the space before the VMA";
	gap = MAX(gap, left ? vma_of(left)->gap : 0);
	gap = MAX(gap, right ? vma_of(right)->gap : 0);
	if (vma->gap != gap)
		return "[V2] gap is not the largest of the subtree";
	if (prev && vma_can_merge(prev, vma))
		return "[V3] neighbours that could be one VMA";
	if (vma->mapping && (vma->rmap.first != vma->pgoff ||
			     vma->rmap.end != vma->pgoff + vma_pages(vma)))
		return "[V5] the file knows another range of the VMA";
	if (vma->prot != vma_leaf_prot(vma->flags))
		return "leaf protection does not follow from the flags";
	return NULL;
}

/**
 * vma_tree_check() - NULL, or the broken invariant
 *
 * Context: mm->lock, or a quiet space.
 */
const char *vma_tree_check(struct mm *mm)
{
	struct mm sum = { .total_vm = 0 };
	struct vma *vma, *prev = NULL;
	const char *why = rb_check(&mm->vmas);
	u32 nr = 0;

	for (vma = vma_of(rb_first(&mm->vmas)); vma && !why;
	     prev = vma, vma = vma_next(vma), nr++) {
		why = vma_check_one(vma, prev);
		if (!why && vma->mm != mm)
			why = "VMA of another space";
		vma_account(&sum, vma->flags, (s64)vma_pages(vma));
	}
	if (why)
		return why;
	if (nr != mm->nr_vmas || sum.total_vm != mm->total_vm ||
	    sum.locked_vm != mm->locked_vm || sum.data_vm != mm->data_vm ||
	    sum.stack_vm != mm->stack_vm || sum.exec_vm != mm->exec_vm)
		return "[V4] totals do not agree with the tree";
	return NULL;
}
