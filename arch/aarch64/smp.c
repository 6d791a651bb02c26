/* SPDX-License-Identifier: MIT */
/*
 * Starting further CPUs by PSCI.
 *
 *   smp_start_cpu ─► smp_entries[n] ─ dcache_clean ─► memory
 *        │                                              │ caches off
 *        └─ CPU_ON(mpidr, entry point, context) ─► start_secondary (start.S)
 *                                                       │ kernel's tables
 *                                                       └─► smp_begin()
 *
 * The kernel's CPU numbers: 0 is the CPU that booted, which firmware may list
 * anywhere; the others follow in the firmware's order, if PSCI starts them. No
 * other way is known here: CPUs that wait in a spin table stay there.
 *
 * Each CPU has an entry of its own: one that comes late, when the kernel has
 * given it up, must not find the stack of another.
 *
 * [PSCI] 5.6 "CPU_ON", 6.4 "CPU_ON and CPU_OFF"; [ARM] D7.5 "Cache maintenance"
 */
#include "arch/smp.h"

#include "arch/aarch64/machine.h"
#include "arch/aarch64/psci.h"
#include "arch/aarch64/regs.h"
#include "arch/cpu.h"
#include "arch/image.h"
#include "boot/platform.h"
#include "lib/errno.h"

#define GICV2_MAX_CPUS 8                /* bits of its target masks */

/* What start_secondary reads. */
struct smp_entry {
	u64 root;                       /* for TTBR1: the kernel's tables */
	u64 percpu_offset;
	u64 stack_top;
} __aligned(64);
static_assert(__builtin_offsetof(struct smp_entry, root) == SMP_ENTRY_ROOT &&
		      __builtin_offsetof(struct smp_entry, percpu_offset) ==
			      SMP_ENTRY_PERCPU &&
		      __builtin_offsetof(struct smp_entry, stack_top) ==
			      SMP_ENTRY_PERCPU + 8,
	      "start.S");

static struct smp_entry smp_entries[MAX_CPUS];
u64 smp_mpidr[MAX_CPUS];

unsigned int __init smp_firmware_cpus(void)
{
	u64 me = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
	u32 most = platform.gic_version == 2 ? GICV2_MAX_CPUS : MAX_CPUS;
	u32 i, nr = 0;

	smp_mpidr[nr++] = me;
	if (platform.psci == PSCI_NONE)
		return nr;
	for (i = 0; i < platform.nr_cpus && nr < most; i++) {
		const struct platform_cpu *cpu = &platform.cpu[i];

		if (cpu->mpidr != me && cpu->enable == CPU_ENABLE_PSCI)
			smp_mpidr[nr++] = cpu->mpidr;
	}
	return nr;
}

int __init smp_start_cpu(const struct smp_start *start)
{
	struct smp_entry *entry = &smp_entries[start->cpu];
	paddr_t code = pa_add(image_virt_to_phys(_image_start),
			      (u64)start_secondary - KERNEL_LOAD);
	s64 err;

	*entry = (struct smp_entry){
		.root = mmu_kernel_space.root.v,
		.percpu_offset = start->percpu_offset,
		.stack_top = start->stack_top,
	};
	dcache_clean(entry, sizeof(*entry));
	err = psci_call(platform.psci_cpu_on, smp_mpidr[start->cpu], code.v,
			image_virt_to_phys(entry).v);
	if (err == PSCI_OK)
		return 0;
	return err == PSCI_NOT_SUPPORTED || err == PSCI_NOT_PRESENT ||
			       err == PSCI_DISABLED
		       ? -ENODEV
		       : -EIO;
}
