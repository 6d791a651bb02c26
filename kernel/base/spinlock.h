/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks, and the preemption count that they stand on.
 *
 * A spinlock disables preemption; the _irq forms also interrupts, and every
 * lock that an interrupt handler takes must always be taken so. In debug
 * builds (QUIRE_DEBUG) every acquisition is checked against the locks already
 * held (lockdebug.c).
 */
#ifndef KERNEL_BASE_SPINLOCK_H
#define KERNEL_BASE_SPINLOCK_H

#include "arch/cpu.h"
#include "kernel/base/lockrank.h"
#include "kernel/base/percpu.h"

struct __capability("spinlock") spinlock {
	u32 locked;                     /* 0 free, 1 held */
	u16 rank;                       /* enum lock_rank */
	u16 owner;                      /* debug: CPU + 1 of the last holder */
};

#define SPINLOCK_INIT(r) { .rank = (r) }

static inline void spin_init(struct spinlock *l, enum lock_rank rank)
{
	*l = (struct spinlock)SPINLOCK_INIT((u16)rank);
}

/*
 * Debug builds: who holds what, in lockdebug.c. Spinlocks are noted per CPU,
 * sleeping locks per thread. A breach is a kernel_report: "lock-order",
 * "lock-recursion", "lock-irq", "lock-release" or "lock-sleep".
 */
void lock_debug_acquire(const void *lock, enum lock_rank rank);
void lock_debug_tried(const void *lock, enum lock_rank rank);  /* any order */
void lock_debug_release(const void *lock, enum lock_rank rank);
void lock_debug_sleep(const char *what);     /* may the caller sleep here? */

static inline void preempt_disable(void)
{
	(void)this_cpu_nest(preempt_count, 1);
	barrier();
}

/* May switch to another thread when the count drops to 0 and it is needed. */
void preempt_enable_slow(void);

static inline void preempt_enable(void)
{
	barrier();
	if (unlikely(this_cpu_nest(preempt_count, -1) == 0 &&
		     this_cpu_read(need_resched)))
		preempt_enable_slow();
}

/*
 * For sections of a few instructions that run all the time: a switch that came
 * due meanwhile waits for the next preempt_enable(), interrupt or return to
 * user mode. Spares the caller a call, and so all registers that it would save.
 */
static inline void preempt_enable_late(void)
{
	barrier();
	(void)this_cpu_nest(preempt_count, -1);
}

static inline void spin_lock(struct spinlock *l) __acquires_lock(l)
	__no_thread_safety
{
	preempt_disable();
	if (QUIRE_DEBUG)
		lock_debug_acquire(l, l->rank);
	while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		while (READ_ONCE(l->locked))
			cpu_relax();
	if (QUIRE_DEBUG)
		l->owner = (u16)(this_cpu_read(cpu_number) + 1);
}

static inline void spin_unlock(struct spinlock *l) __releases_lock(l)
	__no_thread_safety
{
	if (QUIRE_DEBUG)
		lock_debug_release(l, l->rank);
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
	preempt_enable();
}

static inline bool try_spin_lock(struct spinlock *l) __try_acquires(true, l)
	__no_thread_safety
{
	preempt_disable();
	if (!__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE)) {
		if (QUIRE_DEBUG)
			lock_debug_tried(l, l->rank);
		return true;
	}
	preempt_enable();
	return false;
}

static inline u64 spin_lock_irq(struct spinlock *l) __acquires_lock(l)
	__no_thread_safety
{
	u64 flags = irq_save();

	spin_lock(l);
	return flags;
}

static inline void spin_unlock_irq(struct spinlock *l, u64 flags)
	__releases_lock(l) __no_thread_safety
{
	if (QUIRE_DEBUG)
		lock_debug_release(l, l->rank);
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
	preempt_enable();
}

static inline bool spin_is_locked(const struct spinlock *l)
{
	return READ_ONCE(l->locked) != 0;
}

#endif
