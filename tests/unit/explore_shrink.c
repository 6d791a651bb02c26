/* SPDX-License-Identifier: MIT */
/*
 * Shrinking a failure: fewer actors, fewer operations, fewer changes.
 *
 *	script ──leave one actor or operation out──► some seeds ─ fails? keep it
 *	changes ──leave one out────────────────────► again ────── fails? keep it
 *
 * The kernel that failed cannot be trusted with another run, so each try is
 * a process of its own (explore -q), which answers with one line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/explore_shrink.h"

#define TEXT_MAX  512
#define ORDER_MAX 6000
#define SEEDS	  400 /* that a smaller script gets */

struct failure {
	unsigned long long seed;
	char script[TEXT_MAX];
	char order[ORDER_MAX]; /* "step:actor,…" */
};

static const char *program;

void shrink_init(const char *path)
{
	program = path;
}

/* Runs explore with these words; true: it failed as *f says. */
static bool try_run(const char *words, struct failure *f)
{
	static char command[TEXT_MAX + ORDER_MAX + 100];
	char line[TEXT_MAX + ORDER_MAX + 100];
	bool failed = false;
	FILE *pipe;

	snprintf(command, sizeof(command), "%s -q %s 2>/dev/null", program,
		 words);
	pipe = popen(command, "r");
	if (!pipe)
		return false;
	while (fgets(line, sizeof(line), pipe)) {
		f->order[0] = '\0';
		if (sscanf(line, "FAIL %llu|%511[^|]|%5999[^\n]", &f->seed,
			   f->script, f->order) >= 2)
			failed = true;
	}
	pclose(pipe);
	return failed;
}

/* The script without its n-th word; a letter alone is an actor, who goes
 * with all his operations. false: there is no such word. */
static bool leave_out(const char *script, int n, char *out)
{
	char copy[TEXT_MAX], *save_a, *save_w;
	size_t len = 0;
	int at = 0;
	bool found = false;

	strcpy(copy, script);
	*out = '\0';
	for (char *actor = strtok_r(copy, ";", &save_a); actor;
	     actor = strtok_r(NULL, ";", &save_a)) {
		char mine[TEXT_MAX] = "";
		bool gone = false;
		int words = 0;

		for (char *w = strtok_r(actor, " ", &save_w); w;
		     w = strtok_r(NULL, " ", &save_w), at++) {
			if (at == n) {
				found = true;
				gone |= !w[1];
				continue;
			}
			strcat(strcat(mine, w), " ");
			words++;
		}
		if (!gone && words > 1)
			len += (size_t)sprintf(out + len, "%s%s",
					       len ? "; " : "", mine);
	}
	return found && len;
}

static void shrink_script(struct failure *best)
{
	char words[TEXT_MAX + 100], smaller[TEXT_MAX];
	struct failure f;

	for (int n = 0; leave_out(best->script, n, smaller); n++) {
		snprintf(words, sizeof(words), "-t \"%s\" -n %d %llu", smaller,
			 SEEDS, best->seed);
		if (try_run(words, &f)) {
			*best = f;
			n = -1;
		}
	}
}

/* The order without its n-th change. */
static bool leave_change_out(const char *order, int n, char *out)
{
	char copy[ORDER_MAX], *save;
	bool found = false;
	int at = 0;

	strcpy(copy, order);
	*out = '\0';
	for (char *c = strtok_r(copy, ",", &save); c;
	     c = strtok_r(NULL, ",", &save), at++) {
		if (at == n)
			found = true;
		else
			strcat(strcat(out, *out ? "," : ""), c);
	}
	return found;
}

static void shrink_order(struct failure *best)
{
	static char words[TEXT_MAX + ORDER_MAX + 50], smaller[ORDER_MAX];
	struct failure f;

	for (int n = 0; leave_change_out(best->order, n, smaller);) {
		snprintf(words, sizeof(words), "-t \"%s\" -w \"%s\" %llu",
			 best->script, smaller, best->seed);
		if (try_run(words, &f)) {
			strcpy(best->order, smaller);
			n = 0;
		} else {
			n++;
		}
	}
}

void shrink(u64 seed, const char *script)
{
	static char words[TEXT_MAX + ORDER_MAX + 100];
	struct failure best = { .seed = seed };

	snprintf(words, sizeof(words), "-t \"%s\" %llu", script, best.seed);
	if (!try_run(words, &best)) {
		printf("# alone it does not fail: it needs what came before\n");
		fflush(stdout);
		return;
	}
	shrink_script(&best);
	shrink_order(&best);
	printf("# the smallest that was found:\n");
	fflush(stdout);
	snprintf(words, sizeof(words), "%s -t \"%s\" -w \"%s\" %llu", program,
		 best.script, best.order, best.seed);
	printf("# %s\n", words);
	fflush(stdout);
	if (system(words) == 0)
		printf("# and now it does not fail\n");
	fflush(stdout);
}
