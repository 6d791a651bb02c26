/* SPDX-License-Identifier: MIT */
/*
 * The slow halves of mutexes and reader-writer locks.
 *
 *	lock:    one atomic ── taken? ─► spin a little ─► guard, queue up,
 *	                                                 try once more, sleep
 *	unlock:  one atomic ── anybody waiting? ─► guard, hand over, wake
 *
 * A lock is handed over: the unlocking thread makes the first waiter the
 * owner before it wakes it, so waiters are served in order and none starves.
 *
 * Before it queues up a thread spins for about what a sleep and a wake-up
 * across CPUs would cost: who holds the lock is mostly on another CPU and soon
 * done. That is never worse than twice the best choice [Karlin91]. Nobody spins past
 * a queue, nor on a machine with one CPU.
 *
 * No wake-up is lost: the waiter raises nr_waiting and then tries the lock;
 * the owner gives the lock up and then reads nr_waiting. All four are
 * sequentially consistent, so at least one of the two sees the other.
 *
 * Invariants, under the guard:
 *  [W1] nr_waiting is the length of waiters;
 *  [W2] a waiter that is granted is not on the list and owns the lock.
 */
#include "kernel/base/lock.h"

#include "kernel/base/percpu.h"
#include "kernel/base/sched.h"

/* Looks at a taken lock before its thread sleeps: a pause and a look each. */
enum { LOCK_SPINS = 400 };

/* A thread that wants a sleeping lock, on its own stack. */
struct lock_waiter {
	struct list_node node;          /* [guard] */
	struct thread *thread;
	bool write;                     /* rwlock: wants it alone */
	bool granted;                   /* [guard] it owns the lock now */
};

static void lock_enqueue(struct list_node *waiters, u32 *nr_waiting,
			 struct lock_waiter *w)
{
	w->thread = current_thread();
	w->granted = false;
	list_push_back(waiters, &w->node);
	__atomic_fetch_add(nr_waiting, 1, __ATOMIC_SEQ_CST);
}

static void lock_grant(struct lock_waiter *w, u32 *nr_waiting)
{
	list_remove(&w->node);
	__atomic_fetch_sub(nr_waiting, 1, __ATOMIC_SEQ_CST);
	w->granted = true;
	thread_wake(w->thread);
}

/* Whether a spinning thread may spin once more. */
static bool lock_spin(unsigned int spins, const u32 *nr_waiting)
{
	if (spins == LOCK_SPINS || !(cpus_online & (cpus_online - 1)) ||
	    READ_ONCE(*nr_waiting))
		return false;
	cpu_relax();
	return true;
}

/* Sleeps until w is granted. Holds the guard before and after. */
static void lock_wait(struct spinlock *guard, struct lock_waiter *w)
	__no_thread_safety
{
	while (!w->granted) {
		sched_prepare_block();
		spin_unlock(guard);
		sched_block();
		spin_lock(guard);
	}
	sched_cancel_block();
}

/** mutex_init() - a free mutex of this rank. Context: any. */
void mutex_init(struct mutex *m, enum lock_rank rank)
{
	*m = (struct mutex)MUTEX_INIT(*m, (u16)rank);
}

static bool mutex_claim(struct mutex *m, struct thread *t)
{
	struct thread *nobody = NULL;

	return __atomic_compare_exchange_n(&m->owner, &nobody, t, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Makes the first waiter the owner if the mutex is free. Needs the guard. */
static void mutex_hand_over(struct mutex *m)
{
	struct lock_waiter *w;

	if (list_empty(&m->waiters))
		return;
	w = list_first(&m->waiters, struct lock_waiter, node);
	if (mutex_claim(m, w->thread))
		lock_grant(w, &m->nr_waiting);
}

static void mutex_lock_slow(struct mutex *m)
{
	struct lock_waiter w;

	for (unsigned int i = 0; lock_spin(i, &m->nr_waiting); i++)
		if (!READ_ONCE(m->owner) && mutex_claim(m, current_thread()))
			return;
	spin_lock(&m->guard);
	lock_enqueue(&m->waiters, &m->nr_waiting, &w);
	mutex_hand_over(m);
	lock_wait(&m->guard, &w);
	spin_unlock(&m->guard);
}

/** mutex_lock() - own m, waiting for it as long as it takes. May sleep. */
void mutex_lock(struct mutex *m) __no_thread_safety
{
	if (QUIRE_DEBUG)
		lock_debug_acquire(m, m->rank);
	if (unlikely(!mutex_claim(m, current_thread())))
		mutex_lock_slow(m);
}

/** try_mutex_lock() - own m if it is free. Never sleeps. */
bool try_mutex_lock(struct mutex *m) __no_thread_safety
{
	if (!mutex_claim(m, current_thread()))
		return false;
	if (QUIRE_DEBUG)
		lock_debug_tried(m, m->rank);
	return true;
}

/** mutex_unlock() - give m up; the first waiter gets it. Context: thread. */
void mutex_unlock(struct mutex *m) __no_thread_safety
{
	if (QUIRE_DEBUG)
		lock_debug_release(m, m->rank);
	__atomic_store_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
	if (unlikely(__atomic_load_n(&m->nr_waiting, __ATOMIC_SEQ_CST))) {
		spin_lock(&m->guard);
		mutex_hand_over(m);
		spin_unlock(&m->guard);
	}
}

/** mutex_is_mine() - whether the calling thread owns m. */
bool mutex_is_mine(const struct mutex *m)
{
	return READ_ONCE(m->owner) == current_thread();
}

/** rwlock_init() - a free lock of this rank. Context: any. */
void rwlock_init(struct rwlock *l, enum lock_rank rank)
{
	*l = (struct rwlock)RWLOCK_INIT(*l, (u16)rank);
}

/* Takes the lock for a reader or a writer if its state allows. */
static bool rwlock_claim(struct rwlock *l, bool write)
{
	s32 c = __atomic_load_n(&l->count, __ATOMIC_SEQ_CST);

	while (write ? c == 0 : c >= 0)
		if (__atomic_compare_exchange_n(&l->count, &c,
						write ? -1 : c + 1, false,
						__ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

/* Lets waiters in, in order, as long as the lock allows. Needs the guard. */
static void rwlock_hand_over(struct rwlock *l)
{
	while (!list_empty(&l->waiters)) {
		struct lock_waiter *w = list_first(&l->waiters,
						   struct lock_waiter, node);

		if (!rwlock_claim(l, w->write))
			break;
		lock_grant(w, &l->nr_waiting);
	}
}

static void rwlock_lock_slow(struct rwlock *l, bool write)
{
	struct lock_waiter w = { .write = write };

	for (unsigned int i = 0; lock_spin(i, &l->nr_waiting); i++)
		if (rwlock_claim(l, write))
			return;
	spin_lock(&l->guard);
	lock_enqueue(&l->waiters, &l->nr_waiting, &w);
	rwlock_hand_over(l);
	lock_wait(&l->guard, &w);
	spin_unlock(&l->guard);
}

/** rwlock_read_slow() - read_lock() that found a writer or waiters. */
void rwlock_read_slow(struct rwlock *l)
{
	rwlock_lock_slow(l, false);
}

/** rwlock_write_slow() - write_lock() that found the lock taken. */
void rwlock_write_slow(struct rwlock *l)
{
	rwlock_lock_slow(l, true);
}

/** rwlock_wake() - an unlock that saw waiters. Context: thread. */
void rwlock_wake(struct rwlock *l)
{
	spin_lock(&l->guard);
	rwlock_hand_over(l);
	spin_unlock(&l->guard);
}

/** rwlock_is_held() - by anybody, reading or writing. */
bool rwlock_is_held(const struct rwlock *l)
{
	return READ_ONCE(l->count) != 0;
}
