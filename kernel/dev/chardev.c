/* SPDX-License-Identifier: MIT */
/*
 * The character devices that need no hardware, and the list of all.
 *
 *   1,3 null     reads nothing, swallows everything
 *   1,5 zero     endless zeroes; private mappings are anonymous memory
 *   1,7 full     endless zeroes, no room
 *   1,8 random   1,9 urandom: the same generator (random.c)
 *   5,0 tty      the caller's controlling terminal
 *   5,1 console  the terminal on the serial line (tty.c)
 */
#include "kernel/dev/chardev.h"

#include "kernel/dev/random.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/fcntl.h"
#include "kernel/fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/string.h"

static long null_read(struct file *file, struct io *io, u64 *pos)
{
	return 0;
}

static long null_write(struct file *file, struct io *io, u64 *pos)
{
	size_t len = io->left;

	io->left = 0;
	return (long)len;
}

static long zero_read(struct file *file, struct io *io, u64 *pos)
{
	size_t len = io->left, done = io_zero(io, len);

	return done || !len ? (long)done : -EFAULT;
}

static long full_write(struct file *file, struct io *io, u64 *pos)
{
	return -ENOSPC;
}

static int zero_mmap(struct file *file, struct mapping **out, bool *anonymous)
{
	*out = NULL;
	*anonymous = true;
	return 0;
}

static long random_read(struct file *file, struct io *io, u64 *pos)
{
	u8 chunk[256];
	size_t total = 0, n = 0, done = 0;

	while (io->left && done == n) {
		n = MIN(io->left, sizeof(chunk));
		random_fill(chunk, n);
		done = io_put(io, chunk, n);
		total += done;
	}
	return total || !io->left ? (long)total : -EFAULT;
}

static long random_write(struct file *file, struct io *io, u64 *pos)
{
	size_t total = 0, done;
	u64 value = 0;

	while (io->left) {
		done = io_get(io, &value, MIN(io->left, sizeof(value)));
		if (!done)
			break;
		random_stir(value);
		total += done;
	}
	return total || !io->left ? (long)total : -EFAULT;
}

static int absent_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

static const struct file_ops null_ops = {
	.name = "null", .read = null_read, .write = null_write,
};
static const struct file_ops zero_ops = {
	.name = "zero", .read = zero_read, .write = null_write,
	.mmap = zero_mmap,
};
static const struct file_ops full_ops = {
	.name = "full", .read = zero_read, .write = full_write,
};
static const struct file_ops random_ops = {
	.name = "random", .read = random_read, .write = random_write,
};
static const struct file_ops absent_ops = {
	.name = "absent", .open = absent_open, .read = null_read,
	.write = full_write,
};

static const struct {
	u8 major, minor;
	u16 mode;
	const char *name;
	const struct file_ops *ops;
} chardevs[] = {
	{ 1, 3, 0666, "null", &null_ops },
	{ 1, 5, 0666, "zero", &zero_ops },
	{ 1, 7, 0666, "full", &full_ops },
	{ 1, 8, 0666, "random", &random_ops },
	{ 1, 9, 0666, "urandom", &random_ops },
	{ 5, 0, 0666, "tty", &tty_own_ops },
	{ 5, 1, 0600, "console", &tty_console_ops },
};

/** chardev_ops() - what stands behind a device number. Context: any. */
const struct file_ops *chardev_ops(u64 rdev)
{
	for (size_t i = 0; i < array_size(chardevs); i++)
		if (dev_make(chardevs[i].major, chardevs[i].minor) == rdev)
			return chardevs[i].ops;
	return &absent_ops;
}

/**
 * chardev_populate() - a node in dir for every device
 *
 * Context: boot. Return: 0, or -ENOMEM.
 */
int chardev_populate(struct inode *dir)
{
	int err = 0;

	for (size_t i = 0; !err && i < array_size(chardevs); i++) {
		const char *name = chardevs[i].name;

		err = tmpfs_create(dir, name, strlen(name),
				   S_IFCHR | chardevs[i].mode,
				   dev_make(chardevs[i].major,
					    chardevs[i].minor), NULL);
	}
	return err;
}
