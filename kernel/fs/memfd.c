/* SPDX-License-Identifier: MIT */
/*
 * memfd_create(2): a file of the tmpfs without a place in it, and its seals.
 *
 * A seal is a promise of the kernel to whoever gets the descriptor: from now on
 * this file does not shrink, grow, change. It cannot be taken back.
 *
 *   SHRINK, GROW    looked at by ftruncate, fallocate, write
 *   WRITE           nobody writes, neither by call nor by mapping
 *   FUTURE_WRITE    the same, but mappings that are there may go on
 *   SEAL            no further seals; every file that is no memfd has this one
 *
 * WRITE must find no mapping that could write. mmap counts itself as a writer
 * of the mapping first and looks at the seals then; F_ADD_SEALS sets the seal
 * first and looks at the count then. So one of the two sees the other.
 */
#include "kernel/fs/memfd.h"

#include "kernel/fs/files.h"
#include "kernel/fs/names.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/task/syscall.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/spaces/mmap.h"
#include "mm/spaces/uaccess.h"

enum { MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_HUGETLB = 4 };
enum { MEMFD_NAME_MAX = 249 };          /* Linux's: NAME_MAX - "memfd:" */
#define MFD_HUGE_SIZES (0x3fu << 26)    /* which size, with MFD_HUGETLB */

/* ---- seals ----------------------------------------------------------------------- */

/* Sets them, unless somebody could still write. Context: inode.lock. */
static int seals_set(struct inode *inode, u32 seals)
{
	u32 old = inode->seals;

	if (old & F_SEAL_SEAL)
		return -EPERM;
	__atomic_store_n(&inode->seals, old | seals, __ATOMIC_SEQ_CST);
	if (seals & ~old & F_SEAL_WRITE &&
	    __atomic_load_n(&inode->mapping.nr_writers, __ATOMIC_SEQ_CST)) {
		__atomic_store_n(&inode->seals, old, __ATOMIC_SEQ_CST);
		return -EBUSY;
	}
	return 0;
}

/**
 * memfd_add_seals() - F_ADD_SEALS
 *
 * Context: thread; takes inode.lock. Return: 0, -EPERM (not open for writing,
 * or sealed against it), -EINVAL (no such seal, or file), -EBUSY.
 */
long memfd_add_seals(struct file *file, u64 seals)
{
	struct inode *inode = file->inode;
	int err;

	if (!file_may_write(file))
		return -EPERM;
	if (seals & ~(u64)F_SEAL_ALL || inode->type != INODE_FILE)
		return -EINVAL;
	mutex_lock(&inode->lock);
	err = seals_set(inode, (u32)seals);
	mutex_unlock(&inode->lock);
	return err;
}

/** memfd_get_seals() - F_GET_SEALS. Return: F_SEAL_*, -EINVAL: no such file. */
long memfd_get_seals(struct file *file)
{
	if (file->inode->type != INODE_FILE)
		return -EINVAL;
	return READ_ONCE(file->inode->seals);
}

/**
 * memfd_check_map() - may this shared mapping of the file come to be?
 *
 * A sealed file's mapping that only reads is fine, and never will write (as in
 * Linux 6.7 and later updates of 6.1): rq->may_write goes. One that asks to write is
 * refused, for FUTURE_WRITE alone as the last of all checks. If rq->may_write stays,
 * one writer is counted, which the caller takes back once the VMA counts for itself.
 * Context: thread.
 */
void memfd_check_map(struct file *file, struct mmap_request *rq)
{
	struct mapping *m = &file->inode->mapping;
	u32 seals;

	if (!rq->may_write)
		return;
	mapping_count_writer(m, 1);
	seals = __atomic_load_n(&file->inode->seals, __ATOMIC_SEQ_CST);
	if (likely(!(seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))))
		return;
	mapping_count_writer(m, -1);
	rq->may_write = false;
	rq->refused = rq->prot & PROT_WRITE ? -EPERM : 0;
	rq->refused_last = !(seals & F_SEAL_WRITE);
}

/* ---- the call --------------------------------------------------------------------- */

static int memfd_open(const char *name, u32 seals, struct file **out)
{
	struct inode *inode;
	int err = tmpfs_create_inode(S_IFREG | 0777, 0, &inode);

	if (err)
		return err;
	inode->seals = seals;
	err = names_float(inode, root_inode, name, strlen(name),
			  DIRENT_REMOVED);
	if (!err)
		err = file_open_inode(inode, O_RDWR | O_LARGEFILE, out);
	inode_put(inode);
	return err;
}

static int memfd_check_flags(u32 flags)
{
	u32 known = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	if (flags & MFD_HUGETLB)
		known |= MFD_HUGETLB | MFD_HUGE_SIZES;
	if (flags & ~known)
		return -EINVAL;
	return flags & MFD_HUGETLB ? -ENOSYS : 0;       /* there is no hugetlbfs */
}

/** sys_memfd_create() - memfd_create(2): name, flags. */
long sys_memfd_create(SYSCALL_ARGS)
{
	char name[NAME_MAX + 1] = "memfd:";
	size_t fixed = strlen(name);
	struct file *file = NULL;
	u32 flags = (u32)a1;
	int fd, err = memfd_check_flags(flags);
	long len;

	if (err)
		return err;
	len = strncpy_from_user(name + fixed, (const char __user *)a0,
				MEMFD_NAME_MAX + 1);
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	fd = own_fd_reserve(0, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	err = memfd_open(name, flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL,
			 &file);
	return own_fd_finish(fd, file, err);
}
