/* SPDX-License-Identifier: MIT */
/* Locks on files and on parts of them: see filelock.c. */
#ifndef KERNEL_FS_FILELOCK_H
#define KERNEL_FS_FILELOCK_H

#include "kernel/fs/vfs.h"

enum lock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK };

#define LOCK_END ((u64)INT64_MAX)       /* last byte that a file can have */

/* A lock, or the wish for one. */
struct file_lock {
	struct list_node node;          /* inode.locks */
	enum lock_kind kind;
	int type;                       /* F_RDLCK, F_WRLCK; wish: F_UNLCK */
	const void *owner;              /* compared, never followed */
	u64 first, last;                /* bytes, inclusive */
	int pid;                        /* for F_GETLK; OFD: -1 */
};

int __must_check filelock_set(struct inode *inode, const struct file_lock *wish,
			      bool wait);
bool filelock_conflict(struct inode *inode, const struct file_lock *wish,
		       struct file_lock *out);
bool filelock_held(struct inode *inode, const struct file_lock *wish);
void filelock_drop_owned(struct inode *inode, const void *owner);
void filelock_free_all(struct inode *inode);

/* Of fcntl(2), lock_calls.c: F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ forms; ulock: struct flock. */
long filelock_fcntl(struct file *file, int fd, int cmd, u64 ulock);

/* A descriptor of the table is closed, or (owner is the file) the open file:
 * the locks that it owns go. Most inodes have none. Context: thread. */
static inline void filelock_close(struct inode *inode, const void *owner)
{
	if (unlikely(!list_empty(&inode->locks)))
		filelock_drop_owned(inode, owner);
}

#endif
