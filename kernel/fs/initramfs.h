/* SPDX-License-Identifier: MIT */
/* Unpacking one archive; boot's entry is fs_load_initramfs() (fs.h). */
#ifndef KERNEL_FS_INITRAMFS_H
#define KERNEL_FS_INITRAMFS_H

#include "kernel/fs/vfs.h"

struct initramfs_stat {
	u64 files, dirs, links, devices;        /* made */
	u64 bytes;                      /* of file contents */
	size_t offset;                  /* of the header that was broken */
	const char *why;                /* what was wrong there, or NULL */
};

/* Unpacks archive into root; 0, -EINVAL (see st), -ENOMEM, -ENOSPC. What was
 * unpacked so far stays. */
int __must_check initramfs_unpack(struct inode *root, const void *archive,
				  size_t size, struct initramfs_stat *st);

#endif
