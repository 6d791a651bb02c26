/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs on x86_64: who they are, starting one, interrupting others.
 *
 *   smp_start_cpu      local APIC       the new CPU
 *   smp_starting = start
 *   INIT          ──────────────────►   stops, waits for a start-up message
 *   start-up      ──────────────────►   boot/x86_64/trampoline.S
 *   waits for smp_starting == NULL ◄─   has all it needs; smp_begin()
 *
 * CPUs have three names: the kernel's number, the id of their local APIC (what
 * commands are sent to), and the firmware's, which nobody needs.
 *
 *   IPI_CALL, IPI_WAKE   vectors of their own
 *   IPI_STOP             NMI: also where interrupts are off. Whoever gets one
 *                        and is in smp_stopping has been told to stop; any
 *                        other NMI is the machine's, and a report (trap.c)
 *
 * A CPU that does not come in time is sent back by INIT, so that it cannot come
 * later and take the next one's stack.
 *
 * [SDM3] 9.4.4 "MP Initialization Example", 11.6 "Issuing Interprocessor
 * Interrupts"
 */
#include "arch/smp.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/timer.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/tables.h"
#include "boot/acpi.h"
#include "kernel/base/percpu.h"
#include "kernel/base/printk.h"
#include "lib/errno.h"
#include "lib/string.h"

/* The manual's 10 ms after INIT are for CPUs older than 64-bit mode. */
#define INIT_NS     100000ull
#define START_NS    200000ull           /* until a second message is due */
#define PATIENCE_NS 1000000000ull       /* until the CPU is given up */

static_assert(__builtin_offsetof(struct smp_start, percpu_offset) ==
			      SMP_START_PERCPU &&
		      __builtin_offsetof(struct smp_start, stack_top) ==
			      SMP_START_STACK,
	      "trampoline.S");
static_assert(ACPI_MAX_CPUS <= MAX_CPUS, "smp_apic_ids");

u64 smp_low_page;                       /* physical; 0: none */

/* For trampoline.S: what the CPU under way needs; NULL: taken. */
extern const struct smp_start *smp_starting;
const struct smp_start *smp_starting;
extern u64 smp_root;
u64 smp_root;                           /* the kernel's top table */
extern const u8 smp_stub[], smp_stub_end[];

static u32 smp_apic_ids[MAX_CPUS];      /* by CPU number */
static u32 smp_nr_cpus;
static u64 smp_stopping;                /* CPUs told to stop [atomic] */

static void __init smp_add_cpu(u32 id)
{
	u32 i;

	for (i = 0; i < smp_nr_cpus; i++)
		if (smp_apic_ids[i] == id)
			return;
	if (smp_nr_cpus < MAX_CPUS)
		smp_apic_ids[smp_nr_cpus++] = id;
}

unsigned int __init smp_firmware_cpus(void)
{
	u32 i;

	smp_nr_cpus = 0;
	smp_add_cpu(apic_id());
	for (i = 0; i < acpi_info.nr_cpus && smp_low_page; i++)
		if (apic_can_name(acpi_info.cpu[i]))
			smp_add_cpu(acpi_info.cpu[i]);
	if (acpi_info.nr_cpus > 1 && !smp_low_page)
		pr_warn("smp: no page below 1 MiB is free to start CPUs in\n");
	return smp_nr_cpus;
}

/* Waits ns, or until the CPU under way has taken what it needs. */
static bool __init smp_wait_taken(u64 ns)
{
	u64 end = timer_now() + ns;

	while (__atomic_load_n(&smp_starting, __ATOMIC_ACQUIRE)) {
		if (timer_now() > end)
			return false;
		cpu_relax();
	}
	return true;
}

int __init smp_start_cpu(const struct smp_start *start)
{
	u32 id = smp_apic_ids[start->cpu];
	int err = cpu_prepare(start->cpu);

	if (err)
		return err;
	memcpy(phys_to_virt(pa_make(smp_low_page)), smp_stub,
	       (size_t)(smp_stub_end - smp_stub));
	smp_root = mmu_kernel_space.root.v;
	__atomic_store_n(&smp_starting, start, __ATOMIC_RELEASE);

	apic_send(id, APIC_SEND_INIT);
	(void)smp_wait_taken(INIT_NS);
	apic_send(id, APIC_SEND_START(smp_low_page));
	if (smp_wait_taken(START_NS))
		return 0;
	apic_send(id, APIC_SEND_START(smp_low_page));
	if (smp_wait_taken(PATIENCE_NS))
		return 0;
	apic_send(id, APIC_SEND_INIT);
	smp_starting = NULL;
	return -EIO;
}

void smp_send(u64 cpus, enum ipi why)
{
	static const u32 command[IPI_KINDS] = {
		[IPI_WAKE] = APIC_SEND_VECTOR(VECTOR_WAKE),
		[IPI_CALL] = APIC_SEND_VECTOR(VECTOR_CALL),
		[IPI_STOP] = APIC_SEND_NMI,
	};

	if (why == IPI_STOP)
		__atomic_fetch_or(&smp_stopping, cpus, __ATOMIC_SEQ_CST);
	for (; cpus; cpus &= cpus - 1)
		apic_send(smp_apic_ids[__builtin_ctzll(cpus)], command[why]);
}

/** smp_told_to_stop() - whether an IPI_STOP was sent to this CPU. Context: any. */
bool smp_told_to_stop(void)
{
	return __atomic_load_n(&smp_stopping, __ATOMIC_SEQ_CST) >>
		       this_cpu_read(cpu_number) &
	       1;
}
