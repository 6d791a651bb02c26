/* SPDX-License-Identifier: MIT */
/*
 * Which ASID an address space has, the same on all CPUs. Pure, so that it can
 * be tested without a CPU.
 *
 *   space->asid    63           bits+0│bits-1    0
 *                 │ generation        │ number   │    0: never had one
 *
 * An ASID tags the TLB entries of one space, so a switch need not flush. TLB
 * invalidations reach all CPUs by ASID, so a space has one number everywhere;
 * there are fewer numbers than spaces. Each is given out once in a generation.
 * When none is left, the next generation begins: all numbers are free again
 * but those that CPUs run with at this moment, which their spaces keep, and
 * every CPU forgets its whole TLB before it uses a number of the new generation.
 *
 * Invariants (asid_check):
 *  [A1] within a generation no number belongs to two spaces;
 *  [A2] a number that is active or reserved on some CPU is taken in `map`;
 *  [A3] number 0 is nobody's: it is the kernel's empty user half;
 *  [A4] a CPU with `flush` set has not entered a space since the generation
 *       began.
 *
 * Locking: the caller's lock, around asid_enter(). Only asid_try_enter() does
 * without: it puts a space of the present generation into its CPU's `active`
 * by a compare-and-exchange against a value that is not 0. It races with a CPU
 * that begins a generation and takes every `active` away by an exchange with 0.
 *
 *  - The exchange comes later: it finds the new value and reserves it [A2].
 *  - The exchange comes first: `active` is 0, and since nobody but its own
 *    CPU makes it anything else, the compare fails; under the lock the CPU
 *    learns that it has to flush [A4].
 *  - The asid is of the new generation already: it was stored (release) after
 *    all exchanges, and loaded (acquire) before the compare, which so sees the
 *    exchange. An asid of the old generation has not been renewed meanwhile,
 *    for that too comes after all exchanges.
 *
 * [ARM] D8.14.3 "Global and process-specific translation table entries"
 */
#ifndef ARCH_AARCH64_ASID_H
#define ARCH_AARCH64_ASID_H

#include "lib/types.h"

#define ASID_MAX_BITS 16

/* Where another CPU may come in between: the model lets it. */
#ifndef ASID_WINDOW
#define ASID_WINDOW() ((void)0)
#endif

struct asid_cpu {
	u64 active;                     /* [atomic] entered last; 0: in this
					   generation none */
	u64 reserved;                   /* active when the generation began */
	bool flush;                     /* forget the TLB at the next entering */
} __aligned(64);                        /* its CPU's own line, mostly */

struct asid_pool {
	unsigned int bits;              /* 8 or 16 */
	unsigned int nr_cpus;
	u64 generation;                 /* its number << bits; starts with 1 [atomic] */
	u64 rollovers;
	u32 next;                       /* where to look for a free number */
	struct asid_cpu *cpu;           /* [nr_cpus] */
	u64 map[(1 << ASID_MAX_BITS) / 64];     /* 1: taken in this generation */
};

static inline u64 asid_number(const struct asid_pool *p, u64 asid)
{
	return asid & (((u64)1 << p->bits) - 1);
}

static inline bool asid_is_current(const struct asid_pool *p, u64 asid)
{
	return asid - asid_number(p, asid) ==
	       __atomic_load_n(&p->generation, __ATOMIC_RELAXED);
}

static inline bool asid_take(struct asid_pool *p, u64 number)
{
	u64 bit = (u64)1 << (number & 63), *word = &p->map[number / 64];
	bool taken = *word & bit;

	*word |= bit;
	return !taken;
}

static inline void asid_pool_init(struct asid_pool *p, unsigned int bits,
				  struct asid_cpu *cpu, unsigned int nr_cpus)
{
	p->bits = bits;
	p->generation = (u64)1 << bits;
	p->next = 1;
	p->cpu = cpu;
	p->nr_cpus = nr_cpus;
	asid_take(p, 0);                /* [A3] */
}

/* A new generation: what runs keeps its number [A2]. */
static inline void asid_roll_over(struct asid_pool *p)
{
	u32 words = (u32)(((u64)1 << p->bits) / 64);

	__atomic_fetch_add(&p->generation, (u64)1 << p->bits, __ATOMIC_RELAXED);
	p->rollovers++;
	p->next = 1;
	for (u32 i = 0; i < words; i++)
		p->map[i] = 0;
	asid_take(p, 0);
	for (unsigned int i = 0; i < p->nr_cpus; i++) {
		struct asid_cpu *c = &p->cpu[i];
		u64 active = __atomic_exchange_n(&c->active, 0,
						 __ATOMIC_RELAXED);

		ASID_WINDOW();
		if (active)
			c->reserved = active;
		c->flush = true;
		asid_take(p, asid_number(p, c->reserved));
	}
}

/* Is this asid of an older generation held over by some CPU? Then all who hold
 * it hold its new form from now on. */
static inline bool asid_renew_reserved(struct asid_pool *p, u64 old, u64 asid)
{
	bool found = false;

	for (unsigned int i = 0; i < p->nr_cpus; i++) {
		if (p->cpu[i].reserved != old)
			continue;
		p->cpu[i].reserved = asid;
		found = true;
	}
	return found;
}

/* The lowest free number from p->next on; 0: none. */
static inline u64 asid_find_free(struct asid_pool *p)
{
	u32 end = (u32)1 << p->bits;

	for (u32 n = p->next; n < end; n = ALIGN_DOWN(n, 64) + 64) {
		u64 free = ~p->map[n / 64] & (~(u64)0 << (n & 63));

		if (free)
			return ALIGN_DOWN(n, 64) + (u32)__builtin_ctzll(free);
	}
	return 0;
}

/* An asid of this generation for a space whose asid was `old`: the same number
 * if nobody has taken it. */
static inline u64 asid_renew(struct asid_pool *p, u64 old)
{
	u64 number = asid_number(p, old);

	if (old) {
		if (asid_renew_reserved(p, old, p->generation | number) ||
		    asid_take(p, number))
			return p->generation | number;
	}
	number = asid_find_free(p);
	if (!number) {
		asid_roll_over(p);
		number = asid_find_free(p);
	}
	asid_take(p, number);
	p->next = (u32)number + 1;
	return p->generation | number;
}

/*
 * asid_enter() - CPU `cpu` is going to run with the space whose asid is *asid
 *
 * *asid is brought into the present generation, and returned. *flush: the CPU's
 * TLB has to be emptied first.
 */
static inline u64 asid_enter(struct asid_pool *p, unsigned int cpu, u64 *asid,
			     bool *flush)
{
	u64 now = __atomic_load_n(asid, __ATOMIC_RELAXED);

	if (!asid_is_current(p, now)) {
		now = asid_renew(p, now);
		__atomic_store_n(asid, now, __ATOMIC_RELEASE);
	}
	*flush = p->cpu[cpu].flush;
	p->cpu[cpu].flush = false;
	__atomic_store_n(&p->cpu[cpu].active, now, __ATOMIC_RELAXED);
	return now;
}

/*
 * asid_try_enter() - the same without the lock, if there is nothing to do but
 * to enter
 *
 * On CPU `cpu` itself, preemption off. Return: *asid, or 0: asid_enter().
 */
static inline u64 asid_try_enter(struct asid_pool *p, unsigned int cpu,
				 const u64 *asid)
{
	u64 *active = &p->cpu[cpu].active;
	u64 before = __atomic_load_n(active, __ATOMIC_RELAXED);
	u64 now = __atomic_load_n(asid, __ATOMIC_ACQUIRE);

	if (!before || !asid_is_current(p, now))
		return 0;
	ASID_WINDOW();
	return __atomic_compare_exchange_n(active, &before, now, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED)
		       ? now
		       : 0;
}

/* [A2] [A3]: NULL, or which one is broken. */
static inline const char *asid_check(const struct asid_pool *p)
{
	if (!(p->map[0] & 1))
		return "[A3] number 0 is free";
	for (unsigned int i = 0; i < p->nr_cpus; i++) {
		u64 held[2] = { asid_number(p, p->cpu[i].active),
				asid_number(p, p->cpu[i].reserved) };

		for (unsigned int k = 0; k < 2; k++)
			if (!(p->map[held[k] / 64] >> (held[k] & 63) & 1))
				return "[A2] a number in use is free";
		if (p->cpu[i].active && !asid_is_current(p, p->cpu[i].active) &&
		    p->cpu[i].flush)
			return "[A4] a CPU runs on without its flush";
	}
	return NULL;
}

#endif
