/* SPDX-License-Identifier: MIT */
/*
 * System calls on time: clocks, sleeping, the alarm.
 *
 * All waiting is done in nanoseconds of timer_now(). A sleep that a signal
 * without handler interrupts (a stop, say) goes on to its first deadline: the
 * task keeps it in restart_deadline, and the restarted call asks there first.
 */
#include "kernel/task/clock.h"
#include "kernel/task/deadline.h"
#include "kernel/task/rusage.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "mm/spaces/uaccess.h"

enum { TIMER_ABSTIME = 1 };
enum { ITIMER_REAL = 0 };

#define TIME_FOREVER (~(u64)0)

/* ---- conversions --------------------------------------------------------- */

/* Nanoseconds, saturated; -EINVAL for nonsense. */
static int timespec_to_ns(const struct timespec_user *ts, u64 *ns)
{
	if (ts->sec < 0 || (u64)ts->nsec >= NS_PER_SEC)
		return -EINVAL;
	if ((u64)ts->sec >= TIME_FOREVER / NS_PER_SEC)
		*ns = TIME_FOREVER;
	else
		*ns = (u64)ts->sec * NS_PER_SEC + (u64)ts->nsec;
	return 0;
}

static struct timespec_user timespec_of_ns(u64 ns)
{
	return (struct timespec_user){ (s64)(ns / NS_PER_SEC),
				       (s64)(ns % NS_PER_SEC) };
}

/** timeval_of_ns() - the same moment in seconds and microseconds. */
struct timeval_user timeval_of_ns(u64 ns)
{
	return (struct timeval_user){ (s64)(ns / NS_PER_SEC),
				      (s64)(ns % NS_PER_SEC / 1000) };
}

/** time_realtime_ns() - nanoseconds of the Unix epoch now. Context: any. */
u64 time_realtime_ns(void)
{
	return timer_wall_base() + timer_now();
}

/* ---- deadlines ----------------------------------------------------------- */

/**
 * deadline_keep() - the restarted call shall wait for this one.
 *
 * Context: thread.
 */
void deadline_keep(u64 deadline)
{
	current_task()->restart_deadline = deadline;
}

/**
 * deadline_from_user() - when a wait of a struct timespec from now is over
 *
 * Context: thread. Return: 0, -EFAULT, -EINVAL.
 */
int deadline_from_user(const void __user *uts, u64 *deadline)
{
	u64 kept = current_task()->restart_deadline, now = timer_now(), ns;
	struct timespec_user ts;

	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (timespec_to_ns(&ts, &ns))
		return -EINVAL;
	current_task()->restart_deadline = 0;
	*deadline = ns > TIME_FOREVER - now ? TIME_FOREVER : now + ns;
	if (kept)
		*deadline = kept;
	return 0;
}

/**
 * deadline_from_absolute() - a moment of a clock in terms of timer_now()
 *
 * Context: thread. Return: 0, -EFAULT, -EINVAL.
 */
int deadline_from_absolute(const void __user *uts, bool realtime, u64 *deadline)
{
	u64 base = realtime ? timer_wall_base() : 0, ns;
	struct timespec_user ts;

	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (timespec_to_ns(&ts, &ns))
		return -EINVAL;
	*deadline = ns == TIME_FOREVER ? ns : ns > base ? ns - base : 0;
	return 0;
}

/* ---- clocks -------------------------------------------------------------- */

/* -EINVAL: no such clock. */
static int clock_read(u32 clock, u64 *ns)
{
	if (clock_base(&timer_clock, clock, ns)) {
		*ns += timer_now();
		return 0;
	}
	switch (clock) {
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_cpu_ns(current_process());
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = task_cpu_ns(current_task());
		return 0;
	default:
		return -EINVAL;
	}
}

/** sys_clock_gettime() - clock_gettime(2). */
long sys_clock_gettime(SYSCALL_ARGS)
{
	struct timespec_user ts;
	u64 ns;
	int err = clock_read((u32)a0, &ns);

	if (err)
		return err;
	ts = timespec_of_ns(ns);
	return copy_to_user((void __user *)a1, &ts, sizeof(ts));
}

/** sys_clock_getres() - clock_getres(2): every clock counts nanoseconds. */
long sys_clock_getres(SYSCALL_ARGS)
{
	struct timespec_user ts = { 0, 1 };
	u64 ns;
	int err = clock_read((u32)a0, &ns);

	if (err || !a1)
		return err;
	return copy_to_user((void __user *)a1, &ts, sizeof(ts));
}

/** sys_gettimeofday() - gettimeofday(2); the time zone is UTC. */
long sys_gettimeofday(SYSCALL_ARGS)
{
	struct timeval_user tv = timeval_of_ns(time_realtime_ns());
	s32 zone[2] = { 0, 0 };

	if (a0 && copy_to_user((void __user *)a0, &tv, sizeof(tv)))
		return -EFAULT;
	if (a1 && copy_to_user((void __user *)a1, zone, sizeof(zone)))
		return -EFAULT;
	return 0;
}

/** sys_time() - time(2). */
long sys_time(SYSCALL_ARGS)
{
	s64 now = (s64)(time_realtime_ns() / NS_PER_SEC);

	if (a0 && put_user(now, (s64 __user *)a0))
		return -EFAULT;
	return now;
}

/* ---- sleeping ------------------------------------------------------------ */

/* urest: where to say what is left after a signal, or NULL. */
static long sleep_until(u64 deadline, void __user *urest)
{
	struct timespec_user rest;
	int err = signal_wait(deadline);
	u64 now;

	if (err == -ETIMEDOUT || !err)
		return 0;
	now = timer_now();
	rest = timespec_of_ns(deadline > now ? deadline - now : 0);
	if (urest && copy_to_user(urest, &rest, sizeof(rest)))
		return -EFAULT;
	deadline_keep(deadline);
	return -ERESTART_RESTARTBLOCK;
}

/** sys_nanosleep() - nanosleep(2). */
long sys_nanosleep(SYSCALL_ARGS)
{
	u64 deadline;
	int err = deadline_from_user((const void __user *)a0, &deadline);

	return err ? err : sleep_until(deadline, (void __user *)a1);
}

/**
 * sys_clock_nanosleep() - clock_nanosleep(2) on the real and monotonic
 * clocks.
 */
long sys_clock_nanosleep(SYSCALL_ARGS)
{
	const void __user *uts = (const void __user *)a2;
	u64 deadline;
	long err;

	if ((u32)a0 != CLOCK_REALTIME && (u32)a0 != CLOCK_MONOTONIC &&
	    (u32)a0 != CLOCK_BOOTTIME)
		return (u32)a0 <= CLOCK_BOOTTIME ? -EOPNOTSUPP : -EINVAL;
	if (!(a1 & TIMER_ABSTIME)) {
		err = deadline_from_user(uts, &deadline);
		return err ? err : sleep_until(deadline, (void __user *)a3);
	}
	err = deadline_from_absolute(uts, (u32)a0 == CLOCK_REALTIME, &deadline);
	if (err)
		return err;
	err = sleep_until(deadline, NULL);
	/* The moment is the same in a restart: nothing to keep. */
	current_task()->restart_deadline = 0;
	return err == -ERESTART_RESTARTBLOCK ? -ERESTARTNOHAND : err;
}

/* ---- the alarm ----------------------------------------------------------- */

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

static int timeval_to_ns(const struct timeval_user *tv, u64 *ns)
{
	if (tv->sec < 0 || (u64)tv->usec >= 1000000 ||
	    (u64)tv->sec > (u64)1 << 32)
		return -EINVAL;
	*ns = (u64)tv->sec * NS_PER_SEC + (u64)tv->usec * 1000;
	return 0;
}

static int itimer_store(u64 utv, u64 left, u64 interval)
{
	struct itimerval_user old = { timeval_of_ns(interval),
				      timeval_of_ns(left) };

	return copy_to_user((void __user *)utv, &old, sizeof(old));
}

/** sys_setitimer() - setitimer(2), ITIMER_REAL only. */
long sys_setitimer(SYSCALL_ARGS)
{
	struct process *p = current_process();
	u64 interval = p->alarm_interval, new_interval = 0, value = 0, left;
	struct itimerval_user tv;

	if (a0 != ITIMER_REAL)
		return -EINVAL;
	if (a1) {
		if (copy_from_user(&tv, (const void __user *)a1, sizeof(tv)))
			return -EFAULT;
		if (timeval_to_ns(&tv.value, &value) ||
		    timeval_to_ns(&tv.interval, &new_interval))
			return -EINVAL;
	}
	left = alarm_set(p, value, new_interval);
	return a2 ? itimer_store(a2, left, interval) : 0;
}

/** sys_getitimer() - getitimer(2), ITIMER_REAL only. */
long sys_getitimer(SYSCALL_ARGS)
{
	struct process *p = current_process();

	if (a0 != ITIMER_REAL)
		return -EINVAL;
	return itimer_store(a1, alarm_left(p), p->alarm_interval);
}
