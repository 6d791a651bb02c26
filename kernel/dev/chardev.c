/* SPDX-License-Identifier: MIT */
/*
 * Character devices: the list of all, and those that need no hardware.
 *
 *   1,3 null     reads nothing, swallows everything
 *   1,5 zero     endless zeroes; private mappings are anonymous memory
 *   1,7 full     endless zeroes, no room
 *   1,8 random   1,9 urandom: the same generator (random.c)
 *
 * 5,0 tty and 5,1 console are registered by tty.c.
 */
#include "kernel/dev/chardev.h"

#include "kernel/dev/random.h"
#include "lib/errno.h"

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

static struct chardev mem_devices[] = {
	{ .major = 1, .minor = 3, .mode = 0666, .name = "null",
	  .ops = &null_ops },
	{ .major = 1, .minor = 5, .mode = 0666, .name = "zero",
	  .ops = &zero_ops },
	{ .major = 1, .minor = 7, .mode = 0666, .name = "full",
	  .ops = &full_ops },
	{ .major = 1, .minor = 8, .mode = 0666, .name = "random",
	  .ops = &random_ops },
	{ .major = 1, .minor = 9, .mode = 0666, .name = "urandom",
	  .ops = &random_ops },
};

/* ---- the list of all --------------------------------------------------------- */

static struct chardev *chardevs;        /* changes at boot only */

/** chardev_register() - one more device. Context: boot, one CPU. */
void chardev_register(struct chardev *dev)
{
	struct chardev **link = &chardevs;

	while (*link)
		link = &(*link)->next;
	dev->next = NULL;
	*link = dev;
}

/** chardev_init() - register the devices of this file. Context: boot. */
void chardev_init(void)
{
	for (size_t i = 0; i < array_size(mem_devices); i++)
		chardev_register(&mem_devices[i]);
}

/** chardev_ops() - what stands behind a device number. Context: any. */
const struct file_ops *chardev_ops(u64 rdev)
{
	for (struct chardev *d = chardevs; d; d = d->next)
		if (dev_make(d->major, d->minor) == rdev)
			return d->ops;
	return &absent_ops;
}

/** chardev_list() - the first device; ->next leads on. Context: any. */
const struct chardev *chardev_list(void)
{
	return chardevs;
}
