/* SPDX-License-Identifier: MIT */
/*
 * All locks: spinlocks (spinlock.h), mutexes and reader-writer locks, with one
 * ranked order (lockrank.h).
 *
 * Mutexes and rwlocks sleep. Their uncontended paths are one atomic each; the
 * rest is in lock.c.
 */
#ifndef KERNEL_BASE_LOCK_H
#define KERNEL_BASE_LOCK_H

#include "kernel/base/spinlock.h"
#include "lib/list.h"

struct thread;

/* Sleeping lock with one owner; waiters get it first come, first served. */
struct __capability("mutex") mutex {
	struct thread *owner;           /* NULL: free [atomic] */
	u32 nr_waiting;                 /* [guard], read without it */
	u16 rank;
	struct spinlock guard;
	struct list_node waiters;       /* [guard] struct lock_waiter.node */
};

#define MUTEX_INIT(m, r)                                                 \
	{ .rank = (r), .guard = SPINLOCK_INIT(RANK_GUARD),               \
	  .waiters = LIST_INIT((m).waiters) }

void mutex_init(struct mutex *m, enum lock_rank rank);
void mutex_lock(struct mutex *m) __acquires_lock(m);
void mutex_unlock(struct mutex *m) __releases_lock(m);
bool try_mutex_lock(struct mutex *m) __try_acquires(true, m);
bool mutex_is_mine(const struct mutex *m);

/*
 * Sleeping lock with many readers or one writer. A waiting writer stops new
 * readers. The uncontended paths are inline: one atomic each.
 */
struct __capability("rwlock") rwlock {
	s32 count;                      /* readers; -1: one writer [atomic] */
	u32 nr_waiting;                 /* [guard], read without it */
	u16 rank;
	struct spinlock guard;
	struct list_node waiters;       /* [guard] struct lock_waiter.node */
};

#define RWLOCK_INIT(l, r)                                                \
	{ .rank = (r), .guard = SPINLOCK_INIT(RANK_GUARD),               \
	  .waiters = LIST_INIT((l).waiters) }

void rwlock_init(struct rwlock *l, enum lock_rank rank);
void rwlock_read_slow(struct rwlock *l);
void rwlock_write_slow(struct rwlock *l);
void rwlock_wake(struct rwlock *l);
bool rwlock_is_held(const struct rwlock *l);

static inline void read_lock(struct rwlock *l) __acquires_shared(l)
	__no_thread_safety
{
	s32 c = READ_ONCE(l->count);

	if (QUIRE_DEBUG)
		lock_debug_acquire(l, l->rank);
	if (unlikely(c < 0 || READ_ONCE(l->nr_waiting) ||
		     !__atomic_compare_exchange_n(&l->count, &c, c + 1, false,
						  __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		rwlock_read_slow(l);
}

/* One more reader, if that needs no wait. */
static inline bool try_read_lock(struct rwlock *l)
	__try_acquires_shared(true, l) __no_thread_safety
{
	s32 c = READ_ONCE(l->count);

	if (c < 0 || READ_ONCE(l->nr_waiting) ||
	    !__atomic_compare_exchange_n(&l->count, &c, c + 1, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	if (QUIRE_DEBUG)
		lock_debug_tried(l, l->rank);
	return true;
}

static inline void read_unlock(struct rwlock *l) __releases_shared(l)
	__no_thread_safety
{
	if (QUIRE_DEBUG)
		lock_debug_release(l, l->rank);
	if (__atomic_sub_fetch(&l->count, 1, __ATOMIC_SEQ_CST) == 0 &&
	    unlikely(__atomic_load_n(&l->nr_waiting, __ATOMIC_SEQ_CST)))
		rwlock_wake(l);
}

static inline void write_lock(struct rwlock *l) __acquires_lock(l)
	__no_thread_safety
{
	s32 c = 0;

	if (QUIRE_DEBUG)
		lock_debug_acquire(l, l->rank);
	if (unlikely(!__atomic_compare_exchange_n(&l->count, &c, -1, false,
						  __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		rwlock_write_slow(l);
}

static inline void write_unlock(struct rwlock *l) __releases_lock(l)
	__no_thread_safety
{
	if (QUIRE_DEBUG)
		lock_debug_release(l, l->rank);
	__atomic_store_n(&l->count, 0, __ATOMIC_SEQ_CST);
	if (unlikely(__atomic_load_n(&l->nr_waiting, __ATOMIC_SEQ_CST)))
		rwlock_wake(l);
}

#endif
