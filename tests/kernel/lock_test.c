/* SPDX-License-Identifier: MIT */
/* kernel/base/lock.c and lockdebug.c: exclusion, order, and who is told. */
#include "kernel/base/lock.h"
#include "kernel/base/sched.h"
#include "tests/kernel/suite.h"

static struct mutex mutex = MUTEX_INIT(mutex, RANK_MM);
static struct rwlock rwlock = RWLOCK_INIT(rwlock, RANK_MM);
static struct spinlock low = SPINLOCK_INIT(RANK_ZONE);
static struct spinlock high = SPINLOCK_INIT(RANK_TRACE);

static u32 inside, most_inside, entered;

static void wait_for(u32 *counter, u32 value)
{
	while (READ_ONCE(*counter) < value)
		sched_yield();
}

/* In the critical section: give everybody a chance to come in as well. */
static void linger(void)
{
	inside++;
	most_inside = MAX(most_inside, inside);
	sched_yield();
	sched_yield();
	inside--;
	entered++;
}

static void use_mutex(void *arg)
{
	for (int i = 0; i < 10; i++) {
		mutex_lock(&mutex);
		linger();
		mutex_unlock(&mutex);
	}
}

TEST(lock, mutex_admits_one)
{
	inside = most_inside = entered = 0;
	for (int i = 0; i < 4; i++)
		test_spawn("mutex", use_mutex, NULL);
	wait_for(&entered, 40);
	thread_reap_wait();
	EXPECT_EQ(most_inside, 1);
	EXPECT(mutex.owner == NULL);
	EXPECT_EQ(mutex.nr_waiting, 0);
}

static char order[8];
static u32 arrived;

static void note_arrival(void *arg)
{
	mutex_lock(&mutex);
	order[arrived++] = current_thread()->name[0];
	mutex_unlock(&mutex);
}

TEST(lock, mutex_serves_in_order)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	arrived = 0;
	mutex_lock(&mutex);
	EXPECT(mutex_is_mine(&mutex));
	EXPECT(!try_mutex_lock(&mutex));
	for (int i = 0; i < 4; i++) {
		test_spawn(names[i], note_arrival, NULL);
		sched_yield();
	}
	EXPECT_EQ(arrived, 0);
	mutex_unlock(&mutex);
	wait_for(&arrived, 4);
	EXPECT_EQ(memcmp(order, "abcd", 4), 0);
}

static void use_reader(void *arg)
{
	read_lock(&rwlock);
	linger();
	read_unlock(&rwlock);
}

static void use_writer(void *arg)
{
	write_lock(&rwlock);
	linger();
	write_unlock(&rwlock);
}

TEST(lock, readers_share)
{
	inside = most_inside = entered = 0;
	for (int i = 0; i < 3; i++)
		test_spawn("reader", use_reader, NULL);
	wait_for(&entered, 3);
	EXPECT_EQ(most_inside, 3);
	EXPECT(!rwlock_is_held(&rwlock));
}

TEST(lock, writers_exclude_everybody)
{
	inside = most_inside = entered = 0;
	for (int i = 0; i < 3; i++)
		test_spawn("writer", use_writer, NULL);
	wait_for(&entered, 3);
	EXPECT_EQ(most_inside, 1);
}

/* A stream of readers must not starve a writer. */
TEST(lock, a_waiting_writer_stops_new_readers)
{
	inside = most_inside = entered = 0;
	read_lock(&rwlock);
	test_spawn("writer", use_writer, NULL);
	sched_yield();
	EXPECT_EQ(rwlock.nr_waiting, 1);
	test_spawn("reader", use_reader, NULL);
	sched_yield();
	EXPECT_EQ(rwlock.nr_waiting, 2);
	EXPECT_EQ(inside, 0);
	read_unlock(&rwlock);
	wait_for(&entered, 2);
	EXPECT_EQ(most_inside, 1);
	EXPECT_EQ(rwlock.count, 0);
}

TEST(lock, try_spin_lock_tells)
{
	EXPECT(try_spin_lock(&low));
	EXPECT(spin_is_locked(&low));
	EXPECT(!try_spin_lock(&low));
	spin_unlock(&low);
	EXPECT(!spin_is_locked(&low));
	EXPECT_EQ(this_cpu_read(preempt_count), 0);
}

static bool checked(void)
{
	if (!QUIRE_DEBUG)
		test_skip("locks are checked in debug builds only");
	return QUIRE_DEBUG;
}

TEST(lock, right_order_is_silent)
{
	mutex_lock(&mutex);
	spin_lock(&low);
	spin_lock(&high);
	spin_unlock(&low);              /* any order of release */
	spin_unlock(&high);
	mutex_unlock(&mutex);
	EXPECT(test_take_report() == NULL);
}

TEST(lock, wrong_order_is_reported)
{
	if (!checked())
		return;
	spin_lock(&high);
	EXPECT_REPORT("lock-order", spin_lock(&low));
	spin_unlock(&low);
	spin_unlock(&high);
}

TEST(lock, trying_may_go_against_the_order)
{
	spin_lock(&high);
	EXPECT(try_spin_lock(&low));
	EXPECT(test_take_report() == NULL);
	spin_unlock(&low);
	spin_unlock(&high);
}

TEST(lock, recursion_is_reported)
{
	if (!checked())
		return;
	lock_debug_acquire(&low, RANK_ZONE);
	EXPECT_REPORT("lock-recursion", lock_debug_acquire(&low, RANK_ZONE));
	lock_debug_release(&low, RANK_ZONE);
	lock_debug_release(&low, RANK_ZONE);
}

TEST(lock, foreign_release_is_reported)
{
	if (!checked())
		return;
	EXPECT_REPORT("lock-release", lock_debug_release(&low, RANK_ZONE));
}

TEST(lock, sleeping_under_a_spinlock_is_reported)
{
	if (!checked())
		return;
	spin_lock(&low);
	EXPECT_REPORT("lock-sleep", lock_debug_sleep("a test"));
	spin_unlock(&low);
	lock_debug_sleep("a test");
	EXPECT(test_take_report() == NULL);
}

/* A handler that takes a lock which is elsewhere taken with interrupts on. */
TEST(lock, a_lock_shared_with_interrupts_is_reported)
{
	static struct spinlock shared = SPINLOCK_INIT(RANK_TRACE);
	u64 flags;

	if (!checked())
		return;
	spin_lock(&shared);
	spin_unlock(&shared);
	flags = irq_save();
	(void)this_cpu_nest(irq_depth, 1);
	EXPECT_REPORT("lock-irq", spin_lock(&shared));
	spin_unlock(&shared);
	(void)this_cpu_nest(irq_depth, -1);
	irq_restore(flags);
}
