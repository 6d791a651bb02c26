/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: their birth, their users, their end.
 *
 *	mm_create, mm_fork ─► users = 1 ─ mm_get ─► … ─ mm_put ─► 0: mm_destroy
 *	                                                            │
 *	   forget the space on every CPU ─► leaves ─► tables ─► VMAs, top table
 *
 * A thread runs in a space by mm_use(); the scheduler calls back at every
 * switch to load it. A thread without a space (and a CPU that goes idle)
 * leaves no foreign root behind: the kernel's own tables are loaded instead, so
 * that the last user may tear a space down without asking around.
 *
 * Invariants (mm_check, mm_recount): VMAs as in vma.h; the tables are
 * well-formed; every leaf lies in a VMA and has no more rights than it; rss and
 * nr_tables are what the tables hold; the heap and limits make sense; anonymous
 * pages are at home ([A1] [A2], mm/backing/family.h); shared tables and promised
 * memory as in share.c and charge.c.
 *
 * Locking: mm_list_lock guards the list of all spaces; it comes before
 * mm->lock. users is atomic; with the last one gone nobody else can look.
 */
#include "mm/spaces/mm.h"

#include "kernel/base/sched.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/backing/commit.h"
#include "mm/backing/family.h"
#include "mm/frames/slab.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mman.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

static struct list_node mm_list = LIST_INIT(mm_list);
static struct mutex mm_list_lock = MUTEX_INIT(mm_list_lock, RANK_MM_LIST);
static struct kmem_cache *mm_cache;

/* Room that stays free below the top of the user half for a stack to grow. */
#define MMAP_STACK_ROOM MIB(128)

/* ---- the scheduler's view ---------------------------------------------------- */

/* sched_switch_space: the space of the next thread. Interrupts off. */
static void mm_switch_space(struct thread *prev, struct thread *next)
{
	if (prev->space == next->space)
		return;
	mmu_switch(next->space ? next->space : &mmu_kernel_space);
}

/**
 * mm_init() - object caches, and the hook of the scheduler
 *
 * Context: boot, after slab_init() and sched_init().
 */
void mm_init(void)
{
	mm_cache = kmem_cache_create("mm", sizeof(struct mm), 8, CACHE_PANIC,
				     NULL);
	vma_cache_init();
	share_init();
	family_cache_init();
	sched_switch_space = mm_switch_space;
}

/**
 * mm_use() - let thread t run in mm; NULL: in none
 *
 * Counts no reference: t keeps the one it was given. Context: thread.
 */
void mm_use(struct thread *t, struct mm *mm)
{
	preempt_disable();
	t->mm = mm;
	t->space = mm ? &mm->space : NULL;
	if (t == current_thread())
		mmu_switch(mm ? &mm->space : &mmu_kernel_space);
	preempt_enable();
}

/* ---- birth and end ------------------------------------------------------------- */

/** mm_list_add() - let mm_for_each() see it. Context: thread, no mm lock. */
void mm_list_add(struct mm *mm)
{
	mutex_lock(&mm_list_lock);
	list_push_back(&mm_list, &mm->all_node);
	mutex_unlock(&mm_list_lock);
}

/* A space with an empty top table and one user, which neither its family nor the
 * list knows yet. NULL: no memory, and the family's reference stays the caller's. */
static struct mm *mm_alloc(struct family *family)
{
	struct mm *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL);

	if (!mm)
		return NULL;
	memset(mm, 0, sizeof(*mm));
	mm->space.top = pt_table_alloc();
	if (!mm->space.top) {
		kmem_cache_free(mm_cache, mm);
		return NULL;
	}
	mmu_space_init(&mm->space);
	mm->nr_tables = 1;
	rwlock_init(&mm->lock, RANK_MM);
	vma_tree_init(mm);
	mm->users = 1;
	mm->mmap_base = USER_END - MMAP_STACK_ROOM;
	mm->limit_as = mm->limit_data = ~(u64)0;
	mm->limit_stack = mm->limit_memlock = ~(u64)0;
	mm->family = family;
	list_init(&mm->family_node);
	return mm;
}

/**
 * mm_create() - an empty space with one user, in a family of its own
 *
 * Limits are infinite, mmap_base leaves the usual room for a stack.
 * Context: thread, no locks. Return: 0 or -ENOMEM.
 */
int mm_create(struct mm **out)
{
	struct family *family = family_create();

	if (!family)
		return -ENOMEM;
	*out = mm_alloc(family);
	if (!*out) {
		family_put(family);
		return -ENOMEM;
	}
	family_join(family, &(*out)->family_node);
	mm_list_add(*out);
	return 0;
}

/**
 * mm_create_relative() - the same in the family of another space
 *
 * For fork, which calls family_join() when the child has its leaves, and
 * mm_list_add(), without which there must be no mm_put().
 * Context: thread, no locks. Return: 0 or -ENOMEM.
 */
int mm_create_relative(struct mm *parent, struct mm **out)
{
	struct family *family = family_get(parent->family);

	*out = mm_alloc(family);
	if (!*out)
		family_put(family);
	return *out ? 0 : -ENOMEM;
}

/** mm_get() - one more user. Context: any; the caller has one. */
void mm_get(struct mm *mm)
{
	assert_slow(READ_ONCE(mm->users) > 0);
	__atomic_fetch_add(&mm->users, 1, __ATOMIC_RELAXED);
}

/* Chains up all VMAs of a space that nobody uses; the tree is not kept. */
static struct vma *mm_take_vmas(struct mm *mm)
{
	struct vma *vma = vma_find(mm, 0), *dead = NULL;

	for (; vma; vma = vma_next(vma)) {
		vma->next_dead = dead;
		dead = vma;
	}
	return dead;
}

/* Context: thread; nobody knows the space any more. */
static void mm_destroy(struct mm *mm)
{
	struct tlb_batch batch;

	mutex_lock(&mm_list_lock);
	list_remove(&mm->all_node);
	mutex_unlock(&mm_list_lock);

	vma_unlink_files(mm);           /* truncations look elsewhere */
	family_leave(mm->family, &mm->family_node);     /* walks too */
	mmu_space_fini(&mm->space);     /* no CPU has its translations now */
	tlb_batch_begin(&batch, &mm->space, TLB_EXIT);
	batch.dying = true;
	share_leave_range(mm, 0, USER_END, &batch);
	mm_unmap_pages(mm, 0, USER_END, &batch);
	pt_free_tables(&mm->space, 0, USER_END, 0, USER_END, &batch,
		       &mm->nr_tables);
	tlb_batch_end(&batch);
	pt_table_free(mm->space.top);

	assertf(mm_rss(mm) == 0 && mm->nr_tables == 1, "rss=%lld tables=%llu",
		(long long)mm_rss(mm), (unsigned long long)mm->nr_tables);
	family_put(mm->family);         /* no page of it has a leaf here now */
	commit_uncharge(mm->charged_vm);
	vma_free_chain(mm_take_vmas(mm));
	kmem_cache_free(mm_cache, mm);
}

/**
 * mm_put() - one user less; the last one tears the space down
 *
 * Context: thread, no locks, not running in mm (mm_use).
 */
void mm_put(struct mm *mm)
{
	assert_slow(READ_ONCE(mm->users) > 0);
	if (__atomic_sub_fetch(&mm->users, 1, __ATOMIC_ACQ_REL) == 0)
		mm_destroy(mm);
}

/**
 * mm_for_each() - call fn for every space
 *
 * fn may take mm->lock, and must not create or put spaces.
 * Context: thread, no mm lock.
 */
void mm_for_each(void (*fn)(struct mm *mm, void *arg), void *arg)
{
	struct mm *mm;

	mutex_lock(&mm_list_lock);
	list_for_each(mm, &mm_list, all_node)
		fn(mm, arg);
	mutex_unlock(&mm_list_lock);
}

/* ---- checks ---------------------------------------------------------------------- */

/* [A1] [A2] of mm/backing/family.h. */
static const char *mm_check_home(const struct vma *vma, const struct page *page,
				 vaddr_t va)
{
	if (page->type != PAGE_ANON)
		return NULL;
	if (page->mapping != vma->mm->family)
		return "[A1] a page of another family";
	return page->index == vma_home(vma, va)
		       ? NULL
		       : "[A2] a page that is not at its home";
}

/* One leaf against its VMA (the one at or above it). */
static const char *mm_check_leaf(const struct vma *vma,
				 const struct pt_cursor *c)
{
	ptprot_t rights = PT_USER | PT_READ | PT_WRITE | PT_EXEC;
	ptprot_t prot = pte_prot(c->entry, 0) & rights;
	const struct page *page = leaf_page(c->entry);
	const char *why;

	if (!vma || vma->start > c->va)
		return "leaf outside of every VMA";
	if (prot & ~vma->prot)
		return "leaf with more rights than its VMA";
	why = mm_check_home(vma, page, c->va);
	if (why)
		return why;
	if (!(prot & PT_WRITE))
		return NULL;
	if (page == zero_page)
		return "the zero page is mapped writable";
	if (!(vma->flags & VM_SHARED) && !page_has_one_owner(page))
		return "a private page with other owners is mapped writable";
	return NULL;
}

static const char *mm_check_leaves(struct mm *mm)
{
	const char *why = NULL;
	struct pt_cursor c;

	pt_cursor_begin(&c, &mm->space, 0, USER_END);
	while (!why && pt_cursor_next(&c)) {
		if (c.level != 0 || pte_kind(c.entry, 0) != PTE_LEAF)
			why = "user entry that is no 4 KiB leaf";
		else
			why = mm_check_leaf(vma_find(mm, c.va), &c);
	}
	pt_cursor_end(&c);
	return why;
}

static const char *mm_check_backings(struct mm *mm)
{
	const char *why = NULL;
	struct vma *vma;

	for (vma = vma_find(mm, 0); vma && !why; vma = vma_next(vma))
		why = vma->backing->check(vma->mapping);
	return why;
}

/**
 * mm_check() - NULL, or the broken invariant
 *
 * Context: thread, without mm->lock.
 */
const char *mm_check(struct mm *mm)
{
	const char *why;

	read_lock(&mm->lock);
	why = vma_tree_check(mm);
	if (!why)
		why = pt_check(&mm->space);
	if (!why)
		why = mm_check_leaves(mm);
	if (!why)
		why = share_check(mm);
	if (!why)
		why = mm_check_backings(mm);
	if (!why && mm->brk < mm->start_brk)
		why = "the heap ends before it starts";
	if (!why && mm->charged_vm != mm->account_vm)
		why = "[V6] other pages are charged than those of the VMAs";
	read_unlock(&mm->lock);
	return why ? why : mm_recount(mm);
}

/**
 * mm_recount() - do rss and nr_tables say what the tables hold?
 *
 * Context: thread; nobody faults in the space meanwhile. Return: NULL, or
 * which counter is wrong.
 */
const char *mm_recount(struct mm *mm)
{
	struct rss_delta found = { 0 };
	struct pt_cursor c;

	pt_cursor_begin(&c, &mm->space, 0, USER_END);
	while (pt_cursor_next(&c)) {
		const struct page *page = leaf_page(c.entry);

		if (page != zero_page)
			found.nr[page_rss_kind(page)]++;
	}
	pt_cursor_end(&c);
	if (found.nr[RSS_ANON] != mm->rss[RSS_ANON])
		return "rss[ANON] is not the number of anonymous leaves";
	if (found.nr[RSS_FILE] != mm->rss[RSS_FILE])
		return "rss[FILE] is not the number of file leaves";
	if (found.nr[RSS_SHMEM] != mm->rss[RSS_SHMEM])
		return "rss[SHMEM] is not the number of shared-memory leaves";
	if (pt_count_tables(&mm->space) != mm->nr_tables)
		return "nr_tables is not the number of tables";
	return NULL;
}

/**
 * mm_next_part() - the first part of [start, end) that lies in one VMA
 *
 * For calls that touch a range VMA by VMA and cannot hold the lock meanwhile.
 * Context: thread, no mm lock. Return: whether there is one.
 */
bool mm_next_part(struct mm *mm, vaddr_t start, vaddr_t end,
		  struct vma_part *part)
{
	struct vma *vma;
	bool found;

	if (start >= end)
		return false;
	read_lock(&mm->lock);
	vma = vma_find(mm, start);
	found = vma && vma->start < end;
	if (found)
		*part = (struct vma_part){ .start = MAX(vma->start, start),
					   .end = MIN(vma->end, end),
					   .flags = vma->flags };
	read_unlock(&mm->lock);
	return found;
}
