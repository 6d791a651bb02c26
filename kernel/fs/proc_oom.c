/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/oom_score and oom_score_adj: how likely a process is the one to go
 * when memory runs out. Children begin with their parent's adjustment.
 */
#include "kernel/fs/proc.h"
#include "kernel/task/procinfo.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"

/** proc_show_oom_score() - /proc/PID/oom_score. 0 or -ESRCH. */
int proc_show_oom_score(struct strbuf *sb, int pid)
{
	struct process *p = process_find(pid);

	if (!p)
		return -ESRCH;
	procinfo_oom_score(p, sb);
	process_put(p);
	return 0;
}

/** proc_show_oom_score_adj() - /proc/PID/oom_score_adj. 0 or -ESRCH. */
int proc_show_oom_score_adj(struct strbuf *sb, int pid)
{
	struct process *p = process_find(pid);

	if (!p)
		return -ESRCH;
	strbuf_printf(sb, "%d\n", READ_ONCE(p->oom_score_adj));
	process_put(p);
	return 0;
}

/**
 * proc_store_oom_score_adj() - a number from -1000 (never) to 1000 (first)
 *
 * Context: thread. Return: 0, -EINVAL, -ESRCH.
 */
int proc_store_oom_score_adj(const char *text, int pid)
{
	bool minus = *text == '-';
	struct process *p;
	u64 value;
	int err = str_to_u64(text + minus, &value);

	if (err || value > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	p = process_find(pid);
	if (!p)
		return -ESRCH;
	WRITE_ONCE(p->oom_score_adj, minus ? -(int)value : (int)value);
	process_put(p);
	return 0;
}
