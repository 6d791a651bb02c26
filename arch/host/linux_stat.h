/* SPDX-License-Identifier: MIT */
/*
 * The host machine has no programs of its own, so struct stat and the open(2)
 * flags are free to choose: those of x86_64, without the padding.
 */
#ifndef ARCH_HOST_LINUX_STAT_H
#define ARCH_HOST_LINUX_STAT_H

#include "lib/types.h"

enum { O_DIRECT = 0x4000, O_LARGEFILE = 0x8000, O_DIRECTORY = 0x10000,
       O_NOFOLLOW = 0x20000 };

struct linux_stat {
	u64 st_dev, st_ino, st_nlink;
	u32 st_mode, st_uid, st_gid;
	u64 st_rdev;
	s64 st_size;                    /* bytes */
	s64 st_blksize;
	s64 st_blocks;                  /* units of 512 bytes */
	s64 st_atime, st_atime_ns;
	s64 st_mtime, st_mtime_ns;
	s64 st_ctime, st_ctime_ns;
};

#endif
