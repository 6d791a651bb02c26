/* SPDX-License-Identifier: MIT */
/* The kernel's page that every program finds in its space. */
#ifndef KERNEL_TASK_VDSO_H
#define KERNEL_TASK_VDSO_H

#include "lib/types.h"

struct mm;

/* Where exec puts the page: above the stack, which ends here. */
#define VDSO_ADDR (USER_END - PAGE_SIZE)

/* vdso_image.S: the ELF image, smaller than a page. */
extern const char vdso_image_start[], vdso_image_end[];

/* Boot, after mm_init(). */
void vdso_init(void);
/* exec: maps the page into a new space. 0 or -errno. */
int __must_check vdso_map(struct mm *mm);
/* Where handlers in mm return to when they name no restorer; 0: nowhere. */
vaddr_t vdso_restorer(const struct mm *mm);

#endif
