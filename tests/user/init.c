/* SPDX-License-Identifier: MIT */
/*
 * init - process 1 of Quire's initramfs.
 *
 * Its arguments (the words after "--" on the kernel's command line) say what to do, in
 * order:
 *
 *   tour          the guided tour (/bin/tour)
 *   shell         busybox sh on the console, until it ends
 *   test [NAME…]  every program of /tests, or the named ones; must be last
 *   run CMD…      one program with its arguments; must be last
 *
 * The exit status is the verdict: 0 only if everything asked for succeeded.
 * The kernel stops the machine with it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const environment[] = {
	"PATH=/bin:/sbin:/usr/bin:/usr/sbin:/tests", "HOME=/root",
	"TERM=vt100", "PS1=quire:\\w# ", NULL
};

/* Starts argv in a session of its own on the console; its wait status. */
static int run_program(char *const argv[])
{
	int status = -1;
	pid_t pid = fork(), ended;

	if (pid == 0) {
		setsid();
		ioctl(0, TIOCSCTTY, 1);
		execve(argv[0], argv, environment);
		fprintf(stderr, "init: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0) {
		perror("init: fork");
		return -1;
	}
	do {                            /* orphans come to us as well */
		ended = wait(&status);
	} while (ended != pid && (ended > 0 || errno == EINTR));
	return status;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of /tests in order; their number. */
static int list_tests(char **name, int max)
{
	DIR *dir = opendir("/tests");
	struct dirent *d;
	int nr = 0;

	while (dir && (d = readdir(dir)) && nr < max)
		if (!strncmp(d->d_name, "test_", 5))
			name[nr++] = strdup(d->d_name);
	if (dir)
		closedir(dir);
	qsort(name, (size_t)nr, sizeof(*name), compare_names);
	return nr;
}

/* Runs one test program; 1 if it failed or crashed. */
static int run_test(const char *name)
{
	char path[128];
	char *argv[] = { path, NULL };
	int status;

	snprintf(path, sizeof(path), "/tests/%s", name);
	printf("# %s\n", name);
	fflush(stdout);
	status = run_program(argv);
	if (status == 0)
		return 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 99)
		printf("not ok - %s ended with status %#x\n", name, status);
	return 1;
}

static int run_tests(char **wanted, int nr)
{
	static char *name[256];
	int failed = 0;

	if (nr == 0) {
		wanted = name;
		nr = list_tests(name, 256);
	}
	if (nr == 0)
		printf("not ok - no programs in /tests\n");
	for (int i = 0; i < nr; i++)
		failed += run_test(wanted[i]);
	printf("# user tests: %d programs, %d failed\n", nr, failed);
	return nr == 0 || failed != 0;
}

int main(int argc, char **argv)
{
	char *tour[] = { "/bin/tour", NULL };
	char *shell[] = { "/bin/sh", "-i", NULL };
	int verdict = 0;

	if (argc < 2) {
		printf("init: no words after \"--\": starting a shell\n");
		return run_program(shell) != 0;
	}
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "tour")) {
			verdict |= run_program(tour) != 0;
		} else if (!strcmp(argv[i], "shell")) {
			printf("A busybox shell. Try: tour, ps, free, cat "
			       "/proc/self/maps, ls /proc/quire.\n"
			       "\"exit\" ends the machine, Ctrl-A X leaves "
			       "QEMU.\n");
			fflush(stdout);
			run_program(shell);
		} else if (!strcmp(argv[i], "test")) {
			return verdict | run_tests(argv + i + 1, argc - i - 1);
		} else if (!strcmp(argv[i], "run") && i + 1 < argc) {
			return verdict | (run_program(argv + i + 1) != 0);
		} else {
			fprintf(stderr,
				"init: unknown word \"%s\"; I know tour, "
				"shell, test [NAME...], run CMD...\n",
				argv[i]);
			return 2;
		}
	}
	return verdict;
}
