/* SPDX-License-Identifier: MIT */
/*
 * System calls on names: mkdir rmdir unlink rename link symlink readlink
 * chdir getcwd and their *at forms.
 *
 * Each walks to the directory of the last name (PATH_PARENT) and then makes
 * one change there, which checks for itself what may have changed since.
 */
#include "kernel/fs/at.h"
#include "kernel/fs/names.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/uaccess.h"

static u32 own_mode(u64 mode)
{
	return (u32)mode & 07777 & ~current_process()->fs.umask;
}

/* ---- making and removing ----------------------------------------------------------- */

static long make_dir(int dirfd, u64 upath, u32 mode)
{
	struct path p;
	int err = at_walk(dirfd, upath, PATH_PARENT | PATH_NAME, &p);

	if (err)
		return err;
	err = p.inode ? -EEXIST
		      : tmpfs_create(p.dir, p.name, p.len,
				     S_IFDIR | (own_mode(mode) & 01777), 0,
				     NULL);
	path_done(&p);
	return err;
}

/** sys_mkdir() - mkdir(2): path, mode. */
long sys_mkdir(SYSCALL_ARGS)
{
	return make_dir(AT_FDCWD, a0, (u32)a1);
}

/** sys_mkdirat() - mkdirat(2): dirfd, path, mode. */
long sys_mkdirat(SYSCALL_ARGS)
{
	return make_dir((int)a0, a1, (u32)a2);
}

static long make_node(int dirfd, u64 upath, u32 mode, u64 rdev)
{
	u32 type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
	struct path p;
	int err;

	if (type == S_IFDIR || type == S_IFLNK)
		return -EPERM;
	err = at_walk(dirfd, upath, PATH_PARENT | PATH_NAME, &p);
	if (err)
		return err;
	if (p.inode)
		err = -EEXIST;
	else if (p.slash)
		err = -ENOENT;
	else
		err = tmpfs_create(p.dir, p.name, p.len, type | own_mode(mode),
				   rdev, NULL);
	path_done(&p);
	return err;
}

/** sys_mknod() - mknod(2): path, type and mode, device. */
long sys_mknod(SYSCALL_ARGS)
{
	return make_node(AT_FDCWD, a0, (u32)a1, a2);
}

/** sys_mknodat() - mknodat(2): dirfd, path, type and mode, device. */
long sys_mknodat(SYSCALL_ARGS)
{
	return make_node((int)a0, a1, (u32)a2, a3);
}

/* What rmdir and unlink say of names that no directory has. */
static int remove_check(const struct path *p, bool want_dir)
{
	if (p->dir->fs != &tmpfs_ops)
		return -EPERM;
	if (p->slash && p->inode->type != INODE_DIR)
		return -ENOTDIR;
	if (!path_is_dots(p))
		return 0;
	if (!want_dir)
		return -EISDIR;
	if (p->len == 0)
		return -EBUSY;          /* the root */
	return p->len == 1 ? -EINVAL : -ENOTEMPTY;
}

static long remove_name(int dirfd, u64 upath, bool want_dir)
{
	struct path p;
	int err = at_walk(dirfd, upath, PATH_NAME, &p);

	if (err)
		return err;
	err = remove_check(&p, want_dir);
	if (!err)
		err = names_remove(p.dir, p.name, p.len, want_dir);
	path_done(&p);
	return err;
}

/** sys_rmdir() - rmdir(2). */
long sys_rmdir(SYSCALL_ARGS)
{
	return remove_name(AT_FDCWD, a0, true);
}

/** sys_unlink() - unlink(2). */
long sys_unlink(SYSCALL_ARGS)
{
	return remove_name(AT_FDCWD, a0, false);
}

/** sys_unlinkat() - unlinkat(2): dirfd, path, AT_REMOVEDIR or 0. */
long sys_unlinkat(SYSCALL_ARGS)
{
	if (a2 & ~(u64)AT_REMOVEDIR)
		return -EINVAL;
	return remove_name((int)a0, a1, a2 & AT_REMOVEDIR);
}

/* ---- renaming --------------------------------------------------------------------- */

static int rename_walked(const struct path *from, const struct path *to,
			 u32 flags)
{
	if (path_is_dots(from) || path_is_dots(to))
		return -EBUSY;
	if (from->dir->fs != to->dir->fs)
		return -EXDEV;
	if (from->dir->fs != &tmpfs_ops)
		return -EPERM;
	if ((from->slash || to->slash) && from->inode->type != INODE_DIR)
		return -ENOTDIR;
	return names_rename(from->dir, from->name, from->len, to->dir, to->name,
			    to->len, flags);
}

static long rename_at(int from_fd, u64 ufrom, int to_fd, u64 uto, u32 flags)
{
	struct path from, to;
	int err;

	if (flags & ~(u32)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = at_walk(from_fd, ufrom, PATH_NAME, &from);
	if (err)
		return err;
	err = at_walk(to_fd, uto, PATH_PARENT | PATH_NAME, &to);
	if (!err) {
		err = rename_walked(&from, &to, flags);
		path_done(&to);
	}
	path_done(&from);
	return err;
}

/** sys_rename() - rename(2): old path, new path. */
long sys_rename(SYSCALL_ARGS)
{
	return rename_at(AT_FDCWD, a0, AT_FDCWD, a1, 0);
}

/** sys_renameat() - renameat(2): old dirfd and path, new dirfd and path. */
long sys_renameat(SYSCALL_ARGS)
{
	return rename_at((int)a0, a1, (int)a2, a3, 0);
}

/** sys_renameat2() - the same with flags RENAME_*. */
long sys_renameat2(SYSCALL_ARGS)
{
	return rename_at((int)a0, a1, (int)a2, a3, (u32)a4);
}

/* ---- links ------------------------------------------------------------------------- */

/* Gives inode the name that (dirfd, upath) mean. */
static int link_inode(struct inode *inode, int dirfd, u64 upath)
{
	struct path p;
	int err;

	if (inode->type == INODE_DIR)
		return -EPERM;
	err = at_walk(dirfd, upath, PATH_PARENT | PATH_NAME, &p);
	if (err)
		return err;
	if (p.inode)
		err = -EEXIST;
	else if (p.slash)
		err = -ENOENT;
	else if (inode->fs != p.dir->fs)
		err = -EXDEV;
	else if (p.dir->fs != &tmpfs_ops)
		err = -EPERM;
	else
		err = names_add(p.dir, p.name, p.len, inode);
	if (!err)
		inode->may_get_name = false;    /* it has one */
	path_done(&p);
	return err;
}

static long link_at(int from_fd, u64 ufrom, int to_fd, u64 uto, u32 flags)
{
	u32 at_flags = flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW;
	struct inode *inode;
	int err;

	if (flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH &&
	    !(current_process()->cred.cap_effective & CAP_DAC_READ_SEARCH))
		return -ENOENT;         /* others go by /proc/self/fd */
	err = at_inode(from_fd, ufrom, at_flags | (flags & AT_EMPTY_PATH),
		       &inode);
	if (err)
		return err;
	err = READ_ONCE(inode->nlink) || inode->may_get_name
		      ? link_inode(inode, to_fd, uto)
		      : -ENOENT;
	inode_put(inode);
	return err;
}

/** sys_link() - link(2): path, further path. */
long sys_link(SYSCALL_ARGS)
{
	return link_at(AT_FDCWD, a0, AT_FDCWD, a1, 0);
}

/** sys_linkat() - linkat(2): dirfd and path, further dirfd and path, flags. */
long sys_linkat(SYSCALL_ARGS)
{
	return link_at((int)a0, a1, (int)a2, a3, (u32)a4);
}

static long symlink_at(u64 utarget, int dirfd, u64 upath)
{
	struct path target, p;
	int err = path_copy_user(&target, utarget);

	if (err)
		return err;
	err = *target.buf ? at_walk(dirfd, upath, PATH_PARENT | PATH_NAME, &p)
			  : -ENOENT;
	if (!err) {
		if (p.inode)
			err = -EEXIST;
		else if (p.slash)
			err = -ENOENT;
		else
			err = tmpfs_symlink(p.dir, p.name, p.len, target.buf);
		path_done(&p);
	}
	path_done(&target);
	return err;
}

/** sys_symlink() - symlink(2): target, path. */
long sys_symlink(SYSCALL_ARGS)
{
	return symlink_at(a0, AT_FDCWD, a1);
}

/** sys_symlinkat() - symlinkat(2): target, dirfd, path. */
long sys_symlinkat(SYSCALL_ARGS)
{
	return symlink_at(a0, (int)a1, a2);
}

static long readlink_inode(struct inode *inode, u64 ubuf, size_t size)
{
	char *buf;
	long len;

	if (inode->type != INODE_LINK)
		return -EINVAL;
	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	len = inode->fs->readlink(inode, buf, MIN(size, PATH_MAX));
	if (len > 0 && copy_to_user((void __user *)ubuf, buf, (size_t)len))
		len = -EFAULT;
	kfree(buf);
	return len;
}

static long readlink_at(int dirfd, u64 upath, u64 ubuf, s32 size)
{
	struct inode *inode;
	char first;
	long ret;

	if (size <= 0)
		return -EINVAL;
	if (get_user(first, (const char __user *)upath))
		return -EFAULT;
	ret = at_inode(dirfd, upath, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH,
		       &inode);
	if (ret)
		return ret;
	ret = readlink_inode(inode, ubuf, (size_t)size);
	inode_put(inode);
	/* An empty path means the descriptor, if that is a link. */
	return ret == -EINVAL && !first ? -ENOENT : ret;
}

/** sys_readlink() - readlink(2): path, buffer, size. */
long sys_readlink(SYSCALL_ARGS)
{
	return readlink_at(AT_FDCWD, a0, a1, (s32)a2);
}

/** sys_readlinkat() - readlinkat(2): dirfd, path, buffer, size. */
long sys_readlinkat(SYSCALL_ARGS)
{
	return readlink_at((int)a0, a1, a2, (s32)a3);
}

/* ---- the working directory ------------------------------------------------------------ */

/* Takes over the reference to inode. */
static long change_dir(struct inode *inode)
{
	struct fs_context *fs = &current_process()->fs;
	struct inode *old;
	u64 flags;

	if (inode->type != INODE_DIR) {
		inode_put(inode);
		return -ENOTDIR;
	}
	flags = spin_lock_irq(&tasks_lock);     /* /proc looks at it */
	old = fs->cwd;
	fs->cwd = inode;
	spin_unlock_irq(&tasks_lock, flags);
	inode_put(old);
	return 0;
}

/** sys_chdir() - chdir(2). */
long sys_chdir(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = at_inode(AT_FDCWD, a0, 0, &inode);

	return err ? err : change_dir(inode);
}

/** sys_fchdir() - fchdir(2). */
long sys_fchdir(SYSCALL_ARGS)
{
	struct inode *inode;
	int err = (int)a0 == AT_FDCWD ? -EBADF
				      : at_start((int)a0, false, &inode);

	return err ? err : change_dir(inode);
}

/** sys_getcwd() - getcwd(2): buffer, size; the length with its NUL. */
long sys_getcwd(SYSCALL_ARGS)
{
	struct inode *cwd = current_process()->fs.cwd;
	char *buf;
	size_t len;
	long ret;

	if (!names_reachable(cwd))
		return -ENOENT;
	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	len = strlen(inode_path(cwd, buf, PATH_MAX)) + 1;
	ret = a1 < len ? -ERANGE : (long)len;
	if (ret > 0 && copy_to_user((void __user *)a0, buf, len))
		ret = -EFAULT;
	kfree(buf);
	return ret;
}
