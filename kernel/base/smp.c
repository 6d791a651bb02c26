/* SPDX-License-Identifier: MIT */
/*
 * Calls to other CPUs.
 *
 *   caller's slot      pending: CPUs that have not done it yet
 *   ┌───────────────┐
 *   │ fn arg        │  smp_send ─► each target looks through the slots of all
 *   │ pending 0110 ─┼─────────────► CPUs for its bit, runs fn(arg), clears it
 *   └───────────────┘
 *         ▲ waits until pending is 0
 *
 * Each CPU has one slot, so it has one call under way, and neither side needs a
 * lock or memory. A look through the slots costs a load for each CPU, little
 * against the interrupt.
 *
 * Invariants:
 *  [I1] fn and arg of a slot change only while its pending is 0;
 *  [I2] a target clears its bit after fn has returned: whoever sees pending 0
 *       sees all that the calls did;
 *  [I3] a CPU that waits for a call serves its own slots meanwhile, also with
 *       interrupts off: two that call each other both go on.
 */
#include "kernel/base/smp.h"

#include "arch/timer.h"
#include "kernel/base/panic.h"
#include "kernel/base/sched.h"
#include "kernel/base/spinlock.h"
#include "kernel/base/wait.h"

#define NS_PER_MS 1000000ull

struct smp_slot {
	smp_call_fn *fn;
	void *arg;
	u64 pending;                    /* bit n: CPU n has still to call [atomic] */
};
static DEFINE_PERCPU(struct smp_slot, smp_slot);
DEFINE_PERCPU(struct smp_counters, smp_counters);

/* Runs what other CPUs want from this one. Context: interrupts off. */
static void smp_serve(void)
{
	u64 me = (u64)1 << this_cpu_read(cpu_number);

	for (u64 cpus = READ_ONCE(cpus_online); cpus; cpus &= cpus - 1) {
		struct smp_slot *s =
			cpu_ptr(smp_slot, (unsigned int)__builtin_ctzll(cpus));

		if (!(__atomic_load_n(&s->pending, __ATOMIC_ACQUIRE) & me))
			continue;
		s->fn(s->arg);
		__atomic_fetch_and(&s->pending, ~me, __ATOMIC_RELEASE); /* [I2] */
	}
}

/* Fills this CPU's slot and tells the others. Context: preemption off. */
static void smp_call_start(u64 cpus, smp_call_fn *fn, void *arg)
{
	struct smp_slot *s = this_cpu_ptr(smp_slot);

	s->fn = fn;                     /* [I1] */
	s->arg = arg;
	__atomic_store_n(&s->pending, cpus, __ATOMIC_SEQ_CST);
	smp_send(cpus, IPI_CALL);
	this_cpu_add(smp_counters.calls, 1);
	this_cpu_add(smp_counters.targets, bit_count(cpus));
}

static void smp_call_wait(void)
{
	const struct smp_slot *s = this_cpu_ptr(smp_slot);
	u64 flags;

	while (__atomic_load_n(&s->pending, __ATOMIC_ACQUIRE)) {
		flags = irq_save();
		smp_serve();            /* [I3] */
		irq_restore(flags);
		cpu_relax();
	}
}

void smp_call(u64 cpus, smp_call_fn *fn, void *arg)
{
	preempt_disable();
	cpus &= ~((u64)1 << this_cpu_read(cpu_number));
	if (cpus) {
		smp_call_start(cpus, fn, arg);
		smp_call_wait();
	}
	preempt_enable();
}

/* ---- alone ------------------------------------------------------------------ */

/* The others' rendezvous with the CPU that wants to be alone. */
struct smp_meeting {
	u32 standing;                   /* CPUs that stand still [atomic] */
	u32 busy;                       /* CPUs that could not [atomic] */
	u32 over;                       /* 1: go on */
};

static void smp_stand_still(void *arg)
{
	struct smp_meeting *m = arg;

	if (!sched_is_idle()) {
		__atomic_fetch_add(&m->busy, 1, __ATOMIC_SEQ_CST);
		return;
	}
	__atomic_fetch_add(&m->standing, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&m->over, __ATOMIC_ACQUIRE))
		cpu_relax();
}

/* One try: fn runs if all others stand still. Context: preemption off. */
static bool smp_try_alone(u64 others, smp_call_fn *fn, void *arg)
{
	struct smp_meeting m = { 0 };
	u32 nr = bit_count(others);
	u64 flags;
	bool met;

	smp_call_start(others, smp_stand_still, &m);
	while (__atomic_load_n(&m.standing, __ATOMIC_ACQUIRE) +
		       __atomic_load_n(&m.busy, __ATOMIC_ACQUIRE) <
	       nr) {
		flags = irq_save();
		smp_serve();            /* [I3] */
		irq_restore(flags);
		cpu_relax();
	}
	flags = irq_save();
	met = m.standing == nr && sched_nr_runnable() == 1;
	if (met) {
		preempt_enable_late();  /* interrupts are off: nothing changes, */
		fn(arg);                /* but fn may take free sleeping locks */
		preempt_disable();
	}
	__atomic_store_n(&m.over, 1, __ATOMIC_RELEASE);
	irq_restore(flags);
	smp_call_wait();
	return met;
}

bool smp_alone(smp_call_fn *fn, void *arg)
{
	static u32 taken;               /* [atomic] two of them would never meet */
	u32 nobody = 0, tries;
	bool done = false;
	u64 others;

	if (!__atomic_compare_exchange_n(&taken, &nobody, 1, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	for (tries = 0; !done && tries < 1000; tries++) {
		if (tries > 0 &&
		    time_sleep_until(timer_now() + NS_PER_MS, NULL))
			break;          /* a signal */
		preempt_disable();
		others = READ_ONCE(cpus_online) &
			 ~((u64)1 << this_cpu_read(cpu_number));
		done = smp_try_alone(others, fn, arg);
		preempt_enable();
	}
	__atomic_store_n(&taken, 0, __ATOMIC_RELEASE);
	return done;
}

/* Upcall of arch/smp.h. */
void smp_received(enum ipi why, struct trap_frame *tf)
{
	switch (why) {
	case IPI_CALL:
		smp_serve();
		break;
	case IPI_STOP:
		panic_stop_here(tf);
	default:
		sched_kicked();
	}
}
