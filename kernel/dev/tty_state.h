/* SPDX-License-Identifier: MIT */
/* struct tty, shared by tty.c, tty_input.c and tty_ioctl.c. */
#ifndef KERNEL_DEV_TTY_STATE_H
#define KERNEL_DEV_TTY_STATE_H

#include "kernel/base/wait.h"
#include "kernel/fs/vfs.h"

/* Bits of struct termios, termios(3). */
enum { IGNCR = 0x80, ICRNL = 0x100, INLCR = 0x40, IXON = 0x400,
       IUTF8 = 0x4000 };
enum { OPOST = 0x1, ONLCR = 0x4, OCRNL = 0x8 };
enum {
	CS8 = 0x30,
	CREAD = 0x80,
	CLOCAL = 0x800,
	HUPCL = 0x400,
	B115200 = 0x1002
};
enum {
	ISIG = 0x1,
	ICANON = 0x2,
	ECHO = 0x8,
	ECHOE = 0x10,
	ECHOK = 0x20,
	ECHONL = 0x40,
	NOFLSH = 0x80,
	TOSTOP = 0x100,
	ECHOCTL = 0x200,
	ECHOKE = 0x800,
	IEXTEN = 0x8000
};
enum {
	VINTR,
	VQUIT,
	VERASE,
	VKILL,
	VEOF,
	VTIME,
	VMIN,
	VSWTC,
	VSTART,
	VSTOP,
	VSUSP,
	VEOL,
	VREPRINT,
	VDISCARD,
	VWERASE,
	VLNEXT,
	VEOL2,
	TTY_NCC = 19
};

struct termios_user {                   /* the kernel's struct termios */
	u32 iflag, oflag, cflag, lflag;
	u8 line;
	u8 cc[TTY_NCC];                 /* 0: that function is off */
};

struct winsize_user { u16 rows, columns, xpixel, ypixel; };

#define TTY_INPUT 4096                  /* characters; a power of two */

enum {                                  /* beside the character */
	TTY_END = 0x100,                /* a line ends with it */
	TTY_EOF = 0x200,                /* ^D: ends a read, not delivered */
};

struct tty {
	struct spinlock lock;           /* interrupts off: input arrives in one */
	struct termios_user termios;    /* [lock] */
	struct winsize_user winsize;    /* [lock] */
	int session;                    /* whose terminal it is; 0: nobody's [lock] */
	int foreground;                 /* process group that may read [lock] */
	u16 input[TTY_INPUT];           /* [lock] characters with TTY_* */
	u32 head;                       /* [lock] where the next one goes */
	u32 done;                       /* [lock] lines before it are complete */
	u32 tail;                       /* [lock] next to be read */
	struct wait_queue read_wait;    /* for input */
	struct mutex write_lock;        /* one write at a time */
};

extern struct tty console_tty;

/* ---- tty_input.c ------------------------------------------------------------------ */

/* Characters that a read may take now. */
u32 tty_readable(struct tty *t);
/* Takes up to size of them, in canonical mode not beyond the end of a line;
 * *ended: the line (or the file) ends here. */
size_t tty_take(struct tty *t, u8 *buf, size_t size, bool *ended);
void tty_flush_input(struct tty *t) __needs_lock(t->lock);

/* ---- tty.c ------------------------------------------------------------------------- */

/* Output processing of len bytes to out (room for 2 len); bytes made. */
size_t tty_cook_output(const struct tty *t, const u8 *src, size_t len,
		       char *out);

/* ---- tty_ioctl.c ------------------------------------------------------------------- */

long tty_ioctl(struct file *file, unsigned int cmd, u64 arg);
/* A session leader without a terminal opens t: it becomes his. */
void tty_adopt(struct tty *t);
bool tty_is_own(struct tty *t);
/* May the caller, perhaps in the background, go on? 0, -EIO, -ERESTARTSYS. */
int __must_check tty_check_foreground(struct tty *t, int signo);

#endif
