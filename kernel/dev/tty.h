/* SPDX-License-Identifier: MIT */
/* The console terminal: line discipline over arch/console.h. */
#ifndef KERNEL_DEV_TTY_H
#define KERNEL_DEV_TTY_H

#define TTY_DEVICE 0x501                /* 5:1, as stat(2) and ps number it */

void tty_init(void);
/* The group in front on the terminal of session sid; -1: it has none. */
int tty_foreground(int sid);

#endif
