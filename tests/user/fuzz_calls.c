/* SPDX-License-Identifier: MIT */
/*
 * Random system calls with wild arguments, and allocations that fail.
 *
 *	fuzz_calls seed=7 ops=20000 log=1
 *
 *	ops   calls in all          seed   of the dice
 *	log   1: say each call before it is made; the last line is the culprit
 *
 *   supervisor ─ fork ─► child: 64 calls in /tmp/fuzz ─► ends, or is killed
 *        ▲                  └─ may fork, clone, exec, lose its stack …
 *        └── waits; no progress? SIGKILL. Kills what is left, empties /tmp/fuzz
 *
 * A call is drawn by number, from the table or from anywhere; what the table
 * says of its arguments is believed most of the time. Before half of the calls
 * /proc/quire/fail-nth is told that one of the next allocations must fail.
 *
 * There is nothing to check but that the machine lives: the kernel's asserts
 * during the run, the number of its objects (/proc/slabinfo) at the end, and
 * init's census after that. On Linux there is neither injection nor slabinfo
 * of ours, and the program runs all the same.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "caches.h"
#include "fuzz_draw.h"
#include "fuzz_table.h"

#define RW           (PROT_READ | PROT_WRITE)
#define OPS_OF_CHILD 64
#define NUMBERS      470                /* some more than there are */

static struct {
	long ops, log;
	uint64_t seed;
} plan = { 2000, 0, 1 };

/* What supervisor and child share. */
struct board {
	volatile long done;             /* calls begun, ever */
};
static struct board *board;

/* ---- a call -------------------------------------------------------------- */

struct call {
	const char *name;
	long nr;
	unsigned long arg[6];
};

/* What would end the machine, the run, or somebody outside of it. */
static bool is_forbidden(const struct call *c)
{
	switch (c->nr) {
	case SYS_reboot:
	case SYS_ptrace:
		return true;
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:          /* to nowhere, as a rule */
		return below(16);
	}
	return false;
}

static struct call draw_call(void)
{
	size_t i = below(sizeof(fuzz_table) / sizeof(*fuzz_table));
	struct call c = { fuzz_table[i].name, fuzz_table[i].nr, { 0 } };
	const char *kinds = fuzz_table[i].kinds;

	if (below(20) == 0) {           /* a number that nobody described */
		c.name = "number";
		c.nr = (long)below(NUMBERS);
		kinds = "??????";
		for (size_t k = 0; k < sizeof(fuzz_table) / sizeof(*fuzz_table);
		     k++)
			if (fuzz_table[k].nr == c.nr) {
				c.name = fuzz_table[k].name;
				kinds = fuzz_table[k].kinds;
			}
	}
	for (int k = 0; k < 6 && kinds[k]; k++)
		c.arg[k] = some_argument(kinds[k]);
	return c;
}

static int fail_fd = -1;

/* The n-th allocation from now on fails; 0: none. */
static void arm(unsigned int n)
{
	char text[12];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (fail_fd >= 0)
		syscall(SYS_write, fail_fd, text, len);
}

static void say_call(const struct call *c)
{
	char text[200];
	int len = snprintf(text, sizeof(text),
			   "# %ld: %s(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n",
			   board->done, c->name, c->arg[0], c->arg[1],
			   c->arg[2], c->arg[3], c->arg[4], c->arg[5]);

	syscall(SYS_write, 60, text, len);
}

/* Signals come again and again, so that nothing sleeps for long. */
static void set_alarm(void)
{
	struct itimerval soon = { { 0, 5000 }, { 0, 5000 } };
	uint64_t none = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	syscall(SYS_setitimer, ITIMER_REAL, &soon, NULL);
}

/* Puts the arena back after calls that may have taken a piece of it. */
static void mend_arena(long nr)
{
	switch (nr) {
	case SYS_munmap:
	case SYS_mmap:
	case SYS_mprotect:
	case SYS_mremap:
	case SYS_remap_file_pages:
		if (below(4))
			mmap(arena, ARENA_PAGES * PAGE, RW,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
}

static void make_call(long me)
{
	struct call c = draw_call();
	unsigned int n = below(2) ? 1 + (unsigned int)below(12) : 0;

	board->done++;
	if (is_forbidden(&c))
		return;
	if (plan.log)
		say_call(&c);
	set_alarm();
	arm(n);
	syscall(c.nr, c.arg[0], c.arg[1], c.arg[2], c.arg[3], c.arg[4],
		c.arg[5]);
	if (syscall(SYS_gettid) != me)  /* a fork of ours, or a thread */
		syscall(SYS_exit, 0);
	if (n)
		arm(0);
	mend_arena(c.nr);
}

/* ---- a child ------------------------------------------------------------- */

static void on_signal(int signo)
{
	(void)signo;
}

static void limit(int which, rlim_t value)
{
	struct rlimit l = { value, value };

	setrlimit(which, &l);
}

static char *map_pages(size_t nr_pages, int prot)
{
	return mmap(NULL, nr_pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
}

static void child_memory(void)
{
	arena = map_pages(ARENA_PAGES + 1, RW);
	munmap(arena + ARENA_PAGES * PAGE, PAGE);
	read_only = map_pages(1, PROT_READ);
	no_access = map_pages(1, PROT_NONE);
	hole = map_pages(1, RW);
	munmap(hole, PAGE);
	for (size_t i = 0; i < ARENA_PAGES * PAGE / 8; i += 3)
		((uint64_t *)arena)[i] = roll() >> below(64);
}

static int null_fd;

/* Nodes of our own: some call will unlink or rename them. */
static const struct {
	const char *name;
	unsigned int minor;
} devices[] = { { "null", 3 }, { "zero", 5 }, { "full", 7 }, { "urandom", 9 } };

/* Something to execute that may be scribbled on. */
static void copy_program(void)
{
	int from = open("/bin/hello_musl", O_RDONLY);
	int to = open("program", O_WRONLY | O_CREAT | O_TRUNC, 0700);

	while (sendfile(to, from, NULL, 1 << 20) > 0)
		continue;
	close(from);
	close(to);
}

/* Descriptors of every kind from 3 on, none of them the terminal. */
static void child_files(void)
{
	int ends[2];

	for (int fd = 0; fd < 3; fd++)
		dup2(null_fd, fd);
	close(null_fd);
	for (unsigned int i = 0; i < 4; i++)
		mknod(devices[i].name, S_IFCHR | 0600,
		      makedev(1, devices[i].minor));
	open("a", O_RDWR | O_CREAT, 0600);
	open("b", O_RDWR | O_CREAT | O_APPEND, 0600);
	open(".", O_RDONLY | O_DIRECTORY);
	open("zero", O_RDWR);
	open("a", O_PATH);
	open("/proc/self/maps", O_RDONLY);
	if (pipe(ends) || pipe2(ends, O_NONBLOCK))
		return;
	memfd_create("fuzz", MFD_ALLOW_SEALING);
	open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	mkdir("dir", 0700);
	if (symlink("../a", "dir/link") || symlink("dir", "link"))
		return;
	mkfifo("fifo", 0600);
	copy_program();
}

static void child_main(uint64_t seed)
{
	long me = getpid();

	dice = (seed * 0x9e3779b97f4a7c15ull) | 1;
	(void)roll();
	setsid();
	for (int s = 1; s < 64; s++)
		if (s != SIGSEGV && s != SIGBUS && s != SIGILL && s != SIGFPE)
			signal(s, on_signal);
	if (plan.log)
		dup2(1, 60);
	if (fail_fd >= 0)
		fail_fd = dup2(fail_fd, 61);
	limit(RLIMIT_AS, 128 << 20);
	limit(RLIMIT_FSIZE, 4 << 20);
	limit(RLIMIT_CORE, 0);
	child_memory();
	child_files();
	for (int i = 0; i < OPS_OF_CHILD; i++)
		make_call(me);
	_exit(0);
}

/* ---- the supervisor ------------------------------------------------------ */

/* Kills every child that is left, whoever made it. */
static void kill_children(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;

	while (proc && (d = readdir(proc))) {
		char path[300], text[300], *end;
		int pid = atoi(d->d_name), ppid = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/stat", d->d_name);
		f = pid > 1 ? fopen(path, "r") : NULL;
		if (!f)
			continue;
		end = fgets(text, sizeof(text), f) ? strrchr(text, ')') : NULL;
		if (end && sscanf(end + 1, " %*c %d", &ppid) == 1 &&
		    ppid == getpid())
			kill(pid, SIGKILL);
		fclose(f);
	}
	if (proc)
		closedir(proc);
}

/* Waits for all children; kills them when nothing goes on any more. */
static void wait_for_children(pid_t child)
{
	const struct timespec while_ = { 0, 2000000 };
	long seen = -1;
	int idle = 0;
	pid_t ended;

	while ((ended = waitpid(-1, NULL, WNOHANG | __WALL)) >= 0) {
		if (ended > 0) {
			if (ended == child)
				idle = 1000;    /* the others are left over */
			continue;
		}
		idle = board->done == seen ? idle + 1 : idle > 500 ? idle : 0;
		seen = board->done;
		if (idle > 100) {
			kill(child, SIGKILL);
			kill_children();
		}
		nanosleep(&while_, NULL);
	}
}

/* Removes what is in the folder, two levels deep at most as often as needed. */
static void empty_folder(const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char name[600];

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
		if (unlink(name) && depth < 8) {
			empty_folder(name, depth + 1);
			rmdir(name);
		}
	}
	if (dir)
		closedir(dir);
}

static void run_child(uint64_t seed)
{
	pid_t pid = fork();

	if (pid == 0)
		child_main(seed);
	if (pid > 0)
		wait_for_children(pid);
	empty_folder(FOLDER, 0);
}

/* ---- what the kernel holds ----------------------------------------------- */

/* Does the kernel obey fail-nth? 1 if not; 0 also where there is none. */
static int injection_is_broken(void)
{
	int fd;

	if (fail_fd < 0)
		return 0;
	arm(1);
	fd = open(".", O_RDONLY);
	arm(0);
	printf("%s - fuzz_calls.an_allocation_fails\n",
	       fd < 0 && errno == ENOMEM ? "ok" : "not ok");
	fflush(stdout);
	return fd >= 0;
}

static void option(const char *word)
{
	const char *value = strchr(word, '=');
	long n = value ? atol(value + 1) : 0;

	if (!strncmp(word, "ops=", 4))
		plan.ops = n;
	else if (!strncmp(word, "seed=", 5))
		plan.seed = (uint64_t)n;
	else if (!strncmp(word, "log=", 4))
		plan.log = n;
}

int main(int argc, char **argv)
{
	struct cache before[MAX_CACHES];
	int nr, grown, broken;

	for (int i = 1; i < argc; i++)
		option(argv[i]);
	board = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	null_fd = open("/dev/null", O_RDWR);
	fail_fd = open("/proc/quire/fail-nth", O_RDWR);
	mkdir(FOLDER, 0700);
	if (board == MAP_FAILED || chdir(FOLDER))
		return 1;
	broken = injection_is_broken();
	run_child(plan.seed);           /* caches get their first slabs */
	nr = fail_fd >= 0 ? read_caches(before) : 0;
	for (uint64_t k = 1; board->done < plan.ops; k++) {
		run_child(plan.seed + k * 1000003);
		board->done += OPS_OF_CHILD / 8;        /* also who dies at once */
	}
	for (int i = 0; i < 50 && grown_caches(before, nr, false); i++)
		usleep(20000);          /* the reaper has its own pace */
	grown = grown_caches(before, nr, true);
	printf("%s - fuzz_calls.objects_return\n", grown ? "not ok" : "ok");
	printf("ok - fuzz_calls.the_kernel_lives # seed %llu, %ld calls\n",
	       (unsigned long long)plan.seed, board->done);
	fflush(stdout);
	if (chdir("/") || rmdir(FOLDER))
		printf("# %s stays\n", FOLDER);
	return grown || broken;
}
