/* SPDX-License-Identifier: MIT */
/*
 * The way to the static ACPI tables.
 *
 *   RSDP ─► XSDT or RSDT ─┬─► "APIC" ┌──────┬─────┬─────────┬──────┐
 *                         ├─► "FACP" │ head │ a,2 │ b,6 ... │ c,4 …│ entries:
 *                         └─► …      └──────┴─────┴─────────┴──────┘ type, length
 *
 * A table counts only if it is readable, its length is sound and its bytes
 * sum to zero; what does not count is as good as absent, and of several with one
 * signature the first counts. Entries are walked as far as each lies inside
 * its table. No AML is read.
 *
 * [ACPI] 5.2 "ACPI System Description Tables"
 */
#include "boot/acpi_tables.h"

#include "lib/string.h"

/* Larger static tables do not exist; a larger length is a broken table. */
#define ACPI_TABLE_MAX KIB(256)

struct acpi_rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 len;                        /* from revision 2 on, as the rest */
	u64 xsdt;
	u8 checksum_long;
	u8 reserved[3];
} __packed;
static_assert(sizeof(struct acpi_rsdp) == 36, "[ACPI] table 5.3");

static bool __init acpi_sum_ok(const void *table, size_t len)
{
	const u8 *byte = table;
	u8 sum = 0;

	while (len--)
		sum = (u8)(sum + *byte++);
	return sum == 0;
}

/* The whole table at pa, checked; NULL: there is none to believe. */
static const struct acpi_header *__init acpi_table(u64 pa, boot_map_fn *map)
{
	const struct acpi_header *h = map(pa, sizeof(*h));

	if (!h || h->len < sizeof(*h) || h->len > ACPI_TABLE_MAX)
		return NULL;
	h = map(pa, h->len);
	return h && acpi_sum_ok(h, h->len) ? h : NULL;
}

/* The loader's copy of the root pointer, or the one in memory. */
static bool __init acpi_read_rsdp(struct acpi_rsdp *rsdp,
				  const struct bootinfo *bi, boot_map_fn *map)
{
	const void *p = bi->rsdp_copy;

	if (!bi->rsdp_copy[0])
		p = bi->rsdp ? map(bi->rsdp, sizeof(*rsdp)) : NULL;
	if (!p)
		return false;
	memcpy(rsdp, p, sizeof(*rsdp));
	return !memcmp(rsdp->signature, "RSD PTR ", 8) && acpi_sum_ok(rsdp, 20);
}

/**
 * acpi_open() - find the list of tables that bi's RSDP leads to
 *
 * map gives readable pointers to physical memory, which stay readable.
 * Context: boot; pure. Return: whether there is a list to believe.
 * Ref: [ACPI] 5.2.5 "Root System Description Pointer (RSDP)"
 */
bool __init acpi_open(struct acpi_root *root, const struct bootinfo *bi,
		      boot_map_fn *map)
{
	struct acpi_rsdp rsdp;

	if (!acpi_read_rsdp(&rsdp, bi, map))
		return false;
	if (rsdp.revision >= 2 && rsdp.xsdt && acpi_table(rsdp.xsdt, map)) {
		*root = (struct acpi_root){ rsdp.xsdt, 8, map };
		return true;
	}
	*root = (struct acpi_root){ rsdp.rsdt, 4, map };
	return acpi_table(rsdp.rsdt, map) != NULL;
}

/**
 * acpi_find() - the first sound table with a signature of four letters
 *
 * Context: boot; root was opened. Return: the table, len bytes of it readable;
 * NULL: there is none.
 * Ref: [ACPI] 5.2.8 "Extended System Description Table (XSDT)"
 */
const struct acpi_header *__init acpi_find(const struct acpi_root *root,
					   const char *signature)
{
	const struct acpi_header *list = acpi_table(root->list, root->map), *h;
	size_t at;
	u64 pa;

	if (!list)
		return NULL;
	for (at = sizeof(*list); list->len - at >= root->pointer_size;
	     at += root->pointer_size) {
		pa = 0;
		memcpy(&pa, (const u8 *)list + at, root->pointer_size);
		h = root->map(pa, sizeof(*h));
		if (h && !memcmp(h->signature, signature, 4))
			h = acpi_table(pa, root->map);
		else
			h = NULL;
		if (h)
			return h;
	}
	return NULL;
}

/**
 * acpi_next() - the entry behind e; e == NULL: the first, behind head bytes
 *
 * Context: boot; e came from here. Return: an entry of at least two bytes, all
 * inside the table; NULL at its end, or where the entries stop making sense.
 */
const struct acpi_entry *__init acpi_next(const struct acpi_header *table,
					  size_t head,
					  const struct acpi_entry *e)
{
	const u8 *at = e ? (const u8 *)e + e->len : (const u8 *)table + head;
	size_t passed = (size_t)(at - (const u8 *)table);
	const struct acpi_entry *next = (const void *)at;

	if (passed > table->len || table->len - passed < sizeof(*next))
		return NULL;
	if (next->len < sizeof(*next) || next->len > table->len - passed)
		return NULL;
	return next;
}
