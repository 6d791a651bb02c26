/* SPDX-License-Identifier: MIT */
/*
 * The checks of debug builds: every lock taken in the order of lockrank.h.
 *
 *	this CPU (spinning)      ZONE │ LOG
 *	this thread (sleeping)   MM │ FILE_MAP
 *	                                   ▲ the next one must rank above all
 *
 * A cycle of waiting needs two locks taken in both orders. With one global
 * order there is none, whatever the timing of this run was: the check finds
 * the mistake even when nothing went wrong.
 *
 * An interrupt handler is judged on its own: what the interrupted code holds
 * is no nesting of the handler's. The other danger there, a lock taken by a
 * handler and also with interrupts on, is found per rank: rank_in_irq and
 * rank_irqs_on may not meet.
 *
 * Only called when QUIRE_DEBUG is 1; costs a search of a few entries a lock.
 */
#include "arch/cpu.h"
#include "kernel/base/ksym.h"
#include "kernel/base/spinlock.h"
#include "kernel/base/panic.h"
#include "kernel/base/thread.h"

const char *const lock_rank_names[RANK_NR] = {
#define X(name, what) #name,
	LOCK_RANKS(X)
#undef X
};

DEFINE_PERCPU(struct held_locks, held_spinlocks);

/* Bit n: rank n was taken inside an interrupt; with interrupts on; both, and
 * that has been reported [atomic]. */
static u64 rank_in_irq;
static u64 rank_irqs_on;
static u64 rank_reported;
static_assert(RANK_NR <= 64, "ranks fit a word");

static struct held_locks *held_for(enum lock_rank rank)
{
	return rank < RANK_SLEEPING_END ? &current_thread()->held
					: this_cpu_ptr(held_spinlocks);
}

static void report_order(const void *lock, enum lock_rank rank,
			 const struct held_lock *held)
{
	char where[64];

	kernel_report(lock == held->lock ? "lock-recursion" : "lock-order",
		      "taking %s (%p) while holding %s (%p) taken at %s",
		      lock_rank_names[rank], lock, lock_rank_names[held->rank],
		      held->lock,
		      ksym_format(where, sizeof(where), held->where));
}

/* Compares with everything held in this interrupt (or outside of any). */
static void check_order(const struct held_locks *held, const void *lock,
			enum lock_rank rank)
{
	u32 depth = this_cpu_read(irq_depth);

	for (u32 i = 0; i < held->nr; i++) {
		const struct held_lock *h = &held->lock[i];

		if (h->irq_depth == depth && h->rank >= rank) {
			report_order(lock, rank, h);
			return;
		}
	}
}

/* The line stays shared by all CPUs once the bit is there. */
static void rank_seen(u64 *ranks, u64 bit)
{
	if (!(READ_ONCE(*ranks) & bit))
		__atomic_fetch_or(ranks, bit, __ATOMIC_RELAXED);
}

static void check_irq_use(const void *lock, enum lock_rank rank)
{
	u64 bit = (u64)1 << rank;

	if (this_cpu_read(irq_depth))
		rank_seen(&rank_in_irq, bit);
	else if (irq_enabled())
		rank_seen(&rank_irqs_on, bit);
	if (READ_ONCE(rank_in_irq) & READ_ONCE(rank_irqs_on) &
	    ~READ_ONCE(rank_reported) & bit) {
		rank_seen(&rank_reported, bit);
		kernel_report("lock-irq",
			      "%s (%p) is taken by interrupts and "
			      "with interrupts on",
			      lock_rank_names[rank], lock);
	}
}

static void held_push(const void *lock, enum lock_rank rank, uintptr_t where)
{
	struct held_locks *held = held_for(rank);

	assertf(held->nr < HELD_LOCKS_MAX, "lock %s is one too many",
		lock_rank_names[rank]);
	held->lock[held->nr++] = (struct held_lock){
		.lock = lock,
		.where = where,
		.rank = (u16)rank,
		.irq_depth = (u16)this_cpu_read(irq_depth),
	};
}

/** lock_debug_acquire() - the caller is about to take lock. Context: any. */
void lock_debug_acquire(const void *lock, enum lock_rank rank)
{
	if (rank == RANK_NONE)
		return;
	check_order(&current_thread()->held, lock, rank);
	check_order(this_cpu_ptr(held_spinlocks), lock, rank);
	if (rank < RANK_SLEEPING_END)
		lock_debug_sleep(lock_rank_names[rank]);
	else
		check_irq_use(lock, rank);
	held_push(lock, rank, (uintptr_t)__builtin_return_address(0));
}

/** lock_debug_tried() - got without waiting: safe in any order. */
void lock_debug_tried(const void *lock, enum lock_rank rank)
{
	if (rank != RANK_NONE)
		held_push(lock, rank, (uintptr_t)__builtin_return_address(0));
}

/** lock_debug_release() - the caller gives lock up, in any order. */
void lock_debug_release(const void *lock, enum lock_rank rank)
{
	struct held_locks *held = held_for(rank);
	u32 i = held->nr;

	if (rank == RANK_NONE)
		return;
	while (i && held->lock[i - 1].lock != lock)
		i--;
	if (!i) {
		kernel_report("lock-release", "%s (%p) is not held here",
			      lock_rank_names[rank], lock);
		return;
	}
	for (; i < held->nr; i++)
		held->lock[i - 1] = held->lock[i];
	held->nr--;
}

/** lock_debug_sleep() - the caller may sleep: nothing may forbid it. */
void lock_debug_sleep(const char *what)
{
	const struct held_locks *spin = this_cpu_ptr(held_spinlocks);

	if (!this_cpu_read(preempt_count) && !this_cpu_read(irq_depth))
		return;
	kernel_report("lock-sleep",
		      "%s may sleep, but preempt count is %u, "
		      "interrupt depth %u, last spinlock %s",
		      what, this_cpu_read(preempt_count),
		      this_cpu_read(irq_depth),
		      spin->nr ? lock_rank_names[spin->lock[spin->nr - 1].rank]
			       : "none");
}
