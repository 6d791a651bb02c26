/* SPDX-License-Identifier: MIT */
/* Preemption, isolation of registers and floating point, CPUs, pipes, sleep. */
#include "check.h"

#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

static volatile int *flag;

static void spin_until_set(void *arg)
{
	(void)arg;
	while (!*flag)
		;
}

CASE(a_busy_loop_is_preempted)
{
	int status;
	pid_t pid;

	flag = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(flag != MAP_FAILED);
	pid = fork();
	if (pid == 0) {
		spin_until_set(NULL);
		_exit(0);
	}
	*flag = 1;                       /* the child may spin before or after */
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static double mix(double seed, int rounds)
{
	double a = seed, b = 1.0 / seed;

	for (int i = 0; i < rounds; i++) {
		a = a * 1.000001 + b;
		b = b * 0.999999 + 1e-9 * a;
	}
	return a + b;
}

CASE(floating_point_survives_switches)
{
	enum { N = 4 };
	double want[N];
	int status;

	for (int i = 0; i < N; i++)
		want[i] = mix(i + 1.5, 200000);
	for (int i = 0; i < N; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (int round = 0; round < 10; round++)
				CHECK(mix(i + 1.5, 200000) == want[i]);
			_exit(0);
		}
	}
	for (int i = 0; i < N; i++)
		CHECK(wait(&status) > 0 && status == 0);
}

PROVES(read, "", "pipe: bytes in order, 0 at the end")
PROVES(write, "", "pipe: waits for room")
CASE(pipe_carries_bytes_in_order)
{
	int fds[2], status;
	unsigned char buf[777];
	size_t total = 0;
	pid_t pid;

	CHECK(pipe(fds) == 0);
	pid = fork();
	if (pid == 0) {
		unsigned char out[1000];
		size_t sent = 0;

		close(fds[0]);
		while (sent < 300000) {
			for (size_t i = 0; i < sizeof(out); i++)
				out[i] = (unsigned char)((sent + i) % 251);
			CHECK(write(fds[1], out, sizeof(out)) == sizeof(out));
			sent += sizeof(out);
		}
		_exit(0);
	}
	close(fds[1]);
	for (ssize_t n; (n = read(fds[0], buf, sizeof(buf))) > 0;
	     total += (size_t)n)
		for (ssize_t i = 0; i < n; i++)
			CHECK(buf[i] == (total + (size_t)i) % 251);
	CHECK(total == 300000);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

PROVES(write, "", "EPIPE")
CASE(broken_pipe)
{
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	CHECK(pipe(fds) == 0);
	close(fds[0]);
	CHECK(write(fds[1], "x", 1) == -1 && errno == EPIPE);
}

PROVES(nanosleep, "", "at least its time")
PROVES(clock_gettime, "CLOCK_MONOTONIC", "goes on")
CASE(sleep_takes_at_least_its_time)
{
	struct timespec a, b, d = { 0, 30000000 };
	long ns;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0);
	CHECK(nanosleep(&d, NULL) == 0);
	CHECK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
	ns = (b.tv_sec - a.tv_sec) * 1000000000l + b.tv_nsec - a.tv_nsec;
	CHECK(ns >= 30000000);
}

PROVES(kill, "", "SIGTERM ends another; ESRCH")
CASE(killed_by_another)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	CHECK(kill(pid, SIGTERM) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	CHECK(kill(pid, 0) == -1 && errno == ESRCH);
}

/* ---- CPUs ---------------------------------------------------------------- */

static int where_am_i(void)
{
	unsigned int cpu = ~0u, node = ~0u;

	CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0);
	CHECK(node == 0);
	return (int)cpu;
}

static void go_to(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
}

PROVES(getcpu, "", "the CPU that was chosen")
PROVES(sched_yield, "", "stays on its CPU")
CASE(getcpu_agrees_with_affinity)
{
	cpu_set_t all;

	CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
	CHECK(CPU_ISSET(where_am_i(), &all));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		go_to(cpu);
		for (int i = 0; i < 50; i++) {
			CHECK(where_am_i() == cpu);
			sched_yield();
		}
	}
}

CASE(children_inherit_affinity)
{
	cpu_set_t all, now;
	int cpu, status;
	pid_t pid;

	CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
	for (cpu = CPU_SETSIZE - 1; !CPU_ISSET(cpu, &all); cpu--)
		;
	go_to(cpu);
	pid = fork();
	if (pid == 0) {
		CHECK(sched_getaffinity(0, sizeof(now), &now) == 0);
		CHECK(CPU_COUNT(&now) == 1 && CPU_ISSET(cpu, &now));
		CHECK(where_am_i() == cpu);
		_exit(0);
	}
	CHECK(sched_setaffinity(0, sizeof(all), &all) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* A process that never enters the kernel by itself is moved all the same. */
PROVES(sched_setaffinity, "", "of a running process; ESRCH")
PROVES(sched_getaffinity, "", "what was set")
CASE(affinity_of_another)
{
	cpu_set_t all, one, now;
	int status;
	pid_t pid;

	CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
	flag = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(flag != MAP_FAILED);
	pid = fork();
	if (pid == 0) {
		spin_until_set(NULL);
		CHECK(where_am_i() == flag[1]);
		_exit(0);
	}
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		CHECK(sched_setaffinity(pid, sizeof(one), &one) == 0);
		CHECK(sched_getaffinity(pid, sizeof(now), &now) == 0);
		CHECK(CPU_EQUAL(&one, &now));
		flag[1] = cpu;
	}
	*flag = 1;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(sched_setaffinity(pid, sizeof(all), &all) == -1 &&
	      errno == ESRCH);
}

PROVES(sched_setaffinity, "", "EINVAL, EFAULT")
PROVES(sched_getaffinity, "", "EINVAL for too little room")
CASE(affinity_wants_a_cpu_that_runs)
{
	cpu_set_t none, all, absent;

	CPU_ZERO(&none);
	CHECK(sched_setaffinity(0, sizeof(none), &none) == -1 &&
	      errno == EINVAL);
	CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
	CPU_ZERO(&absent);
	CPU_SET(CPU_SETSIZE - 1, &absent);
	CHECK(sched_setaffinity(0, sizeof(absent), &absent) == -1 &&
	      errno == EINVAL);
	CHECK(syscall(SYS_sched_getaffinity, 0, 4, &all) == -1 &&
	      errno == EINVAL);
	CHECK(sched_setaffinity(0, sizeof(all), (cpu_set_t *)8) == -1 &&
	      errno == EFAULT);
}

int main(void)
{
	return run_cases();
}
