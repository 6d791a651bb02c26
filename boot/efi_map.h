/* SPDX-License-Identifier: MIT */
/*
 * What UEFI leaves behind: its memory map, and the block of the UEFI stub
 * (boot/aarch64/efi_handoff.h).
 */
#ifndef BOOT_EFI_MAP_H
#define BOOT_EFI_MAP_H

#include "boot/bootinfo.h"

/* One range of the map; firmware may make descriptors longer. */
struct efi_range {
	u32 type, pad;
	u64 start;                      /* physical */
	u64 virtual;
	u64 nr_pages;
	u64 attributes;
};
static_assert(sizeof(struct efi_range) == 40, "[UEFI] 7.2.3");

int __must_check efi_add_ranges(struct bootinfo *bi, const void *map, u64 len,
				u64 descriptor_size);
size_t efi_text(char *dst, size_t dst_size, const void *text, size_t len);
int __must_check efi_handoff_parse(struct bootinfo *bi, u64 pa,
				   boot_map_fn *map, const char **why);

#endif
