/* SPDX-License-Identifier: MIT */
/*
 * Fork storms: many processes at once that share frames until they write.
 *
 * A child's picture of the parent's memory is that of one moment, although the
 * parent's threads go on writing; what the child writes, nobody else sees.
 */
#include "stress.h"

#include <spawn.h>
#include <sys/syscall.h>

#define PICTURE   8                     /* pages that everybody writes */
#define STEPS     4                     /* words of a page, written in order */
#define MAX_TASKS 2000

extern char **environ;
static const char *own_path;

static volatile uint64_t *step_at(long page, int step)
{
	return (volatile uint64_t *)(ARENA + (size_t)page * PAGE) + step * 128;
}

/* Threads of the parent: page after page, the same rising number in each word,
 * the first word first. Thread n has the pages n, n + threads, … */
static void keep_writing(struct member *m)
{
	for (uint64_t n = 1; !stopped(); n++) {
		for (long p = m->nr; p < PICTURE; p += team_size)
			for (int s = 0; s < STEPS; s++)
				__atomic_store_n(step_at(p, s), n,
						 __ATOMIC_RELEASE);
		if (n % 64 == 0)
			sched_yield();
	}
}

/* A page of one moment: the words that come first are as new or one newer. */
static void check_picture(void)
{
	uint64_t seen[PICTURE][STEPS];

	for (long p = 0; p < PICTURE; p++)
		for (int s = 0; s < STEPS; s++)
			seen[p][s] = *step_at(p, s);
	sched_yield();
	for (long p = 0; p < PICTURE; p++) {
		for (int s = 0; s < STEPS; s++) {
			CHECK(*step_at(p, s) == seen[p][s]);
			CHECK(s == 0 || seen[p][s] <= seen[p][s - 1]);
		}
		CHECK(seen[p][0] - seen[p][STEPS - 1] <= 1);
	}
}

static void write_picture(uint64_t value)
{
	for (long p = 0; p < PICTURE; p++)
		for (int s = 0; s < STEPS; s++)
			*step_at(p, s) = value + (uint64_t)p;
	for (long p = 0; p < PICTURE; p++)
		for (int s = 0; s < STEPS; s++)
			CHECK(*step_at(p, s) == value + (uint64_t)p);
}

static void shuffle(long *order, long nr, struct dice *d)
{
	for (long i = 0; i < nr; i++)
		order[i] = i;
	for (long i = nr - 1; i > 0; i--) {
		long other = roll_below(d, i + 1), kept = order[i];

		order[i] = order[other];
		order[other] = kept;
	}
}

/* Lives until the parent closes its end of the pipe, or is killed. */
static void storm_child(long nr, int ready, int go)
{
	char c = 0;

	check_picture();
	write_picture(0x1000000ull * (uint64_t)(nr + 1));
	CHECK(write(ready, &c, 1) == 1);
	CHECK(read(go, &c, 1) == 0);
	write_picture(0x2000000ull * (uint64_t)(nr + 1));
	_exit((int)(nr % 97) + 1);
}

static void wait_for_children(int ready, long nr)
{
	char buf[256];

	while (nr > 0) {
		ssize_t got = read(ready, buf, sizeof(buf));

		CHECK(got > 0);
		nr -= got;
	}
}

/* Every third is killed, the others end when the pipe closes; they are waited
 * for in any order. */
static void end_storm(const pid_t *pid, long nr, int go, struct dice *d)
{
	static long order[MAX_TASKS];
	int status;

	for (long i = 0; i < nr; i += 3)
		CHECK(kill(pid[i], SIGKILL) == 0);
	shuffle(order, nr, d);
	close(go);
	for (long i = 0; i < nr; i++) {
		long at = order[i];

		CHECK(waitpid(pid[at], &status, 0) == pid[at]);
		if (at % 3 == 0)
			CHECK(WIFSIGNALED(status) &&
			      WTERMSIG(status) == SIGKILL);
		else
			CHECK(WIFEXITED(status) &&
			      WEXITSTATUS(status) == at % 97 + 1);
	}
	CHECK(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
}

/* nr children alive at once. */
static void storm(long nr, struct dice *d)
{
	static pid_t pid[MAX_TASKS];
	int ready[2], go[2];

	CHECK(pipe(ready) == 0 && pipe(go) == 0);
	for (long i = 0; i < nr; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			close(go[1]);
			storm_child(i, ready[1], go[0]);
		}
		CHECK(pid[i] > 0);
	}
	wait_for_children(ready[0], nr);
	end_storm(pid, nr, go[1], d);
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
}

CASE(storm_under_writers)
{
	struct dice d = dice_of(-1);
	long left = plan.ops / 10;

	stress_begin();
	CHECK(plan.tasks <= MAX_TASKS);
	map_at(ARENA, PICTURE, RW);
	do {
		team_start(plan.threads - 1, keep_writing);
		storm(plan.tasks, &d);
		team_end();
		left -= plan.tasks;
	} while (left > 0);
}

/* ---- threads that fork --------------------------------------------------- */

static void check_and_end(struct member *m, volatile uint64_t *mine, uint64_t n)
{
	for (long t = 0; t < plan.threads; t++)
		CHECK(*step_at(t, 0) >> 32 == (uint64_t)t);
	CHECK(*mine == ((uint64_t)m->nr << 32 | n));
	*mine = ~0ull;
	CHECK(*mine == ~0ull);
	_exit((int)(n % 100));
}

/* Keeps up to 8 children, ends with none. */
static void fork_and_wait(struct member *m)
{
	volatile uint64_t *mine = step_at(m->nr, 0);
	uint64_t number[8];
	pid_t pid[8] = { 0 };
	int status;

	for (long i = 0; i < m->ops / 20 + 8; i++) {
		long at = roll_below(&m->dice, 8);

		if (pid[at]) {
			CHECK(waitpid(pid[at], &status, 0) == pid[at]);
			CHECK(WIFEXITED(status) &&
			      WEXITSTATUS(status) == (int)(number[at] % 100));
		}
		*mine = (uint64_t)m->nr << 32 | (uint64_t)i;
		number[at] = (uint64_t)i;
		pid[at] = fork();
		if (pid[at] == 0)
			check_and_end(m, mine, (uint64_t)i);
		CHECK(pid[at] > 0);
		CHECK(*mine == ((uint64_t)m->nr << 32 | (uint64_t)i));
	}
	for (int at = 0; at < 8; at++)
		if (pid[at])
			CHECK(waitpid(pid[at], &status, 0) == pid[at] &&
			      WEXITSTATUS(status) == (int)(number[at] % 100));
}

CASE(every_thread_forks)
{
	stress_begin();
	map_at(ARENA, MAX_THREADS, RW);
	for (long t = 0; t < plan.threads; t++)
		*step_at(t, 0) = (uint64_t)t << 32;
	team_start(plan.threads, fork_and_wait);
	team_end();
}

/* ---- exec, vfork, clone -------------------------------------------------- */

static void spawn_and_wait(struct member *m)
{
	for (long i = 0; i < m->ops / 50 + 2; i++) {
		int want = (int)roll_below(&m->dice, 100), status;
		char word[16];
		char *argv[] = { (char *)own_path, "exit", word, NULL };
		pid_t pid;

		snprintf(word, sizeof(word), "%d", want);
		CHECK(posix_spawn(&pid, own_path, NULL, NULL, argv, environ) ==
		      0);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == want);
	}
}

CASE(every_thread_spawns)
{
	stress_begin();
	team_start(plan.threads, spawn_and_wait);
	team_end();
}

static int share_memory(void *arg)
{
	__atomic_add_fetch((long *)arg, 1, __ATOMIC_SEQ_CST);
	return 7;
}

/* CLONE_VM without threads: another process in the same space. */
static void clone_and_wait(struct member *m)
{
	static long sum[MAX_THREADS];
	char *stack = map_pages(4, RW);
	int status;

	for (long i = 0; i < m->ops / 50 + 2; i++) {
		int flags = CLONE_VM | SIGCHLD;
		pid_t pid;

		if (roll_below(&m->dice, 2))
			flags |= CLONE_VFORK;
		pid = clone(share_memory, stack + 4 * PAGE, flags, &sum[m->nr]);
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
		CHECK(__atomic_load_n(&sum[m->nr], __ATOMIC_SEQ_CST) == i + 1);
	}
	CHECK(munmap(stack, 4 * PAGE) == 0);
}

CASE(every_thread_clones)
{
	stress_begin();
	team_start(plan.threads, clone_and_wait);
	team_end();
}

/* A process ends, or becomes another program, while its threads run. */
CASE(ends_with_threads_at_work)
{
	int status;

	stress_begin();
	for (long i = 0; i < plan.ops / 100 + 2; i++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			map_at(ARENA, PICTURE, RW);
			team_start(plan.threads, keep_writing);
			if (i % 2)
				_exit(9);
			execl(own_path, own_path, "exit", "9", NULL);
		}
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	own_path = argv[0];
	return stress_main(argc, argv);
}
