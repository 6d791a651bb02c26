/* SPDX-License-Identifier: MIT */
/*
 * The simulated TLBs: a set of entries that only grows until it is flushed.
 *
 * Every entry is found in three ways, so three hash tables point at it:
 *
 *      by_va     (cpu, asid, va, level)   a CPU translates
 *      by_frame  frame it leads to        page_free() asks who still maps it
 *      by_slot   where the entry stands   pt_install() asks what was there
 *
 * and one list holds them all, for flushes. Entries come from a pool that grows
 * by anonymous mappings: the SIGSEGV handler inserts too, so malloc is out of
 * the question.
 *
 * Invariant [H1]: an entry is on all four lists or on none.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "arch/host/tlbsim.h"

#define HASH_BITS 14
#define POOL_GROW 1024                  /* entries a mapping */

static struct list_node va_hash[1 << HASH_BITS];
static struct list_node frame_hash[1 << HASH_BITS];
static struct list_node slot_hash[1 << HASH_BITS];
static struct list_node all_entries = LIST_INIT(all_entries);
static struct list_node free_entries = LIST_INIT(free_entries);

u64 tlbsim_count;
static u64 nr_large;                    /* leaves above level 0 */

static u64 tlbsim_hash(u64 x)
{
	return x * 0x9e3779b97f4a7c15ull >> (64 - HASH_BITS);
}

static struct list_node *tlbsim_va_bucket(unsigned int cpu, u64 asid,
					  vaddr_t va, unsigned int level)
{
	u64 key = va >> pt_level_shift(level);

	return &va_hash[tlbsim_hash(key ^ asid << 40 ^ (u64)cpu << 56 ^
				    (u64)level << 52)];
}

static struct tlbsim_entry *tlbsim_pool_take(void)
{
	struct tlbsim_entry *t;

	if (list_empty(&free_entries)) {
		t = mmap(NULL, POOL_GROW * sizeof(*t), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (t == MAP_FAILED)
			abort();
		for (int i = 0; i < POOL_GROW; i++)
			list_push_back(&free_entries, &t[i].all);
	}
	t = list_first(&free_entries, struct tlbsim_entry, all);
	list_remove(&t->all);
	return t;
}

static u64 tlbsim_pfn(const struct tlbsim_entry *t)
{
	return pa_to_pfn(pte_paddr(t->entry, t->level)).v;
}

/** tlbsim_init() - empty TLBs. Boot of the machine. */
void tlbsim_init(void)
{
	for (int i = 0; i < 1 << HASH_BITS; i++) {
		list_init(&va_hash[i]);
		list_init(&frame_hash[i]);
		list_init(&slot_hash[i]);
	}
}

/**
 * tlbsim_find() - the cached entry of va at this level, or NULL
 *
 * Context: machine lock.
 */
struct tlbsim_entry *tlbsim_find(unsigned int cpu, u64 asid, vaddr_t va,
				 unsigned int level, bool table)
{
	struct tlbsim_entry *t;

	va &= ~(pt_level_size(level) - 1);
	list_for_each(t, tlbsim_va_bucket(cpu, asid, va, level), by_va)
		if (t->va == va && t->cpu == cpu && t->asid == asid &&
		    t->level == level && t->table == table)
			return t;
	return NULL;
}

/** tlbsim_insert() - cache a new entry. Context: machine lock. */
struct tlbsim_entry *tlbsim_insert(unsigned int cpu, u64 asid, vaddr_t va,
				   unsigned int level, bool table, u64 slot,
				   pte_t entry)
{
	struct tlbsim_entry *t = tlbsim_pool_take();

	t->va = va & ~(pt_level_size(level) - 1);
	t->asid = asid;
	t->slot = slot;
	t->entry = entry;
	t->cpu = (u8)cpu;
	t->level = (u8)level;
	t->table = table;
	list_push_front(tlbsim_va_bucket(cpu, asid, va, level), &t->by_va);
	list_push_front(&frame_hash[tlbsim_hash(tlbsim_pfn(t))], &t->by_frame);
	list_push_front(&slot_hash[tlbsim_hash(slot)], &t->by_slot);
	list_push_front(&all_entries, &t->all);
	tlbsim_count++;
	nr_large += !table && level > 0;
	return t;
}

/** tlbsim_drop() - forget it. Context: machine lock. */
void tlbsim_drop(struct tlbsim_entry *t)
{
	list_remove(&t->by_va);
	list_remove(&t->by_frame);
	list_remove(&t->by_slot);
	list_remove(&t->all);
	tlbsim_count--;
	nr_large -= !t->table && t->level > 0;
	list_push_front(&free_entries, &t->all);
}

static bool tlbsim_leads_to(const struct tlbsim_entry *t, u64 pfn, u64 nr)
{
	u64 first = tlbsim_pfn(t);
	u64 pages = t->table ? 1 : pt_level_size(t->level) >> PAGE_SHIFT;

	return first < pfn + nr && pfn < first + pages;
}

/**
 * tlbsim_of_frames() - an entry that leads to a frame of [pfn, pfn + nr)
 *
 * The hash knows the first frame of each entry only; while large leaves are
 * cached, all entries are looked through. Return: NULL: none.
 */
struct tlbsim_entry *tlbsim_of_frames(u64 pfn, u64 nr)
{
	struct tlbsim_entry *t;

	if (nr_large || nr > tlbsim_count) {
		list_for_each(t, &all_entries, all)
			if (tlbsim_leads_to(t, pfn, nr))
				return t;
		return NULL;
	}
	for (u64 i = 0; i < nr; i++)
		list_for_each(t, &frame_hash[tlbsim_hash(pfn + i)], by_frame)
			if (tlbsim_pfn(t) == pfn + i)
				return t;
	return NULL;
}

/** tlbsim_of_slot() - an entry that was read from this slot, or NULL. */
struct tlbsim_entry *tlbsim_of_slot(u64 slot)
{
	struct tlbsim_entry *t;

	list_for_each(t, &slot_hash[tlbsim_hash(slot)], by_slot)
		if (t->slot == slot)
			return t;
	return NULL;
}

/** tlbsim_drop_if() - forget what the filter says. Context: machine lock. */
u64 tlbsim_drop_if(tlbsim_filter_fn *filter, const void *arg)
{
	struct tlbsim_entry *t, *next;
	u64 dropped = 0;

	list_for_each_safe(t, next, &all_entries, all) {
		if (filter(t, arg)) {
			tlbsim_drop(t);
			dropped++;
		}
	}
	return dropped;
}
