/* SPDX-License-Identifier: MIT */
/* Anonymous memory: demand zero, the shared zero page, mprotect, munmap. */
#include "check.h"

#include <fcntl.h>

/* Field of /proc/self/statm in pages: 0 size, 1 resident. */
static long statm(int field)
{
	char buf[128];
	long v[2] = { -1, -1 };
	int fd = open("/proc/self/statm", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	CHECK(n > 0);
	close(fd);
	buf[n] = 0;
	sscanf(buf, "%ld %ld", &v[0], &v[1]);
	return v[field];
}

PROVES(mmap, "MAP_PRIVATE, MAP_ANONYMOUS", "pages of zeroes")
CASE(fresh_pages_are_zero)
{
	unsigned char *p = map_pages(64, RW);

	for (size_t i = 0; i < 64 * PAGE; i++)
		CHECK(p[i] == 0);
}

CASE(reused_frames_are_zero)
{
	for (int round = 0; round < 4; round++) {
		unsigned char *p = map_pages(256, RW);

		for (size_t i = 0; i < 256 * PAGE; i += 64)
			CHECK(p[i] == 0);
		memset(p, 0xa5, 256 * PAGE);
		CHECK(munmap(p, 256 * PAGE) == 0);
	}
}

PROVES(munmap, "", "the size is given back")
CASE(reserving_costs_no_frames)
{
	long size, resident;
	char *p;

	statm(0);
	size = statm(0);
	resident = statm(1);
	p = map_pages(16384, RW);
	CHECK(statm(0) == size + 16384);
	CHECK(statm(1) <= resident + 4);
	CHECK(munmap(p, 16384 * PAGE) == 0);
	CHECK(statm(0) == size);
}

CASE(writes_cost_frames_reads_do_not)
{
	volatile char *p = map_pages(1024, RW);
	long resident;
	int sum = 0;

	statm(1);
	resident = statm(1);
	for (int i = 0; i < 1024; i++)
		sum += p[i * PAGE];
	CHECK(sum == 0);
	CHECK(statm(1) <= resident + 4);
	for (int i = 0; i < 512; i++)
		p[i * PAGE] = (char)i;
	CHECK(statm(1) >= resident + 512);
	for (int i = 0; i < 512; i++)
		CHECK(p[i * PAGE] == (char)i);
	for (int i = 512; i < 1024; i++)
		CHECK(p[i * PAGE] == 0);
}

CASE(zero_page_stays_zero)
{
	volatile char *a = map_pages(1, RW), *b = map_pages(1, RW);

	CHECK(a[0] == 0 && b[0] == 0);
	a[0] = 1;
	CHECK(b[0] == 0);
	b[1] = 2;
	CHECK(a[0] == 1 && a[1] == 0 && b[0] == 0 && b[1] == 2);
}

PROVES(madvise, "MADV_DONTNEED", "private anonymous pages are zero again")
CASE(dontneed_gives_zeroes_again)
{
	volatile char *p = map_pages(16, RW);

	for (int i = 0; i < 16; i++)
		p[i * PAGE] = 7;
	CHECK(madvise((void *)(p + 4 * PAGE), 8 * PAGE, MADV_DONTNEED) == 0);
	for (int i = 0; i < 16; i++)
		CHECK(p[i * PAGE] == (i >= 4 && i < 12 ? 0 : 7));
}

PROVES(mprotect, "PROT_READ", "splits, merges, and keeps what was written")
CASE(mprotect_keeps_contents)
{
	volatile char *p = map_pages(8, RW);

	for (int i = 0; i < 8; i++)
		p[i * PAGE] = (char)(i + 1);
	CHECK(mprotect((void *)(p + 2 * PAGE), 3 * PAGE, PROT_READ) == 0);
	for (int i = 0; i < 8; i++)
		CHECK(p[i * PAGE] == i + 1);
	CHECK(mprotect((void *)p, 8 * PAGE, RW) == 0);
	for (int i = 0; i < 8; i++)
		p[i * PAGE]++;
	for (int i = 0; i < 8; i++)
		CHECK(p[i * PAGE] == i + 2);
}

PROVES(munmap, "", "splits a mapping")
CASE(hole_in_the_middle)
{
	char *p = map_pages(9, RW);

	memset(p, 3, 9 * PAGE);
	CHECK(munmap(p + 3 * PAGE, 3 * PAGE) == 0);
	CHECK(p[0] == 3 && p[3 * PAGE - 1] == 3 && p[6 * PAGE] == 3);
	CHECK(mmap(p + 3 * PAGE, 3 * PAGE, RW,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) == p + 3 * PAGE);
	CHECK(p[4 * PAGE] == 0 && p[2 * PAGE] == 3);
}

PROVES(mmap, "MAP_NORESERVE", "4 GiB cost what is touched")
CASE(sparse_touches_far_apart)
{
	size_t size = 4ul << 30;
	char *p = mmap(NULL, size, RW,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	for (size_t off = 0; off < size; off += 64ul << 20)
		p[off] = (char)(off >> 26);
	for (size_t off = 0; off < size; off += 64ul << 20)
		CHECK(p[off] == (char)(off >> 26));
	CHECK(munmap(p, size) == 0);
}

int main(void)
{
	return run_cases();
}
