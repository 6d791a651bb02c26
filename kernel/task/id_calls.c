/* SPDX-License-Identifier: MIT */
/*
 * System calls on identity: pids, groups, sessions, users.
 *
 * Users are bookkeeping: Quire keeps the numbers as setuid(2) and its family
 * say, and only kill(2) looks at them.
 */
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

#define ID_KEEP (~(u32)0)               /* setres*id: leave as it is */

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

/* ---- users and groups ---------------------------------------------------- */

/** sys_getuid() - getuid(2). */
long sys_getuid(SYSCALL_ARGS)
{
	return current_process()->cred.uid;
}

/** sys_geteuid() - geteuid(2). */
long sys_geteuid(SYSCALL_ARGS)
{
	return current_process()->cred.euid;
}

/** sys_getgid() - getgid(2). */
long sys_getgid(SYSCALL_ARGS)
{
	return current_process()->cred.gid;
}

/** sys_getegid() - getegid(2). */
long sys_getegid(SYSCALL_ARGS)
{
	return current_process()->cred.egid;
}

static bool id_is_one_of(u32 id, u32 real, u32 effective, u32 saved)
{
	return id == ID_KEEP || id == real || id == effective || id == saved;
}

/** sys_setresuid() - setresuid(2). */
long sys_setresuid(SYSCALL_ARGS)
{
	struct cred *c = &current_process()->cred;
	u32 id[3] = { (u32)a0, (u32)a1, (u32)a2 };
	u32 *to[3] = { &c->uid, &c->euid, &c->suid };

	for (int i = 0; i < 3; i++)
		if (c->euid && !id_is_one_of(id[i], c->uid, c->euid, c->suid))
			return -EPERM;
	for (int i = 0; i < 3; i++)
		if (id[i] != ID_KEEP)
			*to[i] = id[i];
	return 0;
}

/** sys_setresgid() - setresgid(2). */
long sys_setresgid(SYSCALL_ARGS)
{
	struct cred *c = &current_process()->cred;
	u32 id[3] = { (u32)a0, (u32)a1, (u32)a2 };
	u32 *to[3] = { &c->gid, &c->egid, &c->sgid };

	for (int i = 0; i < 3; i++)
		if (c->euid && !id_is_one_of(id[i], c->gid, c->egid, c->sgid))
			return -EPERM;
	for (int i = 0; i < 3; i++)
		if (id[i] != ID_KEEP)
			*to[i] = id[i];
	return 0;
}

/** sys_setuid() - setuid(2): all three for user 0, else the effective one. */
long sys_setuid(SYSCALL_ARGS)
{
	bool root = current_process()->cred.euid == 0;
	u64 other = root ? a0 : ID_KEEP;

	if ((u32)a0 == ID_KEEP)
		return -EINVAL;
	return sys_setresuid(other, a0, other, 0, 0, 0);
}

/** sys_setgid() - setgid(2). */
long sys_setgid(SYSCALL_ARGS)
{
	bool root = current_process()->cred.euid == 0;
	u64 other = root ? a0 : ID_KEEP;

	if ((u32)a0 == ID_KEEP)
		return -EINVAL;
	return sys_setresgid(other, a0, other, 0, 0, 0);
}

static int ids_to_user(u64 u0, u64 u1, u64 u2, const u32 id[3])
{
	if (put_user(id[0], (u32 __user *)u0) ||
	    put_user(id[1], (u32 __user *)u1) ||
	    put_user(id[2], (u32 __user *)u2))
		return -EFAULT;
	return 0;
}

/** sys_getresuid() - getresuid(2). */
long sys_getresuid(SYSCALL_ARGS)
{
	const struct cred *c = &current_process()->cred;

	return ids_to_user(a0, a1, a2,
			   (const u32[]){ c->uid, c->euid, c->suid });
}

/** sys_getresgid() - getresgid(2). */
long sys_getresgid(SYSCALL_ARGS)
{
	const struct cred *c = &current_process()->cred;

	return ids_to_user(a0, a1, a2,
			   (const u32[]){ c->gid, c->egid, c->sgid });
}

/** sys_getgroups() - getgroups(2): there are none. */
long sys_getgroups(SYSCALL_ARGS)
{
	return (int)a0 < 0 ? -EINVAL : 0;
}

/** sys_setgroups() - setgroups(2): only to none. */
long sys_setgroups(SYSCALL_ARGS)
{
	return a0 ? -EPERM : 0;
}

/* ---- capabilities -------------------------------------------------------- */

struct cap_header { u32 version; s32 pid; };
struct cap_data { u32 effective, permitted, inheritable; };

#define CAP_VERSION_3 0x20080522u
#define CAP_ALL_LOW   0xffffffffu
#define CAP_ALL_HIGH  0x000001ffu       /* 41 capabilities in Linux 6.1 */

/** sys_capget() - capget(2): user 0 may everything, others nothing. */
long sys_capget(SYSCALL_ARGS)
{
	struct cap_header __user *uh = (struct cap_header __user *)a0;
	struct cap_data data[2] = { { 0 } };
	struct cap_header h;

	if (copy_from_user(&h, uh, sizeof(h)))
		return -EFAULT;
	if (h.version != CAP_VERSION_3) {
		h.version = CAP_VERSION_3;
		if (copy_to_user(uh, &h, sizeof(h)))
			return -EFAULT;
		return a1 ? -EINVAL : 0;
	}
	if (h.pid < 0)
		return -EINVAL;
	if (!a1)
		return 0;
	if (!current_process()->cred.euid) {
		data[0].effective = data[0].permitted = CAP_ALL_LOW;
		data[1].effective = data[1].permitted = CAP_ALL_HIGH;
	}
	return copy_to_user((void __user *)a1, data, sizeof(data));
}
