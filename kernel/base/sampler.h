/* SPDX-License-Identifier: MIT */
/* Looks from time to time in which mode each CPU runs: cputime.h. */
#ifndef KERNEL_BASE_SAMPLER_H
#define KERNEL_BASE_SAMPLER_H

#include "lib/types.h"

struct thread;

/* Layer 8: this task was just looked at, its times are fresh. Context: timer
 * interrupt on its CPU. */
extern void (*sampler_seen)(struct thread *t);

/* A task begins to run on this CPU: see to it that it is looked at. */
void sampler_watch(void);
/* ns that CPU cpu ran threads of the kernel's own, and tasks: in each mode. */
void sampler_of_cpu(unsigned int cpu, u64 *user, u64 *kernel, u64 *idle);
/* ns that t ran; of another thread that runs, a sample's length late. */
u64 sampler_ran(const struct thread *t);

#endif
