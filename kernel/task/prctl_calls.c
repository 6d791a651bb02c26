/* SPDX-License-Identifier: MIT */
/*
 * prctl(2), and personality(2): switches of a process, each with a number.
 *
 * Kept and shown, and nothing else, is what would steer parts that Quire has not:
 * DUMPABLE (ptrace; but it decides about the core bit), KEEPCAPS, TIMERSLACK,
 * THP_DISABLE, NO_NEW_PRIVS, personalities.
 */
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "mm/spaces/uaccess.h"

enum {
	PR_SET_PDEATHSIG = 1, PR_GET_PDEATHSIG = 2,
	PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4,
	PR_GET_KEEPCAPS = 7, PR_SET_KEEPCAPS = 8,
	PR_GET_TIMING = 13, PR_SET_TIMING = 14,
	PR_SET_NAME = 15, PR_GET_NAME = 16,
	PR_CAPBSET_READ = 23,
	PR_SET_TIMERSLACK = 29, PR_GET_TIMERSLACK = 30,
	PR_SET_CHILD_SUBREAPER = 36, PR_GET_CHILD_SUBREAPER = 37,
	PR_SET_NO_NEW_PRIVS = 38, PR_GET_NO_NEW_PRIVS = 39,
	PR_GET_TID_ADDRESS = 40,
	PR_SET_THP_DISABLE = 41, PR_GET_THP_DISABLE = 42,
	PR_SET_TAGGED_ADDR_CTRL = 55, PR_GET_TAGGED_ADDR_CTRL = 56,
};

#define CAP_LAST         40             /* CAP_CHECKPOINT_RESTORE */

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

static long prctl_set_death_signal(struct process *p, u64 signo)
{
	if (signo > SIGNAL_NR)
		return -EINVAL;
	p->death_signal = (int)signo;
	return 0;
}

static long prctl_set_slack(u64 ns)
{
	current_task()->timer_slack = (s64)ns <= 0 ? TIMERSLACK_NS : ns;
	return 0;
}

/* Options whose further arguments must be zero. */
static bool prctl_rest_is_zero(int option, u64 a1, u64 a2, u64 a3, u64 a4)
{
	switch (option) {
	case PR_SET_NO_NEW_PRIVS:
	case PR_SET_THP_DISABLE:
	case PR_SET_TAGGED_ADDR_CTRL:
		return !(a2 || a3 || a4);
	case PR_GET_NO_NEW_PRIVS:
	case PR_GET_THP_DISABLE:
	case PR_GET_TAGGED_ADDR_CTRL:
		return !(a1 || a2 || a3 || a4);
	default:
		return true;
	}
}

/* Options that ask. */
static long prctl_get(struct process *p, int option, u64 a1)
{
	switch (option) {
	case PR_GET_PDEATHSIG:
		return put_user(p->death_signal, (int __user *)a1);
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_GET_KEEPCAPS:
		return p->keep_caps;
	case PR_GET_TIMING:
		return 0;               /* PR_TIMING_STATISTICAL */
	case PR_GET_NAME:
		return copy_to_user((void __user *)a1, current_task()->comm,
				    sizeof(current_task()->comm));
	case PR_CAPBSET_READ:
		return a1 > CAP_LAST ? -EINVAL : 1;
	case PR_GET_TIMERSLACK:
		return (long)current_task()->timer_slack;
	case PR_GET_CHILD_SUBREAPER:
		return put_user((int)p->subreaper, (int __user *)a1);
	case PR_GET_NO_NEW_PRIVS:
		return p->no_new_privs;
	case PR_GET_TID_ADDRESS:
		return put_user(
			(u64)(__force uintptr_t)current_task()->clear_tid,
			(u64 __user *)a1);
	case PR_GET_THP_DISABLE:
		return p->thp_disable;
	case PR_GET_TAGGED_ADDR_CTRL:
		return thread_machine_tag_ctrl(&current_thread()->machine);
	default:
		return -EINVAL;
	}
}

/** sys_prctl() - prctl(2): option and four arguments. */
long sys_prctl(SYSCALL_ARGS)
{
	struct process *p = current_process();

	if (!prctl_rest_is_zero((int)a0, a1, a2, a3, a4))
		return -EINVAL;
	switch ((int)a0) {
	case PR_SET_PDEATHSIG:
		return prctl_set_death_signal(p, a1);
	case PR_SET_DUMPABLE:
		if (a1 > 1)
			return -EINVAL;
		p->dumpable = (int)a1;
		return 0;
	case PR_SET_KEEPCAPS:
		if (a1 > 1)
			return -EINVAL;
		p->keep_caps = a1;
		return 0;
	case PR_SET_TIMING:
		return a1 ? -EINVAL : 0;
	case PR_SET_NAME:
		return prctl_set_name(a1);
	case PR_SET_TIMERSLACK:
		return prctl_set_slack(a1);
	case PR_SET_CHILD_SUBREAPER:
		p->subreaper = a1;
		return 0;
	case PR_SET_NO_NEW_PRIVS:
		if (a1 != 1)
			return -EINVAL;
		p->no_new_privs = true;
		return 0;
	case PR_SET_THP_DISABLE:
		p->thp_disable = a1;
		return 0;
	case PR_SET_TAGGED_ADDR_CTRL:
		return thread_machine_set_tag_ctrl(&current_thread()->machine,
						   a1);
	default:
		return prctl_get(p, (int)a0, a1);
	}
}

/** sys_personality() - personality(2): ~0 only asks. Return: the old one. */
long sys_personality(SYSCALL_ARGS)
{
	struct process *p = current_process();
	u32 old = p->personality;

	if ((u32)a0 != ~0u)
		p->personality = (u32)a0;
	return old;
}
