/* SPDX-License-Identifier: MIT */
/* Files without a name, and what their owner has sealed: see memfd.c. */
#ifndef KERNEL_FS_MEMFD_H
#define KERNEL_FS_MEMFD_H

#include "kernel/fs/vfs.h"

/* fcntl(2): F_ADD_SEALS, F_GET_SEALS. */
long memfd_add_seals(struct file *file, u64 seals);
long memfd_get_seals(struct file *file);

/* May a shared mapping through this file come to be? *may_write: in, the
 * descriptor allows it; out, no seal forbids it for ever. 0: with one writer
 * counted for the mmap on its way if *may_write; or -EPERM. */
int __must_check memfd_check_map(struct file *file, bool writes,
				 bool *may_write);

#endif
