/* SPDX-License-Identifier: MIT */
/* Process groups as jobs of a shell, and what becomes of them without it. */
#ifndef KERNEL_TASK_JOBS_H
#define KERNEL_TASK_JOBS_H

#include "kernel/task/task.h"

/* Has nobody outside the group, but in its session, a child in it? */
bool jobs_is_orphaned(int pgid);
/* p ends: hang up the stopped groups that it leaves orphaned. */
void jobs_process_ends(struct process *p) __needs_lock(tasks_lock);

#endif
