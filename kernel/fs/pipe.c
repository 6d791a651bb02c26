/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of bytes between writers and readers.
 *
 *       page[0]   page[1]   page[2]  …  page[15]
 *      ┌─────────┬─────────┬─────────┬─────────┐
 *      │     ████│█████████│██       │ (none)  │   pages come when the
 *      └─────────┴─────────┴─────────┴─────────┘   writer gets there
 *            ▲ tail          ▲ head
 *            readers take    writers put
 *
 * head and tail only grow (modulo 2^32); head - tail bytes wait. When a
 * reader empties the pipe both go back to 0, so that a pipe with little
 * traffic lives in one page.
 *
 * Invariants (pipe_check): [Q1] head - tail <= PIPE_SIZE; [Q2] every byte
 * that waits lies in a page that is there; [Q3] readers and writers are the
 * open files that can read and write.
 *
 * Locking: inode.lock (it sleeps: user memory is copied under it) guards the
 * ring and the counts. The wait conditions read them without it; whoever
 * wakes up looks again under the lock.
 */
#include "kernel/fs/pipe.h"

#include "kernel/base/wait.h"
#include "kernel/fs/dir.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/tmpfs.h"
#include "lib/errno.h"
#include "mm/frames/slab.h"
#include "mm/spaces/uaccess.h"

enum { FIONREAD = 0x541b };

struct pipe {
	u32 head, tail;                 /* bytes ever written, read [lock] */
	u32 readers, writers;           /* open ends [lock] */
	u32 opened_read, opened_write;  /* ends ever opened: fifo_open [lock] */
	u32 files;                      /* open files of either kind [lock] */
	struct wait_queue read_wait;    /* for bytes, or the last writer's end */
	struct wait_queue write_wait;   /* for room, or the last reader's end */
	struct page *page[PIPE_PAGES];  /* [lock] NULL: not yet needed */
};

static struct kmem_cache *pipe_cache;

/** pipe_init() - the cache of pipes. Boot. */
void pipe_init(void)
{
	pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe), 0,
				       CACHE_PANIC, NULL);
}

static struct pipe *pipe_alloc(void)
{
	struct pipe *p = kmem_cache_alloc(pipe_cache, GFP_KERNEL);

	if (!p)
		return NULL;
	*p = (struct pipe){ 0 };
	wait_queue_init(&p->read_wait);
	wait_queue_init(&p->write_wait);
	return p;
}

static void pipe_free(struct pipe *p)
{
	for (u32 i = 0; i < PIPE_PAGES; i++)
		if (p->page[i])
			page_put(p->page[i]);
	kmem_cache_free(pipe_cache, p);
}

static u32 pipe_used(const struct pipe *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail);
}

static u32 pipe_room(const struct pipe *p)
{
	return PIPE_SIZE - pipe_used(p);
}

/*
 * Wakes the sleepers if there are any: all of them, since one may be a poll
 * that takes nothing. Looking without the queue's lock is safe behind a full
 * barrier: a sleeper is on the queue before it reads the ring for the last
 * time, and the ring changed before we read the queue.
 */
static void pipe_wake(struct wait_queue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!list_empty(&q->waiters))
		wait_wake_all(q);
}

static void pipe_wake_everyone(struct pipe *p)
{
	wait_wake_all(&p->read_wait);
	wait_wake_all(&p->write_wait);
}

/* ---- moving bytes ------------------------------------------------------------- */

/* Bytes at ring position at that lie in one page, at most len. */
static u32 pipe_span(u32 at, size_t len)
{
	return (u32)MIN(len, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
}

static u8 *pipe_at(struct pipe *p, u32 at)
{
	struct page *page = p->page[at / PAGE_SIZE % PIPE_PAGES];

	return (u8 *)page_to_virt(page) + (at & (PAGE_SIZE - 1));
}

/* Readers take up to what waits. Bytes, or -EFAULT when none. */
static long pipe_take(struct pipe *p, struct io *io)
{
	u32 tail = p->tail, end = tail + (u32)MIN(io->left, pipe_used(p));

	while (tail != end) {
		u32 n = pipe_span(tail, end - tail);
		size_t done = io_put(io, pipe_at(p, tail), n);

		tail += (u32)done;
		if (done < n)
			break;
	}
	if (tail == p->tail)
		return -EFAULT;
	end = tail - p->tail;
	if (tail == p->head)
		WRITE_ONCE(p->head, tail = 0);
	WRITE_ONCE(p->tail, tail);
	return end;
}

/* The page under ring position at is there, or -ENOMEM. */
static int pipe_need_page(struct pipe *p, u32 at)
{
	struct page **slot = &p->page[at / PAGE_SIZE % PIPE_PAGES];

	if (!*slot)
		*slot = page_alloc(GFP_KERNEL, 0);
	return *slot ? 0 : -ENOMEM;
}

/* Writers put up to what there is room for. Bytes, or -errno when none. */
static long pipe_put(struct pipe *p, struct io *io)
{
	u32 head = p->head, end = head + (u32)MIN(io->left, pipe_room(p));
	int err = 0;

	while (!err && head != end) {
		u32 n = pipe_span(head, end - head);
		size_t done;

		err = pipe_need_page(p, head);
		if (err)
			break;
		done = io_get(io, pipe_at(p, head), n);
		head += (u32)done;
		if (done < n)
			err = -EFAULT;
	}
	end = head - p->head;
	WRITE_ONCE(p->head, head);
	return end ? (long)end : err;
}

/* ---- reading and writing --------------------------------------------------------- */

static long pipe_read(struct file *file, struct io *io, u64 *pos)
{
	struct inode *inode = file->inode;
	struct pipe *p = inode->pipe;
	long ret;

	if (io->left == 0)
		return 0;
	mutex_lock(&inode->lock);
	while (pipe_used(p) == 0) {
		bool open = p->writers > 0;

		mutex_unlock(&inode->lock);
		if (!open)
			return 0;       /* end of file */
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event(&p->read_wait,
			       pipe_used(p) > 0 || READ_ONCE(p->writers) == 0))
			return -ERESTARTSYS;
		mutex_lock(&inode->lock);
	}
	ret = pipe_take(p, io);
	mutex_unlock(&inode->lock);
	if (ret > 0)
		pipe_wake(&p->write_wait);
	return ret;
}

/* Sleeps until wanted bytes fit; 0, or why the write ends now. */
static int pipe_wait_room(struct file *file, struct pipe *p, u32 wanted)
{
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event(&p->write_wait,
			  pipe_room(p) >= wanted || READ_ONCE(p->readers) == 0)
		       ? -ERESTARTSYS
		       : 0;
}

/*
 * One turn of a write, inode.lock held: what fits now. A write of at most
 * PIPE_BUF bytes goes as a whole (`whole`) or not at all.
 * Bytes, 0: no room, or -errno.
 */
static long pipe_write_some(struct pipe *p, struct io *io, u32 whole)
{
	if (p->readers == 0)
		return -EPIPE;
	if (pipe_room(p) < whole)
		return 0;
	return pipe_put(p, io);
}

static long pipe_write(struct file *file, struct io *io, u64 *pos)
{
	struct inode *inode = file->inode;
	struct pipe *p = inode->pipe;
	u32 whole = io->left <= PIPE_BUF ? (u32)io->left : 1;
	long total = 0, ret = 0;

	while (io->left) {
		mutex_lock(&inode->lock);
		ret = pipe_write_some(p, io, whole);
		mutex_unlock(&inode->lock);
		if (ret > 0) {
			total += ret;
			pipe_wake(&p->read_wait);
			continue;
		}
		if (ret == 0)
			ret = pipe_wait_room(file, p, whole);
		if (ret)
			break;
	}
	return total ? total : ret;
}

static unsigned int pipe_poll(struct file *file, struct poll_wait *pw)
{
	struct pipe *p = file->inode->pipe;
	unsigned int mask = 0;

	if (file_may_read(file)) {
		poll_add(pw, &p->read_wait);
		if (pipe_used(p))
			mask |= POLLIN | POLLRDNORM;
		if (READ_ONCE(p->writers) == 0)
			mask |= POLLHUP;
	}
	if (file_may_write(file)) {
		poll_add(pw, &p->write_wait);
		if (pipe_room(p) >= PIPE_BUF)
			mask |= POLLOUT | POLLWRNORM;
		if (READ_ONCE(p->readers) == 0)
			mask |= POLLERR;
	}
	return mask;
}

/** pipe_bytes() - bytes that wait in the pipe of an open end. Context: any. */
u32 pipe_bytes(const struct file *file)
{
	return pipe_used(file->inode->pipe);
}

static long pipe_ioctl(struct file *file, unsigned int cmd, u64 arg)
{
	if (cmd != FIONREAD)
		return -ENOTTY;
	return put_user((s32)pipe_bytes(file), (s32 __user *)arg);
}

/* ---- ends ------------------------------------------------------------------------ */

static void pipe_add_end(struct pipe *p, const struct file *file)
{
	p->files++;
	p->readers += file_may_read(file);
	p->writers += file_may_write(file);
	p->opened_read += file_may_read(file);
	p->opened_write += file_may_write(file);
}

static void pipe_release(struct file *file)
{
	struct inode *inode = file->inode;
	struct pipe *p = inode->pipe;
	bool last;

	mutex_lock(&inode->lock);
	p->readers -= file_may_read(file);
	p->writers -= file_may_write(file);
	last = --p->files == 0;
	if (last)
		inode->pipe = NULL;
	else
		pipe_wake_everyone(p);
	mutex_unlock(&inode->lock);
	if (last)
		pipe_free(p);
}

static const struct inode_ops pipefs_ops = {
	.name = "pipefs",
	.magic = PIPEFS_MAGIC,
	.dev = 3,
};

/*
 * A fifo's ends wait for each other at open, except for O_RDWR, and
 * O_NONBLOCK (reader: fine alone; writer: -ENXIO). fifo(7)
 *
 * A pipe without a name waits for nobody: it is opened again by
 * /proc/PID/fd/N, and its writers may have ended.
 */
static int fifo_wait_partner(struct file *file, struct pipe *p, u32 opened_read,
			     u32 opened_write)
{
	if ((file->flags & O_ACCMODE) == O_RDWR ||
	    file->inode->fs == &pipefs_ops)
		return 0;
	if (file_may_read(file)) {
		if (file->flags & O_NONBLOCK)
			return 0;
		return wait_event(&p->read_wait,
				  READ_ONCE(p->writers) ||
					  READ_ONCE(p->opened_write) !=
						  opened_write);
	}
	if (file->flags & O_NONBLOCK)
		return READ_ONCE(p->readers) ? 0 : -ENXIO;
	return wait_event(&p->write_wait,
			  READ_ONCE(p->readers) ||
				  READ_ONCE(p->opened_read) != opened_read);
}

static int fifo_open(struct inode *inode, struct file *file)
{
	struct pipe *fresh = pipe_alloc(), *p;
	u32 opened_read, opened_write;
	int err;

	if (!fresh)
		return -ENOMEM;
	mutex_lock(&inode->lock);
	p = inode->pipe;
	if (!p)
		p = inode->pipe = fresh;
	opened_read = p->opened_read;
	opened_write = p->opened_write;
	pipe_add_end(p, file);
	pipe_wake_everyone(p);
	mutex_unlock(&inode->lock);
	if (p != fresh)
		pipe_free(fresh);
	err = fifo_wait_partner(file, p, opened_read, opened_write);
	if (err)
		pipe_release(file);
	return err == -EINTR ? -ERESTARTSYS : err;
}

const struct file_ops fifo_file_ops = {
	.name = "pipe",
	.open = fifo_open,
	.release = pipe_release,
	.read = pipe_read,
	.write = pipe_write,
	.ioctl = pipe_ioctl,
	.poll = pipe_poll,
};

/**
 * pipe_create() - a pipe without a name, both ends open
 *
 * Context: thread. Return: 0 with a reference each, or -ENOMEM.
 */
int pipe_create(u32 flags, struct file **reader, struct file **writer)
{
	struct inode *inode;
	int err;

	err = inode_create(INODE_FIFO, S_IFIFO | 0600, &pipefs_ops,
			   &fifo_file_ops, &inode);
	if (err)
		return err;
	inode->nlink = 1;
	err = file_open_inode(inode, O_RDONLY | flags, reader);
	if (!err) {
		err = file_open_inode(inode, O_WRONLY | flags, writer);
		if (err)
			file_put(*reader);
	}
	inode_put(inode);
	return err;
}

/** pipe_check() - NULL, or the broken invariant. Context: nobody uses it. */
const char *pipe_check(const struct file *file)
{
	const struct pipe *p = file->inode->pipe;

	if (pipe_used(p) > PIPE_SIZE)
		return "[Q1] more bytes than the ring has";
	for (u32 at = p->tail; at != p->head; at++)
		if (!p->page[at / PAGE_SIZE % PIPE_PAGES])
			return "[Q2] bytes in a page that is not there";
	if (p->readers + p->writers < p->files)
		return "[Q3] an open end that neither reads nor writes";
	return NULL;
}
