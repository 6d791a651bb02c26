/* SPDX-License-Identifier: MIT */
/*
 * Names: which inode stands behind "name" in a directory.
 *
 *      directory inode                       inode (a file with two links)
 *      ├ by_name (tree) ──► dirent "a" ──inode──► ┐
 *      │                      │  same ◄──────── names
 *      └ entries (list) ──► dirent "b" ──inode──► ┘
 *
 * The tree finds a name in O(log n); the list keeps the order of arrival, in
 * which getdents64 shows it, with a cookie that grows: a listing goes on
 * behind its last cookie whatever came and went meanwhile.
 *
 * A dirent leads both ways: inode.names leads back to the directory, so that
 * "..", getcwd and /proc/PID/maps need no second structure. When the last
 * name of a file goes while the file is in use, the dirent stays with the
 * inode (REMOVED), to say where the file was.
 *
 * Invariants (names_check):
 *  [N1] LINKED: in the tree and the list of dir, holds a reference to inode;
 *  [N2] not LINKED: in neither, holds a reference to dir;
 *  [N3] cookies grow along the list, and all are <= last_cookie;
 *  [N4] a directory has exactly one name (the root: none), so its parent is
 *       that name's dir; its nlink is 2 + the number of its subdirectories;
 *  [N5] a directory with nlink 0 is dead: empty, and nothing is added.
 *
 * Locking: names_lock guards all of it. It is a leaf: memory is taken before
 * and references are dropped after.
 */
#include "kernel/fs/names.h"

#include "kernel/fs/fcntl.h"
#include "kernel/fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"

static struct rwlock names_lock;

/** names_init() - prepare the lock of all names. Boot. */
void names_init(void)
{
	rwlock_init(&names_lock, RANK_FS);
}

/** names_init_dir() - an empty directory without a name. Context: any. */
void names_init_dir(struct inode *dir)
{
	dir->dir.by_name = (struct rb_root){ 0 };
	list_init(&dir->dir.entries);
	dir->dir.last_cookie = 0;
}

static struct dirent *dirent_alloc(const char *name, size_t len)
{
	struct dirent *e = kmalloc(sizeof(*e) + len + 1, GFP_KERNEL);

	if (e) {
		e->len = (u8)len;
		memcpy(e->name, name, len);
		e->name[len] = 0;
	}
	return e;
}

/* Shorter names first, then by their bytes: any total order will do. */
static int dirent_compare(const struct dirent *e, const char *name, size_t len)
{
	return len != e->len ? (len < e->len ? -1 : 1)
			     : memcmp(name, e->name, len);
}

static struct dirent *dirent_find(struct inode *dir, const char *name,
				  size_t len)
{
	struct rb_node *n = dir->dir.by_name.node;

	while (n) {
		struct dirent *e = rb_entry(n, struct dirent, node);
		int order = dirent_compare(e, name, len);

		if (order == 0)
			return e;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

/* Puts e into dir as a name of inode, whose reference the caller gives. [N1] */
static void dirent_link(struct dirent *e, struct inode *dir,
			struct inode *inode)
{
	struct rb_node **link = &dir->dir.by_name.node, *parent = NULL;

	while (*link) {
		struct dirent *at = rb_entry(*link, struct dirent, node);

		parent = *link;
		link = dirent_compare(at, e->name, e->len) < 0 ? &parent->left
							       : &parent->right;
	}
	rb_insert(&dir->dir.by_name, &e->node, parent, link);
	e->cookie = ++dir->dir.last_cookie;
	list_push_back(&dir->dir.entries, &e->order);
	list_push_back(&inode->names, &e->same);
	e->dir = dir;
	e->inode = inode;
	e->state = DIRENT_LINKED;
	dir->mtime_ns = dir->ctime_ns = inode->ctime_ns = inode_clock();
}

/* Takes e out of its directory; it stays on inode.names, in no state yet. */
static void dirent_unlink(struct dirent *e)
{
	rb_erase(&e->dir->dir.by_name, &e->node);
	list_remove(&e->order);
	e->dir->mtime_ns = e->dir->ctime_ns = e->inode->ctime_ns =
		inode_clock();
}

static void names_count_up(struct inode *dir, struct inode *inode)
{
	if (inode->type == INODE_DIR) {
		inode->nlink += 2;
		dir->nlink++;
	} else {
		inode->nlink++;
	}
}

static void names_count_down(struct inode *dir, struct inode *inode)
{
	if (inode->type == INODE_DIR) {
		inode->nlink -= 2;
		dir->nlink--;
	} else {
		inode->nlink--;
	}
}

/*
 * Removes the entry for good. The last name stays with its inode [N2]; any
 * other dirent is returned, for kfree() after the lock is dropped.
 */
static struct dirent *dirent_retire(struct dirent *e)
{
	struct inode *inode = e->inode;

	dirent_unlink(e);
	names_count_down(e->dir, inode);
	if (inode->names.next == &e->same && inode->names.prev == &e->same) {
		e->state = DIRENT_REMOVED;
		inode_get(e->dir);
		return NULL;
	}
	list_remove(&e->same);
	return e;
}

/**
 * names_find() - the inode of a name, with a reference
 *
 * Context: thread. Return: 0, or -ENOENT.
 */
int names_find(struct inode *dir, const char *name, size_t len,
	       struct inode **out)
{
	struct dirent *e;

	read_lock(&names_lock);
	e = dirent_find(dir, name, len);
	if (e) {
		*out = e->inode;
		inode_get(e->inode);
	}
	read_unlock(&names_lock);
	return e ? 0 : -ENOENT;
}

/* The name that says where a file was, if that is all it has: it is about to get
 * a real one. Context: names_lock for writing. */
static struct dirent *dirent_take_removed(struct inode *inode)
{
	struct dirent *e;

	if (list_empty(&inode->names))
		return NULL;
	e = list_first(&inode->names, struct dirent, same);
	if (e->state != DIRENT_REMOVED)
		return NULL;
	list_remove(&e->same);
	return e;
}

/**
 * names_add() - give an inode one more name
 *
 * The name takes its own reference. Context: thread.
 * Return: 0, -EEXIST, -ENOENT (dir was removed), -ENOMEM.
 */
int names_add(struct inode *dir, const char *name, size_t len,
	      struct inode *inode)
{
	struct dirent *e = dirent_alloc(name, len), *old = NULL;
	int err = 0;

	if (!e)
		return -ENOMEM;
	write_lock(&names_lock);
	if (dir->nlink == 0)
		err = -ENOENT;          /* [N5] */
	else if (dirent_find(dir, name, len))
		err = -EEXIST;
	if (!err) {
		old = dirent_take_removed(inode);
		inode_get(inode);
		dirent_link(e, dir, inode);
		names_count_up(dir, inode);
	}
	write_unlock(&names_lock);
	if (err)
		kfree(e);
	if (old)
		inode_put(old->dir);
	kfree(old);
	return err;
}

/* Whether a directory's entry may go: 0, -ENOTEMPTY, or -EBUSY where another
 * file system begins. */
static int dirent_check_removable(const struct dirent *e)
{
	if (e->inode->fs != e->dir->fs)
		return -EBUSY;
	if (e->inode->type == INODE_DIR && !list_empty(&e->inode->dir.entries))
		return -ENOTEMPTY;
	return 0;
}

/**
 * names_remove() - unlink (want_dir false) or rmdir (true)
 *
 * Context: thread. Return: 0, -ENOENT, -EISDIR, -ENOTDIR, -ENOTEMPTY, -EBUSY.
 */
int names_remove(struct inode *dir, const char *name, size_t len, bool want_dir)
{
	struct dirent *e, *spare = NULL;
	struct inode *inode = NULL;
	int err;

	write_lock(&names_lock);
	e = dirent_find(dir, name, len);
	if (!e)
		err = -ENOENT;
	else if ((e->inode->type == INODE_DIR) != want_dir)
		err = want_dir ? -ENOTDIR : -EISDIR;
	else
		err = dirent_check_removable(e);
	if (!err) {
		inode = e->inode;
		spare = dirent_retire(e);
	}
	write_unlock(&names_lock);
	kfree(spare);
	if (inode)
		inode_put(inode);
	return err;
}

/* Is top the directory dir itself or one above it? */
static bool names_is_above(const struct inode *top, const struct inode *dir)
{
	while (dir != top && !list_empty(&dir->names))
		dir = list_first(&dir->names, struct dirent, same)->dir;
	return dir == top;
}

/* May from take the place of to (NULL: a free name) in dir? */
static int rename_check(const struct dirent *from, const struct dirent *to,
			const struct inode *dir, u32 flags)
{
	bool is_dir = from->inode->type == INODE_DIR;

	if (dir->nlink == 0)
		return -ENOENT;
	if (to && flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (to && to->inode == from->inode)
		return 0;
	if (from->inode->fs != from->dir->fs)
		return -EBUSY;
	if (is_dir && names_is_above(from->inode, dir))
		return -EINVAL;
	if (!to)
		return flags & RENAME_EXCHANGE ? -ENOENT : 0;
	if (flags & RENAME_EXCHANGE)
		return to->inode->type == INODE_DIR &&
				       names_is_above(to->inode, from->dir)
			       ? -EINVAL
			       : 0;
	if (is_dir != (to->inode->type == INODE_DIR))
		return is_dir ? -ENOTDIR : -EISDIR;
	return dirent_check_removable(to);
}

/* Both names stay; what stands behind them changes places. */
static void rename_exchange(struct dirent *a, struct dirent *b)
{
	struct inode *inode = a->inode;

	names_count_down(a->dir, a->inode);
	names_count_down(b->dir, b->inode);
	list_remove(&a->same);
	list_remove(&b->same);
	a->inode = b->inode;
	b->inode = inode;
	list_push_back(&a->inode->names, &a->same);
	list_push_back(&b->inode->names, &b->same);
	names_count_up(a->dir, a->inode);
	names_count_up(b->dir, b->inode);
}

/* The inode of from becomes fresh in dir; the reference moves along. */
static void rename_move(struct dirent *from, struct dirent *fresh,
			struct inode *dir)
{
	struct inode *inode = from->inode;

	names_count_down(from->dir, inode);
	dirent_unlink(from);
	list_remove(&from->same);
	dirent_link(fresh, dir, inode);
	names_count_up(dir, inode);
}

/**
 * names_rename() - rename(2), with RENAME_NOREPLACE and RENAME_EXCHANGE
 *
 * What stood at the new name is replaced in one step. Context: thread.
 * Return: 0, -ENOENT, -EEXIST, -EINVAL (into itself), -ENOTDIR, -EISDIR,
 * -ENOTEMPTY, -EBUSY, -ENOMEM.
 */
int names_rename(struct inode *from_dir, const char *from, size_t from_len,
		 struct inode *to_dir, const char *to, size_t to_len, u32 flags)
{
	struct dirent *fresh = dirent_alloc(to, to_len), *spare = NULL, *a, *b;
	struct inode *replaced = NULL;
	int err;

	if (!fresh)
		return -ENOMEM;
	write_lock(&names_lock);
	a = dirent_find(from_dir, from, from_len);
	b = dirent_find(to_dir, to, to_len);
	err = a ? rename_check(a, b, to_dir, flags) : -ENOENT;
	if (err || (b && a->inode == b->inode)) {
		a = fresh;              /* nothing to do: one file already */
	} else if (flags & RENAME_EXCHANGE) {
		rename_exchange(a, b);
		a = fresh;
	} else {
		if (b) {
			replaced = b->inode;
			spare = dirent_retire(b);
		}
		rename_move(a, fresh, to_dir);
	}
	write_unlock(&names_lock);
	kfree(a);
	kfree(spare);
	if (replaced)
		inode_put(replaced);
	return err;
}

/**
 * names_list() - tell emit of the entries behind cookie, in order
 *
 * emit must not sleep; it ends the listing by false. Context: thread.
 */
int names_list(struct inode *dir, u64 cookie, dir_emit_fn *emit, void *ctx)
{
	struct dirent *e;

	read_lock(&names_lock);
	list_for_each(e, &dir->dir.entries, order) {
		struct dir_item item = {
			e->name, e->len, e->inode->number, e->cookie,
			e->inode->mode,
		};

		if (e->cookie > cookie && !emit(ctx, &item))
			break;
	}
	read_unlock(&names_lock);
	return 0;
}

/**
 * names_float() - give an inode a name that stands in no directory
 *
 * For inodes made on the fly (/proc/PID: FLOATING) and files without a place
 * (memfd: REMOVED). Context: thread. Return: 0 or -ENOMEM.
 */
int names_float(struct inode *inode, struct inode *dir, const char *name,
		size_t len, enum dirent_state state)
{
	struct dirent *e = dirent_alloc(name, len);

	if (!e)
		return -ENOMEM;
	inode_get(dir);                 /* [N2] */
	e->dir = dir;
	e->inode = inode;
	e->state = state;
	write_lock(&names_lock);
	list_push_back(&inode->names, &e->same);
	write_unlock(&names_lock);
	return 0;
}

/** names_drop() - free the names of an inode that nothing refers to any more. */
struct inode *names_drop(struct inode *inode)
{
	struct inode *dir = NULL;
	struct dirent *e = NULL;

	write_lock(&names_lock);
	if (!list_empty(&inode->names)) {
		e = list_first(&inode->names, struct dirent, same);
		list_remove(&e->same);
		dir = e->dir;
	}
	write_unlock(&names_lock);
	kfree(e);
	return dir;
}

/** names_parent() - "..", with a reference; the root's is itself [N4]. */
struct inode *names_parent(struct inode *dir)
{
	struct inode *parent = dir;

	read_lock(&names_lock);
	if (!list_empty(&dir->names))
		parent = list_first(&dir->names, struct dirent, same)->dir;
	inode_get(parent);
	read_unlock(&names_lock);
	return parent;
}

/** names_reachable() - does a path lead to this directory? Context: thread. */
bool names_reachable(struct inode *inode)
{
	return inode == root_inode || READ_ONCE(inode->nlink) > 0;
}

/* Puts text before what stands at *at already; false: no room. */
static bool path_prepend(char *buf, char **at, const char *text, size_t len)
{
	if ((size_t)(*at - buf) < len)
		return false;
	*at -= len;
	memcpy(*at, text, len);
	return true;
}

/* The names from inode up to the root, written from the end of buf. */
static bool path_build(struct inode *inode, char *buf, char **at)
{
	bool ok = true;
	struct dirent *e;

	while (ok && !list_empty(&inode->names)) {
		e = list_first(&inode->names, struct dirent, same);
		ok = path_prepend(buf, at, e->name, e->len) &&
		     path_prepend(buf, at, "/", 1);
		inode = e->dir;
	}
	return ok;
}

/**
 * inode_path() - the absolute path of an inode, as /proc shows it
 *
 * A file whose last name went gets " (deleted)" behind it; a pipe has no
 * path: "pipe:[number]". A path longer than size - 1 becomes "(too long)".
 * Context: thread, mm->lock may be held. Return: buf.
 */
const char *inode_path(struct inode *inode, char *buf, size_t size)
{
	static const char deleted[] = " (deleted)";
	char *at = buf + size - 1;
	bool ok = true;

	*at = 0;
	read_lock(&names_lock);
	if (inode == root_inode) {
		ok = path_prepend(buf, &at, "/", 1);
	} else if (list_empty(&inode->names)) {
		read_unlock(&names_lock);
		return inode_nameless(inode, buf, size);
	} else {
		struct dirent *e = list_first(&inode->names, struct dirent,
					      same);

		if (e->state == DIRENT_REMOVED)
			ok = path_prepend(buf, &at, deleted,
					  sizeof(deleted) - 1);
		ok = ok && path_build(inode, buf, &at);
	}
	read_unlock(&names_lock);
	if (!ok)
		str_copy(buf, "(too long)", size);
	else
		memmove(buf, at, strlen(at) + 1);
	return buf;
}

/**
 * names_check() - the invariants of one tmpfs directory
 *
 * Context: thread. Return: NULL, or the broken invariant.
 */
const char *names_check(struct inode *dir)
{
	const char *why = rb_check(&dir->dir.by_name);
	u64 cookie = 0, subdirs = 0;
	struct dirent *e;

	read_lock(&names_lock);
	list_for_each(e, &dir->dir.entries, order) {
		if (e->state != DIRENT_LINKED || e->dir != dir ||
		    dirent_find(dir, e->name, e->len) != e)
			why = "[N1] entry and directory disagree";
		if (e->cookie <= cookie || e->cookie > dir->dir.last_cookie)
			why = "[N3] cookies do not grow";
		cookie = e->cookie;
		subdirs += e->inode->type == INODE_DIR;
	}
	if (dir->nlink && dir->nlink != 2 + subdirs)
		why = "[N4] nlink is not 2 + subdirectories";
	if (!dir->nlink && !list_empty(&dir->dir.entries))
		why = "[N5] a dead directory has entries";
	read_unlock(&names_lock);
	return why;
}
