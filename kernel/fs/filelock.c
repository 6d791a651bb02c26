/* SPDX-License-Identifier: MIT */
/*
 * Locks on files: fcntl(2)'s record locks and flock(2).
 *
 *   inode ─ locks ─► [0,9] read  ─► [20,29] write ─► [0,end] flock …
 *                      owner A         owner B         owner: an open file
 *
 * They are advice: nobody who does not ask is kept from anything. Three kinds
 * differ in who owns them and when they go:
 *
 *   POSIX   the descriptor table; with any close of the file by that table
 *   OFD     the open file; with its last descriptor
 *   FLOCK   the same, always the whole file, and blind for the other two
 *
 * A request cuts or replaces what its owner holds in the range, and grows
 * together with neighbours of its type. Whoever waits looks again after each
 * release anywhere (lock_releases): locks are few, and waiting for them is rare.
 * A POSIX request that would close a circle of waiting owners is -EDEADLK.
 *
 * Invariants, while locks_mutex is held:
 *  [L1] locks of one kind and owner on an inode do not overlap;
 *  [L2] overlapping locks of different owners are all F_RDLCK (FLOCK, and
 *       POSIX with OFD, each for itself).
 *
 * One mutex for all files is enough as long as programs lock files a few
 * thousand times a second.
 */
#include "kernel/fs/filelock.h"

#include "kernel/base/lock.h"
#include "kernel/base/wait.h"
#include "kernel/fs/fcntl.h"
#include "lib/errno.h"
#include "mm/frames/kmalloc.h"

/* Somebody who waits, for the search for circles. */
struct lock_wait {
	struct list_node node;
	const void *owner, *blocker;
};

static struct mutex locks_mutex = MUTEX_INIT(locks_mutex, RANK_FILE_LOCKS);
static struct list_node lock_waits = LIST_INIT(lock_waits); /* [locks_mutex] */
static struct wait_queue locks_wait = WAIT_QUEUE_INIT(locks_wait);
static u64 lock_releases;               /* [locks_mutex to change] */

static bool locks_overlap(const struct file_lock *a, const struct file_lock *b)
{
	return a->first <= b->last && b->first <= a->last;
}

static bool lock_is_own(const struct file_lock *have,
			const struct file_lock *rq)
{
	return have->kind == rq->kind && have->owner == rq->owner;
}

/* The first lock in the way of rq, or NULL. Context: locks_mutex. */
static struct file_lock *lock_find_conflict(struct inode *inode,
					    const struct file_lock *rq)
{
	struct file_lock *l;

	list_for_each(l, &inode->locks, node)
		if ((l->kind == LOCK_FLOCK) == (rq->kind == LOCK_FLOCK) &&
		    !lock_is_own(l, rq) && locks_overlap(l, rq) &&
		    (l->type == F_WRLCK || rq->type == F_WRLCK))
			return l;
	return NULL;
}

static void lock_free(struct file_lock *l)
{
	list_remove(&l->node);
	kfree(l);
}

/* ---- taking and giving back ------------------------------------------------------ */

/* Makes an own lock give way to rq, or joins it; *spare becomes the far part of
 * one that is cut in two. Context: locks_mutex. */
static void lock_make_room(struct inode *inode, struct file_lock *l,
			   struct file_lock *rq, struct file_lock **spare)
{
	if (l->type == rq->type) {
		/* Neighbours grow together too, not only what overlaps. */
		if (l->last + 1 < rq->first || rq->last + 1 < l->first)
			return;
		rq->first = MIN(rq->first, l->first);
		rq->last = MAX(rq->last, l->last);
		lock_free(l);
	} else if (!locks_overlap(l, rq)) {
		return;
	} else if (l->first < rq->first && l->last > rq->last) {
		struct file_lock *far = *spare;

		*spare = NULL;
		*far = *l;
		far->first = rq->last + 1;
		l->last = rq->first - 1;
		list_push_back(&inode->locks, &far->node);
	} else if (l->first < rq->first) {
		l->last = rq->first - 1;
	} else if (l->last > rq->last) {
		l->first = rq->last + 1;
	} else {
		lock_free(l);
	}
}

/* Commits rq, which nothing is in the way of. fresh: becomes the lock; may be
 * left over, as *spare. Context: locks_mutex. */
static void lock_commit(struct inode *inode, struct file_lock *rq,
			struct file_lock **fresh, struct file_lock **spare)
{
	struct file_lock *l, *tmp;

	list_for_each_safe(l, tmp, &inode->locks, node)
		if (lock_is_own(l, rq))
			lock_make_room(inode, l, rq, spare);
	if (rq->type != F_UNLCK) {
		**fresh = *rq;
		list_push_back(&inode->locks, &(*fresh)->node);
		*fresh = NULL;
	}
	/* Even a new lock may have cut an old one. */
	lock_releases++;
}

/* 0, -EAGAIN with *blocker (the owner in the way), -ENOMEM. */
static int lock_try(struct inode *inode, const struct file_lock *wish,
		    const void **blocker)
{
	struct file_lock *fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);
	struct file_lock *spare = kmalloc(sizeof(*spare), GFP_KERNEL);
	struct file_lock rq = *wish, *conflict = NULL;
	int err = fresh && spare ? 0 : -ENOMEM;

	if (!err) {
		mutex_lock(&locks_mutex);
		if (rq.type != F_UNLCK)
			conflict = lock_find_conflict(inode, &rq);
		if (conflict) {
			*blocker = conflict->owner;
			err = -EAGAIN;
		} else {
			lock_commit(inode, &rq, &fresh, &spare);
		}
		mutex_unlock(&locks_mutex);
		if (!err)
			wait_wake_all(&locks_wait);
	}
	kfree(fresh);
	kfree(spare);
	return err;
}

/**
 * filelock_drop_owned() - all locks of an owner on a file go
 *
 * Context: thread, no lock of a rank from RANK_FILE_LOCKS on.
 */
void filelock_drop_owned(struct inode *inode, const void *owner)
{
	struct file_lock *l, *tmp;

	mutex_lock(&locks_mutex);
	list_for_each_safe(l, tmp, &inode->locks, node)
		if (l->owner == owner)
			lock_free(l);
	lock_releases++;
	mutex_unlock(&locks_mutex);
	wait_wake_all(&locks_wait);
}

/** filelock_free_all() - the inode ends, and what was left on it. */
void filelock_free_all(struct inode *inode)
{
	struct file_lock *l, *tmp;

	list_for_each_safe(l, tmp, &inode->locks, node)
		lock_free(l);
}

/**
 * filelock_conflict() - what is in the way of a wish
 *
 * Context: thread. Return: false: nothing; true with a copy in *out.
 */
bool filelock_conflict(struct inode *inode, const struct file_lock *wish,
		       struct file_lock *out)
{
	struct file_lock *l;

	mutex_lock(&locks_mutex);
	l = lock_find_conflict(inode, wish);
	if (l)
		*out = *l;
	mutex_unlock(&locks_mutex);
	return l;
}

/** filelock_held() - has the owner just this kind and type? Context: thread. */
bool filelock_held(struct inode *inode, const struct file_lock *wish)
{
	const struct file_lock *l;
	bool held = false;

	mutex_lock(&locks_mutex);
	list_for_each(l, &inode->locks, node)
		if (lock_is_own(l, wish) && l->type == wish->type)
			held = true;
	mutex_unlock(&locks_mutex);
	return held;
}

/* ---- waiting ------------------------------------------------------------------------- */

/* Does blocker wait for somebody who waits … for me? Each owner of a thread
 * waits once at most; the bound is for owners of many. Context: locks_mutex. */
static bool lock_closes_circle(const void *me, const void *blocker)
{
	struct lock_wait *w;

	for (int steps = 0; steps < 64; steps++) {
		const void *next = NULL;

		if (blocker == me)
			return true;
		list_for_each(w, &lock_waits, node)
			if (w->owner == blocker)
				next = w->blocker;
		if (!next)
			return false;
		blocker = next;
	}
	return false;
}

/* Sleeps until some lock was released after *seen. */
static int lock_wait_release(const struct file_lock *wish, const void *blocker,
			     u64 seen)
{
	struct lock_wait w = { .owner = wish->owner, .blocker = blocker };
	bool posix = wish->kind == LOCK_POSIX;
	int err = 0;

	mutex_lock(&locks_mutex);
	if (posix && lock_closes_circle(w.owner, blocker))
		err = -EDEADLK;
	else if (posix)
		list_push_back(&lock_waits, &w.node);
	mutex_unlock(&locks_mutex);
	if (err)
		return err;
	if (wait_event(&locks_wait, READ_ONCE(lock_releases) != seen))
		err = -ERESTARTSYS;
	if (posix) {
		mutex_lock(&locks_mutex);
		list_remove(&w.node);
		mutex_unlock(&locks_mutex);
	}
	return err;
}

/**
 * filelock_set() - take, change or (F_UNLCK) give back a lock
 *
 * wait: until nobody is in the way. Context: thread, no locks.
 * Return: 0, -ENOMEM; -EAGAIN, or if it waits -EDEADLK, -ERESTARTSYS.
 */
int filelock_set(struct inode *inode, const struct file_lock *wish, bool wait)
{
	const void *blocker = NULL;
	u64 seen;
	int err;

	do {
		seen = READ_ONCE(lock_releases);
		err = lock_try(inode, wish, &blocker);
		if (err == -EAGAIN && wait)
			err = lock_wait_release(wish, blocker, seen);
		else
			break;
	} while (!err);
	return err;
}
