/* SPDX-License-Identifier: MIT */
/* What the files of arch/host share among themselves. */
#ifndef ARCH_HOST_MACHINE_H
#define ARCH_HOST_MACHINE_H

#include "arch/host/host.h"
#include "arch/host/tlbsim.h"

/* One machine-wide lock over TLBs, tags and windows; not a kernel lock: it has
 * no rank. Nothing under it touches kernel windows. */
void machine_lock(void);
void machine_unlock(void);

/* The walk as the tables stand now, without any cache. */
struct host_walk {
	unsigned int level;             /* where it ended */
	enum pte_kind kind;             /* NONE, LEAF or SWAP */
	pte_t entry[PT_MAX_LEVELS];     /* [level] … [top] are valid */
	pte_t *slot[PT_MAX_LEVELS];     /* in host_phys() */
};
void host_walk(paddr_t root, vaddr_t va, struct host_walk *w);

/* The user space that a CPU has loaded, and the tag of its translations. */
struct mmu_space *host_loaded(unsigned int cpu);

/* One more of host_stats; several host threads may count. */
#define host_count(what) \
	((void)__atomic_fetch_add(&host_stats.what, 1, __ATOMIC_RELAXED))

static inline u64 host_tag(const struct mmu_space *space)
{
	return space->asid & 0xffff;
}

/* translate.c: bytes not copied, out of user memory (into dst), into it (from
 * src), or zeroes into it (both NULL). */
size_t host_copy_user(vaddr_t va, void *dst, const void *src, size_t len,
		      u32 access);

/* ram.c: the kernel windows. */
void host_windows_activate(void);
void host_windows_flush(vaddr_t start, vaddr_t end);

/* cpu.c: makes the CPUs' per-CPU sections. */
void host_cpus_init(void);

/* smp.c: who plays which CPU. */
bool host_cpu_is_mine(void);
bool host_cpus_all_mine(void);
bool host_cpu_claim(struct host_cpu *c);
void host_cpu_release(struct host_cpu *c);

/* smp.c: what other CPUs have sent. Context: in an interrupt of this CPU. */
void host_ipis_deliver(void);

#endif
