/* SPDX-License-Identifier: MIT */
/*
 * The page fault: a pipeline over struct fault_ctx that ends in a verdict.
 *
 *   find VMA ─► check rights ─► look at the entry
 *                                  │
 *        none ─────────────────────┼─► backing->get_page ─► install
 *        swap ─────────────────────┼─► (later issue)
 *        read-only leaf, write ────┼─► copy-on-write: reuse or copy (cow.c)
 *        fits already ─────────────┴─► spurious: OK
 */
#ifndef MM_SPACES_FAULT_H
#define MM_SPACES_FAULT_H

#include "mm/backing/backing.h"
#include "mm/spaces/mm.h"
#include "mm/tables/pgtable.h"

enum fault_reason {                     /* why a fault ended as it did */
	FAULT_WHY_NONE,
	FAULT_WHY_NO_VMA,               /* SEGV_MAPERR */
	FAULT_WHY_RIGHTS,               /* SEGV_ACCERR */
	FAULT_WHY_GUARD,                /* stack guard gap or RLIMIT_STACK */
	FAULT_WHY_PAST_END,             /* BUS_ADRERR */
	FAULT_WHY_NO_MEMORY,
	FAULT_WHY_NR,
};

struct fault_ctx {
	struct mm *mm;
	vaddr_t addr;                   /* as the CPU said */
	vaddr_t va;                     /* its page */
	u32 access;                     /* FAULT_* of arch/trap.h */
	struct vma *vma;
	struct pt_cursor cur;           /* stands on the slot once there is one */
	struct page *table;             /* the table that slot is in */
	struct page *page;              /* what the backing gave */
	u64 epoch;                      /* of the file, before its page was asked for */
	bool major;
	enum fault_reason why;
};

/**
 * mm_fault() - resolve one page fault of a user address
 *
 * Context: thread, no locks, may sleep. Return: the verdict; *why (may be NULL) says
 * the reason of SEGV, BUS, OOM for the report.
 */
enum fault_verdict mm_fault(struct mm *mm, vaddr_t addr, u32 access,
			    enum fault_reason *why);

/**
 * cow_fault() - write to a present read-only page of a private mapping
 *
 * ctx->cur stands on the slot with its table locked; on return the lock is
 * dropped. mm/spaces/cow.c, or a lab in its place.
 */
enum fault_verdict cow_fault(struct fault_ctx *ctx);

/* ---- the table lock, for the steps of the pipeline ------------------------
 * A table of the space stays where it is while mm->lock is held, so a step may
 * let go of its lock to allocate, and come back to the same slot. */

static inline void fault_unlock_table(struct fault_ctx *ctx)
	__no_thread_safety
{
	spin_unlock(&ctx->table->table_lock);
}

/* Back on the slot. false: the entry is no longer what it was. */
static inline bool fault_relock_table(struct fault_ctx *ctx)
	__no_thread_safety
{
	spin_lock(&ctx->table->table_lock);
	return pt_read(ctx->cur.slot).v == ctx->cur.entry.v;
}

/* Touches [addr, addr + len) as if read or written (MAP_POPULATE, exec). 0,
 * -EFAULT (no VMA, no rights, past the end of a file), -ENOMEM. */
int __must_check mm_populate(struct mm *mm, vaddr_t addr, size_t len,
			     bool write);

/* Makes room for addr in a stack that grows down to it. OK: look again.
 * Context: thread, no locks. (mm/spaces/stack.c) */
enum fault_verdict stack_grow_to(struct mm *mm, vaddr_t addr,
				 enum fault_reason *why);

const char *fault_reason_text(enum fault_reason why);

#endif
