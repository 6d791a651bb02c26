/* SPDX-License-Identifier: MIT */
/* Moving bytes between a file and its caller's memory: see io.h. */
#include "kernel/fs/io.h"

#include "lib/string.h"
#include "mm/spaces/uaccess.h"

/** io_init_segments() - user memory in nr pieces. Context: any. */
void io_init_segments(struct io *io, const struct io_segment *segment, u32 nr)
{
	*io = (struct io){ .next = segment, .nr_next = nr };
	for (u32 i = 0; i < nr; i++)
		io->left += segment[i].len;
}

/* To the next segment that is not empty; the caller knows there is one. */
static void io_next_segment(struct io *io)
{
	while (io->len == 0 && io->nr_next) {
		io->base = io->next->base;
		io->len = io->next->len;
		io->next++;
		io->nr_next--;
	}
}

static void io_advance(struct io *io, size_t n)
{
	io->base += n;
	io->len -= n;
	io->left -= n;
}

/** io_get() - bytes of the caller's memory to dst. Context: thread, may fault. */
size_t io_get(struct io *io, void *dst, size_t len)
{
	size_t total = 0, n, done;

	len = MIN(len, io->left);
	while (total < len) {
		if (unlikely(io->len == 0))
			io_next_segment(io);
		n = MIN(len - total, io->len);
		if (unlikely(io->kernel)) {
			memcpy((u8 *)dst + total, (void *)io->base, n);
			done = n;
		} else {
			done = copy_from_user_partial(
				(u8 *)dst + total,
				(const void __user *)io->base, n);
		}
		io_advance(io, done);
		total += done;
		if (unlikely(done < n))
			break;
	}
	return total;
}

/**
 * io_touch() - bring in what the next len bytes of the caller's memory lie in
 *
 * They stay where they are; only the piece of memory at hand is looked at.
 * Context: thread, may fault. Return: whether the first byte can be read.
 */
bool io_touch(struct io *io, size_t len)
{
	uintptr_t at, end;
	u8 byte;

	if (unlikely(io->len == 0))
		io_next_segment(io);
	if (io->kernel)
		return true;
	end = io->base + MIN(len, io->len);
	for (at = io->base; at < end;
	     at = ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE)
		if (!copy_from_user_partial(&byte, (const void __user *)at, 1))
			break;
	return at > io->base;
}

/** io_put() - bytes of src to the caller's memory. Context: thread, may fault. */
size_t io_put(struct io *io, const void *src, size_t len)
{
	size_t total = 0, n, done;

	len = MIN(len, io->left);
	while (total < len) {
		if (unlikely(io->len == 0))
			io_next_segment(io);
		n = MIN(len - total, io->len);
		if (unlikely(io->kernel)) {
			memcpy((void *)io->base, (const u8 *)src + total, n);
			done = n;
		} else {
			done = copy_to_user_partial((void __user *)io->base,
						    (const u8 *)src + total, n);
		}
		io_advance(io, done);
		total += done;
		if (unlikely(done < n))
			break;
	}
	return total;
}

static size_t io_zero_user(u64 base, size_t len)
{
	if (!user_range_ok((void __user *)base, len))
		return 0;
	return len - arch_clear_user((void __user *)base, len);
}

/** io_zero() - zeroes to the caller's memory. Context: thread, may fault. */
size_t io_zero(struct io *io, size_t len)
{
	size_t total = 0, n, done;

	len = MIN(len, io->left);
	while (total < len) {
		if (unlikely(io->len == 0))
			io_next_segment(io);
		n = MIN(len - total, io->len);
		if (unlikely(io->kernel)) {
			memset((void *)io->base, 0, n);
			done = n;
		} else {
			done = io_zero_user(io->base, n);
		}
		io_advance(io, done);
		total += done;
		if (unlikely(done < n))
			break;
	}
	return total;
}
