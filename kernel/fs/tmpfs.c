/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: a file system that lives in memory only.
 *
 *   names.c   who is called what          directories
 *   tmpfs.c   making inodes, links, sizes (this file)
 *   filemap.c read and write              contents, through the page cache
 *
 * The contents of a file are the pages of its struct mapping; a page that is
 * not there is a hole and reads as zeroes. There is no backing store: a
 * page leaves the cache only by truncation or with its file.
 *
 * All files together may fill half of RAM (tmpfs_limit_pages), as on Linux;
 * beyond that writes say -ENOSPC. Memory that shared mappings touch is not
 * limited so.
 */
#include "kernel/fs/tmpfs.h"

#include "kernel/base/wait.h"
#include "kernel/dev/chardev.h"
#include "kernel/fs/dir.h"
#include "kernel/fs/fcntl.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/names.h"
#include "kernel/fs/pipe.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/frames/zone.h"

/* ---- the owner's side of the page cache ------------------------------------- */

static void tmpfs_mapping_get(struct mapping *m)
{
	inode_get(mapping_inode(m));
}

static void tmpfs_mapping_put(struct mapping *m)
{
	inode_put(mapping_inode(m));
}

static const char *tmpfs_mapping_path(struct mapping *m, char *buf, size_t size)
{
	return inode_path(mapping_inode(m), buf, size);
}

static u64 tmpfs_mapping_number(struct mapping *m)
{
	return mapping_inode(m)->number;
}

static int tmpfs_may_punch(struct mapping *m)
{
	u32 seals = READ_ONCE(mapping_inode(m)->seals);

	return seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ? -EPERM : 0;
}

static const struct mapping_ops tmpfs_mapping_ops = {
	.get = tmpfs_mapping_get,
	.put = tmpfs_mapping_put,
	.path = tmpfs_mapping_path,
	.inode_number = tmpfs_mapping_number,
	.may_punch = tmpfs_may_punch,
	.shmem = true,
};

/* ---- inodes ------------------------------------------------------------------ */

static void tmpfs_release(struct inode *inode)
{
	if (inode->type == INODE_FILE)
		mapping_fini(&inode->mapping);
	else if (inode->type == INODE_LINK)
		kfree(inode->link);
}

static long tmpfs_readlink(struct inode *link, char *buf, size_t size)
{
	size_t len = MIN(strlen(link->link), size);

	memcpy(buf, link->link, len);
	return (long)len;
}

const struct inode_ops tmpfs_ops = {
	.name = "tmpfs",
	.magic = TMPFS_MAGIC,
	.dev = 1,                       /* 00:01 in maps */
	.lookup = names_find,
	.list = names_list,
	.readlink = tmpfs_readlink,
	.release = tmpfs_release,
};

static int tmpfs_type(u32 mode, enum inode_type *type,
		      const struct file_ops **ops, u64 rdev)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		*type = INODE_FILE;
		*ops = &tmpfs_file_ops;
		return 0;
	case S_IFDIR:
		*type = INODE_DIR;
		*ops = &dir_file_ops;
		return 0;
	case S_IFCHR:
		*type = INODE_CHAR;
		*ops = chardev_ops(rdev);
		return 0;
	case S_IFIFO:
		*type = INODE_FIFO;
		*ops = &fifo_file_ops;
		return 0;
	default:
		return -EINVAL;         /* block devices, sockets: none here */
	}
}

/**
 * tmpfs_create_inode() - a file, directory, device or fifo without a name
 *
 * rdev: of a device, major << 8 | minor. Context: thread.
 * Return: 0, -EINVAL (a type that tmpfs has not), -ENOMEM.
 */
int tmpfs_create_inode(u32 mode, u64 rdev, struct inode **out)
{
	const struct file_ops *ops;
	enum inode_type type;
	int err;

	err = tmpfs_type(mode, &type, &ops, rdev);
	if (!err)
		err = inode_create(type, mode, &tmpfs_ops, ops, out);
	if (err)
		return err;
	(*out)->rdev = rdev;
	(*out)->seals = F_SEAL_SEAL;
	if (type == INODE_FILE)
		mapping_init(&(*out)->mapping, &tmpfs_mapping_ops);
	else if (type == INODE_DIR)
		names_init_dir(*out);
	return 0;
}

/** tmpfs_create_link() - a symbolic link without a name. 0 or -ENOMEM. */
int tmpfs_create_link(const char *target, struct inode **out)
{
	char *copy = kstrdup(target, GFP_KERNEL);
	int err;

	if (!copy)
		return -ENOMEM;
	err = inode_create(INODE_LINK, S_IFLNK | 0777, &tmpfs_ops,
			   &path_only_ops, out);
	if (err)
		kfree(copy);
	else
		(*out)->link = copy;
	return err;
}

/* Names a fresh inode and hands its reference to *out, or drops it. */
static int tmpfs_name_fresh(struct inode *dir, const char *name, size_t len,
			    struct inode *inode, struct inode **out)
{
	int err = dir->fs == &tmpfs_ops ? names_add(dir, name, len, inode)
					: -EPERM;

	if (!err && out)
		*out = inode;
	else
		inode_put(inode);
	return err;
}

/**
 * tmpfs_create() - a new file, directory, device or fifo called name
 *
 * Context: thread. Return: 0, -EEXIST, -ENOENT (dir was removed), -EPERM (not
 * a tmpfs directory), -EINVAL, -ENOMEM.
 */
int tmpfs_create(struct inode *dir, const char *name, size_t len, u32 mode,
		 u64 rdev, struct inode **out)
{
	struct inode *inode;
	int err = tmpfs_create_inode(mode, rdev, &inode);

	return err ? err : tmpfs_name_fresh(dir, name, len, inode, out);
}

/** tmpfs_symlink() - a symbolic link called name. Return: as tmpfs_create(). */
int tmpfs_symlink(struct inode *dir, const char *name, size_t len,
		  const char *target)
{
	struct inode *inode;
	int err = tmpfs_create_link(target, &inode);

	return err ? err : tmpfs_name_fresh(dir, name, len, inode, NULL);
}

/* ---- sizes -------------------------------------------------------------------- */

/** tmpfs_limit_pages() - pages that all files together may have. */
u64 tmpfs_limit_pages(void)
{
	return zones_total_pages() / 2;
}

/* May the size become this? Context: inode.lock. */
static int size_check_seals(const struct inode *inode, u64 size)
{
	u64 old = inode->mapping.size;

	if ((size < old && inode->seals & F_SEAL_SHRINK) ||
	    (size > old && inode->seals & F_SEAL_GROW))
		return -EPERM;
	return 0;
}

/**
 * tmpfs_truncate() - set the size of a regular file
 *
 * Context: thread; takes inode.lock. Return: 0, -EFBIG, -EPERM (sealed).
 */
int tmpfs_truncate(struct inode *inode, u64 size)
{
	int err;

	if (size > TMPFS_MAX_SIZE)
		return -EFBIG;
	mutex_lock(&inode->lock);
	err = size_check_seals(inode, size);
	if (!err) {
		mapping_truncate(&inode->mapping, size);
		inode->mtime_ns = inode->ctime_ns = inode_clock();
	}
	mutex_unlock(&inode->lock);
	return err;
}

/* Pages for [start, end); a signal ends it early. Context: inode.lock. */
static int allocate_pages(struct mapping *m, u64 start, u64 end)
{
	struct page *page;
	int err = 0;

	for (u64 i = start >> PAGE_SHIFT; !err && i << PAGE_SHIFT < end; i++) {
		if (signal_pending())
			return -EINTR;
		err = READ_ONCE(mapping_total_pages) < tmpfs_limit_pages()
			      ? mapping_get_page(m, i, &page)
			      : -ENOSPC;
		if (!err)
			page_put(page);
	}
	return err == -ENOMEM ? -ENOSPC : err;
}

/**
 * tmpfs_allocate() - give [start, end) pages now, and the size to go with it
 *
 * keep_size: the size stays, and the pages wait behind the end. What was
 * allocated before a failure stays, as holes filled with zeroes that nobody
 * sees the difference of. Context: thread; takes inode.lock.
 * Return: 0, -EFBIG, -ENOSPC, -EPERM (sealed), -EINTR.
 */
int tmpfs_allocate(struct inode *inode, u64 start, u64 end, bool keep_size)
{
	struct mapping *m = &inode->mapping;
	int err = 0;

	if (end > TMPFS_MAX_SIZE || end < start)
		return -EFBIG;
	if ((end - start) >> PAGE_SHIFT > tmpfs_limit_pages())
		return -ENOSPC;
	mutex_lock(&inode->lock);
	if (end > m->size)              /* also if the size is kept */
		err = size_check_seals(inode, end);
	if (!err)
		err = allocate_pages(m, start, end);
	if (!err && !keep_size && end > m->size)
		mapping_truncate(m, end);
	if (!err)
		inode->ctime_ns = inode_clock();
	mutex_unlock(&inode->lock);
	return err;
}

/**
 * tmpfs_punch_hole() - [start, end) reads as zeroes; whole pages leave the cache
 *
 * The size stays. Context: thread; takes inode.lock. Return: 0, -EPERM (sealed).
 */
int tmpfs_punch_hole(struct inode *inode, u64 start, u64 end)
{
	int err = 0;

	mutex_lock(&inode->lock);
	if (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		err = -EPERM;
	else
		mapping_punch(&inode->mapping, start, end);
	if (!err)
		inode->mtime_ns = inode->ctime_ns = inode_clock();
	mutex_unlock(&inode->lock);
	return err;
}
