/* SPDX-License-Identifier: MIT */
/*
 * A thread's vector state, in the form that signal frames have: between fpu.c,
 * thread.c, signal.c and cpu.c.
 */
#ifndef ARCH_AARCH64_STATE_H
#define ARCH_AARCH64_STATE_H

#include "arch/thread.h"

/* Every part of the end of a signal frame starts with this; magic 0: the last. */
struct context_part {
	u32 magic;
	u32 size;                       /* bytes, this head included */
};

#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC    0x45535201u        /* "ESR", 1 */

struct fpu_image {                      /* struct fpsimd_context */
	struct context_part head;
	u32 fpsr, fpcr;
	u64 v[32][2];
} __aligned(16);
static_assert(sizeof(struct fpu_image) == 528, "struct fpsimd_context");

/* On each CPU at boot, from cpu_init(). */
void fpu_init_cpu(void);

void fpu_switch(struct thread_machine *prev, struct thread_machine *next);
int __must_check fpu_fork(struct thread_machine *child,
			  const struct thread_machine *parent);
int __must_check fpu_exec(struct thread_machine *tm);
void fpu_fini(struct thread_machine *tm);

#endif
