/* SPDX-License-Identifier: MIT */
/*
 * Inodes: birth, references, death, and what stat shows of them.
 *
 *   inode_create ─► refs 1 ◄─ inode_get / inode_put ─► refs 0: fs->release,
 *                                                      names, memory go
 *
 * Invariant: [I1] refs = names that are LINKED + open files + VMAs + working
 * directories + floating names below it + references in local variables.
 *
 * The mapping of a regular file counts its users here too: mapping.ops get
 * and put are inode_get and inode_put, so a mapped file outlives its name.
 *
 * All tasks act as root, so permission bits are kept and shown, and only the
 * execute bits decide anything (exec, access).
 */
#include "kernel/fs/inode.h"

#include "arch/timer.h"
#include "kernel/fs/fcntl.h"
#include "kernel/fs/filelock.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/frames/slab.h"

#define NS_PER_S 1000000000ull

static struct kmem_cache *inode_cache;
static u64 inode_last_number;           /* [atomic] */

/** inode_init() - the cache of inodes. Boot. */
void inode_init(void)
{
	inode_cache = kmem_cache_create("inode", sizeof(struct inode), 0,
					CACHE_PANIC, NULL);
}

/** inode_count() - how many inodes there are. Context: any. */
u64 inode_count(void)
{
	return kmem_cache_inuse(inode_cache);
}

/** inode_clock() - ns since the Unix epoch. Context: any. */
u64 inode_clock(void)
{
	return timer_wall_base() + timer_now();
}

/**
 * inode_create() - an inode of the given type with one reference
 *
 * The contents (mapping, directory, link) are the caller's to set up.
 * Context: thread. Return: 0, or -ENOMEM.
 */
int inode_create(enum inode_type type, u32 mode, const struct inode_ops *fs,
		 const struct file_ops *ops, struct inode **out)
{
	struct inode *inode = kmem_cache_alloc(inode_cache, GFP_KERNEL);

	if (!inode)
		return -ENOMEM;
	*inode = (struct inode){
		.type = type,
		.mode = mode,
		.refs = 1,
		.fs = fs,
		.ops = ops,
		.number = __atomic_add_fetch(&inode_last_number, 1,
					     __ATOMIC_RELAXED),
	};
	inode->atime_ns = inode->mtime_ns = inode->ctime_ns = inode_clock();
	list_init(&inode->names);
	list_init(&inode->locks);
	mutex_init(&inode->lock, RANK_INODE);
	*out = inode;
	return 0;
}

/** inode_get() - one more reference to an inode that has one. Context: any. */
void inode_get(struct inode *inode)
{
	assert_slow(READ_ONCE(inode->refs) > 0);
	__atomic_fetch_add(&inode->refs, 1, __ATOMIC_RELAXED);
}

/**
 * inode_put() - drop a reference; the last one ends the inode
 *
 * A dying inode may hold the last reference of the directory that it was
 * removed from, and so on upwards: a loop, not a recursion.
 * Context: thread, no spinlock and not names_lock.
 */
void inode_put(struct inode *inode)
{
	struct inode *dir;

	while (inode &&
	       __atomic_sub_fetch(&inode->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		if (unlikely(!list_empty(&inode->locks)))
			filelock_free_all(inode);
		if (inode->fs->release)
			inode->fs->release(inode);
		dir = names_drop(inode);
		kmem_cache_free(inode_cache, inode);
		inode = dir;
	}
}

/** inode_size() - st_size: bytes, or the length of a link's target. */
u64 inode_size(const struct inode *inode)
{
	if (inode->type == INODE_FILE)
		return READ_ONCE(inode->mapping.size);
	if (inode->type == INODE_LINK && inode->link)
		return strlen(inode->link);
	return 0;
}

/** inode_blocks() - memory behind the contents in units of 512 bytes. */
u64 inode_blocks(const struct inode *inode)
{
	return inode->type == INODE_FILE
		       ? READ_ONCE(inode->mapping.nr_pages) * (PAGE_SIZE / 512)
		       : 0;
}

/** inode_stat() - fill the machine's struct stat. Context: thread. */
void inode_stat(struct inode *inode, struct linux_stat *st)
{
	*st = (struct linux_stat){
		.st_dev = inode->fs->dev,
		.st_ino = inode->number,
		.st_nlink = READ_ONCE(inode->nlink),
		.st_mode = inode->mode,
		.st_uid = inode->uid,
		.st_gid = inode->gid,
		.st_rdev = inode->rdev,
		.st_size = (s64)inode_size(inode),
		.st_blksize = PAGE_SIZE,
		.st_blocks = (s64)inode_blocks(inode),
		.st_atime = (s64)(inode->atime_ns / NS_PER_S),
		.st_atime_ns = (s64)(inode->atime_ns % NS_PER_S),
		.st_mtime = (s64)(inode->mtime_ns / NS_PER_S),
		.st_mtime_ns = (s64)(inode->mtime_ns % NS_PER_S),
		.st_ctime = (s64)(inode->ctime_ns / NS_PER_S),
		.st_ctime_ns = (s64)(inode->ctime_ns % NS_PER_S),
	};
}

/** inode_nameless() - what stands in for the path of a pipe; returns buf. */
const char *inode_nameless(struct inode *inode, char *buf, size_t size)
{
	fmt_snprintf(buf, size, "%s:[%llu]",
		     inode->type == INODE_FIFO ? "pipe" : "anon_inode",
		     (unsigned long long)inode->number);
	return buf;
}
