/* SPDX-License-Identifier: MIT */
/* /proc says what is true: maps, status, meminfo, the kernel's own counters. */
#include "check.h"

#include <fcntl.h>

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
