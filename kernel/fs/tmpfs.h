/* SPDX-License-Identifier: MIT */
/* The file system of names and contents in memory. */
#ifndef KERNEL_FS_TMPFS_H
#define KERNEL_FS_TMPFS_H

#include "kernel/fs/vfs.h"

extern const struct inode_ops tmpfs_ops;
extern const struct file_ops tmpfs_file_ops;

/* mode: S_IF* and permission bits. An inode with one reference, no name. */
int __must_check tmpfs_create_inode(u32 mode, u64 rdev, struct inode **out);
int __must_check tmpfs_create_link(const char *target, struct inode **out);

/* Makes an inode and names it; *out (may be NULL) gets a reference. */
int __must_check tmpfs_create(struct inode *dir, const char *name, size_t len,
			      u32 mode, u64 rdev, struct inode **out);
int __must_check tmpfs_symlink(struct inode *dir, const char *name, size_t len,
			       const char *target);
int __must_check tmpfs_truncate(struct inode *inode, u64 size);
int __must_check tmpfs_allocate(struct inode *inode, u64 start, u64 end,
				bool keep_size);
int __must_check tmpfs_punch_hole(struct inode *inode, u64 start, u64 end);
u64 tmpfs_limit_pages(void);

/* Largest size of a file in bytes: offsets are signed. */
#define TMPFS_MAX_SIZE ((u64)INT64_MAX)

#endif
