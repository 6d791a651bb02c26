/* SPDX-License-Identifier: MIT */
/*
 * Bringing up the other CPUs.
 *
 *   percpu_keep ── at the very start: what a fresh copy of the per-CPU
 *                  variables looks like
 *   cpus_start ── for each CPU that the firmware names:
 *                   its copy ─ its queue and idle thread ─ smp_start_cpu
 *                                                             │
 *                 waits, with an end, for cpus_online ◄── smp_begin
 *
 * A CPU that does not come is reported and left alone; the others do its work.
 * Boot option maxcpus=N starts fewer.
 */
#include "arch/cpu.h"
#include "arch/image.h"
#include "arch/irq.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "arch/trap.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/sched.h"
#include "kernel/base/smp.h"
#include "kernel/base/time.h"
#include "kernel/base/watchdog.h"
#include "kernel/main.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/page_alloc.h"

#define PERCPU_MAX KIB(64)
#define PATIENCE   1000000000ull        /* ns for a CPU to come */

static u8 percpu_fresh[PERCPU_MAX] __section(".init.bss");

static size_t percpu_size(void)
{
	return (size_t)(__stop_percpu - __start_percpu);
}

/** percpu_keep() - remember the variables as the linker made them. Boot, first. */
void __init percpu_keep(void)
{
	assertf(percpu_size() <= PERCPU_MAX, "size=%zu", percpu_size());
	memcpy(percpu_fresh, __start_percpu, percpu_size());
}

/* A copy for cpu, so that cpu_ptr() works. 0 or -ENOMEM. */
static int __init percpu_make(unsigned int cpu)
{
	unsigned int order = order_of(percpu_size());
	struct page *page = page_alloc(GFP_KERNEL, order);

	if (!page)
		return -ENOMEM;
	memcpy(page_to_virt(page), percpu_fresh, percpu_size());
	percpu_offsets[cpu] = (uintptr_t)page_to_virt(page) -
			      (uintptr_t)__start_percpu;
	*cpu_ptr(cpu_number, cpu) = cpu;
	return 0;
}

static bool __init cpu_wait_online(unsigned int cpu)
{
	u64 end = timer_now() + PATIENCE;

	while (!(__atomic_load_n(&cpus_online, __ATOMIC_ACQUIRE) >> cpu & 1)) {
		if (timer_now() > end)
			return false;
		cpu_relax();
	}
	return true;
}

/* 0, or why cpu is not there. */
static int __init cpu_start(unsigned int cpu)
{
	struct smp_start start = { .cpu = cpu };
	struct thread *idle;
	int err = percpu_make(cpu);

	if (!err)
		err = sched_init_cpu(cpu, &idle);
	if (err)
		return err;
	start.percpu_offset = percpu_offsets[cpu];
	start.stack_top = ALIGN_DOWN((vaddr_t)idle, 16);
	err = smp_start_cpu(&start);
	if (err)
		return err;
	return cpu_wait_online(cpu) ? 0 : -ETIMEDOUT;
}

/**
 * cpus_start() - start all CPUs that the firmware names
 *
 * Context: thread, boot, interrupts on; before init memory is given back.
 * Return: whether that may happen: not if a CPU could still come, late, and
 * run through it.
 */
bool __init cpus_start(void)
{
	bool all_came = true;
	unsigned int max = (unsigned int)cmdline_u64("maxcpus", MAX_CPUS);
	unsigned int all = smp_firmware_cpus(), cpu;

	for (cpu = 1; cpu < MIN(all, max); cpu++) {
		int err = cpu_start(cpu);

		all_came &= err != -ETIMEDOUT;
		if (err == -ETIMEDOUT)
			pr_err("cpu: CPU %u was started and does not come; "
			       "init memory is kept for it\n",
			       cpu);
		else if (err)
			pr_err("cpu: cannot start CPU %u (error %d)\n", cpu,
			       -err);
	}
	return all_came;
}

/* Upcall of arch/smp.h: this CPU's first C code, as its idle thread. */
void __noreturn smp_begin(void)
{
	cpu_init();
	trap_init();
	mmu_init_cpu();
	irq_init_cpu();
	timer_init_cpu();
	time_init();
	watchdog_start();
	__atomic_fetch_or(&cpus_online, (u64)1 << this_cpu_read(cpu_number),
			  __ATOMIC_SEQ_CST);
	mmu_flush_kernel(VMALLOC_BASE, VMALLOC_END); /* missed until now */
	sched_idle_loop();
}
