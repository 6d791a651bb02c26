/* SPDX-License-Identifier: MIT */
/*
 * Suites that run unchanged on the host, on x86_64 and on AArch64.
 *
 *	TEST(buddy, split_and_merge)
 *	{
 *		EXPECT_EQ(zone->nr_free, 32u);
 *	}
 *
 * A test registers itself through a linker section; the runner
 * (tests/kernel/suite.c) prints TAP, runs the census after each test and
 * reports leaks as failures. A failed EXPECT ends the test: it returns, so it
 * stands in the test itself or in a void helper.
 */
#ifndef TESTS_KERNEL_SUITE_H
#define TESTS_KERNEL_SUITE_H

#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "lib/string.h"
#include "lib/types.h"

struct kernel_test {
	const char *suite;
	const char *name;
	void (*run)(void);
	u64 pad;                        /* section entries are 32 bytes */
};

#define TEST(suite_, name_)                                                   \
	/* Tests mistreat locks on purpose: no static analysis of that. */    \
	static void test_##suite_##_##name_(void) __no_thread_safety;         \
	static const struct kernel_test kt_##suite_##_##name_ __used          \
		__section("kernel_tests") __aligned(32) = {                   \
			#suite_, #name_, test_##suite_##_##name_, 0 };        \
	static void test_##suite_##_##name_(void)

/* Records the failure of the running test. */
void test_fail(const char *file, int line, const char *fmt, ...) __printf(3, 4);
/* Skips the rest with a reason (a feature that the machine lacks). */
void test_skip(const char *reason);

#define EXPECT(cond)                                                          \
	do {                                                                  \
		if (!(cond)) {                                                \
			test_fail(__FILE__, __LINE__, "%s", #cond);           \
			return;                                               \
		}                                                             \
	} while (0)

#define EXPECT_EQ(a, b)                                                       \
	do {                                                                  \
		u64 a__ = (u64)(a), b__ = (u64)(b);                           \
		if (a__ != b__) {                                             \
			test_fail(__FILE__, __LINE__,                         \
				  "%s == %s: %#llx != %#llx", #a, #b,         \
				  (unsigned long long)a__,                    \
				  (unsigned long long)b__);                   \
			return;                                               \
		}                                                             \
	} while (0)

/* A check function (X_check) must say NULL. */
#define EXPECT_SOUND(expr)                                                    \
	do {                                                                  \
		const char *why__ = (expr);                                   \
		if (why__) {                                                  \
			test_fail(__FILE__, __LINE__, "%s: %s", #expr, why__); \
			return;                                               \
		}                                                             \
	} while (0)

/* Has the running test failed so far? For loops around void helpers. */
bool test_failed(void);

/* Starts a kernel thread fn(arg); NULL, and the test has failed: no memory. */
struct thread;
struct thread *test_spawn(const char *name, void (*fn)(void *arg), void *arg);

/* Kind of the first report (kernel_report) since the last call; NULL: none.
 * A report that no test takes fails the test. */
const char *test_take_report(void);

/* stmt makes exactly this report: EXPECT_REPORT("double-free", kfree(p)); */
#define EXPECT_REPORT(kind, stmt)                                             \
	do {                                                                  \
		const char *got__;                                            \
		(void)test_take_report();                                     \
		stmt;                                                         \
		got__ = test_take_report();                                   \
		if (!got__ || strcmp(got__, kind)) {                          \
			test_fail(__FILE__, __LINE__,                         \
				  "expected report %s, got %s", kind,         \
				  got__ ? got__ : "none");                    \
			return;                                               \
		}                                                             \
	} while (0)

/* Nanoseconds that one test may take; 0: no limit. */
extern u64 test_limit_ns;

/* Runs the tests whose "suite/name" starts with filter (NULL: all).
 * Return: failures; 1 if nothing matched. Context: thread. */
unsigned int kernel_tests_run(const char *filter);

#endif
