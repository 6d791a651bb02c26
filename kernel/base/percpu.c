/* SPDX-License-Identifier: MIT */
/* The CPU's own variables; those of the scheduler are in sched.c. */
#include "kernel/base/percpu.h"

DEFINE_PERCPU(u32, cpu_number);
DEFINE_PERCPU(u32, irq_depth);
DEFINE_PERCPU(u32, irq_user);

u64 cpus_online = 1;
