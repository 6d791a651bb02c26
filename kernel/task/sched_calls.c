/* SPDX-License-Identifier: MIT */
/*
 * System calls on scheduling: which CPUs, which policy, how nice, and the
 * memory barrier on all CPUs.
 *
 * There is one policy: every thread that can run gets its turn (kernel/base/
 * sched.c). SCHED_OTHER, SCHED_BATCH, SCHED_IDLE and the nice value are kept and
 * shown but weigh nothing; the realtime policies would be a lie and are refused
 * as Linux refuses them to who may not have them, -EPERM.
 */
#include "arch/cpu.h"
#include "kernel/base/smp.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

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

/** task_find_locked() - any task by its number; NULL: none. Context: tasks_lock. */
struct task *task_find_locked(int tid)
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

/* ---- policy -------------------------------------------------------------- */

enum { SCHED_OTHER = 0, SCHED_FIFO = 1, SCHED_RR = 2, SCHED_BATCH = 3,
       SCHED_IDLE = 5, SCHED_DEADLINE = 6 };
enum { SCHED_KEEP = -1 };               /* sched_setparam: the policy it has */
#define SCHED_RESET_ON_FORK 0x40000000
#define REALTIME_MAX        99          /* highest priority of FIFO and RR */

static bool policy_is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* May a task have this policy with this priority? 0, -EINVAL, -EPERM. */
static int policy_check(int policy, int priority)
{
	if (policy_is_realtime(policy))
		return priority < 1 || priority > REALTIME_MAX ? -EINVAL
							       : -EPERM;
	if (policy != SCHED_OTHER && policy != SCHED_BATCH &&
	    policy != SCHED_IDLE)
		return -EINVAL;
	return priority ? -EINVAL : 0;
}

/* tid 0: the caller. */
static long policy_set(int tid, int policy, u64 uparam)
{
	bool reset = policy != SCHED_KEEP && policy & SCHED_RESET_ON_FORK;
	struct task *t = current_task();
	int priority, err;
	u64 flags;

	if (!uparam || tid < 0)
		return -EINVAL;
	if (get_user(priority, (const int __user *)uparam))
		return -EFAULT;
	if (reset)
		policy &= ~SCHED_RESET_ON_FORK;
	flags = spin_lock_irq(&tasks_lock);
	if (tid)
		t = task_find_locked(tid);
	err = !t ? -ESRCH
		 : policy_check(policy == SCHED_KEEP ? t->policy : policy,
				priority);
	if (!err && policy != SCHED_KEEP) {
		t->policy = policy;
		t->policy_reset = reset;
	}
	spin_unlock_irq(&tasks_lock, flags);
	return err;
}

/** sys_sched_setscheduler() - sched_setscheduler(2): task, policy, parameter. -EPERM: realtime. */
long sys_sched_setscheduler(SYSCALL_ARGS)
{
	if ((int)a1 < 0)
		return -EINVAL;
	return policy_set((int)a0, (int)a1, a2);
}

/** sys_sched_setparam() - sched_setparam(2): task, parameter. */
long sys_sched_setparam(SYSCALL_ARGS)
{
	return policy_set((int)a0, SCHED_KEEP, a1);
}

/** sys_sched_getscheduler() - the policy of a task. */
long sys_sched_getscheduler(SYSCALL_ARGS)
{
	struct task *t = current_task();
	long policy = -ESRCH;
	u64 flags;

	if ((int)a0 < 0)
		return -EINVAL;
	flags = spin_lock_irq(&tasks_lock);
	if (a0)
		t = task_find_locked((int)a0);
	if (t)
		policy = t->policy |
			 (t->policy_reset ? SCHED_RESET_ON_FORK : 0);
	spin_unlock_irq(&tasks_lock, flags);
	return policy;
}

/** sys_sched_getparam() - the static priority of a task: always 0. */
long sys_sched_getparam(SYSCALL_ARGS)
{
	u64 any;

	if (!a1 || (int)a0 < 0)
		return -EINVAL;
	if (task_affinity((int)a0, &any, false))
		return -ESRCH;
	return put_user(0, (int __user *)a1);
}

/** sys_sched_get_priority_max() - highest static priority of a policy. */
long sys_sched_get_priority_max(SYSCALL_ARGS)
{
	int policy = (int)a0;

	if (policy_is_realtime(policy))
		return REALTIME_MAX;
	if (policy == SCHED_DEADLINE)
		return 0;
	return policy_check(policy, 0);
}

/** sys_sched_get_priority_min() - lowest static priority of a policy. */
long sys_sched_get_priority_min(SYSCALL_ARGS)
{
	long max = sys_sched_get_priority_max(a0, 0, 0, 0, 0, 0);

	return max > 0 ? 1 : max;
}

/* ---- nice ---------------------------------------------------------------- */

enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };
enum { NICE_MIN = -20, NICE_MAX = 19 };

/* One getpriority or setpriority over all tasks that it means. */
struct nice_request {
	int which, who;                 /* PRIO_*; whose (0: the caller's) */
	bool set;
	int nice;                       /* to set; or the least one found */
	bool found;
};

static bool nice_means(const struct nice_request *rq, const struct process *p,
		       const struct task *t)
{
	const struct task *me = current_task();

	switch (rq->which) {
	case PRIO_PROCESS:
		return rq->who ? t->tid == rq->who : t == me;
	case PRIO_PGRP:
		return p->pgid == (rq->who ? rq->who : me->process->pgid);
	default:
		return p->cred.uid ==
		       (rq->who ? (u32)rq->who : me->process->cred.uid);
	}
}

static void nice_visit(struct nice_request *rq, struct task *t)
{
	if (rq->set)
		t->nice = rq->nice;
	else if (!rq->found || t->nice < rq->nice)
		rq->nice = t->nice;
	rq->found = true;
}

/* 0, -EINVAL (which), -ESRCH (nobody). */
static int nice_run(struct nice_request *rq)
{
	struct process *p;
	struct task *t;
	int pid = 0;
	u64 flags;

	if ((u32)rq->which > PRIO_USER)
		return -EINVAL;
	flags = spin_lock_irq(&tasks_lock);
	while ((p = process_next_locked(&pid)))
		list_for_each(t, &p->tasks, group_node)
			if (nice_means(rq, p, t))
				nice_visit(rq, t);
	spin_unlock_irq(&tasks_lock, flags);
	return rq->found ? 0 : -ESRCH;
}

/** sys_getpriority() - getpriority(2): 20 - nice, so that no error is meant. */
long sys_getpriority(SYSCALL_ARGS)
{
	struct nice_request rq = { .which = (int)a0, .who = (int)a1 };
	int err = nice_run(&rq);

	return err ? err : 20 - rq.nice;
}

/** sys_setpriority() - setpriority(2): which, who, nice. */
long sys_setpriority(SYSCALL_ARGS)
{
	struct nice_request rq = { .which = (int)a0, .who = (int)a1,
				   .set = true };

	rq.nice = MAX(MIN((int)a2, NICE_MAX), NICE_MIN);
	return nice_run(&rq);
}

/* ---- membarrier ---------------------------------------------------------- */

enum {
	MEMBARRIER_QUERY = 0, MEMBARRIER_GLOBAL = 1 << 0,
	MEMBARRIER_GLOBAL_EXPEDITED = 1 << 1,
	MEMBARRIER_REGISTER_GLOBAL = 1 << 2,
	MEMBARRIER_PRIVATE = 1 << 3, MEMBARRIER_REGISTER_PRIVATE = 1 << 4,
	MEMBARRIER_ALL = (1 << 5) - 1,
};

static void barrier_here(void *arg)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/** sys_membarrier() - membarrier(2): every CPU that runs has a full barrier. */
long sys_membarrier(SYSCALL_ARGS)
{
	struct process *p = current_process();

	if (a1)
		return -EINVAL;
	switch ((int)a0) {
	case MEMBARRIER_QUERY:
		return MEMBARRIER_ALL;
	case MEMBARRIER_REGISTER_PRIVATE:
		p->membarrier = true;
		return 0;
	case MEMBARRIER_REGISTER_GLOBAL:
		return 0;
	case MEMBARRIER_PRIVATE:
		if (!p->membarrier)
			return -EPERM;
		/* fall through */
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
		smp_call(cpus_online, barrier_here, NULL);
		return 0;
	default:
		return -EINVAL;
	}
}
