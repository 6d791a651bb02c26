/* SPDX-License-Identifier: MIT */
/* Locks on files: fcntl's by process and by open file, and flock. */
#include "check.h"

#include <fcntl.h>
#include <sys/file.h>

#define NAME "/tmp/test_lock"

#ifndef F_OFD_GETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#endif

static int open_file(void)
{
	int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0);
	return fd;
}

static int lock(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock l = { .l_type = (short)type, .l_whence = SEEK_SET,
			   .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &l);
}

/* What another process finds in the way of a write lock on [start, start + len). */
struct question { int fd; off_t start, len; struct flock *answer; };

static void ask_in_child(void *arg)
{
	struct question *q = arg;

	*q->answer = (struct flock){ .l_type = F_WRLCK,
				     .l_whence = SEEK_SET,
				     .l_start = q->start,
				     .l_len = q->len };
	CHECK(fcntl(q->fd, F_GETLK, q->answer) == 0);
}

static struct flock *in_the_way(int fd, off_t start, off_t len)
{
	struct flock *shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS,
				    -1, 0);
	struct question q = { fd, start, len, shared };

	CHECK(in_child(ask_in_child, &q) == 0);
	return shared;
}

static void expect_range(int fd, off_t at, int type, off_t start, off_t len)
{
	struct flock *l = in_the_way(fd, at, 1);

	CHECK(l->l_type == type);
	if (type == F_UNLCK)
		return;
	CHECK(l->l_start == start && l->l_len == len);
	CHECK(l->l_pid == getpid() && l->l_whence == SEEK_SET);
}

PROVES(fcntl, "F_SETLK, F_GETLK", "ranges split and join")
CASE(ranges_split_and_join)
{
	int fd = open_file();

	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 100) == 0);
	expect_range(fd, 50, F_WRLCK, 0, 100);
	CHECK(lock(fd, F_SETLK, F_UNLCK, 40, 20) == 0);
	expect_range(fd, 10, F_WRLCK, 0, 40);
	expect_range(fd, 50, F_UNLCK, 0, 0);
	expect_range(fd, 70, F_WRLCK, 60, 40);
	CHECK(lock(fd, F_SETLK, F_WRLCK, 40, 20) == 0);
	expect_range(fd, 50, F_WRLCK, 0, 100);
	CHECK(lock(fd, F_SETLK, F_RDLCK, 30, 10) == 0);
	expect_range(fd, 35, F_RDLCK, 30, 10);
	expect_range(fd, 45, F_WRLCK, 40, 60);
	CHECK(lock(fd, F_SETLK, F_RDLCK, 20, 0) == 0);
	expect_range(fd, 1 << 20, F_RDLCK, 20, 0);
	expect_range(fd, 10, F_WRLCK, 0, 20);
	CHECK(lock(fd, F_SETLK, F_UNLCK, 0, 0) == 0);
	expect_range(fd, 10, F_UNLCK, 0, 0);
}

static void expect_conflict(void *fd)
{
	CHECK(lock(*(int *)fd, F_SETLK, F_WRLCK, 5, 1) == -1);
	CHECK(errno == EAGAIN || errno == EACCES);
	CHECK(lock(*(int *)fd, F_SETLK, F_RDLCK, 5, 1) == 0);
}

CASE(readers_share)
{
	int fd = open_file();

	CHECK(lock(fd, F_SETLK, F_RDLCK, 0, 10) == 0);
	CHECK(in_child(expect_conflict, &fd) == 0);
	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 10) == 0);
}

PROVES(close, "", "drops the process's locks on the file")
CASE(any_close_drops_the_locks_of_the_process)
{
	int fd = open_file(), other = open(NAME, O_RDONLY);

	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 10) == 0);
	expect_range(fd, 5, F_WRLCK, 0, 10);
	CHECK(close(other) == 0);
	expect_range(fd, 5, F_UNLCK, 0, 0);
}

CASE(an_end_drops_the_locks)
{
	int fd = open_file(), status;
	pid_t pid = fork();

	if (pid == 0) {
		CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 10) == 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 10) == 0);
}

PROVES(fcntl, "F_SETLKW", "waits")
CASE(who_waits_gets_it)
{
	int fd = open_file(), ready[2], status;
	pid_t pid;
	char c;

	CHECK(pipe(ready) == 0);
	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 10) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(write(ready[1], "x", 1) == 1);
		CHECK(lock(fd, F_SETLKW, F_WRLCK, 5, 1) == 0);
		_exit(0);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	CHECK(lock(fd, F_SETLK, F_UNLCK, 0, 0) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void on_alarm(int signo)
{
	(void)signo;
}

static void wait_with_alarm(void *fd)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
	alarm(1);
	CHECK(lock(*(int *)fd, F_SETLKW, F_WRLCK, 0, 1) == -1 &&
	      errno == EINTR);
}

PROVES(fcntl, "F_SETLKW", "EINTR")
CASE(a_signal_ends_the_wait)
{
	int fd = open_file();

	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 10) == 0);
	CHECK(in_child(wait_with_alarm, &fd) == 0);
}

/* Two processes, each with one byte, want each other's: one must be told. */
PROVES(fcntl, "F_SETLKW", "EDEADLK")
CASE(a_circle_is_refused)
{
	int fd = open_file(), ready[2], status, ret;
	pid_t pid;
	char c;

	CHECK(pipe(ready) == 0);
	CHECK(lock(fd, F_SETLK, F_WRLCK, 0, 1) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(lock(fd, F_SETLK, F_WRLCK, 1, 1) == 0);
		CHECK(write(ready[1], "x", 1) == 1);
		ret = lock(fd, F_SETLKW, F_WRLCK, 0, 1);
		_exit(ret == 0 ? 1 : errno == EDEADLK ? 2 : 3);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	ret = lock(fd, F_SETLKW, F_WRLCK, 1, 1);
	if (ret == 0) {                 /* the child was told, and ended */
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WEXITSTATUS(status) == 2);
		return;
	}
	CHECK(errno == EDEADLK);
	CHECK(lock(fd, F_SETLK, F_UNLCK, 0, 0) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 1);
}

PROVES(fcntl, "F_SETLK", "EBADF, EINVAL, EOVERFLOW, EFAULT")
CASE(requests_that_are_refused)
{
	int fd = open_file(), read_only = open(NAME, O_RDONLY);
	struct flock l = { .l_type = F_WRLCK, .l_whence = 9 };

	CHECK(lock(read_only, F_SETLK, F_WRLCK, 0, 1) == -1 && errno == EBADF);
	CHECK(lock(fd, F_SETLK, 77, 0, 1) == -1 && errno == EINVAL);
	CHECK(lock(fd, F_SETLK, F_WRLCK, -1, 1) == -1 && errno == EINVAL);
	CHECK(lock(fd, F_SETLK, F_WRLCK, 5, -10) == -1 && errno == EINVAL);
	CHECK(lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 10) == -1 &&
	      errno == EOVERFLOW);
	CHECK(lock(fd, F_GETLK, F_UNLCK, 0, 1) == -1 && errno == EINVAL);
	CHECK(fcntl(fd, F_SETLK, &l) == -1 && errno == EINVAL);
	CHECK(fcntl(fd, F_SETLK, (void *)8) == -1 && errno == EFAULT);
	CHECK(lock(-1, F_SETLK, F_WRLCK, 0, 1) == -1 && errno == EBADF);
}

CASE(before_the_position)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_CUR,
			   .l_start = 0, .l_len = -10 };
	int fd = open_file();

	CHECK(lseek(fd, 50, SEEK_SET) == 50);
	CHECK(fcntl(fd, F_SETLK, &l) == 0);
	expect_range(fd, 45, F_WRLCK, 40, 10);
	expect_range(fd, 50, F_UNLCK, 0, 0);
}

PROVES(fcntl, "F_OFD_SETLK, F_OFD_GETLK", "belong to the open file")
CASE(locks_of_an_open_file)
{
	int fd = open_file(), other = open(NAME, O_RDWR), copy = dup(fd);
	struct flock l = { .l_type = F_WRLCK, .l_len = 10 };

	CHECK(fcntl(fd, F_OFD_SETLK, &l) == 0);
	CHECK(fcntl(other, F_OFD_SETLK, &l) == -1 && errno == EAGAIN);
	CHECK(fcntl(other, F_OFD_GETLK, &l) == 0);
	CHECK(l.l_type == F_WRLCK && l.l_pid == -1 && l.l_len == 10);
	CHECK(lock(other, F_SETLK, F_RDLCK, 0, 1) == -1 && errno == EAGAIN);
	CHECK(close(fd) == 0);
	l = (struct flock){ .l_type = F_WRLCK, .l_len = 10 };
	CHECK(fcntl(other, F_OFD_SETLK, &l) == -1 && errno == EAGAIN);
	CHECK(close(copy) == 0);
	CHECK(fcntl(other, F_OFD_SETLK, &l) == 0);
	l.l_pid = 5;
	CHECK(fcntl(other, F_OFD_SETLK, &l) == -1 && errno == EINVAL);
}

PROVES(flock, "LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN",
       "by open file; EAGAIN, EINVAL, EBADF")
CASE(whole_files)
{
	int fd = open_file(), other = open(NAME, O_RDONLY), copy = dup(fd);

	CHECK(flock(fd, LOCK_EX) == 0 && flock(copy, LOCK_EX | LOCK_NB) == 0);
	CHECK(flock(other, LOCK_SH | LOCK_NB) == -1 && errno == EAGAIN);
	CHECK(lock(other, F_SETLK, F_RDLCK, 0, 1) == 0);
	CHECK(flock(fd, LOCK_SH) == 0);
	CHECK(flock(other, LOCK_SH | LOCK_NB) == 0);
	CHECK(flock(other, LOCK_EX | LOCK_NB) == -1 && errno == EAGAIN);
	CHECK(close(fd) == 0);
	CHECK(flock(other, LOCK_EX | LOCK_NB) == -1 && errno == EAGAIN);
	CHECK(flock(copy, LOCK_UN) == 0);
	CHECK(flock(other, LOCK_EX | LOCK_NB) == 0);
	CHECK(flock(other, 77) == -1 && errno == EINVAL);
	CHECK(flock(-1, LOCK_SH) == -1 && errno == EBADF);
}

int main(void)
{
	return run_cases();
}
