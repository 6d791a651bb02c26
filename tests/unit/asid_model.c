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
 *	asid_model [steps [seed]]
 */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "arch/aarch64/asid.h"

#define CPUS   4
#define BITS   8
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
	unsigned long flushes, kept;
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
	u64 number;
	bool flush;

	asid_enter(&m->pool, c, &m->asid[i], &flush);
	number = asid_number(&m->pool, m->asid[i]);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_space_sees_another),
		cmocka_unit_test(a_space_has_one_number),
		cmocka_unit_test(who_stays_keeps_the_number),
		cmocka_unit_test(spaces_that_fit_are_never_flushed),
	};

	if (argc > 1)
		steps = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		state = strtoul(argv[2], NULL, 0) | 1;
	return cmocka_run_group_tests_name("asid", tests, NULL, NULL);
}
