/* SPDX-License-Identifier: MIT */
/* The console terminal: line discipline over arch/console.h. */
#ifndef KERNEL_DEV_TTY_H
#define KERNEL_DEV_TTY_H

void tty_init(void);

#endif
