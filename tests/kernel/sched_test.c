/* SPDX-License-Identifier: MIT */
/* kernel/base/sched.c and threads.c: order, preemption, life and death. */
#include "arch/timer.h"
#include "kernel/base/lock.h"
#include "kernel/base/sched.h"
#include "kernel/base/wait.h"
#include "tests/kernel/suite.h"

#define NS_PER_MS 1000000ull

/* What the threads of a test write down, in the order of running. */
static struct {
	char text[64];
	u32 len;
} diary;

static void note(char c)
{
	if (diary.len < sizeof(diary.text) - 1)
		diary.text[diary.len++] = c;
	diary.text[diary.len] = '\0';
}

/* Who ran alone for long loses the CPU to the first who comes. A sleep gives
 * the test a whole slice again, in which nobody interferes. */
static void begin_slice(void)
{
	EXPECT_EQ(time_sleep_until(timer_now() + NS_PER_MS, NULL), 0);
	diary.len = 0;
}

static void note_thrice(void *arg)
{
	for (int i = 0; i < 3; i++) {
		note(*(char *)arg);
		sched_yield();
	}
}

TEST(sched, yield_goes_round)
{
	static char names[] = "abc";

	begin_slice();
	for (int i = 0; i < 3; i++)
		test_spawn("note", note_thrice, &names[i]);
	thread_reap_wait();
	while (diary.len < 9)
		sched_yield();
	EXPECT_EQ(strcmp(diary.text, "abcabcabc"), 0);
}

static void note_and_end(void *arg)
{
	note('x');
}

TEST(sched, hundreds_of_threads_come_and_go)
{
	u64 before = sched_switches();

	for (int i = 0; i < 300 && !test_failed(); i++) {
		diary.len = 0;
		test_spawn("short", note_and_end, NULL);
		sched_yield();
		EXPECT_EQ(diary.len, 1);
		thread_reap_wait();
	}
	EXPECT(sched_switches() - before >= 600);
}

static struct thread *sleeper;

static void sleep_once(void *arg)
{
	sched_prepare_block();
	note('s');
	sched_block();
	note('w');
}

TEST(sched, a_sleeping_thread_waits_for_its_wake)
{
	diary.len = 0;
	EXPECT_EQ(thread_create(&sleeper, "sleeper", sleep_once, NULL), 0);
	thread_start(sleeper);
	for (int i = 0; i < 5; i++)
		sched_yield();
	EXPECT_EQ(strcmp(diary.text, "s"), 0);
	EXPECT_EQ(sleeper->state, THREAD_SLEEPING);
	thread_wake(sleeper);
	thread_wake(sleeper);           /* the second one is harmless */
	sched_yield();
	EXPECT_EQ(strcmp(diary.text, "sw"), 0);
}

TEST(sched, a_wake_before_the_sleep_is_not_lost)
{
	sched_prepare_block();
	thread_wake(current_thread());
	sched_block();                  /* returns, or this test hangs */
	EXPECT_EQ(current_thread()->state, THREAD_RUNNING);
}

static bool stop_spinning;

static void spin_until_told(void *arg)
{
	while (!READ_ONCE(stop_spinning)) {
		(void)timer_now();
		cpu_relax();
	}
	note('p');
}

/* The only way for this thread to go on is a slice that ends. */
TEST(sched, a_busy_thread_is_preempted)
{
	u64 begun;

	diary.len = 0;
	stop_spinning = false;
	test_spawn("busy", spin_until_told, NULL);
	begun = timer_now();
	sched_yield();
	EXPECT(timer_now() - begun >= 5 * NS_PER_MS);
	EXPECT_EQ(diary.len, 0);
	WRITE_ONCE(stop_spinning, true);
	sched_yield();
	EXPECT_EQ(diary.len, 1);
}

TEST(sched, preempt_disable_keeps_the_cpu)
{
	u64 until;

	begin_slice();
	test_spawn("other", note_and_end, NULL);
	preempt_disable();
	until = timer_now() + 30 * NS_PER_MS;
	while (timer_now() < until)
		cpu_relax();
	EXPECT_EQ(diary.len, 0);
	EXPECT_EQ(this_cpu_read(need_resched), 1);
	preempt_enable();               /* switches right here */
	EXPECT_EQ(diary.len, 1);
}

static void count_thread(struct thread *t, void *arg)
{
	++*(u32 *)arg;
}

TEST(sched, every_thread_is_listed)
{
	u32 before = 0, with = 0, after = 0;

	thread_for_each(count_thread, &before);
	test_spawn("listed", note_and_end, NULL);
	thread_for_each(count_thread, &with);
	sched_yield();
	thread_reap_wait();
	thread_for_each(count_thread, &after);
	EXPECT_EQ(with, before + 1);
	EXPECT_EQ(after, before);
}

TEST(sched, idle_time_counts)
{
	u64 idle = sched_idle_ns(), start = timer_now();

	/* How much of the sleep is idle depends on the speed of the host. */
	EXPECT_EQ(time_sleep_until(start + 20 * NS_PER_MS, NULL), 0);
	idle = sched_idle_ns() - idle;
	EXPECT(idle > 0);
	EXPECT(idle <= timer_now() - start);
}
