/* SPDX-License-Identifier: MIT */
/*
 * UEFI's memory map and texts, into struct bootinfo.
 *
 *   after ExitBootServices()                       becomes
 *     conventional, boot services' code and data   usable
 *     loader's code and data                       loader: ours, after boot
 *     ACPI reclaim / ACPI NVS / unusable           ACPI / NVS / bad
 *     memory-mapped registers and ports            nothing: no memory
 *     runtime services, the rest, and RAM that     reserved
 *       cannot be cached write-back
 *
 * The map comes by two ways: in a multiboot2 tag (multiboot2.c) and in the
 * block of the UEFI stub (boot/aarch64/efi_handoff.h). Nothing in the block is
 * believed: its size is checked first, then each part against it.
 *
 * [UEFI] 7.2.3 "EFI_BOOT_SERVICES.GetMemoryMap()"
 */
#include "boot/efi_map.h"

#include "boot/aarch64/efi_handoff.h"
#include "lib/errno.h"
#include "lib/string.h"

#define EFI_BLOCK_MAX MIB(2)

/* [UEFI] 7.2.1 "EFI_BOOT_SERVICES.AllocatePages()", memory types */
enum efi_memory_type {
	EFI_RESERVED = 0,
	EFI_LOADER_CODE = 1,
	EFI_LOADER_DATA = 2,
	EFI_BOOT_CODE = 3,
	EFI_BOOT_DATA = 4,
	EFI_CONVENTIONAL = 7,
	EFI_UNUSABLE = 8,
	EFI_ACPI_RECLAIM = 9,
	EFI_ACPI_NVS = 10,
	EFI_MMIO = 11,
	EFI_MMIO_PORTS = 12,
};

#define EFI_WRITE_BACK ((u64)1 << 3)    /* of attributes: can be cached so */

static enum range_type __init efi_range_type(const struct efi_range *e)
{
	switch (e->type) {
	case EFI_LOADER_CODE:
	case EFI_LOADER_DATA:
		return RANGE_LOADER;
	case EFI_BOOT_CODE:
	case EFI_BOOT_DATA:
	case EFI_CONVENTIONAL:
		return e->attributes & EFI_WRITE_BACK ? RANGE_USABLE
						      : RANGE_RESERVED;
	case EFI_UNUSABLE:
		return RANGE_BAD;
	case EFI_ACPI_RECLAIM:
		return RANGE_ACPI;
	case EFI_ACPI_NVS:
		return RANGE_NVS;
	default:
		return RANGE_RESERVED;
	}
}

static int __init efi_add_range(struct bootinfo *bi, const struct efi_range *e)
{
	bool wraps = e->nr_pages > ~(u64)0 >> PAGE_SHIFT;

	if (e->type == EFI_MMIO || e->type == EFI_MMIO_PORTS)
		return 0;
	return bootinfo_add_range(bi, e->start,
				  wraps ? ~(u64)0 : e->nr_pages << PAGE_SHIFT,
				  efi_range_type(e));
}

/**
 * efi_add_ranges() - note all ranges of an EFI memory map
 *
 * map: len readable bytes, one descriptor every descriptor_size of them; what
 * is left over at the end is passed over.
 * Context: boot; pure. Return: 0; -EINVAL: no descriptors of that size;
 * -ENOSPC: bi is full of ranges that cannot be merged.
 */
int __init efi_add_ranges(struct bootinfo *bi, const void *map, u64 len,
			  u64 descriptor_size)
{
	struct efi_range e;
	u64 at;
	int err = 0;

	if (descriptor_size < sizeof(e) || descriptor_size % 8)
		return -EINVAL;
	for (at = 0; !err && len - at >= descriptor_size;
	     at += descriptor_size) {
		memcpy(&e, (const u8 *)map + at, sizeof(e));
		err = efi_add_range(bi, &e);
	}
	return err;
}

/* ---- texts ---------------------------------------------------------------------- */

/* The character at *at, which moves behind it; half a pair is '?'. */
static u32 __init efi_text_next(const u8 *text, size_t nr_units, size_t *at)
{
	u16 unit, low = 0;

	memcpy(&unit, text + 2 * *at, 2);
	*at += 1;
	if (unit < 0xd800 || unit > 0xdfff)
		return unit;
	if (*at < nr_units)
		memcpy(&low, text + 2 * *at, 2);
	if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return '?';
	*at += 1;
	return 0x10000 + ((u32)(unit & 0x3ff) << 10 | (low & 0x3ff));
}

/* c in UTF-8; returns how many bytes of out it takes. */
static size_t __init efi_text_encode(u32 c, char out[4])
{
	size_t i, len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	u32 mark = len == 1 ? 0 : 0xf00u >> len & 0xff;

	for (i = len; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(mark | c);
	return len;
}

/**
 * efi_text() - UEFI's UTF-16 text as UTF-8
 *
 * text: len readable bytes, any alignment; ends there or at its NUL. dst is cut
 * behind a whole character and always gets a NUL; dst_size is not 0.
 * Context: any. Return: bytes in dst before the NUL.
 */
size_t __init efi_text(char *dst, size_t dst_size, const void *text, size_t len)
{
	size_t at = 0, done = 0, bytes;
	char utf8[4];
	u32 c;

	while (at < len / 2) {
		c = efi_text_next(text, len / 2, &at);
		bytes = efi_text_encode(c, utf8);
		if (!c || bytes >= dst_size - done)
			break;
		memcpy(dst + done, utf8, bytes);
		done += bytes;
	}
	dst[done] = '\0';
	return done;
}

/* Words "initrd=…" were meant for the stub, not for the kernel. */
static void __init efi_drop_initrd_words(char *line)
{
	char *from = line, *to = line, *blank;
	size_t len;

	for (; *from; from += len) {
		blank = strchr(from, ' ');
		len = blank ? (size_t)(blank - from) + 1 : strlen(from);
		if (!strncmp(from, "initrd=", 7))
			continue;
		memmove(to, from, len);
		to += len;
	}
	if (to != from && to > line && to[-1] == ' ')
		to--;                   /* it stood before a dropped one */
	*to = '\0';
}

/* ---- the block of the stub --------------------------------------------------------- */

static bool __init efi_part_fits(const struct efi_handoff *h, u32 at, u32 len)
{
	return at >= sizeof(*h) && at <= h->size && len <= h->size - at;
}

/* NULL, or what is wrong with the block's head. */
static const char *__init efi_bad_handoff(const struct efi_handoff *h)
{
	if (h->magic != EFI_HANDOFF_MAGIC)
		return "UEFI: handoff without its magic number";
	if (h->size < sizeof(*h) || h->size > EFI_BLOCK_MAX)
		return "UEFI: handoff of absurd size";
	if (!efi_part_fits(h, h->options_at, h->options_len))
		return "UEFI: command line outside the handoff";
	if (!efi_part_fits(h, h->map_at, h->map_len))
		return "UEFI: memory map outside the handoff";
	return NULL;
}

static void __init efi_copy_texts(struct bootinfo *bi,
				  const struct efi_handoff *h)
{
	static const char prefix[] = "UEFI, ";
	size_t skip = sizeof(prefix) - 1;

	memcpy(bi->loader, prefix, sizeof(prefix));
	if (!efi_text(bi->loader + skip, sizeof(bi->loader) - skip, h->vendor,
		      sizeof(h->vendor)))
		bi->loader[skip - 2] = '\0';
	efi_text(bi->cmdline, sizeof(bi->cmdline),
		 (const u8 *)h + h->options_at, h->options_len);
	efi_drop_initrd_words(bi->cmdline);
}

static const char *__init efi_copy_map(struct bootinfo *bi,
				       const struct efi_handoff *h)
{
	int err = efi_add_ranges(bi, (const u8 *)h + h->map_at, h->map_len,
				 h->descriptor_size);

	if (err == -EINVAL)
		return "UEFI: memory map with odd entries";
	if (err)
		return "UEFI: map too scattered";
	if (bi->nr_ranges == 0)
		return "UEFI: no memory map";
	if (h->initrd_start != h->initrd_end &&
	    bootinfo_add_module(bi, h->initrd_start, h->initrd_end, "initrd",
				6))
		return "UEFI: initrd ends before it starts";
	return NULL;
}

/**
 * efi_handoff_parse() - read the UEFI stub's block at physical pa into bi
 *
 * map gives readable pointers to physical memory. A device tree is only noted
 * (bi->fdt), for fdt_parse(); so are the ACPI tables (bi->rsdp).
 * Context: boot; pure. Return: 0, or -EINVAL with *why set to one line.
 */
int __init efi_handoff_parse(struct bootinfo *bi, u64 pa, boot_map_fn *map,
			     const char **why)
{
	const struct efi_handoff *h = map(pa, sizeof(*h));

	*why = "UEFI: handoff out of reach";
	if (!h)
		return -EINVAL;
	*why = efi_bad_handoff(h);
	if (*why)
		return -EINVAL;
	*why = "UEFI: handoff out of reach";
	h = map(pa, h->size);
	if (!h)
		return -EINVAL;
	efi_copy_texts(bi, h);
	bi->efi_systab = h->systab;
	bi->rsdp = h->rsdp;
	bi->fdt = h->fdt;
	bootinfo_keep(bi, pa, h->size);
	*why = efi_copy_map(bi, h);
	return *why ? -EINVAL : 0;
}
