/* SPDX-License-Identifier: MIT */
/* kernel/base/time.c: timers fire once, in order, not early, or not at all. */
#include "kernel/base/time.h"
#include "kernel/base/wait.h"
#include "tests/kernel/suite.h"

#define NS_PER_MS 1000000ull
#define TIMERS    24

struct note_timer {
	struct timer timer;
	u64 fired_at;                   /* ns; 0: not yet */
	u32 place;                      /* how many fired before */
};

static struct note_timer timers[TIMERS];
static u32 nr_fired;

static void note_fire(struct timer *t)
{
	struct note_timer *n = container_of(t, struct note_timer, timer);

	n->fired_at = timer_now();
	n->place = nr_fired++;
}

static void reset(void)
{
	memset(timers, 0, sizeof(timers));
	nr_fired = 0;
}

/* A fixed shuffle of 1 … TIMERS. */
static u64 delay_of(u32 i)
{
	return (i * 7 % TIMERS + 1) * NS_PER_MS;
}

TEST(time, clock_goes_forward)
{
	u64 last = timer_now();

	for (int i = 0; i < 1000; i++) {
		u64 now = timer_now();

		EXPECT(now >= last);
		last = now;
	}
}

TEST(time, timers_fire_in_order_and_not_early)
{
	u64 begun = timer_now();

	reset();
	for (u32 i = 0; i < TIMERS; i++)
		timer_start(&timers[i].timer, begun + delay_of(i), note_fire);
	EXPECT_SOUND(time_check());
	EXPECT_EQ(time_sleep_until(begun + (TIMERS + 2) * NS_PER_MS, NULL), 0);
	EXPECT_EQ(nr_fired, TIMERS);
	for (u32 i = 0; i < TIMERS; i++) {
		EXPECT(timers[i].fired_at >= begun + delay_of(i));
		EXPECT_EQ(timers[i].place + 1, delay_of(i) / NS_PER_MS);
	}
	EXPECT_SOUND(time_check());
}

TEST(time, a_cancelled_timer_is_silent)
{
	u64 begun = timer_now();

	reset();
	for (u32 i = 0; i < TIMERS; i++)
		timer_start(&timers[i].timer, begun + delay_of(i), note_fire);
	for (u32 i = 0; i < TIMERS; i += 2)
		EXPECT(timer_cancel(&timers[i].timer));
	EXPECT_SOUND(time_check());
	EXPECT_EQ(time_sleep_until(begun + (TIMERS + 2) * NS_PER_MS, NULL), 0);
	EXPECT_EQ(nr_fired, TIMERS / 2);
	for (u32 i = 0; i < TIMERS; i++)
		EXPECT((timers[i].fired_at != 0) == (i % 2 != 0));
	EXPECT(!timer_cancel(&timers[1].timer));
}

TEST(time, a_deadline_in_the_past_fires_at_once)
{
	reset();
	timer_start(&timers[0].timer, 0, note_fire);
	EXPECT_EQ(time_sleep_until(timer_now() + NS_PER_MS, NULL), 0);
	EXPECT_EQ(nr_fired, 1);
}

TEST(time, equal_deadlines_first_come_first_served)
{
	u64 when = timer_now() + NS_PER_MS;

	reset();
	for (u32 i = 0; i < 5; i++)
		timer_start(&timers[i].timer, when, note_fire);
	EXPECT_EQ(time_sleep_until(when + NS_PER_MS, NULL), 0);
	for (u32 i = 0; i < 5; i++)
		EXPECT_EQ(timers[i].place, i);
}

static u32 rounds;

static void start_again(struct timer *t)
{
	if (++rounds < 4)
		timer_start(t, t->deadline + NS_PER_MS, start_again);
}

TEST(time, a_timer_may_start_itself_again)
{
	struct timer periodic = { 0 };
	u64 begun = timer_now();

	rounds = 0;
	timer_start(&periodic, begun + NS_PER_MS, start_again);
	EXPECT_EQ(time_sleep_until(begun + 8 * NS_PER_MS, NULL), 0);
	EXPECT_EQ(rounds, 4);
}
