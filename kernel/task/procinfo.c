/* SPDX-License-Identifier: MIT */
/*
 * A process as text, in the formats of proc(5): stat, and its bytes. The fields
 * that Quire has no figure for are those that Linux, too, shows as 0 on such a
 * process. Its memory is in procinfo_mem.c, status in procinfo_status.c.
 */
#include "kernel/task/procinfo.h"

#include "kernel/dev/tty.h"
#include "kernel/task/procinfo_parts.h"
#include "kernel/task/rusage.h"
#include "kernel/task/task.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

/* The leading task's state; p->tasks is looked at under tasks_lock. */
static enum thread_state procinfo_thread_state(struct process *p,
					       bool *killable)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	enum thread_state state = THREAD_DEAD;
	struct task *t;

	*killable = true;
	if (!list_empty(&p->tasks)) {
		t = list_first(&p->tasks, struct task, group_node);
		state = READ_ONCE(t->thread.state);
		*killable = READ_ONCE(t->thread.killable_sleep);
	}
	spin_unlock_irq(&tasks_lock, flags);
	return state;
}

/** procinfo_state() - R S D T Z, as ps shows it. Context: any. */
char procinfo_state(struct process *p)
{
	bool killable;

	if (p->zombie)
		return 'Z';
	if (p->stop == PROCESS_STOPPED)
		return 'T';
	switch (procinfo_thread_state(p, &killable)) {
	case THREAD_RUNNABLE:
	case THREAD_RUNNING:
		return 'R';
	case THREAD_SLEEPING:
		return killable ? 'S' : 'D';
	default:
		return 'X';
	}
}

/** procinfo_actions() - signals ignored, and with handlers. Context: any. */
void procinfo_actions(struct process *p, u64 *ignored, u64 *caught)
{
	u64 flags = spin_lock_irq(&p->signals.lock);

	*ignored = *caught = 0;
	for (int s = 1; s <= SIGNAL_NR; s++) {
		u64 handler = p->signals.action[s - 1].handler;

		if (handler == SIG_IGN)
			*ignored |= signal_bit(s);
		else if (handler != SIG_DFL)
			*caught |= signal_bit(s);
	}
	spin_unlock_irq(&p->signals.lock, flags);
}

/** procinfo_masks() - pending and blocked of the first task. Context: any. */
void procinfo_masks(struct process *p, u64 *own, u64 *blocked)
{
	u64 flags = spin_lock_irq(&p->signals.lock);
	struct task *t;

	*own = *blocked = 0;
	if (!list_empty(&p->tasks)) {
		t = list_first(&p->tasks, struct task, group_node);
		*own = t->signals.own.pending;
		*blocked = t->signals.blocked;
	}
	spin_unlock_irq(&p->signals.lock, flags);
}

/** procinfo_stat() - /proc/PID/stat: 52 fields on one line. Context: thread. */
void procinfo_stat(struct process *p, struct strbuf *sb)
{
	const u64 tick = NS_PER_SEC / USER_HZ;
	u64 own, blocked, ignored, caught;
	struct cpu_times own_times = process_times(p);
	const struct cpu_times *child_times = &p->child_times;
	struct procinfo_mm m;
	int front = tty_foreground(p);

	procinfo_read_mm(p, &m);
	procinfo_actions(p, &ignored, &caught);
	procinfo_masks(p, &own, &blocked);
	/* 1 to 13: ids, terminal, flags, faults */
	strbuf_printf(sb, "%d (%s) %c %d %d %d %d %d 4194304 ", p->pid, p->comm,
		      procinfo_state(p), p->ppid, p->pgid, p->sid,
		      front < 0 ? 0 : TTY_DEVICE, front);
	strbuf_printf(sb, "%llu %llu %llu %llu ", (unsigned long long)m.min_flt,
		      (unsigned long long)p->child_min_flt,
		      (unsigned long long)m.maj_flt,
		      (unsigned long long)p->child_maj_flt);
	/* 14 to 24: times, priority, threads, sizes */
	strbuf_printf(sb, "%llu %llu %llu %llu 20 0 %u 0 %llu ",
		      (unsigned long long)(own_times.user_ns / tick),
		      (unsigned long long)(own_times.kernel_ns / tick),
		      (unsigned long long)(child_times->user_ns / tick),
		      (unsigned long long)(child_times->kernel_ns / tick),
		      p->nr_tasks, (unsigned long long)(p->start_ns / tick));
	strbuf_printf(sb, "%llu %llu %llu ",
		      (unsigned long long)m.vss << PAGE_SHIFT,
		      (unsigned long long)m.rss_all,
		      (unsigned long long)p->rlimit[RLIMIT_RSS].cur);
	/* 26 to 34: bounds, signals */
	strbuf_printf(sb, "%lu %lu %lu 0 0 %llu %llu %llu %llu ", m.start_code,
		      m.end_code, m.start_stack,
		      (unsigned long long)own & 0x7fffffff,
		      (unsigned long long)blocked & 0x7fffffff,
		      (unsigned long long)ignored & 0x7fffffff,
		      (unsigned long long)caught & 0x7fffffff);
	/* 35 to 52 */
	strbuf_printf(sb, "0 0 0 %d 0 0 0 0 0 0 ", p->exit_signal);
	strbuf_printf(sb, "%lu %lu %lu %lu %lu %lu %lu %d\n", m.start_data,
		      m.end_data, m.start_brk, m.arg_start, m.arg_end,
		      m.env_start, m.env_end, p->exit_code);
}

/**
 * procinfo_maps() - lines of /proc/PID/maps from address *pos on.
 *
 * Context: thread.
 */
void procinfo_maps(struct process *p, struct strbuf *sb, u64 *pos)
{
	struct mm *mm = process_mm_get(p);

	if (!mm)
		return;
	mm_show_maps(mm, sb, pos);
	mm_put(mm);
}

/* Bytes [start, end) of p's memory as far as buf has room. */
static size_t procinfo_copy(struct mm *mm, vaddr_t start, vaddr_t end,
			    char *buf, size_t size)
{
	return end > start ? mm_read(mm, start, buf, MIN(size, end - start))
			   : 0;
}

/**
 * procinfo_cmdline() - /proc/PID/cmdline: the words of argv.
 *
 * Context: thread.
 */
size_t procinfo_cmdline(struct process *p, char *buf, size_t size)
{
	struct mm *mm = process_mm_get(p);
	size_t len;

	if (!mm)
		return 0;
	len = procinfo_copy(mm, mm->arg_start, mm->arg_end, buf, size);
	mm_put(mm);
	return len;
}

/**
 * procinfo_environ() - /proc/PID/environ: the words of envp.
 *
 * Context: thread.
 */
size_t procinfo_environ(struct process *p, char *buf, size_t size)
{
	struct mm *mm = process_mm_get(p);
	size_t len;

	if (!mm)
		return 0;
	len = procinfo_copy(mm, mm->env_start, mm->env_end, buf, size);
	mm_put(mm);
	return len;
}

/**
 * procinfo_auxv() - /proc/PID/auxv: pairs of u64 up to AT_NULL.
 *
 * Context: thread.
 */
size_t procinfo_auxv(struct process *p, char *buf, size_t size)
{
	struct mm *mm = process_mm_get(p);
	size_t len = 0;

	if (!mm)
		return 0;
	while (len + 2 <= array_size(mm->auxv)) {
		len += 2;
		if (!mm->auxv[len - 2])
			break;
	}
	len = MIN(len * sizeof(u64), size);
	memcpy(buf, mm->auxv, len);
	mm_put(mm);
	return len;
}

/** procinfo_exe() - path of the program into buf, or NULL. Context: thread. */
const char *procinfo_exe(struct process *p, char *buf, size_t size)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct inode *exe = p->exe;

	if (exe)
		inode_get(exe);
	spin_unlock_irq(&tasks_lock, flags);
	if (!exe)
		return NULL;
	inode_path(exe, buf, size);
	inode_put(exe);
	return buf;
}
