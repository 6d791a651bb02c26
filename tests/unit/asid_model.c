/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/asid.h against naive TLBs: QEMU forgets everything when the ASID
 * changes, so this is where the bookkeeping is proved.
 *
 * The model's CPUs never forget on their own: tlb[cpu][number] is the space
 * whose entries stand there under that number. Random CPUs enter random spaces,
 * more than there are numbers; spaces end and others begin. Nobody may ever
 * enter a space while entries of another one answer to its number.
 *
 * The first tests take turns; in the last one each CPU is a host thread, and
 * asid_try_enter() races with rollovers.
 *
 *	asid_model [steps [seed]]
 */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void race_window(void);
#define ASID_WINDOW() race_window()
#include "arch/aarch64/asid.h"

#define CPUS   4
#define BITS   8
#define RACE_BITS 6                     /* rollovers all the time */
#define SPACES 700

static unsigned long steps = 300000;
static u64 state = 1;

static u64 draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

struct model {
	struct asid_pool pool;
	struct asid_cpu cpu[CPUS];
	u64 asid[SPACES];               /* of each space, as in struct mmu_space */
	u64 id[SPACES];                 /* who it is; a new one after its end */
	u64 tlb[CPUS][1 << BITS];       /* id whose entries are there; 0: none */
	u32 loaded[CPUS];               /* index of a space, or SPACES */
	u64 next_id;
	unsigned long flushes, kept, quick;
};

static struct model model;

static void model_reset(struct model *m)
{
	memset(m, 0, sizeof(*m));
	asid_pool_init(&m->pool, BITS, m->cpu, CPUS);
	for (u32 i = 0; i < SPACES; i++)
		m->id[i] = ++m->next_id;
	for (u32 c = 0; c < CPUS; c++)
		m->loaded[c] = SPACES;
}

/* The number that a CPU's root register holds. */
static u64 model_number(const struct model *m, u32 c)
{
	const struct asid_cpu *cpu = &m->cpu[c];

	return asid_number(&m->pool, cpu->active ? cpu->active : cpu->reserved);
}

/* Everybody who runs fills its TLB all the time, under the one number that a
 * flush of the space would name. */
static void model_fill(struct model *m)
{
	for (u32 c = 0; c < CPUS; c++) {
		u32 i = m->loaded[c];

		if (i == SPACES)
			continue;
		assert_int_equal(model_number(m, c),
				 asid_number(&m->pool, m->asid[i]));
		m->tlb[c][model_number(m, c)] = m->id[i];
	}
}

static void model_enter(struct model *m, u32 c, u32 i)
{
	u64 asid = asid_try_enter(&m->pool, c, &m->asid[i]), number;
	bool flush = false;

	if (asid)
		m->quick++;
	else
		asid = asid_enter(&m->pool, c, &m->asid[i], &flush);
	assert_int_equal(asid, m->asid[i]);
	number = asid_number(&m->pool, asid);
	assert_int_not_equal(number, 0);
	if (flush) {
		memset(m->tlb[c], 0, sizeof(m->tlb[c]));
		m->flushes++;
	}
	if (m->tlb[c][number]) {        /* entries that answer to the number */
		assert_int_equal(m->tlb[c][number], m->id[i]);
		m->kept++;
	}
	m->loaded[c] = i;
	model_fill(m);
	assert_null(asid_check(&m->pool));
}

static bool model_is_loaded(const struct model *m, u32 i)
{
	for (u32 c = 0; c < CPUS; c++)
		if (m->loaded[c] == i)
			return true;
	return false;
}

static void no_space_sees_another(void **unused)
{
	struct model *m = &model;

	model_reset(m);
	for (unsigned long n = 0; n < steps; n++) {
		u32 c = (u32)(draw() % CPUS);
		/* Sometimes a few spaces for a while, sometimes all. */
		u32 i = (u32)(draw() % (n & 4096 ? SPACES : 40));

		if (draw() % 16 == 0 && !model_is_loaded(m, i)) {
			m->asid[i] = 0; /* a space ends, another begins */
			m->id[i] = ++m->next_id;
		} else {
			model_enter(m, c, i);
		}
	}
	/* Worth having, and really rolling over. */
	assert_true(m->kept > steps / 20);
	assert_true(m->quick > steps / 20);
	assert_true(m->pool.rollovers > steps / 10000);
	assert_true(m->flushes >= m->pool.rollovers);
}

/* Threads of one space on several CPUs share its number at any time. */
static void a_space_has_one_number(void **unused)
{
	struct model *m = &model;

	model_reset(m);
	for (u32 round = 0; round < 3 * (1 << BITS); round++) {
		model_enter(m, 0, 0);
		model_enter(m, 1, 0);
		model_enter(m, 2, 1 + round % (SPACES - 1));
		assert_int_equal(m->cpu[0].active, m->cpu[1].active);
	}
	assert_true(m->pool.rollovers > 0);
}

/* A CPU that stays for generations keeps its number, and visitors get it. */
static void who_stays_keeps_the_number(void **unused)
{
	struct model *m = &model;

	model_reset(m);
	model_enter(m, 0, 0);
	for (u32 round = 0; round < 4 * (1 << BITS); round++) {
		if (round % 8 == 0)
			model_enter(m, 1, 0);
		model_enter(m, 1, 1 + round % (SPACES - 1));
	}
	assert_true(m->pool.rollovers > 2);
}

static void spaces_that_fit_are_never_flushed(void **unused)
{
	struct model *m = &model;

	model_reset(m);
	for (u32 round = 0; round < 10; round++)
		for (u32 i = 0; i < (1 << BITS) - 1; i++)
			model_enter(m, i % CPUS, i);
	assert_int_equal(m->flushes, 0);
	assert_int_equal(m->pool.rollovers, 0);
}

/* ---- as threads --------------------------------------------------------- */

struct race {
	struct asid_pool pool;
	struct asid_cpu cpu[CPUS];
	pthread_mutex_t lock;           /* around asid_enter() */
	u64 asid[SPACES];
	u64 running[CPUS];              /* [atomic] space + 1 << 32 | number */
	unsigned long quick, two_spaces, two_numbers, stale;    /* [atomic] */
};
static struct race race;
static __thread u64 race_seed;          /* 0: this thread takes no part */

static u32 race_draw(void)
{
	race_seed = race_seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(race_seed >> 33);
}

/* Between two steps of asid.h: now and then the others go on. */
static void race_window(void)
{
	if (race_seed && race_draw() % 4 == 0)
		syscall(SYS_sched_yield);
}

/* Does what c runs agree with what the others run at this moment? */
static void race_compare(struct race *r, u32 c, u64 mine)
{
	for (u32 other = 0; other < CPUS; other++) {
		u64 theirs = __atomic_load_n(&r->running[other],
					     __ATOMIC_SEQ_CST);

		if (other == c || !theirs || mine == theirs)
			continue;
		if ((u32)mine == (u32)theirs)
			__atomic_fetch_add(&r->two_spaces, 1, __ATOMIC_RELAXED);
		if (mine >> 32 == theirs >> 32)
			__atomic_fetch_add(&r->two_numbers, 1,
					   __ATOMIC_RELAXED);
	}
}

static u64 race_enter(struct race *r, u32 c, u32 space, u32 *tlb)
{
	u64 asid = asid_try_enter(&r->pool, c, &r->asid[space]);
	bool flush;

	if (asid) {
		__atomic_fetch_add(&r->quick, 1, __ATOMIC_RELAXED);
		return asid_number(&r->pool, asid);
	}
	pthread_mutex_lock(&r->lock);
	asid = asid_enter(&r->pool, c, &r->asid[space], &flush);
	pthread_mutex_unlock(&r->lock);
	if (flush)
		memset(tlb, 0, sizeof(*tlb) << RACE_BITS);
	return asid_number(&r->pool, asid);
}

static void *race_on_cpu(void *arg)
{
	u32 c = (u32)(uintptr_t)arg, tlb[1 << RACE_BITS] = { 0 };
	struct race *r = &race;

	race_seed = state + 0x9e3779b97f4a7c15ull * (c + 1);
	for (unsigned long n = 0; n < steps; n++) {
		u32 space;
		u64 number;

		/* Few that many run, or enough for a rollover soon. */
		space = race_draw() % (n & 3 ? 8 : SPACES);
		number = race_enter(r, c, space, tlb);
		if (tlb[number] && tlb[number] != space + 1)
			__atomic_fetch_add(&r->stale, 1, __ATOMIC_RELAXED);
		tlb[number] = space + 1;
		number |= (u64)(space + 1) << 32;
		__atomic_store_n(&r->running[c], number, __ATOMIC_SEQ_CST);
		race_window();
		race_compare(r, c, number);
		__atomic_store_n(&r->running[c], 0, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void threads_race_for_numbers(void **unused)
{
	struct race *r = &race;
	pthread_t thread[CPUS];

	asid_pool_init(&r->pool, RACE_BITS, r->cpu, CPUS);
	pthread_mutex_init(&r->lock, NULL);
	for (uintptr_t c = 0; c < CPUS; c++)
		assert_int_equal(pthread_create(&thread[c], NULL, race_on_cpu,
						(void *)c),
				 0);
	for (u32 c = 0; c < CPUS; c++)
		pthread_join(thread[c], NULL);
	assert_int_equal(r->stale, 0);
	assert_int_equal(r->two_spaces, 0);
	assert_int_equal(r->two_numbers, 0);
	assert_null(asid_check(&r->pool));
	assert_true(r->quick > steps / 20);
	assert_true(r->pool.rollovers > steps / 10000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_space_sees_another),
		cmocka_unit_test(a_space_has_one_number),
		cmocka_unit_test(who_stays_keeps_the_number),
		cmocka_unit_test(spaces_that_fit_are_never_flushed),
		cmocka_unit_test(threads_race_for_numbers),
	};

	if (argc > 1)
		steps = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		state = strtoul(argv[2], NULL, 0) | 1;
	return cmocka_run_group_tests_name("asid", tests, NULL, NULL);
}
