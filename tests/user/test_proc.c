/* SPDX-License-Identifier: MIT */
/* /proc says what is true: maps, status, meminfo, the kernel's own counters. */
#include "check.h"

#include <fcntl.h>
#include <stdbool.h>

static char text[65536];

static const char *read_all(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t len = 0, n;

	CHECK(fd >= 0);
	while ((n = read(fd, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
		len += n;
	CHECK(n == 0);
	close(fd);
	text[len] = 0;
	return text;
}

static long field(const char *path, const char *name)
{
	const char *at = strstr(read_all(path), name);

	CHECK(at);
	return strtol(at + strlen(name), NULL, 10);
}

/* Does a line of maps cover address with these rights? */
static int maps_has(const void *address, const char *rights)
{
	unsigned long start, end;
	char r[8];

	for (const char *line = read_all("/proc/self/maps"); line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (sscanf(line, "%lx-%lx %7s", &start, &end, r) == 3 &&
		    (unsigned long)address >= start &&
		    (unsigned long)address < end)
			return !strcmp(r, rights);
	return 0;
}

CASE(maps_follow_the_calls)
{
	char *p = map_pages(3, RW);

	CHECK(maps_has(p, "rw-p"));
	CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	CHECK(maps_has(p, "rw-p") && maps_has(p + PAGE, "r--p") &&
	      maps_has(p + 2 * PAGE, "rw-p"));
	CHECK(munmap(p, 3 * PAGE) == 0);
	CHECK(!maps_has(p, "rw-p"));
}

enum { MANY = 400, TEXT_MAX = 1 << 20 };

/* The whole file, at most `size` bytes at once. */
static const char *read_by(const char *path, size_t size)
{
	static char many[TEXT_MAX];
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	CHECK(fd >= 0);
	while ((n = read(fd, many + len, size)) > 0) {
		len += (size_t)n;
		CHECK(len + size < sizeof(many));
	}
	CHECK(n == 0);
	close(fd);
	many[len] = 0;
	return many;
}

/* VMAs of nr pages from p on, each of a page: how many the text names, in order
 * and once, with all their lines if it is smaps. */
static int vmas_in(const char *from, const char *p, int nr, bool smaps)
{
	unsigned long start, end, next = (unsigned long)p;
	int found = 0, flags = 0;

	for (const char *line = from; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		flags += !strncmp(line, "VmFlags: ", 9);
		if (sscanf(line, "%lx-%lx ", &start, &end) != 2 ||
		    start < (unsigned long)p ||
		    start >= (unsigned long)p + (unsigned long)nr * PAGE)
			continue;
		CHECK(start == next && end == start + PAGE);
		CHECK(!smaps || found == 0 || flags == 1);
		flags = 0;
		found++;
		next = end;
	}
	return found;
}

/* The kernel makes the text in buffers that grow: their ends come to lie at every
 * place of it. */
CASE(many_mappings_are_all_shown)
{
	static const size_t size[] = { 61, 333, 1021, 4097, 65537 };
	char *p = map_pages(MANY, PROT_NONE);
	int single;

	for (int nr = 2; nr < MANY; nr++) {
		size_t by = size[nr % 5];

		if (nr % 2 == 0)        /* every other page may be read */
			CHECK(mprotect(p + (nr - 2) * (long)PAGE, PAGE,
				       PROT_READ) == 0);
		if (nr > 40 && nr % 9)
			continue;
		single = nr - nr % 2 - 1;
		CHECK(vmas_in(read_by("/proc/self/maps", by), p, single,
			      false) == single);
		CHECK(vmas_in(read_by("/proc/self/smaps", by), p, single,
			      true) == single);
	}
	CHECK(munmap(p, MANY * PAGE) == 0);
}

CASE(maps_name_stack_and_heap)
{
	int here;

	CHECK(maps_has(&here, "rw-p"));
	CHECK(strstr(read_all("/proc/self/maps"), "[stack]"));
}

CASE(status_counts_pages)
{
	long before = field("/proc/self/status", "VmRSS:"), after;
	char *p = map_pages(1024, RW);

	memset(p, 1, 1024 * PAGE);
	after = field("/proc/self/status", "VmRSS:");
	CHECK(after >= before + 4096 && after < before + 4096 + 256);
}

CASE(meminfo_is_consistent)
{
	long total = field("/proc/meminfo", "MemTotal:");
	long free_kb = field("/proc/meminfo", "MemFree:");
	long available = field("/proc/meminfo", "MemAvailable:");

	CHECK(total > 0 && free_kb > 0 && free_kb < total);
	CHECK(available > 0 && available <= total);
}

CASE(memory_comes_back)
{
	long before, after;

	for (int round = 0; round < 3; round++) {
		char *p = map_pages(2048, RW);

		memset(p, 1, 2048 * PAGE);
		CHECK(munmap(p, 2048 * PAGE) == 0);
	}
	before = field("/proc/meminfo", "MemFree:");
	for (int round = 0; round < 10; round++) {
		char *p = map_pages(2048, RW);

		memset(p, 1, 2048 * PAGE);
		CHECK(munmap(p, 2048 * PAGE) == 0);
	}
	after = field("/proc/meminfo", "MemFree:");
	CHECK(after >= before - 1024);
}

CASE(kernel_tables_exist)
{
	CHECK(strstr(read_all("/proc/buddyinfo"), "Node 0, zone"));
	CHECK(strstr(read_all("/proc/zoneinfo"), "managed"));
	CHECK(strstr(read_all("/proc/slabinfo"), "kmalloc-64"));
	CHECK(strstr(read_all("/proc/vmallocinfo"), "0x"));
	CHECK(*read_all("/proc/iomem"));
}

CASE(cmdline_and_comm)
{
	CHECK(strstr(read_all("/proc/self/cmdline"), "test_proc"));
	CHECK(strstr(read_all("/proc/self/stat"), "(test_proc"));
}

/* A pipe that is opened again by its number waits for no writer. */
CASE(pipe_opens_again_without_writers)
{
	char path[32], c;
	int end[2], fd;

	CHECK(pipe(end) == 0);
	CHECK(write(end[1], "x", 1) == 1);
	CHECK(close(end[1]) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", end[0]);
	alarm(10);                      /* a hang is a failure */
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	CHECK(read(fd, &c, 1) == 1 && c == 'x');
	CHECK(read(fd, &c, 1) == 0);
}

int main(void)
{
	return run_cases();
}
