/* SPDX-License-Identifier: MIT */
/*
 * The kernel log.
 *
 *	printk ─► line on the caller's stack ─► ring (always)
 *	                                     └► console (level permitting)
 *
 * A line is formatted without any lock and appended under one, so that lines
 * of several CPUs never mix and an interrupt may print in the middle of
 * anything. The console is written under the same lock: slow, but in order,
 * and complete when the machine stops a moment later.
 *
 * Invariants: [K1] the ring holds the newest MIN(log_written, LOG_RING) bytes
 * ever appended, byte n at n % LOG_RING.
 */
#include "kernel/base/printk.h"

#include "arch/console.h"
#include "arch/timer.h"
#include "kernel/base/spinlock.h"
#include "lib/format.h"
#include "lib/string.h"

static struct spinlock log_lock = SPINLOCK_INIT(RANK_LOG);
static char log_ring[LOG_RING];         /* [log_lock] */
static u64 log_written;                 /* [log_lock] bytes ever appended */
static enum log_level log_console_level = LOG_INFO;
static bool log_emergency;              /* panic: one CPU left, no locks */

/** printk_set_level() - show messages up to level on the console. */
void printk_set_level(enum log_level level)
{
	log_console_level = level;
}

static void log_append(const char *text, size_t len)
{
	size_t at = log_written % LOG_RING;
	size_t first = MIN(len, LOG_RING - at);

	memcpy(log_ring + at, text, first);
	memcpy(log_ring, text + first, len - first);
	log_written += len;
}

static void log_emit(enum log_level level, const char *text, size_t len)
{
	u64 flags;

	if (log_emergency) {
		log_append(text, len);
		console_write(text, len);
		return;
	}
	flags = spin_lock_irq(&log_lock);
	log_append(text, len);
	if (level <= log_console_level)
		console_write(text, len);
	spin_unlock_irq(&log_lock, flags);
}

/* Marks a line that was cut, and ends every line with one newline. */
static size_t log_finish_line(char *line, const struct strbuf *sb)
{
	size_t len = MIN(sb->len, sb->size - 2);

	if (sb->len > len)
		memcpy(line + len - 3, "...", 3);
	if (line[len - 1] != '\n')
		line[len++] = '\n';
	line[len] = '\0';
	return len;
}

/** printk_va() - printk() with the arguments in ap. */
void printk_va(enum log_level level, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];
	struct strbuf sb;
	u64 us = timer_now() / 1000;

	strbuf_init(&sb, line, sizeof(line));
	strbuf_printf(&sb, "[%3llu.%06llu] ", (unsigned long long)us / 1000000,
		      (unsigned long long)us % 1000000);
	strbuf_vprintf(&sb, fmt, ap);
	log_emit(level, line, log_finish_line(line, &sb));
}

/**
 * printk() - one line to the log
 *
 * Context: any, also interrupts and with any lock held (RANK_LOG is the last).
 */
void printk(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printk_va(level, fmt, ap);
	va_end(ap);
}

/** console_printf() - bare text to console and ring. Context: any. */
void console_printf(const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = fmt_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_emit(LOG_EMERG, text, MIN((size_t)len, sizeof(text) - 1));
}

/**
 * printk_read() - copy the newest size bytes of the log, oldest first
 *
 * Context: any. Return: bytes copied; the text is not NUL-terminated.
 */
size_t printk_read(char *buf, size_t size)
{
	u64 flags = spin_lock_irq(&log_lock);
	size_t len = MIN(size, MIN(log_written, (u64)LOG_RING));
	u64 from = log_written - len;

	for (size_t i = 0; i < len; i++)
		buf[i] = log_ring[(from + i) % LOG_RING];
	spin_unlock_irq(&log_lock, flags);
	return len;
}

/** printk_emergency() - panic: the lock may be held by a CPU that stopped. */
void printk_emergency(void)
{
	log_emergency = true;
}
