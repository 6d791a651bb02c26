/* SPDX-License-Identifier: MIT */
/* Files without a name, and what their owner has sealed: see memfd.c. */
#ifndef KERNEL_FS_MEMFD_H
#define KERNEL_FS_MEMFD_H

#include "kernel/fs/vfs.h"

/* fcntl(2): F_ADD_SEALS, F_GET_SEALS. */
long memfd_add_seals(struct file *file, u64 seals);
long memfd_get_seals(struct file *file);

struct mmap_request;

/* May this shared mapping of the file come to be? */
void memfd_check_map(struct file *file, struct mmap_request *rq);

#endif
