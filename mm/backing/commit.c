/* SPDX-License-Identifier: MIT */
/*
 * The book of promises: commit.h tells what for.
 *
 * A charge is written down first and looked at then. Of two CPUs that ask at once
 * each sees the other's, so both may be refused where one would have fitted, but
 * never are both accepted where they do not [the fence in commit_check].
 */
#include "mm/backing/commit.h"

#include "kernel/base/percpu.h"
#include "mm/frames/zone.h"

#define KIB_TO_PAGES(kib) ((kib) >> (PAGE_SHIFT - 10))

struct commit_rules commit_rules = { .mode = COMMIT_GUESS, .ratio = 50 };

DEFINE_PERCPU(s64, commit_pages);

/**
 * commit_init() - what is kept back: 1/32 of memory, at most 128 and 8 MiB
 *
 * Context: boot, once memory is there.
 */
void commit_init(void)
{
	u64 part = zones_free_pages() / 32 << (PAGE_SHIFT - 10);

	commit_rules.user_reserve_kib = MIN(part, (u64)128 << 10);
	commit_rules.admin_reserve_kib = MIN(part, (u64)8 << 10);
}

/** commit_total() - all promises, pages. Context: any; a snapshot. */
u64 commit_total(void)
{
	s64 sum = 0;

	for (unsigned int cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1))
		sum += READ_ONCE(*cpu_ptr(commit_pages, cpu));
	return (u64)MAX(sum, (s64)0);
}

/** commit_limit() - what NEVER keeps all promises below, pages. Context: any. */
u64 commit_limit(void)
{
	u64 kib = READ_ONCE(commit_rules.limit_kib);

	return kib ? KIB_TO_PAGES(kib)
		   : zones_total_pages() * READ_ONCE(commit_rules.ratio) / 100;
}

static bool commit_allows(u64 nr_pages, s64 spare)
{
	switch (READ_ONCE(commit_rules.mode)) {
	case COMMIT_GUESS:
		return nr_pages <= zones_total_pages();
	case COMMIT_ALWAYS:
		return true;
	default:
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		return (s64)commit_total() + spare < (s64)commit_limit();
	}
}

/**
 * commit_check() - the charge of nr_pages that was just written down: may it be?
 *
 * Crosses it out if not. Context: any.
 */
bool commit_check(u64 nr_pages, s64 spare)
{
	if (likely(commit_allows(nr_pages, spare)))
		return true;
	commit_uncharge(nr_pages);
	return false;
}
