/* SPDX-License-Identifier: MIT */
/*
 * Kernel addresses to names.
 *
 *	ksym_address[]   sorted addresses of all functions
 *	ksym_name[]      offsets of their names in ksym_strings
 *
 * tools/ksyms.py makes the table from the first link of the kernel; the second
 * link appends it. The symbols are weak: in the first link, and in a host
 * program, the table is absent and addresses stay numbers.
 */
#include "kernel/base/ksym.h"

#include "lib/format.h"

extern const u64 ksym_count __weak;
extern const u64 ksym_address[] __weak;
extern const u32 ksym_name[] __weak;
extern const char ksym_strings[] __weak;

/* No function is longer; further off means "in none" (data, user code). */
#define KSYM_REACH KIB(64)

/**
 * ksym_find() - the function that contains pc
 *
 * Binary search. Context: any. Return: its name with the distance in *offset,
 * or NULL.
 */
const char *ksym_find(uintptr_t pc, size_t *offset)
{
	u64 low = 0, high;

	if (!&ksym_count || pc < ksym_address[0])
		return NULL;
	for (high = ksym_count; high - low > 1;) {
		u64 mid = low + (high - low) / 2;

		if (ksym_address[mid] <= pc)
			low = mid;
		else
			high = mid;
	}
	*offset = pc - ksym_address[low];
	return *offset < KSYM_REACH ? ksym_strings + ksym_name[low] : NULL;
}

/** ksym_format() - "name+0x12", or the plain address, into buf; returns buf. */
const char *ksym_format(char *buf, size_t size, uintptr_t pc)
{
	size_t offset;
	const char *name = ksym_find(pc, &offset);

	if (name)
		fmt_snprintf(buf, size, "%s+%#zx", name, offset);
	else
		fmt_snprintf(buf, size, "%#zx", (size_t)pc);
	return buf;
}
