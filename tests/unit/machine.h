/* SPDX-License-Identifier: MIT */
/* A host machine, booted as far as address spaces go. */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include "arch/host/host.h"

/**
 * machine_boot() - the steps of kmain() that a machine without devices has
 *
 * mib: end of RAM, at least 64; the map has holes and reserved ranges, as
 * firmware maps do. cmdline: boot options. The caller becomes thread "boot".
 */
void machine_boot(u64 mib, const char *cmdline);

#endif
