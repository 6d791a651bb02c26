/* SPDX-License-Identifier: MIT */
/* The page of the kernel's code that every program finds in its space. */
#ifndef KERNEL_TASK_VDSO_H
#define KERNEL_TASK_VDSO_H

#include "lib/types.h"

struct mm;

/* Boot, after mm_init(). */
void vdso_init(void);
/* exec: maps the page into a new space, if the machine has one. 0 or -errno. */
int __must_check vdso_map(struct mm *mm);
/* Where handlers in mm return to when they name no restorer; 0: nowhere. */
vaddr_t vdso_restorer(const struct mm *mm);

#endif
