/* SPDX-License-Identifier: MIT */
/*
 * Open directories: getdents64.
 *
 *   position   0    1     2 …
 *   entry      .    ..    names, in the order of their cookies + 2
 *
 * Entries are packed into a kernel buffer under the names' lock and copied to
 * the caller afterwards. The position moves on only over what the caller got.
 */
#include "kernel/fs/dir.h"

#include "kernel/fs/fcntl.h"
#include "kernel/fs/names.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"

#define DIR_DOTS        2               /* positions of "." and ".." */
#define DIR_BUFFER_SIZE 4096            /* bytes packed at once */

/* struct linux_dirent64 of getdents64(2); name follows, with its NUL. */
struct dirent_user {
	u64 number;
	s64 next;                       /* position behind this entry */
	u16 size;                       /* of the record, a multiple of 8 */
	u8 type;                        /* DT_*: S_IF* >> 12 */
	char name[];
} __packed;

struct dir_packer {
	u8 *buf;
	size_t size, used;              /* bytes */
	u64 pos;                        /* position behind the last one packed */
	bool full;
};

static bool dir_pack(void *ctx, const struct dir_item *item)
{
	struct dir_packer *pk = ctx;
	size_t fixed = offsetof(struct dirent_user, name);
	size_t size = ALIGN_UP(fixed + item->len + 1, 8);
	struct dirent_user *d = (struct dirent_user *)(pk->buf + pk->used);

	if (size > pk->size - pk->used) {
		pk->full = true;
		return false;
	}
	memset(d, 0, size);
	d->number = item->number;
	d->next = (s64)(item->cookie + DIR_DOTS);
	d->size = (u16)size;
	d->type = (u8)((item->mode & S_IFMT) >> 12);
	memcpy(d->name, item->name, item->len);
	pk->used += size;
	pk->pos = item->cookie + DIR_DOTS;
	return true;
}

/* "." and "..", whose cookies are below those of all names. */
static bool dir_pack_dots(struct dir_packer *pk, struct inode *dir)
{
	bool ok = true;

	while (ok && pk->pos < DIR_DOTS) {
		struct inode *to = pk->pos == 0 ? dir : names_parent(dir);
		struct dir_item item = {
			.name = "..", .len = pk->pos + 1,
			.number = to->number, .mode = to->mode,
			.cookie = pk->pos + 1 - DIR_DOTS,
		};

		ok = dir_pack(pk, &item);
		if (to != dir || item.len == 2)
			inode_put(to);
	}
	return ok;
}

/**
 * dir_read_entries() - as many whole records as fit into io
 *
 * Context: thread, file->lock held. Return: bytes, 0 at the end, -EINVAL (not
 * room for one), -EFAULT, -ENOMEM.
 */
long dir_read_entries(struct file *file, struct io *io)
{
	struct inode *dir = file->inode;
	struct dir_packer pk = { .size = MIN(io->left, DIR_BUFFER_SIZE),
				 .pos = file->pos };
	long err = 0;

	pk.buf = kmalloc(DIR_BUFFER_SIZE, GFP_KERNEL);
	if (!pk.buf)
		return -ENOMEM;
	if (dir_pack_dots(&pk, dir))
		err = dir->fs->list(dir, pk.pos - DIR_DOTS, dir_pack, &pk);
	if (!err && pk.used == 0 && pk.full)
		err = -EINVAL;
	if (!err && io_put(io, pk.buf, pk.used) < pk.used)
		err = -EFAULT;
	if (!err) {
		file->pos = pk.pos;
		err = (long)pk.used;
	}
	kfree(pk.buf);
	return err;
}

static long dir_read(struct file *file, struct io *io, u64 *pos)
{
	return -EISDIR;
}

const struct file_ops dir_file_ops = {
	.name = "directory",
	.read = dir_read,
	.write = dir_read,
};

static long path_only_read(struct file *file, struct io *io, u64 *pos)
{
	return -EBADF;
}

static long path_only_ioctl(struct file *file, unsigned int cmd, u64 arg)
{
	return -EBADF;
}

const struct file_ops path_only_ops = {
	.name = "path",
	.read = path_only_read,
	.write = path_only_read,
	.ioctl = path_only_ioctl,
};
