/* SPDX-License-Identifier: MIT */
/*
 * Signals: who gets one, what waits, who is woken.
 *
 *   signal_send_process ─► shared queue ─┐        (any task that lets it in)
 *   signal_send_task ────► own queue ────┼─► THREAD_WORK_SIGNAL, wake
 *   signal_force ────────► own queue ────┘
 *                                             return to user mode
 *                                                    │
 *                        signal_deliver.c: take, then handler or default
 *
 * A signal that nobody would notice (ignored, and not blocked) is dropped by
 * the sender and costs nothing. Signals 1 … 31 wait at most once; from 32 on
 * each waits with its own siginfo.
 *
 * Invariants, while signals.lock is held:
 *  [G1] an entry with signo in a queue has its bit set in that queue's pending;
 *  [G2] a task that has a deliverable signal (pending and not blocked) has
 *       THREAD_WORK_SIGNAL set, or another task of the process has for a
 *       shared one;
 *  [G3] SIGKILL and SIGSTOP are in no mask of blocked signals.
 */
#include "kernel/task/signal.h"

#include "kernel/base/trace.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"

#define SIGNALS_STOP                                              \
	(signal_bit(SIGSTOP) | signal_bit(SIGTSTP) |              \
	 signal_bit(SIGTTIN) | signal_bit(SIGTTOU))
#define SIGNALS_IGNORED_BY_DEFAULT                                \
	(signal_bit(SIGCHLD) | signal_bit(SIGCONT) |              \
	 signal_bit(SIGURG) | signal_bit(SIGWINCH))
#define SIGNALS_CORE                                              \
	(signal_bit(SIGQUIT) | signal_bit(SIGILL) |               \
	 signal_bit(SIGTRAP) | signal_bit(SIGABRT) |              \
	 signal_bit(SIGBUS) | signal_bit(SIGFPE) |                \
	 signal_bit(SIGSEGV) | signal_bit(SIGXCPU) |              \
	 signal_bit(SIGXFSZ) | signal_bit(SIGSYS))
#define SIGNALS_UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))

/** signal_name() - "SIGSEGV"; realtime signals are "SIGRT". */
const char *signal_name(int signo)
{
	static const char *const names[] = {
		"SIG0",    "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",
		"SIGTRAP", "SIGABRT", "SIGBUS",    "SIGFPE",  "SIGKILL",
		"SIGUSR1", "SIGSEGV", "SIGUSR2",   "SIGPIPE", "SIGALRM",
		"SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP",
		"SIGTSTP", "SIGTTIN", "SIGTTOU",   "SIGURG",  "SIGXCPU",
		"SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",
		"SIGPWR",  "SIGSYS",
	};

	return (size_t)signo < array_size(names) ? names[signo] : "SIGRT";
}

/** signal_state_init() - no handlers known yet, nothing waits. */
void signal_state_init(struct signal_state *s)
{
	spin_init(&s->lock, RANK_SIGNAL);
	signal_queue_init(&s->shared);
}

/** signal_state_copy() - fork: the same handlers. Context: thread. */
void signal_state_copy(struct signal_state *to, struct signal_state *from)
{
	u64 flags = spin_lock_irq(&from->lock);

	memcpy(to->action, from->action, sizeof(to->action));
	spin_unlock_irq(&from->lock, flags);
}

/**
 * signal_state_reset() - handlers go, what is ignored stays ignored
 *
 * For exec and CLONE_CLEAR_SIGHAND. Context: thread.
 */
void signal_state_reset(struct signal_state *s)
{
	u64 flags = spin_lock_irq(&s->lock);

	for (int i = 0; i < SIGNAL_NR; i++) {
		u64 handler = s->action[i].handler;

		memset(&s->action[i], 0, sizeof(s->action[i]));
		if (handler == SIG_IGN)
			s->action[i].handler = SIG_IGN;
	}
	spin_unlock_irq(&s->lock, flags);
}

/** signal_state_exec() - no handler and no alternate stack of the old program. */
void signal_state_exec(struct task *t)
{
	signal_state_reset(&t->process->signals);
	t->signals.alt_sp = 0;
	t->signals.alt_size = 0;
	t->signals.alt_flags = SS_DISABLE;
}

/* ---- whom to wake -------------------------------------------------------- */

/**
 * signal_wake_task() - there is work before it sees user mode again.
 *
 * Context: any.
 */
void signal_wake_task(struct task *t, u32 work)
{
	__atomic_fetch_or(&t->thread.user_work, work, __ATOMIC_SEQ_CST);
	thread_kick(&t->thread);        /* also orders the two, see wait_event */
	if (READ_ONCE(t->thread.killable_sleep))
		thread_wake(&t->thread);
}

/* Signals that t could take now. Context: signals.lock. */
static u64 signal_deliverable(const struct task *t)
{
	u64 pending = t->signals.own.pending |
		      t->process->signals.shared.pending;

	return pending & (~t->signals.blocked | t->signals.waited);
}

/**
 * signal_recalc() - make the work flag agree with the queues.
 *
 * Context: signals.lock.
 */
void signal_recalc(struct process *p, struct task *t)
{
	if (signal_deliverable(t))
		signal_wake_task(t, THREAD_WORK_SIGNAL);
	else if (t == current_task())
		__atomic_fetch_and(&t->thread.user_work,
				   ~(u32)THREAD_WORK_SIGNAL, __ATOMIC_SEQ_CST);
}

/* A shared signal came: one task that lets it in; SIGKILL: all of them. */
static void signal_wake_group(struct process *p, int signo)
{
	struct task *t;

	list_for_each(t, &p->tasks, group_node) {
		if (!(signal_deliverable(t) & signal_bit(signo)))
			continue;
		signal_wake_task(t, THREAD_WORK_SIGNAL);
		if (signo != SIGKILL)
			return;
	}
}

/* ---- sending ------------------------------------------------------------- */

/** signal_default_ignores() - does SIG_DFL mean "nothing" for signo? */
bool signal_default_ignores(int signo)
{
	return signal_bit(signo) & SIGNALS_IGNORED_BY_DEFAULT;
}

/**
 * signal_wait_status() - how wait4 shows the end of p by signo
 *
 * The core bit is set where Linux would have written a core: the signal is one
 * of those, RLIMIT_CORE leaves room for a page, and the process is dumpable. A
 * file is not written. Context: any.
 */
int signal_wait_status(const struct process *p, int signo)
{
	bool core = signal_bit(signo) & SIGNALS_CORE && p->dumpable == 1 &&
		    p->rlimit[RLIMIT_CORE].cur >= PAGE_SIZE;

	return signo | (core ? 0x80 : 0);
}

/* Would nobody notice? Context: signals.lock. */
static bool signal_is_moot(const struct process *p, u64 blocked, int signo)
{
	u64 handler = p->signals.action[signo - 1].handler;

	if (blocked & signal_bit(signo))
		return false;
	if (handler == SIG_IGN)
		return true;
	if (handler != SIG_DFL)
		return false;
	/* Pid 1 has no default death: it would end the machine. */
	return p == init_process || signal_default_ignores(signo);
}

/* Context: signals.lock. */
static void signal_drop_everywhere(struct process *p, u64 set)
{
	struct task *t;

	signal_queue_drop(&p->signals.shared, set);
	list_for_each(t, &p->tasks, group_node)
		signal_queue_drop(&t->signals.own, set);
}

/**
 * signal_drop_pending() - signo need not wait any more: it is ignored.
 *
 * Context: signals.lock.
 */
void signal_drop_pending(struct process *p, int signo)
{
	signal_drop_everywhere(p, signal_bit(signo));
}

/* Stop and continue undo each other, even when blocked or ignored. The task
 * that stopped the process tells the parent. Context: signals.lock. */
static void signal_stop_or_continue(struct process *p, int signo)
{
	if (signal_bit(signo) & SIGNALS_STOP)
		signal_drop_everywhere(p, signal_bit(SIGCONT));
	if (signo != SIGCONT && signo != SIGKILL)
		return;
	if (signo == SIGCONT)
		signal_drop_everywhere(p, SIGNALS_STOP);
	if (p->stop == PROCESS_STOPPED) {
		p->stop_unseen = signo == SIGCONT;
		p->stop = signo == SIGCONT ? PROCESS_CONTINUED : PROCESS_RUNS;
		wait_wake_all(&p->stop_wait);
	}
}

/* t: this task only; NULL: any. Context: any, no lock from RANK_SIGNAL on. */
static int signal_post(struct process *p, struct task *t, int signo,
		       const struct siginfo *info)
{
	u64 flags, blocked = 0;

	if (signo < 1 || signo > SIGNAL_NR)
		return -EINVAL;
	flags = spin_lock_irq(&p->signals.lock);
	signal_stop_or_continue(p, signo);
	if (t)
		blocked = t->signals.blocked;
	else if (!list_empty(&p->tasks))
		blocked = list_first(&p->tasks, struct task, group_node)
				  ->signals.blocked;
	if (!signal_is_moot(p, blocked, signo)) {
		trace(signal, p->pid, signo);
		signal_queue_push(t ? &t->signals.own : &p->signals.shared,
				  signo, info);
		if (!t)
			signal_wake_group(p, signo);
		else
			signal_recalc(p, t);
	}
	spin_unlock_irq(&p->signals.lock, flags);
	return 0;
}

/**
 * signal_send_process() - a signal for the process; any task may take it
 *
 * info: NULL or its story (signo is filled in). Context: any, no lock of a
 * rank from RANK_SIGNAL on. Return: 0, -EINVAL: no such signal.
 */
int signal_send_process(struct process *p, int signo,
			const struct siginfo *info)
{
	return signal_post(p, NULL, signo, info);
}

/** signal_send_task() - a signal for one task. Context and return as above. */
int signal_send_task(struct task *t, int signo, const struct siginfo *info)
{
	return signal_post(t->process, t, signo, info);
}

/**
 * signal_send_group() - a signal from the kernel for a process group
 *
 * Context: any, no lock of a rank from RANK_TASKS on. Return: 0, or -ESRCH:
 * the group has no process.
 */
int signal_send_group(int pgid, int signo)
{
	struct siginfo info = { .code = SI_KERNEL };
	u64 flags = spin_lock_irq(&tasks_lock);
	struct process *p;
	int pid = 0, err = -ESRCH;

	while ((p = process_next_locked(&pid))) {
		if (p->pgid != pgid || p->zombie)
			continue;
		signal_send_process(p, signo, &info);
		err = 0;
	}
	spin_unlock_irq(&tasks_lock, flags);
	return err;
}

/**
 * signal_is_deadly() - would this synchronous signal end the calling task?
 *
 * Context: thread.
 */
bool signal_is_deadly(int signo)
{
	struct task *t = current_task();
	u64 handler = READ_ONCE(t->process->signals.action[signo - 1].handler);

	return handler == SIG_DFL || handler == SIG_IGN ||
	       t->signals.blocked & signal_bit(signo);
}

/**
 * signal_force() - a fault of the calling task that it cannot step over
 *
 * A blocked or ignored signal becomes deadly, since going on would only fault
 * again. addr: si_addr. Context: thread.
 */
void signal_force(int signo, int code, vaddr_t addr)
{
	struct task *t = current_task();
	struct process *p = t->process;
	struct siginfo info = { .signo = signo, .code = code };
	struct sigaction_user *sa = &p->signals.action[signo - 1];
	u64 flags = spin_lock_irq(&p->signals.lock);

	info.fault.addr = addr;
	if (sa->handler == SIG_IGN || t->signals.blocked & signal_bit(signo))
		sa->handler = SIG_DFL;
	t->signals.blocked &= ~signal_bit(signo);
	signal_queue_push(&t->signals.own, signo, &info);
	signal_recalc(p, t);
	trace(signal, p->pid, signo);
	spin_unlock_irq(&p->signals.lock, flags);
}

/* ---- the receiving task -------------------------------------------------- */

/**
 * signal_set_blocked() - the calling task's mask
 *
 * SIGKILL and SIGSTOP stay open [G3]; what the new mask lets in is delivered
 * on the way to user mode. Context: thread.
 */
void signal_set_blocked(u64 mask)
{
	struct task *t = current_task();
	struct process *p = t->process;
	u64 flags = spin_lock_irq(&p->signals.lock);

	t->signals.blocked = mask & ~SIGNALS_UNBLOCKABLE;
	signal_recalc(p, t);
	spin_unlock_irq(&p->signals.lock, flags);
}

/* SIGKILL first, then what the CPU raised, then by number. */
static int signal_choose(u64 ready)
{
	const u64 synchronous = signal_bit(SIGSEGV) | signal_bit(SIGBUS) |
				signal_bit(SIGILL) | signal_bit(SIGTRAP) |
				signal_bit(SIGFPE) | signal_bit(SIGSYS);

	if (ready & signal_bit(SIGKILL))
		return SIGKILL;
	if (ready & synchronous)
		ready &= synchronous;
	return ready ? __builtin_ctzll(ready) + 1 : 0;
}

/**
 * signal_take() - the next signal of set that waits for the calling task
 *
 * The task's own come before the process's. Context: signals.lock not held.
 * Return: its number with *info, or 0: none.
 */
int signal_take(u64 set, struct siginfo *info)
{
	struct task *t = current_task();
	struct process *p = t->process;
	struct signal_queue *q = &t->signals.own;
	u64 flags = spin_lock_irq(&p->signals.lock);
	int signo = signal_choose(q->pending & set);

	if (!signo || p->signals.shared.pending & set & signal_bit(SIGKILL)) {
		q = &p->signals.shared;
		signo = signal_choose(q->pending & set);
	}
	if (signo)
		signal_queue_pop(q, signo, info);
	signal_recalc(p, t);
	spin_unlock_irq(&p->signals.lock, flags);
	return signo;
}
