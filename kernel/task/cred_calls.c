/* SPDX-License-Identifier: MIT */
/*
 * System calls on users, their groups, and capabilities.
 *
 * All of it is bookkeeping: Quire keeps the numbers as setuid(2) and its family
 * say, and only kill(2), reboot(2) and these calls themselves look at them.
 *
 *   uid 0 in euid ─► every capability effective;  none of the three 0 ─► none
 *
 * The list of supplementary groups never changes once it is there: setgroups
 * makes a new one, fork shares the old one.
 */
#include "kernel/task/limits.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/uaccess.h"

#define ID_KEEP (~(u32)0)               /* setres*id: leave as it is */

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

/* Capabilities follow the user: capabilities(7), "Effect of user ID changes". */
static void caps_follow_uids(struct process *p, const struct cred *old)
{
	struct cred *c = &p->cred;
	bool was_root = !old->uid || !old->euid || !old->suid;

	if (was_root && c->uid && c->euid && c->suid && !p->keep_caps)
		c->cap_effective = c->cap_permitted = 0;
	if (!old->euid && c->euid)
		c->cap_effective = 0;
	if (old->euid && !c->euid)
		c->cap_effective = c->cap_permitted;
	limits_apply(p, p->mm);         /* CAP_IPC_LOCK, CAP_SYS_ADMIN */
}

/** sys_setresuid() - setresuid(2). */
long sys_setresuid(SYSCALL_ARGS)
{
	struct process *p = current_process();
	struct cred *c = &p->cred, old = *c;
	u32 id[3] = { (u32)a0, (u32)a1, (u32)a2 };
	u32 *to[3] = { &c->uid, &c->euid, &c->suid };

	for (int i = 0; i < 3; i++)
		if (c->euid && !id_is_one_of(id[i], c->uid, c->euid, c->suid))
			return -EPERM;
	for (int i = 0; i < 3; i++)
		if (id[i] != ID_KEEP)
			*to[i] = id[i];
	caps_follow_uids(p, &old);
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

/* The saved id follows where the real one is set, or the effective one to
 * something new: setreuid(2). */
static bool saves_effective(u32 real, u32 effective, u32 old_real)
{
	return real != ID_KEEP ||
	       (effective != ID_KEEP && effective != old_real);
}

/** sys_setreuid() - setreuid(2). */
long sys_setreuid(SYSCALL_ARGS)
{
	struct process *p = current_process();
	struct cred *c = &p->cred, old = *c;
	u32 real = (u32)a0, effective = (u32)a1;

	if (c->euid && (!id_is_one_of(real, c->uid, c->euid, c->uid) ||
			!id_is_one_of(effective, c->uid, c->euid, c->suid)))
		return -EPERM;
	if (real != ID_KEEP)
		c->uid = real;
	if (effective != ID_KEEP)
		c->euid = effective;
	if (saves_effective(real, effective, old.uid))
		c->suid = c->euid;
	caps_follow_uids(p, &old);
	return 0;
}

/** sys_setregid() - setregid(2). */
long sys_setregid(SYSCALL_ARGS)
{
	struct cred *c = &current_process()->cred;
	u32 real = (u32)a0, effective = (u32)a1, old_gid = c->gid;

	if (c->euid && (!id_is_one_of(real, c->gid, c->egid, c->gid) ||
			!id_is_one_of(effective, c->gid, c->egid, c->sgid)))
		return -EPERM;
	if (real != ID_KEEP)
		c->gid = real;
	if (effective != ID_KEEP)
		c->egid = effective;
	if (saves_effective(real, effective, old_gid))
		c->sgid = c->egid;
	return 0;
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

/* ---- supplementary groups ------------------------------------------------ */

#define GROUPS_MAX 65536                /* NGROUPS_MAX */

struct groups {
	u32 refs;                       /* [atomic] processes */
	u32 nr;
	u32 gid[];
};

/** groups_get() - one more process has these. NULL: none. Context: any. */
void groups_get(struct groups *g)
{
	if (g)
		__atomic_fetch_add(&g->refs, 1, __ATOMIC_RELAXED);
}

/** groups_put() - one process less. NULL: none. Context: any. */
void groups_put(struct groups *g)
{
	if (g && !__atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL))
		kfree(g);
}

/* 0 with a reference to *out (no groups: NULL), -ENOMEM, -EFAULT. */
static int groups_from_user(u64 ugids, u32 nr, struct groups **out)
{
	struct groups *g = NULL;

	if (nr) {
		g = kmalloc(sizeof(*g) + nr * sizeof(u32), GFP_KERNEL);
		if (!g)
			return -ENOMEM;
		g->refs = 1;
		g->nr = nr;
		if (copy_from_user(g->gid, (const void __user *)ugids,
				   nr * sizeof(u32))) {
			kfree(g);
			return -EFAULT;
		}
	}
	*out = g;
	return 0;
}

/* A process's list with a reference: a thread may change it. */
static struct groups *groups_of(struct process *p)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct groups *g = p->cred.groups;

	groups_get(g);
	spin_unlock_irq(&tasks_lock, flags);
	return g;
}

/** groups_show() - a process's groups, for status: "4 24 ". Context: thread. */
void groups_show(struct process *p, struct strbuf *sb)
{
	struct groups *g = groups_of(p);

	for (u32 i = 0; g && i < g->nr; i++)
		strbuf_printf(sb, "%s%u", i ? " " : "", g->gid[i]);
	strbuf_printf(sb, " ");
	groups_put(g);
}

/** sys_getgroups() - getgroups(2): room, array. Return: how many there are. */
long sys_getgroups(SYSCALL_ARGS)
{
	struct groups *g;
	long ret;

	if ((int)a0 < 0)
		return -EINVAL;
	g = groups_of(current_process());
	ret = g ? g->nr : 0;
	if (g && a0) {
		if ((u32)a0 < g->nr)
			ret = -EINVAL;
		else if (copy_to_user((void __user *)a1, g->gid,
				      g->nr * sizeof(u32)))
			ret = -EFAULT;
	}
	groups_put(g);
	return ret;
}

/** sys_setgroups() - setgroups(2): number, array. */
long sys_setgroups(SYSCALL_ARGS)
{
	struct cred *c = &current_process()->cred;
	struct groups *g, *old;
	u64 flags;
	int err;

	if (c->euid)
		return -EPERM;
	if ((u32)a0 > GROUPS_MAX)
		return -EINVAL;
	err = groups_from_user(a1, (u32)a0, &g);
	if (err)
		return err;
	flags = spin_lock_irq(&tasks_lock);
	old = c->groups;
	c->groups = g;
	spin_unlock_irq(&tasks_lock, flags);
	groups_put(old);
	return 0;
}

/* ---- capabilities -------------------------------------------------------- */

struct cap_header { u32 version; s32 pid; };
struct cap_data { u32 effective, permitted, inheritable; };

#define CAP_VERSION_3 0x20080522u

/* 0, -EFAULT; -EINVAL: another version, the right one was written back. */
static int cap_header_get(u64 uheader, struct cap_header *h)
{
	struct cap_header __user *uh = (struct cap_header __user *)uheader;

	if (copy_from_user(h, uh, sizeof(*h)))
		return -EFAULT;
	if (h->version == CAP_VERSION_3)
		return 0;
	if (put_user(CAP_VERSION_3, &uh->version))
		return -EFAULT;
	return -EINVAL;
}

static int caps_of_pid(int pid, struct cred *out)
{
	struct process *p;
	u64 flags;

	if (pid < 0)
		return -EINVAL;
	flags = spin_lock_irq(&tasks_lock);
	p = pid ? process_find_locked(pid) : current_process();
	if (p)
		*out = p->cred;
	spin_unlock_irq(&tasks_lock, flags);
	return p ? 0 : -ESRCH;
}

/** sys_capget() - capget(2): header, data (NULL: which version?). */
long sys_capget(SYSCALL_ARGS)
{
	struct cap_header h;
	struct cap_data data[2];
	struct cred c;
	int err = cap_header_get(a0, &h);

	if (err)
		return err == -EINVAL && !a1 ? 0 : err;
	err = caps_of_pid(h.pid, &c);
	if (err || !a1)
		return err;
	for (int i = 0; i < 2; i++)
		data[i] = (struct cap_data){
			(u32)(c.cap_effective >> 32 * i),
			(u32)(c.cap_permitted >> 32 * i),
			(u32)(c.cap_inheritable >> 32 * i),
		};
	return copy_to_user((void __user *)a1, data, sizeof(data));
}

static u64 cap_join(u32 low, u32 high)
{
	return ((u64)high << 32 | low) & CAP_ALL;
}

/** sys_capset() - capset(2) of the caller: what is given up does not return. */
long sys_capset(SYSCALL_ARGS)
{
	struct cred *c = &current_process()->cred;
	struct cap_header h;
	struct cap_data d[2];
	u64 effective, permitted, inheritable;
	int err = cap_header_get(a0, &h);

	if (err)
		return err;
	if (h.pid && h.pid != current_task()->tid)
		return -EPERM;
	if (copy_from_user(d, (const void __user *)a1, sizeof(d)))
		return -EFAULT;
	effective = cap_join(d[0].effective, d[1].effective);
	permitted = cap_join(d[0].permitted, d[1].permitted);
	inheritable = cap_join(d[0].inheritable, d[1].inheritable);
	if (permitted & ~c->cap_permitted || effective & ~permitted)
		return -EPERM;
	c->cap_effective = effective;
	limits_apply(current_process(), current_process()->mm);
	c->cap_permitted = permitted;
	c->cap_inheritable = inheritable;
	return 0;
}
