/* SPDX-License-Identifier: MIT */
/*
 * The kernel log: a ring in memory and the console.
 *
 * A message starts with its level; "name: " in front says who speaks. A
 * newline at the end is added where it is missing. Messages above the console
 * level (boot option loglevel=, default 6) stay in the ring only.
 */
#ifndef KERNEL_BASE_PRINTK_H
#define KERNEL_BASE_PRINTK_H

#include <stdarg.h>

#include "lib/types.h"

enum log_level { LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARN, LOG_NOTICE,
		 LOG_INFO, LOG_DEBUG };

/* Longest line with its time stamp; more is cut and marked. */
#define LOG_LINE_MAX 256
#define LOG_RING     (64 << 10)         /* bytes that are kept */

void printk(enum log_level level, const char *fmt, ...) __printf(2, 3);
void printk_va(enum log_level level, const char *fmt, va_list ap);

/* The bare text to the console and the ring: no stamp, no level, no newline
 * added (tables, TAP lines). */
void console_printf(const char *fmt, ...) __printf(1, 2);

#define pr_err(...)   printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...)  printk(LOG_WARN, __VA_ARGS__)
#define pr_info(...)  printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) printk(LOG_DEBUG, __VA_ARGS__)

void printk_set_level(enum log_level level);    /* LOG_INFO at first */

/* Copies the newest bytes of the ring, oldest first; returns the length. */
size_t printk_read(char *buf, size_t size);

/* Panic only: no locks any more, every level to the console. */
void printk_emergency(void);

#endif
