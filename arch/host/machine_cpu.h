/* SPDX-License-Identifier: MIT */
/*
 * One simulated CPU: a record, and a copy of the per-CPU section.
 *
 * Interrupts do not strike anywhere: they are delivered where the kernel lets
 * them in (irq_enable, irq_restore, cpu_relax, cpu_wait), so every run of a
 * test is the same.
 */
#ifndef ARCH_HOST_MACHINE_CPU_H
#define ARCH_HOST_MACHINE_CPU_H

#include "lib/string.h"
#include "lib/types.h"

#define HOST_MAX_CPUS 8

struct host_cpu {
	ptrdiff_t percpu_offset; /* of its copy of the section "percpu" */
	u32 number;
	bool irq_on;
	bool in_irq;                    /* delivering: no nesting */
	u32 ipis;                       /* bit n: enum ipi n waits [atomic] */
	const void *player;             /* host thread; NULL: none [atomic] */
	u64 deadline;                   /* of the timer, ns; ~0: not armed */
};
extern struct host_cpu host_cpus[HOST_MAX_CPUS];

/* The CPU that this host thread plays. */
extern __thread struct host_cpu *host_cpu;

/* Virtual nanoseconds: they pass when somebody looks. */
extern u64 host_clock;

static inline u64 host_clock_now(void)
{
	return __atomic_load_n(&host_clock, __ATOMIC_RELAXED);
}

/* Delivers what is pending on this CPU; irq.c. */
void host_irq_poll(void);
void host_cpu_sleep(void);

/* Lets the host threads of other CPUs go on, if there are any; smp.c. */
void host_cpu_yield(void);

static inline bool irq_enabled(void)
{
	return host_cpu->irq_on;
}

static inline void irq_disable(void)
{
	host_cpu->irq_on = false;
}

static inline void irq_enable(void)
{
	host_cpu->irq_on = true;
	host_irq_poll();
}

static inline u64 irq_save(void)
{
	u64 state = host_cpu->irq_on;

	host_cpu->irq_on = false;
	return state;
}

static inline void irq_restore(u64 state)
{
	if (state)
		irq_enable();
}

static inline void cpu_relax(void)
{
	if (host_cpu->irq_on)
		host_irq_poll();
	host_cpu_yield();
}

static inline void cpu_wait(void)
{
	host_cpu_sleep();
}

static __force_inline uintptr_t cpu_frame_pointer(void)
{
	return (uintptr_t)__builtin_frame_address(0);
}

static inline u64 cpu_timestamp(void)
{
	return __atomic_add_fetch(&host_clock, 1, __ATOMIC_RELAXED);
}

/* A place for a host debugger's breakpoint; trap.c. */
void cpu_breakpoint(void);

/* ---- per-CPU variables -------------------------------------------------- */

#define DEFINE_PERCPU(type, name)  __section("percpu") __typeof__(type) name
#define DECLARE_PERCPU(type, name) extern __typeof__(type) name

/* The empty asm hides from the sanitizer that the copy is another object. */
#define host_percpu(name, offset)                                            \
	({                                                                   \
		uintptr_t at__ = (uintptr_t)&(name) + (uintptr_t)(offset);   \
		__asm__("" : "+r"(at__));                                    \
		(__typeof__(&(name)))at__;                                   \
	})

#define cpu_ptr(name, cpu) host_percpu(name, host_cpus[cpu].percpu_offset)
#define this_cpu_ptr(name) host_percpu(name, host_cpu->percpu_offset)

#define this_cpu_read(name)     (*this_cpu_ptr(name))
#define this_cpu_write(name, v) ((void)(*this_cpu_ptr(name) = (v)))
#define this_cpu_add(name, v)   ((void)(*this_cpu_ptr(name) += (v)))
#define this_cpu_nest(name, v)  (*this_cpu_ptr(name) += (v))

/* ---- pages -------------------------------------------------------------- */

static inline void page_zero(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

static inline void page_copy(void *dst, const void *src)
{
	memcpy(dst, src, PAGE_SIZE);
}

#endif
