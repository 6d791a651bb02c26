/* SPDX-License-Identifier: MIT */
/*
 * The first files: cpio archives ("newc") that the loader left in memory are
 * unpacked into the root, and their frames go back to the page allocator.
 *
 *   module ─ cpio_next ─► entry ─┬─ directory, device, fifo ─► tmpfs_create
 *                                ├─ link ─► tmpfs_symlink
 *                                └─ file ─► page cache (mapping_write)
 *
 * Hard links: entries of one archive with the same inode number are one file;
 * the first makes it, the others name it, and the one that has contents fills
 * it (cpio puts them into the last).
 *
 * A later entry replaces an earlier one of the same name, except that a
 * directory stays. Missing directories on the way are made, so that archives
 * need not list them. A path that climbs by ".." stays inside: the root is its own
 * parent.
 */
#include "kernel/fs/initramfs.h"

#include "arch/mmu.h"
#include "boot/bootinfo.h"
#include "kernel/base/printk.h"
#include "kernel/dev/chardev.h"
#include "kernel/fs/fcntl.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/names.h"
#include "kernel/fs/path.h"
#include "kernel/fs/tmpfs.h"
#include "lib/cpio.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/frames/page_alloc.h"

#define NS_PER_S 1000000000ull

/* A file that more entries may name. */
struct hard_link {
	struct list_node node;
	u32 archive, ino, dev_major, dev_minor;
	struct inode *inode;            /* with a reference */
};

struct unpacker {
	struct inode *root;
	struct list_node links;         /* struct hard_link */
	struct initramfs_stat *stat;
};

/* ---- hard links ---------------------------------------------------------------------- */

static struct hard_link *hard_link_find(struct unpacker *u,
					const struct cpio_entry *e)
{
	struct hard_link *l;

	list_for_each(l, &u->links, node)
		if (l->archive == e->archive && l->ino == e->ino &&
		    l->dev_major == e->dev_major &&
		    l->dev_minor == e->dev_minor)
			return l;
	return NULL;
}

static int hard_link_note(struct unpacker *u, const struct cpio_entry *e,
			  struct inode *inode)
{
	struct hard_link *l = kmalloc(sizeof(*l), GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	*l = (struct hard_link){ .archive = e->archive,
				 .ino = e->ino,
				 .dev_major = e->dev_major,
				 .dev_minor = e->dev_minor,
				 .inode = inode };
	inode_get(inode);
	list_push_back(&u->links, &l->node);
	return 0;
}

static void hard_links_free(struct unpacker *u)
{
	struct hard_link *l, *next;

	list_for_each_safe(l, next, &u->links, node) {
		inode_put(l->inode);
		kfree(l);
	}
}

/* ---- one entry ------------------------------------------------------------------------ */

static int unpack_contents(struct unpacker *u, struct inode *inode,
			   const struct cpio_entry *e)
{
	long done;

	if (e->size == 0)
		return 0;
	if (mapping_total_pages + (e->size >> PAGE_SHIFT) > tmpfs_limit_pages())
		return -ENOSPC;
	done = mapping_write(&inode->mapping, 0, e->data, e->size);
	if (done > 0)
		u->stat->bytes += (u64)done;
	if (done == (long)e->size)
		return 0;
	return done < 0 ? (int)done : -ENOMEM;
}

static void unpack_attributes(struct inode *inode, const struct cpio_entry *e)
{
	inode->uid = e->uid;
	inode->gid = e->gid;
	inode->mtime_ns = (u64)e->mtime * NS_PER_S;
}

/* A regular file, or one more name of one. */
static int unpack_file(struct unpacker *u, struct path *p,
		       const struct cpio_entry *e)
{
	struct hard_link *l = e->nlink > 1 ? hard_link_find(u, e) : NULL;
	struct inode *inode;
	int err;

	if (l) {
		inode = l->inode;
		inode_get(inode);
		err = names_add(p->dir, p->name, p->len, inode);
	} else {
		err = tmpfs_create(p->dir, p->name, p->len,
				   S_IFREG | (e->mode & 07777), 0, &inode);
		if (err)
			return err;
		if (e->nlink > 1)
			err = hard_link_note(u, e, inode);
		u->stat->files++;
	}
	if (!err)
		err = unpack_contents(u, inode, e);
	unpack_attributes(inode, e);
	inode_put(inode);
	return err;
}

static int unpack_link(struct unpacker *u, struct path *p,
		       const struct cpio_entry *e)
{
	char *target;
	int err;

	if (e->size == 0 || e->size >= PATH_MAX)
		return -EINVAL;
	target = kmalloc(e->size + 1, GFP_KERNEL);
	if (!target)
		return -ENOMEM;
	memcpy(target, e->data, e->size);
	target[e->size] = 0;
	err = tmpfs_symlink(p->dir, p->name, p->len, target);
	kfree(target);
	u->stat->links++;
	return err;
}

/* A directory, device or fifo. */
static int unpack_node(struct unpacker *u, struct path *p,
		       const struct cpio_entry *e)
{
	u64 rdev = dev_make(e->rdev_major, e->rdev_minor);
	struct inode *inode;
	int err;

	err = tmpfs_create(p->dir, p->name, p->len, e->mode & (S_IFMT | 07777),
			   rdev, &inode);
	if (err)
		return err;
	unpack_attributes(inode, e);
	inode_put(inode);
	if ((e->mode & S_IFMT) == S_IFDIR)
		u->stat->dirs++;
	else
		u->stat->devices++;
	return 0;
}

/* Makes room for the entry: what is there already goes, a directory stays.
 * 1: nothing left to do. */
static int unpack_over(struct path *p, const struct cpio_entry *e)
{
	bool is_dir;

	if (!p->inode)
		return 0;
	is_dir = p->inode->type == INODE_DIR;
	if (is_dir && (e->mode & S_IFMT) == S_IFDIR) {
		if (p->inode->fs == &tmpfs_ops)
			p->inode->mode = S_IFDIR | (e->mode & 07777);
		return 1;
	}
	if (path_is_dots(p))
		return -EISDIR;
	return names_remove(p->dir, p->name, p->len, is_dir);
}

/* Makes the directories of name that are not there yet: "a", "a/b" … */
static int unpack_parents(struct unpacker *u, const char *name)
{
	const char *slash = name;
	int err = 0;

	while (!err && (slash = strchr(slash + 1, '/'))) {
		struct path p;

		err = path_copy(&p, name);
		if (err)
			return err;
		p.buf[slash - name] = 0;
		err = path_walk(&p, u->root, PATH_FOLLOW | PATH_PARENT);
		if (!err && !p.inode) {
			err = tmpfs_create(p.dir, p.name, p.len, S_IFDIR | 0755,
					   0, NULL);
			u->stat->dirs++;
		}
		path_done(&p);
	}
	return err;
}

static int unpack_at(struct unpacker *u, struct path *p,
		     const struct cpio_entry *e)
{
	int err = unpack_over(p, e);

	if (err)
		return err > 0 ? 0 : err;
	switch (e->mode & S_IFMT) {
	case S_IFREG:
		return p->slash ? -EISDIR : unpack_file(u, p, e);
	case S_IFLNK:
		return unpack_link(u, p, e);
	case S_IFDIR:
	case S_IFCHR:
	case S_IFIFO:
		return unpack_node(u, p, e);
	default:
		pr_warn("initramfs: %s: type %o is not supported, skipped\n",
			e->name, e->mode & S_IFMT);
		return 0;
	}
}

static int unpack_entry(struct unpacker *u, const struct cpio_entry *e)
{
	const char *name = e->name;
	struct path p;
	int err;

	while (*name == '/')
		name++;
	if (!*name)
		return 0;               /* the root itself */
	err = path_copy(&p, name);
	if (err)
		return err;
	err = path_walk(&p, u->root, PATH_PARENT);
	if (err == -ENOENT) {           /* a directory on the way is missing */
		path_done(&p);
		err = unpack_parents(u, name);
		if (!err)
			err = path_copy(&p, name);
		if (err)
			return err;
		err = path_walk(&p, u->root, PATH_PARENT);
	}
	if (!err)
		err = unpack_at(u, &p, e);
	path_done(&p);
	return err;
}

static const char *unpack_why(int err)
{
	switch (err) {
	case -ENOMEM:
		return "out of memory";
	case -ENOSPC:
		return "files would fill more than half of RAM";
	case -ENOTDIR:
		return "a part of the path is no directory";
	case -EISDIR:
	case -ENOTEMPTY:
	case -EBUSY:
		return "a directory stands in the way";
	case -ENAMETOOLONG:
		return "name too long";
	case -ELOOP:
		return "too many symbolic links on the way";
	case -ENOENT:
		return "a symbolic link on the way leads nowhere";
	default:
		return "entry makes no sense";
	}
}

/**
 * initramfs_unpack() - unpack one buffer of archives into root
 *
 * Context: thread. Return: 0; -EINVAL (broken: st->why and st->offset), or the
 * errno of the entry at st->offset that could not be made.
 */
int initramfs_unpack(struct inode *root, const void *archive, size_t size,
		     struct initramfs_stat *st)
{
	struct unpacker u = { .root = root, .stat = st };
	struct cpio_reader r;
	struct cpio_entry e;
	int more, err = 0;

	*st = (struct initramfs_stat){ 0 };
	list_init(&u.links);
	cpio_open(&r, archive, size);
	while ((more = cpio_next(&r, &e, &st->why)) > 0) {
		err = unpack_entry(&u, &e);
		if (err) {
			st->why = unpack_why(err);
			st->offset = e.offset;
			break;
		}
	}
	if (more < 0) {
		err = more;
		st->offset = r.pos;
	}
	hard_links_free(&u);
	return err;
}

/* ---- boot ------------------------------------------------------------------------------- */

static void load_module(const struct boot_module *m)
{
	const void *data = phys_to_virt(pa_make(m->start));
	size_t size = m->end - m->start;
	const char *what = cpio_recognise(data, size);
	struct initramfs_stat st;

	if (what) {
		pr_warn("initramfs: module \"%s\" is %s\n", m->name,
			*what ? what : "no cpio archive (newc): ignored");
		return;
	}
	if (initramfs_unpack(root_inode, data, size, &st))
		pr_err("initramfs: module \"%s\": offset %zu: %s\n", m->name,
		       st.offset, st.why);
	pr_info("initramfs: %llu files, %llu directories, %llu links, "
		"%llu KiB\n",
		(unsigned long long)st.files, (unsigned long long)st.dirs,
		(unsigned long long)st.links,
		(unsigned long long)st.bytes >> 10);
}

/**
 * fs_load_initramfs() - unpack the loader's modules, and free their frames
 *
 * Only whole frames go back: the first and last may hold other boot data.
 * Context: boot, after fs_init().
 */
void fs_load_initramfs(const struct bootinfo *bi)
{
	u64 freed = 0;

	for (u32 i = 0; i < bi->nr_modules; i++) {
		const struct boot_module *m = &bi->module[i];
		u64 start = ALIGN_UP(m->start, PAGE_SIZE);
		u64 end = ALIGN_DOWN(m->end, PAGE_SIZE);

		if (m->end <= m->start)
			continue;
		load_module(m);
		if (end > start)
			freed += page_release_reserved(pa_make(start),
						       pa_make(end));
	}
	if (freed)
		pr_info("initramfs: %llu KiB of modules given back\n",
			(unsigned long long)freed * (PAGE_SIZE >> 10));
}
