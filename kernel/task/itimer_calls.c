/* SPDX-License-Identifier: MIT */
/*
 * Alarms: setitimer(2), alarm(2), and RLIMIT_CPU, which is one too.
 *
 *	ITIMER_REAL      timer_now()     a timer of the process    SIGALRM
 *	ITIMER_VIRTUAL   its user time ┐                           SIGVTALRM
 *	ITIMER_PROF      its CPU time  ├ looked at by the sampler  SIGPROF
 *	RLIMIT_CPU       its CPU time  ┘                           SIGXCPU, SIGKILL
 *
 * CPU time passes only while a task of the process runs, and then the sampler
 * looks at that task every few milliseconds (kernel/base/sampler.c); nothing
 * has to be armed. An alarm so comes late by a sample at most, never early.
 *
 * Locking: cpu_timer under tasks_lock. rlimit is changed by its owner and by
 * whoever may (prlimit), without a lock; raising the soft limit here gives way.
 */
#include "kernel/task/itimer.h"

#include "kernel/base/sampler.h"
#include "kernel/task/rusage.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "mm/spaces/uaccess.h"

enum { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF, ITIMER_NR };

/* ---- the alarm on the clock ---------------------------------------------- */

struct itimerval_user { struct timeval_user interval, value; };

/* Timer interrupt. */
static void alarm_fire(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, alarm);
	struct siginfo info = { .code = SI_KERNEL };
	u64 late = timer_now() - p->alarm_deadline;

	if (p->alarm_interval) {
		/* What was missed is not made up for. */
		p->alarm_deadline += (late / p->alarm_interval + 1) *
				     p->alarm_interval;
		timer_start(timer, p->alarm_deadline, alarm_fire);
	} else {
		p->alarm_deadline = 0;
	}
	signal_send_process(p, SIGALRM, &info);
}

static u64 alarm_left(const struct process *p)
{
	u64 now = timer_now(), deadline = READ_ONCE(p->alarm_deadline);

	if (!deadline)
		return 0;
	return deadline > now ? deadline - now : 1000;
}

/* value, interval: ns; value 0: off. Return: ns that were left. */
static u64 alarm_set(struct process *p, u64 value, u64 interval)
{
	u64 left = alarm_left(p);

	timer_cancel(&p->alarm);
	p->alarm_interval = interval;
	p->alarm_deadline = value ? timer_now() + value : 0;
	if (value)
		timer_start(&p->alarm, p->alarm_deadline, alarm_fire);
	return left;
}

/** sys_alarm() - alarm(2): whole seconds. */
long sys_alarm(SYSCALL_ARGS)
{
	u64 left = alarm_set(current_process(), (u32)a0 * NS_PER_SEC, 0);

	if (!left)
		return 0;
	return (long)MAX((left + NS_PER_SEC / 2) / NS_PER_SEC, 1);
}

/* ---- alarms on CPU time -------------------------------------------------- */

/* Whether t expired at now; the next date is set. Context: tasks_lock. */
static bool cpu_timer_fire(struct cpu_timer *t, u64 now)
{
	if (!t->expires || now < t->expires)
		return false;
	t->expires = t->interval ? t->expires + t->interval : 0;
	return true;
}

/* RLIMIT_CPU: the signal for a process that ran ns, 0: none. After the soft
 * limit it is reminded every second. */
static int cpu_limit_signal(struct process *p, u64 ns)
{
	struct rlimit *l = &p->rlimit[RLIMIT_CPU];
	u64 soft = READ_ONCE(l->cur), seconds = ns / NS_PER_SEC;

	if (seconds >= READ_ONCE(l->max))
		return SIGKILL;
	if (seconds < soft)
		return 0;
	__atomic_compare_exchange_n(&l->cur, &soft, soft + 1, false,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return SIGXCPU;
}

static bool cpu_time_matters(const struct process *p)
{
	return READ_ONCE(p->cpu_timer[CPU_TIMER_VIRTUAL].expires) ||
	       READ_ONCE(p->cpu_timer[CPU_TIMER_PROF].expires) ||
	       READ_ONCE(p->rlimit[RLIMIT_CPU].cur) != RLIM_INFINITY;
}

/* sampler_seen: sends what the process's CPU time says. */
static void itimer_look(struct thread *thread)
{
	struct process *p = thread->task->process;
	struct siginfo info = { .code = SI_KERNEL };
	bool virtual, prof;
	int limit;
	struct cpu_times times;
	u64 flags, sum;

	if (!cpu_time_matters(p))
		return;
	flags = spin_lock_irq(&tasks_lock);
	times = process_times_locked(p);
	sum = times.user_ns + times.kernel_ns;
	virtual = cpu_timer_fire(&p->cpu_timer[CPU_TIMER_VIRTUAL],
				 times.user_ns);
	prof = cpu_timer_fire(&p->cpu_timer[CPU_TIMER_PROF], sum);
	limit = cpu_limit_signal(p, sum);
	spin_unlock_irq(&tasks_lock, flags);
	if (virtual)
		signal_send_process(p, SIGVTALRM, &info);
	if (prof)
		signal_send_process(p, SIGPROF, &info);
	if (limit)
		signal_send_process(p, limit, &info);
}

/** itimer_init() - have the sampler ask here. Context: boot. */
void itimer_init(void)
{
	sampler_seen = itimer_look;
}

/* What is left of t at now; a moment if it is due. Context: tasks_lock. */
static u64 cpu_timer_left(const struct cpu_timer *t, u64 now)
{
	if (!t->expires)
		return 0;
	return t->expires > now ? t->expires - now : 1000;
}

/* Reads timer `which` into *old, relative to now; sets it to *new unless NULL. */
static void cpu_timer_exchange(struct process *p, unsigned int which,
			       const struct cpu_timer *new,
			       struct cpu_timer *old)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct cpu_times times = process_times_locked(p);
	struct cpu_timer *t = &p->cpu_timer[which];
	u64 now = times.user_ns;

	if (which == CPU_TIMER_PROF)
		now += times.kernel_ns;
	old->expires = cpu_timer_left(t, now);
	old->interval = t->interval;
	if (new) {
		t->expires = new->expires ? now + new->expires : 0;
		t->interval = new->interval;
	}
	spin_unlock_irq(&tasks_lock, flags);
}

/* ---- the calls ----------------------------------------------------------- */

static int timeval_to_ns(const struct timeval_user *tv, u64 *ns)
{
	if (tv->sec < 0 || (u64)tv->usec >= 1000000 ||
	    (u64)tv->sec > (u64)1 << 32)
		return -EINVAL;
	*ns = (u64)tv->sec * NS_PER_SEC + (u64)tv->usec * 1000;
	return 0;
}

static int itimer_store(u64 utv, const struct cpu_timer *t)
{
	struct itimerval_user old = { timeval_of_ns(t->interval),
				      timeval_of_ns(t->expires) };

	return copy_to_user((void __user *)utv, &old, sizeof(old));
}

/* Any of the three; expires is what is left, from now. new: NULL, or the new
 * one. */
static void itimer_exchange(u64 which, const struct cpu_timer *new,
			    struct cpu_timer *old)
{
	struct process *p = current_process();

	if (which != ITIMER_REAL) {
		cpu_timer_exchange(p,
				   which == ITIMER_PROF ? CPU_TIMER_PROF
							: CPU_TIMER_VIRTUAL,
				   new, old);
		return;
	}
	old->interval = p->alarm_interval;
	old->expires = new ? alarm_set(p, new->expires, new->interval)
			   : alarm_left(p);
}

/** sys_setitimer() - setitimer(2). */
long sys_setitimer(SYSCALL_ARGS)
{
	struct cpu_timer new = { 0 }, old;
	struct itimerval_user tv;

	if ((u32)a0 >= ITIMER_NR)
		return -EINVAL;
	if (a1) {
		if (copy_from_user(&tv, (const void __user *)a1, sizeof(tv)))
			return -EFAULT;
		if (timeval_to_ns(&tv.value, &new.expires) ||
		    timeval_to_ns(&tv.interval, &new.interval))
			return -EINVAL;
	}
	itimer_exchange((u32)a0, &new, &old);
	return a2 ? itimer_store(a2, &old) : 0;
}

/** sys_getitimer() - getitimer(2). */
long sys_getitimer(SYSCALL_ARGS)
{
	struct cpu_timer old;

	if ((u32)a0 >= ITIMER_NR)
		return -EINVAL;
	itimer_exchange((u32)a0, NULL, &old);
	return itimer_store(a1, &old);
}
