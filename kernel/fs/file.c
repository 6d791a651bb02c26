/* SPDX-License-Identifier: MIT */
/*
 * Open files: an inode, a position, and the flags it was opened with.
 *
 *   path ── path_walk ─► inode ── file_open_inode ─► struct file ─► descriptor
 *             │ none
 *             └─ O_CREAT: tmpfs_create
 *
 * A struct file is shared by dup and fork, position included. file.lock
 * makes read, write and lseek on one position atomic (POSIX); it is left out
 * where nobody else can hold the file, and for streams, which have none.
 */
#include "kernel/fs/file.h"

#include "kernel/fs/dir.h"
#include "kernel/fs/filelock.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/names.h"
#include "kernel/fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames/slab.h"

static struct kmem_cache *file_cache;

/** file_init() - the cache of open files. Boot. */
void file_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(struct file), 0,
				       CACHE_PANIC, NULL);
}

/**
 * file_open_inode() - open an inode, whatever its name
 *
 * Takes its own reference to inode. Context: thread; a fifo may wait.
 * Return: 0 with one reference to *out, -ENOMEM, or what ops->open says.
 */
int file_open_inode(struct inode *inode, u32 flags, struct file **out)
{
	struct file *file = kmem_cache_alloc(file_cache, GFP_KERNEL);
	int err = 0;

	if (!file)
		return -ENOMEM;
	*file = (struct file){
		.refs = 1,
		.inode = inode,
		.flags = flags,
		.ops = flags & O_PATH ? &path_only_ops : inode->ops,
	};
	mutex_init(&file->lock, RANK_FILE_POS);
	inode_get(inode);
	if (file->ops->open)
		err = file->ops->open(inode, file);
	if (err) {
		inode_put(inode);
		kmem_cache_free(file_cache, file);
		return err;
	}
	file->flags &= ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC |
			      O_CLOEXEC);
	*out = file;
	return 0;
}

/** file_get() - one more reference. Context: any. */
void file_get(struct file *file)
{
	__atomic_fetch_add(&file->refs, 1, __ATOMIC_RELAXED);
}

/** file_put() - drop a reference; the last one closes. Context: thread. */
void file_put(struct file *file)
{
	if (__atomic_sub_fetch(&file->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (file->ops->release)
		file->ops->release(file);
	filelock_close(file->inode, file);
	inode_put(file->inode);
	kmem_cache_free(file_cache, file);
}

/* May an inode of this type be opened with these flags? */
static int open_check(struct path *p, u32 flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;

	if (flags & O_CREAT && flags & O_EXCL)
		return -EEXIST;
	if (flags & O_DIRECTORY && p->inode->type != INODE_DIR)
		return -ENOTDIR;
	if (flags & O_PATH)
		return 0;
	if (p->inode->type == INODE_LINK)
		return -ELOOP;
	if (p->inode->type == INODE_DIR && (writes || flags & O_CREAT))
		return -EISDIR;
	return 0;
}

static int open_create(struct path *p, u32 mode)
{
	if (p->slash)
		return -EISDIR;
	return tmpfs_create(p->dir, p->name, p->len, S_IFREG | (mode & 07777),
			    0, &p->inode);
}

/* May these flags go together? What O_TMPFILE makes wants to be written, and old
 * kernels, which do not know it, have to see a directory to be opened. */
static int open_check_flags(u32 flags)
{
	if (!(flags & O_TMPFILE) || flags & O_PATH)
		return 0;
	if (!(flags & O_DIRECTORY) || flags & O_CREAT ||
	    (flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	return 0;
}

/* O_TMPFILE: a file without a name in the directory p, which linkat(2) may give it
 * one unless O_EXCL says never. */
static int open_nameless(struct path *p, u32 flags, u32 mode,
			 struct file **out)
{
	char name[24];
	struct inode *inode;
	int err;

	if (p->inode->type != INODE_DIR)
		return -ENOTDIR;
	if (p->inode->fs != &tmpfs_ops)
		return -EOPNOTSUPP;
	err = tmpfs_create_inode(S_IFREG | (mode & 07777), 0, &inode);
	if (err)
		return err;
	inode->may_get_name = !(flags & O_EXCL);
	fmt_snprintf(name, sizeof(name), "#%llu",
		     (unsigned long long)inode->number);
	err = names_float(inode, p->inode, name, strlen(name), DIRENT_REMOVED);
	if (!err)
		err = file_open_inode(inode, flags, out);
	inode_put(inode);
	return err;
}

/**
 * vfs_open() - open(2) of a path relative to start
 *
 * p comes from path_copy*(), path_done() afterwards is the caller's. mode:
 * permission bits of a file that O_CREAT makes (umask already applied).
 * Context: thread. Return: 0 with one reference to *out, or -errno (open(2)).
 */
int vfs_open(struct path *p, struct inode *start, u32 flags, u32 mode,
	     struct file **out)
{
	bool nofollow = flags & O_NOFOLLOW ||
			(flags & O_CREAT && flags & O_EXCL);
	int err = open_check_flags(flags);

	if (err)
		return err;
	err = path_walk(p, start,
			(nofollow ? 0 : PATH_FOLLOW) |
				(flags & O_CREAT ? PATH_PARENT : 0));
	if (err)
		return err;
	if (flags & O_TMPFILE && !(flags & O_PATH))
		return open_nameless(p, flags, mode, out);
	if (!p->inode) {
		err = open_create(p, mode);
		if (!err)
			return file_open_inode(p->inode, flags, out);
		/* Somebody was faster: his file is the one to open. */
		if (err != -EEXIST || flags & O_EXCL)
			return err;
		err = p->dir->fs->lookup(p->dir, p->name, p->len, &p->inode);
	}
	if (!err)
		err = open_check(p, flags);
	if (!err && flags & O_TRUNC && p->inode->type == INODE_FILE)
		err = tmpfs_truncate(p->inode, 0);
	return err ? err : file_open_inode(p->inode, flags, out);
}

/**
 * vfs_open_exec() - open a program: a regular file that may be executed
 *
 * fs: of the calling process, or NULL: relative to the root.
 * Context: thread. Return: 0 with a reference to *out, -ENOENT, -ENOTDIR,
 * -ELOOP, -ENAMETOOLONG, -EACCES (no file, or no x bit), -ENOMEM.
 */
int vfs_open_exec(struct fs_context *fs, const char *path, struct file **out)
{
	struct inode *start = fs && fs->cwd ? fs->cwd : root_inode;
	struct path p;
	int err = path_copy(&p, path);

	if (err)
		return err;
	err = path_walk(&p, start, PATH_FOLLOW);
	if (!err && (p.inode->type != INODE_FILE || !(p.inode->mode & 0111)))
		err = -EACCES;
	if (!err)
		err = file_open_inode(p.inode, O_RDONLY, out);
	path_done(&p);
	return err;
}

/* Takes the position of a file that others may use at the same time. */
static bool file_lock_pos(struct file *file) __no_thread_safety
{
	if (!file_is_seekable(file) || READ_ONCE(file->refs) == 1)
		return false;
	mutex_lock(&file->lock);
	return true;
}

/**
 * file_read() - read at the file's position, which moves on
 *
 * Context: thread, no locks. Return: bytes, -EBADF (not open for reading), or
 * -errno of the file's kind.
 */
long file_read(struct file *file, struct io *io) __no_thread_safety
{
	bool locked;
	long ret;

	if (unlikely(!file_may_read(file)))
		return -EBADF;
	locked = file_lock_pos(file);
	ret = file->ops->read(file, io, &file->pos);
	if (locked)
		mutex_unlock(&file->lock);
	return ret;
}

/** file_write() - write at the file's position. Return: as file_read(). */
long file_write(struct file *file, struct io *io) __no_thread_safety
{
	bool locked;
	long ret;

	if (unlikely(!file_may_write(file)))
		return -EBADF;
	locked = file_lock_pos(file);
	ret = file->ops->write(file, io, &file->pos);
	if (locked)
		mutex_unlock(&file->lock);
	return ret;
}

/**
 * file_read_at() - read at pos; the file's position stays
 *
 * Context: thread. Return: as file_read(), or -ESPIPE for a stream.
 */
long file_read_at(struct file *file, struct io *io, u64 pos)
{
	if (!file_may_read(file))
		return -EBADF;
	if (!file_is_seekable(file) && file->inode->type != INODE_CHAR)
		return -ESPIPE;
	return file->ops->read(file, io, &pos);
}

/** file_write_at() - write at pos (O_APPEND: at the end). Return: as above. */
long file_write_at(struct file *file, struct io *io, u64 pos)
{
	if (!file_may_write(file))
		return -EBADF;
	if (!file_is_seekable(file) && file->inode->type != INODE_CHAR)
		return -ESPIPE;
	return file->ops->write(file, io, &pos);
}

/** file_read_kernel() - read into kernel memory. Return: bytes or -errno. */
long file_read_kernel(struct file *file, u64 pos, void *dst, size_t len)
{
	struct io io;

	io_init_kernel(&io, dst, len);
	return file_read_at(file, &io, pos);
}
