/* SPDX-License-Identifier: MIT */
/*
 * The simulated CPUs: one record and one copy of the per-CPU section each.
 *
 * A host thread plays one CPU at a time (host_cpu, smp.c). The first CPU's copy
 * is the section itself; the others get a copy of it before anything has run.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/cpu.h"
#include "arch/image.h"
#include "arch/host/machine.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "lib/format.h"

struct host_cpu host_cpus[HOST_MAX_CPUS] = { [0] = { .deadline = ~(u64)0 } };
__thread struct host_cpu *host_cpu = &host_cpus[0];
u64 host_clock;

/* arch/image.h: an ordinary program here; every section is empty. */
#define EMPTY_SECTION(name)                                \
	__asm__(".globl _" #name "_start, _" #name "_end\n" \
		".set _" #name "_start, host_no_image\n"    \
		".set _" #name "_end, host_no_image\n");
#define X(name, prot) EMPTY_SECTION(name)
__asm__(".pushsection .data\n.balign 4096\nhost_no_image:\n.popsection\n");
IMAGE_SECTIONS(X)
EMPTY_SECTION(image)
EMPTY_SECTION(init)
EMPTY_SECTION(bss)
#undef X
char boot_stack[KERNEL_STACK_SIZE];

/* Kernel memory is no malloc memory: leaks are the census's business. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

void host_cpus_init(void)
{
	size_t size = (size_t)(__stop_percpu - __start_percpu);

	for (u32 i = 0; i < HOST_MAX_CPUS; i++) {
		struct host_cpu *c = &host_cpus[i];
		char *copy = __start_percpu;

		if (i > 0) {
			copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (copy == MAP_FAILED)
				abort();
			memcpy(copy, __start_percpu, size);
		}
		c->percpu_offset = (ptrdiff_t)((uintptr_t)copy -
					       (uintptr_t)__start_percpu);
		c->number = i;
		c->deadline = ~(u64)0;
		*cpu_ptr(cpu_number, i) = i;
	}
	if (!host_cpu_is_mine() && !host_cpu_claim(host_cpu))
		abort();
}

/* Context: the calling thread plays a CPU. */
static void host_migrate(struct host_cpu *to)
{
	struct host_cpu *from = host_cpu;
	struct thread *t = this_cpu_read(current_thread_ptr);
	u32 preempt = this_cpu_read(preempt_count);

	to->irq_on = from->irq_on;
	host_cpu = to;
	this_cpu_write(current_thread_ptr, t);
	this_cpu_write(preempt_count, preempt);
	host_cpu_release(from);
}

void host_set_cpu(unsigned int n)
{
	struct host_cpu *to = &host_cpus[n];

	assert(n < HOST_MAX_CPUS);
	if (!(__atomic_load_n(&cpus_online, __ATOMIC_RELAXED) >> n & 1))
		__atomic_fetch_or(&cpus_online, (u64)1 << n, __ATOMIC_RELAXED);
	if (host_cpu_is_mine() && host_cpu == to)
		return;
	assertf(host_cpu_claim(to), "CPU %u is played by another thread", n);
	if (host_cpu_is_mine())
		host_migrate(to);
	else
		host_cpu = to;
}

void host_leave_cpu(void)
{
	assert(host_cpu_is_mine());
	host_cpu_release(host_cpu);
}

void cpu_init(void) {}

void cpu_describe(char *buf, size_t size)
{
	fmt_snprintf(buf, size, "simulated, up to %u CPUs", HOST_MAX_CPUS);
}

void machine_exit(int status)
{
	exit(status);
}

void machine_restart(void)
{
	exit(0);
}
