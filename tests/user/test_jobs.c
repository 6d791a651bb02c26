/* SPDX-License-Identifier: MIT */
/*
 * Job control: process groups with and without somebody who can continue them,
 * and the terminal of a session. Each program of /tests leads a session of its
 * own on the console; each case is a child of it.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <termios.h>

static int trace_fd;

/* Handlers write one letter each. */
static void trace_signal(int signo)
{
	const char letter = signo == SIGHUP    ? 'H'
			    : signo == SIGCONT ? 'C'
					       : '?';

	if (write(trace_fd, &letter, 1) < 0)
		_exit(1);
}

/* A job of its own that stops itself, and tells what it hears. */
static void stop_in_own_group(void)
{
	setpgid(0, 0);
	signal(SIGHUP, trace_signal);
	signal(SIGCONT, trace_signal);
	raise(SIGSTOP);
	for (;;)
		pause();
}

/* Its parent sees the job stop, and ends: the group is orphaned. */
static pid_t leave_stopped_job(void)
{
	pid_t parent = fork(), job;
	int status;

	CHECK(parent >= 0);
	if (parent == 0) {
		job = fork();
		if (job == 0)
			stop_in_own_group();
		if (waitpid(job, &status, WUNTRACED) != job ||
		    !WIFSTOPPED(status))
			_exit(1);
		_exit(write(trace_fd, &job, sizeof(job)) != sizeof(job));
	}
	return parent;
}

PROVES(setpgid, "", "an orphaned stopped group gets SIGHUP and SIGCONT")
CASE(orphaned_stopped_group_hangs_up)
{
	int end[2], status;
	char heard[2];
	pid_t parent, job;

	CHECK(pipe(end) == 0);
	trace_fd = end[1];
	alarm(20);
	parent = leave_stopped_job();
	CHECK(waitpid(parent, &status, 0) == parent && status == 0);
	CHECK(read(end[0], &job, sizeof(job)) == sizeof(job));
	CHECK(read(end[0], &heard[0], 1) == 1);
	CHECK(read(end[0], &heard[1], 1) == 1);
	/* SIGCONT continues before either handler runs. */
	CHECK(memchr(heard, 'H', 2) && memchr(heard, 'C', 2));
	CHECK(kill(job, SIGKILL) == 0);
}

/* A child of pid 1 in a session of its own: nobody could continue it. */
PROVES(setsid, "", "signals of the terminal do not stop an orphaned group")
CASE(orphaned_group_does_not_stop)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		setsid();
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
		_exit(7);
	}
	CHECK(waitpid(child, &status, WUNTRACED) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void stop_by_terminal(void *arg)
{
	raise(*(int *)arg);
}

PROVES(wait4, "WUNTRACED, WCONTINUED", "tells of stop and continuation")
CASE(job_stops_and_continues)
{
	int signals[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP };

	for (int i = 0; i < 4; i++) {
		int status;
		pid_t job = fork();

		if (job == 0) {
			setpgid(0, 0);
			stop_by_terminal(&signals[i]);
			_exit(3);
		}
		CHECK(waitpid(job, &status, WUNTRACED) == job);
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == signals[i]);
		CHECK(kill(job, SIGCONT) == 0);
		CHECK(waitpid(job, &status, WCONTINUED) == job);
		if (WIFCONTINUED(status))
			CHECK(waitpid(job, &status, 0) == job);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	}
}

/* ---- the terminal ------------------------------------------------------------------ */

PROVES(ioctl, "TIOCGSID, TIOCGPGRP", "the terminal's session and foreground")
PROVES(getsid, "", "the session")
CASE(terminal_knows_its_session)
{
	pid_t sid = -1, front = -1;

	CHECK(ioctl(0, TIOCGSID, &sid) == 0 && sid == getsid(0));
	CHECK(ioctl(0, TIOCGPGRP, &front) == 0 && front == getpgrp());
	CHECK(tcgetpgrp(0) == front);
}

/* Runs fn in a background group; the wait status when it stops or ends. */
static int in_background(void (*fn)(void))
{
	int status;
	pid_t job = fork();

	if (job == 0) {
		alarm(20);
		setpgid(0, 0);
		fn();
		_exit(0);
	}
	CHECK(waitpid(job, &status, WUNTRACED) == job);
	kill(job, SIGKILL);
	if (WIFSTOPPED(status))
		CHECK(waitpid(job, NULL, 0) == job);
	return status;
}

/* By its own name: Linux lets everybody read /dev/console. */
static void read_terminal(void)
{
	int tty = open("/dev/tty", O_RDWR);
	char c;

	_exit(tty < 0 || read(tty, &c, 1) < 0 ? errno : 0);
}

static void read_terminal_ignoring(void)
{
	signal(SIGTTIN, SIG_IGN);
	read_terminal();
}

static void set_front(void)
{
	_exit(tcsetpgrp(0, getpgrp()) ? errno : 0);
}

static void set_front_ignoring(void)
{
	pid_t old = tcgetpgrp(0);

	signal(SIGTTOU, SIG_IGN);
	if (tcsetpgrp(0, getpgrp()) || tcgetpgrp(0) != getpgrp())
		_exit(errno);
	_exit(tcsetpgrp(0, old) ? errno : 0);
}

CASE(background_is_stopped_at_the_terminal)
{
	int status = in_background(read_terminal);

	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
	status = in_background(set_front);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
}

CASE(background_that_ignores_it)
{
	int status = in_background(read_terminal_ignoring);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EIO);
	status = in_background(set_front_ignoring);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Who has no terminal, or another session's groups in mind, gets no say. */
PROVES(ioctl, "TIOCSPGRP, TIOCNOTTY, TIOCSCTTY", "EPERM, EINVAL, ENOTTY")
CASE(terminal_of_others)
{
	pid_t front = 1;

	CHECK(tcsetpgrp(0, 1) == -1 && errno == EPERM);
	front = -1;
	CHECK(ioctl(0, TIOCSPGRP, &front) == -1 && errno == EINVAL);
	if (fork() == 0) {
		int bad = 0;

		setsid();
		bad |= open("/dev/tty", O_RDWR) != -1 || errno != ENXIO;
		bad |= tcgetpgrp(0) != -1 || errno != ENOTTY;
		bad |= tcsetpgrp(0, getpgrp()) != -1 || errno != ENOTTY;
		bad |= ioctl(0, TIOCNOTTY) != -1 || errno != ENOTTY;
		bad |= ioctl(0, TIOCSCTTY, 0) != -1 || errno != EPERM;
		_exit(bad);
	}
	int status;

	CHECK(wait(&status) > 0 && status == 0);
}

/* A child may give up its terminal, for itself alone. */
CASE(terminal_given_up)
{
	if (fork() == 0) {
		int bad = ioctl(0, TIOCNOTTY) != 0;

		bad |= open("/dev/tty", O_RDWR) != -1 || errno != ENXIO;
		_exit(bad);
	}
	int status, fd;

	CHECK(wait(&status) > 0 && status == 0);
	fd = open("/dev/tty", O_RDWR);
	CHECK(fd >= 0);
}

static volatile sig_atomic_t resized;

static void count_resize(int signo)
{
	resized += signo == SIGWINCH;
}

PROVES(ioctl, "TIOCGWINSZ, TIOCSWINSZ", "SIGWINCH when it changes")
CASE(window_size)
{
	struct winsize old, new, seen;

	signal(SIGWINCH, count_resize);
	CHECK(ioctl(0, TIOCGWINSZ, &old) == 0);
	new = old;
	new.ws_row = old.ws_row + 7;
	CHECK(ioctl(0, TIOCSWINSZ, &new) == 0);
	CHECK(ioctl(0, TIOCGWINSZ, &seen) == 0);
	CHECK(!memcmp(&new, &seen, sizeof(new)) && resized == 1);
	CHECK(ioctl(0, TIOCSWINSZ, &new) == 0 && resized == 1);
	CHECK(ioctl(0, TIOCSWINSZ, &old) == 0 && resized == 2);
}

/* ---- the kernel's log ---------------------------------------------------------------- */

PROVES(syslog, "", "size, read all; EINVAL")
CASE(log_can_be_read)
{
	int size = klogctl(10, NULL, 0), len;
	char *text;

	CHECK(size > 0);
	text = malloc((size_t)size);
	CHECK(text);
	len = klogctl(3, text, size);
	CHECK(len > 0 && len <= size && memchr(text, '\n', (size_t)len));
	CHECK(klogctl(3, NULL, size) == -1 && errno == EINVAL);
	CHECK(klogctl(77, text, size) == -1 && errno == EINVAL);
}

int main(void)
{
	return run_cases();
}
