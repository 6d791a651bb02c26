/* SPDX-License-Identifier: MIT */
/*
 * struct platform's lists, which never overflow: what does not fit is counted.
 */
#include "boot/platform.h"

struct platform platform;

/** platform_add_cpu() - one more CPU, if there is room. Context: boot. */
void __init platform_add_cpu(struct platform *p, struct platform_cpu cpu)
{
	if (p->nr_cpus < PLATFORM_MAX_CPUS)
		p->cpu[p->nr_cpus++] = cpu;
	else
		p->nr_left_out++;
}

/** platform_add_memory() - one more bank, if there is room. Context: boot. */
void __init platform_add_memory(struct platform *p,
				struct platform_memory memory)
{
	if (p->nr_memory < PLATFORM_MAX_MEMORY)
		p->memory[p->nr_memory++] = memory;
	else
		p->nr_left_out++;
}

/** platform_add_reserved() - one more hole, if there is room. Context: boot. */
void __init platform_add_reserved(struct platform *p,
				  struct platform_reserved r)
{
	if (p->nr_reserved < PLATFORM_MAX_RESERVED)
		p->reserved[p->nr_reserved++] = r;
	else
		p->nr_left_out++;
}

static bool platform_irq_ok(struct platform_irq irq, u32 first, u32 end)
{
	return irq.line == 0 || (irq.line >= first && irq.line < end);
}

static bool platform_extent_ok(struct platform_extent e)
{
	return e.start < e.end || (e.start == 0 && e.end == 0);
}

static const char *platform_check_gic(const struct platform *p)
{
	u32 i;

	if (p->gic_version != 0 && p->gic_version != 2 && p->gic_version != 3)
		return "GIC of a version that nobody knows";
	if (p->gic_version && !p->gic_dist.end)
		return "GIC without distributor";
	if (p->gic_version == 2 && !p->gic_cpu.end)
		return "GICv2 without CPU interface";
	if (p->gic_version == 3 && !p->nr_redists)
		return "GICv3 without redistributors";
	if (!platform_extent_ok(p->gic_dist) || !platform_extent_ok(p->gic_cpu))
		return "GIC registers that end before they start";
	for (i = 0; i < p->nr_redists; i++)
		if (p->gic_redist[i].start >= p->gic_redist[i].end)
			return "empty redistributor region";
	return NULL;
}

/**
 * platform_check() - NULL, or what in p no driver could work with
 *
 * Counts, extents and lines; a missing GIC is allowed. Context: any.
 */
const char *platform_check(const struct platform *p)
{
	u32 i;

	if (p->nr_cpus > PLATFORM_MAX_CPUS ||
	    p->nr_memory > PLATFORM_MAX_MEMORY ||
	    p->nr_reserved > PLATFORM_MAX_RESERVED ||
	    p->nr_redists > PLATFORM_MAX_REDISTS)
		return "more than fits";
	for (i = 0; i < p->nr_cpus; i++)
		if (p->cpu[i].mpidr & ~MPIDR_AFFINITY)
			return "more than affinity in a CPU's number";
	for (i = 0; i < TIMER_IRQS; i++)
		if (!platform_irq_ok(p->timer[i], GIC_FIRST_PPI,
				     GIC_FIRST_SPECIAL))
			return "timer on a line that does not exist";
	if (!platform_irq_ok(p->uart_irq, GIC_FIRST_PPI, GIC_FIRST_SPECIAL))
		return "UART on a line that does not exist";
	if (!platform_extent_ok(p->uart))
		return "UART registers that end before they start";
	return platform_check_gic(p);
}
