/* SPDX-License-Identifier: MIT */
/*
 * struct io: the caller's side of a read or a write.
 *
 * User memory in one or more segments (read, readv), or kernel memory (exec
 * reading program headers, sendfile, tests). File operations take and give
 * bytes by io_get() and io_put() and need not know which it is:
 *
 *	n = MIN(io->left, room);
 *	done = io_get(io, place, n);	// moves on by done
 *	if (done < n)
 *		...			// bad address: short count or -EFAULT
 */
#ifndef KERNEL_FS_IO_H
#define KERNEL_FS_IO_H

#include "lib/types.h"

struct io_segment { u64 base, len; };   /* struct iovec of the ABI */

struct io {
	u64 base;                       /* next byte of the present segment */
	size_t len;                     /* bytes left of it */
	size_t left;                    /* bytes left of all segments */
	const struct io_segment *next;  /* the segments behind it */
	u32 nr_next;
	bool kernel;                    /* base is kernel memory, not user's */
};

/* Bytes of user memory; the range may be bad, which shows when it is used. */
static inline void io_init_user(struct io *io, u64 base, size_t len)
{
	*io = (struct io){ .base = base, .len = len, .left = len };
}

static inline void io_init_kernel(struct io *io, const void *base, size_t len)
{
	*io = (struct io){
		.base = (uintptr_t)base, .len = len, .left = len, .kernel = true
	};
}

/* Segments in user memory; the array itself is the kernel's copy. */
void io_init_segments(struct io *io, const struct io_segment *segment, u32 nr);

/* Up to len bytes from the caller's memory to dst, from src to it, or zeroes
 * to it. Bytes moved: fewer than MIN(len, io->left) after a bad address. */
size_t io_get(struct io *io, void *dst, size_t len);
size_t io_put(struct io *io, const void *src, size_t len);
size_t io_zero(struct io *io, size_t len);

/* Brings in what the next len bytes lie in; they stay. Can the first be read? */
bool io_touch(struct io *io, size_t len);

#endif
