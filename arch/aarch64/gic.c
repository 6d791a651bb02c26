/* SPDX-License-Identifier: MIT */
/*
 * GICv2 and GICv3.
 *
 *              ┌─────────────┐  version 2           ┌───────────────────┐
 *   SPI ──────►│ distributor ├─────────────────────►│ CPU interface     │─► IRQ
 *   PPI, v2 ──►│             │  version 3           │ v2: registers     │
 *              └─────────────┴─┬───────────────────►│ v3: ICC_*_EL1     │
 *   PPI, v3 ─► redistributor ──┘                    └───────────────────┘
 *
 * The distributor's registers for shared lines are the same in both. What
 * belongs to one CPU (its PPIs and SGIs) is in the distributor's first words in
 * version 2, banked by CPU, and in the CPU's own redistributor in version 3;
 * version 3 names target CPUs by affinity instead of by mask, and speaks to the
 * CPU by system registers.
 *
 * An SGI that is sent while it is pending already arrives once; one that is
 * sent while its handler runs arrives again afterwards. So whoever stores first
 * and sends then is always seen.
 *
 * All interrupts have one priority: the kernel does not nest them. In version 3
 * they are put into group 1 of the non-secure world. In version 2 the firmware
 * has done so, or there is no secure world, and all are group 0: the enable
 * bits that we see mean the right group either way.
 *
 * [GIC] IHI 0069: 2.3 "Affinity routing", 4 "Interrupt handling and
 * prioritization", 12 "Programmers' model"
 */
#include "arch/aarch64/gic.h"

#include "arch/aarch64/machine.h"
#include "arch/aarch64/regs.h"
#include "arch/mmu.h"
#include "boot/platform.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"

enum {                                  /* distributor, and a redistributor's */
	GICD_CTLR = 0x0000,             /* second frame where it says so */
	GICD_TYPER = 0x0004,
	GICD_IGROUPR = 0x0080,
	GICD_ISENABLER = 0x0100,
	GICD_ICENABLER = 0x0180,
	GICD_ICPENDR = 0x0280,
	GICD_IPRIORITYR = 0x0400,
	GICD_ITARGETSR = 0x0800,        /* version 2 */
	GICD_ICFGR = 0x0c00,
	GICD_SGIR = 0x0f00,             /* version 2 */
	GICD_IROUTER = 0x6000,          /* version 3 */
	GICD_SIZE = 0x10000,

	CTLR_V2_ENABLE = 1 << 0,
	CTLR_V3_ENABLE = 1 << 1,        /* group 1, non-secure view */
	CTLR_V3_ARE = 1 << 4,           /* affinity routing */
	CTLR_V3_WRITE_PENDING = 1u << 31,

	GICC_CTLR = 0x00,
	GICC_PMR = 0x04,
	GICC_IAR = 0x0c,
	GICC_EOIR = 0x10,
	GICC_SIZE = 0x2000,

	SGIR_TARGETS_SHIFT = 16,

	GICR_TYPER = 0x0008,            /* 64 bits; 63..32: affinity */
	GICR_WAKER = 0x0014,
	GICR_SGI = 0x10000,             /* the frame with the PPIs' registers */
	GICR_STRIDE = 0x20000,          /* with virtual LPIs twice that */
	GICR_TYPER_VLPIS = 1 << 1,
	GICR_TYPER_LAST = 1 << 4,
	WAKER_PROCESSOR_SLEEP = 1 << 1,
	WAKER_CHILDREN_ASLEEP = 1 << 2,

	PRIORITY_ALL = 0xa0,            /* of every line */
	PRIORITY_MASK = 0xf0,           /* what is more urgent gets through */
	ALL_SGIS = 0xffff,
	GIC_PATIENCE = 1000000,
};

static void __iomem *gic_dist, *gic_cpu;
static void __iomem *gic_redists[PLATFORM_MAX_REDISTS]; /* version 3: regions */
static DEFINE_PERCPU(void __iomem *, gic_redist);       /* and this CPU's own */
static DEFINE_PERCPU(u32, gic_target);  /* version 2: bit in target masks */

static inline u32 gic_read(const void __iomem *base, u32 offset)
{
	return *(const volatile u32 *)((__force const u8 *)base + offset);
}

static inline void gic_write(void __iomem *base, u32 offset, u32 v)
{
	*(volatile u32 *)((__force u8 *)base + offset) = v;
}

static void __iomem *gic_map(struct platform_extent e, size_t least,
			     const char *what)
{
	void __iomem *va = ioremap(pa_make(e.start),
				   MAX(e.end - e.start, least));

	if (!e.start || !va)
		panic("gic: cannot map the %s at %#llx", what,
		      (unsigned long long)e.start);
	return va;
}

/* ---- what both versions share ------------------------------------------------ */

static u32 gic_lines(void)
{
	u32 lines = ((gic_read(gic_dist, GICD_TYPER) & 0x1f) + 1) * 32;

	return MIN(lines, (u32)GIC_FIRST_SPECIAL);
}

/* Lines [from, to), multiples of 32, of a frame: masked, not pending, of the one
 * priority, level-triggered. */
static void gic_reset_lines(void __iomem *frame, u32 from, u32 to)
{
	for (u32 n = from; n < to; n += 32) {
		gic_write(frame, GICD_ICENABLER + n / 8, ~0u);
		gic_write(frame, GICD_ICPENDR + n / 8, ~0u);
	}
	for (u32 n = from; n < to; n += 4)
		gic_write(frame, GICD_IPRIORITYR + n,
			  PRIORITY_ALL * 0x01010101u);
	for (u32 n = MAX(from, 16u); n < to; n += 16)
		gic_write(frame, GICD_ICFGR + n / 4, 0);
}

/* What belongs to one CPU: PPIs masked, SGIs let through. */
static void gic_reset_own_lines(void __iomem *frame)
{
	gic_reset_lines(frame, 0, GIC_FIRST_SPI);
	gic_write(frame, GICD_ISENABLER, ALL_SGIS);
}

static void gic_set_group_1(void __iomem *frame, u32 from, u32 to)
{
	for (u32 n = from; n < to; n += 32)
		gic_write(frame, GICD_IGROUPR + n / 8, ~0u);
}

static void gic_unmask_in(void __iomem *frame, u32 line, bool edge)
{
	u32 at = GICD_ICFGR + line / 16 * 4;
	u32 bit = 2u << line % 16 * 2;

	gic_write(frame, at, (gic_read(frame, at) & ~bit) | (edge ? bit : 0));
	gic_write(frame, GICD_ISENABLER + line / 32 * 4, 1u << line % 32);
}

/* ---- version 2 ----------------------------------------------------------------- */

/* The banked bytes of a CPU's own lines hold its bit; a lone CPU reads 0. */
static u32 gicv2_target(void)
{
	u32 me = gic_read(gic_dist, GICD_ITARGETSR) & 0xff;

	return me ? me : 1;
}

static void gicv2_init_cpu(void)
{
	this_cpu_write(gic_target, gicv2_target());
	gic_reset_own_lines(gic_dist);
	gic_write(gic_cpu, GICC_PMR, PRIORITY_MASK);
	gic_write(gic_cpu, GICC_CTLR, CTLR_V2_ENABLE);
}

static void gicv2_init(void)
{
	gic_dist = gic_map(platform.gic_dist, PAGE_SIZE, "distributor");
	gic_cpu = gic_map(platform.gic_cpu, GICC_SIZE, "CPU interface");
	gic_write(gic_dist, GICD_CTLR, 0);
	gic_reset_lines(gic_dist, GIC_FIRST_SPI, gic_lines());
	gic_write(gic_dist, GICD_CTLR, CTLR_V2_ENABLE);
}

/* Of an SGI with its sender, whom the end has to name as well. */
static u32 gicv2_acknowledge(void) { return gic_read(gic_cpu, GICC_IAR); }

static void gicv2_end(u32 taken) { gic_write(gic_cpu, GICC_EOIR, taken); }

static void gicv2_unmask(u32 line, bool edge)
{
	if (line >= GIC_FIRST_SPI) {
		u32 at = GICD_ITARGETSR + ALIGN_DOWN(line, 4);
		u32 shift = line % 4 * 8;

		gic_write(gic_dist, at,
			  (gic_read(gic_dist, at) & ~(0xffu << shift)) |
				  this_cpu_read(gic_target) << shift);
	}
	gic_unmask_in(gic_dist, line, edge);
}

static void gicv2_send(u64 cpus, u32 sgi)
{
	u32 targets = 0;

	for (; cpus; cpus &= cpus - 1)
		targets |= *cpu_ptr(gic_target,
				    (unsigned int)__builtin_ctzll(cpus));
	gic_write(gic_dist, GICD_SGIR, targets << SGIR_TARGETS_SHIFT | sgi);
}

const struct gic_ops gicv2 = {
	.name = "GICv2",
	.init = gicv2_init,
	.init_cpu = gicv2_init_cpu,
	.acknowledge = gicv2_acknowledge,
	.end = gicv2_end,
	.unmask = gicv2_unmask,
	.send = gicv2_send,
	.lines = gic_lines,
};

/* ---- version 3 ----------------------------------------------------------------- */

/* System registers by number: assemblers for v8.0 do not know the names. */
#define ICC_PMR_EL1     s3_0_c4_c6_0
#define ICC_SGI1R_EL1   s3_0_c12_c11_5
#define ICC_IAR1_EL1    s3_0_c12_c12_0
#define ICC_EOIR1_EL1   s3_0_c12_c12_1
#define ICC_BPR1_EL1    s3_0_c12_c12_3
#define ICC_CTLR_EL1    s3_0_c12_c12_4
#define ICC_SRE_EL1     s3_0_c12_c12_5
#define ICC_IGRPEN1_EL1 s3_0_c12_c12_7

#define gic_sysreg_write(reg, v) gic_sysreg_write_named(reg, v)
#define gic_sysreg_write_named(reg, v) write_sysreg(reg, v)
#define gic_sysreg_read(reg) gic_sysreg_read_named(reg)
#define gic_sysreg_read_named(reg) read_sysreg(reg)

static void gicv3_wait_written(void)
{
	u32 looks = GIC_PATIENCE;

	while (gic_read(gic_dist, GICD_CTLR) & CTLR_V3_WRITE_PENDING && looks--)
		;
}

/* MPIDR's affinity fields as GICR_TYPER has them, packed in 32 bits. */
static u32 gicv3_affinity(u64 mpidr)
{
	return (u32)(mpidr >> 8 & 0xff000000) | (u32)(mpidr & 0xffffff);
}

/* Of all redistributors the one that says it is this CPU's; NULL: none. */
static void __iomem *gicv3_find_redist(void)
{
	u32 me = gicv3_affinity(read_sysreg(mpidr_el1));

	for (u32 i = 0; i < platform.nr_redists; i++) {
		struct platform_extent e = platform.gic_redist[i];
		u64 at = 0;

		while (at + GICR_STRIDE <= e.end - e.start) {
			void __iomem *r = (u8 __iomem *)gic_redists[i] + at;
			u32 type = gic_read(r, GICR_TYPER);
			u64 stride = type & GICR_TYPER_VLPIS ? 2 * GICR_STRIDE
							     : GICR_STRIDE;

			if (gic_read(r, GICR_TYPER + 4) == me)
				return r;
			if (type & GICR_TYPER_LAST)
				break;
			at += platform.gic_redist_stride
				      ? platform.gic_redist_stride
				      : stride;
		}
	}
	return NULL;
}

static void gicv3_wake(void __iomem *redist)
{
	u32 looks = GIC_PATIENCE;

	gic_write(redist, GICR_WAKER,
		  gic_read(redist, GICR_WAKER) & ~(u32)WAKER_PROCESSOR_SLEEP);
	while (gic_read(redist, GICR_WAKER) & WAKER_CHILDREN_ASLEEP && looks--)
		;
}

static void gicv3_init_cpu(void)
{
	void __iomem *redist = gicv3_find_redist();

	if (!redist)
		panic("gic: no redistributor for CPU %#llx",
		      (unsigned long long)read_sysreg(mpidr_el1));
	this_cpu_write(gic_redist, redist);
	gicv3_wake(redist);
	gic_reset_own_lines((u8 __iomem *)redist + GICR_SGI);
	gic_set_group_1((u8 __iomem *)redist + GICR_SGI, 0, GIC_FIRST_SPI);
	gic_sysreg_write(ICC_SRE_EL1, 1);
	isb();
	gic_sysreg_write(ICC_PMR_EL1, PRIORITY_MASK);
	gic_sysreg_write(ICC_BPR1_EL1, 0);
	gic_sysreg_write(ICC_CTLR_EL1, 0);      /* EOIR ends all of it */
	gic_sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
}

static void gicv3_init(void)
{
	gic_dist = gic_map(platform.gic_dist, GICD_SIZE, "distributor");
	for (u32 i = 0; i < platform.nr_redists; i++)
		gic_redists[i] = gic_map(platform.gic_redist[i], GICR_STRIDE,
					 "redistributors");
	gic_write(gic_dist, GICD_CTLR, 0);
	gicv3_wait_written();
	gic_reset_lines(gic_dist, GIC_FIRST_SPI, gic_lines());
	gic_set_group_1(gic_dist, GIC_FIRST_SPI, gic_lines());
	gic_write(gic_dist, GICD_CTLR, CTLR_V3_ARE | CTLR_V3_ENABLE);
	gicv3_wait_written();
}

static u32 gicv3_acknowledge(void)
{
	u32 taken = (u32)gic_sysreg_read(ICC_IAR1_EL1);

	dsb(sy);
	return taken;
}

static void gicv3_end(u32 taken)
{
	gic_sysreg_write(ICC_EOIR1_EL1, taken);
	isb();
}

static void gicv3_unmask(u32 line, bool edge)
{
	void __iomem *redist = this_cpu_read(gic_redist);
	u64 me = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;

	if (line < GIC_FIRST_SPI) {
		gic_unmask_in((u8 __iomem *)redist + GICR_SGI, line, edge);
		return;
	}
	gic_write(gic_dist, GICD_IROUTER + 8 * line, (u32)me);
	gic_write(gic_dist, GICD_IROUTER + 8 * line + 4, (u32)(me >> 32));
	gic_unmask_in(gic_dist, line, edge);
}

/* The sixteen CPUs that one write can reach: all of MPIDR but its low 4 bits. */
static u64 gicv3_sgi_targets(u64 mpidr)
{
	return (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
	       (mpidr >> 8 & 0xff) << 16 | (mpidr >> 4 & 0xf) << 44;
}

static void gicv3_send(u64 cpus, u32 sgi)
{
	while (cpus) {
		u64 first = smp_mpidr[__builtin_ctzll(cpus)], rest;
		u64 list = (u64)sgi << 24;

		for (rest = cpus; rest; rest &= rest - 1) {
			u64 mpidr = smp_mpidr[__builtin_ctzll(rest)];

			if (mpidr >> 4 != first >> 4)
				continue;
			list |= (u64)1 << (mpidr & 15);
			cpus &= ~(rest & -rest);
		}
		gic_sysreg_write(ICC_SGI1R_EL1,
				 gicv3_sgi_targets(first) | list);
	}
	isb();
}

const struct gic_ops gicv3 = {
	.name = "GICv3",
	.init = gicv3_init,
	.init_cpu = gicv3_init_cpu,
	.acknowledge = gicv3_acknowledge,
	.end = gicv3_end,
	.unmask = gicv3_unmask,
	.send = gicv3_send,
	.lines = gic_lines,
};
