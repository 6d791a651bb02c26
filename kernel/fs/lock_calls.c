/* SPDX-License-Identifier: MIT */
/*
 * System calls that lock files: flock, and the part of fcntl on record locks.
 * The locks themselves: filelock.c.
 */
#include "kernel/fs/filelock.h"
#include "kernel/fs/files.h"
#include "kernel/fs/inode.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "mm/spaces/uaccess.h"

/* ---- fcntl -------------------------------------------------------------------------- */

struct flock_user {                     /* struct flock */
	s16 type, whence;
	s64 start, len;                 /* len 0: to the end, however far */
	s32 pid;
};

/* The bytes that a struct flock means. 0, -EINVAL, -EOVERFLOW. */
static int flock_range(struct file *file, const struct flock_user *u,
		       struct file_lock *rq)
{
	s64 base = 0, start, last;

	if (u->whence == SEEK_CUR)
		base = (s64)file->pos;
	else if (u->whence == SEEK_END)
		base = (s64)inode_size(file->inode);
	else if (u->whence != SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(base, u->start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	last = (s64)LOCK_END;
	if (u->len > 0 && __builtin_add_overflow(start, u->len - 1, &last))
		return -EOVERFLOW;
	if (u->len < 0) {               /* the bytes before start */
		last = start - 1;
		if (__builtin_add_overflow(start, u->len, &start) || start < 0)
			return -EINVAL;
	}
	rq->first = (u64)start;
	rq->last = (u64)last;
	return 0;
}

static int flock_wish(struct file *file, int cmd, const struct flock_user *u,
		      struct file_lock *rq)
{
	bool ofd = cmd >= F_OFD_GETLK;
	struct process *p = current_process();

	if (u->type < F_RDLCK || u->type > F_UNLCK || (ofd && u->pid))
		return -EINVAL;
	*rq = (struct file_lock){
		.kind = ofd ? LOCK_OFD : LOCK_POSIX,
		.type = u->type,
		.owner = ofd ? (const void *)file : (const void *)p->files,
		.pid = ofd ? -1 : p->pid,
	};
	return flock_range(file, u, rq);
}

/* F_GETLK: who is in the way; nobody: F_UNLCK, and the rest as it came. */
static void flock_ask(struct inode *inode, const struct file_lock *rq,
		      struct flock_user *u)
{
	struct file_lock l;

	u->type = F_UNLCK;
	if (!filelock_conflict(inode, rq, &l))
		return;
	*u = (struct flock_user){
		.type = (s16)l.type,
		.whence = SEEK_SET,
		.start = (s64)l.first,
		.len = l.last == LOCK_END ? 0 : (s64)(l.last - l.first + 1),
		.pid = l.pid,
	};
}

/* A lock set through a descriptor that another thread closed meanwhile would
 * have no close to go with. */
static void flock_recheck(struct file *file, int fd)
{
	struct files *files = current_process()->files;
	struct file *now = files_lookup(files, fd);

	if (now != file)
		filelock_drop_owned(file->inode, files);
	if (now)
		file_put(now);
}

/**
 * filelock_fcntl() - record locks of fcntl(2)
 *
 * fd: by which the caller came to file; cmd: F_GETLK F_SETLK F_SETLKW or an
 * F_OFD_ form. Context: thread, may wait.
 * Return: 0, -EFAULT, -EINVAL, -EOVERFLOW, -EBADF (not open for that),
 * -EAGAIN (locked), -EDEADLK, -ENOMEM, -ERESTARTSYS.
 */
long filelock_fcntl(struct file *file, int fd, int cmd, u64 ulock)
{
	bool ask = cmd == F_GETLK || cmd == F_OFD_GETLK;
	struct file_lock rq;
	struct flock_user u;
	int err;

	if (copy_from_user(&u, (void __user *)ulock, sizeof(u)))
		return -EFAULT;
	err = flock_wish(file, cmd, &u, &rq);
	if (!err && ask && u.type == F_UNLCK)
		err = -EINVAL;
	if (err)
		return err;
	if (ask) {
		flock_ask(file->inode, &rq, &u);
		return copy_to_user((void __user *)ulock, &u, sizeof(u));
	}
	if ((u.type == F_RDLCK && !file_may_read(file)) ||
	    (u.type == F_WRLCK && !file_may_write(file)))
		return -EBADF;
	err = filelock_set(file->inode, &rq,
			   cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	if (!err && rq.kind == LOCK_POSIX && rq.type != F_UNLCK)
		flock_recheck(file, fd);
	return err;
}

/* ---- flock -------------------------------------------------------------------------- */

static int flock_type(u32 op)
{
	switch (op & ~(u32)LOCK_NB) {
	case LOCK_SH:
		return F_RDLCK;
	case LOCK_EX:
		return F_WRLCK;
	case LOCK_UN:
		return F_UNLCK;
	default:
		return -EINVAL;
	}
}

/* A lock that changes its kind is given up first, as flock(2) says. */
static long flock_file(struct file *file, int type, bool wait)
{
	struct file_lock rq = { .kind = LOCK_FLOCK, .type = F_UNLCK,
				.owner = file, .last = LOCK_END,
				.pid = current_process()->pid };
	int err = 0;

	if (type != F_UNLCK && file->flags & O_PATH)
		return -EBADF;
	rq.type = type;
	if (filelock_held(file->inode, &rq))
		return 0;
	rq.type = F_UNLCK;
	err = filelock_set(file->inode, &rq, false);
	rq.type = type;
	return err || type == F_UNLCK ? err
				      : filelock_set(file->inode, &rq, wait);
}

/** sys_flock() - flock(2): fd, operation. */
long sys_flock(SYSCALL_ARGS)
{
	int type = flock_type((u32)a1);
	struct fd_loan loan;
	long ret;

	if (type < 0)
		return type;
	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	ret = flock_file(loan.file, type, !(a1 & LOCK_NB));
	fd_return(&loan);
	return ret;
}
