/* SPDX-License-Identifier: MIT */
/*
 * Static ACPI tables as bytes: found by signature, checked, walked. What they
 * mean is for the machines' readers: acpi.c (x86_64), acpi_arm.c (AArch64).
 */
#ifndef BOOT_ACPI_TABLES_H
#define BOOT_ACPI_TABLES_H

#include "boot/bootinfo.h"
#include "lib/types.h"

struct acpi_header {
	char signature[4];
	u32 len;                        /* of the table, header included */
	u8 revision, checksum;
	char oem[26];
} __packed;
static_assert(sizeof(struct acpi_header) == 36, "[ACPI] table 5.4");

enum { GAS_MEMORY = 0, GAS_IO = 1 };

struct acpi_gas {                       /* generic address */
	u8 space, bits, offset, access;
	u64 address;
} __packed;

struct acpi_fadt {
	struct acpi_header header;
	u8 skipped[76 - 36];
	u32 pm_timer;                   /* port, offset 76 */
	u8 skipped2[91 - 80];
	u8 pm_timer_len;                /* offset 91 */
	u8 skipped3[112 - 92];
	u32 flags;                      /* offset 112 */
	struct acpi_gas reset;          /* offset 116 */
	u8 reset_value;                 /* offset 128 */
	u16 arm_flags;                  /* offset 129: enum fadt_arm_flags */
} __packed;
static_assert(__builtin_offsetof(struct acpi_fadt, arm_flags) == 129,
	      "[ACPI] table 5.9");

struct acpi_madt {
	struct acpi_header header;
	u32 local_apic;
	u32 flags;
} __packed;

/* What MADT and SRAT list behind their heads. */
struct acpi_entry {
	u8 type, len;                   /* bytes, these two included */
} __packed;

/* Where the tables are listed. */
struct acpi_root {
	u64 list;                       /* physical, of the XSDT or RSDT */
	size_t pointer_size;            /* bytes: 8 or 4 */
	boot_map_fn *map;
};

bool __must_check acpi_open(struct acpi_root *root, const struct bootinfo *bi,
			    boot_map_fn *map);
const struct acpi_header *acpi_find(const struct acpi_root *root,
				    const char *signature);
const struct acpi_entry *acpi_next(const struct acpi_header *table,
				   size_t head, const struct acpi_entry *e);

#endif
