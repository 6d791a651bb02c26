/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/pcid.h against naive TLBs: QEMU's CPUs have no PCIDs, so this is
 * where their bookkeeping is proved.
 *
 * The model remembers for each tag of each CPU whose entries the TLB holds, and
 * which flushes of that space they have missed. Random switches on several CPUs;
 * flushes of a range or of all, by any CPU and of any space; a CPU that has
 * the space loaded hears of it later, in any order, as interrupts and calls
 * under way make it. Entries that are kept must have missed nothing.
 *
 *	pcid_model [steps [seed]]
 */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/pcid.h"

#define SPACES 20
#define CPUS   3
#define MISSED 16                       /* numbers noted, at most */
#define CALLS  8                        /* under way to a CPU, at most */

struct tag {
	u64 id;
	u64 missed[MISSED];             /* numbers of flushes */
	u32 nr_missed;
	bool lost;                      /* more than fit: only a whole one helps */
};

struct call {
	u32 space;
	u64 number;
	bool whole;
};

static struct cpu {
	struct pcid_cpu pcids;
	struct tag tlb[PCID_SLOTS + 1];
	struct call call[CALLS];
	u32 nr_calls;
	u32 loaded;                     /* space */
	u32 tag;                        /* 0: none */
} cpus[CPUS];

static u64 id[SPACES], flushes[SPACES], next_id = 2;
static unsigned long kept, flushed, late;

static unsigned long steps = 200000;
static u64 state = 1;

static u64 draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void tag_misses(struct tag *t, u64 number)
{
	if (t->nr_missed < MISSED)
		t->missed[t->nr_missed++] = number;
	else
		t->lost = true;
}

/* The loaded space's entries: a range of them goes, or all. */
static void cpu_flushes(struct cpu *c, u64 number, bool whole)
{
	struct tag *t = &c->tlb[c->tag];
	u32 i;

	if (whole) {
		t->nr_missed = 0;
		t->lost = false;
	}
	for (i = 0; i < t->nr_missed; i++)
		if (t->missed[i] == number)
			t->missed[i--] = t->missed[--t->nr_missed];
	pcid_flushed(&c->pcids, number, whole);
}

/* One of the calls that are under way arrives, not always the oldest. */
static void cpu_hears(struct cpu *c)
{
	u32 i = c->nr_calls ? (u32)(draw() % c->nr_calls) : 0;
	struct call call = c->call[i];

	if (!c->nr_calls)
		return;
	late += i > 0;
	c->call[i] = c->call[--c->nr_calls];
	if (c->loaded == call.space)
		cpu_flushes(c, call.number, call.whole);
}

static void space_flush(struct cpu *here, u32 space, bool whole)
{
	u64 number = ++flushes[space];

	for (struct cpu *c = cpus; c < cpus + CPUS; c++) {
		for (u32 t = 1; t <= PCID_SLOTS; t++)
			if (c->tlb[t].id == id[space])
				tag_misses(&c->tlb[t], number);
		if (!c->tag || c->loaded != space)
			continue;
		while (c != here && c->nr_calls == CALLS)
			cpu_hears(c);
		if (c != here)
			c->call[c->nr_calls++] = (struct call){ space, number,
								whole };
		else
			cpu_flushes(c, number, whole);
	}
}

/* Loaded somewhere, or a flush waits for an answer. */
static bool space_is_used(u32 space)
{
	for (struct cpu *c = cpus; c < cpus + CPUS; c++) {
		if (c->tag && c->loaded == space)
			return true;
		for (u32 i = 0; i < c->nr_calls; i++)
			if (c->call[i].space == space)
				return true;
	}
	return false;
}

static void cpu_switches(struct cpu *c, u32 space)
{
	struct tag *t;
	bool keep;

	if (c->tag && c->loaded == space)
		return;
	c->tag = pcid_enter(&c->pcids, id[space], flushes[space], &keep);
	c->loaded = space;
	assert_in_range(c->tag, 1, PCID_SLOTS);
	t = &c->tlb[c->tag];
	if (keep) {
		assert_int_equal(t->id, id[space]);
		assert_true(t->nr_missed == 0 && !t->lost);
		kept++;
	} else {
		flushed++;
	}
	*t = (struct tag){ .id = id[space] };
}

static void stale_entries_are_never_kept(void **unused)
{
	for (u32 i = 0; i < SPACES; i++)
		id[i] = next_id++;
	for (unsigned long n = 0; n < steps; n++) {
		u32 i = (u32)(draw() % (n & 1024 ? SPACES : PCID_SLOTS));
		struct cpu *c = &cpus[draw() % CPUS];

		switch (draw() % 10) {
		case 0:
			space_flush(c, i, draw() % 4 == 0);
			break;
		case 1:
			space_flush(c, c->loaded, draw() % 4 == 0);
			break;
		case 2:                 /* a space ends, another begins */
			if (space_is_used(i))
				break;
			id[i] = next_id++;
			flushes[i] = 0;
			break;
		case 3:
		case 4:
		case 5:
			cpu_hears(c);
			break;
		default:
			cpu_switches(c, i);
		}
	}
	/* Worth having, and not always right by luck. */
	assert_true(kept > steps / 20 && flushed > steps / 20);
	assert_true(late > steps / 1000);
}

static void as_many_spaces_as_tags_stay(void **unused)
{
	struct pcid_cpu cpu = { 0 };
	bool keep;

	for (u32 round = 0; round < 5; round++)
		for (u64 s = 2; s < 2 + PCID_SLOTS; s++) {
			pcid_enter(&cpu, s, 0, &keep);
			assert_int_equal(keep, round > 0);
		}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stale_entries_are_never_kept),
		cmocka_unit_test(as_many_spaces_as_tags_stay),
	};

	if (argc > 1)
		steps = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		state = strtoul(argv[2], NULL, 0) | 1;
	return cmocka_run_group_tests_name("pcid", tests, NULL, NULL);
}
