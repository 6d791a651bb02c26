/* SPDX-License-Identifier: MIT */
/*
 * System calls on the process's own settings and figures: limits, resource
 * usage, CPU and name.
 */
#include "kernel/task/limits.h"

#include "arch/cpu.h"
#include "kernel/task/rusage.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

/* ---- resource limits ----------------------------------------------------- */

/**
 * limits_apply() - copy the limits that mm looks at into the space.
 *
 * Context: thread.
 */
void limits_apply(struct process *p, struct mm *mm)
{
	WRITE_ONCE(mm->limit_as, p->rlimit[RLIMIT_AS].cur);
	WRITE_ONCE(mm->limit_data, p->rlimit[RLIMIT_DATA].cur);
	WRITE_ONCE(mm->limit_stack, p->rlimit[RLIMIT_STACK].cur);
}

static int limit_set(struct process *p, u32 which, const struct rlimit *new)
{
	struct rlimit *l = &p->rlimit[which];
	struct mm *mm;

	if (new->cur > new->max)
		return -EINVAL;
	if (new->max > l->max && current_process()->cred.euid)
		return -EPERM;
	*l = *new;
	mm = process_mm_get(p);
	if (mm) {
		limits_apply(p, mm);
		mm_put(mm);
	}
	return 0;
}

static int limit_exchange(struct process *p, u32 which, u64 unew, u64 uold)
{
	struct rlimit old, new;
	int err = 0;

	if (which >= RLIMIT_NR)
		return -EINVAL;
	if (unew &&
	    copy_from_user(&new, (const void __user *)unew, sizeof(new)))
		return -EFAULT;
	old = p->rlimit[which];
	if (unew)
		err = limit_set(p, which, &new);
	if (!err && uold)
		err = copy_to_user((void __user *)uold, &old, sizeof(old));
	return err;
}

/** sys_prlimit64() - prlimit(2). */
long sys_prlimit64(SYSCALL_ARGS)
{
	struct process *p;
	int err;

	if (!a0 || (int)a0 == current_process()->pid)
		return limit_exchange(current_process(), (u32)a1, a2, a3);
	p = process_find((int)a0);
	if (!p)
		return -ESRCH;
	err = limit_exchange(p, (u32)a1, a2, a3);
	process_put(p);
	return err;
}

/** sys_getrlimit() - getrlimit(2). */
long sys_getrlimit(SYSCALL_ARGS)
{
	if (!a1)
		return -EFAULT;
	return limit_exchange(current_process(), (u32)a0, 0, a1);
}

/** sys_setrlimit() - setrlimit(2). */
long sys_setrlimit(SYSCALL_ARGS)
{
	if (!a1)
		return -EFAULT;
	return limit_exchange(current_process(), (u32)a0, a1, 0);
}

/* ---- usage --------------------------------------------------------------- */

static void rusage_set_times(struct rusage_user *ru, struct cpu_times times)
{
	ru->utime = timeval_of_ns(times.user_ns);
	ru->stime = timeval_of_ns(times.kernel_ns);
}

/**
 * rusage_of() - the figures of p itself, children apart
 *
 * Context: thread.
 */
void rusage_of(struct process *p, struct rusage_user *ru)
{
	struct mm *mm = process_mm_get(p);
	u64 max_rss = p->max_rss;

	memset(ru, 0, sizeof(*ru));
	rusage_set_times(ru, process_times(p));
	ru->minflt = (s64)p->min_flt;
	ru->majflt = (s64)p->maj_flt;
	if (mm) {
		ru->minflt += (s64)mm->min_flt;
		ru->majflt += (s64)mm->maj_flt;
		max_rss = MAX(max_rss, mm_hiwater_rss(mm));
		mm_put(mm);
	}
	ru->maxrss = (s64)(max_rss << PAGE_SHIFT >> 10);
}

static void rusage_of_children(struct process *p, struct rusage_user *ru)
{
	memset(ru, 0, sizeof(*ru));
	rusage_set_times(ru, p->child_times);
	ru->minflt = (s64)p->child_min_flt;
	ru->majflt = (s64)p->child_maj_flt;
	ru->maxrss = (s64)(p->child_max_rss << PAGE_SHIFT >> 10);
}

/** sys_getrusage() - getrusage(2). */
long sys_getrusage(SYSCALL_ARGS)
{
	struct rusage_user ru;

	switch ((int)a0) {
	case RUSAGE_CHILDREN:
		rusage_of_children(current_process(), &ru);
		break;
	case RUSAGE_THREAD:
		rusage_of(current_process(), &ru);
		rusage_set_times(&ru, task_times(current_task()));
		break;
	case RUSAGE_SELF:
		rusage_of(current_process(), &ru);
		break;
	default:
		return -EINVAL;
	}
	return copy_to_user((void __user *)a1, &ru, sizeof(ru));
}

/** sys_times() - times(2); the result counts ticks since boot. */
long sys_times(SYSCALL_ARGS)
{
	const u64 tick = NS_PER_SEC / USER_HZ;
	struct process *p = current_process();
	struct cpu_times own = process_times(p), children = p->child_times;
	u64 tms[4] = { own.user_ns / tick, own.kernel_ns / tick,
		       children.user_ns / tick, children.kernel_ns / tick };

	if (a0 && copy_to_user((void __user *)a0, tms, sizeof(tms)))
		return -EFAULT;
	return (long)(timer_now() / tick);
}

/* ---- the CPU ------------------------------------------------------------- */

/**
 * sys_sched_yield() - sched_yield(2)
 *
 * Who yields in a loop waits for another CPU. The pause lets go of what the CPUs
 * share: execution units, or the one host thread of an emulator that plays
 * them in turn, and would go on with this loop until its next timer.
 */
long sys_sched_yield(SYSCALL_ARGS)
{
	sched_yield();
	cpu_relax();
	return 0;
}

static struct task *task_of_locked(struct process *p, int tid)
{
	struct task *t;

	list_for_each(t, &p->tasks, group_node)
		if (t->tid == tid)
			return t;
	return NULL;
}

/* Any task by its number. Context: tasks_lock. NULL: none. */
static struct task *task_find_locked(int tid) __needs_lock(&tasks_lock)
{
	struct task *t = NULL;
	struct process *p;
	int at = 0;

	while (!t && (p = process_next_locked(&at)))
		t = task_of_locked(p, tid);
	return t;
}

/* The task's mask, read or set. 0 or -ESRCH. */
static int task_affinity(int tid, u64 *cpus, bool set)
{
	struct task *t = current_task();
	u64 flags;

	if (tid && tid != t->tid) {
		flags = spin_lock_irq(&tasks_lock);
		t = task_find_locked(tid);
		if (t && set)
			thread_set_affinity(&t->thread, *cpus);
		else if (t)
			*cpus = READ_ONCE(t->thread.affinity);
		spin_unlock_irq(&tasks_lock, flags);
		return t ? 0 : -ESRCH;
	}
	if (set)
		thread_set_affinity(&t->thread, *cpus);
	else
		*cpus = READ_ONCE(t->thread.affinity);
	return 0;
}

/** sys_sched_getaffinity() - the CPUs that a task may use, of those that run. */
long sys_sched_getaffinity(SYSCALL_ARGS)
{
	u64 cpus;

	if (a1 < sizeof(u64) || a1 % sizeof(u64))
		return -EINVAL;
	if (task_affinity((int)a0, &cpus, false))
		return -ESRCH;
	if (put_user(cpus & cpus_online, (u64 __user *)a2))
		return -EFAULT;
	return sizeof(u64);
}

/** sys_sched_setaffinity() - one CPU that runs must be among them. */
long sys_sched_setaffinity(SYSCALL_ARGS)
{
	u64 cpus = 0;

	if (copy_from_user(&cpus, (const void __user *)a2,
			   MIN(a1, sizeof(cpus))))
		return -EFAULT;
	if (!(cpus & cpus_online)) {
		u64 now;

		return task_affinity((int)a0, &now, false) ? -ESRCH : -EINVAL;
	}
	return task_affinity((int)a0, &cpus, true);
}

/** sys_getcpu() - getcpu(2); there is one node. */
long sys_getcpu(SYSCALL_ARGS)
{
	u32 cpu = this_cpu_read(cpu_number);

	if (a0 && put_user(cpu, (u32 __user *)a0))
		return -EFAULT;
	if (a1 && put_user((u32)0, (u32 __user *)a1))
		return -EFAULT;
	return 0;
}

/* ---- prctl --------------------------------------------------------------- */

enum {
	PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15,
	PR_GET_NAME = 16, PR_SET_NO_NEW_PRIVS = 38, PR_GET_NO_NEW_PRIVS = 39,
};

static long prctl_set_name(u64 uname)
{
	char name[16];
	long len = strncpy_from_user(name, (const char __user *)uname,
				     sizeof(name));

	if (len == -ENAMETOOLONG)
		name[sizeof(name) - 1] = '\0';
	else if (len < 0)
		return len;
	task_set_comm(current_task(), name);
	return 0;
}

/** sys_prctl() - prctl(2): name, dumpable, no_new_privs. */
long sys_prctl(SYSCALL_ARGS)
{
	struct process *p = current_process();

	switch ((int)a0) {
	case PR_SET_NAME:
		return prctl_set_name(a1);
	case PR_GET_NAME:
		return copy_to_user((void __user *)a1, current_task()->comm,
				    sizeof(current_task()->comm));
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_DUMPABLE:
		if (a1 > 1)
			return -EINVAL;
		p->dumpable = (int)a1;
		return 0;
	case PR_SET_NO_NEW_PRIVS:
		if (a1 != 1 || a2 || a3 || a4)
			return -EINVAL;
		p->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a1 || a2 || a3 || a4 ? -EINVAL : p->no_new_privs;
	default:
		return -EINVAL;
	}
}
