/* SPDX-License-Identifier: MIT */
/*
 * The few words that every user-space test speaks.
 *
 *	CASE(zero_page_is_shared) { ...; CHECK(x == 0); }
 *	int main(void) { return run_cases(); }
 *
 * Each case prints one TAP line, "ok - file.case" or "not ok - file.case"
 * with the place and errno of the failed CHECK, and runs in a child of its own, so that a
 * crash is a failure and not the end. The programs are ordinary Linux
 * programs: run them on Linux and they must pass there too.
 */
#ifndef TESTS_USER_CHECK_H
#define TESTS_USER_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)

struct test_case {
	const char *name;
	void (*run)(void);
	struct test_case *next;
};
static struct test_case *first_case, **last_case = &first_case;

#define CASE(name_)                                                      \
	static void case_##name_(void);                                  \
	static struct test_case tc_##name_ = { #name_, case_##name_, 0 }; \
	__attribute__((constructor)) static void add_##name_(void)       \
	{                                                                \
		*last_case = &tc_##name_;                                \
		last_case = &tc_##name_.next;                            \
	}                                                                \
	static void case_##name_(void)

/*
 * What the case below proves of a system call, one line for each thing said:
 *
 *	PROVES(mmap, "MAP_FIXED_NOREPLACE", "EEXIST when something is there")
 *	CASE(fixed_noreplace) { ... }
 *
 * The flags (separated by commas, or "") and the words are for kernel/README.md,
 * where tools/support.py puts them (make support). It leaves no code.
 */
#define PROVES(call_, flags_, semantics_)

#define CHECK(cond)                                                     \
	do {                                                            \
		if (!(cond)) {                                          \
			printf("# %s:%d: CHECK(%s) failed, errno %d\n", \
			       __FILE__, __LINE__, #cond, errno);       \
			fflush(stdout);                                 \
			_exit(1);                                       \
		}                                                       \
	} while (0)

/* Runs fn(arg) in a child; its wait status. */
__attribute__((unused)) static int in_child(void (*fn)(void *), void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fn(arg);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

static void run_one_case(void *arg)
{
	((struct test_case *)arg)->run();
}

/* Runs every case; the number of failures, at most 99. */
__attribute__((unused)) static int run_cases(void)
{
	const char *file = strrchr(program_invocation_name, '/');
	int failed = 0;

	file = file ? file + 1 : program_invocation_name;
	for (struct test_case *t = first_case; t; t = t->next) {
		int status = in_child(run_one_case, t);

		if (WIFSIGNALED(status))
			printf("# killed by signal %d\n", WTERMSIG(status));
		printf("%s - %s.%s\n", status ? "not ok" : "ok", file, t->name);
		fflush(stdout);
		failed += status != 0;
	}
	return failed > 99 ? 99 : failed;
}

static inline void *map_pages(size_t nr_pages, int prot)
{
	void *p = mmap(NULL, nr_pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

#endif
