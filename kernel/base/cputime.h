/* SPDX-License-Identifier: MIT */
/*
 * User or kernel: running time told apart by sampling (kernel/base/sampler.c).
 *
 *	ran    ├──────────┼──────────┼──────────┼────┤
 *	seen   user       kernel     user       kernel
 *	book   user       kernel     user       kernel
 *
 * While a CPU runs tasks, a timer looks every SAMPLE_NS where it came in, and
 * what runs from then on is charged to that mode until it looks again. The
 * sum is exact, each share is right in the mean, and no share ever shrinks:
 * an interval is charged by what was seen at its beginning, never moved
 * afterwards. A system call costs nothing for it.
 */
#ifndef KERNEL_BASE_CPUTIME_H
#define KERNEL_BASE_CPUTIME_H

#include "lib/compiler.h"
#include "lib/types.h"

/* Of a thread, or of a CPU; times are ns that it ran. */
struct cputime {
	u64 kernel_ns;                  /* booked so far */
	u64 seen_at;                    /* how long it had run when looked at */
	bool in_kernel;                 /* what was seen then */
};

/* The kernel's share of ran ns. */
static inline u64 cputime_kernel(const struct cputime *c, u64 ran)
{
	return c->kernel_ns +
	       (c->in_kernel && ran > c->seen_at ? ran - c->seen_at : 0);
}

/* Looked at again after ran ns. */
static inline void cputime_book(struct cputime *c, u64 ran, bool in_kernel)
{
	WRITE_ONCE(c->kernel_ns, cputime_kernel(c, ran));
	WRITE_ONCE(c->seen_at, ran);
	WRITE_ONCE(c->in_kernel, in_kernel);
}

#endif
