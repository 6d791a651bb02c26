/* SPDX-License-Identifier: MIT */
/*
 * Files of 64-bit words: /proc/PID/pagemap, /proc/kpagecount, /proc/kpageflags.
 *
 *	position 8 * n ─► word n: of page n of the space, of frame n of RAM
 *
 * Each is an array that exists only while it is read: fill() makes words of
 * a range, a page of them at a time. Positions and lengths are multiples of 8.
 */
#include "kernel/fs/proc.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "mm/frames/kmalloc.h"
#include "mm/frames/kpage.h"
#include "mm/spaces/pagemap.h"
#include "mm/spaces/share.h"

#define WORDS_AT_ONCE (PAGE_SIZE / sizeof(u64))

struct word_file {
	u64 end;                        /* words in the file */
	void (*fill)(struct mm *mm, u64 first, u64 *word, size_t nr);
	struct mm *mm;                  /* of fill(); NULL: not about a space */
};

/* Words from number first on as far as the caller wants them. Bytes moved. */
static size_t words_copy(const struct word_file *w, struct io *io, u64 first,
			 u64 *buf)
{
	u64 left = MIN(io->left / sizeof(u64), w->end - first);
	size_t nr, done = 0, moved;

	while (left) {
		nr = MIN(left, WORDS_AT_ONCE);
		w->fill(w->mm, first, buf, nr);
		moved = io_put(io, buf, nr * sizeof(u64));
		done += moved;
		if (moved < nr * sizeof(u64))
			break;
		first += nr;
		left -= nr;
	}
	return done;
}

/* Bytes, 0 at the end, -EINVAL, -ENOMEM, -EFAULT. */
static long words_read(const struct word_file *w, struct io *io, u64 *pos)
{
	u64 first = *pos / sizeof(u64);
	size_t done;
	u64 *buf;

	if (*pos % sizeof(u64) || io->left % sizeof(u64))
		return -EINVAL;
	if (first >= w->end || !io->left)
		return 0;
	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	done = words_copy(w, io, first, buf);
	kfree(buf);
	*pos += done;
	return done ? (long)done : -EFAULT;
}

/* ---- pagemap ------------------------------------------------------------- */

static void pagemap_fill(struct mm *mm, u64 first, u64 *word, size_t nr)
{
	mm_pagemap(mm, first << PAGE_SHIFT, word, nr);
}

/* A process that is gone, or only a zombie, has no pages: the file is empty. */
static long pagemap_read(struct file *file, struct io *io, u64 *pos)
{
	struct word_file w = { USER_END >> PAGE_SHIFT, pagemap_fill, NULL };
	struct process *p = process_find(file->inode->proc.pid);
	long ret = 0;

	if (!p)
		return 0;
	w.mm = process_mm_get(p);
	process_put(p);
	if (w.mm) {
		ret = words_read(&w, io, pos);
		mm_put(w.mm);
	}
	return ret;
}

const struct file_ops proc_pagemap_ops = {
	.name = "pagemap",
	.read = pagemap_read,
	.write = proc_refuse_write,
};

/* ---- frames ----------------------------------------------------------------- */

static void kpagecount_fill(struct mm *mm, u64 first, u64 *word, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		word[i] = kpage_count(first + i);
}

static long kpagecount_read(struct file *file, struct io *io, u64 *pos)
{
	struct word_file w = { kpage_end(), kpagecount_fill, NULL };

	share_own_all();                /* a leaf for each space */
	return words_read(&w, io, pos);
}

const struct file_ops proc_kpagecount_ops = {
	.name = "kpagecount",
	.read = kpagecount_read,
	.write = proc_refuse_write,
};

static void kpageflags_fill(struct mm *mm, u64 first, u64 *word, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		word[i] = kpage_flags(first + i);
}

static long kpageflags_read(struct file *file, struct io *io, u64 *pos)
{
	struct word_file w = { kpage_end(), kpageflags_fill, NULL };

	return words_read(&w, io, pos);
}

const struct file_ops proc_kpageflags_ops = {
	.name = "kpageflags",
	.read = kpageflags_read,
	.write = proc_refuse_write,
};
