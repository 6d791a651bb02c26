/* SPDX-License-Identifier: MIT */
/* "directory descriptor, path" of the *at calls, for the calling process. */
#ifndef KERNEL_FS_AT_H
#define KERNEL_FS_AT_H

#include "kernel/fs/files.h"
#include "kernel/fs/path.h"

/* Where a relative path begins, with a reference. */
int __must_check at_start(int dirfd, bool absolute, struct inode **out);

/* path_walk() of a user path relative to dirfd; path_done() after success. */
int __must_check at_walk(int dirfd, u64 upath, u32 flags, struct path *p);

/* The inode of a user path, with a reference; at_flags: AT_SYMLINK_NOFOLLOW,
 * AT_EMPTY_PATH (then dirfd itself, of any kind). */
int __must_check at_inode(int dirfd, u64 upath, u32 at_flags,
			  struct inode **out);

#endif
