/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/pcid.h against a naive TLB: QEMU's CPUs have no PCIDs, so this is
 * where their bookkeeping is proved.
 *
 * The model remembers what each tag's TLB entries are worth: whose they are,
 * and how many flushes of that space they have seen. Random switches and
 * flushes on one CPU, also of spaces that are not loaded, and by other CPUs;
 * entries that are kept must be worth exactly what the space demands.
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

struct tag {
	u64 id, flushes;
};

static unsigned long steps = 200000;
static u64 state = 1;

static u64 draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void stale_entries_are_never_kept(void **unused)
{
	struct pcid_cpu cpu = { 0 };
	struct tag tlb[PCID_SLOTS + 1] = { { 0 } };
	u64 id[SPACES], flushes[SPACES] = { 0 }, next_id = 2;
	unsigned long kept = 0, flushed = 0;
	u32 loaded = 0, tag = 0;

	for (u32 i = 0; i < SPACES; i++)
		id[i] = next_id++;
	for (unsigned long n = 0; n < steps; n++) {
		u32 i = (u32)(draw() % (n & 1024 ? SPACES : PCID_SLOTS));
		bool keep;

		switch (draw() % 8) {
		case 0:                 /* a flush of any space */
			flushes[i]++;
			if (tag && i == loaded) {
				tlb[tag].flushes = flushes[i];
				pcid_flushed(&cpu, flushes[i]);
			}
			break;
		case 1:                 /* a space ends, another begins */
			if (tag && i == loaded)
				break;
			id[i] = next_id++;
			flushes[i] = 0;
			break;
		default:
			tag = pcid_enter(&cpu, id[i], flushes[i], &keep);
			loaded = i;
			assert_in_range(tag, 1, PCID_SLOTS);
			if (keep) {
				assert_int_equal(tlb[tag].id, id[i]);
				assert_int_equal(tlb[tag].flushes, flushes[i]);
				kept++;
			} else {
				flushed++;
			}
			tlb[tag] = (struct tag){ id[i], flushes[i] };
		}
	}
	/* Worth having, and not always right by luck. */
	assert_true(kept > steps / 20 && flushed > steps / 20);
}

static void as_many_spaces_as_tags_stay(void **unused)
{
	struct pcid_cpu cpu = { 0 };
	bool keep;

	for (u32 round = 0; round < 5; round++)
		for (u64 id = 2; id < 2 + PCID_SLOTS; id++) {
			pcid_enter(&cpu, id, 0, &keep);
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
