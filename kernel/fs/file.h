/* SPDX-License-Identifier: MIT */
/* Opening, reading and writing, below the system calls. */
#ifndef KERNEL_FS_FILE_H
#define KERNEL_FS_FILE_H

#include "kernel/fs/fcntl.h"
#include "kernel/fs/path.h"
#include "kernel/fs/vfs.h"

void file_init(void);
int __must_check file_open_inode(struct inode *inode, u32 flags,
				 struct file **out);
int __must_check vfs_open(struct path *p, struct inode *start, u32 flags,
			  u32 mode, struct file **out);

/* Do positions count, and may they be moved? */
static inline bool file_is_seekable(const struct file *file)
{
	return file->inode->type == INODE_FILE ||
	       file->inode->type == INODE_DIR ||
	       file->inode->type == INODE_PROC;
}

static inline bool file_may_read(const struct file *file)
{
	return (file->flags & O_ACCMODE) != O_WRONLY && !(file->flags & O_PATH);
}

static inline bool file_may_write(const struct file *file)
{
	return (file->flags & O_ACCMODE) != O_RDONLY && !(file->flags & O_PATH);
}

long file_read(struct file *file, struct io *io);
long file_write(struct file *file, struct io *io);
long file_read_at(struct file *file, struct io *io, u64 pos);
long file_write_at(struct file *file, struct io *io, u64 pos);

#endif
