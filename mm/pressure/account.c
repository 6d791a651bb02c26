/* SPDX-License-Identifier: MIT */
/*
 * Taking stock: counters where somebody keeps them, a walk where nobody does.
 *
 *	zones ─────────────────► total, free
 *	memmap ── page_count ──► by type, mapped, shmem ─┐ must agree
 *	slab, tables, cache, vmalloc ────────────────────┘ [B1] [B2]
 *	spaces ── mlock_mark ──► PG_MLOCKED on pages ── page_count ──► mlocked
 *
 * A page that several spaces have locked is one: so each of them only marks its
 * pages, and the walk over the memmap counts the marks and takes them away.
 * account_lock keeps two such counts apart. Faults and munmap know nothing of it.
 *
 * The census (census.c) proves the same frames one by one and needs a quiet
 * machine; this is for every day, and may be a few pages off while others run.
 */
#include "mm/pressure/account.h"

#include "kernel/base/trace.h"
#include "mm/backing/commit.h"
#include "mm/backing/mapping.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/slab.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/mmap.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/vmalloc.h"

static struct mutex account_lock = MUTEX_INIT(account_lock, RANK_ACCOUNT);

static void account_mark(struct mm *mm, void *arg)
{
	mlock_mark_pages(mm);
}

/* Every fault that was resolved: each leaves one of these events. */
static u64 account_faults(void)
{
	u64 faults = 0;

	for (int e = TRACE_fault_zero; e <= TRACE_fault_spurious; e++)
		faults += trace_total((enum trace_event)e);
	return faults;
}

static void account_add(struct page_counts *sum, const struct page_counts *c)
{
	for (int type = 0; type < PAGE_TYPES; type++)
		sum->by_type[type] += c->by_type[type];
	sum->cached += c->cached;
	sum->shmem += c->shmem;
	sum->mapped += c->mapped;
	sum->mlocked += c->mlocked;
	sum->mlocked_file += c->mlocked_file;
}

/* What spaces and the memmap say. */
static void account_frames(struct account *a)
{
	mutex_lock(&account_lock);
	mm_for_each(account_mark, NULL);
	for (int id = 0; id < ZONE_NR; id++) {
		page_count_zone(&zones[id], &a->zone[id]);
		account_add(&a->pages, &a->zone[id]);
	}
	mutex_unlock(&account_lock);
}

/**
 * account_take() - what memory is used for at this moment
 *
 * Context: thread, no locks; walks the memmap.
 */
void account_take(struct account *a)
{
	*a = (struct account){
		.total = zones_total_pages(),
		.free = zones_free_pages() + page_alloc_pcp_count(),
		.cached = READ_ONCE(mapping_total_pages),
		.tables = READ_ONCE(pt_nr_tables),
		.vmalloc = vmalloc_pages(),
		.committed = commit_total(),
		.faults = account_faults(),
	};
	account_frames(a);
	a->slab = slab_pages() + a->pages.by_type[PAGE_LARGE];
}

/** account_check() - see account.h. Context: any. */
const char *account_check(const struct account *a)
{
	const u64 *t = a->pages.by_type;
	u64 used = 0;

	for (int type = PAGE_KERNEL; type < PAGE_TYPES; type++)
		used += t[type];
	if (a->free + used != a->total)
		return "[B1] free and used pages are not all of memory";
	if (a->slab != t[PAGE_SLAB] + t[PAGE_LARGE])
		return "[B2] slab: the caches count otherwise";
	if (a->tables != t[PAGE_TABLE])
		return "[B2] page tables: their allocator counts otherwise";
	if (a->vmalloc != t[PAGE_VMALLOC] + t[PAGE_STACK])
		return "[B2] vmalloc and stacks: their areas count otherwise";
	if (a->cached != a->pages.cached)
		return "[B2] page cache: the mappings count otherwise";
	if (a->pages.mlocked > t[PAGE_ANON] + a->pages.mapped)
		return "[B3] more pages are locked than mapped";
	return NULL;
}
