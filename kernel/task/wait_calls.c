/* SPDX-License-Identifier: MIT */
/*
 * wait4 and waitid: what became of my children.
 *
 * One scan over the caller's children looks for an event that the request
 * wants: the end of a zombie, a stop, a continuation. A zombie is taken out of
 * the tree by the scan itself, so that two waiting threads never see the same.
 */
#include "kernel/task/rusage.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

enum {
	WNOHANG = 1, WUNTRACED = 2, WEXITED = 4, WCONTINUED = 8,
	WNOTHREAD = 0x20000000, WALL = 0x40000000,
};
#define WNOWAIT 0x01000000u
#define WCLONE  0x80000000u

enum { P_ALL, P_PID, P_PGID };          /* idtype of waitid(2) */

struct wait_request {
	int which;                      /* P_* */
	int id;
	u32 options;
	/* the answer: */
	int pid;                        /* 0: none yet (WNOHANG) */
	int status;                     /* as wait4 shows it */
	int code;                       /* CLD_* */
	u32 uid;
	struct rusage_user usage;
	struct process *reaped;         /* unlinked: to be released */
};

static bool wait_wants(const struct wait_request *rq, const struct process *p)
{
	if (rq->which == P_PID && p->pid != rq->id)
		return false;
	if (rq->which == P_PGID && p->pgid != rq->id)
		return false;
	if (rq->options & WALL)
		return true;
	return (p->exit_signal != SIGCHLD) == !!(rq->options & WCLONE);
}

/* The zombie's figures become part of the parent's "children". */
static void wait_book_child(struct process *me, struct process *p)
{
	cpu_times_add(&me->child_times, &p->dead_times);
	cpu_times_add(&me->child_times, &p->child_times);
	me->child_min_flt += p->min_flt + p->child_min_flt;
	me->child_maj_flt += p->maj_flt + p->child_maj_flt;
	me->child_max_rss = MAX(me->child_max_rss,
				MAX(p->max_rss, p->child_max_rss));
}

static bool wait_take_zombie(struct process *me, struct process *p,
			     struct wait_request *rq) __needs_lock(tasks_lock)
{
	if (!p->zombie || !(rq->options & WEXITED))
		return false;
	rq->status = p->exit_code;
	rq->code = !(p->exit_code & 0x7f) ? CLD_EXITED
		   : p->exit_code & 0x80  ? CLD_DUMPED
					  : CLD_KILLED;
	if (!(rq->options & WNOWAIT)) {
		wait_book_child(me, p);
		process_unlink_locked(p);
		rq->reaped = p;
	}
	return true;
}

static bool wait_take_stop(struct process *p, struct wait_request *rq)
{
	bool take = false;

	if (p->zombie || !p->stop_unseen)
		return false;
	spin_lock(&p->signals.lock);
	if (p->stop == PROCESS_STOPPED && rq->options & WUNTRACED) {
		rq->status = p->stop_signo << 8 | 0x7f;
		rq->code = CLD_STOPPED;
		take = true;
	} else if (p->stop == PROCESS_CONTINUED && rq->options & WCONTINUED) {
		rq->status = 0xffff;
		rq->code = CLD_CONTINUED;
		take = true;
	}
	if (take && !(rq->options & WNOWAIT))
		p->stop_unseen = false;
	spin_unlock(&p->signals.lock);
	return take;
}

/* 0: rq has the answer; -ECHILD: no such child; -EAGAIN: nothing yet. */
static int wait_scan(struct wait_request *rq)
{
	struct process *me = current_process(), *p;
	u64 flags = spin_lock_irq(&tasks_lock);
	int err = -ECHILD;

	list_for_each(p, &me->children, sibling) {
		if (!wait_wants(rq, p))
			continue;
		err = -EAGAIN;
		if (wait_take_zombie(me, p, rq) || wait_take_stop(p, rq)) {
			rq->pid = p->pid;
			rq->uid = p->cred.uid;
			err = 0;
			break;
		}
	}
	spin_unlock_irq(&tasks_lock, flags);
	return err;
}

/* Whether *err, the last scan's answer, is final; else looks again. To ask once
 * more is harmless: a zombie that was taken is not looked for again. */
static bool wait_has_answer(struct wait_request *rq, int *err)
{
	if (*err == -EAGAIN)
		*err = wait_scan(rq);
	return *err != -EAGAIN;
}

/* Waits as the request says. 0 (pid 0 with WNOHANG), -ECHILD, -ERESTARTSYS. */
static int wait_for_child(struct wait_request *rq)
{
	struct process *me = current_process();
	int err = wait_scan(rq);

	if (err == -EAGAIN && rq->options & WNOHANG)
		return 0;
	if (err == -EAGAIN &&
	    wait_event(&me->wait_children, wait_has_answer(rq, &err)))
		return -ERESTARTSYS;
	if (!err && rq->reaped) {
		rusage_of(rq->reaped, &rq->usage);
		process_release(rq->reaped);
	}
	return err;
}

/** sys_wait4() - wait4(2). */
long sys_wait4(SYSCALL_ARGS)
{
	struct wait_request rq = { .options = (u32)a2 | WEXITED };
	int pid = (int)a0, err;

	if (a2 & ~(u64)(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL |
			WCLONE))
		return -EINVAL;
	if (pid == (int)0x80000000)
		return -ESRCH;
	rq.which = pid > 0 ? P_PID : pid == -1 ? P_ALL : P_PGID;
	rq.id = pid > 0 ? pid : pid ? -pid : current_process()->pgid;
	err = wait_for_child(&rq);
	if (err)
		return err;
	if (rq.pid && a1 && put_user(rq.status, (int __user *)a1))
		return -EFAULT;
	if (rq.pid && a3 &&
	    copy_to_user((void __user *)a3, &rq.usage, sizeof(rq.usage)))
		return -EFAULT;
	return rq.pid;
}

/* The siginfo of waitid: signo 0 when nothing was there (WNOHANG). */
static void wait_siginfo(const struct wait_request *rq, struct siginfo *info)
{
	memset(info, 0, sizeof(*info));
	if (!rq->pid)
		return;
	info->signo = SIGCHLD;
	info->code = rq->code;
	info->child.pid = rq->pid;
	info->child.uid = rq->uid;
	if (rq->code == CLD_EXITED || rq->code == CLD_STOPPED)
		info->child.status = rq->status >> 8 & 0xff;
	else if (rq->code == CLD_CONTINUED)
		info->child.status = SIGCONT;
	else
		info->child.status = rq->status & 0x7f;
}

/** sys_waitid() - waitid(2) with P_ALL, P_PID, P_PGID. */
long sys_waitid(SYSCALL_ARGS)
{
	struct wait_request rq = { .which = (int)a0, .id = (int)a1,
				   .options = (u32)a3 };
	struct siginfo info;
	int err;

	if (a3 & ~(u64)(WNOHANG | WUNTRACED | WEXITED | WCONTINUED | WNOWAIT |
			WNOTHREAD | WALL | WCLONE) ||
	    !(a3 & (WUNTRACED | WEXITED | WCONTINUED)) || a0 > P_PGID ||
	    (a0 != P_ALL && rq.id < 0) || (a0 == P_PID && !rq.id))
		return -EINVAL;
	if (rq.which == P_PGID && !rq.id)
		rq.id = current_process()->pgid;
	err = wait_for_child(&rq);
	if (err)
		return err;
	wait_siginfo(&rq, &info);
	if (a2 && copy_to_user((void __user *)a2, &info, sizeof(info)))
		return -EFAULT;
	if (rq.pid && a4 &&
	    copy_to_user((void __user *)a4, &rq.usage, sizeof(rq.usage)))
		return -EFAULT;
	return 0;
}
