/* SPDX-License-Identifier: MIT */
/* The serial line: output at any time, input by interrupt. */
#ifndef ARCH_CONSOLE_H
#define ARCH_CONSOLE_H

#include "lib/types.h"

/** console_early_init() - usable from the first instructions; no interrupts. */
void console_early_init(void);

/** console_init() - receive interrupts on; after irq_init(). */
void console_init(void);

/** console_write() - send len bytes, waiting for the device. Context: any. */
void console_write(const char *s, size_t len);

/* Upcall for each received byte, interrupts off: kernel/dev/tty.c. */
void console_received(char c);

#endif
