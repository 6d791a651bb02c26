/* SPDX-License-Identifier: MIT */
/*
 * What the UEFI stub (efi.c) leaves for the kernel: one block of memory, its
 * physical address in x1 at `start`. boot/efi_map.c reads it.
 *
 *   ┌────────────────────┬─────────────────────┬──────────────────────┐
 *   │ struct efi_handoff │ load options, UTF-16 │ memory map …         │
 *   └────────────────────┴─────────────────────┴──────────────────────┘
 *   0                     options_at            map_at            size
 *
 * The block is EfiLoaderData, aligned to a page and clean to the point of
 * coherency.
 */
#ifndef BOOT_AARCH64_EFI_HANDOFF_H
#define BOOT_AARCH64_EFI_HANDOFF_H

#include "lib/types.h"

#define EFI_HANDOFF_MAGIC      0x4946454552495551ull   /* "QUIREEFI" */
#define EFI_HANDOFF_VENDOR_MAX 32

struct efi_handoff {
	u64 magic;
	u64 size;                       /* of the block, bytes */
	u64 systab, rsdp, fdt;          /* physical; 0: none */
	u64 initrd_start, initrd_end;   /* physical; equal: none */
	u32 options_at, options_len;    /* command line, bytes of UTF-16 */
	u32 map_at, map_len;            /* EFI memory map, bytes */
	u32 descriptor_size;            /* of it, bytes */
	u32 reserved;
	u16 vendor[EFI_HANDOFF_VENDOR_MAX];     /* of the firmware, may be cut */
};

#endif
