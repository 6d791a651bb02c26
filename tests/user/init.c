/* SPDX-License-Identifier: MIT */
/*
 * init - process 1 of Quire's initramfs.
 *
 * Its arguments (the words after "--" on the kernel's command line) say what to do, in
 * order:
 *
 *   tour          the guided tour (/bin/tour)
 *   shell         busybox sh on the console, until it ends
 *   test [NAME…]  every program /tests/test_*, or the named ones; must be last
 *   stress [NAME…] [KEY=VALUE…]
 *                 every /tests/stress_*, or the named ones, with these
 *                 arguments (tests/user/stress.h); must be last
 *   fuzz [NAME…] [KEY=VALUE…]
 *                 the same with /tests/fuzz_*
 *   run CMD…      one program with its arguments; must be last
 *
 * After each program of /tests the kernel takes a census: every frame must still
 * be accounted for. Elsewhere than on Quire there is none to take.
 *
 * The exit status is the verdict: 0 only if everything asked for succeeded.
 * The kernel stops the machine with it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
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

#define MAX_TESTS 256
#define MAX_WORDS 16

/* Names in /tests that begin with prefix, in order; their number. */
static int list_tests(const char *prefix, char **name)
{
	DIR *dir = opendir("/tests");
	struct dirent *d;
	int nr = 0;

	while (dir && (d = readdir(dir)) && nr < MAX_TESTS)
		if (!strncmp(d->d_name, prefix, strlen(prefix)))
			name[nr++] = strdup(d->d_name);
	if (dir)
		closedir(dir);
	qsort(name, (size_t)nr, sizeof(*name), compare_names);
	return nr;
}

/* The kernel's bill of frames, its first line; false: there is none here. */
static bool read_census(char *text, int size)
{
	FILE *f = fopen("/proc/quire/census", "r");

	if (!f)
		return false;
	if (!fgets(text, size, f))
		snprintf(text, (size_t)size, "cannot be read, errno %d", errno);
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/*
 * 1 if the bill does not add up. Stacks of the last threads may be on their way
 * back while other CPUs stand still for it: what is lost stays lost, so it has
 * some attempts.
 */
static int take_census(const char *name)
{
	const struct timespec pause = { 0, 20000000 };
	char text[256] = "";
	bool sound = false;

	for (int attempt = 0; attempt < 25 && !sound; attempt++) {
		if (attempt)
			nanosleep(&pause, NULL);
		if (!read_census(text, sizeof(text)))
			return 0;
		sound = !strcmp(text, "verdict sound");
	}
	if (!sound)
		printf("# census: %s\n", text);
	printf("%s - census after %s\n", sound ? "ok" : "not ok", name);
	fflush(stdout);
	return !sound;
}

/* Runs one program of /tests with these arguments; 1 if it failed or crashed. */
static int run_test(const char *name, char **words, int nr_words)
{
	char path[128];
	char *argv[MAX_WORDS + 2] = { path };
	int status;

	for (int i = 0; i < nr_words && i < MAX_WORDS; i++)
		argv[1 + i] = words[i];
	snprintf(path, sizeof(path), "/tests/%s", name);
	printf("# %s\n", name);
	fflush(stdout);
	status = run_program(argv);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 99)
		printf("not ok - %s ended with status %#x\n", name, status);
	return (status != 0) | take_census(name);
}

/* The programs of one kind: all, or those named before the first KEY=VALUE. */
static int run_tests(const char *kind, char **arg, int nr_args)
{
	static char *name[MAX_TESTS];
	char **wanted = arg, **words;
	int nr = 0, failed = 0;

	while (nr < nr_args && !strchr(arg[nr], '='))
		nr++;
	words = arg + nr;
	nr_args -= nr;
	if (nr == 0) {
		char prefix[16];

		snprintf(prefix, sizeof(prefix), "%s_", kind);
		wanted = name;
		nr = list_tests(prefix, name);
	}
	if (nr == 0)
		printf("not ok - no programs of kind %s in /tests\n", kind);
	for (int i = 0; i < nr; i++)
		failed += run_test(wanted[i], words, nr_args);
	printf("# user %s%s: %d programs, %d failed\n", kind,
	       strcmp(kind, "test") ? "" : "s", nr, failed);
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
		} else if (!strcmp(argv[i], "test") ||
			   !strcmp(argv[i], "stress") ||
			   !strcmp(argv[i], "fuzz")) {
			return verdict |
			       run_tests(argv[i], argv + i + 1, argc - i - 1);
		} else if (!strcmp(argv[i], "run") && i + 1 < argc) {
			return verdict | (run_program(argv + i + 1) != 0);
		} else {
			fprintf(stderr,
				"init: unknown word \"%s\"; I know tour, "
				"shell, test [NAME...], stress or fuzz "
				"[NAME...] [KEY=VALUE...], run CMD...\n",
				argv[i]);
			return 2;
		}
	}
	return verdict;
}
