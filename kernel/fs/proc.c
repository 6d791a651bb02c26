/* SPDX-License-Identifier: MIT */
/*
 * procfs: a file system without memory. A directory is a table of struct
 * proc_node; an inode is made when its name is looked up, and goes with its
 * last reference.
 *
 *   /proc ─ proc_root ─┬─ fixed names (meminfo, sys, quire …)
 *                      ├─ self ─► the caller's number
 *                      └─ numbers: proc_pid_dir for each process
 *
 * An inode knows its process by number only. When the process is gone, its
 * files say -ESRCH; so nothing here keeps a dead process alive.
 *
 * This file is the mechanism; the contents are in the files named proc_*.c,
 * the reading of texts in proc_text.c. A file that is no text brings its own
 * file operations (proc_pages.c, proc_pid_mem.c).
 */
#include "kernel/fs/proc.h"

#include "kernel/fs/dir.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/names.h"
#include "lib/errno.h"
#include "lib/string.h"

/* ---- looking up -------------------------------------------------------------------------- */

static int proc_lookup(struct inode *dir, const char *name, size_t len,
		       struct inode **out)
{
	const struct proc_node *node = dir->proc.node;

	for (u32 i = 0; i < node->nr_child; i++) {
		const struct proc_node *child = &node->child[i];

		if (strlen(child->name) == len &&
		    !memcmp(child->name, name, len))
			return proc_inode_create(dir, name, len, child,
						 dir->proc.pid, 0, out);
	}
	return node->lookup ? node->lookup(dir, name, len, out) : -ENOENT;
}

static int proc_list(struct inode *dir, u64 cookie, dir_emit_fn *emit,
		     void *ctx)
{
	const struct proc_node *node = dir->proc.node;

	for (u64 i = cookie; i < node->nr_child; i++) {
		struct dir_item item = {
			.name = node->child[i].name,
			.len = strlen(node->child[i].name),
			.mode = node->child[i].mode,
			.number = i + 1,
			.cookie = i + 1,
		};

		if (!emit(ctx, &item))
			return 0;
	}
	return node->list ? node->list(dir, cookie, emit, ctx) : 0;
}

static long proc_readlink(struct inode *link, char *buf, size_t size)
{
	return link->proc.node->readlink(link, buf, size);
}

static int proc_follow(struct inode *link, struct inode **out)
{
	if (!link->proc.node->follow)
		return -EINVAL;         /* by its text, then */
	return link->proc.node->follow(link, out);
}

static const struct inode_ops proc_ops = {
	.name = "proc",
	.magic = PROC_SUPER_MAGIC,
	.dev = 2,
	.lookup = proc_lookup,
	.list = proc_list,
	.readlink = proc_readlink,
	.follow = proc_follow,
};

/* ---- inodes ------------------------------------------------------------------------------- */

static enum inode_type proc_type(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return INODE_DIR;
	case S_IFLNK:
		return INODE_LINK;
	default:
		return INODE_PROC;
	}
}

static int proc_inode_alloc(const struct proc_node *node, int pid, int fd,
			    struct inode **out)
{
	const struct file_ops *ops = node->ops ? node->ops : &proc_file_ops;
	enum inode_type type = proc_type(node->mode);
	int err;

	err = inode_create(type, node->mode, &proc_ops,
			   type == INODE_DIR ? &dir_file_ops : ops, out);
	if (err)
		return err;
	(*out)->proc.node = node;
	(*out)->proc.pid = pid;
	(*out)->proc.fd = fd;
	/* The same file has the same number each time it is looked up. */
	(*out)->number = ((uintptr_t)node & 0xffffff) ^ (u64)fd << 24 ^
			 (u64)pid << 44;
	return 0;
}

/** proc_inode_create() - an inode made on the fly. Return: 0 or -ENOMEM. */
int proc_inode_create(struct inode *dir, const char *name, size_t len,
		      const struct proc_node *node, int pid, int fd,
		      struct inode **out)
{
	struct inode *inode;
	int err = proc_inode_alloc(node, pid, fd, &inode);

	if (err)
		return err;
	inode->nlink = inode->type == INODE_DIR ? 2 : 1;
	err = names_float(inode, dir, name, len, DIRENT_FLOATING);
	if (err)
		inode_put(inode);
	else
		*out = inode;
	return err;
}

/**
 * proc_init() - make the directory /proc
 *
 * Context: boot. Return: 0, or -ENOMEM.
 */
int proc_init(struct inode *root)
{
	struct inode *inode;
	int err = proc_inode_alloc(&proc_root_dir, 0, 0, &inode);

	if (err)
		return err;
	err = names_add(root, "proc", 4, inode);
	inode_put(inode);
	return err;
}

/* ---- helpers of the tables -------------------------------------------------------------- */

/** proc_parse_number() - "17" -> 17; -1 if name is no plain number. */
int proc_parse_number(const char *name, size_t len)
{
	int value = 0;

	if (len == 0 || len > 9 || (name[0] == '0' && len > 1))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		value = value * 10 + (name[i] - '0');
	}
	return value;
}

/** proc_emit_number() - list an entry that is called by a number. */
bool proc_emit_number(dir_emit_fn *emit, void *ctx, int number, u32 mode)
{
	char name[12];
	struct dir_item item = {
		.name = name,
		.len = (size_t)fmt_snprintf(name, sizeof(name), "%d", number),
		.mode = mode,
		.number = PROC_DYNAMIC_COOKIE + (u64)number,
		.cookie = PROC_DYNAMIC_COOKIE + (u64)number,
	};

	return emit(ctx, &item);
}

/** proc_refuse_write() - see proc.h. Context: any. */
long proc_refuse_write(struct file *file, struct io *io, u64 *pos)
{
	return -EACCES;
}
