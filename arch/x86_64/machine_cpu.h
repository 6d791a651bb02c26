/* SPDX-License-Identifier: MIT */
/*
 * x86_64: the inlines of arch/cpu.h.
 *
 * Per-CPU variables are reached through %gs. The first CPU's copy is the
 * linker's section itself, so its GS base is 0 and %gs:name is name; another
 * CPU's GS base is the distance from the section to its copy. One instruction
 * either way, and an interrupt or a migration cannot come between.
 */
#ifndef ARCH_X86_64_MACHINE_CPU_H
#define ARCH_X86_64_MACHINE_CPU_H

#include "lib/types.h"

#define RFLAGS_INTERRUPTS ((u64)1 << 9)

static inline void irq_enable(void) { __asm__ volatile("sti" : : : "memory"); }

static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline u64 cpu_flags(void)
{
	u64 flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags;
}

static inline u64 irq_save(void)
{
	u64 flags = cpu_flags();

	irq_disable();
	return flags;
}

static inline void irq_restore(u64 state)
{
	if (state & RFLAGS_INTERRUPTS)
		irq_enable();
}

static inline bool irq_enabled(void) { return cpu_flags() & RFLAGS_INTERRUPTS; }

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* STI takes effect after the next instruction: no interrupt gets between. */
static inline void cpu_wait(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static __force_inline uintptr_t cpu_frame_pointer(void)
{
	return (uintptr_t)__builtin_frame_address(0);
}

static inline u64 cpu_timestamp(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

/* Stops in the debugger if there is one; otherwise counted, and goes on. */
static inline void cpu_breakpoint(void)
{
	__asm__ volatile("int3" : : : "memory");
}

/* ---- per-CPU variables --------------------------------------------------- */

#define DEFINE_PERCPU(type, name)  __section("percpu") type name
#define DECLARE_PERCPU(type, name) extern type name

/* Distance from the section to the copy of this CPU, and of each CPU. */
DECLARE_PERCPU(uintptr_t, percpu_offset);
extern uintptr_t percpu_offsets[];

#define this_cpu_ptr(name)                                                   \
	({                                                                   \
		uintptr_t offset__;                                          \
		__asm__("movq %%gs:%1, %0"                                   \
			: "=r"(offset__)                                     \
			: "m"(percpu_offset));                               \
		(__typeof__(&(name)))(offset__ + (uintptr_t) & (name));      \
	})

#define cpu_ptr(name, cpu)                                                   \
	((__typeof__(&(name)))(percpu_offsets[cpu] + (uintptr_t) & (name)))

#define this_cpu_read(name)                                                  \
	({                                                                   \
		__typeof__(name) value__;                                    \
		__asm__ volatile("mov %%gs:%1, %0"                           \
				 : "=q"(value__)                             \
				 : "m"(name));                               \
		value__;                                                     \
	})

/* One instruction `op` with a value of the variable's size. */
#define percpu_modify(op, constraint, name, v)                               \
	do {                                                                 \
		u64 new__ = (u64)(uintptr_t)(v);                             \
		static_assert(sizeof(name) <= 8, "scalars only");            \
		switch (sizeof(name)) {                                      \
		case 1:                                                      \
			__asm__ volatile(op "b %1, %%gs:%0"                  \
					 : constraint(name)                  \
					 : "qi"((u8)new__));                 \
			break;                                               \
		case 2:                                                      \
			__asm__ volatile(op "w %1, %%gs:%0"                  \
					 : constraint(name)                  \
					 : "ri"((u16)new__));                \
			break;                                               \
		case 4:                                                      \
			__asm__ volatile(op "l %1, %%gs:%0"                  \
					 : constraint(name)                  \
					 : "ri"((u32)new__));                \
			break;                                               \
		default:                                                     \
			__asm__ volatile(op "q %1, %%gs:%0"                  \
					 : constraint(name)                  \
					 : "re"(new__));                     \
		}                                                            \
	} while (0)

#define this_cpu_write(name, v) percpu_modify("mov", "=m", name, v)
#define this_cpu_add(name, v)   percpu_modify("add", "+m", name, v)
#define this_cpu_nest(name, v)                                               \
	({                                                                   \
		this_cpu_add(name, v);                                       \
		this_cpu_read(name);                                         \
	})

/* ---- whole pages ---------------------------------------------------------- */

/*
 * REP STOSQ and MOVSQ: every CPU with fast strings moves whole cache lines
 * here; no vector registers to save.  [SDM1] 7.3.9.3 "Fast-String Operation"
 */
static inline void page_zero(void *page)
{
	u64 count = PAGE_SIZE / 8;

	__asm__ volatile("rep stosq"
			 : "+D"(page), "+c"(count)
			 : "a"(0ull)
			 : "memory");
}

static inline void page_copy(void *dst, const void *src)
{
	u64 count = PAGE_SIZE / 8;

	__asm__ volatile("rep movsq"
			 : "+D"(dst), "+S"(src), "+c"(count)
			 :
			 : "memory");
}

#endif
