/* SPDX-License-Identifier: MIT */
/*
 * ACPI for x86_64: which CPUs, which interrupt controllers, which clocks.
 *
 *   APIC (MADT)  local APICs, I/O APICs, overrides
 *   FACP (FADT)  PM timer, reset register
 *
 * acpi_tables.c finds the tables and checks them. What is missing is no error:
 * every user of struct acpi_info has a default.
 *
 * [ACPI] 5.2 "ACPI System Description Tables"
 */
#include "boot/acpi.h"

#include "boot/acpi_tables.h"
#include "lib/string.h"

enum {                                  /* FADT flags */
	FADT_TIMER_32 = 1 << 8,
	FADT_RESET = 1 << 10,
	FADT_HW_REDUCED = 1 << 20,      /* the registers of ACPI 1.0 are absent */
};

enum madt_type { MADT_CPU = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2,
		 MADT_LAPIC_ADDRESS = 5, MADT_X2APIC = 9 };

enum { CPU_ENABLED = 1 << 0, CPU_ONLINE_CAPABLE = 1 << 1 };

struct madt_cpu {
	struct acpi_entry entry;
	u8 processor, id;
	u32 flags;
} __packed;

struct madt_x2apic {
	struct acpi_entry entry;
	u16 reserved;
	u32 id, flags, processor;
} __packed;

struct madt_ioapic {
	struct acpi_entry entry;
	u8 id, reserved;
	u32 address, first_line;
} __packed;

struct madt_override {
	struct acpi_entry entry;
	u8 bus, irq;
	u32 line;
	u16 flags;
} __packed;

struct madt_lapic_address {
	struct acpi_entry entry;
	u16 reserved;
	u64 address;
} __packed;

struct acpi_info acpi_info;

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
					const struct acpi_entry *e)
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
		return sizeof(struct acpi_entry);
	}
}

static void __init acpi_read_madt(struct acpi_info *acpi,
				  const struct acpi_header *h)
{
	const struct acpi_madt *madt = (const void *)h;
	const struct acpi_entry *e = NULL;

	if (!h || h->len < sizeof(*madt))
		return;
	acpi->local_apic = madt->local_apic;
	while ((e = acpi_next(h, sizeof(*madt), e)))
		if (e->len >= acpi_madt_entry_size(e->type))
			acpi_read_madt_entry(acpi, e);
}

static void __init acpi_read_fadt(struct acpi_info *acpi,
				  const struct acpi_header *h)
{
	const struct acpi_fadt *fadt = (const void *)h;

	if (!h || h->len < __builtin_offsetof(struct acpi_fadt, reset))
		return;
	if (!(fadt->flags & FADT_HW_REDUCED) && fadt->pm_timer_len == 4 &&
	    fadt->pm_timer <= 0xffff)
		acpi->pm_timer = (u16)fadt->pm_timer;
	acpi->pm_timer_wide = fadt->flags & FADT_TIMER_32;
	if (h->len >= __builtin_offsetof(struct acpi_fadt, arm_flags) &&
	    fadt->flags & FADT_RESET && fadt->reset.space == GAS_IO &&
	    fadt->reset.address <= 0xffff) {
		acpi->reset_port = (u16)fadt->reset.address;
		acpi->reset_value = fadt->reset_value;
	}
}

/**
 * acpi_parse() - fill acpi from the tables that bi's RSDP leads to
 *
 * map gives readable pointers to physical memory. Whatever is missing, broken
 * or out of reach stays zero.
 * Context: boot; pure. Ref: [ACPI] 5.2.9 "Fixed ACPI Description Table (FADT)",
 * 5.2.12 "Multiple APIC Description Table (MADT)"
 */
void __init acpi_parse(struct acpi_info *acpi, const struct bootinfo *bi,
		       boot_map_fn *map)
{
	struct acpi_root root;

	memset(acpi, 0, sizeof(*acpi));
	acpi->found = acpi_open(&root, bi, map);
	if (!acpi->found)
		return;
	acpi_read_madt(acpi, acpi_find(&root, "APIC"));
	acpi_read_fadt(acpi, acpi_find(&root, "FACP"));
}
