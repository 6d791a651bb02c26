/* SPDX-License-Identifier: MIT */
/*
 * The end of tasks and processes.
 *
 *   exit, deadly THREAD_WORK_EXIT        exit_group, deadly signal
 *              │                                    │
 *              ▼                                    ▼
 *          task_exit ◄───────────────────────  process_exit: all others
 *              │ 1 futexes and tid word           get THREAD_WORK_EXIT
 *              │ 2 leave the address space
 *              │ 3 leave the group
 *              │ 4 last one: process_bury
 *              ▼
 *          thread_exit ─► (on another stack) task_free
 *
 * process_bury gives back space, files, directory and program, hands the
 * children to pid 1 (or a subreaper) and leaves a zombie for the parent's
 * wait4; if the parent ignores SIGCHLD, not even that. The terminal and the
 * jobs of a shell that ends hear of it (jobs.c).
 */
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/trace.h"
#include "kernel/dev/tty.h"
#include "kernel/task/futex.h"
#include "kernel/task/jobs.h"
#include "kernel/task/rusage.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/string.h"

/* Out of the group; books the CPU time. Return: it was the last one. */
static bool task_leave_group(struct task *t, int code)
{
	struct process *p = t->process;
	u64 flags = spin_lock_irq(&tasks_lock);
	struct cpu_times times = task_times(t);
	struct task *other;
	bool last;

	spin_lock(&p->signals.lock);
	list_remove(&t->group_node);
	p->nr_tasks--;
	cpu_times_add(&p->dead_times, &times);
	last = p->nr_tasks == 0;
	if (last && !p->exiting)
		p->exit_code = code;
	/* A signal of the process that had chosen us is for the others now. */
	list_for_each(other, &p->tasks, group_node)
		signal_recalc(p, other);
	spin_unlock(&p->signals.lock);
	spin_unlock_irq(&tasks_lock, flags);
	wait_wake_all(&p->stop_wait);
	return last;
}

/**
 * process_book_faults() - keep the figures of a space that goes away
 *
 * Context: thread, the process itself (exec, exit).
 */
void process_book_faults(struct process *p, const struct mm *mm)
{
	p->min_flt += mm->min_flt;
	p->maj_flt += mm->maj_flt;
	p->max_rss = MAX(p->max_rss, mm_hiwater_rss(mm));
}

/* What the process holds goes back; only ids and figures stay. */
static void process_give_back(struct process *p)
{
	struct mm *mm = p->mm;
	struct inode *exe = p->exe, *cwd = p->fs.cwd;
	struct files *files = p->files;
	u64 flags;

	timer_cancel(&p->alarm);
	p->alarm_deadline = 0;
	flags = spin_lock_irq(&tasks_lock);
	p->mm = NULL;                   /* /proc looks at these */
	p->exe = NULL;
	p->files = NULL;
	p->fs.cwd = NULL;
	spin_unlock_irq(&tasks_lock, flags);

	if (READ_ONCE(mm->users) == 1)  /* not the vfork parent's */
		process_book_faults(p, mm);
	mm_put(mm);
	vfork_release(p);
	files_put(files);
	inode_put(cwd);
	if (exe)
		inode_put(exe);
}

/* Does the parent want to hear of its children's end? Context: tasks_lock. */
static bool parent_ignores_exit(struct process *parent)
{
	struct sigaction_user *sa = &parent->signals.action[SIGCHLD - 1];

	return sa->handler == SIG_IGN || sa->flags & SA_NOCLDWAIT;
}

/**
 * process_notify_parent() - tell the parent by signal, and wake its wait4
 *
 * code: CLD_*; status: exit code or signal number. signo 0: only wake.
 * Context: tasks_lock.
 */
void process_notify_parent(struct process *p, int signo, int code, int status)
{
	struct siginfo info = { .signo = signo, .code = code };

	info.child.pid = p->pid;
	info.child.uid = p->cred.uid;
	info.child.status = status;
	info.child.utime = p->dead_times.user_ns / (NS_PER_SEC / USER_HZ);
	info.child.stime = p->dead_times.kernel_ns / (NS_PER_SEC / USER_HZ);
	if (signo)
		signal_send_process(p->parent, signo, &info);
	wait_wake_all(&p->parent->wait_children);
}

static void zombie_notify_parent(struct process *p) __needs_lock(tasks_lock)
{
	int signo = p->exit_code & 0x7f;

	if (!signo)
		process_notify_parent(p, p->exit_signal, CLD_EXITED,
				      p->exit_code >> 8 & 0xff);
	else
		process_notify_parent(p, p->exit_signal,
				      p->exit_code & 0x80 ? CLD_DUMPED
							  : CLD_KILLED,
				      signo);
}

/* Who gets the orphans of p: the next ancestor that asked for them
 * (PR_SET_CHILD_SUBREAPER), or pid 1. Context: tasks_lock. */
static struct process *orphans_parent(struct process *p)
	__needs_lock(tasks_lock)
{
	struct process *a = p->parent;

	while (a && !a->subreaper && a != init_process)
		a = a->parent;
	return a ? a : init_process;
}

/* Its children get another parent. Context: tasks_lock. */
static void orphan_children(struct process *p) __needs_lock(tasks_lock)
{
	struct process *child, *tmp, *to = orphans_parent(p);

	list_for_each_safe(child, tmp, &p->children, sibling) {
		list_remove(&child->sibling);
		list_push_back(&to->children, &child->sibling);
		child->parent = to;
		/* The new parent did not choose another signal. */
		child->exit_signal = SIGCHLD;
		WRITE_ONCE(child->ppid, to->pid);
		if (child->death_signal && !child->zombie)
			signal_send_process(child, child->death_signal, NULL);
		if (child->zombie)
			zombie_notify_parent(child);
	}
}

/**
 * process_release() - the last trace of an unlinked zombie
 *
 * Drops the table's reference. Context: thread.
 */
void process_release(struct process *p)
{
	pid_free(p->pid);
	process_put(p);
}

/* Pid 1 is gone: so is the purpose of the machine. */
static void __noreturn init_ended(int code)
{
	int status = code & 0x7f ? 128 + (code & 0x7f) : code >> 8 & 0xff;

	if (code & 0x7f)
		pr_err("init: killed by %s\n", signal_name(code & 0x7f));
	else
		pr_info("init: ended with status %d\n", status);
	machine_exit(status);
}

static void process_bury(struct process *p)
{
	bool reaped;
	u64 flags;

	process_give_back(p);
	trace(exit, p->pid, p->exit_code);
	if (p == init_process)
		init_ended(p->exit_code);

	if (p->pid == p->sid)
		tty_session_ended(p->sid);
	flags = spin_lock_irq(&tasks_lock);
	jobs_process_ends(p);
	orphan_children(p);
	p->zombie = true;
	reaped = p->exit_signal == SIGCHLD && parent_ignores_exit(p->parent);
	if (reaped)
		wait_wake_all(&p->parent->wait_children);
	else
		zombie_notify_parent(p);
	if (reaped)
		process_unlink_locked(p);
	spin_unlock_irq(&tasks_lock, flags);
	if (reaped)
		process_release(p);
}

/**
 * task_exit() - end the calling task
 *
 * code: wait status, which becomes the process's if this is its last task and
 * nobody called process_exit(). Context: thread, no locks.
 */
void task_exit(int code)
{
	struct task *t = current_task();
	bool last;

	futex_exit_task(t);
	mm_use(&t->thread, NULL);
	last = task_leave_group(t, code);
	if (last)
		process_bury(t->process);
	thread_exit();
}

/* Every other task of p shall end. Context: signals.lock. */
static void group_kick_others(struct process *p)
{
	struct task *t;

	list_for_each(t, &p->tasks, group_node)
		if (t != current_task())
			signal_wake_task(t, THREAD_WORK_EXIT);
}

/**
 * process_exit() - end all tasks of the calling process
 *
 * code: wait status; the first caller's counts. Context: thread, no locks.
 */
void process_exit(int code)
{
	struct process *p = current_process();
	u64 flags = spin_lock_irq(&p->signals.lock);

	if (!p->exiting) {
		p->exiting = true;
		p->exit_code = code;
		p->stop = PROCESS_RUNS;
		group_kick_others(p);
	}
	spin_unlock_irq(&p->signals.lock, flags);
	wait_wake_all(&p->stop_wait);
	task_exit(code);
}

/**
 * process_end_other_tasks() - exec: stay behind as the only task, the leader
 *
 * Context: thread, no locks. Return: 0, or -EAGAIN: another task is faster
 * with exec or exit, and this one is to end.
 */
int process_end_other_tasks(void)
{
	struct task *me = current_task();
	struct process *p = me->process;
	int tid = me->tid;
	u64 flags;

	if (READ_ONCE(p->nr_tasks) == 1 && tid == p->pid)
		return 0;
	flags = spin_lock_irq(&p->signals.lock);
	if (p->exiting || p->exec_task) {
		spin_unlock_irq(&p->signals.lock, flags);
		return -EAGAIN;
	}
	p->exec_task = me;
	group_kick_others(p);
	spin_unlock_irq(&p->signals.lock, flags);
	wait_wake_all(&p->stop_wait);

	wait_event_unkillable(&p->stop_wait, READ_ONCE(p->nr_tasks) == 1);
	flags = spin_lock_irq(&p->signals.lock);
	p->exec_task = NULL;
	me->tid = p->pid;
	me->thread.id = p->pid;
	spin_unlock_irq(&p->signals.lock, flags);
	if (tid != p->pid)
		pid_free(tid);
	return 0;
}

/** sys_exit() - _exit of one task. */
long sys_exit(SYSCALL_ARGS)
{
	task_exit((int)(a0 & 0xff) << 8);
}

/** sys_exit_group() - exit(3) of the process. */
long sys_exit_group(SYSCALL_ARGS)
{
	process_exit((int)(a0 & 0xff) << 8);
}
