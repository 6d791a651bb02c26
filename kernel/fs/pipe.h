/* SPDX-License-Identifier: MIT */
/* Pipes and fifos. */
#ifndef KERNEL_FS_PIPE_H
#define KERNEL_FS_PIPE_H

#include "kernel/fs/vfs.h"

#define PIPE_PAGES 16
#define PIPE_SIZE  (PIPE_PAGES * PAGE_SIZE)     /* bytes, a power of two */
#define PIPE_BUF   4096                 /* writes up to this are not torn */

extern const struct file_ops fifo_file_ops;

void pipe_init(void);
/* Both ends of a fresh pipe; flags: O_NONBLOCK or 0. 0 or -ENOMEM. */
int __must_check pipe_create(u32 flags, struct file **reader,
			     struct file **writer);
/* Bytes that wait in it (FIONREAD). */
u32 pipe_bytes(const struct file *file);
const char *pipe_check(const struct file *file);

#endif
