/* SPDX-License-Identifier: MIT */
/* The file layer at boot: the root, and what stands in it from the start. */
#include "kernel/fs/fs.h"

#include "kernel/base/panic.h"
#include "kernel/dev/chardev.h"
#include "kernel/fs/fcntl.h"
#include "kernel/fs/proc.h"
#include "kernel/fs/root.h"
#include "kernel/fs/tmpfs.h"
#include "lib/string.h"

static struct inode *fs_make_dir(const char *name, u32 mode)
{
	struct inode *dir;

	if (tmpfs_create(root_inode, name, strlen(name), S_IFDIR | mode, 0,
			 &dir))
		panic("fs: no memory for /%s", name);
	return dir;
}

static void fs_make_dev(void)
{
	struct inode *dev = fs_make_dir("dev", 0755);
	const struct chardev *d;
	int err = 0;

	for (d = chardev_list(); !err && d; d = d->next)
		err = tmpfs_create(dev, d->name, strlen(d->name),
				   S_IFCHR | d->mode,
				   dev_make(d->major, d->minor), NULL);
	if (!err)
		err = tmpfs_create(dev, "shm", 3, S_IFDIR | 01777, 0, NULL);
	if (!err)
		err = tmpfs_symlink(dev, "fd", 2, "/proc/self/fd");
	if (err)
		panic("fs: no memory for /dev");
	inode_put(dev);
}

/**
 * fs_init() - the root directory, /dev, /tmp and /proc
 *
 * Context: boot, after slab_init().
 */
void fs_init(void)
{
	root_init();
	chardev_init();
	fs_make_dev();
	inode_put(fs_make_dir("tmp", 01777));
	if (proc_init(root_inode))
		panic("fs: no memory for /proc");
}
