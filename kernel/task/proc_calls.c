/* SPDX-License-Identifier: MIT */
/*
 * System calls on the process's limits and figures: what it may use, and what it
 * has used.
 */
#include "kernel/task/limits.h"

#include "kernel/task/rusage.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

/* ---- resource limits ----------------------------------------------------- */

/**
 * limits_apply() - copy the limits that mm looks at into the space.
 *
 * Who has CAP_IPC_LOCK has no limit of locked memory, and CAP_SYS_ADMIN opens
 * the reserve that overcommit keeps. Context: thread.
 */
void limits_apply(struct process *p, struct mm *mm)
{
	WRITE_ONCE(mm->limit_as, p->rlimit[RLIMIT_AS].cur);
	WRITE_ONCE(mm->limit_data, p->rlimit[RLIMIT_DATA].cur);
	WRITE_ONCE(mm->limit_stack, p->rlimit[RLIMIT_STACK].cur);
	WRITE_ONCE(mm->limit_memlock, p->cred.cap_effective & CAP_IPC_LOCK
					      ? ~(u64)0
					      : p->rlimit[RLIMIT_MEMLOCK].cur);
	WRITE_ONCE(mm->is_admin, (p->cred.cap_effective & CAP_SYS_ADMIN) != 0);
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
