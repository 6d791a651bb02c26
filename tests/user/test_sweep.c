/* SPDX-License-Identifier: MIT */
/*
 * The failure sweep: every call that allocates fails at its first allocation, its
 * second, …, until it succeeds; whatever it then says is an errno that fits, and
 * nothing is left behind.
 *
 *	for each call, n = 1, 2, 3, …
 *	   a child: fail-nth = n ─► the call ─► did it count to the end? ─► exit
 *	   0  it needed fewer than n allocations, and succeeded: next call
 *	   1  one failed, and the call said so (or did without)
 *
 * A page fault that finds no memory kills; that is an end as well. Twice through
 * all calls: the caches may not grow from the first time to the second.
 * On Linux, which has no such file, the program has nothing to do.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "caches.h"
#include "check.h"

#define MOST 400                        /* no call allocates more often */

static int fail_fd = -1;
static char scratch[8 * PAGE] __attribute__((aligned(4096)));

/* 0, or -errno. */
static int said(long result)
{
	return result == -1 ? -errno : 0;
}

static int close_ok(int fd)
{
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int file_of(const char *name)
{
	return open(name, O_CREAT | O_RDWR, 0600);
}

/* ---- the calls ------------------------------------------------------------------- */

static int reap(pid_t pid)
{
	int status;

	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0)
		;
	return 0;
}

static int do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return reap(pid);
}

static int do_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return reap(pid);
}

static int do_exec(void)
{
	char *argv[] = { "true", "a", "b", NULL }, *envp[] = { "x=y", NULL };

	execve("/bin/true", argv, envp);
	return -errno;
}

static int do_mmap(void)
{
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, 4 * PAGE);
	return 0;
}

static int do_mmap_populate(void)
{
	char *p = mmap(NULL, 16 * PAGE, RW,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, 16 * PAGE);
	return 0;
}

static int do_mmap_shared(void)
{
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	p[PAGE] = 1;
	munmap(p, 4 * PAGE);
	return 0;
}

static int do_mmap_file(void)
{
	int fd = open("/bin/busybox", O_RDONLY), err = 0;
	char *p;

	if (fd < 0)
		return -errno;
	p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		err = -errno;
	close(fd);
	if (err)
		return err;
	p[0] = p[PAGE];
	munmap(p, 4 * PAGE);
	return 0;
}

/* A hole in the middle needs one VMA more; mprotect two. */
static int do_split(void)
{
	char *p = mmap(NULL, 9 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (p == MAP_FAILED)
		return -errno;
	err = said(mprotect(p + PAGE, PAGE, PROT_READ));
	if (!err)
		err = said(munmap(p + 4 * PAGE, PAGE));
	if (!err)
		err = said(mlock(p + 6 * PAGE, PAGE));
	if (!err)
		err = said(madvise(p + 7 * PAGE, PAGE, MADV_DONTFORK));
	munmap(p, 9 * PAGE);
	return err;
}

static int do_mremap(void)
{
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *q;

	if (p == MAP_FAILED)
		return -errno;
	p[0] = p[3 * PAGE] = 1;
	q = mremap(p, 4 * PAGE, 1024 * PAGE, MREMAP_MAYMOVE);
	if (q == MAP_FAILED) {
		int err = -errno;

		munmap(p, 4 * PAGE);
		return err;
	}
	munmap(q, 1024 * PAGE);
	return 0;
}

static int do_brk(void)
{
	unsigned long end = (unsigned long)syscall(SYS_brk, 0);
	unsigned long now = (unsigned long)syscall(SYS_brk, end + 8 * PAGE);

	if (now == end)
		return -ENOMEM;
	*(volatile char *)(end + 4 * PAGE) = 1;
	syscall(SYS_brk, end);
	return 0;
}

static int do_copy_on_write(void)
{
	pid_t pid;

	memset(scratch, 1, sizeof(scratch));
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < sizeof(scratch); i += PAGE)
			scratch[i]++;
		_exit(0);
	}
	return reap(pid);
}

static int do_create(void)
{
	int err = close_ok(file_of("/tmp/sweep-new"));

	unlink("/tmp/sweep-new");
	return err;
}

static int do_write(void)
{
	int fd = file_of("/tmp/sweep-file"), err;

	if (fd < 0)
		return -errno;
	err = said(pwrite(fd, scratch, sizeof(scratch), 200 * PAGE));
	if (!err)
		err = said(ftruncate(fd, 3 * PAGE + 1));
	if (!err)
		err = said(fallocate(fd, 0, 0, 8 * PAGE));
	close(fd);
	unlink("/tmp/sweep-file");
	return err;
}

static int do_names(void)
{
	int err = said(mkdir("/tmp/sweep-dir", 0700));

	if (!err)
		err = said(symlink("sweep-dir", "/tmp/sweep-link"));
	if (!err)
		err = close_ok(file_of("/tmp/sweep-dir/a"));
	if (!err)
		err = said(rename("/tmp/sweep-dir/a", "/tmp/sweep-dir/b"));
	if (!err)
		err = said(link("/tmp/sweep-dir/b", "/tmp/sweep-dir/c"));
	return err;
}

/* What do_names() may have left; outside of the sweep. */
static void undo_names(void)
{
	unlink("/tmp/sweep-dir/a");
	unlink("/tmp/sweep-dir/b");
	unlink("/tmp/sweep-dir/c");
	unlink("/tmp/sweep-link");
	rmdir("/tmp/sweep-dir");
	unlink("/tmp/sweep-new");
	unlink("/tmp/sweep-file");
}

static int do_proc(void)
{
	static const char *const names[] = {
		"/proc/self/maps", "/proc/self/smaps", "/proc/self/stat",
		"/proc/meminfo",   "/proc/slabinfo",   "/proc/self/cmdline",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int fd = open(names[i], O_RDONLY), err;

		if (fd < 0)
			return -errno;
		err = said(read(fd, scratch, sizeof(scratch)));
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

static int do_getdents(void)
{
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY), err;

	if (fd < 0)
		return -errno;
	err = said(syscall(SYS_getdents64, fd, scratch, sizeof(scratch)));
	close(fd);
	return err;
}

static int do_pipe(void)
{
	int fd[2], err = said(pipe(fd));

	if (err)
		return err;
	err = said(write(fd[1], scratch, 3 * PAGE));
	if (!err)
		err = said(read(fd[0], scratch, PAGE));
	close(fd[0]);
	close(fd[1]);
	return err;
}

static int do_memfd(void)
{
	int fd = (int)syscall(SYS_memfd_create, "sweep", 2), err;

	if (fd < 0)
		return -errno;
	err = said(ftruncate(fd, 4 * PAGE));
	if (!err)
		err = said(write(fd, scratch, 2 * PAGE));
	if (!err)
		err = said(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	close(fd);
	return err;
}

/* Descriptor 200 needs a larger table. */
static int do_descriptors(void)
{
	int err = said(dup2(1, 200));

	if (!err)
		err = said(close(200));
	return err;
}

static int do_record_lock(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 10 };
	int fd = file_of("/tmp/sweep-file"), err;

	if (fd < 0)
		return -errno;
	err = said(fcntl(fd, F_SETLK, &l));
	l = (struct flock){ .l_type = F_UNLCK, .l_start = 3, .l_len = 2 };
	if (!err)
		err = said(fcntl(fd, F_SETLK, &l));
	close(fd);
	unlink("/tmp/sweep-file");
	return err;
}

static int do_poll(void)
{
	struct pollfd p[300];

	for (int i = 0; i < 300; i++)
		p[i] = (struct pollfd){ .fd = 1, .events = POLLOUT };
	return said(poll(p, 300, 0));
}

static int do_signal(void)
{
	sigset_t set, old;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, &old);
	err = said(kill(getpid(), SIGUSR1));
	if (!err)
		err = said(sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }));
	while (!err && sigtimedwait(&set, NULL, &(struct timespec){ 0 }) > 0)
		;
	return err;
}

static void *nothing(void *arg)
{
	return arg;
}

static int do_thread(void)
{
	pthread_t id;
	int err = pthread_create(&id, NULL, nothing, NULL);

	if (!err)
		pthread_join(id, NULL);
	return -err;
}

static int do_groups(void)
{
	static const gid_t list[40] = { 1, 2, 3 };

	return said(syscall(SYS_setgroups, 40, list));
}

static int do_mincore(void)
{
	unsigned char vec[8];

	return said(mincore(scratch, sizeof(scratch), vec));
}

static int do_readlink(void)
{
	char buf[200];

	return said(readlink("/proc/self/exe", buf, sizeof(buf)));
}

static int do_chdir(void)
{
	char buf[200];
	int err = said(chdir("/proc/self"));

	return err ? err : said(syscall(SYS_getcwd, buf, sizeof(buf)));
}

static const struct sweep {
	const char *name;
	int (*run)(void);
} sweeps[] = {
	{ "fork", do_fork },
	{ "vfork", do_vfork },
	{ "exec", do_exec },
	{ "thread", do_thread },
	{ "copy-on-write", do_copy_on_write },
	{ "mmap", do_mmap },
	{ "mmap populate", do_mmap_populate },
	{ "mmap shared", do_mmap_shared },
	{ "mmap file", do_mmap_file },
	{ "mprotect munmap mlock madvise", do_split },
	{ "mremap", do_mremap },
	{ "brk", do_brk },
	{ "mincore", do_mincore },
	{ "create", do_create },
	{ "write truncate fallocate", do_write },
	{ "mkdir symlink rename link", do_names },
	{ "files of /proc", do_proc },
	{ "getdents", do_getdents },
	{ "readlink", do_readlink },
	{ "chdir getcwd", do_chdir },
	{ "pipe", do_pipe },
	{ "memfd", do_memfd },
	{ "dup2", do_descriptors },
	{ "record lock", do_record_lock },
	{ "poll", do_poll },
	{ "kill sigqueue", do_signal },
	{ "setgroups", do_groups },
};
#define NR_SWEEPS (sizeof(sweeps) / sizeof(*sweeps))

/* ---- the sweep --------------------------------------------------------------------- */

/* What a call may say when memory is short. */
static int is_shortage(int err)
{
	return err == -ENOMEM || err == -EAGAIN || err == -ENOSPC ||
	       err == -EFAULT || err == -ENFILE || err == -ENOLCK;
}

/* In the child: 0: enough allocations; 1: one failed; 2: a wrong answer. */
static int sweep_once(const struct sweep *s, int n)
{
	char text[24];
	ssize_t left;
	int err;

	sprintf(text, "%d", n);
	if (pwrite(fail_fd, text, strlen(text), 0) < 0)
		return 3;
	err = s->run();
	left = pread(fail_fd, text, sizeof(text) - 1, 0);
	text[left > 0 ? left : 0] = 0;
	/* Nothing left to count: it fired, unless the look itself was it. */
	if (left < 0 || atoi(text) > 0)
		return err ? 2 : 0;
	if (err && !is_shortage(err)) {
		printf("# %s, allocation %d: error %d\n", s->name, n, -err);
		fflush(stdout);
		return 2;
	}
	return 1;
}

/* Return: whether the call went through all its allocations in the end. */
static int sweep_call(const struct sweep *s)
{
	for (int n = 1; n < MOST; n++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0)
			_exit(sweep_once(s, n));
		waitpid(pid, &status, 0);
		undo_names();
		if (WIFEXITED(status) && WEXITSTATUS(status) > 1) {
			printf("# %s fails at %d: %d\n", s->name, n,
			       WEXITSTATUS(status));
			fflush(stdout);
			return 0;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return 1;
	}
	printf("# %s never ends\n", s->name);
	fflush(stdout);
	return 0;
}

CASE(no_allocation_that_fails_does_harm)
{
	static struct cache first[MAX_CACHES];
	int nr;

	fail_fd = open("/proc/quire/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		return;                 /* another kernel */
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < NR_SWEEPS; i++)
		CHECK(sweep_call(&sweeps[i]));
	nr = read_caches(first);
	for (size_t i = 0; i < NR_SWEEPS; i++)
		CHECK(sweep_call(&sweeps[i]));
	CHECK(!grown_caches(first, nr, 1));
}

int main(void)
{
	return run_cases();
}
