/* SPDX-License-Identifier: MIT */
/*
 * What the stress programs share: their size, their dice, their threads, and
 * accesses that may fault.
 *
 *	stress_map ops=1000000 seed=7 threads=8
 *
 *	ops      steps of each case, all threads together
 *	seed     of the dice; a failure prints it, the same seed rolls the same
 *	threads  at work in each case; without the word two more than CPUs
 *	tasks    processes alive at once in a fork storm
 *	limit    seconds until a case counts as hung; 0: none
 *
 * How threads interleave is nobody's choice, so a seed repeats what each thread
 * does, not when. What must hold does so under every interleaving.
 */
#ifndef TESTS_USER_STRESS_H
#define TESTS_USER_STRESS_H

#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdbool.h>

#define MAX_THREADS 64

/* Where nobody else maps: a hole there stays one until the program fills it. */
#define ARENA ((char *)0x10000000000)

static struct {
	long ops, threads, tasks, limit;
	uint64_t seed;
} plan = { 2000, 0, 32, 120, 1 };

/* ---- dice ---------------------------------------------------------------- */

struct dice {
	uint64_t state;
};

/* The next number: xorshift with a multiplied end [Knuth2, 3.2.2]. */
static inline uint64_t roll(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * 0x2545f4914f6cdd1dull;
}

static inline long roll_below(struct dice *d, long end)
{
	return (long)(roll(d) >> 33) % end;
}

static inline struct dice dice_of(long who)
{
	struct dice d = { (plan.seed + 1) * 0x9e3779b97f4a7c15ull +
			  (uint64_t)who * 0xd1b54a32d192ed03ull };

	d.state |= 1;
	(void)roll(&d);
	return d;
}

/* ---- threads that start together ----------------------------------------- */

struct member {
	pthread_t thread;
	long nr;                        /* from 0 */
	long ops;                       /* its share of the work */
	struct dice dice;
	void (*work)(struct member *m);
};

static struct member team[MAX_THREADS];
static long team_size, team_ready;
static bool team_stop;                  /* for work without an end of its own */

static inline bool stopped(void)
{
	return __atomic_load_n(&team_stop, __ATOMIC_ACQUIRE);
}

static void *member_main(void *arg)
{
	struct member *m = arg;

	__atomic_add_fetch(&team_ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&team_ready, __ATOMIC_SEQ_CST) < team_size)
		sched_yield();
	m->work(m);
	return NULL;
}

__attribute__((unused))
static void team_start(long size, void (*work)(struct member *m))
{
	pthread_attr_t attr;

	team_size = size;
	team_ready = 0;
	team_stop = false;
	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstacksize(&attr, 256 * 1024) == 0);
	for (long i = 0; i < size; i++) {
		team[i].nr = i;
		team[i].ops = plan.ops / size + 1;
		team[i].dice = dice_of(i);
		team[i].work = work;
		CHECK(pthread_create(&team[i].thread, &attr, member_main,
				     &team[i]) == 0);
	}
	while (__atomic_load_n(&team_ready, __ATOMIC_SEQ_CST) < team_size)
		sched_yield();
}

__attribute__((unused)) static void team_end(void)
{
	__atomic_store_n(&team_stop, true, __ATOMIC_SEQ_CST);
	for (long i = 0; i < team_size; i++)
		CHECK(pthread_join(team[i].thread, NULL) == 0);
}

/* ---- accesses that may fault --------------------------------------------- */

enum touched { TOUCH_OK, TOUCH_HOLE, TOUCH_FORBIDDEN };

static __thread sigjmp_buf touch_back;
static __thread volatile uintptr_t touch_wanted; /* address; 0: none */

static void on_segv(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	if (!touch_wanted || (uintptr_t)info->si_addr != touch_wanted) {
		printf("# fault at %p, code %d, but touched %p\n",
		       info->si_addr, info->si_code, (void *)touch_wanted);
		fflush(stdout);
		_exit(1);
	}
	siglongjmp(touch_back, info->si_code);
}

/* What a fault's si_code stands for. */
static inline enum touched touch_failed(int code)
{
	CHECK(code == SEGV_MAPERR || code == SEGV_ACCERR);
	return code == SEGV_MAPERR ? TOUCH_HOLE : TOUCH_FORBIDDEN;
}

static inline enum touched try_load(volatile uint64_t *at, uint64_t *value)
{
	int code = sigsetjmp(touch_back, 0);

	if (code)
		return touch_failed(code);
	touch_wanted = (uintptr_t)at;
	*value = *at;
	touch_wanted = 0;
	return TOUCH_OK;
}

static inline enum touched try_store(volatile uint64_t *at, uint64_t value)
{
	int code = sigsetjmp(touch_back, 0);

	if (code)
		return touch_failed(code);
	touch_wanted = (uintptr_t)at;
	*at = value;
	touch_wanted = 0;
	return TOUCH_OK;
}

/* Fresh pages at a place of the arena. */
__attribute__((unused)) static char *map_at(char *at, size_t nr_pages, int prot)
{
	CHECK(mmap(at, nr_pages * PAGE, prot,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
	return at;
}

/* ---- begin and end ------------------------------------------------------- */

/* The first line of each case. */
__attribute__((unused)) static void stress_begin(void)
{
	struct sigaction act = { .sa_sigaction = on_segv,
				 .sa_flags = SA_SIGINFO | SA_NODEFER };

	CHECK(sigaction(SIGSEGV, &act, NULL) == 0);
	alarm((unsigned int)plan.limit);
}

/* Gives others time: on other CPUs, and on this one. */
__attribute__((unused)) static void linger(struct dice *d)
{
	for (long i = roll_below(d, 2000); i > 0; i--)
		__asm__ volatile("" ::: "memory");
	if (roll_below(d, 4) == 0)
		sched_yield();
}

static long *plan_word(const char *name, size_t len)
{
	static const struct {
		const char *name;
		long *value;
	} words[] = {
		{ "ops", &plan.ops },     { "threads", &plan.threads },
		{ "tasks", &plan.tasks }, { "limit", &plan.limit },
		{ "seed", (long *)&plan.seed },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].name) == len &&
		    !strncmp(words[i].name, name, len))
			return words[i].value;
	return NULL;
}

/* CPUs that this program may use. */
static inline long usable_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

__attribute__((unused)) static int stress_main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *is = strchr(argv[i], '=');
		long *word = is ? plan_word(argv[i], (size_t)(is - argv[i]))
				: NULL;

		if (!word) {
			printf("not ok - %s: I know ops= threads= tasks= "
			       "limit= seed=\n",
			       argv[i]);
			return 99;
		}
		*word = strtol(is + 1, NULL, 0);
	}
	if (!plan.threads)
		plan.threads = usable_cpus() + 2;
	if (plan.threads < 2 || plan.threads > MAX_THREADS) {
		printf("not ok - threads= from 2 to %d\n", MAX_THREADS);
		return 99;
	}
	printf("# %s ops=%ld threads=%ld tasks=%ld seed=%llu\n", argv[0],
	       plan.ops, plan.threads, plan.tasks,
	       (unsigned long long)plan.seed);
	return run_cases();
}

#endif
