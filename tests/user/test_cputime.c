/* SPDX-License-Identifier: MIT */
/*
 * User and system time: told apart, never going back, handed to the parent; alarms
 * and limits on it.
 */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#define BURN_NS 300000000ll             /* many samples of any kernel */

static long long cpu_ns(void)
{
	struct timespec ts;

	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static long long us(struct timeval tv)
{
	return tv.tv_sec * 1000000ll + tv.tv_usec;
}

static void spent(int who, long long *user, long long *kernel)
{
	struct rusage ru;

	CHECK(getrusage(who, &ru) == 0);
	*user = us(ru.ru_utime);
	*kernel = us(ru.ru_stime);
}

/*
 * Go on burning? A machine that stands still between two samples charges all of
 * it to one side: then it takes longer until the shares are right.
 */
static int burn_on(long long begin, int in_kernel)
{
	long long burnt = cpu_ns() - begin, user, kernel;

	spent(RUSAGE_SELF, &user, &kernel);
	if (burnt < BURN_NS || burnt > 10 * BURN_NS)
		return burnt < BURN_NS;
	return in_kernel ? kernel <= 4 * user : user <= 4 * kernel;
}

static void burn_user(void)
{
	long long begin = cpu_ns();
	volatile unsigned int x = 1;

	while (burn_on(begin, 0))
		for (int i = 0; i < 1000000; i++)
			x = x * 5 + 1;
}

static void burn_kernel(void)
{
	static char buf[1 << 20];
	long long begin = cpu_ns();
	int fd = open("/dev/zero", O_RDONLY);

	CHECK(fd >= 0);
	while (burn_on(begin, 1))
		CHECK(read(fd, buf, sizeof(buf)) == sizeof(buf));
	close(fd);
}

PROVES(getrusage, "RUSAGE_SELF, RUSAGE_THREAD", "loops are user time")
PROVES(clock_gettime, "CLOCK_PROCESS_CPUTIME_ID",
       "goes on with the process's work")
CASE(loops_are_user_time)
{
	long long user, kernel;

	burn_user();
	spent(RUSAGE_SELF, &user, &kernel);
	CHECK(user > 3 * kernel && user + kernel >= BURN_NS / 1000 - 20000);
	spent(RUSAGE_THREAD, &user, &kernel);
	CHECK(user > 3 * kernel);
}

CASE(calls_are_system_time)
{
	long long user, kernel;

	burn_kernel();
	spent(RUSAGE_SELF, &user, &kernel);
	CHECK(kernel > 3 * user);
}

PROVES(times, "", "user and system time, as /proc shows them")
CASE(times_and_proc_agree)
{
	unsigned long user, kernel;
	long ticks = sysconf(_SC_CLK_TCK);
	struct tms tms;
	FILE *f;

	burn_kernel();
	CHECK(times(&tms) != (clock_t)-1);
	CHECK(tms.tms_stime > 3 * tms.tms_utime);
	CHECK(tms.tms_stime * 1000 / ticks >= 150);
	f = fopen("/proc/self/stat", "r");
	CHECK(f && fscanf(f,
			  "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
			  "%*u %lu %lu",
			  &user, &kernel) == 2);
	fclose(f);
	CHECK(kernel >= (unsigned long)tms.tms_stime && kernel > 3 * user);
}

CASE(neither_goes_back)
{
	long long user = 0, kernel = 0, new_user, new_kernel;
	long long end = cpu_ns() + BURN_NS;

	while (cpu_ns() < end) {
		spent(RUSAGE_SELF, &new_user, &new_kernel);
		CHECK(new_user >= user && new_kernel >= kernel);
		user = new_user;
		kernel = new_kernel;
	}
}

PROVES(getrusage, "RUSAGE_CHILDREN", "times of those waited for")
PROVES(wait4, "", "usage of the child")
CASE(parents_get_both)
{
	long long user, kernel;
	struct rusage ru;
	struct tms tms;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		burn_kernel();
		_exit(0);
	}
	spent(RUSAGE_CHILDREN, &user, &kernel);
	CHECK(user == 0 && kernel == 0);
	CHECK(wait4(pid, &status, 0, &ru) == pid && status == 0);
	CHECK(us(ru.ru_stime) > 3 * us(ru.ru_utime));
	spent(RUSAGE_CHILDREN, &user, &kernel);
	CHECK(kernel > 3 * user && kernel >= us(ru.ru_stime));
	CHECK(times(&tms) != (clock_t)-1 && tms.tms_cstime > tms.tms_cutime);
}

static void cpu_line(unsigned long long value[4])
{
	FILE *f = fopen("/proc/stat", "r");

	CHECK(f && fscanf(f, "cpu %llu %llu %llu %llu", &value[0], &value[1],
			  &value[2], &value[3]) == 4);
	fclose(f);
}

CASE(the_machine_counts_too)
{
	unsigned long long before[4], after[4];

	cpu_line(before);
	burn_kernel();
	cpu_line(after);
	CHECK(after[2] - before[2] >= 5);      /* Linux loses ticks in TCG */
	cpu_line(before);
	burn_user();
	cpu_line(after);
	CHECK(after[0] - before[0] >= 5);
	for (int i = 0; i < 4; i++)
		CHECK(after[i] >= before[i]);
}

/* ---- clocks of CPU time ---------------------------------------------------- */

static long long read_clock(clockid_t clock)
{
	struct timespec ts;

	return clock_gettime(clock, &ts)
		       ? -1
		       : ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

CASE(own_clocks_by_number)
{
	clockid_t whole, one;
	long long before = cpu_ns();

	CHECK(clock_getcpuclockid(getpid(), &whole) == 0);
	CHECK(pthread_getcpuclockid(pthread_self(), &one) == 0);
	CHECK(read_clock(whole) >= before && read_clock(one) > 0);
	CHECK(read_clock(whole) <= cpu_ns());
	CHECK(clock_getcpuclockid(0, &whole) == 0 && read_clock(whole) > 0);
	CHECK(read_clock(-8 + 3) == -1 && errno == EINVAL);
}

/* What user mode took, by itself: kind 1 of the same clock. */
CASE(clock_of_user_time)
{
	long long user, whole;

	burn_user();
	user = read_clock((-getpid() - 1) * 8 + 1);
	whole = cpu_ns();
	CHECK(user > whole / 2 && user <= 2 * whole);
}

/* One that runs on and on elsewhere, and is seen to. */
CASE(clock_of_another_process)
{
	struct timespec nap = { 0, 1000000 };
	pid_t pid = fork();
	clockid_t clock;

	if (pid == 0)
		while (1)
			;
	CHECK(clock_getcpuclockid(pid, &clock) == 0);
	while (read_clock(clock) < 50000000)
		nanosleep(&nap, NULL);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	CHECK(read_clock(clock) == -1 && errno == EINVAL);
	CHECK(clock_getcpuclockid(pid, &clock) != 0);
}

static void *wait_for_ever(void *arg)
{
	pause();
	return arg;
}

CASE(clock_of_another_thread)
{
	pthread_t thread;
	clockid_t clock;

	CHECK(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
	CHECK(pthread_getcpuclockid(thread, &clock) == 0);
	CHECK(read_clock(clock) >= 0 && read_clock(clock) < cpu_ns());
	/* Of a thread of another process: never. */
	CHECK(read_clock((-1 - 1) * 8 + 6) == -1 && errno == EINVAL);
}

/* ---- alarms on CPU time ---------------------------------------------------- */

static volatile sig_atomic_t alarms;

static void count_alarm(int signo)
{
	(void)signo;
	alarms++;
}

static void burn_until_alarms(int which, int signo, int wanted)
{
	struct itimerval it = { { 0, 30000 }, { 0, 50000 } }, left;
	long long begin = cpu_ns();

	signal(signo, count_alarm);
	CHECK(setitimer(which, &it, NULL) == 0);
	CHECK(getitimer(which, &left) == 0);
	CHECK(us(left.it_interval) == 30000);
	CHECK(us(left.it_value) > 0 && us(left.it_value) <= 60000);
	while (alarms < wanted)
		;
	/* Linux counts these in ticks, which may be half as long. */
	CHECK(cpu_ns() - begin >= 25000000ll + (wanted - 1) * 15000000ll);
	it = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	CHECK(setitimer(which, &it, &left) == 0);
	CHECK(us(left.it_value) > 0 && us(left.it_value) <= 40000);
	CHECK(getitimer(which, &left) == 0);
	CHECK(us(left.it_value) == 0 && us(left.it_interval) == 0);
	wanted = alarms;
	begin = cpu_ns();
	while (cpu_ns() < begin + 100000000)
		;
	CHECK(alarms == wanted);
}

CASE(alarm_on_user_time)
{
	burn_until_alarms(ITIMER_VIRTUAL, SIGVTALRM, 3);
}

CASE(alarm_on_cpu_time) { burn_until_alarms(ITIMER_PROF, SIGPROF, 3); }

CASE(alarm_on_cpu_time_in_the_kernel)
{
	struct itimerval it = { { 0, 0 }, { 0, 50000 } };

	signal(SIGPROF, count_alarm);
	signal(SIGVTALRM, count_alarm);
	CHECK(setitimer(ITIMER_PROF, &it, NULL) == 0);
	burn_kernel();
	CHECK(alarms == 1);             /* once */
	CHECK(getitimer(ITIMER_PROF, &it) == 0 && us(it.it_value) == 0);
}

CASE(sleeping_costs_no_cpu_time)
{
	struct itimerval it = { { 0, 0 }, { 0, 50000 } };
	struct timespec nap = { 0, 150000000 };

	signal(SIGPROF, count_alarm);
	CHECK(setitimer(ITIMER_PROF, &it, NULL) == 0);
	CHECK(nanosleep(&nap, NULL) == 0 && alarms == 0);
}

CASE(alarms_are_not_inherited)
{
	struct itimerval it = { { 0, 0 }, { 5, 0 } };
	int status;
	pid_t pid;

	CHECK(setitimer(ITIMER_PROF, &it, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(getitimer(ITIMER_PROF, &it) == 0);
		_exit(us(it.it_value) != 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(getitimer(ITIMER_PROF, &it) == 0 && us(it.it_value) > 0);
}

CASE(alarms_with_nonsense)
{
	struct itimerval it = { { 0, 0 }, { 0, 1000000 } };

	CHECK(setitimer(3, &it, NULL) == -1 && errno == EINVAL);
	CHECK(getitimer(3, &it) == -1 && errno == EINVAL);
	CHECK(setitimer(ITIMER_PROF, &it, NULL) == -1 && errno == EINVAL);
	CHECK(setitimer(ITIMER_VIRTUAL, (void *)8, NULL) == -1 &&
	      errno == EFAULT);
}

/* ---- RLIMIT_CPU ------------------------------------------------------------ */

static void spin(void *arg)
{
	struct rlimit lim = { (rlim_t)(long)arg, 2 };

	setrlimit(RLIMIT_CPU, &lim);
	while (1)
		;
}

CASE(soft_limit_of_cpu_time_ends_it)
{
	int status = in_child(spin, (void *)1);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
}

CASE(hard_limit_of_cpu_time_ends_it_all_the_same)
{
	struct rusage ru;
	int status;

	signal(SIGXCPU, SIG_IGN);
	status = in_child(spin, (void *)1);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(getrusage(RUSAGE_CHILDREN, &ru) == 0);
	CHECK(us(ru.ru_utime) + us(ru.ru_stime) >= 1000000);
}

CASE(soft_limit_can_be_caught_and_moves)
{
	struct rlimit lim = { 1, 10 };

	signal(SIGXCPU, count_alarm);
	CHECK(setrlimit(RLIMIT_CPU, &lim) == 0);
	while (!alarms)
		;
	CHECK(cpu_ns() >= 900000000);
	CHECK(getrlimit(RLIMIT_CPU, &lim) == 0);
	CHECK(lim.rlim_cur == 2 && lim.rlim_max == 10);
}

/* ---- sleeping on clocks of CPU time ---------------------------------------- */

static volatile int stop_burning;

static void *burner(void *arg)
{
	while (!stop_burning)
		;
	return arg;
}

static void count_usr1(int sig)
{
	(void)sig;
}

PROVES(clock_nanosleep, "CLOCK_PROCESS_CPUTIME_ID",
       "as long as others burn it; EINVAL, EOPNOTSUPP, EINTR, EFAULT")
CASE(sleep_on_cpu_time)
{
	struct timespec ts = { 0, 50000000 }, rest = { 9, 9 };
	long long begin;
	clockid_t clock;
	pthread_t t;

	CHECK(pthread_create(&t, NULL, burner, NULL) == 0);
	begin = cpu_ns();
	CHECK(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &ts, NULL) == 0);
	CHECK(cpu_ns() - begin >= 50000000);
	begin = cpu_ns() + 30000000;
	ts = (struct timespec){ begin / 1000000000, begin % 1000000000 };
	CHECK(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &ts,
			      NULL) == 0);
	CHECK(cpu_ns() >= begin);
	CHECK(pthread_getcpuclockid(t, &clock) == 0);
	ts = (struct timespec){ 0, 1000000 };
	CHECK(clock_nanosleep(clock, 0, &ts, NULL) == 0);
	stop_burning = 1;
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(pthread_getcpuclockid(pthread_self(), &clock) == 0);
	CHECK(clock_nanosleep(clock, 0, &ts, NULL) == EINVAL);
	CHECK(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL) != 0);
	CHECK(clock_nanosleep(~32100 * 8 | 2, 0, &ts, NULL) == EINVAL);
	CHECK(clock_nanosleep(CLOCK_MONOTONIC_COARSE, 0, &ts, NULL) ==
	      EOPNOTSUPP);
	ts.tv_nsec = -1;
	CHECK(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &ts, NULL) ==
	      EINVAL);
	signal(SIGALRM, count_usr1);    /* nobody burns: only a signal helps */
	ts = (struct timespec){ 1000, 0 };
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 10000 } },
		  NULL);
	CHECK(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &ts, &rest) ==
	      EINTR);
	CHECK(rest.tv_sec >= 998 && rest.tv_sec <= 1000);
}

int main(void)
{
	return run_cases();
}
