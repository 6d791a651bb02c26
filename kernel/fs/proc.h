/* SPDX-License-Identifier: MIT */
/*
 * /proc as tables: each entry is a struct proc_node, and each file a function
 * that writes its text.
 */
#ifndef KERNEL_FS_PROC_H
#define KERNEL_FS_PROC_H

#include "kernel/fs/fcntl.h"
#include "kernel/fs/vfs.h"
#include "lib/format.h"

struct proc_node {
	const char *name;
	u32 mode;                       /* S_IFREG, S_IFDIR or S_IFLNK + rights */

	/* Regular: the text, for process pid (0 outside /proc/PID). A text
	 * that does not fit says so by sb->len >= sb->size and is asked for
	 * again with more room. 0 or -errno. Context: thread, no locks. */
	int (*show)(struct strbuf *sb, int pid);
	/* Regular, writable: takes text without its newline. 0 or -errno. */
	int (*store)(const char *text);
	int (*store_of)(const char *text, int pid);     /* a file of process pid */
	/* Regular, not text: what an open file does; show and store are unused. */
	const struct file_ops *ops;

	/* Directory: fixed entries, and those that come and go. */
	const struct proc_node *child;
	u32 nr_child;
	int (*lookup)(struct inode *dir, const char *name, size_t len,
		      struct inode **out);
	int (*list)(struct inode *dir, u64 cookie, dir_emit_fn *emit,
		    void *ctx);

	/* Link: its text, and where it leads when that is no path. */
	long (*readlink)(struct inode *link, char *buf, size_t size);
	int (*follow)(struct inode *link, struct inode **out);
};

/* Nothing is ever mounted or unmounted. */
#define PROC_MOUNTS "tmpfs / tmpfs rw 0 0\nproc /proc proc rw 0 0\n"

#define PROC_FILE(n, fn)                                                       \
	{                                                                      \
		.name = (n), .mode = S_IFREG | 0444, .show = (fn)              \
	}
#define PROC_KNOB(n, fn, st)                                                   \
	{                                                                      \
		.name = (n), .mode = S_IFREG | 0644, .show = (fn),             \
		.store = (st)                                                  \
	}
#define PROC_BINARY(n, m, o)                                                   \
	{                                                                      \
		.name = (n), .mode = S_IFREG | (m), .ops = (o)                 \
	}
#define PROC_DIR(n, table)                                                     \
	{                                                                      \
		.name = (n), .mode = S_IFDIR | 0555, .child = (table),         \
		.nr_child = array_size(table)                                  \
	}
#define PROC_LINK(n, rl, fl)                                                   \
	{                                                                      \
		.name = (n), .mode = S_IFLNK | 0777, .readlink = (rl),         \
		.follow = (fl)                                                 \
	}

/* Hangs /proc into root. 0 or -ENOMEM. */
int __must_check proc_init(struct inode *root);

/* An inode for node of process pid (fd: of /proc/PID/fd), called name in dir. */
int __must_check proc_inode_create(struct inode *dir, const char *name,
				   size_t len, const struct proc_node *node,
				   int pid, int fd, struct inode **out);
/* A name that is a number, without leading zeroes; -1: it is none. */
int proc_parse_number(const char *name, size_t len);
/* Cookies of entries that come and go begin here. */
#define PROC_DYNAMIC_COOKIE 1000u
bool proc_emit_number(dir_emit_fn *emit, void *ctx, int number, u32 mode);

extern const struct proc_node proc_root_dir;    /* proc_root.c: /proc */
extern const struct proc_node proc_pid_dir;     /* proc_pid.c: /proc/PID */

/* Tables of their own files, in the order of the names. */
enum { PROC_QUIRE_FILES = 7, PROC_SYS_VM_FILES = 9 };
extern const struct proc_node proc_quire_table[PROC_QUIRE_FILES];
extern const struct proc_node proc_sys_vm_table[PROC_SYS_VM_FILES];

extern const struct file_ops proc_file_ops;     /* proc_text.c */
/* The write operation of files that nobody writes: -EACCES. */
long proc_refuse_write(struct file *file, struct io *io, u64 *pos);

/* proc_pages.c */
extern const struct file_ops proc_pagemap_ops, proc_kpagecount_ops,
	proc_kpageflags_ops;
extern const struct file_ops proc_pid_mem_ops;  /* proc_pid_mem.c */

/* proc_mem.c */
int proc_show_meminfo(struct strbuf *sb, int pid);
int proc_show_buddyinfo(struct strbuf *sb, int pid);
int proc_show_pagetypeinfo(struct strbuf *sb, int pid);
int proc_show_slabinfo(struct strbuf *sb, int pid);
int proc_show_vmallocinfo(struct strbuf *sb, int pid);
int proc_show_iomem(struct strbuf *sb, int pid);
/* proc_oom.c */
int proc_show_oom_score(struct strbuf *sb, int pid);
int proc_show_oom_score_adj(struct strbuf *sb, int pid);
int proc_store_oom_score_adj(const char *text, int pid);
/* proc_vmstat.c */
int proc_show_vmstat(struct strbuf *sb, int pid);
int proc_show_zoneinfo(struct strbuf *sb, int pid);
/* proc_smaps.c */
struct mm;
int __must_check proc_mm_get(int pid, struct mm **out);
int proc_show_smaps(struct strbuf *sb, int pid);
int proc_show_smaps_rollup(struct strbuf *sb, int pid);
/* proc_numa.c */
int proc_show_numa_maps(struct strbuf *sb, int pid);
int proc_store_clear_refs(const char *text, int pid);

#endif
