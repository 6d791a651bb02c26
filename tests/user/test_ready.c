/* SPDX-License-Identifier: MIT */
/* Descriptors: which are ready, positions, copies, pipes, sendfile. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

/* The result of a call, or -errno. */
#define CALL(name, ...) result_of(syscall(SYS_##name, __VA_ARGS__))

static long result_of(long ret)
{
	return ret == -1 ? -errno : ret;
}

static const struct timespec no_time = { 0, 0 };
static int pipe_ends[2];

static void make_pipe(int flags)
{
	CHECK(CALL(pipe2, pipe_ends, flags) == 0);
}

static int make_file(void)
{
	int fd = open("/tmp/ready", O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, "0123456789", 10) == 10);
	CHECK(unlink("/tmp/ready") == 0);
	return fd;
}

PROVES(ppoll, "", "POLLIN, POLLOUT, POLLHUP, POLLERR, POLLNVAL; EINVAL")
CASE(polling)
{
	struct timespec odd = { 0, -1 };
	struct pollfd p[3];

	make_pipe(0);
	p[0] = (struct pollfd){ pipe_ends[0], POLLIN, 0 };
	p[1] = (struct pollfd){ pipe_ends[1], POLLOUT, 0 };
	p[2] = (struct pollfd){ -1, POLLIN, 7 };
	CHECK(CALL(ppoll, p, 3, &no_time, 0l, 8) == 1);
	CHECK(p[0].revents == 0 && p[1].revents == POLLOUT);
	CHECK(p[2].revents == 0);
	CHECK(write(pipe_ends[1], "x", 1) == 1 && close(pipe_ends[1]) == 0);
	CHECK(CALL(ppoll, p, 2, 0l, 0l, 8) == 2);
	CHECK(p[0].revents == (POLLIN | POLLHUP));
	CHECK(p[1].revents == POLLNVAL);
	make_pipe(0);
	p[0] = (struct pollfd){ pipe_ends[1], 0, 0 };
	CHECK(close(pipe_ends[0]) == 0);
	CHECK(CALL(ppoll, p, 1, 0l, 0l, 8) == 1 && p[0].revents == POLLERR);
	CHECK(CALL(ppoll, p, 1, &odd, 0l, 8) == -EINVAL);
	CHECK(CALL(ppoll, p, 1, &no_time, p, 3) == -EINVAL);
}

static volatile int nr_signals;

static void on_signal(int signo)
{
	(void)signo;
	nr_signals++;
}

/* SIGUSR1 waits, blocked, for a mask that lets it through. */
static void send_blocked(sigset_t *none)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	CHECK(kill(getpid(), SIGUSR1) == 0 && nr_signals == 0);
}

PROVES(ppoll, "sigmask", "EINTR by a signal that it lets through")
CASE(polling_with_a_mask)
{
	sigset_t none;

	send_blocked(&none);
	CHECK(CALL(ppoll, 0l, 0, 0l, &none, 8) == -EINTR && nr_signals == 1);
}

PROVES(pselect6, "sigmask", "EINTR by a signal that it lets through")
CASE(selecting_with_a_mask)
{
	struct {
		const void *set;
		size_t len;
	} mask;
	sigset_t none;

	send_blocked(&none);
	mask.set = &none;
	mask.len = 8;
	CHECK(CALL(pselect6, 0, 0l, 0l, 0l, 0l, &mask) == -EINTR);
	CHECK(nr_signals == 1);
}

PROVES(pselect6, "", "readable, writable; EBADF, EINVAL")
CASE(selecting)
{
	fd_set in, out;

	make_pipe(0);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(pipe_ends[0], &in);
	FD_SET(pipe_ends[1], &out);
	CHECK(CALL(pselect6, 64, &in, &out, 0l, &no_time, 0l) == 1);
	CHECK(!FD_ISSET(pipe_ends[0], &in) && FD_ISSET(pipe_ends[1], &out));
	CHECK(write(pipe_ends[1], "x", 1) == 1);
	FD_SET(pipe_ends[0], &in);
	CHECK(CALL(pselect6, 64, &in, &out, 0l, 0l, 0l) == 2);
	CHECK(FD_ISSET(pipe_ends[0], &in));
	FD_SET(60, &in);
	CHECK(CALL(pselect6, 64, &in, 0l, 0l, &no_time, 0l) == -EBADF);
	CHECK(CALL(pselect6, -1, &in, 0l, 0l, &no_time, 0l) == -EINVAL);
}

PROVES(lseek, "SEEK_SET, SEEK_CUR, SEEK_END", "EINVAL, ESPIPE, EBADF")
CASE(positions)
{
	int fd = make_file();

	CHECK(CALL(lseek, fd, 0l, SEEK_CUR) == 10);
	CHECK(CALL(lseek, fd, -3l, SEEK_END) == 7);
	CHECK(CALL(lseek, fd, -8l, SEEK_CUR) == -EINVAL);
	CHECK(CALL(lseek, fd, 100l, SEEK_SET) == 100);
	CHECK(CALL(lseek, fd, 0l, 99) == -EINVAL);
	make_pipe(0);
	CHECK(CALL(lseek, pipe_ends[0], 0l, SEEK_SET) == -ESPIPE);
	CHECK(CALL(lseek, 1000, 0l, SEEK_SET) == -EBADF);
}

PROVES(readv, "", "fills one after the other; EBADF, EINVAL")
PROVES(writev, "", "both parts, in order")
CASE(vectors)
{
	char a[4] = "abc", b[4] = "def";
	struct iovec v[2] = { { a, 3 }, { b, 3 } };
	int fd = make_file();

	CHECK(CALL(lseek, fd, 0l, SEEK_SET) == 0);
	CHECK(CALL(writev, fd, v, 2) == 6);
	CHECK(CALL(lseek, fd, 2l, SEEK_SET) == 2);
	CHECK(CALL(readv, fd, v, 2) == 6);
	CHECK(!memcmp(a, "cde", 3) && !memcmp(b, "f67", 3));
	CHECK(CALL(readv, fd, v, 2) == 2 && !memcmp(a, "89", 2));
	CHECK(CALL(readv, fd, v, 2) == 0);
	CHECK(CALL(readv, fd, v, 2000) == -EINVAL);
	CHECK(CALL(readv, 1000, v, 2) == -EBADF);
}

PROVES(dup, "", "the lowest free one, one position; EBADF")
PROVES(dup3, "O_CLOEXEC", "closes what was there; EINVAL, EBADF")
PROVES(fcntl, "F_DUPFD_CLOEXEC, F_GETFD, F_SETFD", "kept with the descriptor")
PROVES(fcntl, "F_GETFL, F_SETFL", "O_APPEND is kept with the open file")
PROVES(close, "", "EBADF")
CASE(copies)
{
	int fd = make_file(), copy = (int)CALL(dup, fd);

	CHECK(copy == fd + 1 && CALL(dup, 1000) == -EBADF);
	CHECK(CALL(lseek, copy, 3l, SEEK_SET) == 3);
	CHECK(CALL(lseek, fd, 0l, SEEK_CUR) == 3);
	CHECK(CALL(dup3, fd, 77, O_CLOEXEC) == 77);
	CHECK(fcntl(77, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFD) == 0);
	CHECK(fcntl(77, F_SETFD, 0) == 0 && fcntl(77, F_GETFD) == 0);
	CHECK(CALL(dup3, fd, fd, 0) == -EINVAL);
	CHECK(CALL(dup3, fd, 78, 1) == -EINVAL);
	CHECK(CALL(dup3, 1000, 78, 0) == -EBADF);
	CHECK(fcntl(fd, F_DUPFD_CLOEXEC, 77) == 78);
	CHECK(fcntl(78, F_GETFD) == FD_CLOEXEC);
	CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0);
	CHECK(fcntl(copy, F_GETFL) & O_APPEND);
	CHECK(CALL(close, copy) == 0 && CALL(close, copy) == -EBADF);
}

PROVES(pipe2, "O_CLOEXEC, O_NONBLOCK", "EAGAIN; EINVAL")
PROVES(ioctl, "FIONREAD, FIONBIO", "bytes that wait; ENOTTY, EBADF")
CASE(pipes)
{
	int n = -1, off = 0;
	char c;

	make_pipe(O_CLOEXEC | O_NONBLOCK);
	CHECK(fcntl(pipe_ends[1], F_GETFD) == FD_CLOEXEC);
	CHECK(read(pipe_ends[0], &c, 1) == -1 && errno == EAGAIN);
	CHECK(write(pipe_ends[1], "abc", 3) == 3);
	CHECK(CALL(ioctl, pipe_ends[0], FIONREAD, &n) == 0 && n == 3);
	CHECK(CALL(ioctl, pipe_ends[0], FIONBIO, &off) == 0);
	CHECK(!(fcntl(pipe_ends[0], F_GETFL) & O_NONBLOCK));
	CHECK(CALL(ioctl, pipe_ends[0], TIOCGPGRP, &n) == -ENOTTY);
	CHECK(CALL(ioctl, 1000, FIONREAD, &n) == -EBADF);
	CHECK(CALL(pipe2, pipe_ends, 1) == -EINVAL);
}

PROVES(sendfile, "", "by position or offset, 0 at the end; EBADF, EINVAL")
CASE(file_into_pipe)
{
	int fd = make_file();
	off_t offset = 6;
	char buf[16];

	make_pipe(0);
	CHECK(CALL(lseek, fd, 2l, SEEK_SET) == 2);
	CHECK(CALL(sendfile, pipe_ends[1], fd, 0l, 3l) == 3);
	CHECK(CALL(sendfile, pipe_ends[1], fd, &offset, 100l) == 4);
	CHECK(offset == 10 && CALL(lseek, fd, 0l, SEEK_CUR) == 5);
	CHECK(CALL(sendfile, pipe_ends[1], fd, &offset, 100l) == 0);
	CHECK(read(pipe_ends[0], buf, 16) == 7 && !memcmp(buf, "2346789", 7));
	CHECK(CALL(sendfile, pipe_ends[1], 1000, 0l, 1l) == -EBADF);
	CHECK(CALL(sendfile, pipe_ends[0], fd, 0l, 1l) == -EBADF);
	offset = -1;
	CHECK(CALL(sendfile, pipe_ends[1], fd, &offset, 1l) == -EINVAL);
}

#ifdef SYS_poll
PROVES(poll, "", "0 without time, POLLIN, POLLHUP")
PROVES(select, "", "readable; EBADF")
PROVES(pipe, "", "two ends")
PROVES(dup2, "", "onto itself too; EBADF")
CASE(old_forms)
{
	struct timeval now = { 0, 0 };
	struct pollfd p;
	fd_set in;

	CHECK(CALL(pipe, pipe_ends) == 0);
	p = (struct pollfd){ pipe_ends[0], POLLIN, 0 };
	CHECK(CALL(poll, &p, 1, 0) == 0);
	CHECK(write(pipe_ends[1], "x", 1) == 1);
	CHECK(CALL(poll, &p, 1, -1) == 1 && p.revents == POLLIN);
	FD_ZERO(&in);
	FD_SET(pipe_ends[0], &in);
	CHECK(CALL(select, 64, &in, 0l, 0l, &now) == 1);
	CHECK(close(pipe_ends[1]) == 0);
	CHECK(CALL(poll, &p, 1, -1) == 1 && p.revents == (POLLIN | POLLHUP));
	CHECK(CALL(dup2, pipe_ends[0], pipe_ends[0]) == pipe_ends[0]);
	CHECK(CALL(dup2, pipe_ends[0], 60) == 60);
	CHECK(CALL(dup2, 1000, 61) == -EBADF);
	CHECK(CALL(dup2, 1000, 1000) == -EBADF);
	FD_SET(61, &in);
	CHECK(CALL(select, 64, &in, 0l, 0l, &now) == -EBADF);
}
#endif

int main(void)
{
	return run_cases();
}
