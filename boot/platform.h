/* SPDX-License-Identifier: MIT */
/*
 * What firmware says about an Arm machine beyond memory: its CPUs and the few
 * devices that the kernel cannot do without.
 *
 *   device tree ─ fdt_parse() ──────┐
 *                                   ├─► struct platform ─► arch/aarch64
 *   ACPI tables ─ acpi_arm_parse() ─┘
 *
 * The same struct and the same words whoever filled it, so that no driver
 * knows which one did. It holds copies only. x86_64 has struct acpi_info.
 */
#ifndef BOOT_PLATFORM_H
#define BOOT_PLATFORM_H

#include "lib/types.h"

#define PLATFORM_MAX_CPUS     64
#define PLATFORM_MAX_MEMORY   64
#define PLATFORM_MAX_RESERVED 64
#define PLATFORM_MAX_REDISTS  64
#define PLATFORM_MAX_PATH     128
#define PLATFORM_NO_NUMA      (~(u32)0)

#define PSCI_CPU_ON_64 0xc4000003u      /* fixed since PSCI 0.2 */
#define MPIDR_AFFINITY 0xff00ffffffull  /* Aff3, then Aff2 to Aff0 */

enum psci_conduit { PSCI_NONE, PSCI_HVC, PSCI_SMC };
enum cpu_enable { CPU_ENABLE_NONE, CPU_ENABLE_PSCI, CPU_ENABLE_SPIN_TABLE };
enum irq_trigger { IRQ_RISING = 1, IRQ_FALLING = 2, IRQ_HIGH = 4, IRQ_LOW = 8 };

enum timer_irq { TIMER_IRQ_SECURE, TIMER_IRQ_PHYS, TIMER_IRQ_VIRT,
		 TIMER_IRQ_HYP, TIMER_IRQ_HYP_VIRT, TIMER_IRQS };

/* INTIDs of the GIC: below PPIs software's own, from 1020 on special. */
enum { GIC_FIRST_PPI = 16, GIC_FIRST_SPI = 32, GIC_FIRST_SPECIAL = 1020 };

/* [start, end) physical bytes; all zero: there is none. */
struct platform_extent {
	u64 start, end;
};

struct platform_cpu {
	u64 mpidr;                      /* affinity fields of MPIDR_EL1 */
	u64 release;                    /* spin table: address to write to */
	enum cpu_enable enable;
	u32 numa;                       /* or PLATFORM_NO_NUMA */
};

struct platform_memory {
	u64 start, end;
	u32 numa;                       /* or PLATFORM_NO_NUMA */
};

struct platform_reserved {
	u64 start, end;
	bool no_map;                    /* not even cacheable mappings of it */
};

/* A line of the GIC; line == 0: none (0 is a software interrupt). */
struct platform_irq {
	u32 line;                       /* INTID: PPI from 16, SPI from 32 */
	u32 flags;                      /* enum irq_trigger */
};

struct platform {
	bool found;
	struct platform_cpu cpu[PLATFORM_MAX_CPUS];
	u32 nr_cpus;
	struct platform_memory memory[PLATFORM_MAX_MEMORY];
	u32 nr_memory;
	struct platform_reserved reserved[PLATFORM_MAX_RESERVED];
	u32 nr_reserved;
	u32 nr_left_out;                /* of these three, for lack of room */
	enum psci_conduit psci;
	u32 psci_cpu_on;                /* function id */
	u32 gic_version;                /* 2 or 3; 0: no GIC known to us */
	struct platform_extent gic_dist;
	struct platform_extent gic_cpu; /* version 2: the CPU interface */
	struct platform_extent gic_redist[PLATFORM_MAX_REDISTS]; /* version 3 */
	u32 nr_redists;
	u64 gic_redist_stride;          /* bytes; 0: as the architecture says */
	struct platform_irq timer[TIMER_IRQS];
	u32 timer_hz;                   /* 0: CNTFRQ_EL0 is right */
	struct platform_extent uart;    /* PL011: the console's, or the first */
	struct platform_irq uart_irq;
	struct platform_extent rtc;     /* PL031; start 0: none */
	/* Device tree only: as written, with alias and options. */
	char stdout_path[PLATFORM_MAX_PATH];
};
extern struct platform platform;

void platform_add_cpu(struct platform *p, struct platform_cpu cpu);
void platform_add_memory(struct platform *p, struct platform_memory memory);
void platform_add_reserved(struct platform *p, struct platform_reserved r);
const char *platform_check(const struct platform *p);

#endif
