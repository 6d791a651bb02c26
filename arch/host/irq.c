/* SPDX-License-Identifier: MIT */
/*
 * Simulated interrupts: lines that a test raises, the timer, and the console.
 *
 * Nothing is asynchronous. A raised line waits until its CPU lets interrupts
 * in; host_irq_poll() then delivers all that is due. A CPU that sleeps with
 * nothing due jumps forward in time to the timer's deadline; with no deadline
 * either, nobody could ever wake it, and the run ends with a message instead
 * of hanging.
 */
#include "arch/irq.h"

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
	return *typed || host_cpu->deadline <= host_clock;
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
	if (host_cpu->deadline <= host_clock) {
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

void host_cpu_sleep(void)
{
	if (!irq_due()) {
		if (host_cpu->deadline == ~(u64)0)
			panic("host: CPU %u sleeps and nothing can wake it",
			      host_cpu->number);
		host_clock = host_cpu->deadline;
	}
	irq_enable();
}
