/* SPDX-License-Identifier: MIT */
/* Bad pointers given to system calls: EFAULT or a short count, never worse. */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#define KERNEL_ADDRESS ((void *)0xffffffff80100000ul)
#define NON_CANONICAL  ((void *)0x0123456789abcdeful)

CASE(wild_buffers)
{
	static void *const bad[] = { NULL, (void *)1, KERNEL_ADDRESS,
				     NON_CANONICAL, (void *)~0ul };
	int fds[2];

	CHECK(pipe(fds) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(write(fds[1], bad[i], 10) == -1 && errno == EFAULT);
		CHECK(write(fds[1], "x", 1) == 1);
		CHECK(read(fds[0], bad[i], 10) == -1 && errno == EFAULT);
		CHECK(open(bad[i], O_RDONLY) == -1 && errno == EFAULT);
		CHECK(pipe(bad[i]) == -1 && errno == EFAULT);
	}
}

CASE(read_only_buffer)
{
	int fd = open("/dev/zero", O_RDONLY);
	char *p = map_pages(1, PROT_READ);

	CHECK(fd >= 0);
	CHECK(read(fd, p, 10) == -1 && errno == EFAULT);
}

CASE(buffer_that_ends_in_a_hole)
{
	int fd = open("/tmp/short", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p = map_pages(2, RW);
	ssize_t n;

	CHECK(fd >= 0 && munmap(p + PAGE, PAGE) == 0);
	n = write(fd, p + PAGE - 100, 200);
	CHECK(n == 100 || (n == -1 && errno == EFAULT));
	memset(p, 'q', PAGE);
	CHECK(ftruncate(fd, 0) == 0);
	CHECK(pwrite(fd, p, PAGE, 0) == (ssize_t)PAGE);
	n = pread(fd, p + PAGE - 100, 200, 0);
	CHECK(n == 100 || (n == -1 && errno == EFAULT));
	CHECK(p[PAGE - 1] == 'q');
}

PROVES(read, "", "into fresh pages")
CASE(kernel_writes_break_cow_and_demand_zero)
{
	int fd = open("/dev/zero", O_RDONLY);
	char *p = map_pages(8, RW);
	struct stat st;

	CHECK(fd >= 0);
	CHECK(read(fd, p, 8 * PAGE) == 8 * (ssize_t)PAGE);
	CHECK(stat("/", (struct stat *)(p + PAGE - 8)) == 0);
	memcpy(&st, p + PAGE - 8, sizeof(st));
	CHECK(S_ISDIR(st.st_mode));
}

PROVES(open, "", "EFAULT only where the string goes on (aarch64: openat)")
PROVES(openat, "", "EFAULT only where the string goes on (x86_64: open)")
CASE(strings_across_a_page_border)
{
	char *p = map_pages(2, RW);

	memcpy(p + PAGE - 4, "/dev/null", 10);
	CHECK(close(open(p + PAGE - 4, O_RDONLY)) == 0);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	memcpy(p + PAGE - 4, "/dev", 4);
	CHECK(open(p + PAGE - 4, O_RDONLY) == -1 && errno == EFAULT);
}

PROVES(writev, "", "a short count or EFAULT; EINVAL")
CASE(vectors)
{
	int fds[2];
	char a[4] = "abc", b[4];
	struct iovec v[2] = { { a, 3 }, { NULL, 5 } };
	volatile int minus_one = -1;
	ssize_t written;

	CHECK(pipe(fds) == 0);
	written = writev(fds[1], v, 2);
	CHECK(written == 3 || (written == -1 && errno == EFAULT));
	CHECK(written == -1 || read(fds[0], b, 3) == 3);
	CHECK(writev(fds[1], KERNEL_ADDRESS, 2) == -1 && errno == EFAULT);
	CHECK(writev(fds[1], v, minus_one) == -1 && errno == EINVAL);
}

PROVES(pselect6, "", "times at their borders")
PROVES(select, "", "times at their borders; EINVAL")
CASE(times_at_their_borders)
{
	static const int64_t odd[] = { -1, INT64_MAX, INT64_MIN,
				       INT64_MAX / 1000, 999999999999 };
	int64_t now[2] = { 0, 0 };

	for (int i = 0; i < 25; i++) {
		int64_t t[2] = { odd[i / 5], odd[i % 5] };
		int fd = open("/dev/null", O_RDONLY);
		unsigned long set = 1ul << fd;

		/* Always ready, whatever is thought of the time. */
#ifdef SYS_select
		syscall(SYS_select, fd + 1, &set, 0, 0, t);
#endif
		syscall(SYS_pselect6, fd + 1, &set, 0, 0, t, 0);
		close(fd);
	}
#ifdef SYS_select
	CHECK(syscall(SYS_select, 0, 0, 0, 0, (int64_t[]){ -6, 5000000 }) ==
		      -1 &&
	      errno == EINVAL);
#endif
	CHECK(syscall(SYS_pselect6, 0, 0, 0, 0, now, 0) == 0);
}

int main(void)
{
	return run_cases();
}
