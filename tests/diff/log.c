/* SPDX-License-Identifier: MIT */
/*
 * What counts (a hash over all results) and what people read (the same as
 * text, on request). Arguments are said but not noted: the seed makes them.
 */
#include "memdiff.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct log *out;

/**
 * log_init() - the log's memory, which children share
 */
void log_init(void)
{
	out = mmap(NULL, sizeof(*out), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (out == MAP_FAILED) {
		perror("memdiff: no memory for the log");
		_exit(1);
	}
}

/**
 * log_begin() - an empty log for a sequence
 */
void log_begin(bool text)
{
	out->hash = 0xcbf29ce484222325ull;
	out->text = text;
	out->len = 0;
}

/**
 * say() - words for people
 */
void say(const char *format, ...)
{
	int room = (int)sizeof(out->line) - out->len;
	va_list args;

	if (!out->text || room < 64)
		return;
	va_start(args, format);
	out->len += vsnprintf(out->line + out->len, (size_t)room, format, args);
	va_end(args);
	if (out->len >= (int)sizeof(out->line))
		out->len = (int)sizeof(out->line) - 1;
}

/**
 * end_line() - the line is whole: print it
 */
void end_line(void)
{
	int done = 0;

	if (!out->text)
		return;
	out->line[out->len++] = '\n';
	while (done < out->len) {
		ssize_t n = write(1, out->line + done,
				  (size_t)(out->len - done));

		if (n <= 0)
			break;
		done += (int)n;
	}
	out->len = 0;
}

/**
 * note() - a value that must be the same on every kernel [FNV, by words]
 */
void note(uint64_t value)
{
	out->hash = (out->hash ^ value) * 0x100000001b3ull;
	out->hash ^= out->hash >> 29;
}

/**
 * note_number() - the same, with a name for people
 */
void note_number(const char *what, long value)
{
	note((uint64_t)value);
	say(" %s %ld", what, value);
}

static const struct {
	int nr;
	const char *name;
} errors[] = {
	{ EPERM, "EPERM" },   { EINTR, "EINTR" },     { ENXIO, "ENXIO" },
	{ EBADF, "EBADF" },   { EAGAIN, "EAGAIN" },   { ENOMEM, "ENOMEM" },
	{ EACCES, "EACCES" }, { EFAULT, "EFAULT" },   { EBUSY, "EBUSY" },
	{ EEXIST, "EEXIST" }, { ENODEV, "ENODEV" },   { EINVAL, "EINVAL" },
	{ EFBIG, "EFBIG" },   { ENOSPC, "ENOSPC" },   { ENOSYS, "ENOSYS" },
	{ EPIPE, "EPIPE" },   { ETXTBSY, "ETXTBSY" }, { ESPIPE, "ESPIPE" },
	{ EOVERFLOW, "EOVERFLOW" }, { EOPNOTSUPP, "EOPNOTSUPP" },
};

static void say_result(long result)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (result == -errors[i].nr) {
			say(" = %s", errors[i].name);
			return;
		}
	say(" = %ld", result);
}

/**
 * note_result() - what a call returned: a number, or -errno
 */
void note_result(long result)
{
	note((uint64_t)result);
	say_result(result);
}

/**
 * say_place() - an address, by its window
 */
void say_place(uintptr_t va)
{
	const struct window *w = where_is(va);

	if (!w) {
		say(" %#lx", va);
		return;
	}
	say(" ");
	if (va != untagged(va))
		say("%#lx:", va >> (64 - TAG_BITS) % 64);
	va = untagged(va);
	say("%c%+ld", w->letter, (long)(va - w->base) / (long)PAGE);
	if (va % PAGE)
		say(".%lu", va % PAGE);
}

/**
 * note_place() - an address, relative to its window, with its tag
 */
void note_place(const char *what, uintptr_t va)
{
	const struct window *w = where_is(va);

	note(w ? (uint64_t)w->letter : 0);
	note(w ? va - w->base : va);
	say(" %s", what);
	say_place(va);
}
