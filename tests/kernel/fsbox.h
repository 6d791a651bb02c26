/* SPDX-License-Identifier: MIT */
/*
 * A directory of the test's own, outside of every path: file tests leave no
 * trace in the root. box_open() before, box_close() after; all paths are
 * relative to it.
 */
#ifndef TESTS_KERNEL_FSBOX_H
#define TESTS_KERNEL_FSBOX_H

#include "kernel/fs/fcntl.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/names.h"
#include "kernel/fs/path.h"
#include "kernel/fs/root.h"
#include "kernel/fs/tmpfs.h"
#include "lib/errno.h"
#include "tests/kernel/suite.h"

static __unused struct inode *box;

/* An empty box; false (and the test has failed): no memory. */
static __unused bool box_open(void)
{
	if (!root_inode)
		root_init();            /* host programs have no boot */
	if (tmpfs_create_inode(S_IFDIR | 0755, 0, &box)) {
		test_fail(__FILE__, __LINE__, "no memory for the box");
		return false;
	}
	box->nlink = 2;
	return true;
}

struct box_first { char name[NAME_MAX]; size_t len; u32 mode; };

static bool box_take_first(void *ctx, const struct dir_item *item)
{
	struct box_first *f = ctx;

	if (f->len)
		return false;
	f->len = item->len;
	f->mode = item->mode;
	memcpy(f->name, item->name, item->len);
	return true;
}

/* Removes what is below dir, deepest first, without recursion. */
static __unused void box_empty(struct inode *dir)
{
	while (1) {
		struct inode *at = dir, *next;
		struct box_first f = { .len = 0 };

		inode_get(at);
		while (1) {
			f.len = 0;
			names_list(at, 0, box_take_first, &f);
			if (!f.len || (f.mode & S_IFMT) != S_IFDIR ||
			    !names_remove(at, f.name, f.len, true) ||
			    names_find(at, f.name, f.len, &next))
				break;
			inode_put(at);
			at = next;
		}
		if (f.len && (f.mode & S_IFMT) != S_IFDIR &&
		    names_remove(at, f.name, f.len, false))
			test_fail(__FILE__, __LINE__, "%s stays", f.name);
		inode_put(at);
		if (at == dir && !f.len)
			return;
	}
}

static __unused void box_close(void)
{
	box_empty(box);
	inode_put(box);
	box = NULL;
}

static __unused int box_file(const char *name, u32 flags, struct file **out)
{
	struct path p;
	int err = path_copy(&p, name);

	if (err)
		return err;
	err = vfs_open(&p, box, flags, 0644, out);
	path_done(&p);
	return err;
}

/* The inode of a path, with a reference; flags: PATH_FOLLOW or 0. */
static __unused int box_find(const char *name, u32 flags, struct inode **out)
{
	struct path p;
	int err = path_copy(&p, name);

	if (err)
		return err;
	err = path_walk(&p, box, flags);
	if (!err) {
		*out = p.inode;
		p.inode = NULL;
	}
	path_done(&p);
	return err;
}

/* Error of finding it, nothing else. */
static __unused int box_look(const char *name)
{
	struct inode *inode;
	int err = box_find(name, PATH_FOLLOW, &inode);

	if (!err)
		inode_put(inode);
	return err;
}

static __unused int box_dir(const char *name)
{
	return tmpfs_create(box, name, strlen(name), S_IFDIR | 0755, 0, NULL);
}

static __unused int box_symlink(const char *name, const char *target)
{
	return tmpfs_symlink(box, name, strlen(name), target);
}

static __unused int box_remove(const char *name, bool is_dir)
{
	return names_remove(box, name, strlen(name), is_dir);
}

static __unused int box_rename(const char *from, const char *to, u32 flags)
{
	return names_rename(box, from, strlen(from), box, to, strlen(to),
			    flags);
}

static __unused long box_write(struct file *f, const void *src, size_t len)
{
	struct io io;

	io_init_kernel(&io, src, len);
	return file_write(f, &io);
}

static __unused long box_read(struct file *f, void *dst, size_t len)
{
	struct io io;

	io_init_kernel(&io, dst, len);
	return file_read(f, &io);
}

#endif
