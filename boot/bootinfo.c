/* SPDX-License-Identifier: MIT */
/*
 * From the firmware's map, in any order and state, to a map that is right.
 *
 * Firmware maps overlap, contradict themselves, end below their start and
 * cut pages in two. One idea mends all of it: paint. Every start and end of a
 * range is a border; between two neighbouring borders nothing changes, and
 * the most restrictive type that covers the stretch wins:
 *
 *   raw        usable  ├───────────────────────────┤
 *              reserved       ├──────┤
 *              acpi              ├─────────┤
 *   borders            |      |  |   |     |       |
 *   painted    usable  ├──────┤            ├───────┤
 *              reserved       ├──────┤
 *              acpi                  ├─────┤
 *
 * Painted once byte by byte, then widened or shrunk to whole pages, then
 * painted again, the map keeps [I1] to [I3] of bootinfo.h. The cost is
 * borders x ranges: a few thousand steps for a PC, a million for the worst map.
 *
 * Room: raw ranges are at most BOOT_MAX_RANGES, painted ones at most twice as
 * many. When the array is full it is painted early, which merges what can be
 * merged; then the smallest usable ranges go. A restrictive range never goes
 * while a usable one is left: losing RAM is safe, inventing it is not.
 */
#include "boot/bootinfo.h"

#include "lib/errno.h"
#include "lib/string.h"

/* No machine has more physical address bits than 52. */
#define BOOT_PHYS_END ((u64)1 << 52)

/* Slots that an early painting tries to make free. */
#define BOOT_SLACK 64

#define PAINT_MAX (2 * BOOT_MAX_RANGES)

struct bootinfo bootinfo;

static struct boot_range paint_out[PAINT_MAX] __initdata;
static u64 paint_border[PAINT_MAX] __initdata;

/** range_type_name() - the word of the boot log for a type. Context: any. */
const char *range_type_name(enum range_type type)
{
	static const char *const names[RANGE_TYPES] = {
		[RANGE_USABLE] = "usable",     [RANGE_LOADER] = "loader",
		[RANGE_ACPI] = "ACPI tables",  [RANGE_NVS] = "ACPI NVS",
		[RANGE_RESERVED] = "reserved", [RANGE_BAD] = "bad",
	};

	return (unsigned int)type < RANGE_TYPES ? names[type] : "?";
}

/** range_type_e820() - a PC firmware's number for a type. Ref: [ACPI] 15 table 15.1 */
enum range_type __init range_type_e820(u32 type)
{
	switch (type) {
	case 1:
		return RANGE_USABLE;
	case 3:
		return RANGE_ACPI;
	case 4:
		return RANGE_NVS;
	case 5:
		return RANGE_BAD;
	default:
		return RANGE_RESERVED;
	}
}

/* Heap order: the parent of i is (i - 1) / 2, and no child is greater. */
static void __init border_sift_down(u64 *border, u32 i, u32 nr)
{
	u32 child;
	u64 v = border[i];

	while ((child = 2 * i + 1) < nr) {
		if (child + 1 < nr && border[child + 1] > border[child])
			child++;
		if (v >= border[child])
			break;
		border[i] = border[child];
		i = child;
	}
	border[i] = v;
}

static void __init border_sort(u64 *border, u32 nr)
{
	u32 i;
	u64 top;

	for (i = nr / 2; i-- > 0;)
		border_sift_down(border, i, nr);
	for (i = nr; i-- > 1;) {
		top = border[0];
		border[0] = border[i];
		border[i] = top;
		border_sift_down(border, 0, i);
	}
}

/* The most restrictive type over [start, end), which no border cuts. */
static bool __init paint_colour(const struct bootinfo *bi, u64 start, u64 end,
				enum range_type *type)
{
	const struct boot_range *r;
	bool covered = false;

	for (r = bi->range; r < bi->range + bi->nr_ranges; r++) {
		if (r->start > start || r->end < end)
			continue;
		if (!covered || r->type > *type)
			*type = r->type;
		covered = true;
	}
	return covered;
}

/* Appends to paint_out, melting with a neighbour of the same type [I3]. */
static u32 __init paint_stroke(u32 nr, u64 start, u64 end, enum range_type type)
{
	if (nr && paint_out[nr - 1].end == start &&
	    paint_out[nr - 1].type == type) {
		paint_out[nr - 1].end = end;
		return nr;
	}
	paint_out[nr] = (struct boot_range){ start, end, type };
	return nr + 1;
}

/* Paints bi's ranges into paint_out; returns how many there are. */
static u32 __init bootinfo_paint(const struct bootinfo *bi)
{
	u32 i, nr_borders = 0, nr = 0;
	enum range_type type = RANGE_USABLE;

	for (i = 0; i < bi->nr_ranges; i++) {
		if (bi->range[i].start >= bi->range[i].end)
			continue;
		paint_border[nr_borders++] = bi->range[i].start;
		paint_border[nr_borders++] = bi->range[i].end;
	}
	border_sort(paint_border, nr_borders);
	for (i = 1; i < nr_borders; i++) {
		u64 start = paint_border[i - 1], end = paint_border[i];

		if (start < end && paint_colour(bi, start, end, &type))
			nr = paint_stroke(nr, start, end, type);
	}
	return nr;
}

/*
 * Index of the range that hurts least to lose: the smallest usable one, or
 * the smallest of all when only restrictive ones are left.
 */
static u32 __init paint_least(u32 nr)
{
	u32 i, least = 0;

	for (i = 1; i < nr; i++) {
		const struct boot_range *a = &paint_out[i];
		const struct boot_range *b = &paint_out[least];
		bool a_ram = a->type == RANGE_USABLE;
		bool b_ram = b->type == RANGE_USABLE;

		if (a_ram != b_ram ? a_ram
				   : a->end - a->start < b->end - b->start)
			least = i;
	}
	return least;
}

/* paint_out becomes bi's map, cut down to at most max ranges. */
static void __init bootinfo_adopt(struct bootinfo *bi, u32 nr, u32 max)
{
	u32 least;

	while (nr > max) {
		least = paint_least(nr);
		if (paint_out[least].type <= RANGE_LOADER)
			bi->dropped_bytes += paint_out[least].end -
					     paint_out[least].start;
		nr--;
		memmove(&paint_out[least], &paint_out[least + 1],
			(nr - least) * sizeof(paint_out[0]));
	}
	memcpy(bi->range, paint_out, nr * sizeof(paint_out[0]));
	bi->nr_ranges = nr;
}

/*
 * Makes room for one more range: merges, then drops the smallest usable ones.
 * false: everything is restrictive, nothing may be dropped.
 */
static bool __init bootinfo_make_room(struct bootinfo *bi)
{
	u32 i, nr = bootinfo_paint(bi), nr_ram = 0, max;

	for (i = 0; i < nr; i++)
		nr_ram += paint_out[i].type == RANGE_USABLE;
	max = MAX(nr - nr_ram, (u32)BOOT_MAX_RANGES - BOOT_SLACK);
	if (nr - nr_ram >= BOOT_MAX_RANGES)
		return false;
	bootinfo_adopt(bi, nr, max);
	return true;
}

/**
 * bootinfo_add_range() - note one range of the firmware's map
 *
 * start and len are bytes. Empty ranges are ignored; what wraps or lies beyond
 * 52 bits is cut off. A full array is merged first, and gives up its smallest
 * usable ranges (counted in dropped_bytes).
 * Context: boot. Return: 0; -ENOSPC: hundreds of restrictive ranges that cannot
 * be merged.
 */
int __init bootinfo_add_range(struct bootinfo *bi, u64 start, u64 len,
			      enum range_type type)
{
	u64 end = start + len;

	bi->nr_raw++;
	if (end < start || end > BOOT_PHYS_END)
		end = BOOT_PHYS_END;
	if (start >= end || len == 0)
		return 0;
	if (bi->nr_ranges == BOOT_MAX_RANGES && !bootinfo_make_room(bi))
		return -ENOSPC;
	bi->range[bi->nr_ranges++] = (struct boot_range){ start, end, type };
	return 0;
}

/* [I2]: usable memory loses the pages it has in part, the others gain them. */
static void __init bootinfo_round(struct bootinfo *bi)
{
	struct boot_range *r;

	for (r = bi->range; r < bi->range + bi->nr_ranges; r++) {
		if (r->type == RANGE_USABLE) {
			r->start = ALIGN_UP(r->start, PAGE_SIZE);
			r->end = ALIGN_DOWN(r->end, PAGE_SIZE);
		} else {
			r->start = ALIGN_DOWN(r->start, PAGE_SIZE);
			r->end = ALIGN_UP(r->end, PAGE_SIZE);
		}
	}
}

/* Whether all of [start, end) is memory that Quire will own. */
static bool __init bootinfo_is_ram(const struct bootinfo *bi, u64 start,
				   u64 end)
{
	const struct boot_range *r;

	for (r = bi->range; r < bi->range + bi->nr_ranges; r++)
		if (r->type <= RANGE_ACPI && r->start <= start &&
		    start < r->end)
			start = r->end;
	return start >= end;
}

/* Loader data outside RAM (ROM, firmware's own) is in nobody's way. */
static void __init bootinfo_trim_keep(struct bootinfo *bi)
{
	u32 i, nr = 0;

	for (i = 0; i < bi->nr_keep; i++)
		if (bootinfo_is_ram(bi, bi->keep[i].start, bi->keep[i].end))
			bi->keep[nr++] = bi->keep[i];
	bi->nr_keep = nr;
}

/* A module that is not in RAM is an error of the loader worth its own line. */
static const char *__init bootinfo_bad_module(const struct bootinfo *bi)
{
	const struct boot_module *m;

	for (m = bi->module; m < bi->module + bi->nr_modules; m++)
		if (!bootinfo_is_ram(bi, m->start, m->end))
			return "a module lies outside the RAM of the map";
	return NULL;
}

/**
 * bootinfo_sanitize() - sort, clip, merge: afterwards [I1] to [I4] hold
 *
 * Context: boot, after the loader's reader. Return: 0; -ENOMEM (no usable
 * memory) or -EINVAL (a module outside RAM), with *why set to one line.
 */
int __init bootinfo_sanitize(struct bootinfo *bi, const char **why)
{
	u32 nr;

	nr = bootinfo_paint(bi);
	bootinfo_adopt(bi, nr, BOOT_MAX_RANGES);
	bootinfo_round(bi);
	nr = bootinfo_paint(bi);
	bootinfo_adopt(bi, nr, BOOT_MAX_RANGES);

	*why = bootinfo_check(bi);
	if (*why)
		return -ENOMEM;
	bootinfo_trim_keep(bi);
	*why = bootinfo_bad_module(bi);
	return *why ? -EINVAL : 0;
}

/** bootinfo_check() - NULL, or the invariant of bootinfo.h that is broken. */
const char *bootinfo_check(const struct bootinfo *bi)
{
	const struct boot_range *r;
	bool usable = false;

	if (bi->nr_ranges > BOOT_MAX_RANGES)
		return "[I1] more ranges than fit";
	for (r = bi->range; r < bi->range + bi->nr_ranges; r++) {
		if (r->start >= r->end)
			return "[I1] empty or wrapping range";
		if ((r->start | r->end) & ~PAGE_MASK)
			return "[I2] range is not page-aligned";
		if (r > bi->range && r[-1].end > r->start)
			return "[I1] ranges overlap or are unsorted";
		if (r > bi->range && r[-1].end == r->start &&
		    r[-1].type == r->type)
			return "[I3] neighbours of one type";
		usable |= r->type == RANGE_USABLE;
	}
	return usable ? NULL : "the firmware's map has no usable memory";
}

/**
 * bootinfo_keep() - the loader's data at [start, start + len) stays untouched
 *
 * For whoever wants to look at it again; the kernel itself works with copies,
 * so what does not fit into the list, or wraps, is simply not noted.
 * Context: boot.
 */
void __init bootinfo_keep(struct bootinfo *bi, u64 start, u64 len)
{
	if (bi->nr_keep == BOOT_MAX_MODULES || len == 0 || start + len < start)
		return;
	bi->keep[bi->nr_keep++] = (struct boot_range){ start, start + len,
						       RANGE_LOADER };
}

/**
 * bootinfo_add_module() - one file that the loader brought along
 *
 * [start, end) physical bytes; name need not end with a NUL within name_max.
 * Return: 0, -EINVAL (ends before it starts), -ENOSPC (too many).
 */
int __init bootinfo_add_module(struct bootinfo *bi, u64 start, u64 end,
			       const char *name, size_t name_max)
{
	struct boot_module *m = &bi->module[bi->nr_modules];
	size_t len;

	if (end < start || end > BOOT_PHYS_END)
		return -EINVAL;
	if (bi->nr_modules == BOOT_MAX_MODULES)
		return -ENOSPC;
	len = strnlen(name, MIN(name_max, sizeof(m->name) - 1));
	memcpy(m->name, name, len);
	m->name[len] = '\0';
	m->start = start;
	m->end = end;
	bi->nr_modules++;
	return 0;
}
