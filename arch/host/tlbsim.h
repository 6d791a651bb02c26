/* SPDX-License-Identifier: MIT */
/*
 * The simulated TLBs: every translation that some CPU has ever used and was
 * not told to forget.
 */
#ifndef ARCH_HOST_TLBSIM_H
#define ARCH_HOST_TLBSIM_H

#include "arch/mmu.h"
#include "lib/list.h"

/* Owner of the kernel windows' translations: one for all CPUs. */
#define TLBSIM_KERNEL 0xffu

/* One cached entry of a page table: a leaf, or a step of the walk. */
struct tlbsim_entry {
	struct list_node by_va, by_frame, by_slot;
	struct list_node all;
	vaddr_t va;                     /* first address that it covers */
	u64 asid;                       /* hardware tag */
	u64 slot;                       /* physical address of the entry */
	pte_t entry;                    /* as it was when it was cached */
	u8 cpu;
	u8 level;
	bool table;                     /* a walk-cache entry */
};

void tlbsim_init(void);
struct tlbsim_entry *tlbsim_find(unsigned int cpu, u64 asid, vaddr_t va,
				 unsigned int level, bool table);
struct tlbsim_entry *tlbsim_insert(unsigned int cpu, u64 asid, vaddr_t va,
				   unsigned int level, bool table, u64 slot,
				   pte_t entry);
void tlbsim_drop(struct tlbsim_entry *t);

/* Some entry that leads to one of these frames, or that was read from this
 * slot; NULL: none. */
struct tlbsim_entry *tlbsim_of_frames(u64 pfn, u64 nr);
struct tlbsim_entry *tlbsim_of_slot(u64 slot);

/* Drops what the filter says; returns how many. */
typedef bool tlbsim_filter_fn(const struct tlbsim_entry *t, const void *arg);
u64 tlbsim_drop_if(tlbsim_filter_fn *filter, const void *arg);

extern u64 tlbsim_count;                /* entries cached, all CPUs */

#endif
