/* SPDX-License-Identifier: MIT */
/*
 * ACPI for AArch64, into struct platform: the same facts that a device tree
 * tells.
 *
 *   APIC (MADT)  CPUs (GICC), distributor (GICD), redistributors (GICR, or
 *                each CPU's own in its GICC)
 *   GTDT         lines of the generic timer
 *   SPCR         the console, if it is a PL011 or its sibling of SBSA
 *   FACP (FADT)  whether there is PSCI, and how it is called
 *   SRAT         NUMA nodes of CPUs and memory
 *
 * Without MADT and a GIC in it nothing works, and that is an error; the other
 * tables may be absent. ACPI does not say how large registers are: the
 * architecture does. Not read: GIC ITS, MSI frames, the parking protocol (CPUs
 * behind it are CPU_ENABLE_NONE), watchdogs and memory-mapped timers.
 *
 * [ACPI] 5.2.12 "Multiple APIC Description Table (MADT)", 5.2.16 "System Resource
 * Affinity Table (SRAT)", 5.2.25 "Generic Timer Description Table (GTDT)"
 */
#include "boot/acpi_arm.h"

#include "boot/acpi_tables.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Bytes of registers, by the architecture. */
#define GIC2_DIST_SIZE   KIB(4)
#define GIC2_CPU_SIZE    KIB(8)
#define GIC3_DIST_SIZE   KIB(64)
#define GIC3_REDIST_SIZE KIB(128)
#define GIC4_REDIST_SIZE KIB(256)
#define PL011_SIZE       KIB(4)

enum fadt_arm_flags { FADT_PSCI = 1 << 0, FADT_PSCI_HVC = 1 << 1 };

/* ---- tables -------------------------------------------------------------------- */

enum { MADT_GICC = 11, MADT_GICD = 12, MADT_GICR = 14 };
enum { GICC_ENABLED = 1 << 0, GICC_ONLINE_CAPABLE = 1 << 3 };

struct madt_gicc {
	struct acpi_entry entry;
	u16 reserved;
	u32 interface, uid, flags, parking_version, performance_line;
	u64 parked;
	u64 gicc, gicv, gich;           /* version 2 */
	u32 maintenance_line;
	u64 gicr;                       /* version 3; 0: see GICR entries */
	u64 mpidr;
} __packed;
static_assert(sizeof(struct madt_gicc) == 76, "[ACPI] table 5.37");

struct madt_gicd {
	struct acpi_entry entry;
	u16 reserved;
	u32 id;
	u64 address;
	u32 first_line;
	u8 version;                     /* 0: look at the hardware */
	u8 reserved2[3];
} __packed;
static_assert(sizeof(struct madt_gicd) == 24, "[ACPI] table 5.39");

struct madt_gicr {
	struct acpi_entry entry;
	u16 reserved;
	u64 address;
	u32 len;
} __packed;
static_assert(sizeof(struct madt_gicr) == 16, "[ACPI] table 5.41");

struct gtdt_line {
	u32 gsiv, flags;
};
enum { GTDT_EDGE = 1 << 0, GTDT_LOW = 1 << 1 };

/* In the order of enum timer_irq. */
struct acpi_gtdt {
	struct acpi_header header;
	u64 counter;
	u32 reserved;
	struct gtdt_line line[TIMER_IRQ_HYP_VIRT];
	u64 counter_read;
	u32 nr_timers, timers_at;
	struct gtdt_line hyp_virt;      /* from revision 3 on */
} __packed;
static_assert(sizeof(struct acpi_gtdt) == 104, "[ACPI] table 5.123");

/* What Microsoft's port table calls them. [DBG2] table 3 */
enum { SPCR_PL011 = 3, SPCR_SBSA_32 = 13, SPCR_SBSA = 14 };
enum { SPCR_GIC_LINE = 1 << 3 };

struct acpi_spcr {
	struct acpi_header header;
	u8 type, reserved[3];
	struct acpi_gas address;
	u8 irq_type, pc_irq;
	u32 gsiv;
} __packed;
static_assert(sizeof(struct acpi_spcr) == 58, "[SPCR]");

enum { SRAT_MEMORY = 1, SRAT_GICC = 3, SRAT_ENABLED = 1 << 0 };

struct acpi_srat {
	struct acpi_header header;
	u8 reserved[12];
} __packed;

struct srat_memory {
	struct acpi_entry entry;
	u32 domain;
	u16 reserved;
	u64 address, len;
	u32 reserved2, flags;
	u64 reserved3;
} __packed;
static_assert(sizeof(struct srat_memory) == 40, "[ACPI] table 5.58");

struct srat_gicc {
	struct acpi_entry entry;
	u32 domain, uid, flags, clock_domain;
} __packed;
static_assert(sizeof(struct srat_gicc) == 18, "[ACPI] table 5.60");

/* One pass; uid names the CPUs as SRAT does. */
struct acpi_arm {
	struct platform *p;
	u32 uid[PLATFORM_MAX_CPUS];
};

/* ---- values -------------------------------------------------------------------- */

/* [start, start + len), if there is such a thing. */
static struct platform_extent __init acpi_extent(u64 start, u64 len)
{
	if (!start || start + len <= start)
		return (struct platform_extent){ 0 };
	return (struct platform_extent){ start, start + len };
}

static struct platform_irq __init acpi_line(u32 gsiv, u32 flags)
{
	if (gsiv < GIC_FIRST_PPI || gsiv >= GIC_FIRST_SPECIAL)
		return (struct platform_irq){ 0 };
	return (struct platform_irq){ gsiv, flags };
}

static struct platform_irq __init acpi_timer_line(struct gtdt_line line)
{
	bool low = line.flags & GTDT_LOW;

	if (line.flags & GTDT_EDGE)
		return acpi_line(line.gsiv, low ? IRQ_FALLING : IRQ_RISING);
	return acpi_line(line.gsiv, low ? IRQ_LOW : IRQ_HIGH);
}

/* ---- MADT ---------------------------------------------------------------------- */

static void __init acpi_add_gicc(struct acpi_arm *arm,
				 const struct madt_gicc *gicc)
{
	struct platform *p = arm->p;

	if (!(gicc->flags & (GICC_ENABLED | GICC_ONLINE_CAPABLE)))
		return;
	if (p->nr_cpus < PLATFORM_MAX_CPUS)
		arm->uid[p->nr_cpus] = gicc->uid;
	platform_add_cpu(p, (struct platform_cpu){ .mpidr = gicc->mpidr &
							    MPIDR_AFFINITY,
						   .numa = PLATFORM_NO_NUMA });
	if (!p->gic_cpu.end)
		p->gic_cpu = acpi_extent(gicc->gicc, GIC2_CPU_SIZE);
}

/* Neighbours become one region: most machines have them all in a row. */
static void __init acpi_add_redist(struct platform *p, u64 start, u64 len)
{
	struct platform_extent e = acpi_extent(start, len);
	struct platform_extent *last = p->gic_redist + p->nr_redists - 1;

	if (!e.end)
		return;
	if (p->nr_redists && last->end == e.start)
		last->end = e.end;
	else if (p->nr_redists < PLATFORM_MAX_REDISTS)
		p->gic_redist[p->nr_redists++] = e;
}

static void __init acpi_read_entry(struct acpi_arm *arm,
				   const struct acpi_entry *e)
{
	struct platform *p = arm->p;
	const struct madt_gicd *gicd = (const void *)e;
	const struct madt_gicr *gicr = (const void *)e;

	if (e->type == MADT_GICC && e->len >= sizeof(struct madt_gicc)) {
		acpi_add_gicc(arm, (const void *)e);
	} else if (e->type == MADT_GICR && e->len >= sizeof(*gicr)) {
		acpi_add_redist(p, gicr->address, gicr->len);
	} else if (e->type == MADT_GICD && e->len >= sizeof(*gicd) &&
		   !p->gic_dist.end) {
		p->gic_version = gicd->version;
		p->gic_dist = acpi_extent(gicd->address, GIC3_DIST_SIZE);
	}
}

/* Redistributors that only their CPUs' entries name. */
static void __init acpi_read_cpu_redists(struct platform *p,
					 const struct acpi_header *madt)
{
	u64 len = p->gic_version == 4 ? GIC4_REDIST_SIZE : GIC3_REDIST_SIZE;
	const struct acpi_entry *e = NULL;

	while ((e = acpi_next(madt, sizeof(struct acpi_madt), e))) {
		const struct madt_gicc *gicc = (const void *)e;

		if (e->type == MADT_GICC && e->len >= sizeof(*gicc) &&
		    gicc->flags & (GICC_ENABLED | GICC_ONLINE_CAPABLE))
			acpi_add_redist(p, gicc->gicr, len);
	}
}

/* What the drivers call it; 0: nothing they know, or not all of it there. */
static u32 __init acpi_gic_version(const struct platform *p)
{
	u32 version = p->gic_version;

	if (version == 0) /* "look at the hardware" */
		version = p->nr_redists ? 3 : 2;
	if (version == 4)
		version = 3;            /* with more for virtual machines */
	if (version == 2 && p->gic_dist.end && p->gic_cpu.end)
		return 2;
	if (version == 3 && p->gic_dist.end && p->nr_redists)
		return 3;
	return 0;
}

/* Nothing of other versions stays behind. */
static void __init acpi_settle_gic(struct platform *p)
{
	p->gic_version = acpi_gic_version(p);
	if (p->gic_version != 3)
		p->nr_redists = 0;
	if (p->gic_version != 2)
		p->gic_cpu = (struct platform_extent){ 0 };
	else
		p->gic_dist = acpi_extent(p->gic_dist.start, GIC2_DIST_SIZE);
}

static const char *__init acpi_read_gic(struct acpi_arm *arm,
					const struct acpi_header *madt)
{
	struct platform *p = arm->p;
	const struct acpi_entry *e = NULL;

	if (!madt || madt->len < sizeof(struct acpi_madt))
		return "acpi: no MADT";
	while ((e = acpi_next(madt, sizeof(struct acpi_madt), e)))
		acpi_read_entry(arm, e);
	if (!p->nr_redists)
		acpi_read_cpu_redists(p, madt);
	acpi_settle_gic(p);
	if (!p->nr_cpus)
		return "acpi: MADT without CPUs";
	return p->gic_version ? NULL : "acpi: MADT without a GIC known to us";
}

/* ---- the other tables ------------------------------------------------------------ */

static void __init acpi_read_gtdt(struct platform *p,
				  const struct acpi_header *h)
{
	const struct acpi_gtdt *gtdt = (const void *)h;
	u32 i;

	if (!h || h->len < __builtin_offsetof(struct acpi_gtdt, counter_read))
		return;
	for (i = 0; i < TIMER_IRQ_HYP_VIRT; i++)
		p->timer[i] = acpi_timer_line(gtdt->line[i]);
	if (h->revision >= 3 && h->len >= sizeof(*gtdt))
		p->timer[TIMER_IRQ_HYP_VIRT] = acpi_timer_line(gtdt->hyp_virt);
}

static void __init acpi_read_spcr(struct platform *p,
				  const struct acpi_header *h)
{
	const struct acpi_spcr *spcr = (const void *)h;

	if (!h || h->len < sizeof(*spcr) || spcr->address.space != GAS_MEMORY)
		return;
	if (spcr->type != SPCR_PL011 && spcr->type != SPCR_SBSA_32 &&
	    spcr->type != SPCR_SBSA)
		return;
	p->uart = acpi_extent(spcr->address.address, PL011_SIZE);
	if (p->uart.end && spcr->irq_type & SPCR_GIC_LINE)
		p->uart_irq = acpi_line(spcr->gsiv, IRQ_HIGH);
}

/* PSCI is either there for all CPUs or for none. */
static void __init acpi_read_psci(struct platform *p,
				  const struct acpi_header *h)
{
	const struct acpi_fadt *fadt = (const void *)h;
	u32 i;

	if (!h || h->len < sizeof(*fadt) || !(fadt->arm_flags & FADT_PSCI))
		return;
	p->psci = fadt->arm_flags & FADT_PSCI_HVC ? PSCI_HVC : PSCI_SMC;
	p->psci_cpu_on = PSCI_CPU_ON_64;
	for (i = 0; i < p->nr_cpus; i++)
		p->cpu[i].enable = CPU_ENABLE_PSCI;
}

static void __init acpi_read_affinity(struct acpi_arm *arm,
				      const struct acpi_entry *e)
{
	const struct srat_memory *memory = (const void *)e;
	const struct srat_gicc *gicc = (const void *)e;
	struct platform *p = arm->p;
	u32 i;

	if (e->type == SRAT_MEMORY && e->len >= sizeof(*memory) &&
	    memory->flags & SRAT_ENABLED && memory->len &&
	    memory->address + memory->len > memory->address)
		platform_add_memory(p, (struct platform_memory){
					       memory->address,
					       memory->address + memory->len,
					       memory->domain });
	if (e->type != SRAT_GICC || e->len < sizeof(*gicc) ||
	    !(gicc->flags & SRAT_ENABLED))
		return;
	for (i = 0; i < p->nr_cpus; i++)
		if (arm->uid[i] == gicc->uid)
			p->cpu[i].numa = gicc->domain;
}

static void __init acpi_read_srat(struct acpi_arm *arm,
				  const struct acpi_header *h)
{
	const struct acpi_entry *e = NULL;

	while (h && (e = acpi_next(h, sizeof(struct acpi_srat), e)))
		acpi_read_affinity(arm, e);
}

/**
 * acpi_arm_parse() - fill p from the tables that bi's RSDP leads to
 *
 * map gives readable pointers to physical memory, which stay readable; a range
 * out of its reach is a table that does not exist. bi learns the number of
 * CPUs.
 * Context: boot; pure. Return: 0, or -EINVAL with *why set to one line.
 * Ref: [ACPI] 5.2.9 "Fixed ACPI Description Table (FADT)", 5.2.12 "Multiple APIC
 * Description Table (MADT)"; [SPCR]
 */
int __init acpi_arm_parse(struct bootinfo *bi, struct platform *p,
			  boot_map_fn *map, const char **why)
{
	struct acpi_arm arm = { .p = p };
	struct acpi_root root;

	memset(p, 0, sizeof(*p));
	*why = "acpi: no list of tables";
	if (!acpi_open(&root, bi, map))
		return -EINVAL;
	*why = acpi_read_gic(&arm, acpi_find(&root, "APIC"));
	if (*why)
		return -EINVAL;
	acpi_read_gtdt(p, acpi_find(&root, "GTDT"));
	acpi_read_spcr(p, acpi_find(&root, "SPCR"));
	acpi_read_psci(p, acpi_find(&root, "FACP"));
	acpi_read_srat(&arm, acpi_find(&root, "SRAT"));
	bi->nr_cpus = p->nr_cpus;
	p->found = true;
	return 0;
}
