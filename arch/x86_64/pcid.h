/* SPDX-License-Identifier: MIT */
/*
 * Which PCID an address space has on one CPU. Pure, so that it can be tested
 * without a CPU that has PCIDs.
 *
 * A PCID tags the TLB entries of one space, so a switch need not flush. There
 * are fewer tags than spaces: each CPU keeps PCID_SLOTS spaces in mind, by an
 * id that is never used twice, and forgets them in turn. The flushes of a space
 * are numbered, and with each space a CPU notes up to which number it has done
 * them all; when the space has seen more since, the tag's entries are stale.
 *
 * Flushes by several CPUs at once may arrive here in another order than their
 * numbers say. One that is early does not count: the gap before it stays noted,
 * and at the worst the next switch to the space flushes once for nothing.
 *
 * [SDM3] 4.10.1 "Process-Context Identifiers (PCIDs)"
 */
#ifndef ARCH_X86_64_PCID_H
#define ARCH_X86_64_PCID_H

#include "lib/types.h"

#define PCID_SLOTS 8                    /* PCID 0 is the kernel's own space */

struct pcid_slot {
	u64 id;                         /* of the space; 0: free */
	u64 flushes;                    /* of the space: so many are done here */
};

struct pcid_cpu {
	struct pcid_slot slot[PCID_SLOTS];
	u32 next;                       /* slot to forget next */
	u32 current;                    /* slot of the loaded space */
};

/*
 * pcid_enter() - the tag for a space with this id and this many flushes
 *
 * *keep says whether its TLB entries on this CPU are still right; if not, the
 * caller flushes them as it loads the space.
 */
static inline u32 pcid_enter(struct pcid_cpu *c, u64 id, u64 flushes,
			     bool *keep)
{
	u32 i;

	for (i = 0; i < PCID_SLOTS && c->slot[i].id != id; i++)
		;
	*keep = i < PCID_SLOTS && c->slot[i].flushes == flushes;
	if (i == PCID_SLOTS) {
		i = c->next;
		c->next = (c->next + 1) % PCID_SLOTS;
	}
	c->slot[i] = (struct pcid_slot){ id, flushes };
	c->current = i;
	return i + 1;
}

/*
 * pcid_flushed() - flush number n of the loaded space was done here just now
 *
 * whole: not only of its range, so it makes good for all that came before. An
 * interrupt may do the same in between: what is noted may then be too low, never
 * too high.
 */
static inline void pcid_flushed(struct pcid_cpu *c, u64 n, bool whole)
{
	struct pcid_slot *s = &c->slot[c->current];

	if (whole || s->flushes == n - 1)
		s->flushes = n;
}

#endif
