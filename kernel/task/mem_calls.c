/* SPDX-License-Identifier: MIT */
/*
 * System calls on memory: thin shells that turn the ABI's words into one call
 * of mm/spaces each.
 *
 * Where a machine's pointers may have a tag (uaddr_untag()), it is dropped here
 * from an address that names memory which is there, whether the thread has asked
 * for tags or not. What names a place for something new must come without one:
 * mmap, brk, the new address of mremap, as on Linux.
 */
#include "kernel/fs/fcntl.h"
#include "kernel/fs/memfd.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/mmap.h"
#include "mm/spaces/uaccess.h"

enum { MLOCK_ONFAULT = 1 };
enum { MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4 };

/* What the descriptor allows, and the pages behind it. */
static int mmap_use_file(struct mmap_request *rq, struct file *file)
{
	u32 access = file->flags & O_ACCMODE;
	bool anonymous = false;
	int err;

	if (file->flags & O_PATH)
		return -EBADF;
	rq->file = true;
	rq->may_read = access != O_WRONLY;
	rq->may_write = access != O_RDONLY;
	rq->no_pages = !file->ops->mmap;
	if (rq->no_pages)
		return 0;
	err = file->ops->mmap(file, &rq->mapping, &anonymous);
	if (!err && rq->mapping && rq->flags & MAP_SHARED)
		memfd_check_map(file, rq);
	if (!err && anonymous) {
		rq->mapping = NULL;
		rq->offset = 0;
	}
	return err;
}

static long mmap_file(struct mmap_request *rq, int fd)
{
	struct process *p = current_process();
	struct file *file;
	vaddr_t at;
	int err;

	if (rq->offset & ~PAGE_MASK)
		return -EINVAL;
	file = files_lookup(p->files, fd);
	if (!file)
		return -EBADF;
	err = mmap_use_file(rq, file);
	if (!err) {
		err = mm_mmap(p->mm, rq, &at);
		/* From here on the VMA counts for itself. */
		if (rq->mapping && rq->flags & MAP_SHARED && rq->may_write)
			mapping_count_writer(rq->mapping, -1);
	}
	file_put(file);                 /* the VMA holds the mapping itself */
	return err ? err : (long)at;
}

/** sys_mmap() - mmap(2). */
long sys_mmap(SYSCALL_ARGS)
{
	struct mmap_request rq = {
		.addr = a0,
		.len = a1,
		.prot = (u32)a2,
		.flags = (u32)a3,
		.offset = a5,
		.may_read = true,
		.may_write = true,
	};
	vaddr_t at;
	int err;

	if (!(rq.flags & MAP_ANONYMOUS))
		return mmap_file(&rq, (int)a4);
	rq.offset &= PAGE_MASK;
	if (rq.offset != a5)
		return -EINVAL;
	rq.offset = 0;                  /* means nothing without a file */
	err = mm_mmap(current_process()->mm, &rq, &at);
	return err ? err : (long)at;
}

/** sys_munmap() - munmap(2). */
long sys_munmap(SYSCALL_ARGS)
{
	return mm_munmap(current_process()->mm, uaddr_untag(a0), a1);
}

/** sys_mprotect() - mprotect(2). */
long sys_mprotect(SYSCALL_ARGS)
{
	return mm_mprotect(current_process()->mm, uaddr_untag(a0), a1, (u32)a2);
}

/** sys_mremap() - mremap(2). */
long sys_mremap(SYSCALL_ARGS)
{
	vaddr_t at;
	int err = mm_mremap(current_process()->mm, uaddr_untag(a0), a1, a2,
			    (u32)a3, a4, &at);

	return err ? err : (long)at;
}

/** sys_brk() - brk(2) of the kernel: the break afterwards, changed or not. */
long sys_brk(SYSCALL_ARGS)
{
	return (long)mm_brk(current_process()->mm, a0);
}

/** sys_remap_file_pages() - remap_file_pages(2): its prot must be 0. */
long sys_remap_file_pages(SYSCALL_ARGS)
{
	if (a2)
		return -EINVAL;
	return mm_remap_file_pages(current_process()->mm, a0, a1, a3, (u32)a4);
}

/** sys_mlock() - mlock(2). */
long sys_mlock(SYSCALL_ARGS)
{
	return mm_mlock(current_process()->mm, uaddr_untag(a0), a1, false);
}

/** sys_mlock2() - mlock2(2). */
long sys_mlock2(SYSCALL_ARGS)
{
	if (a2 & ~(u64)MLOCK_ONFAULT)
		return -EINVAL;
	return mm_mlock(current_process()->mm, uaddr_untag(a0), a1,
			a2 & MLOCK_ONFAULT);
}

/** sys_munlock() - munlock(2). */
long sys_munlock(SYSCALL_ARGS)
{
	return mm_munlock(current_process()->mm, uaddr_untag(a0), a1);
}

/** sys_mlockall() - mlockall(2). */
long sys_mlockall(SYSCALL_ARGS)
{
	return mm_mlockall(current_process()->mm, (u32)a0);
}

/** sys_munlockall() - munlockall(2). */
long sys_munlockall(SYSCALL_ARGS)
{
	mm_munlockall(current_process()->mm);
	return 0;
}

/** sys_madvise() - madvise(2). */
long sys_madvise(SYSCALL_ARGS)
{
	return mm_madvise(current_process()->mm, uaddr_untag(a0), a1, (int)a2);
}

/** sys_mincore() - mincore(2), a page of answers at a time. */
long sys_mincore(SYSCALL_ARGS)
{
	u64 nr = DIV_ROUND_UP(a1, PAGE_SIZE), done = 0;
	u8 __user *uvec = (u8 __user *)a2;
	int err = 0;
	u8 *vec;

	a0 = uaddr_untag(a0);
	if (a0 & ~PAGE_MASK)
		return -EINVAL;
	if (a1 > USER_END || a0 > USER_END - a1)
		return -ENOMEM;
	if (!user_range_ok(uvec, nr))
		return -EFAULT;
	vec = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!vec)
		return -EAGAIN;
	while (done < nr && !err) {
		u64 n = MIN(nr - done, PAGE_SIZE);

		err = mm_mincore(current_process()->mm, a0 + done * PAGE_SIZE,
				 n, vec);
		if (!err)
			err = copy_to_user(uvec + done, vec, n);
		done += n;
	}
	kfree(vec);
	return err;
}

/* 0; -EBUSY at the first locked VMA, if not_locked; -ENOMEM for a hole. */
static int msync_check(struct mm *mm, vaddr_t start, vaddr_t end,
		       bool not_locked)
{
	struct vma *v;
	int err = 0;

	read_lock(&mm->lock);
	for (v = vma_find(mm, start); v && v->start < end; v = vma_next(v)) {
		if (not_locked && v->flags & VM_LOCKED) {
			err = -EBUSY;
			break;
		}
		if (v->start > start)
			err = -ENOMEM;
		start = v->end;
	}
	read_unlock(&mm->lock);
	return err != -EBUSY && start < end ? -ENOMEM : err;
}

/** sys_msync() - msync(2): the page cache is the file, so there is nothing to
 * write; only the arguments count. */
long sys_msync(SYSCALL_ARGS)
{
	u64 len = ALIGN_UP(a1, PAGE_SIZE);

	a0 = uaddr_untag(a0);
	if (a2 & ~(u64)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    (a2 & MS_ASYNC && a2 & MS_SYNC) || a0 & ~PAGE_MASK)
		return -EINVAL;
	if (len == 0)                   /* nothing, or so much that it wraps */
		return 0;
	if (a0 + len < a0)
		return -ENOMEM;
	return msync_check(current_process()->mm, a0, a0 + len,
			   a2 & MS_INVALIDATE);
}
