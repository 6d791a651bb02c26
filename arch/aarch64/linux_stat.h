/* SPDX-License-Identifier: MIT */
/*
 * What the Linux ABI of files has of its own on AArch64: struct stat, and the
 * open(2) flags whose values differ from machine to machine.
 */
#ifndef ARCH_AARCH64_LINUX_STAT_H
#define ARCH_AARCH64_LINUX_STAT_H

#include "lib/types.h"

enum { O_DIRECTORY = 0x4000, O_NOFOLLOW = 0x8000, O_DIRECT = 0x10000,
       O_LARGEFILE = 0x20000 };

struct linux_stat {
	u64 st_dev;
	u64 st_ino;
	u32 st_mode, st_nlink, st_uid, st_gid;
	u64 st_rdev;
	u64 pad;
	s64 st_size;                    /* bytes */
	s32 st_blksize, pad2;
	s64 st_blocks;                  /* units of 512 bytes */
	s64 st_atime, st_atime_ns;
	s64 st_mtime, st_mtime_ns;
	s64 st_ctime, st_ctime_ns;
	u32 unused[2];
};
static_assert(sizeof(struct linux_stat) == 128, "struct stat of AArch64");

#endif
