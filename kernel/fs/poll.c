/* SPDX-License-Identifier: MIT */
/*
 * poll, ppoll, select, pselect6: one loop, two ways to say which files.
 *
 *   poll    array of { fd, events, revents }
 *   select  three bitmaps; turned into the same array and back
 *
 *   poll_files: get on every queue, look at every file; something there, time
 *   over or a signal? done. Otherwise sleep, leave the queues, again.
 */
#include "kernel/fs/poll.h"

#include "kernel/base/time.h"
#include "kernel/fs/files.h"
#include "kernel/task/signal.h"
#include "kernel/task/syscall.h"
#include "kernel/task/task.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/uaccess.h"

#define NS_PER_S      1000000000ull
#define POLL_FOREVER  (~(u64)0)
#define POLL_MAX_FDS  4096              /* in one call */

struct poll_user {                      /* struct pollfd */
	s32 fd;
	s16 events, revents;
};

/* What one call waits for. */
struct poll_set {
	struct poll_user *fds;
	struct fd_loan *loan;           /* the files, held for the call */
	struct poll_entry *entry;
	u32 nr;
};

static void poll_set_free(struct poll_set *s)
{
	for (u32 i = 0; s->loan && i < s->nr; i++)
		fd_return(&s->loan[i]);
	kfree(s->fds);
	kfree(s->loan);
	kfree(s->entry);
}

/* Room for nr files. 0, -EINVAL (too many), -ENOMEM. */
static int poll_set_alloc(struct poll_set *s, u64 nr)
{
	*s = (struct poll_set){ .nr = (u32)nr };
	if (nr > POLL_MAX_FDS)
		return -EINVAL;
	s->fds = kcalloc(nr, sizeof(*s->fds), GFP_KERNEL);
	s->loan = kcalloc(nr, sizeof(*s->loan), GFP_KERNEL);
	s->entry = kcalloc(nr * POLL_QUEUES_PER_FILE, sizeof(*s->entry),
			   GFP_KERNEL);
	if (s->fds && s->loan && s->entry)
		return 0;
	poll_set_free(s);
	return -ENOMEM;
}

static void poll_set_borrow(struct poll_set *s)
{
	for (u32 i = 0; i < s->nr; i++)
		if (s->fds[i].fd >= 0)
			fd_borrow(s->fds[i].fd, &s->loan[i]);
}

static u32 poll_one(struct poll_user *u, struct file *file,
		    struct poll_wait *pw)
{
	u32 wanted = (u16)u->events | POLLERR | POLLHUP, mask;

	if (u->fd < 0)
		return 0;
	if (!file)
		return POLLNVAL;
	if (file->ops->poll)
		mask = file->ops->poll(file, pw);
	else
		mask = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return mask & wanted;
}

/* Looks at every file, and gets on their queues if pw says so. Ready ones. */
static u32 poll_scan(struct poll_set *s, struct poll_wait *pw)
{
	u32 ready = 0;

	for (u32 i = 0; i < s->nr; i++) {
		u32 mask = poll_one(&s->fds[i], s->loan[i].file, pw);

		s->fds[i].revents = (s16)mask;
		ready += mask != 0;
	}
	return ready;
}

/*
 * Sleeps until a file of the set is ready, the deadline (ns of timer_now())
 * has come or a signal waits. Files that are ready, 0, or -ERESTARTNOHAND.
 */
static long poll_files(struct poll_set *s, u64 deadline)
{
	bool late = deadline <= timer_now();
	u32 ready;

	poll_set_borrow(s);
	while (1) {
		struct poll_wait pw = { s->entry, 0,
					s->nr * POLL_QUEUES_PER_FILE };

		/* First without the queues: most calls find something. */
		ready = poll_scan(s, NULL);
		if (ready || late)
			return ready;
		if (signal_pending())
			return -ERESTARTNOHAND;
		if (s->nr == 0)         /* a mere sleep */
			return time_sleep_until(deadline, NULL)
				       ? -ERESTARTNOHAND
				       : 0;
		if (!poll_scan(s, &pw) && !signal_pending())
			late = wait_sleep(deadline);
		for (u32 i = 0; i < pw.nr; i++)
			wait_finish(pw.entry[i].queue, &pw.entry[i].waiter);
	}
}

/* Deadline of a relative timeout in user memory; 0: forever. */
static int poll_deadline(u64 uts, bool usec, u64 *deadline)
{
	struct linux_timespec ts;
	u64 now = timer_now();

	*deadline = POLL_FOREVER;
	if (!uts)
		return 0;
	if (copy_from_user(&ts, (void __user *)uts, sizeof(ts)))
		return -EFAULT;
	if (usec) {                     /* a second or more of them is fine */
		if (__builtin_add_overflow(ts.sec, ts.ns / 1000000, &ts.sec))
			return -EINVAL;
		ts.ns = ts.ns % 1000000 * 1000;
	}
	if (ts.sec < 0 || ts.ns < 0 || ts.ns >= (s64)NS_PER_S)
		return -EINVAL;
	if ((u64)ts.sec < (POLL_FOREVER - now) / NS_PER_S - 1)
		*deadline = now + (u64)ts.sec * NS_PER_S + (u64)ts.ns;
	return 0;
}

/* Writes what is left of the timeout back, as Linux does. */
static void poll_put_left(u64 uts, bool usec, u64 deadline)
{
	u64 now = timer_now(), left = deadline > now ? deadline - now : 0;
	struct linux_timespec ts = { (s64)(left / NS_PER_S),
				     (s64)(left % NS_PER_S) };

	if (!uts || deadline == POLL_FOREVER)
		return;
	if (usec)
		ts.ns /= 1000;
	if (copy_to_user((void __user *)uts, &ts, sizeof(ts)))
		return;                 /* the result counts, not this */
}

/* ---- the mask of ppoll and pselect6 -------------------------------------------- */

static int poll_mask_enter(u64 umask, u64 size)
{
	u64 mask;

	if (!umask)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, (void __user *)umask, sizeof(mask)))
		return -EFAULT;
	signal_mask_for_wait(mask);
	return 0;
}

static void poll_mask_leave(u64 umask, long ret)
{
	if (umask)
		signal_mask_restore(ret == -ERESTARTNOHAND);
}

/* ---- poll ------------------------------------------------------------------------- */

static long poll_call(u64 ufds, u64 nr, u64 deadline)
{
	struct poll_user __user *u = (struct poll_user __user *)ufds;
	struct poll_set set;
	long ret = poll_set_alloc(&set, nr);

	if (ret)
		return ret;
	if (copy_from_user(set.fds, u, nr * sizeof(*set.fds)))
		ret = -EFAULT;
	if (!ret)
		ret = poll_files(&set, deadline);
	if (ret >= 0 && copy_to_user(u, set.fds, nr * sizeof(*set.fds)))
		ret = -EFAULT;
	poll_set_free(&set);
	return ret;
}

/** sys_poll() - poll(2): fds, their number, timeout in ms (negative: none). */
long sys_poll(SYSCALL_ARGS)
{
	int ms = (int)a2;
	u64 deadline = ms < 0 ? POLL_FOREVER : timer_now() + (u64)ms * 1000000;

	if (ms == 0)
		deadline = 0;
	return poll_call(a0, a1, deadline);
}

/** sys_ppoll() - ppoll(2): fds, number, timeout, mask, size of the mask. */
long sys_ppoll(SYSCALL_ARGS)
{
	u64 deadline;
	long ret = poll_deadline(a2, false, &deadline);

	if (!ret)
		ret = poll_mask_enter(a3, a4);
	if (ret)
		return ret;
	ret = poll_call(a0, a1, deadline);
	poll_mask_leave(a3, ret);
	poll_put_left(a2, false, deadline);
	return ret;
}

/* ---- select ------------------------------------------------------------------------ */

enum { SELECT_READ, SELECT_WRITE, SELECT_EXCEPT, SELECT_SETS };

static const u32 select_wants[SELECT_SETS] = {
	POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM, POLLPRI,
};
static const u32 select_counts[SELECT_SETS] = {
	POLLIN | POLLRDNORM | POLLHUP | POLLERR,
	POLLOUT | POLLWRNORM | POLLERR, POLLPRI,
};

/* Copies the bitmaps of n descriptors in; an absent one is empty. */
static int select_get_sets(const u64 uset[SELECT_SETS], u32 n, u64 *bits,
			   size_t words)
{
	memset(bits, 0, SELECT_SETS * words * sizeof(u64));
	for (u32 s = 0; s < SELECT_SETS; s++)
		if (uset[s] &&
		    copy_from_user(bits + s * words, (void __user *)uset[s],
				   words * sizeof(u64)))
			return -EFAULT;
	return 0;
}

/* Bits -> entries of the set; nr becomes how many are in use. */
static void select_to_poll(struct poll_set *set, u32 n, const u64 *bits,
			   size_t words)
{
	u32 used = 0;

	for (u32 fd = 0; fd < n; fd++) {
		u32 events = 0;

		for (u32 s = 0; s < SELECT_SETS; s++)
			if (bitmap_test(bits + s * words, fd))
				events |= select_wants[s];
		if (events)
			set->fds[used++] = (struct poll_user){ (s32)fd,
							       (s16)events, 0 };
	}
	set->nr = used;
}

/* Entries -> bits; the number of bits set, or -EBADF. */
static long select_from_poll(const struct poll_set *set, u64 *bits,
			     size_t words)
{
	long count = 0;

	memset(bits, 0, SELECT_SETS * words * sizeof(u64));
	for (u32 i = 0; i < set->nr; i++) {
		const struct poll_user *u = &set->fds[i];

		if (u->revents & POLLNVAL)
			return -EBADF;
		for (u32 s = 0; s < SELECT_SETS; s++) {
			if (!((u32)u->events & select_wants[s]) ||
			    !((u32)u->revents & select_counts[s]))
				continue;
			bitmap_set(bits + s * words, (u32)u->fd);
			count++;
		}
	}
	return count;
}

static int select_put_sets(const u64 uset[SELECT_SETS], const u64 *bits,
			   size_t words)
{
	for (u32 s = 0; s < SELECT_SETS; s++)
		if (uset[s] &&
		    copy_to_user((void __user *)uset[s], bits + s * words,
				 words * sizeof(u64)))
			return -EFAULT;
	return 0;
}

static long select_call(int n, const u64 uset[SELECT_SETS], u64 deadline)
{
	size_t words = BITMAP_WORDS((size_t)(n < 0 ? 0 : n));
	struct poll_set set;
	long ret, count;
	u64 *bits;

	ret = n < 0 ? -EINVAL : poll_set_alloc(&set, (u64)n);
	if (ret)
		return ret;
	bits = kcalloc(SELECT_SETS * words + 1, sizeof(u64), GFP_KERNEL);
	ret = bits ? select_get_sets(uset, (u32)n, bits, words) : -ENOMEM;
	if (!ret) {
		select_to_poll(&set, (u32)n, bits, words);
		ret = poll_files(&set, deadline);
	}
	if (ret >= 0) {
		count = select_from_poll(&set, bits, words);
		ret = count < 0 ? count : select_put_sets(uset, bits, words);
		if (!ret)
			ret = count;
	}
	kfree(bits);
	poll_set_free(&set);
	return ret;
}

/** sys_select() - select(2): n, three sets, timeout as a struct timeval. */
long sys_select(SYSCALL_ARGS)
{
	u64 uset[SELECT_SETS] = { a1, a2, a3 }, deadline;
	long ret = poll_deadline(a4, true, &deadline);

	if (ret)
		return ret;
	ret = select_call((int)a0, uset, deadline);
	poll_put_left(a4, true, deadline);
	return ret;
}

/** sys_pselect6() - select with a timespec and { mask, its size }. */
long sys_pselect6(SYSCALL_ARGS)
{
	u64 uset[SELECT_SETS] = { a1, a2, a3 }, mask[2] = { 0 }, deadline;
	long ret = poll_deadline(a4, false, &deadline);

	if (!ret && a5)
		ret = copy_from_user(mask, (void __user *)a5, sizeof(mask));
	if (!ret)
		ret = poll_mask_enter(mask[0], mask[1]);
	if (ret)
		return ret;
	ret = select_call((int)a0, uset, deadline);
	poll_mask_leave(mask[0], ret);
	poll_put_left(a4, false, deadline);
	return ret;
}
