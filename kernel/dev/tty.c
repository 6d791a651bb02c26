/* SPDX-License-Identifier: MIT */
/*
 * The terminal as a file: /dev/console and /dev/tty.
 *
 *   read    canonical: a line, or what fits of it; ^D on an empty line: 0
 *           raw: as VMIN and VTIME say
 *   write   through output processing (\n becomes \r\n) to the serial line
 *
 * tty_input.c holds the line discipline, tty_ioctl.c settings and job control.
 */
#include "kernel/dev/tty.h"

#include "arch/console.h"
#include "arch/timer.h"
#include "kernel/dev/chardev.h"
#include "kernel/dev/tty_state.h"
#include "kernel/fs/fcntl.h"
#include "kernel/fs/poll.h"
#include "kernel/task/signal.h"
#include "lib/errno.h"

struct tty console_tty;

static int tty_console_open(struct inode *inode, struct file *file)
{
	if (!(file->flags & O_NOCTTY))
		tty_adopt(&console_tty);
	return 0;
}

static int tty_own_open(struct inode *inode, struct file *file)
{
	return tty_is_own(&console_tty) ? 0 : -ENXIO;
}

/* ---- output ------------------------------------------------------------------------- */

/** tty_cook_output() - what goes to the line for len bytes. Context: any. */
size_t tty_cook_output(const struct tty *t, const u8 *src, size_t len,
		       char *out)
{
	u32 oflag = t->termios.oflag;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = (char)src[i];

		if (oflag & OPOST && oflag & ONLCR && c == '\n')
			out[n++] = '\r';
		else if (oflag & OPOST && oflag & OCRNL && c == '\r')
			c = '\n';
		out[n++] = c;
	}
	return n;
}

static long tty_write(struct file *file, struct io *io, u64 *pos)
{
	struct tty *t = &console_tty;
	size_t total = 0, n = 0, done = 0;
	char out[256];
	u8 chunk[128];

	if (t->termios.lflag & TOSTOP) {
		int err = tty_check_foreground(t, SIGTTOU);

		if (err)
			return err;
	}
	mutex_lock(&t->write_lock);
	while (io->left && done == n) {
		n = MIN(io->left, sizeof(chunk));
		done = io_get(io, chunk, n);
		console_write(out, tty_cook_output(t, chunk, done, out));
		total += done;
	}
	mutex_unlock(&t->write_lock);
	return total || !io->left ? (long)total : -EFAULT;
}

/* ---- input --------------------------------------------------------------------------- */

/* Sleeps until wanted characters are there. 0, -ERESTARTSYS, -ETIMEDOUT. */
static int tty_wait_input(struct tty *t, u32 wanted, u64 deadline)
{
	int err = wait_event_until(&t->read_wait, tty_readable(t) >= wanted,
				   true, deadline);

	return err == -EINTR ? -ERESTARTSYS : err;
}

/*
 * Raw mode, termios(3): VMIN characters end the wait, or VTIME tenths of a
 * second: since the call if VMIN is 0, else since the last character.
 */
static int tty_wait_raw(struct tty *t, size_t len)
{
	u32 min = MIN(t->termios.cc[VMIN], len), have = 0;
	u64 tenths = t->termios.cc[VTIME], timeout = tenths * 100000000;
	int err;

	if (!tenths)
		return tty_wait_input(t, min, ~(u64)0);
	if (!min) {
		err = tty_wait_input(t, 1, timer_now() + timeout);
		return err == -ETIMEDOUT ? 0 : err;
	}
	err = tty_wait_input(t, 1, ~(u64)0);
	while (!err && have < min) {
		have = tty_readable(t);
		if (have < min)
			err = tty_wait_input(t, have + 1,
					     timer_now() + timeout);
	}
	return err == -ETIMEDOUT ? 0 : err;
}

static int tty_wait_readable(struct file *file, struct tty *t, size_t len)
{
	if (tty_readable(t))
		return 0;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return t->termios.lflag & ICANON ? tty_wait_input(t, 1, ~(u64)0)
					 : tty_wait_raw(t, len);
}

static long tty_read(struct file *file, struct io *io, u64 *pos)
{
	struct tty *t = &console_tty;
	size_t total = 0, n, done;
	bool ended = false;
	u8 chunk[128];
	int err;

	if (io->left == 0)
		return 0;
	err = tty_check_foreground(t, SIGTTIN);
	if (!err)
		err = tty_wait_readable(file, t, io->left);
	if (err)
		return err;
	do {
		n = tty_take(t, chunk, MIN(io->left, sizeof(chunk)), &ended);
		done = io_put(io, chunk, n);
		total += done;
	} while (n && done == n && io->left && !ended);
	return done == n || total ? (long)total : -EFAULT;
}

static unsigned int tty_poll(struct file *file, struct poll_wait *pw)
{
	poll_add(pw, &console_tty.read_wait);
	return (tty_readable(&console_tty) ? POLLIN | POLLRDNORM : 0) |
	       POLLOUT | POLLWRNORM;
}

static const struct file_ops tty_console_ops = {
	.name = "console",
	.open = tty_console_open,
	.read = tty_read,
	.write = tty_write,
	.ioctl = tty_ioctl,
	.poll = tty_poll,
};

static const struct file_ops tty_own_ops = {
	.name = "tty",
	.open = tty_own_open,
	.read = tty_read,
	.write = tty_write,
	.ioctl = tty_ioctl,
	.poll = tty_poll,
};

static struct chardev tty_console_device = {
	.major = 5, .minor = 1, .mode = 0600, .name = "console",
	.ops = &tty_console_ops,
};

static struct chardev tty_own_device = {
	.major = 5, .minor = 0, .mode = 0666, .name = "tty",
	.ops = &tty_own_ops,
};

/** tty_init() - the terminal with the settings of a fresh Linux console. Boot. */
void tty_init(void)
{
	struct tty *t = &console_tty;

	spin_init(&t->lock, RANK_TTY);
	mutex_init(&t->write_lock, RANK_INODE);
	wait_queue_init(&t->read_wait);
	t->winsize = (struct winsize_user){ .rows = 24, .columns = 80 };
	t->termios = (struct termios_user){
		.iflag = ICRNL | IXON | IUTF8,
		.oflag = OPOST | ONLCR,
		.cflag = CS8 | CREAD | CLOCAL | HUPCL | B115200,
		.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
			 ECHOKE | IEXTEN,
		.cc = { [VINTR] = 3, [VQUIT] = 28, [VERASE] = 127,
			[VKILL] = 21, [VEOF] = 4, [VMIN] = 1, [VSTART] = 17,
			[VSTOP] = 19, [VSUSP] = 26, [VREPRINT] = 18,
			[VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22 },
	};	chardev_register(&tty_console_device);
	chardev_register(&tty_own_device);
}
