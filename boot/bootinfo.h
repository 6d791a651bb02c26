/* SPDX-License-Identifier: MIT */
/*
 * struct bootinfo: all that the kernel learns from the loader, and the only
 * hand-off. Every loader's reader (multiboot2.c, pvh.c, fdt_machine.c,
 * efi_map.c) fills it with raw ranges in any order; bootinfo_sanitize() makes
 * the map right.
 *
 * Invariants after bootinfo_sanitize() (bootinfo_check()):
 *  [I1] ranges are sorted by start, not empty, do not overlap and do not wrap;
 *  [I2] usable ranges are page-aligned (shrunk inwards), others page-aligned
 *       outwards; where two types claim a byte the more restrictive one
 *       wins (BAD > RESERVED > NVS > ACPI > LOADER > USABLE);
 *  [I3] neighbours of one type are merged;
 *  [I4] there is at least one usable range.
 *
 * Static memory only: nothing can be allocated yet. When more than
 * BOOT_MAX_RANGES remain, the smallest usable ranges are dropped and counted
 * in dropped_bytes: never a silent loss, never an overlap.
 */
#ifndef BOOT_BOOTINFO_H
#define BOOT_BOOTINFO_H

#include "lib/types.h"

#define BOOT_MAX_RANGES  512
#define BOOT_MAX_MODULES 8
#define BOOT_CMDLINE_MAX 1024

enum range_type {
	RANGE_USABLE,
	RANGE_LOADER,                   /* usable once boot data is consumed */
	RANGE_ACPI,                     /* ACPI tables: reclaimable */
	RANGE_NVS,
	RANGE_RESERVED,
	RANGE_BAD,
	RANGE_TYPES,
};

struct boot_range {
	u64 start;                      /* physical, bytes */
	u64 end;                        /* one past the last byte */
	enum range_type type;
};

struct boot_module {
	u64 start;
	u64 end;
	char name[48];
};

struct bootinfo {
	char loader[48];                /* "GRUB 2.06-…", "QEMU PVH" */
	char cmdline[BOOT_CMDLINE_MAX];
	struct boot_range range[BOOT_MAX_RANGES];
	u32 nr_ranges;
	u32 nr_raw;                     /* entries the firmware gave */
	u64 dropped_bytes;
	struct boot_module module[BOOT_MAX_MODULES];
	u32 nr_modules;
	/* Loader data that stays untouched: info block, PVH's tables. */
	struct boot_range keep[BOOT_MAX_MODULES];
	u32 nr_keep;
	u64 rsdp;                       /* physical address of the ACPI RSDP; 0: none */
	u8 rsdp_copy[36];               /* or its bytes, from the loader's tag */
	u64 fdt;                        /* physical address of the device tree; 0: none */
	u64 efi_systab;                 /* physical address; 0: not booted by UEFI */
	u32 nr_cpus;                    /* that the firmware lists; 0: it lists none */
	u64 map_start;                  /* physical memory that the boot tables */
	u64 map_end;                    /* show, for memblock; map_end 0: all */
	u64 kernel_start;               /* physical extent of the image */
	u64 kernel_end;
};
extern struct bootinfo bootinfo;

/* Appends a raw range; [start, start + len) may be nonsense. -ENOSPC: full of
 * ranges that cannot be merged. */
int __must_check bootinfo_add_range(struct bootinfo *bi, u64 start, u64 len,
				    enum range_type type);

/* Sorts, clips, merges; the result keeps [I1] to [I4]. 0; -ENOMEM: no usable
 * memory; -EINVAL: a module outside RAM; *why is one line for the screen. */
int __must_check bootinfo_sanitize(struct bootinfo *bi, const char **why);

void bootinfo_keep(struct bootinfo *bi, u64 start, u64 len);
int __must_check bootinfo_add_module(struct bootinfo *bi, u64 start, u64 end,
				     const char *name, size_t name_max);

const char *bootinfo_check(const struct bootinfo *bi);
const char *range_type_name(enum range_type type);
enum range_type range_type_e820(u32 type);

/*
 * multiboot2_parse() - read a multiboot2 information block
 *
 * block: any readable copy of it, pa: where it lies physically, size: bytes
 * that may be read. Every tag is checked against the block's end. 0, or -EINVAL
 * with *why.
 */
int __must_check multiboot2_parse(struct bootinfo *bi, const void *block,
				  u64 pa, size_t size, const char **why);

/* A readable pointer to [pa, pa + len) of physical memory, or NULL. */
typedef const void *boot_map_fn(u64 pa, u64 len);

/* Read PVH's start info at physical pa, and all that it points to. */
int __must_check pvh_parse(struct bootinfo *bi, u64 pa, boot_map_fn *map,
			   const char **why);

#endif
