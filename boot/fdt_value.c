/* SPDX-License-Identifier: MIT */
/*
 * Values of the device tree: texts, numbers, addresses.
 *
 *   cpu@1 { reg = <1> }        one address cell, no size: /cpus says so
 *   soc { ranges = <0 0 0x3f000000 0x1000000>;       child, parent, size
 *     uart@201000 { reg = <0x201000 0x200> } }       0x3f201000 for the CPU
 *
 * How wide an address is, the parent says (#address-cells, #size-cells). What
 * stands below a bus goes up through each bus's ranges: empty ones change
 * nothing, missing ones let nobody through.
 *
 * [DT] 2.2.4 "Properties", 2.3 "Standard Properties"
 */
#include "boot/fdt_scan.h"

#include "lib/errno.h"
#include "lib/string.h"

/**
 * fdt_fail() - remember what is wrong; Return: -EINVAL. Context: boot.
 */
int __init fdt_fail(struct fdt_scan *s, const char *why)
{
	s->why = why;
	return -EINVAL;
}

/** fdt_is() - whether a value is text, NUL included. Context: any. */
bool __init fdt_is(const struct fdt_value *v, const char *text)
{
	size_t len = strlen(text) + 1;

	return v->bytes && v->len >= len && !memcmp(v->bytes, text, len);
}

/**
 * fdt_lists() - whether a list of texts, each with its NUL, contains text
 *
 * Context: any. Ref: [DT] 2.2.4 "Properties", <stringlist>
 */
bool __init fdt_lists(const struct fdt_value *v, const char *text)
{
	struct fdt_value rest = *v;

	while (rest.bytes && rest.len) {
		u32 len = (u32)strnlen((const char *)rest.bytes, rest.len);

		if (fdt_is(&rest, text))
			return true;
		len = MIN(len + 1, rest.len);
		rest.bytes += len;
		rest.len -= len;
	}
	return false;
}

/** fdt_number() - a value of one or two cells, else `missing`. Context: any. */
u64 __init fdt_number(const struct fdt_value *v, u64 missing)
{
	if (!v->bytes || (v->len != 4 && v->len != 8))
		return missing;
	return fdt_cells(v->bytes, v->len / 4);
}

/** fdt_copy_text() - a text, cut at its NUL, its end or dst's. Context: any. */
void __init fdt_copy_text(char *dst, size_t dst_size,
			  const struct fdt_value *v)
{
	size_t len = strnlen((const char *)v->bytes,
			     MIN((size_t)v->len, dst_size - 1));

	memcpy(dst, v->bytes, len);
	dst[len] = '\0';
}

/**
 * fdt_reg() - entry i of the scanned node's reg, as its bus sees it
 *
 * *start and *len are bytes. Context: boot. Return: 0; -ENOENT: reg is
 * shorter; -EINVAL: it is not made of whole entries of one or two cells each.
 * Ref: [DT] 2.3.6 "reg"
 */
int __init fdt_reg(struct fdt_scan *s, u32 i, u64 *start, u64 *len)
{
	const struct fdt_level *parent = &s->level[s->depth - 1];
	const struct fdt_value *reg = &s->prop[PROP_REG];
	u32 address = parent->address_cells, size = parent->size_cells, entry;

	if (!reg->bytes)
		return -ENOENT;
	if (address < 1 || address > 2 || size > 2)
		return fdt_fail(s, "fdt: reg under a parent with odd cells");
	entry = 4 * (address + size);
	if (reg->len % entry)
		return fdt_fail(s, "fdt: reg is not made of whole entries");
	if (i >= reg->len / entry)
		return -ENOENT;
	*start = fdt_cells(reg->bytes + i * entry, address);
	*len = fdt_cells(reg->bytes + i * entry + 4 * address, size);
	return 0;
}

/* One bus upwards, by the ranges of the open node at depth. */
static bool __init fdt_translate(const struct fdt_scan *s, u32 depth, u64 *addr)
{
	const struct fdt_level *bus = &s->level[depth], *above = bus - 1;
	u32 child = bus->address_cells, parent = above->address_cells;
	u32 size = bus->size_cells, entry = 4 * (child + parent + size), at;

	if (!bus->ranges.bytes)
		return false;           /* no way through */
	if (!bus->ranges.len)
		return true;            /* the same addresses on both sides */
	if (child < 1 || child > 2 || parent < 1 || parent > 2 || size < 1 ||
	    size > 2)
		return false;
	for (at = 0; bus->ranges.len - at >= entry; at += entry) {
		const u8 *e = bus->ranges.bytes + at;
		u64 offset = *addr - fdt_cells(e, child);

		if (*addr < fdt_cells(e, child) ||
		    offset >= fdt_cells(e + 4 * (child + parent), size))
			continue;
		*addr = fdt_cells(e + 4 * child, parent) + offset;
		return true;
	}
	return false;
}

/**
 * fdt_device_reg() - entry i of the scanned node's reg, as the CPU sees it
 *
 * Context: boot. Return: 0; -ENOENT, -EINVAL as fdt_reg(); -EINVAL: empty or
 * wrapping; -ENXIO: no bus leads there. Ref: [DT] 2.3.8 "ranges"
 */
int __init fdt_device_reg(struct fdt_scan *s, u32 i,
			  struct platform_extent *out)
{
	u64 start, len;
	u32 depth;
	int err = fdt_reg(s, i, &start, &len);

	if (err)
		return err;
	for (depth = s->depth - 1; depth > 1; depth--)
		if (!fdt_translate(s, depth, &start))
			return -ENXIO;
	if (!len || start + len < start)
		return fdt_fail(s, "fdt: registers that are empty or wrap");
	*out = (struct platform_extent){ start, start + len };
	return 0;
}

/** fdt_only_broken() - err, if it makes the tree broken; else 0. Context: any. */
int __init fdt_only_broken(int err)
{
	return err == -EINVAL ? err : 0;
}
