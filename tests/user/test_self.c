/* SPDX-License-Identifier: MIT */
/* What a process asks about itself, its clocks and signals, and how it ends. */
#include "check.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>

#define NOBODY 32100                    /* no process has this number */

/* The result of a call, or -errno. */
#define CALL(name, ...) result_of(syscall(SYS_##name, __VA_ARGS__))

static long result_of(long ret)
{
	return ret == -1 ? -errno : ret;
}

static void expect_parent(void *pid)
{
	CHECK(CALL(getppid, 0) == *(long *)pid);
	CHECK(CALL(getpid, 0) != *(long *)pid);
	CHECK(CALL(gettid, 0) == CALL(getpid, 0));
}

PROVES(getpid, "", "the process's number")
PROVES(getppid, "", "the parent's")
PROVES(gettid, "", "the same in the first thread")
PROVES(setpgid, "", "a group of one's own; EINVAL, ESRCH")
PROVES(getpgid, "", "of oneself and others; ESRCH")
PROVES(getsid, "", "ESRCH")
PROVES(setsid, "", "EPERM for the leader of a group")
CASE(numbers_of_a_process)
{
	long me = CALL(getpid, 0);

	CHECK(in_child(expect_parent, &me) == 0);
	CHECK(CALL(getpgid, me) != me);
	CHECK(CALL(setpgid, 0, 0) == 0 && CALL(getpgid, 0) == me);
	CHECK(CALL(setsid, 0) == -EPERM);
	CHECK(CALL(setpgid, 0, -1) == -EINVAL);
	CHECK(CALL(setpgid, NOBODY, 0) == -ESRCH);
	CHECK(CALL(getpgid, NOBODY) == -ESRCH);
	CHECK(CALL(getsid, me) == CALL(getsid, 0));
	CHECK(CALL(getsid, NOBODY) == -ESRCH);
#ifdef SYS_getpgrp
	CHECK(CALL(getpgrp, 0) == me);
#endif
}

static void lead_session(void *arg)
{
	(void)arg;
	CHECK(CALL(setsid, 0) == CALL(getpid, 0));
	CHECK(CALL(getsid, 0) == CALL(getpid, 0));
	CHECK(CALL(getpgid, 0) == CALL(getpid, 0));
}

PROVES(setsid, "", "session and group of one's own")
CASE(a_session)
{
	CHECK(in_child(lead_session, NULL) == 0);
}

#ifdef SYS_getpgrp
PROVES(getpgrp, "", "the group")
CASE(old_form_of_getpgid)
{
	CHECK(CALL(getpgrp, 0) == CALL(getpgid, 0));
}
#endif

PROVES(getuid, "", "the real user")
PROVES(geteuid, "", "the effective user")
PROVES(getgid, "", "the real group")
PROVES(getegid, "", "the effective group")
PROVES(setgid, "", "all three; EPERM")
PROVES(setuid, "", "all three; EPERM")
PROVES(setresgid, "", "each by itself")
PROVES(getresgid, "", "all three")
CASE(users_and_groups)
{
	gid_t r, e, s;

	CHECK(CALL(setresgid, 1, 2, 3) == 0);
	CHECK(CALL(getresgid, &r, &e, &s) == 0 && r == 1 && e == 2 && s == 3);
	CHECK(CALL(getgid, 0) == 1 && CALL(getegid, 0) == 2);
	CHECK(CALL(setgid, 7) == 0 && CALL(getgid, 0) == 7);
	CHECK(CALL(getegid, 0) == 7);
	CHECK(CALL(setresuid, 5, 6, -1) == 0);
	CHECK(CALL(getuid, 0) == 5 && CALL(geteuid, 0) == 6);
	CHECK(CALL(setgid, 8) == -EPERM && CALL(setuid, 9) == -EPERM);
	CHECK(CALL(setuid, 5) == 0 && CALL(geteuid, 0) == 5);
	CHECK(CALL(setuid, 0) == 0);    /* the saved one */
	CHECK(CALL(setuid, 4) == 0 && CALL(getuid, 0) == 4);
}

PROVES(uname, "", "Linux, and the machine")
PROVES(sysinfo, "", "memory in its unit")
PROVES(getrandom, "GRND_NONBLOCK", "no two are the same; EINVAL")
CASE(the_machine)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	struct sysinfo info;
	struct utsname u;

	CHECK(CALL(uname, &u) == 0 && !strcmp(u.sysname, "Linux"));
#if defined(__x86_64__)
	CHECK(!strcmp(u.machine, "x86_64"));
#elif defined(__aarch64__)
	CHECK(!strcmp(u.machine, "aarch64"));
#endif
	CHECK(CALL(sysinfo, &info) == 0 && info.mem_unit > 0);
	CHECK(info.totalram > info.freeram && info.freeram > 0);
	CHECK(info.procs > 1);
	CHECK(CALL(getrandom, a, sizeof(a), 1) == sizeof(a));
	CHECK(CALL(getrandom, b, sizeof(b), 0) == sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)));
	CHECK(CALL(getrandom, a, 1, 1 << 10) == -EINVAL);
}

PROVES(getrlimit, "", "EINVAL")
PROVES(setrlimit, "", "EINVAL for soft above hard, EPERM")
PROVES(prlimit64, "", "the old and the new in one; of a child; ESRCH, EINVAL")
CASE(limits)
{
	struct rlimit l = { 50, 100 }, old;
	pid_t pid;

	CHECK(CALL(setrlimit, RLIMIT_CORE, &l) == 0);
	CHECK(CALL(getrlimit, RLIMIT_CORE, &old) == 0 && old.rlim_cur == 50);
	l.rlim_cur = 101;
	CHECK(CALL(setrlimit, RLIMIT_CORE, &l) == -EINVAL);
	CHECK(CALL(getrlimit, 99, &l) == -EINVAL);
	l = (struct rlimit){ 10, 20 };
	CHECK(CALL(prlimit64, 0, RLIMIT_CORE, &l, &old) == 0);
	CHECK(old.rlim_cur == 50 && old.rlim_max == 100);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	CHECK(CALL(prlimit64, pid, RLIMIT_CORE, 0l, &old) == 0);
	CHECK(old.rlim_cur == 10 && old.rlim_max == 20);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	CHECK(CALL(prlimit64, NOBODY, RLIMIT_CORE, 0l, &old) == -ESRCH);
	CHECK(CALL(prlimit64, 0, 99, 0l, &old) == -EINVAL);
	CHECK(CALL(setresuid, 1, 1, 1) == 0);
	l.rlim_max = 21;
	CHECK(CALL(setrlimit, RLIMIT_CORE, &l) == -EPERM);
}

/* ---- threads and ends ---------------------------------------------------------- */

static char stack[65536] __attribute__((aligned(16)));
static volatile int tid_word;

static int set_and_end(void *arg)
{
	(void)arg;
	if (CALL(set_tid_address, &tid_word) != CALL(gettid, 0))
		CALL(exit, 1);
	CALL(exit, 0x1234);
	return 0;
}

PROVES(set_tid_address, "", "the word is zero after the end")
PROVES(exit, "", "eight bits of status")
PROVES(clone, "CLONE_VM", "shares memory")
CASE(the_word_of_a_thread)
{
	int status;
	pid_t pid;

	tid_word = 77;
	pid = clone(set_and_end, stack + sizeof(stack), CLONE_VM | SIGCHLD,
		    NULL);
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0x34);
	CHECK(tid_word == 0);
}

static int spin_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

#define THREAD_FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static void end_with_thread(void *arg)
{
	CHECK(clone(spin_for_ever, stack + sizeof(stack), THREAD_FLAGS, arg) >
	      0);
	CALL(exit_group, 9);
}

PROVES(exit_group, "", "ends all threads")
PROVES(clone, "CLONE_THREAD, CLONE_SIGHAND, CLONE_FS", "a thread")
CASE(all_threads_end)
{
	int status = in_child(end_with_thread, NULL);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

PROVES(get_robust_list, "", "what was set; ESRCH")
PROVES(set_robust_list, "", "kept")
CASE(the_list_of_robust_mutexes)
{
	static char head[24];
	void *got = NULL;
	size_t len = 0;

	CHECK(CALL(set_robust_list, head, 24l) == 0);
	CHECK(CALL(get_robust_list, 0, &got, &len) == 0);
	CHECK(got == head && len == 24);
	CHECK(CALL(get_robust_list, NOBODY, &got, &len) == -ESRCH);
}

/* ---- time ------------------------------------------------------------------------ */

PROVES(gettimeofday, "", "agrees with clock_gettime")
PROVES(clock_gettime, "CLOCK_REALTIME", "EINVAL for an unknown clock")
PROVES(clock_getres, "", "EINVAL")
CASE(clocks)
{
	struct timespec a, b;
	struct timeval tv;

	CHECK(CALL(clock_gettime, CLOCK_REALTIME, &a) == 0);
	CHECK(CALL(gettimeofday, &tv, 0l) == 0);
	CHECK(CALL(clock_gettime, CLOCK_REALTIME, &b) == 0);
	CHECK(a.tv_sec <= tv.tv_sec && tv.tv_sec <= b.tv_sec);
	CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	CHECK(CALL(clock_getres, CLOCK_MONOTONIC, &a) == 0);
	CHECK(a.tv_sec == 0 && a.tv_nsec > 0);
	CHECK(CALL(clock_getres, 99, &a) == -EINVAL);
	CHECK(CALL(clock_gettime, 99, &a) == -EINVAL);
#ifdef SYS_time
	long t = CALL(time, 0l);

	CHECK(t >= b.tv_sec - 1 && t >= tv.tv_sec - 1);
#endif
}

#ifdef SYS_time
PROVES(time, "", "goes on, and is stored as well")
CASE(old_form_of_gettimeofday)
{
	long stored = 0, t = CALL(time, 0l), again = CALL(time, &stored);

	CHECK(t > 0 && again >= t && stored == again);
}
#endif

PROVES(clock_nanosleep, "TIMER_ABSTIME", "the past is at once; EINVAL")
CASE(sleeping_until)
{
	struct timespec t = { 0, 1 };

	CHECK(CALL(clock_nanosleep, CLOCK_MONOTONIC, 1, &t, 0l) == 0);
	t.tv_nsec = 1000000000;
	CHECK(CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, &t, 0l) == -EINVAL);
	t.tv_nsec = 1;
	CHECK(CALL(clock_nanosleep, 99, 0, &t, 0l) == -EINVAL);
}

static volatile int nr_signals;

static void on_signal(int signo)
{
	(void)signo;
	nr_signals++;
}

static void handle(int signo)
{
	struct sigaction sa = { .sa_handler = on_signal };

	CHECK(sigaction(signo, &sa, NULL) == 0);
}

PROVES(setitimer, "ITIMER_REAL", "the old one; EINVAL")
PROVES(getitimer, "ITIMER_REAL", "what is left; EINVAL")
CASE(timers)
{
	struct itimerval t = { { 0, 0 }, { 1000, 0 } }, old;

	CHECK(CALL(setitimer, ITIMER_REAL, &t, 0l) == 0);
	CHECK(CALL(getitimer, ITIMER_REAL, &old) == 0);
	CHECK(old.it_value.tv_sec > 0 && old.it_value.tv_sec <= 1000);
	t.it_value.tv_sec = 0;
	CHECK(CALL(setitimer, ITIMER_REAL, &t, &old) == 0);
	CHECK(old.it_value.tv_sec > 0);
	CHECK(CALL(getitimer, ITIMER_REAL, &old) == 0);
	CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
	CHECK(CALL(getitimer, 99, &old) == -EINVAL);
	t.it_value.tv_usec = 1000000;
	CHECK(CALL(setitimer, ITIMER_REAL, &t, 0l) == -EINVAL);
}

#ifdef SYS_alarm
PROVES(alarm, "", "seconds left of the one before")
PROVES(pause, "", "EINTR after a handler")
CASE(alarm_and_pause)
{
	handle(SIGALRM);
	CHECK(CALL(alarm, 1000) == 0);
	CHECK(CALL(alarm, 1) > 900);
	CHECK(CALL(pause, 0) == -EINTR && nr_signals == 1);
	CHECK(CALL(alarm, 0) == 0);
}
#endif

/* A stop and its end go unseen by who sleeps: the rest of the time is slept. */
PROVES(restart_syscall, "", "a stopped sleep goes on; EINTR by itself")
CASE(a_sleep_goes_on)
{
	const struct timespec nap = { 0, 200000000 };
	int status;
	pid_t pid;

	CHECK(CALL(restart_syscall, 0) == -EINTR);
	pid = fork();
	if (pid == 0)
		_exit(CALL(nanosleep, &nap, 0l) == 0 ? 0 : 1);
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* ---- signals --------------------------------------------------------------------- */

PROVES(rt_sigpending, "", "what is blocked and has come; EINVAL")
PROVES(rt_sigsuspend, "", "lets it through, EINTR, and the mask is back")
PROVES(tkill, "", "one thread; ESRCH, EINVAL")
PROVES(tgkill, "", "ESRCH, EINVAL")
CASE(a_blocked_signal)
{
	uint64_t usr1 = 1ull << (SIGUSR1 - 1), none = 0, set = 0;
	long me = CALL(gettid, 0);

	handle(SIGUSR1);
	CHECK(CALL(rt_sigprocmask, SIG_SETMASK, &usr1, 0l, 8) == 0);
	CHECK(CALL(rt_sigpending, &set, 8) == 0 && set == 0);
	CHECK(CALL(tkill, me, SIGUSR1) == 0);
	CHECK(CALL(rt_sigpending, &set, 8) == 0 && set == usr1);
	CHECK(CALL(rt_sigpending, &set, 80) == -EINVAL);
	CHECK(CALL(rt_sigsuspend, &none, 8) == -EINTR && nr_signals == 1);
	CHECK(CALL(rt_sigprocmask, SIG_BLOCK, 0l, &set, 8) == 0);
	CHECK(set == usr1);
	CHECK(CALL(tkill, NOBODY, 0) == -ESRCH && CALL(tkill, 0, 0) == -EINVAL);
	CHECK(CALL(tgkill, me, NOBODY, 0) == -ESRCH);
	CHECK(CALL(tgkill, me, me, 65) == -EINVAL);
}

/* ---- what only one machine has, and what ends it ------------------------------------ */

#if defined(__x86_64__)
PROVES(arch_prctl, "ARCH_SET_FS, ARCH_GET_FS", "the base; EPERM, EINVAL")
CASE(the_base_of_a_segment)
{
	unsigned long fs = 0, word;

	CHECK(CALL(arch_prctl, 0x1003, &fs) == 0);
	__asm__("movq %%fs:0, %0" : "=r"(word));
	CHECK(fs == word);              /* the C library's thread pointer */
	CHECK(CALL(arch_prctl, 0x1002, fs) == 0);
	CHECK(CALL(arch_prctl, 0x1002, 0xffff800000000000ul) == -EPERM);
	CHECK(CALL(arch_prctl, 0x7777, 0l) == -EINVAL);
}
#endif

PROVES(reboot, "", "EPERM without rights, EINVAL without the magic numbers")
CASE(the_machine_goes_on)
{
	CHECK(CALL(reboot, 1, 2, 3, 0l) == -EINVAL);
	CHECK(CALL(setresuid, 1, 1, 1) == 0);
	CHECK(CALL(reboot, 0xfee1dead, 672274793, 0x4321fedc, 0l) == -EPERM);
}

int main(void)
{
	return run_cases();
}
