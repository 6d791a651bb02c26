/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID: one process. The texts come from kernel/task/procinfo.c; this
 * file finds the process, and shows its open files.
 *
 *   fd/N  is a link with two answers: readlink gives a path for eyes
 *         ("pipe:[12]"), following it leads to the open inode itself, with or
 *         without a name. exe and cwd likewise.
 *
 * A process may end between any two calls: then its files say -ESRCH, and
 * its links -ENOENT.
 */
#include "kernel/fs/files.h"
#include "kernel/fs/proc.h"
#include "kernel/task/procinfo.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"

/* ---- texts --------------------------------------------------------------------------------------- */

typedef void procinfo_text_fn(struct process *p, struct strbuf *sb);
typedef size_t procinfo_bytes_fn(struct process *p, char *buf, size_t size);

static int show_text(struct strbuf *sb, int pid, procinfo_text_fn *fn)
{
	struct process *p = process_find(pid);

	if (!p)
		return -ESRCH;
	fn(p, sb);
	process_put(p);
	return 0;
}

/* Bytes as they are. A full buffer may have cut them: ask for more room. */
static int show_bytes(struct strbuf *sb, int pid, procinfo_bytes_fn *fn)
{
	struct process *p = process_find(pid);

	if (!p)
		return -ESRCH;
	sb->len = fn(p, sb->buf, sb->size);
	process_put(p);
	return 0;
}

static int show_pid_stat(struct strbuf *sb, int pid)
{
	return show_text(sb, pid, procinfo_stat);
}

static int show_pid_status(struct strbuf *sb, int pid)
{
	return show_text(sb, pid, procinfo_status);
}

static int show_pid_statm(struct strbuf *sb, int pid)
{
	return show_text(sb, pid, procinfo_statm);
}

static int show_cmdline(struct strbuf *sb, int pid)
{
	return show_bytes(sb, pid, procinfo_cmdline);
}

static int show_environ(struct strbuf *sb, int pid)
{
	return show_bytes(sb, pid, procinfo_environ);
}

static int show_auxv(struct strbuf *sb, int pid)
{
	return show_bytes(sb, pid, procinfo_auxv);
}

static int show_maps(struct strbuf *sb, int pid)
{
	struct process *p = process_find(pid);
	u64 pos = 0;

	if (!p)
		return -ESRCH;
	procinfo_maps(p, sb, &pos);
	process_put(p);
	if (pos && pos < USER_END)
		sb->len = sb->size;     /* it stopped for want of room */
	return 0;
}

static int show_comm(struct strbuf *sb, int pid)
{
	struct process *p = process_find(pid);

	if (!p)
		return -ESRCH;
	strbuf_printf(sb, "%s\n", p->comm);
	process_put(p);
	return 0;
}

static int show_mounts_link(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%s", PROC_MOUNTS);
	return 0;
}

/* ---- links to inodes ------------------------------------------------------------------------------ */

enum pid_link { PID_EXE, PID_CWD, PID_ROOT, PID_FD };

/* The inode behind the link, with a reference; NULL: it is gone. */
static struct inode *pid_link_inode(struct process *p, enum pid_link what,
				    int fd)
{
	struct inode *inode = NULL;
	struct file *file;
	u64 flags = spin_lock_irq(&tasks_lock);
	struct files *files = p->files;

	switch (what) {
	case PID_EXE:
		inode = p->exe;
		break;
	case PID_CWD:
		inode = p->fs.cwd;
		break;
	case PID_ROOT:
		inode = root_inode;
		break;
	case PID_FD:
		if (files)
			files_get(files);
		break;
	}
	if (inode)
		inode_get(inode);
	spin_unlock_irq(&tasks_lock, flags);
	if (what != PID_FD || !files)
		return inode;
	file = files_lookup(files, fd);
	if (file) {
		inode = file->inode;
		inode_get(inode);
		file_put(file);
	}
	files_put(files);
	return inode;
}

static int pid_follow(struct inode *link, enum pid_link what,
		      struct inode **out)
{
	struct process *p = process_find(link->proc.pid);

	if (!p)
		return -ENOENT;
	*out = pid_link_inode(p, what, link->proc.fd);
	process_put(p);
	return *out ? 0 : -ENOENT;
}

static long pid_readlink(struct inode *link, enum pid_link what, char *buf,
			 size_t size)
{
	struct inode *inode;
	char *path;
	long len = pid_follow(link, what, &inode);

	if (len)
		return len;
	path = kmalloc(PATH_MAX, GFP_KERNEL);
	if (path) {
		len = (long)strlen(inode_path(inode, path, PATH_MAX));
		len = MIN(len, (long)size);
		memcpy(buf, path, (size_t)len);
		kfree(path);
	} else {
		len = -ENOMEM;
	}
	inode_put(inode);
	return len;
}

static int exe_follow(struct inode *link, struct inode **out)
{
	return pid_follow(link, PID_EXE, out);
}

static long exe_readlink(struct inode *link, char *buf, size_t size)
{
	return pid_readlink(link, PID_EXE, buf, size);
}

static int cwd_follow(struct inode *link, struct inode **out)
{
	return pid_follow(link, PID_CWD, out);
}

static long cwd_readlink(struct inode *link, char *buf, size_t size)
{
	return pid_readlink(link, PID_CWD, buf, size);
}

static int root_follow(struct inode *link, struct inode **out)
{
	return pid_follow(link, PID_ROOT, out);
}

static long root_readlink(struct inode *link, char *buf, size_t size)
{
	return pid_readlink(link, PID_ROOT, buf, size);
}

static int fd_follow(struct inode *link, struct inode **out)
{
	return pid_follow(link, PID_FD, out);
}

static long fd_readlink(struct inode *link, char *buf, size_t size)
{
	return pid_readlink(link, PID_FD, buf, size);
}

/* ---- fd/ ---------------------------------------------------------------------------------------------- */

static const struct proc_node fd_link = PROC_LINK("fd", fd_readlink, fd_follow);

/* The table of process pid with a reference, or NULL. */
static struct files *pid_files_get(int pid)
{
	struct process *p = process_find(pid);
	struct files *files;
	u64 flags;

	if (!p)
		return NULL;
	flags = spin_lock_irq(&tasks_lock);
	files = p->files;
	if (files)
		files_get(files);
	spin_unlock_irq(&tasks_lock, flags);
	process_put(p);
	return files;
}

static int fd_lookup(struct inode *dir, const char *name, size_t len,
		     struct inode **out)
{
	int fd = proc_parse_number(name, len), pid = dir->proc.pid;
	struct files *files = fd >= 0 ? pid_files_get(pid) : NULL;
	bool there = files && fd_next(files, fd) == fd;

	if (files)
		files_put(files);
	return there ? proc_inode_create(dir, name, len, &fd_link, pid, fd, out)
		     : -ENOENT;
}

static int fd_list(struct inode *dir, u64 cookie, dir_emit_fn *emit, void *ctx)
{
	struct files *files = pid_files_get(dir->proc.pid);
	int fd = cookie >= PROC_DYNAMIC_COOKIE
			 ? (int)(cookie - PROC_DYNAMIC_COOKIE) + 1
			 : 0;

	while (files && (fd = fd_next(files, fd)) >= 0 &&
	       proc_emit_number(emit, ctx, fd, S_IFLNK))
		fd++;
	if (files)
		files_put(files);
	return 0;
}

/* ---- tables -------------------------------------------------------------------------------------------- */

static const struct proc_node pid_table[] = {
	PROC_FILE("auxv", show_auxv),
	{ .name = "clear_refs", .mode = S_IFREG | 0200,
	  .store_of = proc_store_clear_refs },
	PROC_FILE("cmdline", show_cmdline),
	PROC_FILE("comm", show_comm),
	PROC_LINK("cwd", cwd_readlink, cwd_follow),
	PROC_FILE("environ", show_environ),
	PROC_LINK("exe", exe_readlink, exe_follow),
	{ .name = "fd", .mode = S_IFDIR | 0500, .lookup = fd_lookup,
	  .list = fd_list },
	PROC_FILE("maps", show_maps),
	PROC_BINARY("mem", 0600, &proc_pid_mem_ops),
	PROC_FILE("mounts", show_mounts_link),
	PROC_FILE("numa_maps", proc_show_numa_maps),
	PROC_FILE("oom_score", proc_show_oom_score),
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644,
	  .show = proc_show_oom_score_adj,
	  .store_of = proc_store_oom_score_adj },
	PROC_BINARY("pagemap", 0400, &proc_pagemap_ops),
	PROC_LINK("root", root_readlink, root_follow),
	PROC_FILE("smaps", proc_show_smaps),
	PROC_FILE("smaps_rollup", proc_show_smaps_rollup),
	PROC_FILE("stat", show_pid_stat),
	PROC_FILE("statm", show_pid_statm),
	PROC_FILE("status", show_pid_status),
};

const struct proc_node proc_pid_dir = {
	.name = "PID", .mode = S_IFDIR | 0555,
	.child = pid_table, .nr_child = array_size(pid_table),
};
