/* SPDX-License-Identifier: MIT */
/*
 * One CPU's control registers and identity.
 *
 * [ARM] C5.3 "DC ZVA", D17.2 "General system control registers": DCZID_EL0,
 * MIDR_EL1, MPIDR_EL1
 */
#include "arch/cpu.h"

#include "arch/aarch64/machine.h"
#include "arch/aarch64/regs.h"
#include "arch/aarch64/state.h"
#include "kernel/base/percpu.h"
#include "lib/format.h"

#define DCZID_DZP BIT64(4)              /* DC ZVA is prohibited */

uintptr_t percpu_offsets[MAX_CPUS];
u32 cpu_zva_size;

/* Words of 4 bytes, as a power of two; page_zero() clears four at a time. */
static u32 cpu_read_zva_size(void)
{
	u64 id = read_sysreg(dczid_el0);
	u32 size = 4u << (id & 0xf);

	return id & DCZID_DZP || size > PAGE_SIZE / 4 ? 0 : size;
}

/*
 * What user code may do besides: read the virtual counter. Blocks of another
 * size on a further CPU: the smallest one is right for all, 0 (none) as well.
 */
void cpu_init(void)
{
	u32 zva = cpu_read_zva_size();

	if (this_cpu_read(cpu_number) == 0 || zva < cpu_zva_size)
		cpu_zva_size = zva;
	write_sysreg(cntkctl_el1, CNTKCTL_EL1_EL0VCTEN);
	write_sysreg(mdscr_el1, 0);     /* no debug exceptions */
	write_sysreg(tpidrro_el0, 0);
	fpu_init_cpu();
}

/* By MIDR_EL1: implementer in bits 31..24, part in 15..4. */
static const struct {
	u8 implementer;
	u16 part;
	const char *name;
} cpu_names[] = {
	{ 0x41, 0xd03, "Cortex-A53" },  { 0x41, 0xd05, "Cortex-A55" },
	{ 0x41, 0xd07, "Cortex-A57" },  { 0x41, 0xd08, "Cortex-A72" },
	{ 0x41, 0xd0b, "Cortex-A76" },  { 0x41, 0xd0c, "Neoverse N1" },
	{ 0x41, 0xd40, "Neoverse V1" }, { 0x41, 0xd49, "Neoverse N2" },
	{ 0x00, 0x051, "QEMU max" },
};

void cpu_describe(char *buf, size_t size)
{
	u64 midr = read_sysreg(midr_el1);
	const char *name = "Armv8-A";
	size_t i;

	for (i = 0; i < array_size(cpu_names); i++)
		if (cpu_names[i].implementer == (u8)(midr >> 24) &&
		    cpu_names[i].part == (midr >> 4 & 0xfff))
			name = cpu_names[i].name;
	fmt_snprintf(buf, size, "%s (aarch64, MIDR %#llx)", name,
		     (unsigned long long)midr);
}
