/* SPDX-License-Identifier: MIT */
/*
 * Signals arrive: the last stop before user mode.
 *
 *   THREAD_WORK_EXIT ───────────────────────────────► task_exit
 *   take a signal ─┬─ handler: frame on the user stack ─► user mode, handler
 *                  ├─ ignore: take the next
 *                  ├─ stop: sleep until SIGCONT, take the next
 *                  └─ end: process_exit
 *   nothing (more) ─► restart an interrupted system call, put the mask back
 *
 * One handler is entered per pass; if more signals wait, trap_user_work()
 * comes back and puts the next frame on top, so that the last one runs first,
 * as on Linux.
 */
#include "arch/signal.h"
#include "arch/trap.h"
#include "kernel/task/jobs.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "kernel/task/vdso.h"

/* Signals whose siginfo may say an address. */
#define SIGNALS_FAULT                                                        \
	(signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) |     \
	 signal_bit(SIGFPE) | signal_bit(SIGTRAP))

/* ---- interrupted system calls -------------------------------------------- */

/* The call that tf returns from asked to be restarted or interrupted.
 * sa: the handler that runs first; NULL: none. */
static void syscall_settle(struct trap_frame *tf,
			   const struct sigaction_user *sa)
{
	bool again;

	if (!tf_is_syscall(tf))
		return;
	switch (-(s64)tf_return(tf)) {
	case ERESTARTSYS:
		again = !sa || sa->flags & SA_RESTART;
		break;
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		again = !sa;
		break;
	default:
		return;
	}
	if (again) {
		signal_restart_syscall(tf);
	} else {
		current_task()->restart_deadline = 0;
		tf_set_return(tf, (u64)-EINTR);
	}
}

/* ---- handlers ------------------------------------------------------------ */

/**
 * signal_on_altstack() - does sp stand on the calling task's alternate
 * stack?
 */
bool signal_on_altstack(vaddr_t sp)
{
	const struct task_signals *s = &current_task()->signals;

	return s->alt_size && sp - 1 - s->alt_sp < s->alt_size &&
	       !(s->alt_flags & SS_AUTODISARM);
}

/** signal_altstack() - the alternate stack as sigaltstack(2) shows it. */
struct sigaltstack_user signal_altstack(vaddr_t sp)
{
	const struct task_signals *s = &current_task()->signals;
	struct sigaltstack_user alt = { .sp = s->alt_sp, .size = s->alt_size };

	alt.flags = s->alt_flags & SS_AUTODISARM;
	if (!s->alt_size)
		alt.flags |= SS_DISABLE;
	else if (signal_on_altstack(sp))
		alt.flags |= SS_ONSTACK;
	return alt;
}

/* The action for signo; SA_RESETHAND takes it away with this use. */
static struct sigaction_user signal_action_use(struct process *p, int signo)
{
	struct sigaction_user *sa = &p->signals.action[signo - 1], copy;
	u64 flags = spin_lock_irq(&p->signals.lock);

	copy = *sa;
	if (copy.handler != SIG_IGN && copy.handler != SIG_DFL &&
	    copy.flags & SA_RESETHAND)
		sa->handler = SIG_DFL;
	spin_unlock_irq(&p->signals.lock, flags);
	return copy;
}

/* The task's state once the handler runs. */
static void signal_handler_entered(struct task *t,
				   const struct signal_delivery *d)
{
	u64 blocked = t->signals.blocked | d->action.mask;

	if (!(d->action.flags & SA_NODEFER))
		blocked |= signal_bit(d->signo);
	if (t->signals.alt_flags & SS_AUTODISARM) {
		t->signals.alt_sp = 0;
		t->signals.alt_size = 0;
		t->signals.alt_flags = SS_DISABLE;
	}
	t->signals.restore_blocked = false;
	signal_set_blocked(blocked);
}

/* The tag of a faulting pointer is for handlers that ask for it; older ones
 * take si_addr for an address. */
static void signal_hide_tag(struct siginfo *info,
			    const struct sigaction_user *sa)
{
	if (signal_bit(info->signo) & SIGNALS_FAULT && info->code > 0 &&
	    info->code < SI_KERNEL && !(sa->flags & SA_EXPOSE_TAGBITS))
		info->fault.addr = uaddr_untag(info->fault.addr);
}

/* Return: the handler is entered; false: its stack is bad, SIGSEGV waits. */
static bool signal_enter_handler(struct trap_frame *tf, int signo,
				 const struct siginfo *info,
				 const struct sigaction_user *sa)
{
	struct task *t = current_task();
	struct signal_delivery d = {
		.signo = signo,
		.info = info,
		.action = *sa,
		.mask = t->signals.restore_blocked ? t->signals.saved_blocked :
						     t->signals.blocked,
		.alt = signal_altstack(tf_sp(tf)),
		.vdso_restorer = vdso_restorer(t->process->mm),
	};

	d.switch_stack = sa->flags & SA_ONSTACK &&
			 !(d.alt.flags & (SS_ONSTACK | SS_DISABLE));
	syscall_settle(tf, sa);
	if (!signal_frame_build(tf, &d)) {
		signal_handler_entered(t, &d);
		return true;
	}
	if (signo == SIGSEGV)
		t->process->signals.action[signo - 1].handler = SIG_DFL;
	signal_force(SIGSEGV, SI_KERNEL, 0);
	return false;
}

/* ---- default actions ----------------------------------------------------- */

static void stop_tell_parent(struct process *p, int code, int status)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct sigaction_user *sa;

	if (p->parent) {
		sa = &p->parent->signals.action[SIGCHLD - 1];
		process_notify_parent(p, sa->flags & SA_NOCLDSTOP ? 0 : SIGCHLD,
				      code, status);
	}
	spin_unlock_irq(&tasks_lock, flags);
}

/* Sleeps as long as the process is stopped. */
static void task_wait_stopped(struct process *p)
{
	wait_event_unkillable(&p->stop_wait,
			      READ_ONCE(p->stop) != PROCESS_STOPPED ||
				      READ_ONCE(current_thread()->user_work) &
					      THREAD_WORK_EXIT);
}

/* Stops all tasks of the process, this one first. */
static void process_stop(struct process *p, int signo)
{
	u64 flags = spin_lock_irq(&p->signals.lock);
	bool first = p->stop != PROCESS_STOPPED && !p->exiting;
	struct task *t;

	if (first) {
		p->stop = PROCESS_STOPPED;
		p->stop_signo = signo;
		p->stop_unseen = true;
		list_for_each(t, &p->tasks, group_node)
			signal_wake_task(t, THREAD_WORK_SIGNAL);
	}
	spin_unlock_irq(&p->signals.lock, flags);
	if (first)
		stop_tell_parent(p, CLD_STOPPED, signo);
	task_wait_stopped(p);
	if (first && READ_ONCE(p->stop) == PROCESS_CONTINUED)
		stop_tell_parent(p, CLD_CONTINUED, SIGCONT);
}

static bool signal_default_stops(int signo)
{
	return signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN ||
	       signo == SIGTTOU;
}

static void signal_act_default(struct process *p, int signo)
{
	if (signal_default_ignores(signo))
		return;
	if (signo != SIGSTOP && signal_default_stops(signo) &&
	    jobs_is_orphaned(p->pgid))
		return;                 /* nobody could continue us */
	if (signal_default_stops(signo))
		process_stop(p, signo);
	else
		process_exit(signal_wait_status(p, signo));
}

/* ---- the pass ------------------------------------------------------------ */

/**
 * signal_deliver() - everything that signals want before tf goes to user mode
 *
 * Context: thread, interrupts on, no locks; may not return (exit).
 */
void signal_deliver(struct trap_frame *tf)
{
	struct task *t = current_task();
	struct process *p = t->process;
	struct sigaction_user sa;
	struct siginfo info;
	int signo;

	while (1) {
		if (READ_ONCE(p->stop) == PROCESS_STOPPED)
			task_wait_stopped(p);
		if (READ_ONCE(t->thread.user_work) & THREAD_WORK_EXIT)
			task_exit(p->exit_code);
		signo = signal_take(~t->signals.blocked, &info);
		if (!signo)
			break;
		sa = signal_action_use(p, signo);
		signal_hide_tag(&info, &sa);
		if (sa.handler == SIG_DFL)
			signal_act_default(p, signo);
		else if (sa.handler != SIG_IGN &&
			 signal_enter_handler(tf, signo, &info, &sa))
			return;
	}
	syscall_settle(tf, NULL);
	if (t->signals.restore_blocked) {
		t->signals.restore_blocked = false;
		signal_set_blocked(t->signals.saved_blocked);
	}
}
