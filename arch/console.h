/* SPDX-License-Identifier: MIT */
/* The serial line: output at any time, input by interrupt. */
#ifndef ARCH_CONSOLE_H
#define ARCH_CONSOLE_H

#include "lib/types.h"

/* Registers that have a place of their own in the address plan. */
struct console_window {
	vaddr_t va;
	paddr_t pa;
	size_t len;                     /* bytes, whole pages; 0: there are none */
};

/**
 * console_window() - device memory that kmap_init() maps for the console
 *
 * The port speaks before ioremap() works, and while the tables change; machines
 * whose port is not in memory have none. Context: boot.
 */
struct console_window console_window(void);

/** console_early_init() - usable from the first instructions; no interrupts. */
void console_early_init(void);

/** console_init() - receive interrupts on; after irq_init(). */
void console_init(void);

/** console_write() - send len bytes, waiting for the device. Context: any. */
void console_write(const char *s, size_t len);

/* Upcall for each received byte, interrupts off: kernel/dev/tty.c. */
void console_received(char c);

#endif
