/* SPDX-License-Identifier: MIT */
/*
 * The suites of tests/kernel on the host machine: TAP on standard output.
 *
 *	run [-m MIB] [-a CMDLINE] [-v] [PREFIX]
 *
 * PREFIX picks the tests whose "suite/name" starts with it; -v shows the
 * kernel's log as well. Exit status 0: all passed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/kernel/suite.h"
#include "tests/unit/machine.h"

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
	machine_boot(mib, cmdline);
	return kernel_tests_run(optind < argc ? argv[optind] : NULL) != 0;
}
