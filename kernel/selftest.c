/* SPDX-License-Identifier: MIT */
/*
 * Boot option ktest[=prefix]: run the suites of tests/kernel instead of the
 * first program, and stop the machine with the verdict.
 *
 *	ktest             every test
 *	ktest=mm          those whose "suite/name" starts with "mm"
 *	ktest_limit=60    seconds that one test may take (0: no limit)
 */
#include "arch/cpu.h"
#include "kernel/base/cmdline.h"
#include "kernel/main.h"
#include "tests/kernel/suite.h"

#define NS_PER_S 1000000000ull

/** kernel_tests_wanted() - was ktest given? Context: boot. */
bool kernel_tests_wanted(void)
{
	return cmdline_has("ktest");
}

/** kernel_tests_and_exit() - run them; the exit status is the verdict. */
void kernel_tests_and_exit(void)
{
	char filter[64];
	bool some = cmdline_get("ktest", filter, sizeof(filter));
	unsigned int failed;

	test_limit_ns = cmdline_u64("ktest_limit", test_limit_ns / NS_PER_S) *
			NS_PER_S;
	failed = kernel_tests_run(some ? filter : NULL);
	irq_disable();
	machine_exit(failed ? 1 : 0);
}
