/* SPDX-License-Identifier: MIT */
/*
 * Why a program does not start, in one line of the log: execve(2) has only a
 * number for it, and a shell makes "not found" of a loader that is missing.
 *
 * Not said: that the file itself is not there, or may not be executed. Shells
 * try one directory after the other, and know what to say then.
 *
 * Whoever starts broken programs in a loop fills no log: REPORT_MAX lines in
 * REPORT_NS, the last of which says so.
 */
#include "kernel/task/exec.h"

#include <stdarg.h>

#include "arch/timer.h"
#include "kernel/base/printk.h"
#include "lib/compiler.h"
#include "lib/format.h"

#define REPORT_NS  5000000000ull
#define REPORT_MAX 10

static u64 report_window;               /* which REPORT_NS since boot [atomic] */
static u32 report_said;                 /* lines in it [atomic] */

/* The number of this line in its window, from 0. */
static u32 report_count(void)
{
	u64 window = timer_now() / REPORT_NS;

	if (__atomic_exchange_n(&report_window, window, __ATOMIC_RELAXED) !=
	    window)
		__atomic_store_n(&report_said, 0, __ATOMIC_RELAXED);
	return __atomic_fetch_add(&report_said, 1, __ATOMIC_RELAXED);
}

/**
 * exec_report() - one line: what is wrong with the file, and what to do
 *
 * Context: thread.
 */
void exec_report(const char *path, const char *fmt, ...)
{
	u32 nr = report_count();
	char text[LOG_LINE_MAX / 2];
	va_list ap;

	if (nr >= REPORT_MAX)
		return;
	va_start(ap, fmt);
	fmt_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pr_info("exec: %s: %s%s\n", path, text,
		nr == REPORT_MAX - 1 ? " (more like this not shown)" : "");
}
