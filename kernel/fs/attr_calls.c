/* SPDX-License-Identifier: MIT */
/*
 * System calls that change what an inode is like: chmod, chown, times, size;
 * and the calls that would write to a disk.
 */
#include "kernel/fs/at.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "mm/spaces/uaccess.h"

#define NS_PER_S    1000000000ull
#define FADVISE_MAX 5                   /* POSIX_FADV_NOREUSE */

/* The inode of a descriptor that is not O_PATH, with a reference. */
static int fd_inode(int fd, struct inode **out)
{
	struct fd_loan loan;
	int err = -EBADF;

	if (!fd_borrow(fd, &loan))
		return -EBADF;
	if (!(loan.file->flags & O_PATH)) {
		*out = loan.file->inode;
		inode_get(*out);
		err = 0;
	}
	fd_return(&loan);
	return err;
}

/* ---- mode and owner ------------------------------------------------------------------- */

/* err: from finding inode, whose reference ends here. */
static long change_mode(struct inode *inode, u64 mode, int err)
{
	if (err)
		return err;
	if (inode->type == INODE_LINK || inode->fs != &tmpfs_ops) {
		err = inode->type == INODE_LINK ? -EOPNOTSUPP : -EPERM;
	} else {
		inode->mode = (inode->mode & S_IFMT) | ((u32)mode & 07777);
		inode->ctime_ns = inode_clock();
	}
	inode_put(inode);
	return err;
}

/** sys_chmod() - chmod(2): path, mode. */
long sys_chmod(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = at_inode(AT_FDCWD, a0, 0, &inode);

	return change_mode(inode, a1, err);
}

/** sys_fchmod() - fchmod(2): fd, mode. */
long sys_fchmod(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = fd_inode((int)a0, &inode);

	return change_mode(inode, a1, err);
}

/** sys_fchmodat() - fchmodat(2): dirfd, path, mode. */
long sys_fchmodat(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = at_inode((int)a0, a1, 0, &inode);

	return change_mode(inode, a2, err);
}

/* An id of -1 stays as it is. */
static long change_owner(struct inode *inode, u32 uid, u32 gid, int err)
{
	if (err)
		return err;
	if (inode->fs != &tmpfs_ops) {
		err = -EPERM;
	} else {
		/* Who runs it has changed: it must not act as the owner. */
		if (inode->type != INODE_DIR)
			inode->mode &= ~(u32)S_ISUID;
		if (inode->type != INODE_DIR && inode->mode & S_IXGRP)
			inode->mode &= ~(u32)S_ISGID;
		if (uid != ~0u)
			inode->uid = uid;
		if (gid != ~0u)
			inode->gid = gid;
		inode->ctime_ns = inode_clock();
	}
	inode_put(inode);
	return err;
}

/** sys_chown() - chown(2): path, user, group. */
long sys_chown(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = at_inode(AT_FDCWD, a0, 0, &inode);

	return change_owner(inode, (u32)a1, (u32)a2, err);
}

/** sys_lchown() - chown of a link itself. */
long sys_lchown(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = at_inode(AT_FDCWD, a0, AT_SYMLINK_NOFOLLOW, &inode);

	return change_owner(inode, (u32)a1, (u32)a2, err);
}

/** sys_fchown() - fchown(2): fd, user, group. */
long sys_fchown(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = fd_inode((int)a0, &inode);

	return change_owner(inode, (u32)a1, (u32)a2, err);
}

/** sys_fchownat() - fchownat(2): dirfd, path, user, group, flags. */
long sys_fchownat(SYSCALL_ARGS)
{
	struct inode *inode;
	int err;

	if (a4 & ~(u64)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = at_inode((int)a0, a1, (u32)a4, &inode);
	return change_owner(inode, (u32)a2, (u32)a3, err);
}

/* ---- times ---------------------------------------------------------------------------- */

/* What utimensat means by one timespec, for a time that is *ns now. */
static int time_value(const struct linux_timespec *ts, u64 *ns)
{
	if (ts->ns == UTIME_OMIT)
		return 0;
	if (ts->ns == UTIME_NOW) {
		*ns = inode_clock();
		return 0;
	}
	if (ts->ns < 0 || ts->ns >= (s64)NS_PER_S || ts->sec < 0)
		return -EINVAL;
	*ns = (u64)ts->sec * NS_PER_S + (u64)ts->ns;
	return 0;
}

static int change_times(struct inode *inode, const struct linux_timespec ts[2])
{
	u64 atime = inode->atime_ns, mtime = inode->mtime_ns;
	int err = time_value(&ts[0], &atime);

	if (!err)
		err = time_value(&ts[1], &mtime);
	if (err)
		return err;
	inode->atime_ns = atime;
	inode->mtime_ns = mtime;
	inode->ctime_ns = inode_clock();
	return 0;
}

/** sys_utimensat() - utimensat(2): dirfd, path (NULL: dirfd), times, flags. */
long sys_utimensat(SYSCALL_ARGS)
{
	struct linux_timespec ts[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	struct inode *inode;
	int err;

	if (a3 & ~(u64)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (a2 && copy_from_user(ts, (void __user *)a2, sizeof(ts)))
		return -EFAULT;
	if (ts[0].ns == UTIME_OMIT && ts[1].ns == UTIME_OMIT)
		return 0;               /* not even the path is looked at */
	if (!a1 && (int)a0 == AT_FDCWD)
		return -EFAULT;
	if (!a1 && a3)
		return -EINVAL;
	err = a1 ? at_inode((int)a0, a1, (u32)a3, &inode)
		 : fd_inode((int)a0, &inode);
	if (err)
		return err;
	err = change_times(inode, ts);
	inode_put(inode);
	return err;
}

/* ---- size -------------------------------------------------------------------------------- */

static int change_size(struct inode *inode, u64 size)
{
	u64 limit = current_process()->rlimit[RLIMIT_FSIZE].cur;

	if (inode->type == INODE_DIR)
		return -EISDIR;
	if (inode->type != INODE_FILE || (s64)size < 0)
		return -EINVAL;
	if (size > limit && size > inode_size(inode)) {
		(void)signal_send_process(current_process(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	return tmpfs_truncate(inode, size);
}

/** sys_truncate() - truncate(2): path, size. */
long sys_truncate(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = at_inode(AT_FDCWD, a0, 0, &inode);

	if (err)
		return err;
	err = change_size(inode, a1);
	inode_put(inode);
	return err;
}

/** sys_ftruncate() - ftruncate(2): fd open for writing, size. */
long sys_ftruncate(SYSCALL_ARGS)
{
	struct fd_loan loan;
	long ret;

	if ((s64)a1 < 0)
		return -EINVAL;
	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	if (loan.file->flags & O_PATH)
		ret = -EBADF;
	else
		ret = file_may_write(loan.file)
			      ? change_size(loan.file->inode, a1)
			      : -EINVAL;
	fd_return(&loan);
	return ret;
}

/* What fallocate says before it looks at the file's contents. */
static int allocate_check(struct file *file, u32 mode, s64 start, s64 len)
{
	s64 end;

	if (start < 0 || len <= 0)
		return -EINVAL;
	if (mode & ~(u32)(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE) ||
	    mode == FALLOC_PUNCH_HOLE)
		return -EOPNOTSUPP;
	if (!file_may_write(file))
		return -EBADF;
	if (mode & FALLOC_PUNCH_HOLE && file->flags & O_APPEND)
		return -EPERM;
	if (file->inode->type != INODE_FILE)
		return file->inode->type == INODE_FIFO	? -ESPIPE
		       : file->inode->type == INODE_DIR ? -EISDIR
							: -ENODEV;
	return __builtin_add_overflow(start, len, &end) ? -EFBIG : 0;
}

static long allocate_range(struct file *file, u32 mode, s64 start, s64 len)
{
	u64 limit = current_process()->rlimit[RLIMIT_FSIZE].cur;
	u64 end = (u64)start + (u64)len;
	int err = allocate_check(file, mode, start, len);

	if (err)
		return err;
	if (mode & FALLOC_PUNCH_HOLE)
		return tmpfs_punch_hole(file->inode, (u64)start, end);
	if (end > limit && end > inode_size(file->inode)) {
		(void)signal_send_process(current_process(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	return tmpfs_allocate(file->inode, (u64)start, end,
			      mode & FALLOC_KEEP_SIZE);
}

/** sys_fallocate() - fallocate(2): fd, mode (0, KEEP_SIZE, PUNCH_HOLE), start,
 * length. */
long sys_fallocate(SYSCALL_ARGS)
{
	struct fd_loan loan;
	long ret;

	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	ret = allocate_range(loan.file, (u32)a1, (s64)a2, (s64)a3);
	fd_return(&loan);
	return ret;
}

/* ---- nothing is ever on its way to a disk ------------------------------------------------ */

static long sync_fd(int fd)
{
	struct inode *inode;
	int err = fd_inode(fd, &inode);

	if (err)
		return err;
	if (inode->type != INODE_FILE && inode->type != INODE_DIR)
		err = -EINVAL;
	inode_put(inode);
	return err;
}

/** sys_fsync() - fsync(2): the file is as safe as it gets in memory. */
long sys_fsync(SYSCALL_ARGS)
{
	return sync_fd((int)a0);
}

/** sys_fdatasync() - likewise. */
long sys_fdatasync(SYSCALL_ARGS)
{
	return sync_fd((int)a0);
}

/** sys_sync() - likewise for all files. */
long sys_sync(SYSCALL_ARGS)
{
	return 0;
}

/** sys_syncfs() - likewise for the file system of a descriptor. */
long sys_syncfs(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = fd_inode((int)a0, &inode);

	if (!err)
		inode_put(inode);
	return err;
}

/** sys_fadvise64() - posix_fadvise(2): all contents are in memory anyway. */
long sys_fadvise64(SYSCALL_ARGS)
{
	struct fd_loan loan;
	long ret = 0;

	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	if (loan.file->inode->type == INODE_FIFO)
		ret = -ESPIPE;
	else if (loan.file->flags & O_PATH)
		ret = -EBADF;
	else if ((s64)a2 < 0 || (u32)a3 > FADVISE_MAX)
		ret = -EINVAL;
	fd_return(&loan);
	return ret;
}
