/* SPDX-License-Identifier: MIT */
/*
 * System calls that ask: stat lstat fstat newfstatat statx access faccessat
 * faccessat2 statfs fstatfs.
 */
#include "kernel/fs/at.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/task/syscall.h"
#include "lib/errno.h"
#include "mm/frames/page_alloc.h"
#include "mm/spaces/uaccess.h"

/* ---- stat --------------------------------------------------------------------------- */

static long stat_put(struct inode *inode, u64 ustat)
{
	struct linux_stat st;

	inode_stat(inode, &st);
	return copy_to_user((void __user *)ustat, &st, sizeof(st));
}

static long stat_at(int dirfd, u64 upath, u64 ustat, u32 at_flags)
{
	struct inode *inode;
	long ret;

	if (at_flags &
	    ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	ret = at_inode(dirfd, upath, at_flags, &inode);
	if (ret)
		return ret;
	ret = stat_put(inode, ustat);
	inode_put(inode);
	return ret;
}

/** sys_stat() - stat(2): path, struct stat. */
long sys_stat(SYSCALL_ARGS)
{
	return stat_at(AT_FDCWD, a0, a1, 0);
}

/** sys_lstat() - stat of a link itself. */
long sys_lstat(SYSCALL_ARGS)
{
	return stat_at(AT_FDCWD, a0, a1, AT_SYMLINK_NOFOLLOW);
}

/** sys_newfstatat() - fstatat(2): dirfd, path, struct stat, flags. */
long sys_newfstatat(SYSCALL_ARGS)
{
	return stat_at((int)a0, a1, a2, (u32)a3);
}

/** sys_fstat() - fstat(2): fd, struct stat. */
long sys_fstat(SYSCALL_ARGS)
{
	struct fd_loan loan;
	long ret;

	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	ret = stat_put(loan.file->inode, a1);
	fd_return(&loan);
	return ret;
}

/* ---- statx, statx(2) ------------------------------------------------------------------ */

enum { STATX_BASIC_STATS = 0x7ff, STATX_BTIME = 0x800,
       STATX_RESERVED = 0x80000000 };

struct statx_time { s64 sec; u32 ns; s32 pad; };

struct statx_user {
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, pad0;
	u64 ino, size, blocks, attributes_mask;
	struct statx_time atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 mnt_id, spare[13];
};
static_assert(sizeof(struct statx_user) == 256, "struct statx");

static void statx_fill(struct inode *inode, struct statx_user *sx)
{
	struct linux_stat st;

	inode_stat(inode, &st);
	*sx = (struct statx_user){
		.mask = STATX_BASIC_STATS,
		.blksize = PAGE_SIZE,
		.nlink = (u32)st.st_nlink,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mode = (u16)st.st_mode,
		.ino = st.st_ino,
		.size = (u64)st.st_size,
		.blocks = (u64)st.st_blocks,
		.atime = { st.st_atime, (u32)st.st_atime_ns, 0 },
		.ctime = { st.st_ctime, (u32)st.st_ctime_ns, 0 },
		.mtime = { st.st_mtime, (u32)st.st_mtime_ns, 0 },
		.rdev_major = (u32)(st.st_rdev >> 8),
		.rdev_minor = (u32)(st.st_rdev & 0xff),
		.dev_minor = (u32)st.st_dev,
	};
}

/** sys_statx() - statx(2): dirfd, path, flags, mask, struct statx. */
long sys_statx(SYSCALL_ARGS)
{
	struct inode *inode;
	struct statx_user sx;
	int err;

	if (a2 & ~(u64)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
			AT_STATX_SYNC) ||
	    (a2 & AT_STATX_SYNC) == AT_STATX_SYNC || a3 & STATX_RESERVED)
		return -EINVAL;
	err = at_inode((int)a0, a1, (u32)a2, &inode);
	if (err)
		return err;
	statx_fill(inode, &sx);
	inode_put(inode);
	return copy_to_user((void __user *)a4, &sx, sizeof(sx));
}

/* ---- access: root may do all but execute what nobody may execute ---------------------- */

static long access_at(int dirfd, u64 upath, u32 wanted, u32 at_flags)
{
	struct inode *inode;
	int err;

	if (wanted & ~(u32)(R_OK | W_OK | X_OK) ||
	    at_flags & ~(u32)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = at_inode(dirfd, upath, at_flags, &inode);
	if (err)
		return err;
	if (wanted & X_OK && inode->type != INODE_DIR && !(inode->mode & 0111))
		err = -EACCES;
	inode_put(inode);
	return err;
}

/** sys_access() - access(2): path, R_OK W_OK X_OK. */
long sys_access(SYSCALL_ARGS)
{
	return access_at(AT_FDCWD, a0, (u32)a1, 0);
}

/** sys_faccessat() - the same with a dirfd. */
long sys_faccessat(SYSCALL_ARGS)
{
	return access_at((int)a0, a1, (u32)a2, 0);
}

/** sys_faccessat2() - the same with flags. */
long sys_faccessat2(SYSCALL_ARGS)
{
	return access_at((int)a0, a1, (u32)a2, (u32)a3);
}

/* ---- statfs, statfs(2); the layout is the same on all 64-bit machines ------------------ */

struct statfs_user {
	s64 type, bsize;
	u64 blocks, bfree, bavail, files, ffree;
	s32 fsid[2];
	s64 namelen, frsize, flags, spare[4];
};
static_assert(sizeof(struct statfs_user) == 120, "struct statfs");

static long statfs_put(struct inode *inode, u64 ustatfs)
{
	struct statfs_user sf = {
		.type = (s64)inode->fs->magic, .bsize = PAGE_SIZE,
		.namelen = NAME_MAX, .frsize = PAGE_SIZE,
	};

	if (inode->fs == &tmpfs_ops) {
		u64 used = READ_ONCE(mapping_total_pages);

		sf.blocks = tmpfs_limit_pages();
		sf.bfree = used < sf.blocks ? sf.blocks - used : 0;
		sf.bavail = sf.bfree;
	}
	return copy_to_user((void __user *)ustatfs, &sf, sizeof(sf));
}

/** sys_statfs() - statfs(2): path, struct statfs. */
long sys_statfs(SYSCALL_ARGS)
{
	struct inode *inode;
	long ret = at_inode(AT_FDCWD, a0, 0, &inode);

	if (ret)
		return ret;
	ret = statfs_put(inode, a1);
	inode_put(inode);
	return ret;
}

/** sys_fstatfs() - fstatfs(2): fd, struct statfs. */
long sys_fstatfs(SYSCALL_ARGS)
{
	struct fd_loan loan;
	long ret;

	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	ret = statfs_put(loan.file->inode, a1);
	fd_return(&loan);
	return ret;
}
