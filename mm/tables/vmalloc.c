/* SPDX-License-Identifier: MIT */
/*
 * Areas of virtually contiguous kernel memory.
 *
 *   VMALLOC_BASE                                               VMALLOC_END
 *     │[ area ]g│   hole   │[ area ]g│[ area ]g│     hole          │
 *               ◄─before a2─►        ◄►
 *
 *   tree by address, each node with the largest hole before any of its subtree:
 *
 *                    a2 (hole before a2, largest below)
 *                   /  \
 *                 a1    a3
 *
 * The lowest hole that is large enough is found by descending along the
 * largest holes, in O(log n). An area occupies its pages and one unmapped
 * guard page behind them; a stack has one more below it.
 *
 *   vmalloc  ── area_create ─► fill: page_alloc, pt_install ─► in use
 *   vfree    ── area_detach ─► area_destroy: pt_clear, flush, page_put ─► free
 *
 * The address range is given back after the flush, so it is never in use with
 * an old translation alive. Tables of the window are kept for the next area.
 *
 * Invariants (vmalloc_check):
 *  [W1] areas are sorted, page-aligned and do not overlap, guards included;
 *  [W2] before = start - end of the area before it (or VMALLOC_BASE);
 *  [W3] hole = the largest `before` of the subtree;
 *  [W4] the pages of an area are mapped, its guard pages are not.
 *
 * Locking: vmalloc_lock (sleeping) guards the tree and the counters. Slots
 * need none: who created the area is their only writer.
 *
 * What it does not do: collect frees to flush once for many of them.
 */
#include "mm/tables/vmalloc.h"

#include "kernel/base/ksym.h"
#include "kernel/base/lock.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/rbtree.h"
#include "mm/frames/kmalloc.h"
#include "mm/tables/kmap.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

struct vmalloc_area {
	struct rb_node node;            /* [vmalloc_lock] */
	vaddr_t start;                  /* first mapped address; fixed */
	size_t size;                    /* mapped bytes; fixed */
	size_t guard_below;             /* unmapped bytes before start; fixed */
	vaddr_t before;                 /* [vmalloc_lock] bytes, see [W2] */
	vaddr_t hole;                   /* [vmalloc_lock] bytes, see [W3] */
	enum vmalloc_kind kind;
	bool detached;                  /* [vmalloc_lock] being freed */
	paddr_t pa;                     /* IOREMAP: of start */
	uintptr_t caller;               /* who asked */
};

static const char *const vmalloc_kind_names[VMALLOC_KINDS] = {
	[VMALLOC_PAGES] = "vmalloc",
	[VMALLOC_VMAP] = "vmap",
	[VMALLOC_IOREMAP] = "ioremap",
	[VMALLOC_STACK] = "stack",
};

static struct mutex vmalloc_lock = MUTEX_INIT(vmalloc_lock, RANK_VMALLOC);
static u64 nr_vmalloc_pages;            /* [vmalloc_lock] */

/* ---- the tree of areas -------------------------------------------------- */

static struct vmalloc_area *area_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct vmalloc_area, node) : NULL;
}

/* [W3] */
static void area_augment(struct rb_node *node)
{
	struct vmalloc_area *a = area_of(node);
	const struct vmalloc_area *left = area_of(node->left);
	const struct vmalloc_area *right = area_of(node->right);

	a->hole = a->before;
	if (left)
		a->hole = MAX(a->hole, left->hole);
	if (right)
		a->hole = MAX(a->hole, right->hole);
}

static struct rb_root areas = { NULL, area_augment };   /* [vmalloc_lock] */

static vaddr_t area_first(const struct vmalloc_area *a)
{
	return a->start - a->guard_below;
}

/* One past the guard page behind it. */
static vaddr_t area_end(const struct vmalloc_area *a)
{
	return a->start + a->size + PAGE_SIZE;
}

/* Lowest address with need free bytes, or 0. */
static vaddr_t area_find_hole(size_t need)
{
	const struct vmalloc_area *a = area_of(areas.node);
	vaddr_t top = a ? area_end(area_of(rb_last(&areas))) : VMALLOC_BASE;

	if (!a || a->hole < need)
		return VMALLOC_END - top >= need ? top : 0;
	while (1) {
		const struct vmalloc_area *left = area_of(a->node.left);

		if (left && left->hole >= need)
			a = left;
		else if (a->before >= need)
			return area_first(a) - a->before;
		else
			a = area_of(a->node.right);
	}
}

/* [W2] for a and for the area behind it, whose hole changed. */
static void area_measure(struct vmalloc_area *a)
{
	struct vmalloc_area *prev;

	if (!a)
		return;
	prev = area_of(rb_prev(&a->node));
	a->before = area_first(a) - (prev ? area_end(prev) : VMALLOC_BASE);
	rb_update(&areas, &a->node);
}

static void area_insert(struct vmalloc_area *a)
{
	struct rb_node **link = &areas.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = a->start < area_of(parent)->start ? &parent->left
							 : &parent->right;
	}
	a->before = 0;
	rb_insert(&areas, &a->node, parent, link);
	area_measure(a);
	area_measure(area_of(rb_next(&a->node)));
}

static void area_remove(struct vmalloc_area *a)
{
	struct vmalloc_area *next = area_of(rb_next(&a->node));

	rb_erase(&areas, &a->node);
	area_measure(next);
}

/* The area that starts at va, or NULL. */
static struct vmalloc_area *area_find(vaddr_t va)
{
	struct vmalloc_area *a = area_of(areas.node);

	while (a && a->start != va)
		a = area_of(va < a->start ? a->node.left : a->node.right);
	return a;
}

static u64 area_frames(const struct vmalloc_area *a)
{
	bool own = a->kind == VMALLOC_PAGES || a->kind == VMALLOC_STACK;

	return own ? a->size >> PAGE_SHIFT : 0;
}

/* An address range of its own for size bytes; NULL: no memory, no room. */
static struct vmalloc_area *area_create(size_t size, size_t guard_below,
					enum vmalloc_kind kind,
					const void *caller)
{
	struct vmalloc_area *a;
	vaddr_t at = 0;

	if (size == 0 || size > VMALLOC_END - VMALLOC_BASE)
		return NULL;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return NULL;
	a->size = ALIGN_UP(size, PAGE_SIZE);
	a->guard_below = guard_below;
	a->kind = kind;
	a->caller = (uintptr_t)caller;

	mutex_lock(&vmalloc_lock);
	at = area_find_hole(guard_below + a->size + PAGE_SIZE);
	if (at) {
		a->start = at + guard_below;
		area_insert(a);
		nr_vmalloc_pages += area_frames(a);
	}
	mutex_unlock(&vmalloc_lock);

	if (!at)
		kfree(a);
	return at ? a : NULL;
}

/* Claims the area at va for freeing; NULL with a report: there is none. */
static struct vmalloc_area *area_detach(vaddr_t va, enum vmalloc_kind kind)
{
	struct vmalloc_area *a;
	bool mine;

	mutex_lock(&vmalloc_lock);
	a = area_find(va);
	mine = a && a->kind == kind && !a->detached;
	if (mine)
		a->detached = true;
	mutex_unlock(&vmalloc_lock);
	if (mine)
		return a;
	kernel_report("bad-vfree", "%#lx is not the start of %s memory", va,
		      vmalloc_kind_names[kind]);
	return NULL;
}

/* Clears its leaves, flushes, drops the frames that are its own; then the
 * range is free again. */
static void area_destroy(struct vmalloc_area *a)
{
	bool own_frames = area_frames(a) > 0;
	struct tlb_batch b;
	struct pt_cursor c;

	tlb_batch_begin(&b, &mmu_kernel_space, TLB_KERNEL);
	pt_cursor_begin(&c, &mmu_kernel_space, a->start, a->start + a->size);
	while (pt_cursor_next(&c)) {
		paddr_t pa = pte_paddr(pt_clear(c.slot), c.level);

		tlb_batch_note(&b, c.va, PAGE_SIZE);
		if (own_frames)
			tlb_batch_put_page(&b, phys_to_page(pa));
	}
	pt_cursor_end(&c);
	tlb_batch_end(&b);

	mutex_lock(&vmalloc_lock);
	area_remove(a);
	nr_vmalloc_pages -= area_frames(a);
	mutex_unlock(&vmalloc_lock);
	kfree(a);
}

/* ---- filling ------------------------------------------------------------ */

/* Where the frames of an area come from: given ones, or new ones of a type. */
struct area_source {
	struct page **pages;            /* NULL: allocate */
	gfp_t gfp;
	enum page_type type;
	ptprot_t prot;
};

static struct page *area_next_page(const struct area_source *s, size_t n)
{
	struct page *page;

	if (s->pages)
		return s->pages[n];
	page = page_alloc(s->gfp, 0);
	if (page)
		page_set_type(page, s->type);
	return page;
}

/* Maps a frame at every page of the area. 0 or -ENOMEM, some mapped. */
static int area_fill(const struct vmalloc_area *a, const struct area_source *s)
{
	vaddr_t va = a->start, end = a->start + a->size;
	struct pt_cursor c;
	size_t n = 0;

	while (va < end) {
		unsigned int nr;
		int err = pt_slot_alloc(&c, &mmu_kernel_space, va, 0, NULL);

		if (err)
			return err;
		nr = pt_slots_left(&c, end);
		va += nr * PAGE_SIZE;
		for (pte_t *slot = c.slot; nr > 0; nr--, slot++) {
			struct page *page = area_next_page(s, n++);

			if (!page)
				return -ENOMEM;
			pt_install(slot, pte_make_leaf(page_to_phys(page),
						       s->prot, 0));
		}
		pt_cursor_end(&c);
	}
	return 0;
}

static struct vmalloc_area *area_create_filled(size_t size, size_t guard_below,
					       enum vmalloc_kind kind,
					       const struct area_source *source,
					       const void *caller)
{
	struct vmalloc_area *a = area_create(size, guard_below, kind, caller);

	if (a && area_fill(a, source)) {
		area_destroy(a);
		return NULL;
	}
	return a;
}

static void *vmalloc_pages_for(size_t size, gfp_t gfp, const void *caller)
{
	struct area_source s = { NULL, gfp, PAGE_VMALLOC, KMAP_WRITE };
	struct vmalloc_area *a;

	a = area_create_filled(size, 0, VMALLOC_PAGES, &s, caller);
	return a ? (void *)a->start : NULL;
}

/* ---- the interface ------------------------------------------------------ */

/**
 * vmalloc() - virtually contiguous memory, page by page, undefined contents
 *
 * size: bytes, rounded up to pages.
 * Context: thread, may sleep. Return: NULL: size 0, no memory or no room.
 */
void *vmalloc(size_t size)
{
	return vmalloc_pages_for(size, GFP_KERNEL, __builtin_return_address(0));
}

/** vzalloc() - vmalloc(), filled with zeroes. */
void *vzalloc(size_t size)
{
	return vmalloc_pages_for(size, GFP_KERNEL | GFP_ZERO,
				 __builtin_return_address(0));
}

/** vfree() - unmap, flush, free. Context: thread, may sleep. */
void vfree(const void *va)
{
	struct vmalloc_area *a;

	if (!va)
		return;
	a = area_detach((vaddr_t)va, VMALLOC_PAGES);
	if (a)
		area_destroy(a);
}

/**
 * vmap() - nr_pages frames of the caller, in this order
 *
 * prot: PT_*; young, dirty and global are added. No references are taken: the
 * frames must outlive the mapping. Context: thread. Return: NULL: no memory.
 */
void *vmap(struct page **pages, size_t nr_pages, ptprot_t prot)
{
	ptprot_t full = prot | (prot & PT_WRITE ? KMAP_WRITE : KMAP_READ);
	struct area_source s = { pages, 0, PAGE_NONE, full };
	struct vmalloc_area *a;

	if (nr_pages > (VMALLOC_END - VMALLOC_BASE) >> PAGE_SHIFT)
		return NULL;
	a = area_create_filled(nr_pages << PAGE_SHIFT, 0, VMALLOC_VMAP, &s,
			       __builtin_return_address(0));
	return a ? (void *)a->start : NULL;
}

/** vunmap() - undo vmap(). Context: thread. */
void vunmap(const void *va)
{
	struct vmalloc_area *a = va ? area_detach((vaddr_t)va, VMALLOC_VMAP)
				    : NULL;

	if (a)
		area_destroy(a);
}

/**
 * ioremap() - device registers at pa, uncached and in order
 *
 * Context: thread. Return: the address of pa's byte; NULL: no memory, size 0.
 */
void __iomem *ioremap(paddr_t pa, size_t size)
{
	u64 offset = pa.v & (PAGE_SIZE - 1);
	struct vmalloc_area *a;

	if (size == 0 || size > VMALLOC_END - VMALLOC_BASE)
		return NULL;
	a = area_create(size + offset, 0, VMALLOC_IOREMAP,
			__builtin_return_address(0));
	if (!a)
		return NULL;
	a->pa = pa_make(pa.v - offset);
	if (pt_map_range(&mmu_kernel_space, a->start, a->size, a->pa,
			 KMAP_WRITE | PT_DEVICE, 0, NULL)) {
		area_destroy(a);
		return NULL;
	}
	return (__force void __iomem *)(a->start + offset);
}

/** iounmap() - undo ioremap(); va as it was returned. Context: thread. */
void iounmap(void __iomem *va)
{
	vaddr_t start = (__force vaddr_t)va & PAGE_MASK;
	struct vmalloc_area *a = va ? area_detach(start, VMALLOC_IOREMAP)
				    : NULL;

	if (a)
		area_destroy(a);
}

/** vmalloc_stack_alloc() - see vmalloc.h. Context: thread, may sleep. */
vaddr_t vmalloc_stack_alloc(size_t size)
{
	struct area_source s = { NULL, GFP_KERNEL, PAGE_STACK, KMAP_WRITE };
	struct vmalloc_area *a;

	a = area_create_filled(size, PAGE_SIZE, VMALLOC_STACK, &s,
			       __builtin_return_address(0));
	return a ? a->start : 0;
}

/** vmalloc_stack_free() - nobody runs on it any more. Context: thread. */
void vmalloc_stack_free(vaddr_t stack)
{
	struct vmalloc_area *a = area_detach(stack, VMALLOC_STACK);

	if (a)
		area_destroy(a);
}

/* ---- looking ------------------------------------------------------------ */

/** vmalloc_pages() - frames behind areas. Context: any; a snapshot. */
u64 vmalloc_pages(void)
{
	return READ_ONCE(nr_vmalloc_pages);
}

/** vmalloc_show_info() - text of /proc/vmallocinfo. Context: thread. */
void vmalloc_show_info(struct strbuf *sb)
{
	char caller[64];

	mutex_lock(&vmalloc_lock);
	for (struct rb_node *n = rb_first(&areas); n; n = rb_next(n)) {
		const struct vmalloc_area *a = area_of(n);

		strbuf_printf(sb, "0x%016lx-0x%016lx %7zu %s", a->start,
			      area_end(a), (size_t)(area_end(a) - a->start),
			      ksym_format(caller, sizeof(caller), a->caller));
		if (area_frames(a))
			strbuf_printf(sb, " pages=%llu",
				      (unsigned long long)area_frames(a));
		if (a->kind == VMALLOC_IOREMAP)
			strbuf_printf(sb, " phys=0x%016llx",
				      (unsigned long long)a->pa.v);
		strbuf_printf(sb, " %s\n", vmalloc_kind_names[a->kind]);
	}
	mutex_unlock(&vmalloc_lock);
}

static const char *area_check(const struct vmalloc_area *a, vaddr_t prev_end)
{
	vaddr_t largest = a->before;
	paddr_t pa;

	if (!IS_ALIGNED(a->start | a->size, PAGE_SIZE) ||
	    area_first(a) < prev_end || area_end(a) > VMALLOC_END)
		return "[W1] areas overlap or leave the window";
	if (a->before != area_first(a) - prev_end)
		return "[W2] wrong distance to the area before";
	if (a->node.left)
		largest = MAX(largest, area_of(a->node.left)->hole);
	if (a->node.right)
		largest = MAX(largest, area_of(a->node.right)->hole);
	if (a->hole != largest)
		return "[W3] wrong largest hole of a subtree";
	for (vaddr_t va = a->start; va < a->start + a->size; va += PAGE_SIZE)
		if (!a->detached && !kmap_virt_to_phys(va, &pa))
			return "[W4] page of an area is not mapped";
	if (kmap_virt_to_phys(a->start + a->size, &pa) ||
	    (a->guard_below && kmap_virt_to_phys(a->start - 1, &pa)))
		return "[W4] guard page is mapped";
	return NULL;
}

/** vmalloc_check() - [W1] to [W4]; no area is being made. Context: thread. */
const char *vmalloc_check(void)
{
	vaddr_t prev_end = VMALLOC_BASE;
	const char *why;

	mutex_lock(&vmalloc_lock);
	why = rb_check(&areas);
	for (struct rb_node *n = rb_first(&areas); n && !why; n = rb_next(n)) {
		why = area_check(area_of(n), prev_end);
		prev_end = area_end(area_of(n));
	}
	mutex_unlock(&vmalloc_lock);
	return why;
}
