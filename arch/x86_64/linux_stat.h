/* SPDX-License-Identifier: MIT */
/*
 * What the Linux ABI of files has of its own on x86_64: struct stat, and the
 * open(2) flags whose values differ from machine to machine.
 */
#ifndef ARCH_X86_64_LINUX_STAT_H
#define ARCH_X86_64_LINUX_STAT_H

#include "lib/types.h"

enum { O_DIRECT = 0x4000, O_LARGEFILE = 0x8000, O_DIRECTORY = 0x10000,
       O_NOFOLLOW = 0x20000 };

struct linux_stat {
	u64 st_dev;
	u64 st_ino;
	u64 st_nlink;
	u32 st_mode, st_uid, st_gid, pad;
	u64 st_rdev;
	s64 st_size;                    /* bytes */
	s64 st_blksize;
	s64 st_blocks;                  /* units of 512 bytes */
	s64 st_atime, st_atime_ns;
	s64 st_mtime, st_mtime_ns;
	s64 st_ctime, st_ctime_ns;
	s64 unused[3];
};
static_assert(sizeof(struct linux_stat) == 144, "struct stat of x86_64");

#endif
