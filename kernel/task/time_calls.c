/* SPDX-License-Identifier: MIT */
/*
 * System calls on time: clocks and sleeping. Alarms are in itimer_calls.c.
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

/* Clocks of CPU time by number, as clock_getcpuclockid(3) makes them: all bits
 * of a pid or tid inverted, then whether it is a tid, then what counts. */
enum { CPUCLOCK_BOTH, CPUCLOCK_USER, CPUCLOCK_RAN, CPUCLOCK_NONE };
#define CPUCLOCK_KIND(clock)   ((clock) & 3)
#define CPUCLOCK_THREAD(clock) ((clock) & 4)
#define CPUCLOCK_ID(clock)     (~((s32)(clock) >> 3))

/* Of a task of the caller's process; tid 0: the caller. -EINVAL: none. */
static int thread_clock_times(int tid, struct cpu_times *out)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct task *t = tid ? task_find_locked(tid) : current_task();
	bool mine = t && t->process == current_process();

	if (mine)
		*out = task_times(t);
	spin_unlock_irq(&tasks_lock, flags);
	return mine ? 0 : -EINVAL;
}

/* Of any process; pid 0, or the caller's tid: its own. -EINVAL: none. */
static int process_clock_times(int pid, struct cpu_times *out)
{
	u64 flags = spin_lock_irq(&tasks_lock);
	struct process *p = !pid || pid == current_task()->tid
				    ? current_process()
				    : process_find_locked(pid);

	if (p)
		*out = process_times_locked(p);
	spin_unlock_irq(&tasks_lock, flags);
	return p ? 0 : -EINVAL;
}

static int cpu_clock_read(u32 clock, u64 *ns)
{
	int id = CPUCLOCK_ID(clock), err;
	struct cpu_times times;

	if (CPUCLOCK_KIND(clock) == CPUCLOCK_NONE)
		return -EINVAL;
	err = CPUCLOCK_THREAD(clock) ? thread_clock_times(id, &times)
				     : process_clock_times(id, &times);
	if (err)
		return err;
	*ns = times.user_ns;
	if (CPUCLOCK_KIND(clock) != CPUCLOCK_USER)
		*ns += times.kernel_ns;
	return 0;
}

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
		return (s32)clock < 0 ? cpu_clock_read(clock, ns) : -EINVAL;
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

/* Whether a clock counts CPU time and can be slept on: not the caller's own, which
 * would stand still. */
static bool clock_is_cpu(u32 clock)
{
	return clock == CLOCK_PROCESS_CPUTIME_ID ||
	       ((s32)clock < 0 && (clock & 7) != CPUCLOCK_NONE);
}

static bool cpu_clock_is_own(u32 clock)
{
	int id = CPUCLOCK_ID(clock);

	return clock != CLOCK_PROCESS_CPUTIME_ID && CPUCLOCK_THREAD(clock) &&
	       (!id || id == current_task()->tid);
}

/*
 * Waits until a CPU clock shows target. All CPUs together take it forward at
 * most so many times as fast as time passes, so that is how long nobody needs
 * to look; the steps become shorter as the target comes near.
 *
 * Return: 0; -EINTR, *left says how much is missing.
 */
static int cpu_clock_wait(u32 clock, u64 target, u64 *left)
{
	const u64 step = NS_PER_SEC / 1000, cpus = bit_count(cpus_online);
	u64 now;
	int err;

	do {
		if (clock_read(clock, &now))
			now = 0;        /* ended: it will never show that */
		*left = now < target ? target - now : 0;
		if (!*left)
			return 0;
		err = signal_wait(timer_now() + MAX(*left / cpus, step));
	} while (err == -ETIMEDOUT);
	return err;
}

/* clock_nanosleep(2) on a clock of CPU time. A restart goes on to the moment that
 * was first meant, by that clock: restart_deadline. */
static long cpu_clock_sleep(u32 clock, bool absolute, const void __user *uts,
			    void __user *urest)
{
	u64 target = current_task()->restart_deadline, now, ns, left;
	struct timespec_user ts;

	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (timespec_to_ns(&ts, &ns) || cpu_clock_is_own(clock) ||
	    clock_read(clock, &now))
		return -EINVAL;
	current_task()->restart_deadline = 0;
	if (absolute)
		target = ns;
	else if (!target)
		target = ns > TIME_FOREVER - now ? TIME_FOREVER : now + ns;
	if (!cpu_clock_wait(clock, target, &left))
		return 0;
	if (absolute)
		return -ERESTARTNOHAND;
	ts = timespec_of_ns(left);
	if (urest && copy_to_user(urest, &ts, sizeof(ts)))
		return -EFAULT;
	deadline_keep(target);
	return -ERESTART_RESTARTBLOCK;
}

/** sys_clock_nanosleep() - clock_nanosleep(2): by time, or by CPU time. */
long sys_clock_nanosleep(SYSCALL_ARGS)
{
	const void __user *uts = (const void __user *)a2;
	u64 deadline;
	long err;

	if (clock_is_cpu((u32)a0))
		return cpu_clock_sleep((u32)a0, a1 & TIMER_ABSTIME, uts,
				       (void __user *)a3);
	if ((u32)a0 != CLOCK_REALTIME && (u32)a0 != CLOCK_MONOTONIC &&
	    (u32)a0 != CLOCK_BOOTTIME)
		return (u32)a0 <= CLOCK_BOOTTIME || (s32)a0 < 0 ? -EOPNOTSUPP
								: -EINVAL;
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
