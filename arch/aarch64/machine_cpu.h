/* SPDX-License-Identifier: MIT */
/*
 * AArch64: the inlines of arch/cpu.h.
 *
 * Per-CPU variables are reached through x18, which the compiler leaves alone
 * (-ffixed-x18): in the kernel it always holds the distance from the linker's
 * section to this CPU's copy, 0 for the first CPU. It belongs to the CPU, not
 * to the thread: neither a switch nor the return to interrupted kernel code
 * restores it. So a load or store through [x18, address] is one instruction
 * that uses the CPU it runs on, wherever the thread was preempted before. User
 * code has x18 for itself; TPIDR_EL1 keeps the value meanwhile.
 */
#ifndef ARCH_AARCH64_MACHINE_CPU_H
#define ARCH_AARCH64_MACHINE_CPU_H

#include "lib/types.h"

#define DAIF_IRQ ((u64)1 << 7)

static inline void irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

static inline u64 cpu_daif(void)
{
	u64 daif;

	__asm__ volatile("mrs %0, daif" : "=r"(daif) : : "memory");
	return daif;
}

static inline u64 irq_save(void)
{
	u64 daif = cpu_daif();

	irq_disable();
	return daif;
}

static inline void irq_restore(u64 state)
{
	if (!(state & DAIF_IRQ))
		irq_enable();
}

static inline bool irq_enabled(void) { return !(cpu_daif() & DAIF_IRQ); }

static inline void cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

/* WFI ends when an interrupt waits, masked or not: none is lost in between.
 * [ARM] D1.6 "Mechanisms for entering a low-power state" */
static inline void cpu_wait(void)
{
	irq_disable();
	__asm__ volatile("dsb sy; wfi" : : : "memory");
	irq_enable();
}

static __force_inline uintptr_t cpu_frame_pointer(void)
{
	return (uintptr_t)__builtin_frame_address(0);
}

static inline u64 cpu_timestamp(void)
{
	u64 count;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count));
	return count;
}

/* Stops in the debugger if there is one; otherwise counted, and goes on. */
static inline void cpu_breakpoint(void)
{
	__asm__ volatile("brk #1" : : : "memory");
}

/* ---- per-CPU variables --------------------------------------------------- */

#define DEFINE_PERCPU(type, name)  __section("percpu") type name
#define DECLARE_PERCPU(type, name) extern type name

extern uintptr_t percpu_offsets[];

static inline uintptr_t percpu_offset(void)
{
	uintptr_t offset;

	__asm__ volatile("mov %0, x18" : "=r"(offset));
	return offset;
}

#define this_cpu_ptr(name)                                                   \
	((__typeof__(&(name)))(percpu_offset() + (uintptr_t) & (name)))

#define cpu_ptr(name, cpu)                                                   \
	((__typeof__(&(name)))(percpu_offsets[cpu] + (uintptr_t) & (name)))

/* One instruction `op` that loads raw__ from [x18, name]; w loads clear the
 * upper half, and an int spares the compiler from doing it again. */
#define percpu_load(type, op, width, name)                                   \
	({                                                                   \
		type raw__;                                                  \
		__asm__ volatile(op " %" width "0, [x18, %1]"                \
				 : "=r"(raw__)                               \
				 : "r"(&(name))                              \
				 : "memory");                                \
		raw__;                                                       \
	})

#define this_cpu_read(name)                                                  \
	((__typeof__(name))__builtin_choose_expr(                            \
		sizeof(name) == 8, percpu_load(u64, "ldr", "x", name),       \
		__builtin_choose_expr(                                       \
			sizeof(name) == 4, percpu_load(u32, "ldr", "w", name), \
			__builtin_choose_expr(                               \
				sizeof(name) == 2,                           \
				percpu_load(u32, "ldrh", "w", name),         \
				percpu_load(u32, "ldrb", "w", name)))))

#define percpu_store(op, width, name, v)                                     \
	__asm__ volatile(op " %" width "0, [x18, %1]"                        \
			 :                                                   \
			 : "rZ"(v), "r"(&(name))                             \
			 : "memory")

#define this_cpu_write(name, v)                                              \
	do {                                                                 \
		__typeof__(name) new__ = (__typeof__(name))(v);              \
		static_assert(sizeof(name) <= 8, "scalars only");            \
		switch (sizeof(name)) {                                      \
		case 1:                                                      \
			percpu_store("strb", "w", name, new__);              \
			break;                                               \
		case 2:                                                      \
			percpu_store("strh", "w", name, new__);              \
			break;                                               \
		case 4:                                                      \
			percpu_store("str", "w", name, new__);               \
			break;                                               \
		default:                                                     \
			percpu_store("str", "x", name, new__);               \
		}                                                            \
	} while (0)

/*
 * Not one instruction, so the exclusive monitor guards it: an exception return
 * clears it, and the store fails if this thread was away since the load. It may
 * have moved before the load as well, so the address is checked behind it.
 */
#define percpu_add(width, name, v)                                           \
	do {                                                                 \
		uintptr_t at__, again__;                                     \
		u64 sum__;                                                   \
		u32 failed__;                                                \
		__asm__ volatile("1:	add %0, x18, %4\n"                     \
				 "	ldxr %" width "2, [%0]\n"            \
				 "	add %1, x18, %4\n"                     \
				 "	cmp %0, %1\n"                          \
				 "	b.ne 1b\n"                             \
				 "	add %" width "2, %" width "2, %" width \
				 "5\n"                                       \
				 "	stxr %w3, %" width "2, [%0]\n"       \
				 "	cbnz %w3, 1b"                          \
				 : "=&r"(at__), "=&r"(again__),              \
				   "=&r"(sum__), "=&r"(failed__)             \
				 : "r"(&(name)), "r"((u64)(v))               \
				 : "memory", "cc");                          \
	} while (0)

#define this_cpu_add(name, v)                                                \
	do {                                                                 \
		static_assert(sizeof(name) == 4 || sizeof(name) == 8,        \
			      "counters only");                              \
		if (sizeof(name) == 4)                                       \
			percpu_add("w", name, v);                            \
		else                                                         \
			percpu_add("x", name, v);                            \
	} while (0)

/* Who is preempted at 0 finds 0 on any CPU, and who is not stays: a load and a
 * store suffice. */
#define this_cpu_nest(name, v)                                               \
	({                                                                   \
		__typeof__(name) now__ = this_cpu_read(name) +               \
					 (__typeof__(name))(v);              \
		this_cpu_write(name, now__);                                 \
		now__;                                                       \
	})

/* ---- whole pages ---------------------------------------------------------- */

/* Bytes that DC ZVA clears, at most a quarter page; 0: not allowed here. cpu.c; until cpu_init() 0. */
extern u32 cpu_zva_size;

/* Zeroes whole blocks without reading them. [ARM] C5.3 "DC ZVA" */
static inline void page_zero(void *page)
{
	u8 *at = page, *end = at + PAGE_SIZE;
	u32 step = cpu_zva_size;

	if (likely(step != 0)) {
		do {
			__asm__ volatile("dc zva, %0\n"
					 "add %0, %0, %1\n"
					 "dc zva, %0\n"
					 "add %0, %0, %1\n"
					 "dc zva, %0\n"
					 "add %0, %0, %1\n"
					 "dc zva, %0\n"
					 "add %0, %0, %1"
					 : "+r"(at)
					 : "r"((u64)step)
					 : "memory");
		} while (at < end);
		return;
	}
	do {
		__asm__ volatile("stp xzr, xzr, [%0], #16\n"
				 "stp xzr, xzr, [%0], #16\n"
				 "stp xzr, xzr, [%0], #16\n"
				 "stp xzr, xzr, [%0], #16"
				 : "+r"(at)
				 :
				 : "memory");
	} while (at < end);
}

static inline void page_copy(void *dst, const void *src)
{
	void *end = (u8 *)dst + PAGE_SIZE;
	u64 a, b, c, d, e, f, g, h;

	do {
		__asm__ volatile("ldp %2, %3, [%1]\n"
				 "ldp %4, %5, [%1, #16]\n"
				 "ldp %6, %7, [%1, #32]\n"
				 "ldp %8, %9, [%1, #48]\n"
				 "add %1, %1, #64\n"
				 "stp %2, %3, [%0]\n"
				 "stp %4, %5, [%0, #16]\n"
				 "stp %6, %7, [%0, #32]\n"
				 "stp %8, %9, [%0, #48]\n"
				 "add %0, %0, #64"
				 : "+r"(dst), "+r"(src), "=&r"(a), "=&r"(b),
				   "=&r"(c), "=&r"(d), "=&r"(e), "=&r"(f),
				   "=&r"(g), "=&r"(h)
				 :
				 : "memory");
	} while (dst != end);
}

#endif
