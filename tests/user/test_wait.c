/* SPDX-License-Identifier: MIT */
/* What a parent learns of its children, and what signals carry. */
#include "check.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static void limit(int which, rlim_t value)
{
	struct rlimit l;

	CHECK(getrlimit(which, &l) == 0);
	l.rlim_cur = value;
	CHECK(setrlimit(which, &l) == 0);
}

static void abort_quietly(void *arg)
{
	(void)arg;
	abort();
}

PROVES(wait4, "", "core bit in the status")
PROVES(setrlimit, "RLIMIT_CORE", "decides on the core bit")
CASE(core_bit_follows_the_limit)
{
	int status;

	CHECK(chdir("/tmp") == 0);
	limit(RLIMIT_CORE, 0);
	status = in_child(abort_quietly, NULL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	CHECK(!WCOREDUMP(status));
	limit(RLIMIT_CORE, 1 << 24);
	status = in_child(abort_quietly, NULL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	CHECK(WCOREDUMP(status));
	unlink("core");
}

static void kill_self(void *arg)
{
	kill(getpid(), *(int *)arg);
	_exit(0);
}

CASE(some_deaths_leave_no_core)
{
	int signo = SIGTERM, status;

	limit(RLIMIT_CORE, 1 << 24);
	status = in_child(kill_self, &signo);
	CHECK(WTERMSIG(status) == SIGTERM && !WCOREDUMP(status));
}

PROVES(waitid, "WEXITED, WNOWAIT", "CLD_DUMPED; ECHILD, EINVAL")
CASE(waitid_tells_the_story)
{
	siginfo_t info;
	pid_t pid;

	CHECK(chdir("/tmp") == 0);
	limit(RLIMIT_CORE, 1 << 24);
	pid = fork();
	if (pid == 0)
		abort();
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	CHECK(info.si_signo == SIGCHLD && info.si_code == CLD_DUMPED);
	CHECK(info.si_pid == pid && info.si_status == SIGABRT);
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED) == 0);
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED) == -1 &&
	      errno == ECHILD);
	unlink("core");
	CHECK(waitid(P_ALL, 0, &info, 0) == -1 && errno == EINVAL);
	CHECK(waitid(77, 0, &info, WEXITED) == -1 && errno == EINVAL);
	CHECK(waitid(P_PID, 0, &info, WEXITED) == -1 && errno == EINVAL);
}

PROVES(waitid, "WCONTINUED", "CLD_CONTINUED, once")
PROVES(wait4, "WUNTRACED, WNOHANG", "a stop, once")
CASE(stop_and_continue_are_seen_once)
{
	siginfo_t info;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		while (1)
			pause();
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CHECK(waitpid(pid, &status, WUNTRACED | WNOHANG) == 0);
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(waitid(P_PID, (id_t)pid, &info, WCONTINUED) == 0);
	CHECK(info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
	CHECK(waitpid(pid, &status, WCONTINUED | WNOHANG) == 0);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void nothing(void *arg)
{
	(void)arg;
}

CASE(ignored_children_leave_no_zombie)
{
	signal(SIGCHLD, SIG_IGN);
	CHECK(in_child(nothing, NULL) == -1 && errno == ECHILD);
}

/* ---- signals with a value ---------------------------------------------------- */

static void block(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
}

static int wait_for(int signo, siginfo_t *info)
{
	const struct timespec now = { 0, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	return sigtimedwait(&set, info, &now);
}

PROVES(rt_sigqueueinfo, "", "realtime signals queue with their values")
PROVES(rt_sigtimedwait, "", "takes one signal; EAGAIN")
CASE(realtime_signals_queue_with_their_values)
{
	int signo = SIGRTMIN + 1;
	siginfo_t info;

	block(signo);
	for (int i = 0; i < 5; i++)
		CHECK(sigqueue(getpid(), signo,
			       (union sigval){ .sival_int = 10 + i }) == 0);
	for (int i = 0; i < 5; i++) {
		CHECK(wait_for(signo, &info) == signo);
		CHECK(info.si_code == SI_QUEUE && info.si_pid == getpid());
		CHECK(info.si_value.sival_int == 10 + i);
	}
	CHECK(wait_for(signo, &info) == -1 && errno == EAGAIN);
}

CASE(others_wait_once)
{
	siginfo_t info;

	block(SIGUSR1);
	for (int i = 0; i < 3; i++)
		CHECK(sigqueue(getpid(), SIGUSR1,
			       (union sigval){ .sival_int = i }) == 0);
	CHECK(wait_for(SIGUSR1, &info) == SIGUSR1);
	CHECK(info.si_value.sival_int == 0);
	CHECK(wait_for(SIGUSR1, &info) == -1 && errno == EAGAIN);
}

PROVES(setitimer, "ITIMER_REAL", "SIGALRM with SI_KERNEL")
PROVES(kill, "", "SI_USER and the sender")
CASE(the_clock_speaks_for_the_kernel)
{
	const struct itimerval soon = { { 0, 0 }, { 0, 1000 } };
	siginfo_t info;
	sigset_t set;

	block(SIGALRM);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	CHECK(sigwaitinfo(&set, &info) == SIGALRM);
	CHECK(info.si_code == SI_KERNEL && info.si_pid == 0);
	CHECK(kill(getpid(), SIGALRM) == 0);
	CHECK(sigwaitinfo(&set, &info) == SIGALRM);
	CHECK(info.si_code == SI_USER && info.si_pid == getpid());
}

PROVES(rt_sigqueueinfo, "", "EPERM, ESRCH, EINVAL, EFAULT")
CASE(stories_of_others_cannot_be_told)
{
	siginfo_t info = { .si_code = SI_USER };

	CHECK(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info) == -1 &&
	      errno == EPERM);
	info.si_code = SI_TKILL;
	CHECK(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info) == -1 &&
	      errno == EPERM);
	CHECK(syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info) == 0);
	info.si_code = SI_QUEUE;
	CHECK(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info) == 0);
	CHECK(syscall(SYS_rt_sigqueueinfo, 32100, 0, &info) == -1 &&
	      errno == ESRCH);
	CHECK(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info) == -1 &&
	      errno == EINVAL);
	CHECK(syscall(SYS_rt_sigqueueinfo, getpid(), 0, 8) == -1 &&
	      errno == EFAULT);
}

PROVES(rt_tgsigqueueinfo, "", "one thread; ESRCH, EINVAL")
CASE(a_signal_for_one_thread)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	int me = getpid();

	block(SIGUSR2);
	info.si_value.sival_int = 99;
	CHECK(syscall(SYS_rt_tgsigqueueinfo, me, me, SIGUSR2, &info) == 0);
	CHECK(wait_for(SIGUSR2, &info) == SIGUSR2);
	CHECK(info.si_value.sival_int == 99);
	CHECK(syscall(SYS_rt_tgsigqueueinfo, me, 32100, 0, &info) == -1 &&
	      errno == ESRCH);
	CHECK(syscall(SYS_rt_tgsigqueueinfo, me, 0, 0, &info) == -1 &&
	      errno == EINVAL);
}

PROVES(setrlimit, "RLIMIT_SIGPENDING", "EAGAIN")
CASE(the_queue_is_bounded)
{
	int signo = SIGRTMIN + 2, nr = 0;

	block(signo);
	limit(RLIMIT_SIGPENDING, 20);
	while (nr < 100 &&
	       !sigqueue(getpid(), signo, (union sigval){ .sival_int = nr }))
		nr++;
	CHECK(errno == EAGAIN && nr > 0 && nr <= 20);
}

/* ---- clone ------------------------------------------------------------------- */

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

struct clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
		stack_size, tls;
};

static long clone3(uint64_t flags, uint64_t exit_signal)
{
	struct clone_args args = { .flags = flags,
				   .exit_signal = exit_signal };

	return syscall(SYS_clone3, &args, sizeof(args));
}

PROVES(clone3, "CLONE_PARENT", "a sibling")
CASE(a_sibling_has_our_parent)
{
	int status, pipe_to_us[2];
	pid_t child, sibling;

	CHECK(pipe(pipe_to_us) == 0);
	child = fork();
	if (child == 0) {
		pid_t parent = getppid();
		long pid = clone3(CLONE_PARENT, 0);

		if (pid == 0)
			_exit(getppid() == parent ? 7 : 8);
		CHECK(write(pipe_to_us[1], &pid, sizeof(int)) == sizeof(int));
		CHECK(wait(NULL) == -1 && errno == ECHILD);
		_exit(0);
	}
	CHECK(read(pipe_to_us[0], &sibling, sizeof(int)) == sizeof(int));
	CHECK(waitpid(sibling, &status, 0) == sibling);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

CASE(orphans_end_with_sigchld)
{
	int status, hold[2];
	char c;
	pid_t pid;

	signal(SIGUSR1, SIG_DFL);       /* deadly, if it came */
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && pipe(hold) == 0);
	pid = fork();
	if (pid == 0) {
		if (clone3(0, SIGUSR1) == 0) {
			CHECK(close(hold[1]) == 0);
			CHECK(read(hold[0], &c, 1) == 0);
			_exit(5);
		}
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(close(hold[1]) == 0);     /* now the orphan may end */
	CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 5);
}

static void handler(int signo)
{
	(void)signo;
}

PROVES(clone3, "CLONE_CLEAR_SIGHAND", "handlers cleared, ignored stays")
CASE(handlers_are_cleared_and_ignored_stays)
{
	struct sigaction sa;
	int status;
	long pid;

	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	pid = clone3(CLONE_CLEAR_SIGHAND, SIGCHLD);
	if (pid == 0) {
		CHECK(sigaction(SIGUSR1, NULL, &sa) == 0);
		CHECK(sa.sa_handler == SIG_DFL);
		CHECK(sigaction(SIGUSR2, NULL, &sa) == 0);
		CHECK(sa.sa_handler == SIG_IGN);
		_exit(0);
	}
	CHECK(waitpid((pid_t)pid, &status, 0) == pid && status == 0);
}

PROVES(clone3, "", "EINVAL, E2BIG, EFAULT")
CASE(clone3_refuses)
{
	struct clone_args args = { 0 };

	CHECK(syscall(SYS_clone3, &args, 8) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_clone3, &args, 5000) == -1 && errno == E2BIG);
	CHECK(syscall(SYS_clone3, 8, sizeof(args)) == -1 && errno == EFAULT);
	CHECK(clone3(CLONE_PARENT, SIGCHLD) == -1 && errno == EINVAL);
	CHECK(clone3(CLONE_DETACHED, SIGCHLD) == -1 && errno == EINVAL);
	CHECK(clone3(CLONE_THREAD, 0) == -1 && errno == EINVAL);
	CHECK(clone3(0, 65) == -1 && errno == EINVAL);
	args.stack = 4096;
	CHECK(syscall(SYS_clone3, &args, sizeof(args)) == -1 &&
	      errno == EINVAL);
}

/* struct clone_args as the headers of today have it. */
struct new_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
		stack_size, tls, set_tid, set_tid_size, cgroup;
};

static long clone_as(const int *tids, size_t nr_tids)
{
	struct new_args args = { .exit_signal = SIGCHLD,
				 .set_tid = (uintptr_t)tids,
				 .set_tid_size = nr_tids,
				 .cgroup = 12345 };

	return syscall(SYS_clone3, &args, sizeof(args));
}

static void no_capabilities(void)
{
	uint32_t head[2] = { 0x20080522, 0 }, data[6] = { 0 };

	CHECK(syscall(SYS_capset, head, data) == 0);
}

PROVES(clone3, "set_tid",
       "the child has that number; EEXIST, EINVAL, EPERM, EFAULT")
CASE(a_child_with_a_number_of_our_choice)
{
	int wish = 31313, status, taken[] = { getpid(), 5 },
	    bad[] = { 0, -1, 1 << 30 };
	pid_t pid, other;

	pid = (pid_t)clone_as(&wish, 1);
	if (pid == 0)
		_exit(getpid() == wish ? 3 : 4);
	CHECK(pid == wish);
	CHECK(clone_as(&wish, 1) == -1 && errno == EEXIST);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	pid = (pid_t)clone_as(&wish, 1);        /* free again; leads a group */
	if (pid == 0) {
		setpgid(0, 0);
		other = fork();
		if (other == 0)
			pause();
		_exit(other < 0);
	}
	CHECK(pid == wish && waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(clone_as(&wish, 1) == -1 && errno == EEXIST);
	CHECK(kill(-wish, SIGKILL) == 0);
	CHECK(clone_as(taken, 1) == -1 && errno == EEXIST);
	CHECK(clone_as(taken, 2) == -1 && errno == EINVAL);
	CHECK(clone_as(taken, 0) == -1 && errno == EINVAL);
	CHECK(clone_as(NULL, 1) == -1 && errno == EINVAL);
	CHECK(clone_as((int *)8, 1) == -1 && errno == EFAULT);
	for (int i = 0; i < 3; i++)
		CHECK(clone_as(&bad[i], 1) == -1 && errno == EINVAL);
	no_capabilities();
	CHECK(clone_as(&bad[0], 1) == -1 && errno == EINVAL);
	CHECK(clone_as(taken, 1) == -1 && errno == EPERM);
	CHECK(clone_as(&wish, 1) == -1 && errno == EPERM);
}

int main(void)
{
	return run_cases();
}
