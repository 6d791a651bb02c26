/* SPDX-License-Identifier: MIT */
/*
 * Simulated interrupts: lines that a test raises, other CPUs, the timer, and
 * the console.
 *
 * Nothing is asynchronous. A raised line waits until its CPU lets interrupts
 * in; host_irq_poll() then delivers all that is due. A CPU that sleeps with
 * nothing due jumps forward in time to the timer's deadline; with no deadline
 * either it waits for a CPU that another host thread plays. If there is none,
 * nobody could ever wake it, and the run ends with a message instead of hanging.
 */
#include "arch/irq.h"

#include <time.h>

#include "arch/console.h"
#include "arch/host/machine.h"
#include "arch/timer.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "lib/errno.h"

#define NR_LINES 16
#define POLL_NS  10                     /* virtual time that a look costs */

struct irq_line {
	irq_handler_fn *fn;
	void *arg;
	const char *name;
	bool raised;
};
static struct irq_line lines[NR_LINES];
static const char *typed = "";

void irq_init(void) {}

void irq_init_cpu(void) {}

int irq_register(unsigned int line, irq_handler_fn *fn, void *arg,
		 const char *name)
{
	if (line >= NR_LINES)
		return -EINVAL;
	if (lines[line].fn)
		return -EBUSY;
	lines[line] = (struct irq_line){ fn, arg, name, false };
	return 0;
}

void host_irq_raise(unsigned int line)
{
	assert(line < NR_LINES && lines[line].fn);
	lines[line].raised = true;
}

void host_console_type(const char *text)
{
	typed = text;
}

void __weak console_received(char c) {}

static bool irq_due(void)
{
	for (int i = 0; i < NR_LINES; i++)
		if (lines[i].raised)
			return true;
	return *typed || __atomic_load_n(&host_cpu->ipis, __ATOMIC_RELAXED) ||
	       host_cpu->deadline <= host_clock_now();
}

static void irq_deliver(void)
{
	for (int i = 0; i < NR_LINES; i++) {
		if (!lines[i].raised)
			continue;
		lines[i].raised = false;
		lines[i].fn(lines[i].arg);
	}
	while (*typed)
		console_received(*typed++);
	host_ipis_deliver();
	if (host_cpu->deadline <= host_clock_now()) {
		host_cpu->deadline = ~(u64)0;
		time_interrupt();
	}
}

void host_irq_poll(void)
{
	__atomic_fetch_add(&host_clock, POLL_NS, __ATOMIC_RELAXED);
	if (host_cpu->in_irq || !irq_due())
		return;
	host_cpu->in_irq = true;
	host_cpu->irq_on = false;
	(void)this_cpu_nest(irq_depth, 1);
	irq_deliver();
	(void)this_cpu_nest(irq_depth, -1);
	host_cpu->in_irq = false;
	if (this_cpu_read(preempt_count) == 0 && this_cpu_read(need_resched))
		sched_preempt_irq();
	host_cpu->irq_on = true;
}

/* Time goes on to t, if it is not there already. */
static void clock_jump(u64 t)
{
	u64 now = host_clock_now();

	while (now < t &&
	       !__atomic_compare_exchange_n(&host_clock, &now, t, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void host_cpu_sleep(void)
{
	const struct timespec a_while = { .tv_nsec = 20000 };

	while (!irq_due()) {
		if (host_cpu->deadline != ~(u64)0) {
			clock_jump(host_cpu->deadline);
			continue;
		}
		if (host_cpus_all_mine())
			panic("host: CPU %u sleeps and nothing can wake it",
			      host_cpu->number);
		nanosleep(&a_while, NULL);
	}
	irq_enable();
}
