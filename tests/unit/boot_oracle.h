/* SPDX-License-Identifier: MIT */
/*
 * What boot_test and boot_fuzz share: a naive judge of maps, and a physical
 * memory of 64 KiB in which PVH and ACPI structures can lie.
 *
 * The judge keeps every raw range and answers for one page at a time, from
 * the words of [I2] alone: the most restrictive type that touches the page; if
 * nothing restrictive does, usable when usable ranges cover every byte of it.
 */
#ifndef TESTS_UNIT_BOOT_ORACLE_H
#define TESTS_UNIT_BOOT_ORACLE_H

#include <stdlib.h>
#include <string.h>

#include "boot/bootinfo.h"

#define ORACLE_MAX  8192
#define ORACLE_HOLE RANGE_TYPES         /* no memory that anybody knows of */
#define ORACLE_END  ((u64)1 << 52)

static struct boot_range oracle_raw[ORACLE_MAX];
static u32 oracle_nr;

static inline int oracle_add(struct bootinfo *bi, u64 start, u64 len,
			     enum range_type type)
{
	u64 end = start + len;

	if (end < start || end > ORACLE_END)
		end = ORACLE_END;
	if (len && start < end && oracle_nr < ORACLE_MAX)
		oracle_raw[oracle_nr++] = (struct boot_range){ start, end,
							       type };
	return bootinfo_add_range(bi, start, len, type);
}

/* Whether usable ranges alone cover [start, end). */
static inline bool oracle_covered(u64 start, u64 end)
{
	u64 at = start;
	bool moved = true;

	while (at < end && moved) {
		moved = false;
		for (u32 i = 0; i < oracle_nr; i++)
			if (oracle_raw[i].type == RANGE_USABLE &&
			    oracle_raw[i].start <= at &&
			    at < oracle_raw[i].end) {
				at = oracle_raw[i].end;
				moved = true;
			}
	}
	return at >= end;
}

static inline int oracle_page(u64 page)
{
	u64 end = page + PAGE_SIZE;
	int type = -1;

	for (u32 i = 0; i < oracle_nr; i++)
		if (oracle_raw[i].type != RANGE_USABLE &&
		    oracle_raw[i].start < end && page < oracle_raw[i].end &&
		    (int)oracle_raw[i].type > type)
			type = oracle_raw[i].type;
	if (type >= 0)
		return type;
	return oracle_covered(page, end) ? RANGE_USABLE : ORACLE_HOLE;
}

static inline int oracle_found(const struct bootinfo *bi, u64 page)
{
	for (u32 i = 0; i < bi->nr_ranges; i++)
		if (bi->range[i].start <= page && page < bi->range[i].end)
			return bi->range[i].type;
	return ORACLE_HOLE;
}

/* NULL, or what is wrong with this page of the sanitized map. */
static inline const char *oracle_judge_page(const struct bootinfo *bi, u64 page)
{
	int is = oracle_found(bi, page), should = oracle_page(page);

	if (is == should)
		return NULL;
	if (is == RANGE_USABLE)
		return "RAM invented";
	if (is == ORACLE_HOLE && bi->dropped_bytes)
		return NULL;            /* given up, and said so */
	return should == RANGE_USABLE ? "RAM lost" : "wrong type";
}

/* NULL, or what is wrong around the borders of any raw range. */
static inline const char *oracle_judge(const struct bootinfo *bi)
{
	const char *why = bootinfo_check(bi);

	for (u32 i = 0; !why && i < 2 * oracle_nr; i++) {
		u64 border = i & 1 ? oracle_raw[i / 2].end
				   : oracle_raw[i / 2].start;
		u64 page = ALIGN_DOWN(border, PAGE_SIZE);

		if (page < ORACLE_END)
			why = oracle_judge_page(bi, page);
		if (!why && page)
			why = oracle_judge_page(bi, page - PAGE_SIZE);
	}
	return why;
}

/* ---- a small physical memory ------------------------------------------------ */

#define PHYS_BASE 0x10000ull
#define PHYS_SIZE 0x10000ull

static u8 phys_memory[PHYS_SIZE] __aligned(4096);

/* Each answer is a copy of exactly the bytes asked for, so that ASan sees who
 * reads on; phys_forget() frees them. */
#define PHYS_COPIES 8192
static void *phys_copy[PHYS_COPIES];
static u32 phys_nr_copies;

static const void *phys_map(u64 pa, u64 len)
{
	u8 *bytes;

	if (pa < PHYS_BASE || pa - PHYS_BASE > PHYS_SIZE ||
	    len > PHYS_SIZE - (pa - PHYS_BASE))
		return NULL;
	bytes = phys_memory + (pa - PHYS_BASE);
	if (phys_nr_copies == PHYS_COPIES)
		return bytes;
	phys_copy[phys_nr_copies] = malloc(len ? len : 1);
	return memcpy(phys_copy[phys_nr_copies++], bytes, len);
}

static inline void phys_forget(void)
{
	while (phys_nr_copies)
		free(phys_copy[--phys_nr_copies]);
}

static inline void *phys_at(u64 pa)
{
	return phys_memory + (pa - PHYS_BASE);
}

/* ---- bytes of tables --------------------------------------------------------- */

static inline u32 get32(const u8 *at)
{
	u32 v;

	memcpy(&v, at, 4);
	return v;
}

static inline void put32(u8 *at, u32 v)
{
	memcpy(at, &v, 4);
}

static inline void put64(u8 *at, u64 v)
{
	memcpy(at, &v, 8);
}

/* Makes the sum of len bytes 0 by the one at sum_at, as ACPI wants it. */
static inline void seal(u8 *table, u32 len, u32 sum_at)
{
	u8 sum = 0;

	table[sum_at] = 0;
	for (u32 i = 0; i < len; i++)
		sum = (u8)(sum + table[i]);
	table[sum_at] = (u8)-sum;
}

#endif
