/* SPDX-License-Identifier: MIT */
/* User and system time: told apart, never going back, handed to the parent. */
#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>
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

int main(void)
{
	return run_cases();
}
