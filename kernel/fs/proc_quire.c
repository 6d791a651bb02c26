/* SPDX-License-Identifier: MIT */
/*
 * /proc/quire: what this kernel tells of itself beyond Linux's formats, in
 * plain text for eyes and scripts.
 *
 *   counters  "event count", one line each trace event
 *   trace     the last events of each CPU, oldest first
 *   fail-nth  how many allocations of the reader are to go before one fails;
 *             writable: the allocation failures of its next calls
 *   tlb       flushes by reason
 *   smp       calls to other CPUs (shootdowns, most of them), by CPU
 *   census    every frame recounted; the first contradiction, if any
 *   leaks     kernel objects by who allocated them (slab_debug=U)
 */
#include "arch/cpu.h"
#include "arch/timer.h"
#include "kernel/base/inject.h"
#include "kernel/base/sched.h"
#include "kernel/base/smp.h"
#include "kernel/base/trace.h"
#include "kernel/fs/proc.h"
#include "lib/errno.h"
#include "mm/frames/slab.h"
#include "mm/pressure/census.h"
#include "mm/tables/tlb.h"

typedef unsigned long long ull;

static int show_counters(struct strbuf *sb, int pid)
{
	for (int e = 0; e < TRACE_NR; e++)
		strbuf_printf(sb, "%s %llu\n", trace_names[e],
			      (ull)trace_total((enum trace_event)e));
	return 0;
}

/* The ring goes on while it is read: a line may be half of one event and
 * half of the next, which the event number check keeps harmless. */
static void show_trace_cpu(struct strbuf *sb, u32 cpu)
{
	const struct trace_cpu *t = cpu_ptr(trace_cpu, cpu);
	u64 next = READ_ONCE(t->next);
	u64 i = next > TRACE_RING ? next - TRACE_RING : 0;

	for (; i < next; i++) {
		struct trace_record r = t->ring[i & (TRACE_RING - 1)];

		if (r.event < TRACE_NR)
			strbuf_printf(sb, "%u %llu %s %#llx %#llx  (%s)\n", cpu,
				      (ull)r.when, trace_names[r.event],
				      (ull)r.a, (ull)r.b, trace_texts[r.event]);
	}
}

static int show_trace(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "# cpu timestamp event a b\n");
	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++)
		if (cpus_online >> cpu & 1)
			show_trace_cpu(sb, cpu);
	return 0;
}

static int show_tlb(struct strbuf *sb, int pid)
{
	struct tlb_counters c;

	tlb_counters_sum(&c);
	strbuf_printf(sb, "# reason flush_range pages flush_space\n");
	for (u32 r = 0; r < TLB_REASONS; r++)
		strbuf_printf(sb, "%s %llu %llu %llu\n", tlb_reason_names[r],
			      (ull)c.flush_range[r], (ull)c.pages[r],
			      (ull)c.flush_space[r]);
	strbuf_printf(sb,
		      "# batches of the kernel half; batches that needed "
		      "no flush\nkernel_half %llu\nspared %llu\n",
		      (ull)c.kernel, (ull)c.spared);
	return 0;
}

static int show_smp(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "# cpu calls interrupted_for_them wakes\n");
	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		const struct smp_counters *c;

		if (!(cpus_online >> cpu & 1))
			continue;
		c = cpu_ptr(smp_counters, cpu);
		strbuf_printf(sb, "%u %llu %llu %llu\n", cpu, (ull)c->calls,
			      (ull)c->targets,
			      (ull)*cpu_ptr(sched_wakes_sent, cpu));
	}
	return 0;
}

struct census_request {
	struct census *c;
	const char *why;
};

static void census_alone(void *arg)
{
	struct census_request *r = arg;

	r->why = census(r->c);
}

/* The census borrows reference counts while it walks: nobody else may run. */
static int show_census(struct strbuf *sb, int pid)
{
	struct census c = { 0 };
	struct census_request r = { .c = &c };
	const char *why;

	if (!smp_alone(census_alone, &r))
		return -EBUSY;
	why = r.why;
	strbuf_printf(sb, "verdict %s\n", why ? why : "sound");
	strbuf_printf(sb, "ram %llu\ndeferred %llu\n", (ull)c.ram,
		      (ull)c.deferred);
	for (u32 t = 0; t < PAGE_TYPES; t++)
		strbuf_printf(sb, "%s %llu\n", page_type_names[t],
			      (ull)c.by_type[t]);
	strbuf_printf(sb, "leaves_anon %llu\nleaves_file %llu\nspaces %llu\n",
		      (ull)c.mapped_anon, (ull)c.mapped_file, (ull)c.spaces);
	return 0;
}

static int show_leaks(struct strbuf *sb, int pid)
{
	slab_leak_report(sb);
	if (sb->len == 0)
		strbuf_printf(sb, "# no owners tracked: boot with "
				  "slab_debug=U\n");
	return 0;
}

static int show_fail_nth(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%llu\n", (ull)current_thread()->fail_nth);
	return 0;
}

/* Echo 3 here, and the third allocation of the caller from now on fails: what
 * a program does to its own calls (tests/user/fuzz_calls.c). */
static int store_fail_nth(const char *text)
{
	u64 n = 0;

	for (; *text >= '0' && *text <= '9' && n < UINT32_MAX; text++)
		n = n * 10 + (u64)(*text - '0');
	if (*text)
		return -EINVAL;
	inject_arm_thread(n);
	return 0;
}

const struct proc_node proc_quire_table[PROC_QUIRE_FILES] = {
	PROC_FILE("census", show_census),
	PROC_FILE("counters", show_counters),
	PROC_KNOB("fail-nth", show_fail_nth, store_fail_nth),
	PROC_FILE("leaks", show_leaks),
	PROC_FILE("smp", show_smp),
	PROC_FILE("tlb", show_tlb),
	PROC_FILE("trace", show_trace),
};
