/* SPDX-License-Identifier: MIT */
/* Making and describing inodes, inside the file layer. */
#ifndef KERNEL_FS_INODE_H
#define KERNEL_FS_INODE_H

#include "kernel/fs/vfs.h"

struct linux_stat;

void inode_init(void);
void names_init(void);

/* A fresh inode with one reference and no name; 0 or -ENOMEM. */
int __must_check inode_create(enum inode_type type, u32 mode,
			      const struct inode_ops *fs,
			      const struct file_ops *ops, struct inode **out);
/* Inodes alive: leak tests. */
u64 inode_count(void);
/* Wall clock of the timestamps, ns since the Unix epoch. */
u64 inode_clock(void);
u64 inode_size(const struct inode *inode);
u64 inode_blocks(const struct inode *inode);    /* units of 512 bytes */
void inode_stat(struct inode *inode, struct linux_stat *st);
const char *inode_nameless(struct inode *inode, char *buf, size_t size);

/* Upcall, implemented by names.c: frees the names of a dying inode. Returns the
 * directory whose reference goes with them, or NULL. */
struct inode *names_drop(struct inode *inode);

#endif
