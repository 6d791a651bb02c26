/* SPDX-License-Identifier: MIT */
/* Character devices: device number to operations, and /dev. */
#ifndef KERNEL_DEV_CHARDEV_H
#define KERNEL_DEV_CHARDEV_H

#include "kernel/fs/vfs.h"

static inline u64 dev_make(u32 major, u32 minor)
{
	return (u64)major << 8 | minor; /* as stat shows it, minor < 256 */
}

/* The operations behind a device number; unknown: opening says -ENXIO. */
const struct file_ops *chardev_ops(u64 rdev);

/* Fills dir with a node for each device. Boot. 0 or -ENOMEM. */
int __must_check chardev_populate(struct inode *dir);

#endif
