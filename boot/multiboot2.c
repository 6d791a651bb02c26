/* SPDX-License-Identifier: MIT */
/*
 * The multiboot2 information block, tag by tag, into struct bootinfo.
 *
 *   ┌────────────┬──────────┐┌──────┬──────┬─────────┬─────┐┌──────┬──────┐
 *   │ total size │ reserved ││ type │ size │ payload │ pad ││ type │ size │ …
 *   └────────────┴──────────┘└──────┴──────┴─────────┴─────┘└──────┴──────┘
 *    0            4           8      each tag starts at a multiple of 8
 *
 * Nothing in the block is believed: [T1] a tag's size is at least 8 and ends
 * inside the block; [T2] arrays are walked with the entry size from the tag
 * (QEMU's OVMF has EFI descriptors of 48 bytes, not 40) and end with the tag;
 * [T3] the block ends with an end tag. Everything that is kept is copied.
 *
 * Two tags carry a memory map. The loader's own (6) knows what it used for
 * itself and is preferred; EFI's (17) serves when 6 is missing or empty, and
 * the two numbers of tag 4 when both are.
 *
 * [MB2] 3.6 "Boot information format"; efi_map.c
 */
#include "boot/bootinfo.h"

#include "boot/efi_map.h"
#include "lib/errno.h"
#include "lib/string.h"

enum mb2_tag_type {
	MB2_END = 0,
	MB2_CMDLINE = 1,
	MB2_LOADER = 2,
	MB2_MODULE = 3,
	MB2_BASIC_MEMORY = 4,
	MB2_MEMORY_MAP = 6,
	MB2_EFI64_TABLE = 12,
	MB2_RSDP_OLD = 14,
	MB2_RSDP_NEW = 15,
	MB2_EFI_MEMORY_MAP = 17,
};

struct mb2_tag {
	u32 type;
	u32 size;                       /* of the tag, without padding */
};

struct mb2_module {
	struct mb2_tag tag;
	u32 start, end;                 /* physical */
	char name[];
};

struct mb2_basic_memory {
	struct mb2_tag tag;
	u32 lower, upper;               /* KiB from 0, KiB from 1 MiB */
};

struct mb2_memory_map {
	struct mb2_tag tag;
	u32 entry_size, entry_version;
	u8 entry[];
};

struct mb2_range {
	u64 start, len;
	u32 type, reserved;
};

struct mb2_efi64_table {
	struct mb2_tag tag;
	u64 pointer;
};

/* One pass over the block. */
struct mb2_reader {
	struct bootinfo *bi;
	const char *why;
	const struct mb2_tag *map, *efi_map, *basic;    /* last one seen */
};

static int __init mb2_fail(struct mb2_reader *r, const char *why)
{
	r->why = why;
	return -EINVAL;
}

/* The text behind offset, cut at its NUL, the tag's end or dst's. */
static void __init mb2_copy_text(char *dst, size_t dst_size,
				 const struct mb2_tag *tag, size_t offset)
{
	const char *text = (const char *)tag + offset;
	size_t len = strnlen(text, MIN(tag->size - offset, dst_size - 1));

	memcpy(dst, text, len);
	dst[len] = '\0';
}

static int __init mb2_read_module(struct mb2_reader *r,
				  const struct mb2_tag *tag)
{
	const struct mb2_module *m = (const void *)tag;
	int err;

	if (tag->size < sizeof(*m))
		return mb2_fail(r, "multiboot2: module tag too short");
	err = bootinfo_add_module(r->bi, m->start, m->end, m->name,
				  tag->size - sizeof(*m));
	if (err == -ENOSPC)
		return mb2_fail(r, "multiboot2: more modules than fit");
	if (err)
		return mb2_fail(r, "multiboot2: module ends before it starts");
	return 0;
}

/* Old or new table pointer; the one with the higher revision stays. */
static int __init mb2_read_rsdp(struct mb2_reader *r, const struct mb2_tag *tag)
{
	size_t len = tag->size - sizeof(*tag);

	if (len < 20)
		return mb2_fail(r, "multiboot2: ACPI tag too short");
	if (tag->type == MB2_RSDP_OLD && r->bi->rsdp_copy[15] >= 2)
		return 0;
	memset(r->bi->rsdp_copy, 0, sizeof(r->bi->rsdp_copy));
	memcpy(r->bi->rsdp_copy, tag + 1, MIN(len, sizeof(r->bi->rsdp_copy)));
	return 0;
}

static int __init mb2_read_tag(struct mb2_reader *r, const struct mb2_tag *tag)
{
	switch (tag->type) {
	case MB2_CMDLINE:
		mb2_copy_text(r->bi->cmdline, sizeof(r->bi->cmdline), tag,
			      sizeof(*tag));
		return 0;
	case MB2_LOADER:
		mb2_copy_text(r->bi->loader, sizeof(r->bi->loader), tag,
			      sizeof(*tag));
		return 0;
	case MB2_MODULE:
		return mb2_read_module(r, tag);
	case MB2_BASIC_MEMORY:
		r->basic = tag;
		return 0;
	case MB2_MEMORY_MAP:
		r->map = tag;
		return 0;
	case MB2_EFI_MEMORY_MAP:
		r->efi_map = tag;
		return 0;
	case MB2_RSDP_OLD:
	case MB2_RSDP_NEW:
		return mb2_read_rsdp(r, tag);
	case MB2_EFI64_TABLE:
		if (tag->size < sizeof(struct mb2_efi64_table))
			return mb2_fail(r, "multiboot2: EFI tag too short");
		r->bi->efi_systab =
			((const struct mb2_efi64_table *)(const void *)tag)
				->pointer;
		return 0;
	default:
		return 0;               /* frame buffer, ELF sections, … */
	}
}

/* Walks the tags: [T1], [T3]. */
static int __init mb2_read_tags(struct mb2_reader *r, const u8 *block,
				size_t total)
{
	size_t at = 8;
	const struct mb2_tag *tag;
	int err;

	while (total - at >= sizeof(*tag)) {
		tag = (const void *)(block + at);
		if (tag->size < sizeof(*tag))
			return mb2_fail(r, "multiboot2: tag without size");
		if (tag->size > total - at)
			return mb2_fail(r, "multiboot2: tag past the end");
		if (tag->type == MB2_END)
			return 0;
		err = mb2_read_tag(r, tag);
		if (err)
			return err;
		if (total - at < ALIGN_UP((size_t)tag->size, 8))
			break;
		at += ALIGN_UP((size_t)tag->size, 8);
	}
	return mb2_fail(r, "multiboot2: no end tag");
}

static int __init mb2_add_ranges(struct mb2_reader *r, const void *entry,
				 size_t len, size_t entry_size)
{
	const struct mb2_range *e;
	size_t at;

	for (at = 0; len - at >= entry_size; at += entry_size) {
		e = (const void *)((const u8 *)entry + at);
		if (bootinfo_add_range(r->bi, e->start, e->len,
				       range_type_e820(e->type)))
			return -ENOSPC;
	}
	return 0;
}

/* Tags 6 and 17 have the same head: entry size, version, entries. [T2] */
static int __init mb2_read_map(struct mb2_reader *r, const struct mb2_tag *tag)
{
	const struct mb2_memory_map *map = (const void *)tag;
	bool efi = tag->type == MB2_EFI_MEMORY_MAP;
	size_t least = efi ? sizeof(struct efi_range)
			   : sizeof(struct mb2_range);
	size_t len = tag->size - sizeof(*map);
	int err;

	if (tag->size < sizeof(*map))
		return mb2_fail(r, "multiboot2: memory map tag too short");
	if (map->entry_size < least || map->entry_size % 8)
		return mb2_fail(r, "multiboot2: memory map with odd entries");
	if (efi)
		err = efi_add_ranges(r->bi, map->entry, len, map->entry_size);
	else
		err = mb2_add_ranges(r, map->entry, len, map->entry_size);
	return err ? mb2_fail(r, "multiboot2: map too scattered") : 0;
}

static int __init mb2_read_basic(struct mb2_reader *r,
				 const struct mb2_tag *tag)
{
	const struct mb2_basic_memory *b = (const void *)tag;

	if (tag->size < sizeof(*b))
		return mb2_fail(r, "multiboot2: memory tag too short");
	if (bootinfo_add_range(r->bi, 0, KIB(b->lower), RANGE_USABLE) ||
	    bootinfo_add_range(r->bi, MIB(1), KIB(b->upper), RANGE_USABLE))
		return mb2_fail(r, "multiboot2: map too scattered");
	return 0;
}

/* The best map that there is. */
static int __init mb2_read_memory(struct mb2_reader *r)
{
	int err = 0;

	if (r->map)
		err = mb2_read_map(r, r->map);
	if (!err && r->efi_map && r->bi->nr_ranges == 0)
		err = mb2_read_map(r, r->efi_map);
	if (!err && r->basic && r->bi->nr_ranges == 0)
		err = mb2_read_basic(r, r->basic);
	if (!err && r->bi->nr_ranges == 0)
		err = mb2_fail(r, "multiboot2: no memory map");
	return err;
}

/**
 * multiboot2_parse() - read a multiboot2 information block into bi
 *
 * block is a readable copy of at most size bytes, pa its physical address.
 * Context: boot; pure. Return: 0, or -EINVAL with *why set to one line.
 * Ref: [MB2] 3.6 "Boot information format"
 */
int __init multiboot2_parse(struct bootinfo *bi, const void *block, u64 pa,
			    size_t size, const char **why)
{
	struct mb2_reader r = { .bi = bi };
	u32 total;
	int err;

	*why = "multiboot2: information block too short";
	if (size < 16)
		return -EINVAL;
	memcpy(&total, block, sizeof(total));
	if (total < 16)
		return -EINVAL;
	*why = "multiboot2: information block larger than memory";
	if (total > size)
		return -EINVAL;
	bootinfo_keep(bi, pa, total);
	err = mb2_read_tags(&r, block, total);
	if (!err)
		err = mb2_read_memory(&r);
	*why = r.why;
	return err;
}
