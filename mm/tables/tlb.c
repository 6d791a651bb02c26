/* SPDX-License-Identifier: MIT */
/*
 * Flushing translations, batched, and the frames that wait for it.
 *
 *   pt_clear ──note──► [start, end) ─┐
 *   page ──put_page──► page[nr]      ├─ tlb_batch_flush ─► flush, page_put
 *   table ─put_table─► page[nr] ─────┘                        (all CPUs)
 *
 * One batch belongs to one call and one space and is only touched by its
 * thread: no lock. A range of more than TLB_RANGE_PAGES costs more address by
 * address than the refill after a full flush, so the whole space goes.
 *
 * A caller notes a translation before it puts the page behind it; then [L1]
 * holds whenever a full batch flushes in between. Clearing entries and noting
 * them happens under the table lock, the flush may too: other CPUs answer a
 * shootdown whatever lock they wait for.
 */
#include "mm/tables/tlb.h"

#include "kernel/base/explore.h"
#include "kernel/base/trace.h"
#include "lib/string.h"
#include "mm/frames/page_alloc.h"
#include "mm/tables/pgtable.h"

/* Linux's choice as well; a range flush costs an instruction a page. */
#define TLB_RANGE_PAGES 33

const char *const tlb_reason_names[TLB_REASONS] = {
#define X(name, text) [TLB_##name] = text,
	TLB_REASON_LIST(X)
#undef X
};

DEFINE_PERCPU(struct tlb_counters, tlb_counters);

static void tlb_count_range(enum tlb_reason reason, vaddr_t start, vaddr_t end)
{
	this_cpu_add(tlb_counters.flush_range[reason], 1);
	this_cpu_add(tlb_counters.pages[reason], (end - start) >> PAGE_SHIFT);
	trace(tlb_flush_range, start, end);
}

/* [L1] [L2]: after this no CPU uses what was noted. */
static void tlb_flush_noted(const struct tlb_batch *b)
{
	if (b->space == &mmu_kernel_space) {
		mmu_flush_kernel(b->start, b->end);
		this_cpu_add(tlb_counters.kernel, 1);
		trace(tlb_flush_kernel, b->start, b->end);
	} else if ((b->end - b->start) >> PAGE_SHIFT > TLB_RANGE_PAGES) {
		mmu_flush_space(b->space);
		this_cpu_add(tlb_counters.flush_space[b->reason], 1);
		trace(tlb_flush_space, b->space, b->reason);
	} else {
		mmu_flush_range(b->space, b->start, b->end, b->tables);
		tlb_count_range(b->reason, b->start, b->end);
	}
}

/**
 * tlb_batch_flush() - make the noted translations unusable, then drop the pages
 *
 * The batch is empty afterwards and may be filled again. Context: as
 * mmu_flush_range(): not in interrupts; table locks may be held.
 */
void tlb_batch_flush(struct tlb_batch *b)
{
	yield_point(tlb_flush);
	if (b->start >= b->end || b->dying)
		this_cpu_add(tlb_counters.spared, 1);   /* [L3] */
	else
		tlb_flush_noted(b);
	b->start = ~(vaddr_t)0;
	b->end = 0;
	b->tables = false;
	yield_point(tlb_put);
	if (b->nr)
		page_put_many(b->page, b->nr);
	b->nr = 0;
}

void tlb_batch_put_table(struct tlb_batch *b, struct page *table)
{
	assert_slow(table->type == PAGE_TABLE);
	b->tables = true;               /* before put_page: it may flush */
	tlb_batch_put_page(b, table);
	__atomic_fetch_sub(&pt_nr_tables, 1, __ATOMIC_RELAXED);
}

/** tlb_counters_sum() - totals of all CPUs. Context: any; not a snapshot. */
void tlb_counters_sum(struct tlb_counters *out)
{
	memset(out, 0, sizeof(*out));
	for (u64 cpus = READ_ONCE(cpus_online); cpus; cpus &= cpus - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(cpus);
		const struct tlb_counters *c = cpu_ptr(tlb_counters, cpu);

		for (unsigned int r = 0; r < TLB_REASONS; r++) {
			out->flush_range[r] += c->flush_range[r];
			out->flush_space[r] += c->flush_space[r];
			out->pages[r] += c->pages[r];
		}
		out->kernel += c->kernel;
		out->spared += c->spared;
	}
}
