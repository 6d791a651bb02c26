/* SPDX-License-Identifier: MIT */
/*
 * The sampler of each CPU: cputime.h has the idea.
 *
 * It is armed when a task is switched to, and lets itself end when it finds none: an
 * idle CPU is woken by it once at most. Its figures are written by its own CPU in
 * the interrupt and read by anybody; a reader elsewhere may be one interval late.
 */
#include "kernel/base/sampler.h"

#include "arch/timer.h"
#include "kernel/base/runqueue.h"
#include "kernel/base/thread.h"
#include "kernel/base/time.h"

#define SAMPLE_NS 10000000ull

struct sampler {
	struct timer timer;
	struct cputime book;            /* of all that is not idle */
};

DEFINE_PERCPU(struct sampler, sampler) = {
	.book.in_kernel = true,         /* the boot */
};

void (*sampler_seen)(struct thread *t);

/* What a CPU has been idle for, the present moment too. */
static u64 sampler_idle(const struct runqueue *rq)
{
	u64 idle = READ_ONCE(rq->idle->run_ns);

	if (READ_ONCE(rq->current) == rq->idle)
		idle += timer_now() - READ_ONCE(rq->idle->switched_in);
	return idle;
}

/**
 * sampler_ran() - ns that t ran so far
 *
 * Of a thread that runs elsewhere: until it was looked at last, since a switch
 * may be far away. Context: any.
 */
u64 sampler_ran(const struct thread *t)
{
	u64 ns = READ_ONCE(t->run_ns), seen = READ_ONCE(t->time.seen_at);

	if (t == current_thread())
		return ns + timer_now() - t->switched_in;
	return MAX(ns, seen);
}

/* Timer: whoever runs here now was interrupted where irq_user says. */
static void sampler_look(struct timer *timer)
{
	struct sampler *s = container_of(timer, struct sampler, timer);
	struct runqueue *rq = this_cpu_ptr(runqueue);
	struct thread *t = current_thread();
	bool in_kernel = !this_cpu_read(irq_user);
	u64 now = timer_now();

	if (!t->task)
		return;                 /* the next task starts it again */
	cputime_book(&t->time, sampler_ran(t), in_kernel);
	cputime_book(&s->book, now - sampler_idle(rq), in_kernel);
	sampler_seen(t);
	timer_start(timer, now + SAMPLE_NS, sampler_look);
}

/** sampler_watch() - look at the task that comes. Context: interrupts off. */
void sampler_watch(void)
{
	struct sampler *s = this_cpu_ptr(sampler);

	if (!s->timer.queued)
		timer_start(&s->timer, timer_now() + SAMPLE_NS, sampler_look);
}

/**
 * sampler_of_cpu() - what a CPU did since boot, in ns
 *
 * Context: any; the three add up to the time since boot.
 */
void sampler_of_cpu(unsigned int cpu, u64 *user, u64 *kernel, u64 *idle)
{
	u64 now = timer_now(), busy;

	*idle = MIN(sampler_idle(cpu_ptr(runqueue, cpu)), now);
	busy = now - *idle;
	*kernel = MIN(cputime_kernel(&cpu_ptr(sampler, cpu)->book, busy), busy);
	*user = busy - *kernel;
}
