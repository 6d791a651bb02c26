/* SPDX-License-Identifier: MIT */
/* Character devices: device number to operations, and /dev. */
#ifndef KERNEL_DEV_CHARDEV_H
#define KERNEL_DEV_CHARDEV_H

#include "kernel/fs/vfs.h"

static inline u64 dev_make(u32 major, u32 minor)
{
	return (u64)major << 8 | minor; /* as stat shows it, minor < 256 */
}

struct chardev {
	struct chardev *next;           /* in the order of registration */
	u8 major, minor;
	u16 mode;                       /* permission bits of the node in /dev */
	const char *name;
	const struct file_ops *ops;
};

/* Makes the device known; dev stays the caller's, for ever. Boot. */
void chardev_register(struct chardev *dev);

/* null, zero, full, random, urandom. Boot. */
void chardev_init(void);

/* The operations behind a device number; unknown: opening says -ENXIO. */
const struct file_ops *chardev_ops(u64 rdev);

/* All of them, for /dev. */
const struct chardev *chardev_list(void);

#endif
