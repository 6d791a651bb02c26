/* SPDX-License-Identifier: MIT */
/* Names, sums and the printed form of the trace events; see trace.h. */
#include "kernel/base/trace.h"

#include "kernel/base/printk.h"

DEFINE_PERCPU(struct trace_cpu, trace_cpu);

const char *const trace_names[TRACE_NR] = {
#define X(name, text) #name,
	TRACE_EVENTS(X)
#undef X
};

const char *const trace_texts[TRACE_NR] = {
#define X(name, text) text,
	TRACE_EVENTS(X)
#undef X
};

/**
 * trace_total() - how often an event happened, all CPUs
 *
 * The sum of counters that other CPUs move on meanwhile. Context: any.
 */
u64 trace_total(enum trace_event e)
{
	u64 total = 0;

	for (unsigned int cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1))
		total += cpu_ptr(trace_cpu, cpu)->count[e];
	return total;
}

static void trace_dump_cpu(unsigned int cpu, unsigned int nr)
{
	const struct trace_cpu *t = cpu_ptr(trace_cpu, cpu);
	u64 end = t->next;
	u64 first = end - MIN(end, (u64)MIN(nr, (unsigned int)TRACE_RING));

	for (u64 i = first; i < end; i++) {
		const struct trace_record *r = &t->ring[i & (TRACE_RING - 1)];

		printk(LOG_NOTICE, "  cpu%u %llu %-16s %#llx %#llx  (%s)\n",
		       cpu, (unsigned long long)r->when,
		       r->event < TRACE_NR ? trace_names[r->event] : "?",
		       (unsigned long long)r->a, (unsigned long long)r->b,
		       r->event < TRACE_NR ? trace_texts[r->event] : "?");
	}
}

/**
 * trace_dump() - print the newest nr records of every CPU, oldest first
 *
 * Context: any; records that are being written meanwhile may come out mixed.
 */
void trace_dump(unsigned int nr)
{
	for (unsigned int cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1))
		trace_dump_cpu(cpu, nr);
}
