/* SPDX-License-Identifier: MIT */
/* Numbers of the file calls of the Linux ABI that all machines share. */
#ifndef KERNEL_FS_FCNTL_H
#define KERNEL_FS_FCNTL_H

#include <linux_stat.h>                 /* O_DIRECTORY, O_NOFOLLOW, … */

enum {                                  /* open(2) */
	O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3,
	O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100, O_TRUNC = 0x200,
	O_APPEND = 0x400, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000,
	O_PATH = 0x200000, O_TMPFILE = 0x400000,        /* needs O_DIRECTORY */
};

enum {                                  /* st_mode */
	S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000,
	S_IFDIR = 0040000, S_IFBLK = 0060000, S_IFREG = 0100000,
	S_IFLNK = 0120000, S_IFSOCK = 0140000,
	S_ISUID = 04000, S_ISGID = 02000, S_IXGRP = 0010,
};

enum {
	AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200,
	AT_EACCESS = 0x200, AT_SYMLINK_FOLLOW = 0x400, AT_NO_AUTOMOUNT = 0x800,
	AT_EMPTY_PATH = 0x1000, AT_STATX_SYNC = 0x6000,
};

enum {                                  /* fcntl(2) */
	F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4,
	F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_SETOWN = 8, F_GETOWN = 9,
	F_OFD_GETLK = 36, F_OFD_SETLK = 37, F_OFD_SETLKW = 38,
	F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031, F_GETPIPE_SZ = 1032,
	F_ADD_SEALS = 1033, F_GET_SEALS = 1034,
	FD_CLOEXEC = 1,
};

enum { F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2 };         /* struct flock */
enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };    /* flock(2) */

enum {                                  /* what is not allowed any more */
	F_SEAL_SEAL = 1, F_SEAL_SHRINK = 2, F_SEAL_GROW = 4, F_SEAL_WRITE = 8,
	F_SEAL_FUTURE_WRITE = 16, F_SEAL_ALL = 31,
};

enum { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE };
enum { R_OK = 4, W_OK = 2, X_OK = 1 };  /* access(2) */
enum { RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2 };
enum { FALLOC_KEEP_SIZE = 1, FALLOC_PUNCH_HOLE = 2 };

enum {                                  /* statfs(2) */
	TMPFS_MAGIC = 0x01021994, PROC_SUPER_MAGIC = 0x9fa0,
	PIPEFS_MAGIC = 0x50495045,
};

enum {                                  /* poll(2) */
	POLLIN = 0x1, POLLPRI = 0x2, POLLOUT = 0x4, POLLERR = 0x8,
	POLLHUP = 0x10, POLLNVAL = 0x20, POLLRDNORM = 0x40, POLLRDBAND = 0x80,
	POLLWRNORM = 0x100, POLLWRBAND = 0x200,
};

enum { UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe };

struct linux_timespec { s64 sec, ns; };

#endif
