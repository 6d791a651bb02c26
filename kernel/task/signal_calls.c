/* SPDX-License-Identifier: MIT */
/* System calls on signals: actions, masks, waiting, sending. */
#include "arch/abi.h"
#include "arch/signal.h"
#include "arch/trap.h"
#include "kernel/task/deadline.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

/* sigset_t of the ABI is 64 bits; anything else is a program for another. */
#define SIGSET_SIZE sizeof(u64)

/* ---- actions and masks --------------------------------------------------- */

/* A signal that is ignored from now on need not wait any longer. */
static void signal_set_action(struct process *p, int signo,
			      const struct sigaction_user *new,
			      struct sigaction_user *old)
{
	u64 flags = spin_lock_irq(&p->signals.lock);

	*old = p->signals.action[signo - 1];
	if (new) {
		p->signals.action[signo - 1] = *new;
		p->signals.action[signo - 1].flags &= SA_KNOWN;
		p->signals.action[signo - 1].mask &= ~(signal_bit(SIGKILL) |
						       signal_bit(SIGSTOP));
		if (new->handler == SIG_IGN ||
		    (new->handler == SIG_DFL &&signal_default_ignores(signo)))
			signal_drop_pending(p, signo);
	}
	spin_unlock_irq(&p->signals.lock, flags);
}

/** sys_rt_sigaction() - rt_sigaction(2). */
long sys_rt_sigaction(SYSCALL_ARGS)
{
	struct sigaction_user new, old;
	int signo = (int)a0;

	if (a3 != SIGSET_SIZE || signo < 1 || signo > SIGNAL_NR ||
	    (a1 && (signo == SIGKILL || signo == SIGSTOP)))
		return -EINVAL;
	if (a1 && copy_from_user(&new, (const void __user *)a1, sizeof(new)))
		return -EFAULT;
	signal_set_action(current_process(), signo, a1 ? &new : NULL, &old);
	if (a2 && copy_to_user((void __user *)a2, &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

/** sys_rt_sigprocmask() - rt_sigprocmask(2). */
long sys_rt_sigprocmask(SYSCALL_ARGS)
{
	u64 old = current_task()->signals.blocked, set;

	if (a3 != SIGSET_SIZE)
		return -EINVAL;
	if (a1) {
		if (get_user(set, (const u64 __user *)a1))
			return -EFAULT;
		if (a0 == SIG_BLOCK)
			set = old | set;
		else if (a0 == SIG_UNBLOCK)
			set = old & ~set;
		else if (a0 != SIG_SETMASK)
			return -EINVAL;
		signal_set_blocked(set);
	}
	return a2 ? put_user(old, (u64 __user *)a2) : 0;
}

/** sys_rt_sigpending() - what waits although blocked. */
long sys_rt_sigpending(SYSCALL_ARGS)
{
	const struct task *t = current_task();
	u64 set = t->signals.own.pending | t->process->signals.shared.pending;

	if (a1 > SIGSET_SIZE)
		return -EINVAL;
	set &= t->signals.blocked;
	return copy_to_user((void __user *)a0, &set, a1);
}

/** sys_sigaltstack() - sigaltstack(2). */
long sys_sigaltstack(SYSCALL_ARGS)
{
	struct task_signals *s = &current_task()->signals;
	vaddr_t sp = tf_sp(syscall_frame());
	struct sigaltstack_user old = signal_altstack(sp), new;
	u32 mode;

	if (a0) {
		if (copy_from_user(&new, (const void __user *)a0, sizeof(new)))
			return -EFAULT;
		if (signal_on_altstack(sp))
			return -EPERM;
		mode = new.flags & ~SS_AUTODISARM;
		if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
			return -EINVAL;
		if (mode == SS_DISABLE)
			new.sp = new.size = 0;
		else if (new.size < ABI_MINSIGSTKSZ)
			return -ENOMEM;
		s->alt_sp = new.sp;
		s->alt_size = new.size;
		s->alt_flags = new.flags;
	}
	if (a1 && copy_to_user((void __user *)a1, &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

/**
 * sys_rt_sigreturn() - the handler is done: back to the interrupted
 * registers.
 */
long sys_rt_sigreturn(SYSCALL_ARGS)
{
	struct task_signals *s = &current_task()->signals;
	struct trap_frame *tf = syscall_frame();
	struct sigaltstack_user alt;
	u64 mask;

	if (signal_frame_restore(tf, &mask, &alt)) {
		signal_force(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	signal_set_blocked(mask);
	if (!signal_on_altstack(tf_sp(tf))) {
		s->alt_sp = alt.sp;
		s->alt_size = alt.flags & SS_DISABLE ? 0 : alt.size;
		s->alt_flags = alt.flags;
	}
	return (long)tf_return(tf);
}

/* ---- waiting ------------------------------------------------------------- */

/**
 * signal_wait() - sleep until a signal comes or the deadline is over.
 * -EINTR, -ETIMEDOUT.
 */
int signal_wait(u64 deadline)
{
	struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);

	return wait_event_until(&nobody, false, true, deadline);
}

/** sys_pause() - pause(2). */
long sys_pause(SYSCALL_ARGS)
{
	signal_wait(~(u64)0);
	return -ERESTARTNOHAND;
}

/**
 * signal_mask_for_wait() - another mask until the running call is over
 *
 * For sigsuspend, ppoll, pselect. Context: thread.
 */
void signal_mask_for_wait(u64 mask)
{
	struct task_signals *s = &current_task()->signals;

	s->saved_blocked = s->blocked;
	s->restore_blocked = true;
	signal_set_blocked(mask);
}

/**
 * signal_mask_restore() - the waiting call is over
 *
 * After a signal ended it, signal_deliver() puts the mask back instead, behind
 * the handler. Context: thread.
 */
void signal_mask_restore(bool interrupted)
{
	struct task_signals *s = &current_task()->signals;

	if (interrupted || !s->restore_blocked)
		return;
	s->restore_blocked = false;
	signal_set_blocked(s->saved_blocked);
}

/** sys_rt_sigsuspend() - wait with another mask. */
long sys_rt_sigsuspend(SYSCALL_ARGS)
{
	u64 mask;

	if (a1 != SIGSET_SIZE)
		return -EINVAL;
	if (get_user(mask, (const u64 __user *)a0))
		return -EFAULT;
	signal_mask_for_wait(mask);
	signal_wait(~(u64)0);
	return -ERESTARTNOHAND;
}

/* Sleeps until one of set comes, which may be blocked otherwise. */
static int signal_wait_for(u64 set, u64 deadline, struct siginfo *info)
{
	struct task *t = current_task();
	int signo = signal_take(set, info), err = 0;

	if (signo || deadline <= timer_now())
		return signo ? signo : -EAGAIN;
	t->signals.waited = set;
	signal_set_blocked(t->signals.blocked);
	err = signal_wait(deadline);
	t->signals.waited = 0;
	signo = signal_take(set, info);
	if (signo)
		return signo;
	return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

/** sys_rt_sigtimedwait() - rt_sigtimedwait(2). */
long sys_rt_sigtimedwait(SYSCALL_ARGS)
{
	u64 set, deadline = ~(u64)0;
	struct siginfo info;
	int signo, err;

	if (a3 != SIGSET_SIZE)
		return -EINVAL;
	if (get_user(set, (const u64 __user *)a0))
		return -EFAULT;
	set &= ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
	if (a2) {
		err = deadline_from_user((const void __user *)a2, &deadline);
		if (err)
			return err;
	}
	signo = signal_wait_for(set, deadline, &info);
	if (signo > 0 && a1 &&
	    copy_to_user((void __user *)a1, &info, sizeof(info)))
		return -EFAULT;
	return signo;
}

/**
 * sys_restart_syscall() - only called by programs that made it up
 *
 * An interrupted call is restarted by running it again.
 */
long sys_restart_syscall(SYSCALL_ARGS)
{
	return -EINTR;
}

/* ---- sending ------------------------------------------------------------- */

static bool kill_is_allowed(const struct process *p)
{
	const struct cred *me = &current_process()->cred;

	return me->euid == 0 || me->uid == p->cred.uid ||
	       me->euid == p->cred.uid || me->euid == p->cred.suid ||
	       me->uid == p->cred.suid;
}

static struct siginfo kill_siginfo(int signo, int code)
{
	struct siginfo info = { .signo = signo, .code = code };

	info.user.pid = current_process()->pid;
	info.user.uid = current_process()->cred.uid;
	return info;
}

/* signo 0 only asks. Context: p is held. */
static int kill_one(struct process *p, int signo)
{
	struct siginfo info = kill_siginfo(signo, SI_USER);

	if (!kill_is_allowed(p))
		return -EPERM;
	return signo && !p->zombie ? signal_send_process(p, signo, &info) : 0;
}

/* All processes of group pgid; 0: all but pid 1 and the caller. */
static int kill_many(int pgid, int signo)
{
	int pid = 0, err = -ESRCH, e;
	struct process *p;

	while ((p = process_next(&pid))) {
		if (pgid ? p->pgid == pgid
			 : p != init_process && p != current_process()) {
			e = kill_one(p, signo);
			if (!e || err == -ESRCH)
				err = e;
		}
		process_put(p);
	}
	return err;
}

/** sys_kill() - kill(2). */
long sys_kill(SYSCALL_ARGS)
{
	int pid = (int)a0, signo = (int)a1, err;
	struct process *p;

	if (signo < 0 || signo > SIGNAL_NR)
		return -EINVAL;
	if (pid == (int)0x80000000)
		return -ESRCH;
	if (pid <= 0)
		return kill_many(pid == -1 ? 0
				 : pid	   ? -pid
					   : current_process()->pgid,
				 signo);
	p = process_find(pid);
	if (!p)
		return -ESRCH;
	err = kill_one(p, signo);
	process_put(p);
	return err;
}

/* Sends to the task tid of p. Context: tasks_lock. -ESRCH: not there. */
static int kill_task_of(struct process *p, int tid, int signo)
{
	struct siginfo info = kill_siginfo(signo, SI_TKILL);
	struct task *t;

	list_for_each(t, &p->tasks, group_node) {
		if (t->tid != tid)
			continue;
		if (!kill_is_allowed(p))
			return -EPERM;
		return signo ? signal_send_task(t, signo, &info) : 0;
	}
	return -ESRCH;
}

/* pid 0: of any process. */
static long kill_task(int pid, int tid, int signo)
{
	struct process *p;
	int err = -ESRCH, at = 0;
	u64 flags;

	if (tid <= 0 || pid < 0 || signo < 0 || signo > SIGNAL_NR)
		return -EINVAL;
	flags = spin_lock_irq(&tasks_lock);
	if (pid) {
		p = process_find_locked(pid);
		err = p ? kill_task_of(p, tid, signo) : -ESRCH;
	} else {
		while (err == -ESRCH && (p = process_next_locked(&at)))
			err = kill_task_of(p, tid, signo);
	}
	spin_unlock_irq(&tasks_lock, flags);
	return err;
}

/** sys_tkill() - tkill(2). */
long sys_tkill(SYSCALL_ARGS)
{
	return kill_task(0, (int)a0, (int)a1);
}

/** sys_tgkill() - tgkill(2). */
long sys_tgkill(SYSCALL_ARGS)
{
	return (int)a0 > 0 ? kill_task((int)a0, (int)a1, (int)a2) : -EINVAL;
}

/* ---- sending with a story ------------------------------------------------ */

/* The story a program tells must not look like the kernel's or kill's, unless
 * it tells it to itself. */
static int queue_siginfo_get(u64 uinfo, int signo, int pid,
			     struct siginfo *info)
{
	if (copy_from_user(info, (const void __user *)uinfo, sizeof(*info)))
		return -EFAULT;
	info->signo = signo;
	if ((info->code >= 0 || info->code == SI_TKILL) &&
	    pid != current_process()->pid)
		return -EPERM;
	return 0;
}

/* -EAGAIN: as many wait as RLIMIT_SIGPENDING allows. Only a realtime signal
 * can wait more than once, so only they can fill the queue. */
static int queue_has_room(const struct signal_queue *q, int signo)
{
	u64 limit = current_process()->rlimit[RLIMIT_SIGPENDING].cur;

	return signo >= SIGNAL_RT_FIRST && READ_ONCE(q->nr) >= limit ? -EAGAIN
								     : 0;
}

/** sys_rt_sigqueueinfo() - rt_sigqueueinfo(2): process, signal, siginfo. */
long sys_rt_sigqueueinfo(SYSCALL_ARGS)
{
	int pid = (int)a0, signo = (int)a1, err;
	struct siginfo info;
	struct process *p;

	err = queue_siginfo_get(a2, signo, pid, &info);
	if (err)
		return err;
	p = process_find(pid);
	if (!p)
		return -ESRCH;
	if (signo < 0 || signo > SIGNAL_NR)
		err = -EINVAL;
	else if (!kill_is_allowed(p))
		err = -EPERM;
	else if (signo && !p->zombie)
		err = queue_has_room(&p->signals.shared, signo);
	if (!err && signo && !p->zombie)
		err = signal_send_process(p, signo, &info);
	process_put(p);
	return err;
}

/* Context: tasks_lock. */
static int queue_to_task(int pid, int tid, const struct siginfo *info)
	__needs_lock(tasks_lock)
{
	int signo = info->signo, err;
	struct task *t = task_find_locked(tid);

	if (!t || t->process->pid != pid)
		return -ESRCH;
	if (signo < 0 || signo > SIGNAL_NR)
		return -EINVAL;
	if (!kill_is_allowed(t->process))
		return -EPERM;
	if (!signo)
		return 0;
	err = queue_has_room(&t->signals.own, signo);
	return err ? err : signal_send_task(t, signo, info);
}

/** sys_rt_tgsigqueueinfo() - the same to one task: process, task, signal,
 * siginfo. */
long sys_rt_tgsigqueueinfo(SYSCALL_ARGS)
{
	int pid = (int)a0, tid = (int)a1, err;
	struct siginfo info;
	u64 flags;

	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	err = queue_siginfo_get(a3, (int)a2, pid, &info);
	if (err)
		return err;
	flags = spin_lock_irq(&tasks_lock);
	err = queue_to_task(pid, tid, &info);
	spin_unlock_irq(&tasks_lock, flags);
	return err;
}
