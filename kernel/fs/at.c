/* SPDX-License-Identifier: MIT */
/*
 * From the arguments of a *at call to an inode: the place where the calling
 * process, its working directory and its descriptors come in. All below it
 * (path.c, names.c, tmpfs.c) knows no processes.
 */
#include "kernel/fs/at.h"

#include "kernel/task/task.h"
#include "lib/errno.h"

/**
 * at_start() - the directory where a relative path begins
 *
 * absolute: the path begins with "/", so dirfd does not matter.
 * Context: thread. Return: 0 with a reference, -EBADF; a descriptor that is
 * no directory shows as -ENOTDIR in the walk.
 */
int at_start(int dirfd, bool absolute, struct inode **out)
{
	struct fd_loan loan;
	struct file *file;

	if (absolute) {
		*out = root_inode;
	} else if (dirfd == AT_FDCWD) {
		*out = current_process()->fs.cwd;
	} else {
		file = fd_borrow(dirfd, &loan);
		if (!file)
			return -EBADF;
		inode_get(file->inode);
		*out = file->inode;
		fd_return(&loan);
		return 0;
	}
	inode_get(*out);
	return 0;
}

/**
 * at_walk() - walk a user path from dirfd
 *
 * Context: thread. Return: 0 (path_done() needed), -EFAULT, -EBADF, -ENOMEM,
 * or what path_walk() says.
 */
int at_walk(int dirfd, u64 upath, u32 flags, struct path *p)
{
	struct inode *start;
	int err = path_copy_user(p, upath);

	if (err)
		return err;
	err = at_start(dirfd, *p->buf == '/', &start);
	if (!err) {
		err = path_walk(p, start, flags);
		inode_put(start);
	}
	if (err)
		path_done(p);
	return err;
}

/**
 * at_inode() - the inode that (dirfd, path, flags) mean
 *
 * Context: thread.
 * Return: 0 with a reference to *out, or as at_walk().
 */
int at_inode(int dirfd, u64 upath, u32 at_flags, struct inode **out)
{
	bool follow = !(at_flags & AT_SYMLINK_NOFOLLOW);
	struct inode *start;
	struct path p;
	int err;

	err = path_copy_user(&p, upath);
	if (err)
		return err;
	err = at_start(dirfd, *p.buf == '/', &start);
	if (err) {
		path_done(&p);
		return err;
	}
	if (!*p.buf && at_flags & AT_EMPTY_PATH) {
		*out = start;
		start = NULL;
	} else {
		err = path_walk(&p, start, follow ? PATH_FOLLOW : 0);
		*out = p.inode;
		p.inode = err ? p.inode : NULL;
	}
	if (start)
		inode_put(start);
	path_done(&p);
	return err;
}
