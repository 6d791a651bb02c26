/* SPDX-License-Identifier: MIT */
/* kernel/fs/pipe.c: bytes in order, sleepers that wake, ends that end. */
#include "kernel/base/sched.h"
#include "kernel/fs/pipe.h"
#include "mm/frames/kmalloc.h"
#include "tests/kernel/fsbox.h"

static struct file *reader, *writer;

static bool pipe_open_both(u32 flags)
{
	if (!root_inode)
		root_init();
	if (!pipe_create(flags, &reader, &writer))
		return true;
	test_fail(__FILE__, __LINE__, "no memory for a pipe");
	return false;
}

static void pipe_close_both(void)
{
	file_put(reader);
	file_put(writer);
}

TEST(pipe, bytes_come_out_in_order)
{
	char buf[8] = "";

	EXPECT(pipe_open_both(0));
	EXPECT_EQ(box_write(writer, "abc", 3), 3);
	EXPECT_EQ(box_write(writer, "de", 2), 2);
	EXPECT_EQ(pipe_bytes(reader), 5);
	EXPECT_EQ(box_read(reader, buf, 2), 2);
	EXPECT_EQ(box_read(reader, buf + 2, 6), 3);
	EXPECT_EQ(strcmp(buf, "abcde"), 0);
	EXPECT_EQ(box_read(writer, buf, 1), -EBADF);
	EXPECT_EQ(box_write(reader, buf, 1), -EBADF);
	EXPECT_EQ(file_read_kernel(reader, 0, buf, 1), -ESPIPE);
	EXPECT_SOUND(pipe_check(reader));
	pipe_close_both();
}

TEST(pipe, the_ends_know_of_each_other)
{
	char c;

	EXPECT(pipe_open_both(0));
	EXPECT_EQ(box_write(writer, "x", 1), 1);
	EXPECT_EQ(reader->ops->poll(reader, NULL), POLLIN | POLLRDNORM);
	file_put(writer);
	EXPECT_EQ(reader->ops->poll(reader, NULL),
		  POLLIN | POLLRDNORM | POLLHUP);
	EXPECT_EQ(box_read(reader, &c, 1), 1);
	EXPECT_EQ(box_read(reader, &c, 1), 0);  /* end of file */
	file_put(reader);

	EXPECT(pipe_open_both(0));
	EXPECT_EQ(writer->ops->poll(writer, NULL), POLLOUT | POLLWRNORM);
	file_put(reader);
	EXPECT(writer->ops->poll(writer, NULL) & POLLERR);
	EXPECT_EQ(box_write(writer, "x", 1), -EPIPE);
	file_put(writer);
}

TEST(pipe, without_waiting)
{
	char *buf = kzalloc(PIPE_SIZE + 1, GFP_KERNEL);

	EXPECT(buf && pipe_open_both(O_NONBLOCK));
	EXPECT_EQ(box_read(reader, buf, 1), -EAGAIN);
	EXPECT_EQ(box_write(writer, buf, PIPE_SIZE + 1), PIPE_SIZE);
	EXPECT_EQ(box_write(writer, buf, 1), -EAGAIN);
	EXPECT_EQ(writer->ops->poll(writer, NULL), 0);
	/* A write of PIPE_BUF goes as a whole or not at all. */
	EXPECT_EQ(box_read(reader, buf, PIPE_BUF - 1), PIPE_BUF - 1);
	EXPECT_EQ(box_write(writer, buf, PIPE_BUF), -EAGAIN);
	EXPECT_EQ(writer->ops->poll(writer, NULL), 0);
	/* A larger one may be cut. */
	EXPECT_EQ(box_write(writer, buf, PIPE_BUF + 1), PIPE_BUF - 1);
	EXPECT_EQ(box_read(reader, buf, PIPE_BUF), PIPE_BUF);
	EXPECT_EQ(box_write(writer, buf, PIPE_BUF), PIPE_BUF);
	EXPECT_SOUND(pipe_check(reader));
	pipe_close_both();
	kfree(buf);
}

/* ---- two threads -------------------------------------------------------------------------- */

static long other_result;
static char other_buf[16];

static void read_some(void *arg)
{
	other_result = box_read(reader, other_buf, sizeof(other_buf));
}

static void write_page(void *arg)
{
	other_result = box_write(writer, arg, PIPE_BUF);
}

TEST(pipe, a_reader_waits_for_bytes)
{
	EXPECT(pipe_open_both(0));
	other_result = -1;
	test_spawn("reader", read_some, NULL);
	sched_yield();
	EXPECT_EQ(other_result, -1);
	EXPECT_EQ(box_write(writer, "hi", 2), 2);
	sched_yield();
	EXPECT_EQ(other_result, 2);
	EXPECT_EQ(memcmp(other_buf, "hi", 2), 0);
	pipe_close_both();
}

TEST(pipe, a_reader_wakes_at_the_end)
{
	EXPECT(pipe_open_both(0));
	other_result = -1;
	test_spawn("reader", read_some, NULL);
	sched_yield();
	file_put(writer);
	sched_yield();
	EXPECT_EQ(other_result, 0);
	file_put(reader);
}

TEST(pipe, a_writer_waits_for_room)
{
	char *buf = kzalloc(PIPE_SIZE, GFP_KERNEL);

	EXPECT(buf && pipe_open_both(0));
	EXPECT_EQ(box_write(writer, buf, PIPE_SIZE), PIPE_SIZE);
	other_result = -1;
	test_spawn("writer", write_page, buf);
	sched_yield();
	EXPECT_EQ(box_read(reader, buf, PIPE_BUF - 1), PIPE_BUF - 1);
	sched_yield();
	EXPECT_EQ(other_result, -1);    /* one byte too few for the whole */
	EXPECT_EQ(box_read(reader, buf, 1), 1);
	sched_yield();
	EXPECT_EQ(other_result, PIPE_BUF);
	EXPECT_EQ(pipe_bytes(reader), PIPE_SIZE);
	pipe_close_both();
	kfree(buf);
}

TEST(pipe, a_writer_wakes_when_nobody_reads)
{
	char *buf = kzalloc(PIPE_SIZE, GFP_KERNEL);

	EXPECT(buf && pipe_open_both(0));
	EXPECT_EQ(box_write(writer, buf, PIPE_SIZE), PIPE_SIZE);
	other_result = -1;
	test_spawn("writer", write_page, buf);
	sched_yield();
	file_put(reader);
	sched_yield();
	EXPECT_EQ(other_result, -EPIPE);
	file_put(writer);
	kfree(buf);
}

/* Random lengths in and out: what comes out counts up without a gap. */
TEST(pipe, a_long_stream_keeps_its_order)
{
	u8 *buf = kzalloc(PIPE_SIZE, GFP_KERNEL), next_in = 0, next_out = 0;
	u64 state = 2463534242, waiting = 0;

	EXPECT(buf && pipe_open_both(O_NONBLOCK));
	for (int round = 0; round < 3000; round++) {
		u64 len;
		long n;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		len = (state >> 8) % PIPE_SIZE >> (state >> 40) % 16;
		len = MAX(len, 1);
		if (state % 2) {
			for (u64 i = 0; i < len; i++)
				buf[i] = (u8)(next_in + i);
			n = box_write(writer, buf, len);
			EXPECT(n == -EAGAIN || n > 0);
			n = MAX(n, 0);
			EXPECT(n == 0 || n == (long)len || len > PIPE_BUF);
			next_in = (u8)(next_in + n);
			waiting += (u64)n;
		} else {
			n = box_read(reader, buf, len);
			EXPECT_EQ(n,
				  waiting ? (long)MIN(len, waiting) : -EAGAIN);
			for (long i = 0; i < n; i++)
				EXPECT_EQ(buf[i], next_out++);
			waiting -= (u64)MAX(n, 0);
		}
		EXPECT_EQ(pipe_bytes(reader), waiting);
		EXPECT_SOUND(pipe_check(reader));
	}
	pipe_close_both();
	kfree(buf);
}

/* ---- fifos ----------------------------------------------------------------------------------- */

static void open_fifo_to_read(void *arg)
{
	other_result = box_file("fifo", O_RDONLY, &reader);
}

TEST(pipe, a_fifo_is_opened_by_two)
{
	struct file *f;
	char c = 0;

	EXPECT(box_open());
	EXPECT_EQ(tmpfs_create(box, "fifo", 4, S_IFIFO | 0644, 0, NULL), 0);
	EXPECT_EQ(box_file("fifo", O_WRONLY | O_NONBLOCK, &f), -ENXIO);
	EXPECT_EQ(box_file("fifo", O_RDONLY | O_NONBLOCK, &f), 0);
	file_put(f);
	other_result = -1;
	test_spawn("reader", open_fifo_to_read, NULL);
	sched_yield();
	EXPECT_EQ(other_result, -1);
	EXPECT_EQ(box_file("fifo", O_WRONLY, &writer), 0);
	sched_yield();
	EXPECT_EQ(other_result, 0);
	EXPECT_EQ(box_write(writer, "x", 1), 1);
	EXPECT_EQ(box_read(reader, &c, 1), 1);
	EXPECT_EQ(c, 'x');
	pipe_close_both();
	EXPECT_EQ(box_file("fifo", O_RDWR, &f), 0);     /* alone is fine */
	file_put(f);
	box_close();
}
