/* SPDX-License-Identifier: MIT */
/* The console terminal: line discipline over arch/console.h. */
#ifndef KERNEL_DEV_TTY_H
#define KERNEL_DEV_TTY_H

struct file_ops;

void tty_init(void);

extern const struct file_ops tty_console_ops;   /* /dev/console */
extern const struct file_ops tty_own_ops;       /* /dev/tty */

#endif
