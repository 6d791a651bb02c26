/* SPDX-License-Identifier: MIT */
/*
 * What the static ACPI tables tell about an x86_64 machine (AArch64:
 * acpi_arm.c, into struct platform).
 *
 * Read once, while the boot tables still show all of low memory; afterwards
 * nobody needs the tables any more. Machines without ACPI leave `found` false
 * and everything zero.
 */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include "boot/bootinfo.h"
#include "lib/types.h"

#define ACPI_MAX_CPUS      64
#define ACPI_MAX_IOAPICS   8
#define ACPI_MAX_OVERRIDES 24

struct acpi_ioapic {
	u64 address;                    /* physical, of its registers */
	u32 first_line;                 /* global number of its pin 0 */
};

/* An ISA line that arrives at another pin, or with another polarity. */
struct acpi_override {
	u8 irq;                         /* ISA */
	u32 line;                       /* global */
	u16 flags;                      /* polarity bits 0-1, trigger bits 2-3 */
};

struct acpi_info {
	bool found;
	u64 local_apic;                 /* physical address of its registers */
	u32 cpu[ACPI_MAX_CPUS];         /* local APIC ids that may be started */
	u32 nr_cpus;
	struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
	u32 nr_ioapics;
	struct acpi_override override[ACPI_MAX_OVERRIDES];
	u32 nr_overrides;
	u16 pm_timer;                   /* I/O port; 0: none */
	bool pm_timer_wide;             /* 32 bits, else 24 */
	u16 reset_port;                 /* I/O port; 0: none */
	u8 reset_value;
};
extern struct acpi_info acpi_info;

void acpi_parse(struct acpi_info *acpi, const struct bootinfo *bi,
		boot_map_fn *map);

#endif
