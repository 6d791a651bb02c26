/* SPDX-License-Identifier: MIT */
/*
 * Names: the entries of tmpfs directories, and the way back from an inode to
 * its path.
 */
#ifndef KERNEL_FS_NAMES_H
#define KERNEL_FS_NAMES_H

#include "kernel/fs/vfs.h"

enum dirent_state {
	DIRENT_LINKED,                  /* in dir's tree and list */
	DIRENT_REMOVED,                 /* last name of a file still in use */
	DIRENT_FLOATING,                /* never in a tree: /proc/PID */
};

struct dirent {
	struct rb_node node;            /* [names_lock] directory.by_name */
	struct list_node order;         /* [names_lock] directory.entries */
	struct list_node same;          /* [names_lock] inode.names */
	struct inode *dir;              /* with a reference unless LINKED */
	struct inode *inode;            /* with a reference if LINKED */
	u64 cookie;                     /* place in the listing */
	enum dirent_state state;        /* [names_lock] */
	u8 len;                         /* bytes of name */
	char name[];                    /* with a NUL */
};

void names_init_dir(struct inode *dir);
int __must_check names_find(struct inode *dir, const char *name, size_t len,
			    struct inode **out);
int __must_check names_add(struct inode *dir, const char *name, size_t len,
			   struct inode *inode);
int __must_check names_remove(struct inode *dir, const char *name, size_t len,
			      bool want_dir);
int __must_check names_rename(struct inode *from_dir, const char *from,
			      size_t from_len, struct inode *to_dir,
			      const char *to, size_t to_len, u32 flags);
int names_list(struct inode *dir, u64 cookie, dir_emit_fn *emit, void *ctx);
int __must_check names_float(struct inode *inode, struct inode *dir,
			     const char *name, size_t len,
			     enum dirent_state state);
struct inode *names_parent(struct inode *dir);
bool names_reachable(struct inode *inode);

const char *names_check(struct inode *dir);

#endif
