/* SPDX-License-Identifier: MIT */
/*
 * The path walk: one name after another, from a directory down.
 *
 *      "usr/lib/../bin/sh"
 *       ───               p.dir = start: lookup "usr"
 *           ───           p.dir = usr:   lookup "lib" …
 *                      ── last name: p.name, p.inode
 *
 * A symbolic link is not walked by recursion: its target is put in front of
 * what is left of the path, in the same buffer, and the walk goes on. So a
 * chain of links costs no stack; 40 of them are the end (-ELOOP), as is a
 * path that no longer fits into PATH_MAX (-ENAMETOOLONG).
 *
 * Each step takes the names' lock for itself and holds a reference to the
 * directory where it stands; a rename elsewhere may happen in between. Who
 * needs a name to be free or to be there finds out when changing it.
 */
#include "kernel/fs/path.h"

#include "kernel/fs/names.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/slab.h"
#include "mm/spaces/uaccess.h"

#define PATH_MAX_LINKS 40

static struct kmem_cache *path_cache;

/** path_init() - the cache of path buffers. Boot. */
void path_init(void)
{
	path_cache = kmem_cache_create("path", PATH_MAX, 0, CACHE_PANIC, NULL);
}

static int path_alloc(struct path *p)
{
	*p = (struct path){ .buf = kmem_cache_alloc(path_cache, GFP_KERNEL) };
	return p->buf ? 0 : -ENOMEM;
}

/**
 * path_copy() - a path of the kernel's own
 *
 * Context: thread. Return: 0 (path_done() needed), -ENOENT (empty),
 * -ENAMETOOLONG, -ENOMEM.
 */
int path_copy(struct path *p, const char *text)
{
	size_t len = strlen(text);
	int err;

	if (len == 0)
		return -ENOENT;
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	err = path_alloc(p);
	if (!err)
		memcpy(p->buf, text, len + 1);
	return err;
}

/**
 * path_copy_user() - a path of the calling program
 *
 * An empty one is allowed: path_walk() ends it, or AT_EMPTY_PATH.
 * Context: thread. Return: 0 (path_done() needed), -EFAULT, -ENAMETOOLONG,
 * -ENOMEM.
 */
int path_copy_user(struct path *p, u64 text)
{
	long len;
	int err = path_alloc(p);

	if (err)
		return err;
	len = strncpy_from_user(p->buf, (const char __user *)text, PATH_MAX);
	if (len >= 0)
		return 0;
	path_done(p);
	return (int)len;
}

/** path_done() - drop what a path holds. */
void path_done(struct path *p)
{
	if (p->inode)
		inode_put(p->inode);
	if (p->dir)
		inode_put(p->dir);
	kmem_cache_free(path_cache, p->buf);
	*p = (struct path){ 0 };
}

/** path_is_dots() - is the last name "." or ".." (or the path "/")? */
bool path_is_dots(const struct path *p)
{
	return p->len == 0 ||
	       (p->name[0] == '.' &&
		(p->len == 1 || (p->len == 2 && p->name[1] == '.')));
}

/* Stands on inode, whose reference p takes over. */
static void path_stand_on(struct path *p, struct inode *inode)
{
	if (p->dir)
		inode_put(p->dir);
	p->dir = inode;
}

static void path_stand_on_root(struct path *p)
{
	inode_get(root_inode);
	path_stand_on(p, root_inode);
}

/* Cuts the next name off p->rest; false: there is none. */
static bool path_next_name(struct path *p)
{
	char *at = p->rest;

	while (*at == '/')
		at++;
	p->name = at;
	while (*at && *at != '/')
		at++;
	p->len = (size_t)(at - p->name);
	p->rest = at;
	p->slash = *at == '/';
	return p->len > 0;
}

static bool path_at_end(const struct path *p)
{
	const char *at = p->rest;

	while (*at == '/')
		at++;
	return *at == 0;
}

/* The inode of p->name in p->dir into p->inode. */
static int path_lookup(struct path *p)
{
	struct inode *dir = p->dir;

	if (dir->type != INODE_DIR)
		return -ENOTDIR;
	if (p->len > NAME_MAX)
		return -ENAMETOOLONG;
	if (p->len == 1 && p->name[0] == '.') {
		inode_get(dir);
		p->inode = dir;
		return 0;
	}
	if (p->len == 2 && p->name[0] == '.' && p->name[1] == '.') {
		p->inode = names_parent(dir);
		return 0;
	}
	return dir->fs->lookup(dir, p->name, p->len, &p->inode);
}

/* Puts the link's target in front of the rest of the path. */
static int path_splice_link(struct path *p)
{
	size_t rest = strlen(p->rest) + 1;
	char *target;
	long len;

	target = kmem_cache_alloc(path_cache, GFP_KERNEL);
	if (!target)
		return -ENOMEM;
	len = p->inode->fs->readlink(p->inode, target, PATH_MAX);
	if (len >= 0 && (size_t)len + rest > PATH_MAX)
		len = -ENAMETOOLONG;
	if (len >= 0) {
		memmove(p->buf + len, p->rest, rest);
		memcpy(p->buf, target, (size_t)len);
		p->rest = p->buf;
		if (len && target[0] == '/')
			path_stand_on_root(p);
	}
	kmem_cache_free(path_cache, target);
	return len < 0 ? (int)len : 0;
}

/*
 * p->inode is a link that must be followed: either the walk goes on with its
 * target (p->inode becomes NULL), or p->inode becomes what it leads to.
 */
static int path_follow(struct path *p)
{
	struct inode *link = p->inode, *to;
	int err;

	if (++p->links > PATH_MAX_LINKS)
		return -ELOOP;
	if (link->fs->follow) {
		err = link->fs->follow(link, &to);
		if (err != -EINVAL) {
			p->inode = err ? NULL : to;
			inode_put(link);
			return err;
		}
	}
	err = path_splice_link(p);
	p->inode = NULL;
	inode_put(link);
	return err;
}

/* One name; *done when p->inode (or its absence) is the result. */
static int path_step(struct path *p, u32 flags, bool *done)
{
	int err = path_lookup(p);
	bool last = path_at_end(p);

	if (err == -ENOENT && last && flags & PATH_PARENT) {
		*done = true;
		return 0;
	}
	if (!err && p->inode->type == INODE_LINK &&
	    (!last || flags & PATH_FOLLOW ||
	     (p->slash && !(flags & PATH_NAME)))) {
		err = path_follow(p);
		if (!err && !p->inode)
			return 0;       /* the target is walked now */
	}
	if (err)
		return err;
	if (last) {
		*done = true;
		return p->slash && p->inode->type != INODE_DIR &&
				       !(flags & PATH_NAME)
			       ? -ENOTDIR
			       : 0;
	}
	path_stand_on(p, p->inode);
	p->inode = NULL;
	return 0;
}

/**
 * path_walk() - find what p's path means, beginning at start
 *
 * start: for a relative path. On success p->dir is the directory of the last
 * name, and p->inode what it names; with PATH_PARENT p->inode may be NULL.
 * Context: thread, may sleep. Return: 0, -ENOENT, -ENOTDIR, -ELOOP,
 * -ENAMETOOLONG, -ENOMEM; path_done() in any case. Ref: path_resolution(7).
 */
int path_walk(struct path *p, struct inode *start, u32 flags)
{
	bool done = false;
	int err = 0;

	if (!*p->buf)
		return -ENOENT;
	p->rest = p->buf;
	if (*p->buf == '/') {
		path_stand_on_root(p);
	} else {
		inode_get(start);
		path_stand_on(p, start);
	}
	while (!err && !done) {
		if (path_next_name(p)) {
			err = path_step(p, flags, &done);
		} else {                /* only slashes: where we stand */
			inode_get(p->dir);
			p->inode = p->dir;
			done = true;
		}
	}
	return err;
}

/** path_find() - the inode of an absolute path. Return: as path_walk(). */
int path_find(const char *text, struct inode **out)
{
	struct path p;
	int err = path_copy(&p, text);

	if (err)
		return err;
	err = path_walk(&p, root_inode, PATH_FOLLOW);
	if (!err) {
		*out = p.inode;
		p.inode = NULL;
	}
	path_done(&p);
	return err;
}
