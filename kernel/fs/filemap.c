/* SPDX-License-Identifier: MIT */
/*
 * read and write of regular files: page by page between the caller's memory
 * and the page cache, without a buffer in between.
 *
 *      user memory ──io_get──► page of the mapping ◄── mmap of the same file
 *                  ◄─io_put──
 *
 * The page is held by a reference, not by a lock, while the copy runs: the
 * user address may be a mapping of the very page, and touching it may fault.
 * Writers exclude each other and truncation by inode.lock; readers take no
 * lock and see a write as it happens, like mappings do.
 *
 * A copy that stops at a bad address leaves what it has copied: the result is
 * a short count, or -EFAULT when it is zero.
 */
#include "kernel/fs/fcntl.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/tmpfs.h"
#include "lib/errno.h"

/* Bytes from pos to the end of its page, at most len. */
static size_t bytes_in_page(u64 pos, size_t len)
{
	return MIN(len, PAGE_SIZE - (pos & (PAGE_SIZE - 1)));
}

static u8 *page_at(struct page *page, u64 pos)
{
	return (u8 *)page_to_virt(page) + (pos & (PAGE_SIZE - 1));
}

static long tmpfs_read(struct file *file, struct io *io, u64 *pos)
{
	struct mapping *m = &file->inode->mapping;
	u64 size = READ_ONCE(m->size), start = *pos;
	size_t len, n, done = 0;

	if (start >= size)
		return 0;
	len = MIN(io->left, size - start);
	for (n = 0; len; len -= n) {
		struct page *page = mapping_find(m, *pos >> PAGE_SHIFT);

		n = bytes_in_page(*pos, len);
		if (page) {
			done = io_put(io, page_at(page, *pos), n);
			page_put(page);
		} else {
			done = io_zero(io, n);  /* a hole */
		}
		*pos += done;
		if (done < n)
			break;
	}
	return *pos > start || len == 0 ? (long)(*pos - start) : -EFAULT;
}

/* The page to write at pos, with a reference; -ENOSPC at the limit. */
static int tmpfs_page_for_write(struct mapping *m, struct io *io, u64 pos,
				struct page **out)
{
	int err;

	*out = mapping_find(m, pos >> PAGE_SHIFT);
	if (*out)
		return 0;
	if (!io_touch(io, 1))           /* no page for what never comes */
		return -EFAULT;
	if (READ_ONCE(mapping_total_pages) >= tmpfs_limit_pages())
		return -ENOSPC;
	err = mapping_get_page(m, pos >> PAGE_SHIFT, out);
	return err == -ENOMEM ? -ENOSPC : err;
}

/* Bytes reached the file up to pos: does it end later now? */
static void tmpfs_grow_size(struct mapping *m, u64 pos)
{
	if (pos <= m->size)
		return;
	mutex_lock(&m->lock);
	if (pos > m->size)
		m->size = pos;
	mutex_unlock(&m->lock);
}

/* One page's worth: 0 with *pos moved on by at least one byte, or -errno. */
static int tmpfs_write_page(struct mapping *m, u32 seals, struct io *io,
			    u64 *pos)
{
	size_t n = bytes_in_page(*pos, io->left), done;
	struct page *page;
	int err;

	if (unlikely(seals & F_SEAL_GROW) && *pos + n > m->size)
		return io_touch(io, n) ? -EPERM : -EFAULT;
	err = tmpfs_page_for_write(m, io, *pos, &page);
	if (err)
		return err;
	if (*pos > READ_ONCE(m->size))
		mapping_wipe_gap(m, *pos);
	done = io_get(io, page_at(page, *pos), n);
	page_put(page);
	*pos += done;
	if (done)
		tmpfs_grow_size(m, *pos);
	return done ? 0 : -EFAULT;      /* a longer file may give the rest */
}

/* A seal forbids the write. As on Linux its first bytes are looked at before: a
 * stack among them has grown. */
static int tmpfs_refuse(struct io *io, u64 pos)
{
	return io_touch(io, bytes_in_page(pos, io->left)) ? -EPERM : -EFAULT;
}

static long tmpfs_write(struct file *file, struct io *io, u64 *pos)
{
	struct inode *inode = file->inode;
	struct mapping *m = &inode->mapping;
	int err = 0;
	u64 start;

	if (io->left == 0)
		return 0;
	mutex_lock(&inode->lock);
	if (file->flags & O_APPEND)
		*pos = m->size;
	start = *pos;
	if (start > TMPFS_MAX_SIZE || io->left > TMPFS_MAX_SIZE - start)
		err = -EFBIG;
	if (unlikely(inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		err = tmpfs_refuse(io, start);
	while (!err && io->left)
		err = tmpfs_write_page(m, inode->seals, io, pos);
	if (*pos > start)
		inode->mtime_ns = inode->ctime_ns = inode_clock();
	mutex_unlock(&inode->lock);
	return *pos > start ? (long)(*pos - start) : err;
}

static int tmpfs_mmap(struct file *file, struct mapping **out, bool *anonymous)
{
	*out = &file->inode->mapping;
	*anonymous = false;
	return 0;
}

const struct file_ops tmpfs_file_ops = {
	.name = "tmpfs",
	.read = tmpfs_read,
	.write = tmpfs_write,
	.mmap = tmpfs_mmap,
};
