/* SPDX-License-Identifier: MIT */
/*
 * The strict machine as its tests see it: memory, CPUs, user accesses.
 *
 * Kernel code never includes this; programs of tests/unit do.
 */
#ifndef ARCH_HOST_HOST_H
#define ARCH_HOST_HOST_H

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/trap.h"

/**
 * host_machine_init() - physical memory of a machine, and its windows
 *
 * phys_size: first physical address that does not exist; bytes, page-aligned.
 * Memory is a sparse file: what nobody touches costs nothing, so holes and
 * large machines are free. Called once, before anything else.
 */
void host_machine_init(u64 phys_size);

/** host_ram_end() - the phys_size of host_machine_init(). */
u64 host_ram_end(void);

/**
 * host_phys() - physical memory as the machine itself sees it
 *
 * An alias beside the direct map: no kernel mapping is needed for it.
 */
void *host_phys(paddr_t pa);

/**
 * host_set_cpu() - the calling flow goes on as CPU n (< HOST_MAX_CPUS)
 *
 * It takes its current thread and preemption count along, as if it had been
 * migrated. The user space that CPU n had loaded stays loaded there. A host
 * thread that has played no CPU so far brings nothing: it begins as CPU n with
 * the current thread that is there. Nobody else may play CPU n.
 */
void host_set_cpu(unsigned int n);

/** host_leave_cpu() - the calling host thread plays no CPU any more, and ends. */
void host_leave_cpu(void);

/* What mmu_init() gives the machine unless a test asked for something else:
 * every feature, and break-before-make demanded. */
extern const struct mmu_features host_strict_features;

/**
 * host_set_features() - another MMU from now on
 *
 * Before mmu_init() or later; empties all TLBs. Four levels always: the
 * windows lie below 2^48, where a fifth level would not tell the halves apart.
 */
void host_set_features(const struct mmu_features *f);

/* ---- user mode -------------------------------------------------------------
 *
 * Each access translates on the current CPU, through its TLB, in the space that
 * mmu_switch() loaded. A miss walks the tables and sets young and dirty as the
 * features say; a fault goes up to trap_page_fault() and is retried. false: the
 * upcall gave up (trap_fixup, host_fault_give_up).
 */
bool host_user_read(vaddr_t va, void *dst, size_t len);
bool host_user_write(vaddr_t va, const void *src, size_t len);
bool host_user_exec(vaddr_t va);

/* One access to the bytes of one page: where it goes, or NULL when it gave up.
 * access: FAULT_READ, _WRITE or _EXEC, with _USER or _UACCESS. */
void *host_translate(vaddr_t va, u32 access);

/** host_fault_give_up() - for trap_page_fault(): end the access, no retry. */
void host_fault_give_up(struct trap_frame *tf);

/* ---- looking inside ----------------------------------------------------- */

/* Whether CPU cpu holds a leaf translation of va in space. Kernel addresses:
 * whether the window has it; cpu is ignored. */
bool host_tlb_holds(unsigned int cpu, const struct mmu_space *space,
		    vaddr_t va);

/*
 * Several CPUs in one operation: a CPU uses a translation that the tables no
 * longer give. true: it may, because the flush is still to come. NULL: no
 * stale use is lawful, ever.
 */
struct tlbsim_entry;
extern bool (*host_stale_hook)(const struct tlbsim_entry *t);

/* Reads one byte of a kernel address; false: it faults. */
bool host_kernel_peek(vaddr_t va, u8 *out);

struct host_stats {
	u64 tlb_hits, tlb_misses;       /* user accesses */
	u64 faults;                     /* upcalls of trap_page_fault() */
	u64 window_misses;              /* kernel addresses filled by SIGSEGV */
	u64 flush_range, flush_space, flush_kernel, replaced;
	u64 dropped;                    /* translations that flushes removed */
};
extern struct host_stats host_stats;

/* ---- devices ------------------------------------------------------------ */

/* Kernel output goes to stdout unless it is muted. */
extern bool host_console_muted;

/* Bytes that "arrive" on the line at the next open interrupt. */
void host_console_type(const char *text);

/* Lets virtual time pass. */
void host_clock_advance(u64 ns);

/* Raises an interrupt line registered by irq_register(). */
void host_irq_raise(unsigned int line);

#endif
