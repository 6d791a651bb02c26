/* SPDX-License-Identifier: MIT */
/* The caches of the file layer, and its root: all that needs no process. */
#include "kernel/base/panic.h"
#include "kernel/fs/fcntl.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/names.h"
#include "kernel/fs/path.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/root.h"
#include "kernel/fs/tmpfs.h"

struct inode *root_inode;

/** root_init() - an empty tmpfs whose root is root_inode. Context: boot. */
void root_init(void)
{
	names_init();
	inode_init();
	path_init();
	file_init();
	pipe_init();
	if (tmpfs_create_inode(S_IFDIR | 0755, 0, &root_inode))
		panic("fs: no memory for the root directory");
	root_inode->nlink = 2;
}
