/* SPDX-License-Identifier: MIT */
/*
 * Every pointer of every call, wrong in every way: EFAULT, or a short count
 * where the call counts, and nothing worse.
 *
 *   NULL ─ a hole ─ PROT_NONE ─ the kernel's half ─ no address at all ─
 *   the last byte of the address space ─ one byte too short at the end of a
 *   page ─ read-only, where the call writes
 *
 * A row says what a call's arguments are like; each pointer is made wrong in
 * turn while the others are fine. Each row runs in a child of its own.
 */
#include "check.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#define FOLDER "/tmp/test_efault"
#define FILE_  FOLDER "/file"

/* Descriptors of each row's child. */
enum { FD_FILE = 50, FD_PIPE = 51, FD_DIR = 53 };

enum kind {
	VALUE,                          /* no pointer */
	STRING,                         /* a path or name */
	IN,                             /* read by the kernel */
	OUT,                            /* written by it */
};

struct argument {
	enum kind kind;
	long value;                     /* or bytes that are surely touched */
	bool null;                      /* NULL means something */
	bool count;                     /* a short count is an answer */
};

#define V(x)      { VALUE, (long)(x), 0, 0 }
#define STR       { STRING, 16, 0, 0 }
#define RD(n)     { IN, n, 0, 0 }
#define RD0(n)    { IN, n, 1, 0 }
#define WR(n)     { OUT, n, 0, 0 }
#define WR0(n)    { OUT, n, 1, 0 }
#define RD_SOME(n) { IN, n, 0, 1 }
#define WR_SOME(n) { OUT, n, 0, 1 }

static const struct row {
	const char *name;
	long nr;
	struct argument arg[6];
} rows[] = {
#define ROW(call, ...) { #call, SYS_##call, { __VA_ARGS__ } }
	ROW(read, V(FD_FILE), WR_SOME(64), V(64)),
	ROW(write, V(FD_FILE), RD_SOME(64), V(64)),
	ROW(pread64, V(FD_FILE), WR_SOME(64), V(64), V(0)),
	ROW(pwrite64, V(FD_FILE), RD_SOME(64), V(64), V(0)),
	ROW(readv, V(FD_FILE), RD(32), V(2)),
	ROW(writev, V(FD_FILE), RD(32), V(2)),
	ROW(preadv, V(FD_FILE), RD(32), V(2), V(0)),
	ROW(pwritev, V(FD_FILE), RD(32), V(2), V(0)),
	ROW(preadv2, V(FD_FILE), RD(32), V(2), V(0), V(0), V(0)),
	ROW(pwritev2, V(FD_FILE), RD(32), V(2), V(0), V(0), V(0)),
	ROW(getdents64, V(FD_DIR), WR(24), V(4096)),
	ROW(sendfile, V(FD_PIPE + 1), V(FD_FILE), { OUT, 8, 1, 0 }, V(10)),
	ROW(openat, V(AT_FDCWD), STR, V(O_RDONLY)),
	ROW(newfstatat, V(AT_FDCWD), STR, WR(sizeof(struct stat)), V(0)),
	ROW(fstat, V(FD_FILE), WR(sizeof(struct stat))),
	ROW(statx, V(AT_FDCWD), STR, V(0), V(0x7ff), WR(256)),
	ROW(statfs, STR, WR(120)),
	ROW(fstatfs, V(FD_FILE), WR(120)),
	ROW(faccessat, V(AT_FDCWD), STR, V(R_OK)),
	ROW(readlinkat, V(AT_FDCWD), STR, V(1), V(100)),
	ROW(readlinkat, V(AT_FDCWD), V("/proc/self/cwd"), WR(4), V(100)),
	ROW(getcwd, WR(4), V(4096)),
	ROW(chdir, STR),
	ROW(mkdirat, V(AT_FDCWD), STR, V(0700)),
	ROW(mknodat, V(AT_FDCWD), STR, V(S_IFIFO | 0600), V(0)),
	ROW(unlinkat, V(AT_FDCWD), STR, V(0)),
	ROW(symlinkat, STR, V(AT_FDCWD), STR),
	ROW(linkat, V(AT_FDCWD), STR, V(AT_FDCWD), STR, V(0)),
	ROW(renameat2, V(AT_FDCWD), STR, V(AT_FDCWD), STR, V(0)),
	ROW(fchmodat, V(AT_FDCWD), STR, V(0600)),
	ROW(fchownat, V(AT_FDCWD), STR, V(0), V(0), V(0)),
	ROW(truncate, STR, V(100)),
	ROW(utimensat, V(AT_FDCWD), STR, RD0(32), V(0)),
	ROW(memfd_create, STR, V(0)),
	ROW(pipe2, WR(8), V(0)),
	ROW(fcntl, V(FD_FILE), V(F_GETLK), RD(32)),
	ROW(fcntl, V(FD_FILE), V(F_SETLK), RD(32)),
	ROW(ioctl, V(FD_FILE), V(0x5421), RD(4)),      /* FIONBIO */
	ROW(ppoll, RD(8), V(1), RD0(16), RD0(8), V(8)),
	ROW(ppoll, WR(8), V(1), RD0(16), V(0), V(8)),
	ROW(pselect6, V(1), RD0(8), RD0(8), RD0(8), RD0(16), RD0(16)),
	ROW(execve, STR, RD0(8), RD0(8)),
	ROW(clone3, RD(64), V(64)),
	ROW(getrlimit, V(RLIMIT_CORE), WR(16)),
	ROW(setrlimit, V(RLIMIT_CORE), RD(16)),
	ROW(prlimit64, V(0), V(RLIMIT_CORE), RD0(16), WR0(16)),
	ROW(getrusage, V(RUSAGE_SELF), WR(144)),
	ROW(times, WR0(32)),
	ROW(uname, WR(390)),
	ROW(sysinfo, WR(112)),
	ROW(getcpu, WR0(4), WR0(4)),
	ROW(getrandom, WR_SOME(64), V(64), V(0)),
	ROW(getresuid, WR(4), WR(4), WR(4)),
	ROW(getresgid, WR(4), WR(4), WR(4)),
	ROW(getgroups, V(4), WR(16)),
	ROW(setgroups, V(4), RD(16)),
	ROW(capget, WR(4), WR0(24)),
	ROW(capset, RD(4), RD(24)),
	ROW(prctl, V(PR_SET_NAME), RD(16)),
	ROW(prctl, V(PR_GET_NAME), WR(16)),
	ROW(prctl, V(PR_GET_PDEATHSIG), WR(4)),
	ROW(sched_setaffinity, V(0), V(8), RD(8)),
	ROW(sched_getaffinity, V(0), V(128), WR(8)),
	ROW(sched_setparam, V(0), RD0(4)),
	ROW(sched_getparam, V(0), WR0(4)),
	ROW(sched_setscheduler, V(0), V(0), RD0(4)),
	ROW(get_robust_list, V(0), WR(8), WR(8)),
	ROW(rt_sigaction, V(SIGUSR1), RD0(32), WR0(32), V(8)),
	ROW(rt_sigprocmask, V(SIG_BLOCK), RD0(8), WR0(8), V(8)),
	ROW(rt_sigpending, WR(8), V(8)),
	ROW(rt_sigtimedwait, RD(8), V(0), RD0(16), V(8)),
	ROW(rt_sigsuspend, RD(8), V(8)),
	ROW(rt_sigqueueinfo, V(0), V(0), RD(128)),
	ROW(sigaltstack, RD0(24), V(0)),
	ROW(sigaltstack, V(0), WR0(24)),
	ROW(nanosleep, RD(16), V(0)),
	ROW(clock_nanosleep, V(CLOCK_MONOTONIC), V(0), RD(16), V(0)),
	ROW(clock_gettime, V(CLOCK_MONOTONIC), WR(16)),
	ROW(clock_getres, V(CLOCK_MONOTONIC), WR0(16)),
	ROW(gettimeofday, WR0(16), WR0(8)),
	ROW(getitimer, V(ITIMER_REAL), WR(32)),
	ROW(setitimer, V(ITIMER_REAL), RD0(32), WR0(32)),
	ROW(futex, RD(4), V(0), V(77), V(0)),
	ROW(futex, V(0), V(0), V(0), RD0(16)),
	ROW(mincore, V(0), V(4096), WR(1)),
#ifdef SYS_open
	ROW(open, STR, V(O_RDONLY)),
	ROW(stat, STR, WR(sizeof(struct stat))),
	ROW(lstat, STR, WR(sizeof(struct stat))),
	ROW(access, STR, V(R_OK)),
	ROW(pipe, WR(8)),
	ROW(poll, WR(8), V(1), V(0)),
	ROW(select, V(1), RD0(8), RD0(8), RD0(8), RD0(16)),
	ROW(creat, STR, V(0600)),
	ROW(mkdir, STR, V(0700)),
	ROW(rmdir, STR),
	ROW(unlink, STR),
	ROW(link, STR, STR),
	ROW(symlink, STR, STR),
	ROW(rename, STR, STR),
	ROW(readlink, STR, V(1), V(100)),
	ROW(readlink, V("/proc/self/cwd"), WR(4), V(100)),
	ROW(chmod, STR, V(0600)),
	ROW(chown, STR, V(0), V(0)),
	ROW(lchown, STR, V(0), V(0)),
	ROW(mknod, STR, V(S_IFIFO | 0600), V(0)),
	ROW(time, WR0(8)),
	ROW(arch_prctl, V(0x1003), WR(8)),      /* ARCH_GET_FS */
#endif
};

/* ---- wrong addresses --------------------------------------------------------- */

static char *good;                      /* a page for each argument */
static char *last_page;                 /* behind it is a hole */
static char *forbidden, *read_only, *hole;

static void make_memory(void)
{
	good = map_pages(6, RW);
	last_page = map_pages(2, RW);
	CHECK(munmap(last_page + PAGE, PAGE) == 0);
	memset(last_page, 'x', PAGE);
	forbidden = map_pages(1, PROT_NONE);
	read_only = map_pages(1, PROT_READ);
	hole = map_pages(1, RW);
	CHECK(munmap(hole, PAGE) == 0);
}

static void make_files(void)
{
	int ends[2];

	mkdir(FOLDER, 0700);
	CHECK(chdir("/tmp") == 0);
	CHECK(dup2(open(FILE_, O_RDWR | O_CREAT | O_TRUNC, 0600), FD_FILE) >=
	      0);
	CHECK(ftruncate(FD_FILE, 4096) == 0);
	CHECK(pipe(ends) == 0);
	CHECK(dup2(ends[0], FD_PIPE) >= 0 && dup2(ends[1], FD_PIPE + 1) >= 0);
	CHECK(dup2(open(FOLDER, O_RDONLY), FD_DIR) >= 0);
	CHECK(setgroups(4, (gid_t[]){ 1, 2, 3, 4 }) == 0);
}

/* What is wrong with a pointer. */
enum wrong { IS_NULL, IN_HOLE, NO_ACCESS, KERNEL, NO_ADDRESS, LAST_BYTE,
	     TOO_SHORT, READ_ONLY, WRONGS };

static const char *const wrong_names[WRONGS] = {
	"NULL", "a hole", "PROT_NONE", "the kernel", "no address",
	"the last byte", "too short", "read-only",
};

/* The address, or 1: does not apply to this argument. */
static unsigned long wrong_address(enum wrong w, const struct argument *a)
{
	switch (w) {
	case IS_NULL:
		return a->null ? 1 : 0;
	case IN_HOLE:
		return (unsigned long)hole;
	case NO_ACCESS:
		return (unsigned long)forbidden;
	case KERNEL:
		return 0xffffffff80100000ul;
	case NO_ADDRESS:
		return 0x0123456789abcdeful & ~7ul;
	case LAST_BYTE:
		return ~0ul & ~7ul;
	case TOO_SHORT:
		if (a->value == 1)
			return 1;
		return (unsigned long)(last_page + PAGE - (a->value & ~3) +
				       4 * (a->value % 4 == 0)) -
		       (a->value % 4 != 0);
	default:
		return a->kind == OUT ? (unsigned long)read_only : 1;
	}
}

/* A sound value for the argument in this place. */
static unsigned long sound(const struct row *r, int place)
{
	char *page = good + (size_t)place * PAGE;

	memset(page, 0, 64);
	if (r->arg[place].kind == VALUE)
		return (unsigned long)r->arg[place].value;
	if (r->arg[place].kind == STRING)
		strcpy(page, place > 1 ? FOLDER "/other" : FILE_);
	if (r->nr == SYS_capget || r->nr == SYS_capset)
		*(uint32_t *)page = 0x20080522;
	return (unsigned long)page;
}

/* Places without a pointer that need one: the first word of a futex, memory. */
static void fill_special(const struct row *r, unsigned long *v)
{
	if ((r->nr == SYS_futex && r->arg[0].kind == VALUE) ||
	    r->nr == SYS_mincore)
		v[0] = (unsigned long)good;
	if (r->nr == SYS_rt_sigqueueinfo)
		v[0] = (unsigned long)getpid();
}

static void check_pointer(const struct row *r, int place, enum wrong w)
{
	const struct argument *a = &r->arg[place];
	unsigned long bad = wrong_address(w, a), v[6];
	long ret;

	if (bad == 1)
		return;
	for (int i = 0; i < 6; i++)
		v[i] = sound(r, i);
	fill_special(r, v);
	v[place] = bad;
	errno = 0;
	ret = syscall(r->nr, v[0], v[1], v[2], v[3], v[4], v[5]);
	if (ret == -1 && errno == EFAULT)
		return;
	if (a->count && w == TOO_SHORT && ret > 0 && ret < a->value)
		return;
	printf("# %s: argument %d is %s: %ld, errno %d\n", r->name, place + 1,
	       wrong_names[w], ret, errno);
	fflush(stdout);
	_exit(1);
}

static void check_row(void *arg)
{
	const struct row *r = arg;

	make_memory();
	make_files();
	for (int place = 0; place < 6; place++)
		for (int w = 0; w < WRONGS; w++)
			if (r->arg[place].kind != VALUE)
				check_pointer(r, place, (enum wrong)w);
}

CASE(every_pointer_wrong_in_every_way)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		failed += in_child(check_row, (void *)&rows[i]) != 0;
	unlink(FILE_);
	unlink(FOLDER "/other");
	rmdir(FOLDER);
	CHECK(failed == 0);
}

/* ---- where there must be something to tell ------------------------------------- */

static void nothing(void *arg)
{
	(void)arg;
}

static pid_t zombie(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	return pid;
}

PROVES(wait4, "", "EFAULT after the child is gone")
PROVES(waitid, "", "EFAULT after the child is gone")
CASE(what_became_of_a_child)
{
	make_memory();
	for (int w = IN_HOLE; w < WRONGS; w++) {
		const struct argument status = WR0(4), usage = WR0(144);

		CHECK(syscall(SYS_wait4, zombie(), wrong_address(w, &status), 0,
			      0) == -1 &&
		      errno == EFAULT);
		CHECK(syscall(SYS_wait4, zombie(), 0, 0,
			      wrong_address(w, &usage)) == -1 &&
		      errno == EFAULT);
		CHECK(syscall(SYS_waitid, P_PID, zombie(),
			      wrong_address(w, &(struct argument)WR0(24)),
			      WEXITED, 0) == -1 &&
		      errno == EFAULT);
		/* The child is gone although nobody could be told. */
		CHECK(wait(NULL) == -1 && errno == ECHILD);
	}
	CHECK(in_child(nothing, NULL) == 0);
}

PROVES(execve, "", "EFAULT for any word of argv and envp")
CASE(words_of_a_program)
{
	char *argv[] = { "program", NULL, NULL };

	make_memory();
	for (int w = IN_HOLE; w < READ_ONLY; w++) {
		argv[1] = (char *)wrong_address(w, &(struct argument)STR);
		CHECK(execve("/bin/busybox", argv, NULL) == -1 &&
		      errno == EFAULT);
		CHECK(execve("/bin/busybox", argv + 2, argv) == -1 &&
		      errno == EFAULT);
	}
}

int main(void)
{
	return run_cases();
}
