/* SPDX-License-Identifier: MIT */
/* kernel/base/wait.c: nobody sleeps through a wake-up. */
#include "arch/timer.h"
#include "kernel/base/time.h"
#include "kernel/base/wait.h"
#include "tests/kernel/suite.h"

#define NS_PER_MS 1000000ull

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static u32 tokens, taken;
static int last_error;

static void take_token(void *arg)
{
	last_error = wait_event(&queue, tokens > 0);
	if (!last_error) {
		tokens--;
		taken++;
	}
}

TEST(wait, a_true_condition_does_not_sleep)
{
	u64 before = sched_switches();

	EXPECT_EQ(wait_event(&queue, true), 0);
	EXPECT_EQ(sched_switches(), before);
}

/* What happens between a look and the next one, at a fixed place: the event. */
static u32 looks, event_at;

static bool event_has_come(void)
{
	return ++looks >= event_at;
}

/* The second look is the one on the queue: a wake-up before it reached nobody. */
TEST(wait, an_event_between_look_and_sleep_is_seen)
{
	u64 before = sched_switches();

	for (event_at = 1; event_at <= 2; event_at++) {
		looks = 0;
		EXPECT_EQ(wait_event(&queue, event_has_come()), 0);
		EXPECT_EQ(sched_switches(), before);
		EXPECT(looks >= event_at);
		EXPECT(list_empty(&queue.waiters));
	}
	EXPECT(looks > 2);              /* and is asked for again */
}

TEST(wait, each_wake_lets_one_go)
{
	tokens = taken = 0;
	for (int i = 0; i < 3; i++)
		test_spawn("taker", take_token, NULL);
	sched_yield();
	EXPECT_EQ(taken, 0);
	for (u32 i = 1; i <= 3; i++) {
		tokens++;
		EXPECT_EQ(wait_wake(&queue, 1), 1);
		sched_yield();
		EXPECT_EQ(taken, i);
	}
	EXPECT_EQ(wait_wake(&queue, 1), 0);
}

TEST(wait, wake_all_reaches_all_but_the_condition_decides)
{
	tokens = taken = 0;
	for (int i = 0; i < 4; i++)
		test_spawn("taker", take_token, NULL);
	sched_yield();
	tokens = 2;
	wait_wake_all(&queue);
	sched_yield();
	sched_yield();
	EXPECT_EQ(taken, 2);
	tokens = 2;
	wait_wake_all(&queue);
	sched_yield();
	EXPECT_EQ(taken, 4);
	EXPECT(list_empty(&queue.waiters));
}

TEST(wait, a_signal_ends_a_killable_wait)
{
	struct thread *t;

	tokens = taken = 0;
	last_error = 1;
	t = test_spawn("killable", take_token, NULL);
	sched_yield();
	EXPECT(t && t->killable_sleep);
	t->user_work = THREAD_WORK_SIGNAL;
	thread_wake(t);
	sched_yield();
	EXPECT_EQ(-last_error, EINTR);
	EXPECT(list_empty(&queue.waiters));
}

TEST(wait, a_deadline_passes)
{
	u64 begun = timer_now();
	int err = wait_event_until(&queue, false, true, begun + 5 * NS_PER_MS);

	EXPECT_EQ(-err, ETIMEDOUT);
	EXPECT(timer_now() - begun >= 5 * NS_PER_MS);
	EXPECT(list_empty(&queue.waiters));
}

static void take_token_in_time(void *arg)
{
	last_error = wait_event_until(&queue, tokens > 0, true, *(u64 *)arg);
}

TEST(wait, a_wake_before_the_deadline_leaves_no_timer)
{
	u64 deadline = timer_now() + 1000 * NS_PER_MS;

	tokens = 0;
	test_spawn("in time", take_token_in_time, &deadline);
	sched_yield();
	EXPECT(time_next() <= deadline);
	tokens = 1;
	wait_wake_all(&queue);
	sched_yield();
	EXPECT_EQ(last_error, 0);
	/* Past the end of the slice; then only others' timers are left. */
	EXPECT_EQ(time_sleep_until(timer_now() + 30 * NS_PER_MS, NULL), 0);
	EXPECT(time_next() != deadline);
	EXPECT_SOUND(time_check());
}

/* Whoever finds the condition true at the deadline has not timed out. */
TEST(wait, the_condition_goes_before_the_clock)
{
	u64 past = timer_now();

	EXPECT_EQ(wait_event_until(&queue, timer_now() > past, true, past), 0);
}

TEST(wait, sleep_tells_what_is_left)
{
	u64 left = 1;
	u64 deadline = timer_now() + 3 * NS_PER_MS;

	EXPECT_EQ(time_sleep_until(deadline, &left), 0);
	EXPECT_EQ(left, 0);
	EXPECT(timer_now() >= deadline);
	current_thread()->user_work = THREAD_WORK_SIGNAL;
	EXPECT_EQ(-time_sleep_until(timer_now() + 1000 * NS_PER_MS, &left),
		  EINTR);
	current_thread()->user_work = 0;
	EXPECT(left > 900 * NS_PER_MS);
}

/* Two threads that wake each other, as a pipe's ends do. */
static u32 ball, returns;

static void play(void *arg)
{
	for (int i = 0; i < 200; i++) {
		wait_event_unkillable(&queue, ball == 1);
		ball = 0;
		returns++;
		wait_wake_all(&queue);
	}
}

TEST(wait, ping_pong_loses_no_ball)
{
	ball = returns = 0;
	test_spawn("pong", play, NULL);
	for (u32 i = 1; i <= 200; i++) {
		ball = 1;
		wait_wake_all(&queue);
		wait_event_unkillable(&queue, ball == 0);
		EXPECT_EQ(returns, i);
	}
}
