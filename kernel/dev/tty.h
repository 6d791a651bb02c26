/* SPDX-License-Identifier: MIT */
/* The console terminal: line discipline over arch/console.h. */
#ifndef KERNEL_DEV_TTY_H
#define KERNEL_DEV_TTY_H

struct process;

#define TTY_DEVICE 0x501                /* 5:1, as stat(2) and ps number it */

void tty_init(void);
/* The group in front on the terminal of p's session; -1: p has none. */
int tty_foreground(const struct process *p);
/* The leader of session sid ends: its terminal hangs up. */
void tty_session_ended(int sid);

#endif
