/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/mem: the memory of a process as a file. The position is an address.
 *
 * A read or write goes as the process itself would go: page by page, faulting
 * in what is missing, copy-on-write included. The first page that does not
 * allow it ends the call with a short count, or -EIO if nothing was moved.
 * The bytes pass through a buffer: neither space is held while the other one
 * faults, and the caller may look at himself.
 */
#include "kernel/fs/proc.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/uaccess.h"

/* One buffer's worth at va, outward or inward. Bytes moved, -EIO, -EFAULT. */
static long pid_mem_step(struct mm *mm, struct io *io, vaddr_t va, void *buf,
			 bool write)
{
	size_t n = MIN(io->left, PAGE_SIZE), got;

	if (write) {
		n = io_get(io, buf, n);
		if (!n)
			return -EFAULT;
		got = mm_write(mm, va, buf, n);
	} else {
		n = mm_read(mm, va, buf, n);
		got = io_put(io, buf, n);
		if (n && !got)
			return -EFAULT;
	}
	return got ? (long)got : -EIO;
}

static long pid_mem_copy(struct mm *mm, struct io *io, u64 *pos, bool write)
{
	void *buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	long n = 0, done = 0;

	if (!buf)
		return -ENOMEM;
	while (io->left) {
		n = pid_mem_step(mm, io, *pos, buf, write);
		if (n < 0)
			break;
		*pos += (u64)n;
		done += n;
	}
	kfree(buf);
	return done ? done : n;
}

static long pid_mem_move(struct file *file, struct io *io, u64 *pos, bool write)
{
	struct process *p = process_find(file->inode->proc.pid);
	struct mm *mm = p ? process_mm_get(p) : NULL;
	long ret;

	if (p)
		process_put(p);
	if (!mm)
		return 0;               /* it has ended: nothing is left */
	ret = pid_mem_copy(mm, io, pos, write);
	mm_put(mm);
	return ret;
}

static long pid_mem_read(struct file *file, struct io *io, u64 *pos)
{
	return pid_mem_move(file, io, pos, false);
}

static long pid_mem_write(struct file *file, struct io *io, u64 *pos)
{
	return pid_mem_move(file, io, pos, true);
}

const struct file_ops proc_pid_mem_ops = {
	.name = "mem",
	.read = pid_mem_read,
	.write = pid_mem_write,
};
