/* SPDX-License-Identifier: MIT */
/*
 * System calls that move bytes and positions: read write pread64 pwrite64 and
 * their vector forms, lseek sendfile getdents64 ioctl.
 *
 * A write to a pipe or fifo without readers raises SIGPIPE here, a write beyond
 * RLIMIT_FSIZE SIGXFSZ: the file operations below know no processes.
 */
#include "kernel/fs/dir.h"
#include "kernel/fs/files.h"
#include "kernel/fs/inode.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/uaccess.h"

#define IOV_MAX      1024               /* segments of one call */
#define IOV_INLINE   8                  /* of them without an allocation */
#define RW_MAX       0x7ffff000ul       /* bytes of one call, as on Linux */

/* Flags of preadv2, pwritev2. Memory is as safe as it gets: HIPRI, DSYNC, SYNC
 * come true by themselves. NOWAIT is not for tmpfs, as on Linux. */
enum { RWF_HIPRI = 1, RWF_DSYNC = 2, RWF_SYNC = 4, RWF_APPEND = 16,
       RWF_KNOWN = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND };
enum { FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX = 0x5451 };

/* ---- limits and signals of writes ----------------------------------------------- */

/* Cuts a write to a file at RLIMIT_FSIZE. 0 or -EFBIG (and SIGXFSZ). */
static int write_limit(struct file *file, struct io *io, u64 pos)
{
	u64 limit = current_process()->rlimit[RLIMIT_FSIZE].cur;

	if (likely(limit == RLIM_INFINITY) || file->inode->type != INODE_FILE ||
	    !io->left)
		return 0;
	if (file->flags & O_APPEND)
		pos = inode_size(file->inode);
	if (pos >= limit) {
		(void)signal_send_process(current_process(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	io->left = MIN(io->left, limit - pos);
	return 0;
}

static long write_done(long ret)
{
	if (unlikely(ret == -EPIPE))
		(void)signal_send_process(current_process(), SIGPIPE, NULL);
	return ret;
}

static long write_checked(struct file *file, struct io *io)
{
	int err = write_limit(file, io, file->pos);

	return err ? err : write_done(file_write(file, io));
}

static long write_checked_at(struct file *file, struct io *io, u64 pos)
{
	int err = write_limit(file, io, pos);

	return err ? err : write_done(file_write_at(file, io, pos));
}

/* RWF_APPEND: to the end of the file; the position follows unless a place was
 * named. The end may move before the write begins: then it overwrites, which
 * only O_APPEND rules out. */
static long write_appended(struct file *file, struct io *io, bool keep_pos)
{
	u64 end = inode_size(file->inode);
	long ret;

	if (!file_is_seekable(file))
		return write_checked(file, io);
	ret = write_checked_at(file, io, end);
	if (ret > 0 && !keep_pos) {
		mutex_lock(&file->lock);
		file->pos = end + (u64)ret;
		mutex_unlock(&file->lock);
	}
	return ret;
}

/* ---- one range of memory ----------------------------------------------------------- */

/* The caller's buffer; its end must lie in the user half. may: the descriptor
 * is open for this, which is asked first. */
static inline int io_from_range(struct io *io, bool may, u64 base, u64 len)
{
	if (unlikely(!may))
		return -EBADF;
	if (!user_range_ok((void __user *)base, len))
		return -EFAULT;
	io_init_user(io, base, MIN(len, RW_MAX));
	return 0;
}

/** sys_read() - read(2): fd, buffer, length. */
long sys_read(SYSCALL_ARGS)
{
	struct fd_loan loan;
	struct io io;
	long ret;

	if (unlikely(!fd_borrow((int)a0, &loan)))
		return -EBADF;
	ret = io_from_range(&io, file_may_read(loan.file), a1, a2);
	if (likely(!ret))
		ret = file_read(loan.file, &io);
	fd_return(&loan);
	return ret;
}

/** sys_write() - write(2): fd, buffer, length. */
long sys_write(SYSCALL_ARGS)
{
	struct fd_loan loan;
	struct io io;
	long ret;

	if (unlikely(!fd_borrow((int)a0, &loan)))
		return -EBADF;
	ret = io_from_range(&io, file_may_write(loan.file), a1, a2);
	if (likely(!ret))
		ret = write_checked(loan.file, &io);
	fd_return(&loan);
	return ret;
}

/* No position may lie beyond the largest one. */
static int pos_check(u64 pos, u64 len)
{
	return pos + len > INT64_MAX ? -EINVAL : 0;
}

/** sys_pread64() - pread(2): fd, buffer, length, position. */
long sys_pread64(SYSCALL_ARGS)
{
	struct fd_loan loan;
	struct io io;
	long ret;

	if ((s64)a3 < 0)
		return -EINVAL;
	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	ret = io_from_range(&io, file_may_read(loan.file), a1, a2);
	if (!ret)
		ret = pos_check(a3, a2);
	if (!ret)
		ret = file_read_at(loan.file, &io, a3);
	fd_return(&loan);
	return ret;
}

/** sys_pwrite64() - pwrite(2): fd, buffer, length, position. */
long sys_pwrite64(SYSCALL_ARGS)
{
	struct fd_loan loan;
	struct io io;
	long ret;

	if ((s64)a3 < 0)
		return -EINVAL;
	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	ret = io_from_range(&io, file_may_write(loan.file), a1, a2);
	if (!ret)
		ret = pos_check(a3, a2);
	if (!ret)
		ret = write_checked_at(loan.file, &io, a3);
	fd_return(&loan);
	return ret;
}

/* ---- several ranges ------------------------------------------------------------------ */

struct io_vector {
	struct io_segment *segment;
	struct io_segment few[IOV_INLINE];
};

static void io_vector_free(struct io_vector *v)
{
	if (v->segment != v->few)
		kfree(v->segment);
}

/* Every segment lies in the user half, and the sum is no negative length. */
static int io_vector_check(const struct io_vector *v, u64 nr)
{
	u64 total = 0;

	for (u64 i = 0; i < nr; i++) {
		struct io_segment s = v->segment[i];

		if (s.len > INT64_MAX - total)
			return -EINVAL;
		if (!user_range_ok((void __user *)s.base, s.len))
			return -EFAULT;
		total += s.len;
	}
	return 0;
}

/* Copies the array of nr segments in; io_vector_free() after success. */
static int io_from_vector(struct io *io, struct io_vector *v, u64 uiov, u64 nr)
{
	int err;

	if (nr > IOV_MAX)
		return -EINVAL;
	v->segment = nr <= IOV_INLINE
			     ? v->few
			     : kmalloc(nr * sizeof(*v->segment), GFP_KERNEL);
	if (!v->segment)
		return -ENOMEM;
	err = copy_from_user(v->segment, (void __user *)uiov,
			     nr * sizeof(*v->segment));
	if (!err)
		err = io_vector_check(v, nr);
	if (err) {
		io_vector_free(v);
		return err;
	}
	io_init_segments(io, v->segment, (u32)nr);
	io->left = MIN(io->left, RW_MAX);
	return 0;
}

#define POS_CURRENT (~(u64)0)           /* the file's own position */

/* flags: RWF_*, of a write. */
static long rw_io(struct file *file, struct io *io, u64 pos, bool write,
		  u32 flags)
{
	if (!write)
		return pos == POS_CURRENT ? file_read(file, io)
					  : file_read_at(file, io, pos);
	if (flags & RWF_APPEND)
		return write_appended(file, io, pos != POS_CURRENT);
	return pos == POS_CURRENT ? write_checked(file, io)
				  : write_checked_at(file, io, pos);
}

static long rw_vector(int fd, u64 uiov, u64 nr, u64 pos, bool write, u32 flags)
{
	struct fd_loan loan;
	struct io_vector v;
	struct io io;
	long ret;

	if (pos != POS_CURRENT && (s64)pos < 0)
		return -EINVAL;
	if (!fd_borrow(fd, &loan))
		return -EBADF;
	ret = io_from_vector(&io, &v, uiov, nr);
	if (!ret) {
		/* Nothing is ever slow here, but no read promises it. */
		ret = flags & ~(u32)RWF_KNOWN
			      ? -EOPNOTSUPP
			      : rw_io(loan.file, &io, pos, write, flags);
		io_vector_free(&v);
	}
	fd_return(&loan);
	return ret;
}

/** sys_readv() - readv(2): fd, segments, their number. */
long sys_readv(SYSCALL_ARGS)
{
	return rw_vector((int)a0, a1, a2, POS_CURRENT, false, 0);
}

/** sys_writev() - writev(2): fd, segments, their number. */
long sys_writev(SYSCALL_ARGS)
{
	return rw_vector((int)a0, a1, a2, POS_CURRENT, true, 0);
}

/** sys_preadv() - preadv(2): fd, segments, number, position. */
long sys_preadv(SYSCALL_ARGS)
{
	return (s64)a3 < 0 ? -EINVAL : rw_vector((int)a0, a1, a2, a3, false, 0);
}

/** sys_pwritev() - pwritev(2): fd, segments, number, position. */
long sys_pwritev(SYSCALL_ARGS)
{
	return (s64)a3 < 0 ? -EINVAL : rw_vector((int)a0, a1, a2, a3, true, 0);
}

/** sys_preadv2() - the same, position -1: the file's own; flags behind it. */
long sys_preadv2(SYSCALL_ARGS)
{
	return rw_vector((int)a0, a1, a2, a3, false, (u32)a5);
}

/** sys_pwritev2() - the same for writing. */
long sys_pwritev2(SYSCALL_ARGS)
{
	return rw_vector((int)a0, a1, a2, a3, true, (u32)a5);
}

/* ---- positions ------------------------------------------------------------------------ */

/* Next position with data (or a hole), page by page. */
static long seek_data(struct inode *inode, u64 pos, bool want_data)
{
	u64 size = inode_size(inode);

	if (inode->type != INODE_FILE)
		return -EINVAL;
	if (pos >= size)
		return -ENXIO;
	while (pos < size) {
		struct page *page = mapping_find(&inode->mapping,
						 pos >> PAGE_SHIFT);

		if (page)
			page_put(page);
		if (!page != want_data)
			return (long)pos;
		pos = ALIGN_DOWN(pos, PAGE_SIZE) + PAGE_SIZE;
	}
	return want_data ? -ENXIO : (long)size;
}

static long seek_target(struct file *file, s64 offset, u32 whence)
{
	switch (whence) {
	case SEEK_SET:
		return offset < 0 ? -EINVAL : offset;
	case SEEK_CUR:
		if (__builtin_add_overflow((s64)file->pos, offset, &offset))
			return -EOVERFLOW;
		return offset < 0 ? -EINVAL : offset;
	case SEEK_END:
		if (__builtin_add_overflow((s64)inode_size(file->inode), offset,
					   &offset))
			return -EOVERFLOW;
		return offset < 0 ? -EINVAL : offset;
	case SEEK_DATA:
	case SEEK_HOLE:
		return offset < 0 ? -ENXIO
				  : seek_data(file->inode, (u64)offset,
					      whence == SEEK_DATA);
	default:
		return -EINVAL;
	}
}

/** sys_lseek() - lseek(2): fd, offset, whence. */
long sys_lseek(SYSCALL_ARGS)
{
	struct fd_loan loan;
	long ret;

	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	if (loan.file->inode->type == INODE_CHAR) {
		ret = loan.file->ops->ioctl ? -ESPIPE : 0;      /* null, zero */
	} else if (loan.file->flags & O_PATH) {
		ret = -EBADF;
	} else if (!file_is_seekable(loan.file)) {
		ret = -ESPIPE;
	} else {
		mutex_lock(&loan.file->lock);
		ret = seek_target(loan.file, (s64)a1, (u32)a2);
		if (ret >= 0)
			loan.file->pos = (u64)ret;
		mutex_unlock(&loan.file->lock);
	}
	fd_return(&loan);
	return ret;
}

/** sys_getdents64() - entries of a directory: fd, buffer, length. */
long sys_getdents64(SYSCALL_ARGS)
{
	struct fd_loan loan;
	struct io io;
	long ret;

	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	ret = io_from_range(&io, true, a1, (u32)a2);
	if (!ret && loan.file->inode->type != INODE_DIR)
		ret = -ENOTDIR;
	if (!ret && loan.file->flags & O_PATH)
		ret = -EBADF;
	if (!ret) {
		mutex_lock(&loan.file->lock);
		ret = dir_read_entries(loan.file, &io);
		mutex_unlock(&loan.file->lock);
	}
	fd_return(&loan);
	return ret;
}

/* ---- sendfile -------------------------------------------------------------------------- */

/* Through a page of the kernel's: from in at *pos to out. Bytes or -errno. */
static long send_pages(struct file *out, struct file *in, u64 *pos, size_t len)
{
	u8 *buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	long total = 0, got = 0, put = 0;
	struct io io;

	if (!buf)
		return -ENOMEM;
	while (len && got == put) {
		io_init_kernel(&io, buf, MIN(len, PAGE_SIZE));
		got = file_read_at(in, &io, *pos);
		if (got <= 0) {
			put = got;
			break;
		}
		io_init_kernel(&io, buf, (size_t)got);
		put = write_checked(out, &io);
		if (put <= 0)
			break;
		*pos += (u64)put;
		total += put;
		len -= (size_t)put;
	}
	kfree(buf);
	return total ? total : put;
}

/* The input's position is *uoffset, or its own if there is none. */
static long send_file(struct file *out, struct file *in, u64 uoffset,
		      size_t len)
{
	u64 pos = in->pos;
	long ret;

	if (in->inode->type != INODE_FILE || out->flags & O_APPEND)
		return -EINVAL;
	if (uoffset && get_user(pos, (u64 __user *)uoffset))
		return -EFAULT;
	if ((s64)pos < 0)
		return -EINVAL;
	ret = send_pages(out, in, &pos, MIN(len, RW_MAX));
	if (!uoffset)
		in->pos = pos;
	else if (put_user(pos, (u64 __user *)uoffset))
		return -EFAULT;
	return ret;
}

/** sys_sendfile() - sendfile(2): out, in, offset or NULL, length. */
long sys_sendfile(SYSCALL_ARGS)
{
	struct fd_loan out, in;
	long ret = -EBADF;

	if (!fd_borrow((int)a0, &out))
		return -EBADF;
	if (fd_borrow((int)a1, &in)) {
		ret = send_file(out.file, in.file, a2, a3);
		fd_return(&in);
	}
	fd_return(&out);
	return ret;
}

/* ---- ioctl ------------------------------------------------------------------------------- */

static long ioctl_nonblock(struct file *file, u64 arg)
{
	s32 on;

	if (get_user(on, (s32 __user *)arg))
		return -EFAULT;
	file->flags = (file->flags & ~(u32)O_NONBLOCK) | (on ? O_NONBLOCK : 0);
	return 0;
}

/** sys_ioctl() - ioctl(2): fd, request, argument. */
long sys_ioctl(SYSCALL_ARGS)
{
	struct files *files = current_process()->files;
	struct fd_loan loan;
	long ret = -ENOTTY;

	if ((u32)a1 == FIOCLEX || (u32)a1 == FIONCLEX)
		return fd_set_cloexec(files, (int)a0, (u32)a1 == FIOCLEX);
	if (!fd_borrow((int)a0, &loan))
		return -EBADF;
	if ((u32)a1 == FIONBIO)
		ret = ioctl_nonblock(loan.file, a2);
	else if (loan.file->ops->ioctl)
		ret = loan.file->ops->ioctl(loan.file, (u32)a1, a2);
	fd_return(&loan);
	return ret;
}
