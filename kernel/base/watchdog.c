/* SPDX-License-Identifier: MIT */
/*
 * The watchdog: a CPU that is stuck is a report, never a silent hang.
 *
 *	CPU 0 ── each second: my beat + 1; has CPU 1's moved? ──► CPU 1 ── … ──► CPU 0
 *
 * Dead: a CPU whose beat stands still takes no interrupts (a lock taken with
 * interrupts off, a loop in a handler). Its neighbour sees it.
 *
 * Livelocked: a CPU that takes interrupts and has waiters, but has not switched
 * threads all that time (a kernel loop without a way out of the CPU, preemption
 * off). It sees that itself.
 *
 * Either way the kernel panics, and every CPU that can says where it is. Boot
 * option watchdog=SECONDS (30; 0: off); time that no CPU gets (a machine that
 * was suspended) counts for all beats alike.
 */
#include "kernel/base/watchdog.h"

#include "arch/timer.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/base/runqueue.h"

#define NS_PER_S 1000000000ull
#define SECONDS  30

struct watchdog {
	struct timer timer;
	u64 beat;                       /* seconds, as far as this CPU lives */
	u64 seen;                       /* the neighbour's beat when it last moved */
	u32 still;                      /* seconds that it has not moved */
	u64 switches;                   /* of this CPU when it last switched */
	u32 stuck;                      /* seconds without a switch, with waiters */
};
static DEFINE_PERCPU(struct watchdog, watchdog);
static u32 watchdog_seconds;

static unsigned int watchdog_neighbour(void)
{
	unsigned int cpu = cpu_next_online(this_cpu_read(cpu_number) + 1);

	return cpu < MAX_CPUS ? cpu : cpu_next_online(0);
}

/* Has CPU `cpu` lived since the last look? */
static void watchdog_look_at(struct watchdog *w, unsigned int cpu)
{
	u64 beat = READ_ONCE(cpu_ptr(watchdog, cpu)->beat);

	w->still = beat == w->seen ? w->still + 1 : 0;
	w->seen = beat;
	if (w->still > watchdog_seconds)
		panic("watchdog: CPU %u has taken no interrupt for %u s", cpu,
		      w->still);
}

static void watchdog_look_at_me(struct watchdog *w)
{
	const struct runqueue *rq = this_cpu_ptr(runqueue);
	bool stuck = rq->nr_queued && rq->nr_switches == w->switches;

	w->stuck = stuck ? w->stuck + 1 : 0;
	w->switches = rq->nr_switches;
	if (w->stuck > watchdog_seconds)
		panic("watchdog: thread \"%s\" has kept CPU %u for %u s while "
		      "%u others wait",
		      rq->current->name, this_cpu_read(cpu_number), w->stuck,
		      rq->nr_queued);
}

/* Timer: once a second on each CPU. */
static void watchdog_beat(struct timer *t)
{
	struct watchdog *w = this_cpu_ptr(watchdog);
	unsigned int neighbour = watchdog_neighbour();

	WRITE_ONCE(w->beat, w->beat + 1);
	if (neighbour != this_cpu_read(cpu_number))
		watchdog_look_at(w, neighbour);
	watchdog_look_at_me(w);
	timer_start(t, timer_now() + NS_PER_S, watchdog_beat);
}

/** watchdog_start() - watch this CPU and its neighbour. Context: boot of each CPU. */
void watchdog_start(void)
{
	struct watchdog *w = this_cpu_ptr(watchdog);

	if (this_cpu_read(cpu_number) == 0)
		watchdog_seconds = (u32)cmdline_u64("watchdog", SECONDS);
	if (watchdog_seconds)
		timer_start(&w->timer, timer_now() + NS_PER_S, watchdog_beat);
}
