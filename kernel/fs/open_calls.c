/* SPDX-License-Identifier: MIT */
/*
 * System calls that make, copy and close descriptors: open openat creat close
 * close_range dup dup2 dup3 pipe pipe2 fcntl umask.
 *
 * A number is reserved first, so that a full table is found out before
 * anything is created.
 */
#include "kernel/fs/at.h"
#include "kernel/fs/filelock.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/memfd.h"
#include "kernel/fs/names.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

static struct files *own_files(void)
{
	return current_process()->files;
}

/**
 * own_fd_reserve() - the lowest free number from `from` on of the caller's
 *
 * flags: O_CLOEXEC or 0. own_fd_finish() must follow. Context: thread.
 * Return: the number, -EMFILE, -ENOMEM.
 */
int own_fd_reserve(u32 from, u32 flags)
{
	return fd_reserve(own_files(), from, flags & O_CLOEXEC, files_limit());
}

/**
 * own_fd_finish() - file behind the reserved fd, or the number back for an error
 *
 * Return: fd or err.
 */
long own_fd_finish(int fd, struct file *file, int err)
{
	if (err)
		fd_release(own_files(), fd);
	else
		fd_install(own_files(), fd, file);
	return err ? err : fd;
}

/* ---- open -------------------------------------------------------------------------- */

static int open_user_path(int dirfd, u64 upath, u32 flags, u32 mode,
			  struct file **out)
{
	struct inode *start;
	struct path p;
	int err = path_copy_user(&p, upath);

	if (err)
		return err;
	err = at_start(dirfd, *p.buf == '/', &start);
	if (!err) {
		mode &= ~current_process()->fs.umask;
		if (!(flags & O_PATH))
			flags |= O_LARGEFILE;   /* as F_GETFL shows it */
		err = vfs_open(&p, start, flags, mode, out);
		inode_put(start);
	}
	path_done(&p);
	return err;
}

static long open_at(int dirfd, u64 upath, u32 flags, u32 mode)
{
	struct file *file = NULL;
	int fd = own_fd_reserve(0, flags), err;

	if (fd < 0)
		return fd;
	err = open_user_path(dirfd, upath, flags, mode, &file);
	return own_fd_finish(fd, file, err);
}

/** sys_openat() - openat(2): dirfd, path, flags, mode. */
long sys_openat(SYSCALL_ARGS)
{
	return open_at((int)a0, a1, (u32)a2, (u32)a3);
}

/** sys_open() - open(2): path, flags, mode. */
long sys_open(SYSCALL_ARGS)
{
	return open_at(AT_FDCWD, a0, (u32)a1, (u32)a2);
}

/** sys_creat() - creat(2): path, mode. */
long sys_creat(SYSCALL_ARGS)
{
	return open_at(AT_FDCWD, a0, O_CREAT | O_WRONLY | O_TRUNC, (u32)a1);
}

/** sys_close() - close(2). */
long sys_close(SYSCALL_ARGS)
{
	return fd_close(own_files(), (int)a0);
}

enum { CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4 };

/** sys_close_range() - close_range(2): first, last, flags. Threads of a process
 * have one table, so UNSHARE only works for who has no others. */
long sys_close_range(SYSCALL_ARGS)
{
	u32 first = (u32)a0, last = (u32)a1, flags = (u32)a2;
	int err;

	if (flags & ~(u32)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) ||
	    first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		err = process_unshare_files();
		if (err)
			return err;
	}
	files_close_range(own_files(), first, last,
			  flags & CLOSE_RANGE_CLOEXEC);
	return 0;
}

/** sys_umask() - the bits that new files do not get; returns the old ones. */
long sys_umask(SYSCALL_ARGS)
{
	struct fs_context *fs = &current_process()->fs;
	u32 old = fs->umask;

	fs->umask = (u32)a0 & 0777;
	return old;
}

/* ---- dup --------------------------------------------------------------------------- */

static long dup_lowest(int old, u32 from, u32 flags)
{
	struct file *file = files_lookup(own_files(), old);
	int fd;

	if (!file)
		return -EBADF;
	fd = own_fd_reserve(from, flags);
	if (fd < 0)
		file_put(file);
	else
		fd_install(own_files(), fd, file);
	return fd;
}

static long dup_onto(int old, int fd, u32 flags)
{
	struct file *file;
	int err;

	if (fd < 0 || (u32)fd >= files_limit())
		return -EBADF;
	file = files_lookup(own_files(), old);
	if (!file)
		return -EBADF;
	err = fd_replace(own_files(), fd, file, flags & O_CLOEXEC);
	if (err)
		file_put(file);
	return err ? err : fd;
}

/** sys_dup() - dup(2). */
long sys_dup(SYSCALL_ARGS)
{
	return dup_lowest((int)a0, 0, 0);
}

/** sys_dup2() - dup2(2): old, new; the same number stays as it is. */
long sys_dup2(SYSCALL_ARGS)
{
	if ((int)a0 == (int)a1)
		return fd_get_flags(own_files(), (int)a0) < 0 ? -EBADF
							      : (int)a0;
	return dup_onto((int)a0, (int)a1, 0);
}

/** sys_dup3() - dup3(2): old, new, O_CLOEXEC or 0. */
long sys_dup3(SYSCALL_ARGS)
{
	if (a2 & ~(u64)O_CLOEXEC || (int)a0 == (int)a1)
		return -EINVAL;
	return dup_onto((int)a0, (int)a1, (u32)a2);
}

/* ---- pipe --------------------------------------------------------------------------- */

/* Two numbers for two files, or none. */
static int pipe_install(struct file *end[2], u32 flags, s32 fd[2])
{
	fd[0] = own_fd_reserve(0, flags);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = own_fd_reserve(0, flags);
	if (fd[1] < 0) {
		fd_release(own_files(), fd[0]);
		return fd[1];
	}
	fd_install(own_files(), fd[0], end[0]);
	fd_install(own_files(), fd[1], end[1]);
	return 0;
}

static long pipe_open(u64 ufds, u32 flags)
{
	struct file *end[2];
	s32 fd[2];
	int err;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_create(flags & O_NONBLOCK, &end[0], &end[1]);
	if (err)
		return err;
	err = pipe_install(end, flags, fd);
	if (err) {
		file_put(end[0]);
		file_put(end[1]);
		return err;
	}
	if (copy_to_user((void __user *)ufds, fd, sizeof(fd))) {
		(void)fd_close(own_files(), fd[0]);
		(void)fd_close(own_files(), fd[1]);
		return -EFAULT;
	}
	return 0;
}

/** sys_pipe() - pipe(2). */
long sys_pipe(SYSCALL_ARGS)
{
	return pipe_open(a0, 0);
}

/** sys_pipe2() - pipe2(2): two numbers, flags. */
long sys_pipe2(SYSCALL_ARGS)
{
	return pipe_open(a0, (u32)a1);
}

/* ---- fcntl -------------------------------------------------------------------------- */

static long fcntl_set_flags(struct file *file, u32 flags)
{
	u32 may = O_APPEND | O_NONBLOCK;

	file->flags = (file->flags & ~may) | (flags & may);
	return 0;
}

static long fcntl_file(struct file *file, int fd, int cmd, u64 arg)
{
	switch (cmd) {
	case F_GETFL:
		return file->flags;
	case F_SETFL:
		return fcntl_set_flags(file, (u32)arg);
	case F_GETPIPE_SZ:
		return file->inode->type == INODE_FIFO ? (long)PIPE_SIZE
						       : -EBADF;
	case F_SETPIPE_SZ:
		if (file->inode->type != INODE_FIFO)
			return -EBADF;
		return arg <= PIPE_SIZE ? (long)PIPE_SIZE : -EPERM;
	case F_ADD_SEALS:
		return memfd_add_seals(file, arg);
	case F_GET_SEALS:
		return memfd_get_seals(file);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return filelock_fcntl(file, fd, cmd, arg);
	default:
		return -EINVAL;
	}
}

/** sys_fcntl() - fcntl(2): fd, command, argument. */
long sys_fcntl(SYSCALL_ARGS)
{
	int fd = (int)a0, cmd = (int)a1;
	struct fd_loan loan;
	long ret;

	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (a2 >= files_limit())
			return fd_get_flags(own_files(), fd) < 0 ? -EBADF
								 : -EINVAL;
		return dup_lowest(fd, (u32)a2, cmd == F_DUPFD ? 0 : O_CLOEXEC);
	case F_GETFD:
		return fd_get_flags(own_files(), fd);
	case F_SETFD:
		return fd_set_cloexec(own_files(), fd, a2 & FD_CLOEXEC);
	}
	if (!fd_borrow(fd, &loan))
		return -EBADF;
	ret = loan.file->flags & O_PATH && cmd != F_GETFL
		      ? -EBADF
		      : fcntl_file(loan.file, fd, cmd, a2);
	fd_return(&loan);
	return ret;
}
