/* SPDX-License-Identifier: MIT */
/* The table behind /proc itself. */
#ifndef KERNEL_FS_PROC_ROOT_H
#define KERNEL_FS_PROC_ROOT_H

struct proc_node;
extern const struct proc_node proc_root_dir;

#endif
