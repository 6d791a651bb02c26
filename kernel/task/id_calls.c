/* SPDX-License-Identifier: MIT */
/*
 * System calls on identity: pids, groups, sessions. Users: cred_calls.c.
 */
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"

/** sys_getpid() - getpid(2). */
long sys_getpid(SYSCALL_ARGS)
{
	return current_process()->pid;
}

/** sys_getppid() - getppid(2). */
long sys_getppid(SYSCALL_ARGS)
{
	return READ_ONCE(current_process()->ppid);
}

/** sys_gettid() - gettid(2). */
long sys_gettid(SYSCALL_ARGS)
{
	return current_task()->tid;
}

/** sys_set_tid_address() - set_tid_address(2). */
long sys_set_tid_address(SYSCALL_ARGS)
{
	current_task()->clear_tid = (u32 __user *)a0;
	return current_task()->tid;
}

/* ---- groups and sessions ------------------------------------------------- */

/* A group of the session may be joined; one's own number always. */
static bool group_is_in_session(int pgid, int sid) __needs_lock(tasks_lock)
{
	struct process *p;
	int pid = 0;

	while ((p = process_next_locked(&pid)))
		if (p->pgid == pgid && p->sid == sid)
			return true;
	return false;
}

static int setpgid_locked(struct process *me, int pid, int pgid)
	__needs_lock(tasks_lock)
{
	struct process *p = pid ? process_find_locked(pid) : me;

	if (!p || (p != me && p->parent != me))
		return -ESRCH;
	if (!pgid)
		pgid = p->pid;
	if (p != me && p->has_execed)
		return -EACCES;
	if (p->sid == p->pid || p->sid != me->sid)
		return -EPERM;
	if (pgid != p->pid && !group_is_in_session(pgid, me->sid))
		return -EPERM;
	p->pgid = pgid;
	return 0;
}

/** sys_setpgid() - setpgid(2). */
long sys_setpgid(SYSCALL_ARGS)
{
	int pid = (int)a0, pgid = (int)a1, err;
	u64 flags;

	if (pgid < 0)
		return -EINVAL;
	flags = spin_lock_irq(&tasks_lock);
	err = setpgid_locked(current_process(), pid, pgid);
	spin_unlock_irq(&tasks_lock, flags);
	return err;
}

/* pid 0: the caller. -ESRCH. */
static long process_ids(int pid, bool session)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct process *p = pid ? process_find_locked(pid) : current_process();
	long id = !p ? -ESRCH : session ? p->sid : p->pgid;

	spin_unlock_irq(&tasks_lock, flags);
	return id;
}

/** sys_getpgid() - getpgid(2). */
long sys_getpgid(SYSCALL_ARGS)
{
	return process_ids((int)a0, false);
}

/** sys_getpgrp() - getpgrp(2). */
long sys_getpgrp(SYSCALL_ARGS)
{
	return process_ids(0, false);
}

/** sys_getsid() - getsid(2). */
long sys_getsid(SYSCALL_ARGS)
{
	return process_ids((int)a0, true);
}

/** sys_setsid() - setsid(2). */
long sys_setsid(SYSCALL_ARGS)
{
	struct process *me = current_process(), *p;
	u64 flags = spin_lock_irq(&tasks_lock);
	long id = me->pid;
	int pid = 0;

	while ((p = process_next_locked(&pid)))
		if (p->pgid == me->pid)
			id = -EPERM;    /* a group leader, or its number */
	if (id > 0) {
		me->sid = me->pid;
		me->pgid = me->pid;
		me->left_terminal = false;
	}
	spin_unlock_irq(&tasks_lock, flags);
	return id;
}
