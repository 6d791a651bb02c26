/* SPDX-License-Identifier: MIT */
/*
 * The static ACPI tables: which CPUs, which interrupt controllers, which
 * clocks.
 *
 *   RSDP ─► XSDT or RSDT ─┬─► APIC (MADT)  local APICs, I/O APICs, overrides
 *                         └─► FACP (FADT)  PM timer, reset register
 *
 * A table counts only if it is readable, its length is sound and its bytes
 * sum to zero; what does not count is skipped, because every user of
 * struct acpi_info has a default. No AML is read.
 *
 * [ACPI] 5.2 "ACPI System Description Tables"
 */
#include "boot/acpi.h"

#include "lib/string.h"

/* Larger static tables do not exist; a larger length is a broken table. */
#define ACPI_TABLE_MAX KIB(256)

enum { GAS_IO = 1 };                    /* generic address: I/O port */

struct acpi_header {
	char signature[4];
	u32 len;                        /* of the table, header included */
	u8 revision, checksum;
	char oem[26];
} __packed;
static_assert(sizeof(struct acpi_header) == 36, "[ACPI] table 5.4");

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

struct acpi_gas {                       /* generic address */
	u8 space, bits, offset, access;
	u64 address;
} __packed;

struct acpi_fadt {
	struct acpi_header header;
	u8 skipped[76 - 36];
	u32 pm_timer;                   /* port, offset 76 */
	u8 skipped2[91 - 80];
	u8 pm_timer_len;                /* offset 91 */
	u8 skipped3[112 - 92];
	u32 flags;                      /* offset 112 */
	struct acpi_gas reset;          /* offset 116 */
	u8 reset_value;                 /* offset 128 */
} __packed;
static_assert(__builtin_offsetof(struct acpi_fadt, reset_value) == 128,
	      "[ACPI] table 5.9");

enum {                                  /* FADT flags */
	FADT_TIMER_32 = 1 << 8,
	FADT_RESET = 1 << 10,
	FADT_HW_REDUCED = 1 << 20,      /* the registers of ACPI 1.0 are absent */
};

struct acpi_madt {
	struct acpi_header header;
	u32 local_apic;
	u32 flags;
} __packed;

/* MADT entries; type and length come first in each. */
struct madt_entry {
	u8 type, len;
} __packed;

enum madt_type { MADT_CPU = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2,
		 MADT_LAPIC_ADDRESS = 5, MADT_X2APIC = 9 };

enum { CPU_ENABLED = 1 << 0, CPU_ONLINE_CAPABLE = 1 << 1 };

struct madt_cpu {
	struct madt_entry entry;
	u8 processor, id;
	u32 flags;
} __packed;

struct madt_x2apic {
	struct madt_entry entry;
	u16 reserved;
	u32 id, flags, processor;
} __packed;

struct madt_ioapic {
	struct madt_entry entry;
	u8 id, reserved;
	u32 address, first_line;
} __packed;

struct madt_override {
	struct madt_entry entry;
	u8 bus, irq;
	u32 line;
	u16 flags;
} __packed;

struct madt_lapic_address {
	struct madt_entry entry;
	u16 reserved;
	u64 address;
} __packed;

struct acpi_info acpi_info;

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

static void __init acpi_add_cpu(struct acpi_info *acpi, u32 id, u32 flags)
{
	if (flags & (CPU_ENABLED | CPU_ONLINE_CAPABLE) &&
	    acpi->nr_cpus < ACPI_MAX_CPUS)
		acpi->cpu[acpi->nr_cpus++] = id;
}

static void __init acpi_add_ioapic(struct acpi_info *acpi,
				   const struct madt_ioapic *e)
{
	if (acpi->nr_ioapics < ACPI_MAX_IOAPICS)
		acpi->ioapic[acpi->nr_ioapics++] =
			(struct acpi_ioapic){ e->address, e->first_line };
}

static void __init acpi_add_override(struct acpi_info *acpi,
				     const struct madt_override *e)
{
	if (acpi->nr_overrides < ACPI_MAX_OVERRIDES)
		acpi->override[acpi->nr_overrides++] =
			(struct acpi_override){ e->irq, e->line, e->flags };
}

/* e is complete: its length was checked against its type and the table. */
static void __init acpi_read_madt_entry(struct acpi_info *acpi,
					const struct madt_entry *e)
{
	const void *entry = e;
	const struct madt_cpu *cpu = entry;
	const struct madt_x2apic *x2apic = entry;
	const struct madt_lapic_address *lapic = entry;

	if (e->type == MADT_CPU)
		acpi_add_cpu(acpi, cpu->id, cpu->flags);
	else if (e->type == MADT_X2APIC)
		acpi_add_cpu(acpi, x2apic->id, x2apic->flags);
	else if (e->type == MADT_IOAPIC)
		acpi_add_ioapic(acpi, entry);
	else if (e->type == MADT_OVERRIDE)
		acpi_add_override(acpi, entry);
	else if (e->type == MADT_LAPIC_ADDRESS)
		acpi->local_apic = lapic->address;
}

static size_t __init acpi_madt_entry_size(u8 type)
{
	switch (type) {
	case MADT_CPU:
		return sizeof(struct madt_cpu);
	case MADT_X2APIC:
		return sizeof(struct madt_x2apic);
	case MADT_IOAPIC:
		return sizeof(struct madt_ioapic);
	case MADT_OVERRIDE:
		return sizeof(struct madt_override);
	case MADT_LAPIC_ADDRESS:
		return sizeof(struct madt_lapic_address);
	default:
		return sizeof(struct madt_entry);
	}
}

static void __init acpi_read_madt(struct acpi_info *acpi,
				  const struct acpi_header *h)
{
	const struct acpi_madt *madt = (const void *)h;
	const struct madt_entry *e;
	size_t at = sizeof(*madt);

	if (h->len < sizeof(*madt))
		return;
	acpi->local_apic = madt->local_apic;
	while (h->len - at >= sizeof(*e)) {
		e = (const void *)((const u8 *)h + at);
		if (e->len < acpi_madt_entry_size(e->type) ||
		    e->len > h->len - at)
			return;
		acpi_read_madt_entry(acpi, e);
		at += e->len;
	}
}

static void __init acpi_read_fadt(struct acpi_info *acpi,
				  const struct acpi_header *h)
{
	const struct acpi_fadt *fadt = (const void *)h;

	if (h->len < __builtin_offsetof(struct acpi_fadt, reset))
		return;
	if (!(fadt->flags & FADT_HW_REDUCED) && fadt->pm_timer_len == 4 &&
	    fadt->pm_timer <= 0xffff)
		acpi->pm_timer = (u16)fadt->pm_timer;
	acpi->pm_timer_wide = fadt->flags & FADT_TIMER_32;
	if (h->len >= sizeof(*fadt) && fadt->flags & FADT_RESET &&
	    fadt->reset.space == GAS_IO && fadt->reset.address <= 0xffff) {
		acpi->reset_port = (u16)fadt->reset.address;
		acpi->reset_value = fadt->reset_value;
	}
}

static void __init acpi_read_table(struct acpi_info *acpi,
				   const struct acpi_header *h)
{
	if (!memcmp(h->signature, "APIC", 4))
		acpi_read_madt(acpi, h);
	else if (!memcmp(h->signature, "FACP", 4))
		acpi_read_fadt(acpi, h);
}

/* The list of tables: pointers of `size` bytes behind the header. */
static bool __init acpi_read_list(struct acpi_info *acpi, u64 list, size_t size,
				  boot_map_fn *map)
{
	const struct acpi_header *h = acpi_table(list, map), *table;
	size_t at;
	u64 pa;

	if (!h)
		return false;
	for (at = sizeof(*h); at + size <= h->len; at += size) {
		pa = 0;
		memcpy(&pa, (const u8 *)h + at, size);
		table = acpi_table(pa, map);
		if (table)
			acpi_read_table(acpi, table);
	}
	return true;
}

/* The loader's copy of the root pointer, or the one in memory. */
static bool __init acpi_root(struct acpi_rsdp *rsdp, const struct bootinfo *bi,
			     boot_map_fn *map)
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
 * acpi_parse() - fill acpi from the tables that bi's RSDP leads to
 *
 * map gives readable pointers to physical memory. Whatever is missing, broken
 * or out of reach stays zero.
 * Context: boot; pure. Ref: [ACPI] 5.2.5 to 5.2.12
 */
void __init acpi_parse(struct acpi_info *acpi, const struct bootinfo *bi,
		       boot_map_fn *map)
{
	struct acpi_rsdp rsdp;

	memset(acpi, 0, sizeof(*acpi));
	if (!acpi_root(&rsdp, bi, map))
		return;
	if (rsdp.revision >= 2 && rsdp.xsdt &&
	    acpi_read_list(acpi, rsdp.xsdt, 8, map))
		acpi->found = true;
	else
		acpi->found = acpi_read_list(acpi, rsdp.rsdt, 4, map);
}
