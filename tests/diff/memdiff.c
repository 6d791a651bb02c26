/* SPDX-License-Identifier: MIT */
/*
 * memdiff - sequences of memory calls, to be compared between kernels.
 *
 *	memdiff FIRST END [STEPS]   a line "seed hash" for each seed of [FIRST, END)
 *	memdiff … -KIND             without steps of this kind (steps.c)
 *	memdiff serve               requests from the standard input, one a line:
 *	                              range FIRST END STEPS   as above
 *	                              hash SEED STEPS MASK    its line
 *	                              log SEED STEPS MASK     all results, its line
 *
 * MASK: hexadecimal, the steps that are kept, a bit a step, the first step in
 * the lowest bit of the first two digits; "-" keeps all.
 *
 * See memdiff.h for the idea and README.md for the use.
 */
#include "memdiff.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE = 60 };                 /* seconds for one sequence */

static void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		(void)!write(fd, value, strlen(value));
		close(fd);
	}
}

/* Where Linux has a choice, Quire's only rule: no limit to overcommit, and the same
 * lowest address on every machine. */
static void set_rules(void)
{
	set_sysctl("/proc/sys/vm/overcommit_memory", "1\n");
	set_sysctl("/proc/sys/vm/mmap_min_addr", "65536\n");
}

/* One sequence in a child of its own; prints its line. */
static void run_child(const struct sequence *s, bool text)
{
	int status = 0;
	pid_t pid;

	log_begin(text);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(PATIENCE);
		run_sequence(s);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	note((uint64_t)status);
	printf("%llu %016llx", (unsigned long long)s->seed,
	       (unsigned long long)out->hash);
	if (status)
		printf(" status %#x", status);
	printf("\n");
	fflush(stdout);
}

/* "3f0…": bytes of two digits. */
static void parse_mask(const char *text, struct sequence *s)
{
	memset(s->keep, 0xff, sizeof(s->keep));
	if (*text == '-')
		return;
	memset(s->keep, 0, sizeof(s->keep));
	for (size_t i = 0; i < sizeof(s->keep) && text[0] && text[1]; i++) {
		char digits[3] = { text[0], text[1], '\0' };

		s->keep[i] = (uint8_t)strtoul(digits, NULL, 16);
		text += 2;
	}
}

static void run_range(uint64_t first, uint64_t end, int nr_steps)
{
	struct sequence s = { .seed = first, .nr_steps = nr_steps };

	parse_mask("-", &s);
	for (; s.seed < end; s.seed++)
		run_child(&s, false);
}

/* The console must not repeat what is typed: answers stand alone. */
static void be_silent(void)
{
	struct termios t;

	if (tcgetattr(0, &t) == 0) {
		t.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(0, TCSANOW, &t);
	}
}

static int serve(void)
{
	static char request[256], mask[80], verb[8];
	struct sequence s;

	be_silent();
	printf("memdiff: ready\n");
	fflush(stdout);
	while (fgets(request, sizeof(request), stdin)) {
		if (sscanf(request, "%7s %lu %d %79s", verb, &s.seed,
			   &s.nr_steps, mask) != 4)
			return 0;
		if (!strcmp(verb, "range")) {
			run_range(s.seed, (uint64_t)s.nr_steps, atoi(mask));
			continue;
		}
		parse_mask(mask, &s);
		run_child(&s, !strcmp(verb, "log"));
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	set_rules();
	log_init();
	touch_init(0);
	where_init();
	for (; argc > 1 && argv[argc - 1][0] == '-'; argc--)
		if (!leave_out(argv[argc - 1] + 1))
			return 2;
	if (argc == 2 && !strcmp(argv[1], "serve"))
		return serve();
	if (argc < 3) {
		fprintf(stderr, "memdiff FIRST END [STEPS] | memdiff serve\n");
		return 2;
	}
	run_range(strtoul(argv[1], NULL, 0), strtoul(argv[2], NULL, 0),
		  argc > 3 ? atoi(argv[3]) : 200);
	return 0;
}
