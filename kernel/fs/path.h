/* SPDX-License-Identifier: MIT */
/*
 * From a path to an inode.
 *
 *	struct path p;
 *	err = path_copy(&p, "/etc/motd");       // or path_copy_user()
 *	if (!err)
 *		err = path_walk(&p, start, PATH_FOLLOW);
 *	... p.inode, p.dir, p.name ...
 *	path_done(&p);                          // after any path_copy that worked
 */
#ifndef KERNEL_FS_PATH_H
#define KERNEL_FS_PATH_H

#include "kernel/fs/vfs.h"

enum {
	PATH_FOLLOW = 1 << 0,           /* a link at the end is followed */
	PATH_PARENT = 1 << 1,           /* the last name need not exist */
	PATH_NAME = 1 << 2,             /* the last name itself is meant: never
					 * followed, and its slash is the
					 * caller's to judge */
};

struct path {
	char *buf;                      /* PATH_MAX bytes, changed by the walk */
	struct inode *dir;              /* where name was looked up, referenced */
	struct inode *inode;            /* the result, referenced; NULL: none */
	const char *name;               /* last name, in buf, without a NUL */
	size_t len;                     /* of name; 0: the path was "/" */
	char *rest;                     /* what is still to walk */
	u32 links;                      /* followed so far */
	bool slash;                     /* "name/": must be a directory */
};

void path_init(void);
int __must_check path_copy(struct path *p, const char *text);
int __must_check path_copy_user(struct path *p, u64 text);
int __must_check path_walk(struct path *p, struct inode *start, u32 flags);
void path_done(struct path *p);
/* ".", "..": not a name that a directory can get or lose. */
bool path_is_dots(const struct path *p);

/* For boot and tests: the inode of an absolute path, referenced. */
int __must_check path_find(const char *text, struct inode **out);

#endif
