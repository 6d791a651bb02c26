/* SPDX-License-Identifier: MIT */
/*
 * What threads and processes do with each other, all CPUs at once: futexes,
 * pipes, signals, CPUs chosen and left, fork and exec, and memory under all.
 */
#include "stress.h"

#include <spawn.h>
#include <sys/syscall.h>

extern char **environ;
static const char *own_path;

/* ---- futexes ------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static long counter, turn;

static void add_one(void)
{
	long seen;

	CHECK(pthread_mutex_lock(&mutex) == 0);
	seen = counter;
	__asm__ volatile("" ::: "memory");
	counter = seen + 1;
	CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static void count_under_mutex(struct member *m)
{
	for (long i = 0; i < m->ops * 10; i++)
		add_one();
}

CASE(mutex_admits_one)
{
	stress_begin();
	counter = 0;
	team_start(plan.threads, count_under_mutex);
	team_end();
	CHECK(counter == plan.threads * team[0].ops * 10);
}

/* Each waits for its turn and gives it to the next: no wake-up is lost. */
static void take_turns(struct member *m)
{
	for (long i = 0; i < m->ops; i++) {
		CHECK(pthread_mutex_lock(&mutex) == 0);
		while (turn != m->nr)
			CHECK(pthread_cond_wait(&turn_changed, &mutex) == 0);
		turn = (turn + 1) % team_size;
		counter++;
		CHECK(pthread_cond_broadcast(&turn_changed) == 0);
		CHECK(pthread_mutex_unlock(&mutex) == 0);
	}
}

CASE(condition_goes_round)
{
	stress_begin();
	counter = turn = 0;
	team_start(plan.threads, take_turns);
	team_end();
	CHECK(turn == 0 && counter == plan.threads * team[0].ops);
}

/* ---- pipes --------------------------------------------------------------- */

static int ring[MAX_THREADS][2];

/* A number goes round a ring of pipes; each adds one. */
static void pass_on(struct member *m)
{
	int from = ring[m->nr][0];
	int to = ring[(m->nr + 1) % team_size][1];
	long value;

	for (long i = 0; i < m->ops; i++) {
		CHECK(read(from, &value, sizeof(value)) == sizeof(value));
		CHECK(value == i * team_size + m->nr);
		value++;
		CHECK(write(to, &value, sizeof(value)) == sizeof(value));
	}
}

CASE(pipes_go_round)
{
	long value = 0;

	stress_begin();
	for (long i = 0; i < plan.threads; i++)
		CHECK(pipe(ring[i]) == 0);
	team_start(plan.threads, pass_on);
	CHECK(write(ring[0][1], &value, sizeof(value)) == sizeof(value));
	team_end();
	CHECK(read(ring[0][0], &value, sizeof(value)) == sizeof(value));
	CHECK(value == plan.threads * team[0].ops);
}

/* ---- signals ------------------------------------------------------------- */

static __thread volatile long got_signals;
static long acknowledged[MAX_THREADS];

static void on_usr1(int sig)
{
	(void)sig;
	got_signals++;
}

/* Makes no system call: only a signal from outside can let it go on. */
static void spin_for_signals(struct member *m)
{
	long want = 1;

	while (!stopped()) {
		if (got_signals < want)
			continue;
		CHECK(got_signals == want);
		want++;
		__atomic_add_fetch(&acknowledged[m->nr], 1, __ATOMIC_SEQ_CST);
	}
}

static void wait_acknowledged(long nr, long value)
{
	while (__atomic_load_n(&acknowledged[nr], __ATOMIC_SEQ_CST) < value)
		sched_yield();
	CHECK(acknowledged[nr] == value);
}

CASE(signals_reach_who_spins)
{
	struct sigaction act = { .sa_handler = on_usr1 };
	long sent[MAX_THREADS] = { 0 };
	struct dice d = dice_of(-1);

	stress_begin();
	CHECK(sigaction(SIGUSR1, &act, NULL) == 0);
	memset(acknowledged, 0, sizeof(acknowledged));
	team_start(plan.threads, spin_for_signals);
	for (long i = 0; i < plan.ops / 40 + 5; i++) {
		long nr = roll_below(&d, plan.threads);

		CHECK(pthread_kill(team[nr].thread, SIGUSR1) == 0);
		wait_acknowledged(nr, ++sent[nr]);
	}
	team_end();
}

/* ---- CPUs ---------------------------------------------------------------- */

static unsigned int this_cpu(void)
{
	unsigned int cpu = ~0u, node = ~0u;

	CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0);
	return cpu;
}

static cpu_set_t usable;                /* the CPUs of the whole program */

/* Any of the usable CPUs. */
static unsigned int roll_cpu(struct dice *d)
{
	unsigned int cpu;

	do
		cpu = (unsigned int)roll_below(d, CPU_SETSIZE) % 64;
	while (!CPU_ISSET(cpu, &usable));
	return cpu;
}

static void go_to_cpu(struct dice *d)
{
	unsigned int cpu = roll_cpu(d);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
	CHECK(this_cpu() == cpu);
	linger(d);
	CHECK(this_cpu() == cpu);
	if (roll_below(d, 2)) {
		CHECK(sched_setaffinity(0, sizeof(usable), &usable) == 0);
		CHECK(CPU_ISSET(this_cpu(), &usable));
	}
}

static void wander(struct member *m)
{
	for (long i = 0; i < m->ops; i++) {
		double kept = (double)i * 1.25;

		__asm__ volatile("" : "+m"(kept));
		go_to_cpu(&m->dice);
		CHECK(kept == (double)i * 1.25);
	}
}

CASE(threads_stay_where_they_are_told)
{
	stress_begin();
	CHECK(sched_getaffinity(0, sizeof(usable), &usable) == 0);
	team_start(plan.threads, wander);
	team_end();
}

static pid_t tids[MAX_THREADS];

static void work_and_tell(struct member *m)
{
	__atomic_store_n(&tids[m->nr], (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELEASE);
	while (!stopped())
		CHECK(CPU_ISSET(this_cpu(), &usable));
}

/* One moves all the others about. */
CASE(threads_are_moved_by_others)
{
	struct dice d = dice_of(-1);
	cpu_set_t one, now;

	stress_begin();
	CHECK(sched_getaffinity(0, sizeof(usable), &usable) == 0);
	memset(tids, 0, sizeof(tids));
	team_start(plan.threads, work_and_tell);
	for (long i = 0; i < plan.ops; i++) {
		long nr = roll_below(&d, plan.threads);
		pid_t tid;

		while (!(tid = __atomic_load_n(&tids[nr], __ATOMIC_ACQUIRE)))
			sched_yield();
		CPU_ZERO(&one);
		CPU_SET(roll_cpu(&d), &one);
		CHECK(sched_setaffinity(tid, sizeof(one), &one) == 0);
		CHECK(sched_getaffinity(tid, sizeof(now), &now) == 0);
		CHECK(CPU_EQUAL(&one, &now));
	}
	team_end();
}

/* ---- all of it ----------------------------------------------------------- */

static void use_memory(struct member *m)
{
	long nr = 1 + roll_below(&m->dice, 16);
	uint64_t tag = roll(&m->dice);
	char *at = map_pages((size_t)nr, RW);

	for (long i = 0; i < nr; i++) {
		volatile uint64_t *p = (volatile uint64_t *)(at + i * 4096);

		CHECK(*p == 0);
		*p = tag + (uint64_t)i;
	}
	for (long i = 0; i < nr; i++)
		CHECK(*(volatile uint64_t *)(at + i * 4096) ==
		      tag + (uint64_t)i);
	CHECK(munmap(at, (size_t)nr * PAGE) == 0);
}

static void use_pipe(struct member *m)
{
	char out[300], in[300];
	int fds[2];

	memset(out, (int)m->nr + 1, sizeof(out));
	CHECK(pipe(fds) == 0);
	CHECK(write(fds[1], out, sizeof(out)) == sizeof(out));
	CHECK(read(fds[0], in, sizeof(in)) == sizeof(in));
	CHECK(!memcmp(in, out, sizeof(out)));
	CHECK(close(fds[0]) == 0 && close(fds[1]) == 0);
}

static void use_fork(struct member *m)
{
	volatile long mine = (long)roll_below(&m->dice, 100);
	long want = mine;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		mine++;
		_exit(mine == want + 1 ? (int)want : 255);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(mine == want);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == want);
}

static void use_exec(struct member *m)
{
	char *argv[] = { (char *)own_path, "exit", NULL };
	int status;
	pid_t pid;

	(void)m;
	CHECK(posix_spawn(&pid, own_path, NULL, NULL, argv, environ) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

/* A thread that comes and goes: its stack is mapped and unmapped. */
static void *note_and_leave(void *arg)
{
	*(long *)arg += 1;
	return arg;
}

static void use_thread(struct member *m)
{
	long value = (long)roll_below(&m->dice, 1000), want = value + 1;
	pthread_t thread;
	void *got;

	CHECK(pthread_create(&thread, NULL, note_and_leave, &value) == 0);
	CHECK(pthread_join(thread, &got) == 0);
	CHECK(got == &value && value == want);
}

/* To any member, the caller as well; they all run until the last is done. */
static void use_signal(struct member *m)
{
	long nr = roll_below(&m->dice, team_size);

	CHECK(pthread_kill(team[nr].thread, SIGUSR1) == 0);
}

static long finished;

static void do_anything(struct member *m)
{
	for (long i = 0; i < m->ops; i++) {
		long what = roll_below(&m->dice, 100);

		if (what < 40)
			use_memory(m);
		else if (what < 55)
			use_pipe(m);
		else if (what < 70)
			add_one();
		else if (what < 80)
			use_signal(m);
		else if (what < 88)
			go_to_cpu(&m->dice);
		else if (what < 94)
			use_thread(m);
		else if (what < 99)
			use_fork(m);
		else
			use_exec(m);
	}
	__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) < team_size)
		sched_yield();
}

CASE(all_of_it)
{
	struct sigaction act = { .sa_handler = on_usr1,
				 .sa_flags = SA_RESTART };

	stress_begin();
	CHECK(sigaction(SIGUSR1, &act, NULL) == 0);
	CHECK(sched_getaffinity(0, sizeof(usable), &usable) == 0);
	finished = 0;
	team_start(plan.threads, do_anything);
	team_end();
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "exit"))
		return 9;
	own_path = argv[0];
	return stress_main(argc, argv);
}
