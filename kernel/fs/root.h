/* SPDX-License-Identifier: MIT */
/* The start of the file layer without what belongs to processes. */
#ifndef KERNEL_FS_ROOT_H
#define KERNEL_FS_ROOT_H

/* fs_init() without /dev and /proc; host programs call it alone. */
void root_init(void);

#endif
