/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: see apic.h.
 *
 *	interrupt ─► vector ─► irq_dispatch ─► apic_write(APIC_EOI)
 *	apic_send ─► another CPU's local APIC: vector, NMI, INIT, start-up
 *
 * All local APICs are used the same way, by the first CPU's choice: by MSR
 * where there is x2APIC, by memory otherwise. Each CPU sees its own at the
 * same address.
 *
 * [SDM3] 11.4 "Local APIC", 11.6 "Issuing Interprocessor Interrupts", 11.12
 * "Extended XAPIC (x2APIC)"
 */
#include "arch/x86_64/apic.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/x86_64/regs.h"
#include "boot/acpi.h"

#define APIC_DEFAULT_ADDRESS 0xfee00000
#define APIC_PATIENCE        100000     /* looks at a command under way */

#define APIC_BASE_ON     (1 << 11)
#define APIC_BASE_X2APIC (1 << 10)
#define CPUID_1C_X2APIC  (1 << 21)

static volatile u32 __iomem *apic_registers;    /* NULL: x2APIC */

/** apic_read() - a register of this CPU's local APIC. Context: any, after irq_init(). */
u32 apic_read(u32 reg)
{
	if (!apic_registers)
		return (u32)rdmsr(MSR_X2APIC + reg / 16);
	return *(__force volatile u32 *)(apic_registers + reg / 4);
}

/** apic_write() - likewise. */
void apic_write(u32 reg, u32 v)
{
	if (!apic_registers)
		wrmsr(MSR_X2APIC + reg / 16, v);
	else
		*(__force volatile u32 *)(apic_registers + reg / 4) = v;
}

/** apic_init_cpu() - switch this CPU's on, all its own sources masked. Boot of it. */
void __init apic_init_cpu(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ON;

	if (!apic_registers)
		base |= APIC_BASE_X2APIC;
	wrmsr(MSR_APIC_BASE, base);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT1, APIC_LVT_MASKED);
	apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SPURIOUS, APIC_SPURIOUS_ON | VECTOR_SPURIOUS);
}

/** apic_init() - choose how to reach it; the first CPU's, with the NMI button. Boot. */
void __init apic_init(void)
{
	u64 pa = acpi_info.local_apic ? acpi_info.local_apic
				      : APIC_DEFAULT_ADDRESS;

	if (!(cpuid(1, 0).c & CPUID_1C_X2APIC))
		apic_registers = irq_map_registers(pa, "local APIC");
	apic_init_cpu();
	apic_write(APIC_LVT_LINT1, APIC_LVT_NMI);
}

/** apic_id() - this CPU's number among the local APICs. Context: as apic_read(). */
u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return apic_registers ? id >> 24 : id;
}

/** apic_can_name() - whether apic_send() reaches a CPU of this id. */
bool apic_can_name(u32 id)
{
	return id <= APIC_ID_MAX || (!apic_registers && id != ~0u);
}

/** apic_kind() - for the boot log. */
const char *apic_kind(void)
{
	return apic_registers ? "" : " (x2APIC)";
}

/*
 * Two writes that belong together, and only when the last command is out. A
 * store to an uncached register waits for the stores before it.
 */
static void apic_send_by_memory(u32 id, u32 command)
{
	u64 flags = irq_save();
	u32 looks = APIC_PATIENCE;

	while (apic_read(APIC_COMMAND) & APIC_UNDER_WAY && looks--)
		cpu_relax();
	apic_write(APIC_COMMAND_TO, id << 24);
	apic_write(APIC_COMMAND, command);
	irq_restore(flags);
}

/**
 * apic_send() - APIC_SEND_* to the CPU whose local APIC has this id
 *
 * What was stored before is visible to that CPU: writing an x2APIC register
 * waits for no store by itself, so a fence makes it wait.
 * Context: any. Ref: [SDM3] 11.12.3 "MSR Access in x2APIC Mode"
 */
void apic_send(u32 id, u32 command)
{
	if (apic_registers) {
		apic_send_by_memory(id, command);
		return;
	}
	__asm__ volatile("mfence; lfence" : : : "memory");
	wrmsr(MSR_X2APIC + APIC_COMMAND / 16, (u64)id << 32 | command);
}
