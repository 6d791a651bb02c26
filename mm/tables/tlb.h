/* SPDX-License-Identifier: MIT */
/*
 * tlb_batch: first flush, then free.
 *
 * Whoever weakens or removes a translation does it with a batch in hand:
 *
 *      struct tlb_batch b;
 *      tlb_batch_begin(&b, space, TLB_UNMAP);
 *      ... old = pt_clear(slot); tlb_batch_note(&b, va, PAGE_SIZE);
 *          tlb_batch_put_page(&b, page); ...
 *      tlb_batch_end(&b);              // one flush, then the references go
 *
 * Nothing in mm calls mmu_flush_* directly. A full batch flushes and goes on.
 *
 * Invariants: [L1] a page reference in the batch is dropped only after a
 * flush that covers its note; [L2] table pages likewise, with the walk
 * caches flushed; [L3] an empty batch flushes nothing.
 */
#ifndef MM_TABLES_TLB_H
#define MM_TABLES_TLB_H

#include "arch/mmu.h"
#include "kernel/base/percpu.h"
#include "mm/frames/page.h"

/* X(name, text) */
#define TLB_REASON_LIST(X)      \
	X(UNMAP, "unmap")       \
	X(PROTECT, "protect")   \
	X(FORK, "fork")         \
	X(SHARE, "share")       \
	X(COW, "cow")           \
	X(MOVE, "move")         \
	X(AGE, "age")           \
	X(TRUNCATE, "truncate") \
	X(EXIT, "exit")         \
	X(KERNEL, "kernel")

enum tlb_reason {
#define X(name, text) TLB_##name,
	TLB_REASON_LIST(X)
#undef X
	TLB_REASONS,
};
extern const char *const tlb_reason_names[TLB_REASONS];

#define TLB_BATCH_PAGES 64

struct tlb_batch {
	struct mmu_space *space;        /* mmu_kernel_space: kernel half */
	enum tlb_reason reason;
	vaddr_t start;                  /* range noted; empty: start > end */
	vaddr_t end;
	bool tables;                    /* table pages wait: walk caches too */
	bool dying;                     /* mmu_space_fini() was called: no CPU
					 * knows the space, nothing to flush */
	bool shared;                    /* others may fill the slots as soon as
					 * their table is unlocked: flush before */
	u32 nr;
	struct page *page[TLB_BATCH_PAGES];     /* put after the flush */
};

/** tlb_batch_begin() - an empty batch for this space, on the caller's stack. */
static inline void tlb_batch_begin(struct tlb_batch *b, struct mmu_space *space,
				   enum tlb_reason reason)
{
	b->space = space;
	b->reason = reason;
	b->start = ~(vaddr_t)0;
	b->end = 0;
	b->tables = false;
	b->dying = false;
	b->shared = false;
	b->nr = 0;
}

void tlb_batch_flush(struct tlb_batch *b);

/** tlb_batch_end() - the last flush; the batch is done. Context: as _flush. */
static inline void tlb_batch_end(struct tlb_batch *b)
{
	tlb_batch_flush(b);
}

/** tlb_batch_note() - a translation of [va, va + len) became weaker or went. */
static inline void tlb_batch_note(struct tlb_batch *b, vaddr_t va, size_t len)
{
	if (va < b->start)
		b->start = va;
	if (va + len > b->end)
		b->end = va + len;
}

/** tlb_batch_put_page() - drop this reference after the flush. */
static inline void tlb_batch_put_page(struct tlb_batch *b, struct page *page)
{
	if (unlikely(b->nr == TLB_BATCH_PAGES))
		tlb_batch_flush(b);
	b->page[b->nr++] = page;
}

/** tlb_batch_put_table() - free this table after a flush of the walk caches. */
void tlb_batch_put_table(struct tlb_batch *b, struct page *table);

struct tlb_counters {
	u64 flush_range[TLB_REASONS];
	u64 flush_space[TLB_REASONS];
	u64 pages[TLB_REASONS];         /* pages covered by range flushes */
	u64 kernel;                     /* flushes of the kernel half */
	u64 spared;                     /* batches that had nothing to flush */
};
DECLARE_PERCPU(struct tlb_counters, tlb_counters);

/* Sum over all CPUs. */
void tlb_counters_sum(struct tlb_counters *out);

#endif
