/* SPDX-License-Identifier: MIT */
/* Descriptors, vectors with positions, and small print of the file calls. */
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define NAME "/tmp/test_fd"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif
#define UNSHARE 2

static int open_file(void)
{
	int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, "0123456789", 10) == 10);
	return fd;
}

static long close_range_(unsigned int first, unsigned int last, int flags)
{
	return syscall(SYS_close_range, first, last, flags);
}

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

PROVES(close_range, "CLOSE_RANGE_CLOEXEC", "closes or marks; EINVAL")
CASE(ranges_of_descriptors)
{
	int fd = open_file();

	for (int i = 100; i < 110; i++)
		CHECK(dup2(fd, i) == i);
	CHECK(close_range_(102, 104, 0) == 0);
	CHECK(is_open(101) && !is_open(102) && !is_open(104) && is_open(105));
	CHECK(close_range_(106, ~0u, CLOSE_RANGE_CLOEXEC) == 0);
	CHECK(fcntl(105, F_GETFD) == 0 && fcntl(106, F_GETFD) == FD_CLOEXEC);
	CHECK(close_range_(100, 2000000000, 0) == 0);
	CHECK(!is_open(101) && !is_open(109) && is_open(fd));
	CHECK(close_range_(5, 4, 0) == -1 && errno == EINVAL);
	CHECK(close_range_(5, 6, 1) == -1 && errno == EINVAL);
	CHECK(close_range_(3000, 4000, 0) == 0);
}

static char stack[65536] __attribute__((aligned(16)));

static int close_in_own_table(void *fd)
{
	return close_range_(*(unsigned int *)fd, *(unsigned int *)fd, UNSHARE)
		       ? 1
		       : is_open(*(int *)fd);
}

static int close_in_shared_table(void *fd)
{
	return close(*(int *)fd) != 0;
}

PROVES(close_range, "CLOSE_RANGE_UNSHARE", "leaves the shared table first")
PROVES(clone, "CLONE_FILES", "one table of descriptors")
CASE(a_shared_table_is_left)
{
	int fd = open_file(), status;
	pid_t pid = clone(close_in_own_table, stack + sizeof(stack),
			  CLONE_FILES | SIGCHLD, &fd);

	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(is_open(fd));
	pid = clone(close_in_shared_table, stack + sizeof(stack),
		    CLONE_FILES | SIGCHLD, &fd);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(!is_open(fd));
}

PROVES(setrlimit, "RLIMIT_NOFILE", "EMFILE, EBADF, EINVAL beyond it")
PROVES(fcntl, "F_DUPFD", "EINVAL beyond the limit")
PROVES(dup, "", "EMFILE")
CASE(a_limit_on_descriptors)
{
	struct rlimit l = { 20, 4096 };
	int fd = open_file();

	CHECK(setrlimit(RLIMIT_NOFILE, &l) == 0);
	CHECK(dup2(fd, 20) == -1 && errno == EBADF);
	CHECK(fcntl(fd, F_DUPFD, 20) == -1 && errno == EINVAL);
	while (dup(fd) >= 0)
		continue;
	CHECK(errno == EMFILE);
	CHECK(open(NAME, O_RDONLY) == -1 && errno == EMFILE);
	CHECK(is_open(19) && !is_open(20));
}

PROVES(preadv, "", "EINVAL, ESPIPE, EBADF; the position stays")
PROVES(pwritev, "", "the position stays")
CASE(vectors_at_a_position)
{
	char a[3], b[3];
	struct iovec v[2] = { { a, 3 }, { b, 3 } };
	int fd = open_file(), ends[2];

	CHECK(lseek(fd, 1, SEEK_SET) == 1);
	CHECK(preadv(fd, v, 2, 4) == 6);
	CHECK(!memcmp(a, "456", 3) && !memcmp(b, "789", 3));
	CHECK(pwritev(fd, v, 2, 0) == 6);
	CHECK(lseek(fd, 0, SEEK_CUR) == 1);
	CHECK(pread(fd, a, 3, 0) == 3 && !memcmp(a, "456", 3));
	CHECK(preadv(fd, v, 2, -2) == -1 && errno == EINVAL);
	CHECK(preadv(fd, v, 2, 100) == 0);
	CHECK(pipe(ends) == 0);
	CHECK(pwritev(ends[1], v, 2, 0) == -1 && errno == ESPIPE);
	CHECK(preadv(-1, v, 2, 0) == -1 && errno == EBADF);
}

PROVES(preadv2, "", "offset -1 is the position; EOPNOTSUPP")
PROVES(pwritev2, "RWF_APPEND, RWF_SYNC", "writes to the end")
CASE(vectors_with_flags)
{
	enum { SYNC = 4, APPEND = 16, UNKNOWN = 1 << 20 };
	char a[4] = "abc";
	struct iovec v = { a, 3 };
	int fd = open_file();
	struct stat st;

	CHECK(lseek(fd, 2, SEEK_SET) == 2);
	CHECK(syscall(SYS_preadv2, fd, &v, 1, -1l, -1l, 0) == 3);
	CHECK(!memcmp(a, "234", 3) && lseek(fd, 0, SEEK_CUR) == 5);
	CHECK(syscall(SYS_pwritev2, fd, &v, 1, 0l, 0l, SYNC) == 3);
	CHECK(syscall(SYS_pwritev2, fd, &v, 1, 0l, 0l, APPEND) == 3);
	CHECK(lseek(fd, 0, SEEK_CUR) == 5);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 13);
	CHECK(pread(fd, a, 3, 10) == 3 && !memcmp(a, "234", 3));
	CHECK(syscall(SYS_preadv2, fd, &v, 1, 0l, 0l, UNKNOWN) == -1 &&
	      errno == EOPNOTSUPP);
}

PROVES(fchown, "", "drops set-id bits; -1 keeps")
PROVES(fchmod, "", "all twelve bits")
CASE(a_new_owner_gets_no_rights)
{
	int fd = open_file();
	struct stat st;

	CHECK(fchmod(fd, 06755) == 0 && fchown(fd, 1000, 1000) == 0);
	CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0755);
	CHECK(st.st_uid == 1000 && st.st_gid == 1000);
	CHECK(fchmod(fd, 02644) == 0 && fchown(fd, -1, 5) == 0);
	CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 02644);
	CHECK(st.st_uid == 1000 && st.st_gid == 5);
}

PROVES(utimensat, "UTIME_OMIT", "one time of two; EINVAL, EFAULT, EBADF")
CASE(times_of_files)
{
	struct timespec t[2] = { { 100, 5 }, { 200, UTIME_OMIT } };
	struct stat before, after;
	int fd = open_file();

	CHECK(fstat(fd, &before) == 0);
	CHECK(utimensat(AT_FDCWD, NAME, t, 0) == 0);
	CHECK(fstat(fd, &after) == 0);
	CHECK(after.st_atim.tv_sec == 100 && after.st_atim.tv_nsec == 5);
	CHECK(after.st_mtim.tv_sec == before.st_mtim.tv_sec);
	t[0].tv_nsec = UTIME_OMIT;
	CHECK(utimensat(AT_FDCWD, "/nowhere", t, 0) == 0);
	t[0].tv_nsec = 1000000000;
	CHECK(utimensat(AT_FDCWD, NAME, t, 0) == -1 && errno == EINVAL);
	CHECK(utimensat(AT_FDCWD, NAME, NULL, 1) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, 0) == -1 &&
	      errno == EFAULT);
	CHECK(futimens(fd, NULL) == 0 && futimens(-1, NULL) == -1);
	CHECK(errno == EBADF);
}

PROVES(readlinkat, "", "cut to the buffer; EINVAL, ENOENT")
CASE(what_links_say)
{
	char buf[64];

	open_file();
	unlink(NAME ".link");
	CHECK(symlink("test_fd", NAME ".link") == 0);
	CHECK(readlink(NAME ".link", buf, 4) == 4 && !memcmp(buf, "test", 4));
	CHECK(readlink(NAME, buf, 4) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_readlinkat, AT_FDCWD, NAME ".link", buf, 0) == -1 &&
	      errno == EINVAL);
	CHECK(readlinkat(AT_FDCWD, "", buf, 4) == -1 && errno == ENOENT);
	CHECK(unlink(NAME ".link") == 0);
}

PROVES(renameat2, "RENAME_NOREPLACE", "EEXIST")
PROVES(renameat2, "RENAME_EXCHANGE", "two names change places; ENOENT, EINVAL")
CASE(names_that_change_places)
{
	enum { NOREPLACE = 1, EXCHANGE = 2 };
	struct stat a, b;

	close(open_file());
	CHECK(mkdir(NAME ".dir", 0700) == 0 && stat(NAME, &a) == 0);
	CHECK(syscall(SYS_renameat2, AT_FDCWD, NAME, AT_FDCWD, NAME ".dir",
		      NOREPLACE) == -1 &&
	      errno == EEXIST);
	CHECK(syscall(SYS_renameat2, AT_FDCWD, NAME, AT_FDCWD, NAME ".dir",
		      EXCHANGE) == 0);
	CHECK(stat(NAME ".dir", &b) == 0 && a.st_ino == b.st_ino);
	CHECK(syscall(SYS_renameat2, AT_FDCWD, NAME, AT_FDCWD, NAME ".none",
		      EXCHANGE) == -1 &&
	      errno == ENOENT);
	CHECK(syscall(SYS_renameat2, AT_FDCWD, NAME, AT_FDCWD, NAME ".none",
		      NOREPLACE | EXCHANGE) == -1 &&
	      errno == EINVAL);
	CHECK(rmdir(NAME) == 0 && unlink(NAME ".dir") == 0);
}

PROVES(sync, "", "returns")
PROVES(fsync, "", "0 for a file, EINVAL for a pipe")
PROVES(fdatasync, "", "0 for a file")
PROVES(syncfs, "", "0 for a file, EBADF")
PROVES(fadvise64, "POSIX_FADV_WILLNEED", "kept as advice; EINVAL, ESPIPE")
CASE(nothing_to_write_back)
{
	int fd = open_file(), ends[2];

	sync();
	CHECK(fsync(fd) == 0 && fdatasync(fd) == 0 && syncfs(fd) == 0);
	CHECK(syncfs(-1) == -1 && errno == EBADF);
	CHECK(pipe(ends) == 0 && fsync(ends[0]) == -1 && errno == EINVAL);
	CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED) == 0);
	CHECK(posix_fadvise(fd, 0, 0, 77) == EINVAL);
	CHECK(posix_fadvise(ends[0], 0, 0, 0) == ESPIPE);
	CHECK(unlink(NAME) == 0);
}

int main(void)
{
	return run_cases();
}
