/* SPDX-License-Identifier: MIT */
/*
 * The suites of tests/kernel on the host machine: TAP on standard output.
 *
 *	run [-m MIB] [-a CMDLINE] [-v] [PREFIX]
 *
 * PREFIX picks the tests whose "suite/name" starts with it; -v shows the
 * kernel's log as well. Exit status 0: all passed.
 *
 * The program's name picks the MMU: run-software-bits has no hardware that
 * sets young and dirty, run-few-tags has two bits of ASID and broadcasts its
 * flushes, run-no-tags has neither tags nor break-before-make.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kernel/suite.h"
#include "tests/unit/machine.h"

static void pick_mmu(const char *program)
{
	struct mmu_features f = host_strict_features;

	if (strstr(program, "run-software-bits")) {
		f.hw_young = false;
		f.hw_dirty = false;
	} else if (strstr(program, "run-few-tags")) {
		f.asid_bits = 2;
		f.broadcast_flush = true;
		f.leaf_levels = 1 << 0 | 1 << 1;
	} else if (strstr(program, "run-no-tags")) {
		f.asid_bits = 0;
		f.break_before_make = false;
	}
	host_set_features(&f);
}

int main(int argc, char **argv)
{
	const char *cmdline = "loglevel=3";
	u64 mib = 320;
	int option;

	while ((option = getopt(argc, argv, "m:a:v")) != -1) {
		if (option == 'm')
			mib = strtoull(optarg, NULL, 0);
		else if (option == 'a')
			cmdline = optarg;
		else if (option == 'v')
			cmdline = "loglevel=7";
		else
			return 2;
	}
	pick_mmu(argv[0]);
	machine_boot(mib, cmdline);
	return kernel_tests_run(optind < argc ? argv[optind] : NULL) != 0;
}
