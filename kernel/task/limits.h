/* SPDX-License-Identifier: MIT */
/* Resource limits: the process's table, and the copies that mm looks at. */
#ifndef KERNEL_TASK_LIMITS_H
#define KERNEL_TASK_LIMITS_H

struct mm;
struct process;

/* Copies RLIMIT_AS, _DATA, _STACK, _MEMLOCK of p to mm. */
void limits_apply(struct process *p, struct mm *mm);

#endif
