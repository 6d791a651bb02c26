/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs: conformance of a machine to arch/smp.h, and of its flushes to
 * "on return no CPU can use the old translation".
 *
 *   first CPU                         every other CPU
 *   entry: old frame ─► new one       reads the address, again and again
 *   flush                             may find the old frame or the new one
 *   spoils the old frame              must never find it spoiled
 *
 * With one CPU everything here is skipped.
 */
#include "arch/smp.h"

#include "arch/timer.h"
#include "kernel/base/smp.h"
#include "mm/tables/kmap.h"
#include "mm/tables/vmalloc.h"
#include "tests/kernel/rig.h"
#include "tests/kernel/suite.h"

#define ROUNDS  500
#define LEAST   50                      /* rounds, however slow the CPUs are */
#define PERIOD  1000000000ull           /* ns, after that */
#define GOOD    1
#define SPOILED 0x5a

static bool several_cpus(void)
{
	if (bit_count(cpus_online) < 2)
		test_skip("one CPU");
	return bit_count(cpus_online) > 1;
}

/* ---- every CPU is one of its own --------------------------------------------- */

static DEFINE_PERCPU(u64, smp_own);
static u64 visited;

static void visit(void *arg)
{
	u64 *last = arg, now = timer_now();

	if (now < *last)
		test_fail(__FILE__, __LINE__,
			  "the clock of CPU %u is %llu ns late",
			  this_cpu_read(cpu_number),
			  (unsigned long long)(*last - now));
	*last = now;
	visited |= (u64)1 << this_cpu_read(cpu_number);
	this_cpu_write(smp_own, this_cpu_read(cpu_number) + 100);
}

TEST(smp, every_cpu_has_its_own_variables_and_the_same_time)
{
	unsigned int cpu;
	u64 last = 0;

	if (!several_cpus())
		return;
	visited = 0;
	for (int i = 0; i < 10; i++)
		sched_on_each_cpu(visit, &last);
	EXPECT_EQ(visited, cpus_online);
	for (cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1)) {
		EXPECT_EQ(*cpu_ptr(smp_own, cpu), cpu + 100);
		EXPECT_EQ(*cpu_ptr(cpu_number, cpu), cpu);
	}
}

/* ---- calls ------------------------------------------------------------------------ */

static u64 called;                      /* [atomic] */

static void note_call(void *arg)
{
	u64 *total = arg;

	if (irq_enabled())
		test_fail(__FILE__, __LINE__, "called with interrupts on");
	__atomic_fetch_or(&called, (u64)1 << this_cpu_read(cpu_number),
			  __ATOMIC_RELAXED);
	__atomic_fetch_add(total, 1, __ATOMIC_RELAXED);
}

TEST(smp, a_call_reaches_all_others_before_it_returns)
{
	u64 total = 0, me, seen;

	if (!several_cpus())
		return;
	for (int i = 0; i < 100; i++) {
		preempt_disable();
		me = (u64)1 << this_cpu_read(cpu_number);
		called = 0;
		smp_call(cpus_online, note_call, &total);
		seen = called;
		preempt_enable();
		EXPECT_EQ(seen, cpus_online & ~me);
	}
	EXPECT_EQ(total, 100 * (bit_count(cpus_online) - 1));
}

/* One thread on each CPU; they begin together and say when they are done. */
static struct crowd {
	void (*act)(void);              /* what each does until `stop` or its end */
	unsigned int ready;             /* [atomic] */
	unsigned int done;              /* [atomic] */
	bool stop;                      /* [atomic] */
} crowd;

static void crowd_member(void *arg)
{
	thread_set_affinity(current_thread(), (u64)(uintptr_t)arg);
	__atomic_fetch_add(&crowd.ready, 1, __ATOMIC_SEQ_CST);
	crowd.act();
	__atomic_fetch_add(&crowd.done, 1, __ATOMIC_SEQ_CST);
}

/* Starts act() on each CPU of the set and waits until all are there. */
static void crowd_begin(u64 cpus, void (*act)(void))
{
	unsigned int nr = bit_count(cpus);

	crowd = (struct crowd){ .act = act };
	for (; cpus; cpus &= cpus - 1)
		test_spawn("crowd", crowd_member,
			   (void *)(uintptr_t)(cpus & -cpus));
	while (READ_ONCE(crowd.ready) < nr) {
		cpu_relax();
		sched_yield();
	}
}

static void crowd_end(u64 cpus)
{
	WRITE_ONCE(crowd.stop, true);
	while (READ_ONCE(crowd.done) < bit_count(cpus)) {
		cpu_relax();
		sched_yield();
	}
	thread_reap_wait();
}

/* This thread's CPU becomes the first one; returns the others. */
static u64 take_first_cpu(void)
{
	thread_set_affinity(current_thread(), 1);
	return cpus_online & ~(u64)1;
}

static void leave_first_cpu(void)
{
	thread_set_affinity(current_thread(), ~(u64)0);
}

static u64 crossed;                     /* [atomic] */

static void call_all(void)
{
	for (int i = 0; i < LEAST; i++)
		smp_call(cpus_online, note_call, &crossed);
}

TEST(smp, calls_of_all_to_all_lose_nothing)
{
	u64 nr = bit_count(cpus_online);

	if (!several_cpus())
		return;
	crossed = 0;
	crowd_begin(cpus_online, call_all);
	crowd_end(cpus_online);
	EXPECT_EQ(crossed, nr * (nr - 1) * LEAST);
}

/* ---- flushes ---------------------------------------------------------------------- */

/* The mapping under test: one address, two frames that take turns. */
static struct target {
	struct rig rig;
	struct page *page[2];
	volatile u8 *kernel;            /* NULL: RIG_VA, of user space */
	u64 reads, stale;               /* [atomic] */
} target;

/* Readers are user threads for the scheduler: they own the loaded space. */
static void read_target(void)
{
	u64 reads = 0, stale = 0;

	if (!target.kernel)
		rig_load(&target.rig);
	do {                            /* once at least, however late */
		int value = target.kernel ? *target.kernel : rig_peek(RIG_VA);

		stale += value == SPOILED;
		reads++;
		cpu_relax();
	} while (!READ_ONCE(crowd.stop));
	if (!target.kernel)
		rig_unload();
	__atomic_fetch_add(&target.reads, reads, __ATOMIC_RELAXED);
	__atomic_fetch_add(&target.stale, stale, __ATOMIC_RELAXED);
}

/* Spoils the frame that was replaced, long enough for all to see it. */
static void spoil(struct page *page)
{
	volatile u8 *byte = page_to_virt(page);

	*byte = SPOILED;
	for (int i = 0; i < 200; i++)
		cpu_relax();
	*byte = GOOD;
}

static void replace_user(pte_t *slot, struct page *page)
{
	pt_replace(&target.rig.space, RIG_VA, 0, slot,
		   pte_make_leaf(page_to_phys(page), RIG_RO | PT_YOUNG, 0));
}

static void replace_kernel(pte_t *slot, struct page *page)
{
	pt_replace(&mmu_kernel_space, (vaddr_t)target.kernel, 0, slot,
		   pte_make_leaf(page_to_phys(page), KMAP_WRITE, 0));
}

static void unmap_and_map(pte_t *slot, struct page *page, vaddr_t len)
{
	pt_clear(slot);
	mmu_flush_range(&target.rig.space, RIG_VA, RIG_VA + len, false);
	pt_install(slot, pte_make_leaf(page_to_phys(page), RIG_RO, 0));
}

static void remap_page(pte_t *slot, struct page *page)
{
	unmap_and_map(slot, page, PAGE_SIZE);
}

static void remap_many(pte_t *slot, struct page *page)
{
	unmap_and_map(slot, page, MIB(4));
}

/* Again and again change(): nobody may read a frame that was given up. */
static void nobody_reads_the_old(pte_t *slot,
				 void (*change)(pte_t *slot, struct page *page))
{
	u64 others = take_first_cpu(), end = timer_now() + PERIOD;

	target.reads = target.stale = 0;
	crowd_begin(others, read_target);
	for (u32 i = 0; i < LEAST || (i < ROUNDS && timer_now() < end); i++) {
		change(slot, target.page[(i + 1) % 2]);
		spoil(target.page[i % 2]);
	}
	crowd_end(others);
	leave_first_cpu();
	EXPECT(target.reads >= bit_count(others));
	EXPECT_EQ(target.stale, 0);
}

static void target_free_pages(void)
{
	page_free(target.page[0], 0);
	page_free(target.page[1], 0);
}

static void nobody_reads_the_old_user_page(void (*change)(pte_t *slot,
							  struct page *page))
{
	target = (struct target){ .page = { rig_page(GOOD), rig_page(GOOD) } };
	EXPECT(target.page[0] && target.page[1] && rig_create(&target.rig));
	EXPECT(rig_map(&target.rig, RIG_VA, target.page[0], RIG_RO));
	nobody_reads_the_old(rig_slot(&target.rig, RIG_VA), change);
	rig_end(&target.rig);
	target_free_pages();
}

TEST(smp, no_cpu_reads_a_replaced_page)
{
	if (several_cpus())
		nobody_reads_the_old_user_page(replace_user);
}

TEST(smp, no_cpu_reads_a_page_after_a_short_flush)
{
	if (several_cpus())
		nobody_reads_the_old_user_page(remap_page);
}

TEST(smp, no_cpu_reads_a_page_after_a_long_flush)
{
	if (several_cpus())
		nobody_reads_the_old_user_page(remap_many);
}

TEST(smp, no_cpu_reads_a_replaced_kernel_page)
{
	struct pt_cursor c;
	pte_t *slot;

	if (!several_cpus())
		return;
	if (mmu_features.break_before_make) {
		test_skip("a reader would fault while the entry is broken");
		return;
	}
	target = (struct target){ .page = { rig_page(GOOD), rig_page(GOOD) } };
	EXPECT(target.page[0] && target.page[1]);
	target.kernel = vmap(target.page, 1, PT_READ | PT_WRITE);
	EXPECT(target.kernel);
	EXPECT(pt_slot_find(&c, &mmu_kernel_space, (vaddr_t)target.kernel));
	slot = c.slot;
	pt_cursor_end(&c);
	nobody_reads_the_old(slot, replace_kernel);
	vunmap((const void *)target.kernel);
	target_free_pages();
}

/* ---- spaces that are merely kept ---------------------------------------------------- */

/* Ends with the space loaded, as a kernel thread that runs after a user thread
 * keeps it. */
static void load_and_keep(void)
{
	rig_load(&target.rig);
	(void)rig_peek(RIG_VA);
	current_thread()->space = NULL;
}

TEST(smp, an_ending_space_is_left_by_all)
{
	u64 others;

	if (!several_cpus())
		return;
	for (int i = 0; i < 50 && !test_failed(); i++) {
		target = (struct target){ .page = { rig_page(GOOD) } };
		EXPECT(target.page[0] && rig_create(&target.rig));
		EXPECT(rig_map(&target.rig, RIG_VA, target.page[0], RIG_RO));
		others = take_first_cpu();
		crowd_begin(others, load_and_keep);
		crowd_end(others);
		rig_end(&target.rig);
		EXPECT_EQ(target.rig.space.cpus, 0);
		leave_first_cpu();
		page_free(target.page[0], 0);
	}
}
