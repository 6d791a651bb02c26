/* SPDX-License-Identifier: MIT */
/* Open directories, and files opened only as a place (O_PATH). */
#ifndef KERNEL_FS_DIR_H
#define KERNEL_FS_DIR_H

#include "kernel/fs/vfs.h"

extern const struct file_ops dir_file_ops;
extern const struct file_ops path_only_ops;

long dir_read_entries(struct file *file, struct io *io);

#endif
