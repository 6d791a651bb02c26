/* SPDX-License-Identifier: MIT */
/*
 * The memory of a process as text: statm, the Vm lines of status, oom_score.
 *
 *	VmSize  VSS      all VMAs             VmRSS   pages that are there
 *	VmPeak, VmHWM    their highest values
 *	VmExe   code of the program           VmLib   all other code
 *	VmData, VmStk    private writable     VmPTE   page tables below the top
 */
#include "kernel/task/procinfo.h"

#include "kernel/task/procinfo_parts.h"
#include "kernel/task/task.h"
#include "lib/format.h"
#include "mm/frames/zone.h"

typedef unsigned long long ull;

/* Pages of code: the program's own, and the rest. */
static void procinfo_read_code(const struct mm *mm, struct procinfo_mm *i)
{
	u64 text = (ALIGN_UP(mm->end_code, PAGE_SIZE) -
		    (mm->start_code & PAGE_MASK)) >>
		   PAGE_SHIFT;

	i->text = MIN(text, mm->exec_vm);
	i->lib = mm->exec_vm - i->text;
}

static void procinfo_read_layout(const struct mm *mm, struct procinfo_mm *i)
{
	i->start_code = mm->start_code;
	i->end_code = mm->end_code;
	i->start_data = mm->start_data;
	i->end_data = mm->end_data;
	i->start_brk = mm->start_brk;
	i->start_stack = mm->start_stack;
	i->arg_start = mm->arg_start;
	i->arg_end = mm->arg_end;
	i->env_start = mm->env_start;
	i->env_end = mm->env_end;
}

/**
 * procinfo_read_mm() - the figures of p's space; zeroes but for faults if it
 * has none
 *
 * Context: thread.
 */
void procinfo_read_mm(struct process *p, struct procinfo_mm *i)
{
	struct mm *mm = process_mm_get(p);

	*i = (struct procinfo_mm){
		.min_flt = p->min_flt,
		.maj_flt = p->maj_flt,
	};
	if (!mm)
		return;
	i->there = true;
	i->vss = mm->total_vm;
	i->vss_peak = mm_hiwater_vm(mm);
	i->data = mm->data_vm;
	i->stack = mm->stack_vm;
	for (int k = 0; k < RSS_NR; k++)
		i->rss[k] = (u64)MAX(READ_ONCE(mm->rss[k]), 0);
	i->rss_all = i->rss[RSS_ANON] + i->rss[RSS_FILE] + i->rss[RSS_SHMEM];
	i->rss_peak = MAX(mm->hiwater_rss, i->rss_all);
	i->tables = mm->nr_tables - 1;
	i->locked = mm->locked_vm;
	i->min_flt += mm->min_flt;
	i->maj_flt += mm->maj_flt;
	procinfo_read_code(mm, i);
	procinfo_read_layout(mm, i);
	mm_put(mm);
}

/** procinfo_statm() - /proc/PID/statm, in pages. Context: thread. */
void procinfo_statm(struct process *p, struct strbuf *sb)
{
	struct procinfo_mm m;

	procinfo_read_mm(p, &m);
	strbuf_printf(sb, "%llu %llu %llu %llu 0 %llu 0\n", (ull)m.vss,
		      (ull)m.rss_all, (ull)(m.rss[RSS_FILE] + m.rss[RSS_SHMEM]),
		      (ull)m.text, (ull)(m.data + m.stack));
}

/** procinfo_status_memory() - status, VmPeak to THP_enabled. Context: thread. */
void procinfo_status_memory(struct process *p, struct strbuf *sb)
{
	struct procinfo_mm m;

	procinfo_read_mm(p, &m);
	if (!m.there)
		return;
	const struct { const char *name; u64 pages; } line[] = {
		{ "VmPeak", m.vss_peak },
		{ "VmSize", m.vss },
		{ "VmLck", m.locked },
		{ "VmPin", 0 },
		{ "VmHWM", m.rss_peak },
		{ "VmRSS", m.rss_all },
		{ "RssAnon", m.rss[RSS_ANON] },
		{ "RssFile", m.rss[RSS_FILE] },
		{ "RssShmem", m.rss[RSS_SHMEM] },
		{ "VmData", m.data },
		{ "VmStk", m.stack },
		{ "VmExe", m.text },
		{ "VmLib", m.lib },
		{ "VmPTE", m.tables },
		{ "VmSwap", 0 },
	};
	for (u32 i = 0; i < array_size(line); i++)
		strbuf_printf(sb, "%s:\t%8llu kB\n", line[i].name,
			      (ull)line[i].pages << (PAGE_SHIFT - 10));
	strbuf_printf(sb, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

/**
 * procinfo_oom_score() - /proc/PID/oom_score: 0 (never) to 2000
 *
 * Two thirds of 1000 and of the share of memory that would come free, in
 * thousandths, moved by oom_score_adj. Context: thread.
 */
void procinfo_oom_score(struct process *p, struct strbuf *sb)
{
	s64 total = (s64)MAX(zones_total_pages(), (u64)1), score = 0;
	s64 adjust = READ_ONCE(p->oom_score_adj), points;
	struct procinfo_mm m;

	procinfo_read_mm(p, &m);
	if (m.there && adjust != OOM_SCORE_ADJ_MIN) {
		points = (s64)(m.rss_all + m.tables) + adjust * (total / 1000);
		score = MAX((1000 + points * 1000 / total) * 2 / 3, (s64)0);
	}
	strbuf_printf(sb, "%lld\n", (long long)score);
}
