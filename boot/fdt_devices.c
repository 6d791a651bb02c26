/* SPDX-License-Identifier: MIT */
/*
 * CPUs and the few devices that the kernel cannot do without: PSCI, the GIC,
 * the generic timer, the PL011.
 *
 *   compatible = "arm,gic-v3"   reg: distributor, redistributors …
 *                "arm,gic-400"  reg: distributor, CPU interface
 *   interrupts = <1 14 4>       type (0: SPI, 1: PPI), number, trigger
 *
 * A device that is there but cannot be read makes the tree broken; one
 * that no bus leads to is passed over. Not read: interrupts-extended,
 * interrupt-names, clocks, the ITS.
 *
 * [DT] 3.8 "/cpus/cpu* Node Properties", 2.4 "Interrupts and Interrupt Mapping"
 */
#include "boot/fdt_scan.h"

#include "lib/errno.h"
#include "lib/string.h"

enum { CELL_SPI = 0, CELL_PPI = 1 };    /* first cell of an interrupt */

static bool __init fdt_has_failed(const struct fdt_scan *s)
{
	const struct fdt_value *status = &s->prop[PROP_STATUS];

	return status->len >= 4 && !memcmp(status->bytes, "fail", 4);
}

/**
 * fdt_scan_cpu() - a CPU: its number, how to start it, its NUMA node
 *
 * A disabled CPU is one that waits to be started; only a failed one is none.
 * Context: boot. Return: 0 or -EINVAL. Ref: [DT] 3.8 "/cpus/cpu* Node Properties"
 */
int __init fdt_scan_cpu(struct fdt_scan *s)
{
	struct platform_cpu cpu = { .enable = CPU_ENABLE_NONE };
	u64 mpidr, len;
	int err = fdt_reg(s, 0, &mpidr, &len);

	if (err || fdt_has_failed(s))
		return fdt_only_broken(err);
	cpu.mpidr = mpidr & MPIDR_AFFINITY;
	cpu.numa = (u32)fdt_number(&s->prop[PROP_NUMA], PLATFORM_NO_NUMA);
	cpu.release = fdt_number(&s->prop[PROP_RELEASE], 0);
	if (fdt_lists(&s->prop[PROP_ENABLE], "psci"))
		cpu.enable = CPU_ENABLE_PSCI;
	else if (fdt_lists(&s->prop[PROP_ENABLE], "spin-table"))
		cpu.enable = CPU_ENABLE_SPIN_TABLE;
	platform_add_cpu(s->m, cpu);
	return 0;
}

static int __init fdt_scan_psci(struct fdt_scan *s)
{
	const struct fdt_value *compatible = &s->prop[PROP_COMPATIBLE];
	bool old = !fdt_lists(compatible, "arm,psci-0.2") &&
		   !fdt_lists(compatible, "arm,psci-1.0");

	if (fdt_is(&s->prop[PROP_METHOD], "hvc"))
		s->m->psci = PSCI_HVC;
	else if (fdt_is(&s->prop[PROP_METHOD], "smc"))
		s->m->psci = PSCI_SMC;
	else
		return fdt_fail(s, "fdt: psci by neither hvc nor smc");
	s->m->psci_cpu_on = old ? (u32)fdt_number(&s->prop[PROP_CPU_ON],
						  PSCI_CPU_ON_64)
				: PSCI_CPU_ON_64;
	return 0;
}

/* 2, 3 or 0 (not a GIC that Quire knows). */
static u32 __init fdt_gic_version(const struct fdt_value *compatible)
{
	static const char *const v2[] = { "arm,cortex-a15-gic", "arm,gic-400",
					  "arm,cortex-a7-gic",
					  "arm,cortex-a9-gic" };
	u32 i;

	if (fdt_lists(compatible, "arm,gic-v3"))
		return 3;
	for (i = 0; i < array_size(v2); i++)
		if (fdt_lists(compatible, v2[i]))
			return 2;
	return 0;
}

/* Version 2: distributor, CPU interface. 3: distributor, redistributors. */
static int __init fdt_scan_gic(struct fdt_scan *s, u32 version)
{
	struct platform *m = s->m;
	u32 i, nr = (u32)fdt_number(&s->prop[PROP_REDISTS], 1);
	int err = fdt_device_reg(s, 0, &m->gic_dist);

	if (!err && version == 2)
		err = fdt_device_reg(s, 1, &m->gic_cpu);
	if (!err && version == 3 && (nr < 1 || nr > PLATFORM_MAX_REDISTS))
		return fdt_fail(s, "fdt: absurd number of redistributors");
	for (i = 0; !err && version == 3 && i < nr; i++)
		err = fdt_device_reg(s, i + 1, &m->gic_redist[i]);
	if (err == -ENOENT)
		return fdt_fail(s, "fdt: GIC without all its registers");
	if (err)
		return fdt_only_broken(err);
	m->gic_version = version;
	m->nr_redists = version == 3 ? nr : 0;
	m->gic_redist_stride = fdt_number(&s->prop[PROP_STRIDE], 0);
	s->interrupt_cells = (u32)fdt_number(&s->prop[PROP_INTERRUPT_CELLS], 3);
	return 0;
}

/* The first PL011, unless stdout-path names another. */
static int __init fdt_scan_uart(struct fdt_scan *s)
{
	bool chosen = s->prop[PROP_COMPATIBLE].bytes == s->console;
	struct platform_extent regs;
	int err;

	if (s->m->uart.end && !chosen)
		return 0;
	err = fdt_device_reg(s, 0, &regs);
	if (err)
		return fdt_only_broken(err);
	s->m->uart = regs;
	s->uart = s->prop[PROP_INTERRUPTS];
	return 0;
}

/* The clock is welcome, not needed. */
static int __init fdt_scan_rtc(struct fdt_scan *s)
{
	if (s->m->rtc.end)
		return 0;
	return fdt_only_broken(fdt_device_reg(s, 0, &s->m->rtc));
}

/**
 * fdt_scan_device() - a node that may be a device the kernel needs
 *
 * Context: boot. Return: 0 (also for unknown ones) or -EINVAL.
 */
int __init fdt_scan_device(struct fdt_scan *s)
{
	const struct fdt_value *compatible = &s->prop[PROP_COMPATIBLE];
	u32 gic = fdt_gic_version(compatible);

	if (gic && !s->m->gic_version)
		return fdt_scan_gic(s, gic);
	if (fdt_lists(compatible, "arm,psci-0.2") ||
	    fdt_lists(compatible, "arm,psci-1.0") ||
	    fdt_lists(compatible, "arm,psci"))
		return fdt_scan_psci(s);
	if (fdt_lists(compatible, "arm,pl011"))
		return fdt_scan_uart(s);
	if (fdt_lists(compatible, "arm,pl031"))
		return fdt_scan_rtc(s);
	if (fdt_lists(compatible, "arm,armv8-timer")) {
		s->timer = s->prop[PROP_INTERRUPTS];
		s->m->timer_hz = (u32)fdt_number(&s->prop[PROP_CLOCK], 0);
	}
	return 0;
}

/* Interrupt i of a list: type, number, flags, and cells that nobody reads. */
static struct platform_irq __init fdt_irq(const struct fdt_scan *s,
				     const struct fdt_value *list, u32 i)
{
	u32 entry = 4 * s->interrupt_cells, type, number;
	const u8 *cell;

	if (!list->bytes || i >= list->len / entry)
		return (struct platform_irq){ 0 };
	cell = list->bytes + i * entry;
	type = (u32)fdt_cells(cell, 1);
	number = (u32)fdt_cells(cell + 4, 1);
	if (type == CELL_PPI && number < GIC_FIRST_SPI - GIC_FIRST_PPI)
		number += GIC_FIRST_PPI;
	else if (type == CELL_SPI && number < GIC_FIRST_SPECIAL - GIC_FIRST_SPI)
		number += GIC_FIRST_SPI;
	else
		return (struct platform_irq){ 0 };
	return (struct platform_irq){ number,
				      (u32)fdt_cells(cell + 8, 1) & 15 };
}

/**
 * fdt_scan_irqs() - the lines of timer and UART, after all nodes
 *
 * The GIC, which says how long an interrupt is, may come behind them.
 * Context: boot. Return: 0 or -EINVAL.
 */
int __init fdt_scan_irqs(struct fdt_scan *s)
{
	u32 i;

	if (!s->m->gic_version)
		return 0;
	if (s->interrupt_cells < 3 || s->interrupt_cells > 4)
		return fdt_fail(s, "fdt: GIC with odd interrupt cells");
	for (i = 0; i < TIMER_IRQS; i++)
		s->m->timer[i] = fdt_irq(s, &s->timer, i);
	s->m->uart_irq = fdt_irq(s, &s->uart, 0);
	return 0;
}
