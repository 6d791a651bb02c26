/* SPDX-License-Identifier: MIT */
/* What the static ACPI tables tell about an AArch64 machine. */
#ifndef BOOT_ACPI_ARM_H
#define BOOT_ACPI_ARM_H

#include "boot/bootinfo.h"
#include "boot/platform.h"

int __must_check acpi_arm_parse(struct bootinfo *bi, struct platform *p,
				boot_map_fn *map, const char **why);

#endif
