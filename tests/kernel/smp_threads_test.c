/* SPDX-License-Identifier: MIT */
/*
 * What must hold while threads run on all CPUs at once: threads go where they
 * are told, per-CPU counters lose nothing, locks exclude, and memory that is
 * allocated on one CPU may be freed on the next.
 *
 *	gang_run(n, work)   n threads, spread over the CPUs, begin together;
 *	                    returns when all have ended
 *
 * (That calls and flushes reach every CPU is smp_test.c.) The boot option
 * ktest_ops= sets how often each thread does its work. With one CPU everything
 * here is skipped.
 */
#include "arch/timer.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/lock.h"
#include "kernel/base/sched.h"
#include "kernel/base/wait.h"
#include "mm/frames/kmalloc.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/slab.h"
#include "mm/tables/vmalloc.h"
#include "tests/kernel/suite.h"

#define NS_PER_MS 1000000ull

static bool cpus_for_a_gang(void)
{
	if (bit_count(cpus_online) < 2)
		test_skip("one CPU");
	return bit_count(cpus_online) > 1;
}

static u64 gang_ops(void)
{
	return cmdline_u64("ktest_ops", 5000);
}

/* ---- threads that begin together ----------------------------------------- */

static struct gang {
	void (*work)(u64 nr);
	bool pinned;                    /* each stays on its CPU */
	u32 size;
	u32 ready;                      /* [atomic] */
	u32 done;                       /* [atomic] */
} gang;

/* The CPU that member nr belongs to: round and round those that run. */
static unsigned int gang_cpu(u64 nr)
{
	unsigned int cpu = cpu_next_online(0);

	for (nr %= bit_count(cpus_online); nr; nr--)
		cpu = cpu_next_online(cpu + 1);
	return cpu;
}

/* Asleep: this CPU has work to do, and a machine without one for each of its
 * CPUs gives the time to the others. */
static void gang_wait_for(const u32 *counter, u32 value)
{
	while (READ_ONCE(*counter) < value)
		if (time_sleep_until(timer_now() + NS_PER_MS, NULL))
			return;
}

static void gang_member(void *arg)
{
	u64 nr = (uintptr_t)arg;

	thread_set_affinity(current_thread(),
			    gang.pinned ? (u64)1 << gang_cpu(nr) : ~(u64)0);
	__atomic_fetch_add(&gang.ready, 1, __ATOMIC_SEQ_CST);
	while (READ_ONCE(gang.ready) < gang.size) {
		cpu_relax();
		sched_yield();
	}
	gang.work(nr);
	__atomic_fetch_add(&gang.done, 1, __ATOMIC_SEQ_CST);
}

static void gang_run(u32 size, bool pinned, void (*work)(u64 nr))
{
	gang = (struct gang){ .work = work, .pinned = pinned, .size = size };
	for (u32 i = 0; i < size; i++)
		test_spawn("gang", gang_member, (void *)(uintptr_t)i);
	gang_wait_for(&gang.done, size);
	thread_reap_wait();
}

/* ---- where threads run --------------------------------------------------- */

TEST(smp_threads, a_thread_stands_where_it_was_told)
{
	struct thread *me = current_thread();

	if (!cpus_for_a_gang())
		return;
	for (u64 i = 0; i < 3 * bit_count(cpus_online); i++) {
		thread_set_affinity(me, (u64)1 << gang_cpu(i));
		EXPECT_EQ(this_cpu_read(cpu_number), gang_cpu(i));
		sched_yield();
		EXPECT_EQ(this_cpu_read(cpu_number), gang_cpu(i));
	}
	thread_set_affinity(me, ~(u64)0);
}

static struct {
	u32 cpu;                        /* where it is [atomic] */
	bool stop;                      /* [atomic] */
	u32 ended;                      /* [atomic] */
} spinner;

static void spin_and_tell(void *arg)
{
	while (!READ_ONCE(spinner.stop)) {
		WRITE_ONCE(spinner.cpu, this_cpu_read(cpu_number));
		cpu_relax();
	}
	WRITE_ONCE(spinner.ended, 1);
}

TEST(smp_threads, a_thread_that_spins_is_moved)
{
	struct thread *t;

	if (!cpus_for_a_gang())
		return;
	memset(&spinner, 0, sizeof(spinner));
	t = test_spawn("spinner", spin_and_tell, NULL);
	for (u64 i = 0; t && i < 4 * bit_count(cpus_online); i++) {
		u64 end = timer_now() + 5000 * NS_PER_MS;

		thread_set_affinity(t, (u64)1 << gang_cpu(i));
		while (READ_ONCE(spinner.cpu) != gang_cpu(i) &&
		       timer_now() < end)
			EXPECT_EQ(time_sleep_until(timer_now() + NS_PER_MS,
						   NULL),
				  0);
		if (READ_ONCE(spinner.cpu) != gang_cpu(i))
			test_fail(__FILE__, __LINE__, "on CPU %u, not on %u",
				  spinner.cpu, gang_cpu(i));
	}
	WRITE_ONCE(spinner.stop, true);
	gang_wait_for(&spinner.ended, 1);
}

static struct wait_queue table = { .lock = SPINLOCK_INIT(RANK_WAIT),
				   .waiters = LIST_INIT(table.waiters) };
static u64 stroke;                      /* whose turn: modulo the players */

static void play_round(u64 nr)
{
	for (u64 i = 0; i < gang_ops() / 16; i++) {
		wait_event_unkillable(&table,
				      READ_ONCE(stroke) % gang.size == nr);
		WRITE_ONCE(stroke, stroke + 1);
		wait_wake_all(&table);
	}
}

/* No wake-up from another CPU is lost: one would be enough to hang here. */
TEST(smp_threads, wake_ups_cross_over)
{
	if (!cpus_for_a_gang())
		return;
	stroke = 0;
	gang_run(2, true, play_round);
	EXPECT_EQ(stroke, 2 * (gang_ops() / 16));
	stroke = 0;
	gang_run(3, false, play_round);
	EXPECT_EQ(stroke, 3 * (gang_ops() / 16));
}

/* ---- per-CPU counters ---------------------------------------------------- */

static DEFINE_PERCPU(u64, tally64);
static DEFINE_PERCPU(u32, tally32);

static void tally_clear(void *arg)
{
	this_cpu_write(tally64, 0);
	this_cpu_write(tally32, 0);
}

static void tally_up(u64 nr)
{
	for (u64 i = 0; i < gang_ops() * 20; i++) {
		this_cpu_add(tally64, nr + 1);
		this_cpu_add(tally32, 1);
		if (i % 1024 == 0)
			sched_yield();
	}
}

/* With preemption on, by threads that wander: one instruction each, or lost. */
TEST(smp_threads, counters_lose_nothing)
{
	u32 nr = 2 * bit_count(cpus_online) + 1, cpu;
	u64 sum64 = 0;
	u32 sum32 = 0;

	if (!cpus_for_a_gang())
		return;
	sched_on_each_cpu(tally_clear, NULL);
	gang_run(nr, false, tally_up);
	for (cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1)) {
		sum64 += *cpu_ptr(tally64, cpu);
		sum32 += *cpu_ptr(tally32, cpu);
	}
	EXPECT_EQ(sum64, gang_ops() * 20 * nr * (nr + 1) / 2);
	EXPECT_EQ(sum32, (u32)(gang_ops() * 20 * nr));
}

/* ---- locks --------------------------------------------------------------- */

static struct spinlock gang_spin = SPINLOCK_INIT(RANK_ZONE);
static struct mutex gang_mutex = MUTEX_INIT(gang_mutex, RANK_MM);
static struct rwlock gang_rwlock = RWLOCK_INIT(gang_rwlock, RANK_MM);
static struct { u64 left, right; } pair;        /* equal outside of the locks */

/* Slowly, so that anybody else inside would be noticed. */
static void pair_add(void)
{
	u64 seen = READ_ONCE(pair.left);

	cpu_relax();
	WRITE_ONCE(pair.left, seen + 1);
	cpu_relax();
	WRITE_ONCE(pair.right, seen + 1);
}

static void pair_check(void)
{
	u64 left = READ_ONCE(pair.left);

	cpu_relax();
	if (READ_ONCE(pair.right) != left)
		test_fail(__FILE__, __LINE__, "a writer among readers");
}

static void use_gang_spin(u64 nr)
{
	for (u64 i = 0; i < gang_ops(); i++) {
		spin_lock(&gang_spin);
		pair_add();
		spin_unlock(&gang_spin);
	}
}

static void use_gang_mutex(u64 nr)
{
	for (u64 i = 0; i < gang_ops(); i++) {
		mutex_lock(&gang_mutex);
		pair_add();
		if (i % 64 == 0)
			sched_yield();
		mutex_unlock(&gang_mutex);
	}
}

static void use_gang_rwlock(u64 nr)
{
	for (u64 i = 0; i < gang_ops(); i++) {
		if (i % 4) {
			read_lock(&gang_rwlock);
			pair_check();
			read_unlock(&gang_rwlock);
		} else {
			write_lock(&gang_rwlock);
			pair_add();
			write_unlock(&gang_rwlock);
		}
	}
}

static void pair_counts(void (*work)(u64 nr), u64 adds)
{
	u32 nr = bit_count(cpus_online) + 1;

	memset(&pair, 0, sizeof(pair));
	gang_run(nr, false, work);
	EXPECT_EQ(pair.left, adds * nr);
	EXPECT_EQ(pair.right, adds * nr);
}

TEST(smp_threads, spinlock_admits_one)
{
	if (cpus_for_a_gang())
		pair_counts(use_gang_spin, gang_ops());
}

TEST(smp_threads, mutex_admits_one)
{
	if (cpus_for_a_gang())
		pair_counts(use_gang_mutex, gang_ops());
}

TEST(smp_threads, rwlock_admits_one_writer)
{
	if (cpus_for_a_gang())
		pair_counts(use_gang_rwlock, DIV_ROUND_UP(gang_ops(), 4));
}

/* ---- memory that changes CPUs -------------------------------------------- */

#define BOX_ITEMS 16

/* What a member receives from the one before it. */
static struct box {
	struct spinlock lock;
	u32 nr;
	struct parcel {
		void *p;
		size_t size;
		u64 tag;                /* its bytes: the lowest 8 bits */
	} item[BOX_ITEMS];
} boxes[MAX_CPUS];

static bool box_put(struct box *b, struct parcel item)
{
	bool fits;

	spin_lock(&b->lock);
	fits = b->nr < BOX_ITEMS;
	if (fits)
		b->item[b->nr++] = item;
	spin_unlock(&b->lock);
	return fits;
}

/* The oldest, so that things stay for a while. */
static bool box_take(struct box *b, struct parcel *item)
{
	bool any;

	spin_lock(&b->lock);
	any = b->nr > 0;
	if (any) {
		*item = b->item[0];
		b->nr--;
		memmove(b->item, b->item + 1, b->nr * sizeof(b->item[0]));
	}
	spin_unlock(&b->lock);
	return any;
}

/* How the parcels of the running test are made. */
static bool parcels_are_pages;

static bool parcel_make(struct parcel *item, u64 tag)
{
	item->tag = tag;
	item->size = parcels_are_pages ? PAGE_SIZE : 8 + tag * 37 % 3000;
	item->p = parcels_are_pages ? page_alloc_virt(GFP_KERNEL, 0)
				    : kmalloc(item->size, GFP_KERNEL);
	if (!item->p) {
		test_fail(__FILE__, __LINE__, "out of memory");
		return false;
	}
	memset(item->p, (u8)tag, item->size);
	*(u64 *)item->p = tag;
	return true;
}

/* Its contents are still the maker's: nobody else got the same memory. */
static void parcel_end(const struct parcel *item)
{
	const u8 *byte = item->p;

	if (*(u64 *)item->p != item->tag ||
	    (item->size > 8 && (byte[8] != (u8)item->tag ||
				byte[item->size - 1] != (u8)item->tag)))
		test_fail(__FILE__, __LINE__, "%p (%zu bytes) is not as it was",
			  item->p, item->size);
	if (parcels_are_pages)
		page_free_virt(item->p, 0);
	else
		kfree(item->p);
}

static void pass_parcels(u64 nr)
{
	struct box *own = &boxes[nr], *next = &boxes[(nr + 1) % gang.size];
	struct parcel item;

	for (u64 i = 0; i < gang_ops() * 4 && !test_failed(); i++) {
		if (!parcel_make(&item, nr << 32 | i))
			return;
		if (!box_put(next, item))
			parcel_end(&item);
		if (i % 3 && box_take(own, &item))
			parcel_end(&item);
	}
}

static void parcels_go_round(bool pages)
{
	struct parcel item;

	parcels_are_pages = pages;
	for (u32 i = 0; i < MAX_CPUS; i++) {
		spin_init(&boxes[i].lock, RANK_NONE);
		boxes[i].nr = 0;
	}
	gang_run(bit_count(cpus_online), true, pass_parcels);
	for (u32 i = 0; i < MAX_CPUS; i++)
		while (box_take(&boxes[i], &item))
			parcel_end(&item);
	EXPECT_SOUND(page_alloc_check());
	EXPECT_SOUND(slab_check_all());
}

TEST(smp_threads, pages_are_freed_elsewhere)
{
	if (cpus_for_a_gang())
		parcels_go_round(true);
}

TEST(smp_threads, objects_are_freed_elsewhere)
{
	if (cpus_for_a_gang())
		parcels_go_round(false);
}

static void use_vmalloc(u64 nr)
{
	for (u64 i = 0; i < gang_ops() / 100 && !test_failed(); i++) {
		size_t words = (1 + (nr + i) % 5) * PAGE_SIZE / sizeof(u64);
		u64 *p = vmalloc(words * sizeof(u64)), w;

		if (!p)
			continue;
		for (w = 0; w < words; w += 64)
			p[w] = nr << 48 | i << 16 | w;
		for (w = 0; w < words; w += 64)
			if (p[w] != (nr << 48 | i << 16 | w))
				test_fail(__FILE__, __LINE__,
					  "word %llu of %p is not as it was",
					  (unsigned long long)w, p);
		vfree(p);
	}
}

/* Addresses are used again at once: an old translation would show. */
TEST(smp_threads, vmalloc_leaves_no_translation)
{
	if (!cpus_for_a_gang())
		return;
	gang_run(bit_count(cpus_online) + 1, false, use_vmalloc);
	EXPECT_SOUND(vmalloc_check());
}
