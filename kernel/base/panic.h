/* SPDX-License-Identifier: MIT */
/*
 * The end of the road, and the checks that lead there.
 *
 * assert() is always on; assert_slow() runs in debug builds only. A failed
 * check prints the expression, the place, a symbolised backtrace and the last
 * trace events, then stops the machine with a failure status.
 *
 * Reports (kernel_report) are for errors that are caught and named but need
 * not stop the machine (double free, bad free): tests install a handler and
 * count on the exact name; without a handler a report panics.
 */
#ifndef KERNEL_BASE_PANIC_H
#define KERNEL_BASE_PANIC_H

#include "lib/types.h"

void __noreturn panic(const char *fmt, ...) __printf(1, 2);

#define assert(cond)                                                         \
	do {                                                                 \
		if (unlikely(!(cond)))                                       \
			panic("%s:%d: assert(%s) failed", __FILE__, __LINE__, \
			      #cond);                                        \
	} while (0)

/* With the values that explain it: assertf(a < b, "a=%u b=%u", a, b). */
#define assertf(cond, fmt, ...)                                              \
	do {                                                                 \
		if (unlikely(!(cond)))                                       \
			panic("%s:%d: assert(%s) failed: " fmt, __FILE__,    \
			      __LINE__, #cond, ##__VA_ARGS__);               \
	} while (0)

/* QUIRE_DEBUG is 0 or 1, from the command line of the compiler. */
#define assert_slow(cond)                                                    \
	do {                                                                 \
		if (QUIRE_DEBUG)                                             \
			assert(cond);                                        \
	} while (0)

/* kind is a short stable name ("double-free"); detail is one line. */
typedef void report_handler_fn(const char *kind, const char *detail);

void kernel_report(const char *kind, const char *fmt, ...) __printf(2, 3);

/* Tests: returns the previous handler; NULL restores "a report panics". */
report_handler_fn *kernel_report_handler(report_handler_fn *fn);

/* Symbolised backtrace of the caller, or from a given frame and pc. */
void backtrace_print(void);
void backtrace_from(uintptr_t pc, uintptr_t frame);

/* A panic about the code that tf interrupted: with its registers. */
struct trap_frame;
void __noreturn panic_trap(const struct trap_frame *tf, const char *fmt, ...)
	__printf(2, 3);

/* IPI_STOP arrived (smp.c): the CPU says where it is, and halts. */
void __noreturn panic_stop_here(const struct trap_frame *tf);

/* "write to 0x1234: not present, from user mode" into buf; access: FAULT_*. */
void trap_describe_fault(char *buf, size_t size, vaddr_t addr, u32 access);

#endif
