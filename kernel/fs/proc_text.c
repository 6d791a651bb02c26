/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc: text that is made when somebody reads it.
 *
 *   read at position 0 ─► show() writes the whole text into a buffer
 *   read further on    ─► bytes of that buffer
 *
 * So one reader sees one moment, however small its reads are, and reading
 * again from the start shows the present. A text that does not fit is made
 * once more into a larger buffer: show() functions need not count.
 */
#include "kernel/fs/proc.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/tables/vmalloc.h"

#define TEXT_FIRST   PAGE_SIZE          /* bytes of the first attempt */
#define TEXT_MAX     MIB(32)
#define TEXT_KMALLOC KIB(16)            /* larger buffers from vmalloc */
#define STORE_MAX    64                 /* bytes of a written value */

/* file->private of an open /proc file. */
struct proc_text {
	size_t size, len;               /* bytes: of this block, of the text */
	char text[];
};

static void text_free(struct proc_text *t)
{
	if (t && t->size > TEXT_KMALLOC)
		vfree(t);
	else
		kfree(t);
}

static struct proc_text *text_alloc(size_t size)
{
	struct proc_text *t = size > TEXT_KMALLOC ? vmalloc(size)
						  : kmalloc(size, GFP_KERNEL);

	if (t)
		t->size = size;
	return t;
}

/* The whole text of an inode. 0, -ENOMEM, or what show() says. */
static int text_make(struct inode *inode, struct proc_text **out)
{
	size_t size = TEXT_FIRST;

	while (size <= TEXT_MAX) {
		struct proc_text *t = text_alloc(size);
		struct strbuf sb;
		int err;

		if (!t)
			return -ENOMEM;
		strbuf_init(&sb, t->text, size - sizeof(*t));
		err = inode->proc.node->show(&sb, inode->proc.pid);
		if (!err && sb.len < sb.size) {
			t->len = sb.len;
			*out = t;
			return 0;
		}
		text_free(t);
		if (err)
			return err;
		size = MAX(size * 2, ALIGN_UP(sb.len + PAGE_SIZE, PAGE_SIZE));
	}
	return -ENOMEM;
}

/* Replaces the text of an open file. Context: file->lock or the only user. */
static int text_refresh(struct file *file)
{
	struct proc_text *fresh = NULL;
	int err = text_make(file->inode, &fresh);

	if (err)
		return err;
	text_free(file->private);
	file->private = fresh;
	return 0;
}

static long proc_read(struct file *file, struct io *io, u64 *pos)
{
	struct proc_text *t;
	size_t n, done;
	long err = 0;

	if (!file->inode->proc.node->show)
		return -EINVAL;
	mutex_lock(&file->inode->lock);
	if (*pos == 0 || !file->private)
		err = text_refresh(file);
	t = file->private;
	if (!err && *pos < t->len) {
		n = MIN(io->left, t->len - *pos);
		done = io_put(io, t->text + *pos, n);
		*pos += done;
		err = done || !n ? (long)done : -EFAULT;
	}
	mutex_unlock(&file->inode->lock);
	return err;
}

static long proc_write(struct file *file, struct io *io, u64 *pos)
{
	const struct proc_node *node = file->inode->proc.node;
	char text[STORE_MAX];
	size_t len = io->left;
	long err;

	if (!node->store && !node->store_of)
		return -EACCES;
	if (len >= sizeof(text))
		return -EINVAL;
	if (io_get(io, text, len) < len)
		return -EFAULT;
	text[len] = 0;
	if (len && text[len - 1] == '\n')
		text[len - 1] = 0;
	err = node->store ? node->store(text)
			  : node->store_of(text, file->inode->proc.pid);
	return err ? err : (long)len;
}

static void proc_release(struct file *file)
{
	text_free(file->private);
}

const struct file_ops proc_file_ops = {
	.name = "proc",
	.read = proc_read,
	.write = proc_write,
	.release = proc_release,
};
