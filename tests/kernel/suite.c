/* SPDX-License-Identifier: MIT */
/*
 * The runner: every TEST of the program, one after the other, as TAP.
 *
 *	mark ─► test ─► settle ─► reports left? census right? mark as before?
 *	          └── a timer that panics when the test does not end
 *
 * Results go to the console in the Test Anything Protocol, version 13: one
 * line a test, details below it as a YAML block, the sums at the end.
 *
 * A test fails by test_fail() (EXPECT and its kin), by a kernel_report that it
 * did not expect, by a census that does not add up, and by memory that is in
 * use afterwards and was not before.
 */
#include "tests/kernel/suite.h"

#include "kernel/base/sched.h"
#include "kernel/base/time.h"
#include "lib/format.h"
#include "mm/pressure/census.h"

/* By the linker: the section that TEST fills. */
extern const struct kernel_test __start_kernel_tests[];
extern const struct kernel_test __stop_kernel_tests[];

#define TEST_TEXT_MAX 200

u64 test_limit_ns = 30ull * 1000 * 1000 * 1000;

/* The running test; one at a time. */
static struct {
	const struct kernel_test *test;
	bool failed;
	const char *skipped;            /* why; NULL: not skipped */
	char failure[TEST_TEXT_MAX];    /* the first one */
	const char *report_kind;        /* first report not taken; NULL: none */
	char report_detail[TEST_TEXT_MAX];
	struct timer limit;
} run;

/* What the last census complained about: one test's fault, not all others'. */
static char census_before[TEST_TEXT_MAX];

static u32 nr_passed, nr_failed, nr_skipped;

static void test_fail_va(const char *fmt, va_list ap)
{
	if (!run.failed)
		fmt_vsnprintf(run.failure, sizeof(run.failure), fmt, ap);
	run.failed = true;
}

static __printf(1, 2) void test_fail_text(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	test_fail_va(fmt, ap);
	va_end(ap);
}

/** test_fail() - the running test has failed; the first text counts. */
void test_fail(const char *file, int line, const char *fmt, ...)
{
	char what[TEST_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	fmt_vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	test_fail_text("%s:%d: %s", file, line, what);
}

/** test_failed() - whether it has. */
bool test_failed(void)
{
	return run.failed;
}

/** test_skip() - the machine lacks what the test needs; the test returns. */
void test_skip(const char *reason)
{
	run.skipped = reason;
}

/** test_spawn() - start a kernel thread for the running test. */
struct thread *test_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
	struct thread *t = NULL;

	if (thread_create(&t, name, fn, arg))
		test_fail_text("no memory for thread %s", name);
	else
		thread_start(t);
	return t;
}

static void test_catch_report(const char *kind, const char *detail)
{
	if (run.report_kind)
		return;
	run.report_kind = kind;
	str_copy(run.report_detail, detail, sizeof(run.report_detail));
}

/** test_take_report() - first report since the last call, or NULL. */
const char *test_take_report(void)
{
	const char *kind = run.report_kind;

	run.report_kind = NULL;
	return kind;
}

static void test_list_thread(struct thread *t, void *arg)
{
	static const char *const states[] = { "runnable", "running",
					      "sleeping", "dead" };

	console_printf("# thread %d (%s): %s\n", t->id, t->name,
		       states[t->state]);
}

/* Timer: the test has not ended in time. */
static void test_out_of_time(struct timer *t)
{
	console_printf("# %s/%s did not end within %llu s\n", run.test->suite,
		       run.test->name,
		       (unsigned long long)(test_limit_ns / 1000000000));
	thread_for_each(test_list_thread, NULL);
	panic("tests: %s/%s hangs", run.test->suite, run.test->name);
}

/* A test that broke off in a critical section must not stop the others. */
static void test_check_preemption(void)
{
	u32 count = this_cpu_read(preempt_count);

	if (count || !irq_enabled())
		test_fail_text("ends with preempt count %u, interrupts %s",
			       count, irq_enabled() ? "on" : "off");
	(void)this_cpu_nest(preempt_count, -count);
	irq_enable();
}

/* Until the threads of the test have run to their end and are gone. */
static void test_settle(void)
{
	while (sched_nr_runnable() > 1) {
		cpu_relax();            /* icount: now it is another CPU's turn */
		sched_yield();
	}
	thread_reap_wait();
}

/* What must hold between any two tests. */
static void test_check_traces(const struct census_mark *before)
{
	struct census_mark after;
	struct census count;
	const char *wrong;

	if (run.report_kind)
		test_fail_text("unexpected report %s: %s", run.report_kind,
			       run.report_detail);
	wrong = census(&count);
	if (wrong && strcmp(wrong, census_before))
		test_fail_text("census: %s", wrong);
	str_copy(census_before, wrong ? wrong : "", sizeof(census_before));
	census_mark(&after);
	if (after.used > before->used || after.anon != before->anon ||
	    after.tables != before->tables || after.spaces != before->spaces)
		test_fail_text("leak: %lld pages, %lld of them anonymous, "
			       "%lld tables, %lld spaces",
			       (long long)(after.used - before->used),
			       (long long)(after.anon - before->anon),
			       (long long)(after.tables - before->tables),
			       (long long)(after.spaces - before->spaces));
}

static void test_run_one(const struct kernel_test *t)
{
	struct census_mark before;

	run.test = t;
	run.failed = false;
	run.skipped = NULL;
	run.report_kind = NULL;
	/* One CPU decides who runs when, and its threads stay there; tests about
	 * several CPUs (smp_test.c) spread theirs themselves. */
	thread_set_affinity(current_thread(), 1);
	census_mark(&before);
	if (test_limit_ns)
		timer_start(&run.limit, timer_now() + test_limit_ns,
			    test_out_of_time);
	t->run();
	test_check_preemption();
	test_settle();
	if (test_limit_ns)
		timer_cancel(&run.limit);
	test_check_traces(&before);
}

static void warm_up_thread(void *arg) {}

/* Fills what keeps a small stock of its own (kernel stacks), so that the
 * first test to use it does not look like a leak. */
static void test_warm_up(void)
{
	for (int i = 0; i < 8; i++)
		(void)test_spawn("warm-up", warm_up_thread, NULL);
	test_settle();
}

static void test_print_result(unsigned int nr)
{
	const struct kernel_test *t = run.test;

	if (run.failed) {
		nr_failed++;
		console_printf("not ok %u - %s/%s\n", nr, t->suite, t->name);
		console_printf("  ---\n  message: %s\n  ...\n", run.failure);
	} else if (run.skipped) {
		nr_skipped++;
		console_printf("ok %u - %s/%s # SKIP %s\n", nr, t->suite,
			       t->name, run.skipped);
	} else {
		nr_passed++;
		console_printf("ok %u - %s/%s\n", nr, t->suite, t->name);
	}
}

/* Does "suite/name" start with filter? */
static bool test_matches(const struct kernel_test *t, const char *filter)
{
	char name[TEST_TEXT_MAX];

	if (!filter)
		return true;
	fmt_snprintf(name, sizeof(name), "%s/%s", t->suite, t->name);
	return !strncmp(name, filter, strlen(filter));
}

static unsigned int test_count(const char *filter)
{
	unsigned int nr = 0;

	for (const struct kernel_test *t = __start_kernel_tests;
	     t < __stop_kernel_tests; t++)
		nr += test_matches(t, filter);
	return nr;
}

unsigned int kernel_tests_run(const char *filter)
{
	report_handler_fn *outer = kernel_report_handler(test_catch_report);
	unsigned int nr = 0, planned = test_count(filter);

	nr_passed = 0;
	nr_failed = 0;
	nr_skipped = 0;
	test_warm_up();
	console_printf("TAP version 13\n1..%u\n", planned);
	for (const struct kernel_test *t = __start_kernel_tests;
	     t < __stop_kernel_tests; t++) {
		if (!test_matches(t, filter))
			continue;
		test_run_one(t);
		test_print_result(++nr);
	}
	if (!planned)
		console_printf("# no test's suite/name begins with \"%s\"\n",
			       filter);
	console_printf("# %u passed, %u failed, %u skipped\n", nr_passed,
		       nr_failed, nr_skipped);
	kernel_report_handler(outer);
	return planned ? nr_failed : 1;
}
