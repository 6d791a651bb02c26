/* SPDX-License-Identifier: MIT */
/*
 * PVH's start info, as QEMU's -kernel leaves it, into struct bootinfo.
 *
 *   start info ─┬─► command line      text with a NUL
 *               ├─► module list ──┬─► module, command line
 *               │                 └─► …
 *               ├─► memory map        entries as in e820
 *               └─► ACPI RSDP
 *
 * All pointers are physical and may be anything: each one is asked of map(),
 * which knows what can be read.
 *
 * [PVH] "x86/HVM direct boot ABI", struct hvm_start_info version 1
 */
#include "boot/bootinfo.h"

#include "lib/errno.h"
#include "lib/string.h"

#define PVH_INFO_MAGIC 0x336ec578

/* Nobody has more; a larger count is a broken block. */
#define PVH_MAX_ENTRIES 4096

struct pvh_info {
	u32 magic;
	u32 version;
	u32 flags;
	u32 nr_modules;
	u64 modules;
	u64 cmdline;
	u64 rsdp;
	u64 memory_map;                 /* from version 1 on */
	u32 nr_ranges;
	u32 reserved;
};

struct pvh_module {
	u64 start;
	u64 len;
	u64 cmdline;
	u64 reserved;
};

struct pvh_range {
	u64 start;
	u64 len;
	u32 type;                       /* of e820 */
	u32 reserved;
};

/* Text at pa into dst, byte by byte: it may end where readable memory ends. */
static void __init pvh_copy_text(char *dst, size_t size, u64 pa,
				 boot_map_fn *map)
{
	size_t len = 0;
	const char *c;

	while (pa && len < size - 1) {
		c = map(pa + len, 1);
		if (!c || !*c)
			break;
		dst[len++] = *c;
	}
	dst[len] = '\0';
}

static const char *__init pvh_read_modules(struct bootinfo *bi,
					   const struct pvh_info *info,
					   boot_map_fn *map)
{
	u64 len = (u64)info->nr_modules * sizeof(struct pvh_module);
	const struct pvh_module *m;
	char name[sizeof(bi->module[0].name)];
	u32 i;

	if (info->nr_modules == 0)
		return NULL;
	if (info->nr_modules > BOOT_MAX_MODULES)
		return "PVH: more modules than fit";
	m = map(info->modules, len);
	if (!m)
		return "PVH: module list out of reach";
	bootinfo_keep(bi, info->modules, len);
	for (i = 0; i < info->nr_modules; i++, m++) {
		pvh_copy_text(name, sizeof(name), m->cmdline, map);
		if (bootinfo_add_module(bi, m->start, m->start + m->len,
					name[0] ? name : "module",
					sizeof(name)))
			return "PVH: module ends before it starts";
	}
	return NULL;
}

static const char *__init pvh_read_map(struct bootinfo *bi,
				       const struct pvh_info *info,
				       boot_map_fn *map)
{
	u64 len = (u64)info->nr_ranges * sizeof(struct pvh_range);
	const struct pvh_range *r;
	u32 i;

	if (info->version < 1 || info->nr_ranges == 0)
		return "PVH: no memory map";
	if (info->nr_ranges > PVH_MAX_ENTRIES)
		return "PVH: memory map with absurd length";
	r = map(info->memory_map, len);
	if (!r)
		return "PVH: memory map out of reach";
	bootinfo_keep(bi, info->memory_map, len);
	for (i = 0; i < info->nr_ranges; i++)
		if (bootinfo_add_range(bi, r[i].start, r[i].len,
				       range_type_e820(r[i].type)))
			return "PVH: map too scattered";
	return NULL;
}

/**
 * pvh_parse() - read PVH's start info at physical pa into bi
 *
 * map gives readable pointers to physical memory.
 * Context: boot; pure. Return: 0, or -EINVAL with *why set to one line.
 * Ref: [PVH] "Start info structure"
 */
int __init pvh_parse(struct bootinfo *bi, u64 pa, boot_map_fn *map,
		     const char **why)
{
	const struct pvh_info *info = map(pa, sizeof(*info));

	*why = "PVH: start info out of reach";
	if (!info)
		return -EINVAL;
	*why = "PVH: start info without its magic number";
	if (info->magic != PVH_INFO_MAGIC)
		return -EINVAL;
	str_copy(bi->loader, "PVH", sizeof(bi->loader));
	bootinfo_keep(bi, pa, sizeof(*info));
	pvh_copy_text(bi->cmdline, sizeof(bi->cmdline), info->cmdline, map);
	bootinfo_keep(bi, info->cmdline, strlen(bi->cmdline) + 1);
	bi->rsdp = info->rsdp;
	*why = pvh_read_modules(bi, info, map);
	if (!*why)
		*why = pvh_read_map(bi, info, map);
	return *why ? -EINVAL : 0;
}
