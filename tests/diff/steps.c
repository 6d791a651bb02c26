/* SPDX-License-Identifier: MIT */
/*
 * A sequence: steps one after the other, some of them in children.
 *
 *	1 2 3 fork ─┐ 7 8 9        the parent waits, then goes on behind
 *	            └─► 4 5 6 ■    the child does some steps and is gone
 */
#include "memdiff.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	step_fn *run;
	int weight;
	bool anybody;                   /* the second thread may do it */
} table[] = {
	{ "store", step_store, 18, true },
	{ "load", step_load, 10, true },
	{ "exec", step_exec, 2, true },
	{ "mmap", step_mmap, 18, true },
	{ "munmap", step_munmap, 6, true },
	{ "mprotect", step_mprotect, 10, true },
	{ "mremap", step_mremap, 9, true },
	{ "madvise", step_madvise, 10, true },
	{ "remove", step_remove, 2, true },
	{ "lock", step_lock, 4, true },
	{ "lock_all", step_lock_all, 1, true },
	{ "brk", step_brk, 3, true },
	{ "msync", step_msync, 2, true },
	{ "mincore", step_mincore, 4, true },
	{ "limit", step_limit, 1, false },
	{ "remap", step_remap, 2, true },
	{ "tags", step_tags, 2, true },
	{ "truncate", step_truncate, 3, false },
	{ "fallocate", step_fallocate, 2, false },
	{ "read", step_read, 3, true },
	{ "write", step_write, 3, true },
	{ "stat", step_stat, 2, false },
	{ "seal", step_seal, 1, false },
	{ "maps", step_maps, 3, false },
	{ "contents", step_contents, 3, false },
};

#define EXPOSE_TAGBITS 0x800            /* SA_EXPOSE_TAGBITS, new in Linux 5.11 */

enum { NR_KINDS = sizeof(table) / sizeof(table[0]), FORK_WEIGHT = 3 };

/* Kinds that a kernel does not have yet. */
static bool left_out[NR_KINDS];

/**
 * leave_out() - do no steps of this kind; false: there is none of that name
 */
bool leave_out(const char *name)
{
	for (int i = 0; i < NR_KINDS; i++)
		if (!strcmp(table[i].name, name))
			return left_out[i] = true;
	return false;
}

/* step_maps() */
void step_maps(struct dice *d)
{
	(void)d;
	say(" maps");
	show_maps();
}

/* step_contents() */
void step_contents(struct dice *d)
{
	(void)d;
	say(" contents");
	show_contents();
}

/* The kind of a step; -1: fork. */
static int draw_kind(struct dice *d)
{
	int total = FORK_WEIGHT;
	long x;

	for (int i = 0; i < NR_KINDS; i++)
		total += table[i].weight;
	x = below(d, total);
	for (int i = 0; i < NR_KINDS; i++) {
		x -= table[i].weight;
		if (x < 0)
			return i;
	}
	return -1;
}

bool in_child, private_zero, pages_leave, lone_stacks;

static void run_steps(const struct sequence *s, int first, int end, int depth);

/* The next steps in a child; where the parent goes on. */
static int run_fork(const struct sequence *s, int nr, int end, int depth,
		    struct dice *d)
{
	long length = chance(d, 15) ? MAX_STEPS : 1 + below(d, 16);
	int stop = nr + 1 + (int)length, status = -1;
	pid_t pid;

	if (stop > end)
		stop = end;
	say(" fork until %d", stop);
	end_line();
	if (depth == 4)
		return nr + 1;
	pid = fork();
	if (pid == 0) {
		in_child = true;        /* the thread is not here */
		run_steps(s, nr + 1, stop, depth + 1);
		say("%*s", depth, "");
		show_contents();
		end_line();
		_exit(depth);
	}
	if (pid > 0)                    /* not a note before it is gone */
		waitpid(pid, &status, 0);
	note_number("fork ended", status);
	end_line();
	return pid > 0 ? stop : nr + 1;
}

static void run_one(int kind, struct dice *d, uint64_t seed)
{
	bool helper = seed % 2 && chance(d, 30);

	if (left_out[kind]) {
		say(" (%s)", table[kind].name);
		end_line();
		return;
	}
	if (helper && table[kind].anybody)
		helper_run(table[kind].run, d);
	else
		table[kind].run(d);
	end_line();
}

/* Steps [first, end), those that are kept. */
static void run_steps(const struct sequence *s, int first, int end, int depth)
{
	int nr = first;

	while (nr < end) {
		struct dice d = dice_of(s->seed, (uint64_t)nr);
		int kind = draw_kind(&d);

		if (!(s->keep[nr / 8] >> nr % 8 & 1)) {
			nr++;
			continue;
		}
		say("%*s%03d", depth, "", nr);
		if (kind < 0) {
			nr = run_fork(s, nr, end, depth, &d);
		} else {
			run_one(kind, &d, s->seed);
			nr++;
		}
	}
}

/**
 * run_sequence() - all of it, in this process
 */
void run_sequence(const struct sequence *s)
{
	private_zero = s->seed % 8 == 0;
	pages_leave = s->seed % 16 == 1;
	lone_stacks = s->seed % 16 == 3;
	if (s->seed % 4 == 2)
		touch_init(EXPOSE_TAGBITS);
	files_open();
	if (s->seed % 2)
		helper_start();
	run_steps(s, 0, s->nr_steps, 0);
	say("end maps");
	show_maps();
	end_line();
	say("end contents");
	show_contents();
	end_line();
}
