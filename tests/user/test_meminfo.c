/* SPDX-License-Identifier: MIT */
/*
 * The books of the whole machine: meminfo, vmstat and zoneinfo agree with each
 * other, and with the sums over all processes; a frame is one frame, however many
 * share it or have it locked.
 */
#include "accounts.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>

/* Lines whose numbers do not depend on each other's rounding. */
CASE(meminfo_adds_up)
{
	read_all("/proc/meminfo");
	CHECK(field_of(text, "Slab:") ==
	      field_of(text, "SReclaimable:") + field_of(text, "SUnreclaim:"));
	CHECK(field_of(text, "MemTotal:") >
	      field_of(text, "MemFree:") + field_of(text, "Cached:") +
		      field_of(text, "AnonPages:") + field_of(text, "Slab:") +
		      field_of(text, "PageTables:") +
		      field_of(text, "KernelStack:"));
	CHECK(field_of(text, "Active:") ==
	      field_of(text, "Active(anon):") +
		      field_of(text, "Active(file):"));
	CHECK(field_of(text, "Inactive:") ==
	      field_of(text, "Inactive(anon):") +
		      field_of(text, "Inactive(file):"));
	CHECK(field_of(text, "Shmem:") <= field_of(text, "Cached:"));
	CHECK(field_of(text, "Mapped:") <= field_of(text, "Cached:"));
	CHECK(field_of(text, "SwapTotal:") == 0);
}

/* tmpfs is memory without a file behind it, however it is mapped. */
CASE(files_of_tmpfs_are_shmem)
{
	int fd = open("/tmp/shmem", O_RDWR | O_CREAT | O_TRUNC, 0600);
	long before = field("/proc/meminfo", "Shmem:");
	char *p;

	CHECK(fd >= 0 && ftruncate(fd, 1024 * PAGE) == 0);
	p = lone_pages(1024, RW, MAP_SHARED, fd);
	touch(p, 1024);
	CHECK(field("/proc/meminfo", "Shmem:") >= before + 1024 * KIB - 512);
	CHECK(field("/proc/self/status", "RssShmem:") >= 1024 * KIB - 512);
	CHECK(field("/proc/self/smaps_rollup", "Pss_Shmem:") >= 1024 * KIB);
	CHECK(unlink("/tmp/shmem") == 0);
}

/* 1024 pages in three processes are 1024 pages. */
CASE(meminfo_counts_frames_once)
{
	long before = field("/proc/meminfo", "AnonPages:"), after;
	char *p = lone_pages(1024, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pid_t a, b;

	touch(p, 1024);
	a = resting_child(NULL, NULL);
	b = resting_child(NULL, NULL);
	after = field("/proc/meminfo", "AnonPages:");
	CHECK(after >= before + 1024 * KIB - 2048);     /* Linux: in batches */
	CHECK(after <= before + 1024 * KIB + 2048);
	end_child(a);
	end_child(b);
}

/* Adds a field of smaps_rollup over all processes that have memory. */
static long sum_of_all(const char *name)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	long sum = 0;

	CHECK(dir);
	while ((e = readdir(dir))) {
		char path[300];
		ssize_t n;
		int fd;

		if (!isdigit(e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/smaps_rollup",
			 e->d_name);
		fd = open(path, O_RDONLY);
		n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = 0;        /* none: it has no memory */
		if (n > 0)
			sum += field_of(text, name);
	}
	closedir(dir);
	return sum;
}

/* Shares of all processes are all of the frames, once each. */
CASE(all_shares_are_all_frames)
{
	const long slack = 1024;        /* Linux counts in batches */
	char *p = lone_pages(2048, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *q = lone_pages(2048, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	long anon, mapped;
	pid_t child[CHILDREN];

	touch(p, 2048);
	touch(q, 2048);
	for (int i = 0; i < CHILDREN; i++)
		child[i] = resting_child(i ? write_some : NULL, q);
	anon = sum_of_all("Pss_Anon:");
	mapped = sum_of_all("Pss_File:") + sum_of_all("Pss_Shmem:");
	CHECK(labs(field("/proc/meminfo", "AnonPages:") - anon) < slack);
	CHECK(labs(field("/proc/meminfo", "Mapped:") - mapped) < slack);
	CHECK(anon >= 2048 * KIB && mapped >= 2048 * KIB);
	for (int i = 0; i < CHILDREN; i++)
		end_child(child[i]);
}

/* ---- locked memory ------------------------------------------------------------- */

/* KiB by which Linux may be off: each CPU counts in lots. */
static long lots(void)
{
	return access("/proc/quire", F_OK) ? 512 : 0;
}

static bool near(long value, long want)
{
	if (labs(value - want) > lots())
		printf("# %ld, not %ld\n", value, want);
	return labs(value - want) <= lots();
}

/* The sum of all lines of zoneinfo with this name. */
static long zones_sum(const char *name)
{
	long sum = 0, value;

	for (const char *at = read_all("/proc/zoneinfo");
	     (at = strstr(at, name)); at += strlen(name))
		if (sscanf(at + strlen(name), " %ld", &value) == 1)
			sum += value;
	return sum;
}

/* Mlocked and Unevictable, everywhere where they stand. */
static bool mlocked_is(long mlocked, long unevictable)
{
	return near(field("/proc/meminfo", "Mlocked:"), mlocked) &&
	       near(field_of(text, "Unevictable:"), unevictable) &&
	       near(field("/proc/vmstat", "nr_mlock ") * KIB, mlocked) &&
	       near(field_of(text, "nr_unevictable ") * KIB, unevictable) &&
	       near(field_of(text, "nr_zone_unevictable ") * KIB,
		    unevictable) &&
	       near(zones_sum(" nr_mlock") * KIB, mlocked) &&
	       near(zones_sum(" nr_zone_unevictable") * KIB, unevictable);
}

static void lock_all(char *p)
{
	CHECK(mlock(p, 1024 * PAGE) == 0);
}

PROVES(mlock, "", "a frame locked twice is one in meminfo")
CASE(locked_frames_are_counted_once)
{
	char *p = lone_pages(1024, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	long mlocked = field("/proc/meminfo", "Mlocked:");
	long unevictable = field_of(text, "Unevictable:");
	pid_t child = resting_child(lock_all, p);

	CHECK(mlocked_is(mlocked + 1024 * KIB, unevictable + 1024 * KIB));
	lock_all(p);
	CHECK(mlocked_is(mlocked + 1024 * KIB, unevictable + 1024 * KIB));
	CHECK(munlock(p, 512 * PAGE) == 0);
	CHECK(mlocked_is(mlocked + 1024 * KIB, unevictable + 1024 * KIB));
	end_child(child);
	CHECK(mlocked_is(mlocked + 512 * KIB, unevictable + 512 * KIB));
	CHECK(munmap(p, 1024 * PAGE) == 0);
	CHECK(mlocked_is(mlocked, unevictable));
}

PROVES(mlock2, "MLOCK_ONFAULT", "only what is touched is locked")
CASE(locked_frames_are_those_of_smaps)
{
	char *p = lone_pages(1024, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	long mlocked = field("/proc/meminfo", "Mlocked:");
	long unevictable = field_of(text, "Unevictable:");
	long active = field_of(text, "Active:") + field_of(text, "Inactive:");
	pid_t child;

	CHECK(madvise(p, 1024 * PAGE, MADV_NOHUGEPAGE) == 0);
	CHECK(mlock2(p, 1024 * PAGE, 1) == 0);  /* MLOCK_ONFAULT */
	CHECK(mlocked_is(mlocked, unevictable));
	touch(p, 800);
	CHECK(*(volatile char *)(p + 900 * PAGE) == 0);
	CHECK(smaps_of(getpid(), p).locked == 800 * KIB);
	CHECK(mlocked_is(mlocked + 800 * KIB, unevictable + 800 * KIB));
	child = resting_child(write_some, p);   /* it locks nothing */
	CHECK(mlocked_is(mlocked + 800 * KIB, unevictable + 800 * KIB));
	end_child(child);
	field("/proc/meminfo", "Mlocked:");
	CHECK(labs(field_of(text, "Active:") + field_of(text, "Inactive:") -
		   active) < 512);
	CHECK(munlock(p, 1024 * PAGE) == 0);
	CHECK(mlocked_is(mlocked, unevictable));
}

PROVES(mlockall, "MCL_CURRENT", "all but the kernel's own page")
CASE(everything_but_the_vdso_is_locked)
{
	const char *line, *end;
	unsigned long from, to;
	long size = 0;

	CHECK(mlockall(MCL_CURRENT) == 0);
	line = read_all("/proc/self/maps");
	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		CHECK(end && sscanf(line, "%lx-%lx ", &from, &to) == 2);
		if (!memmem(line, (size_t)(end - line), "[v", 2))
			size += (long)(to - from) / 1024;
	}
	CHECK(field("/proc/self/status", "VmLck:") == size);
	CHECK(munlockall() == 0);
}

CASE(vmstat_says_the_same_in_pages)
{
	long cached, shmem;

	cached = field("/proc/vmstat", "nr_file_pages ");
	shmem = field_of(text, "nr_shmem ");
	CHECK(field("/proc/meminfo", "Cached:") == cached * KIB);
	CHECK(field_of(text, "Shmem:") == shmem * KIB);
	CHECK(field("/proc/vmstat", "pgfault ") > 0);
	CHECK(field_of(text, "pgfree ") > 0);
	CHECK(field_of(text, "nr_free_pages ") > 0);
	CHECK(field_of(text, "nr_page_table_pages ") > 0);
}

CASE(faults_are_counted)
{
	long before = field("/proc/vmstat", "pgfault ");
	char *p = map_pages(1024, RW);

	touch(p, 1024);
	/* Linux adds each CPU's figure up once a second. */
	CHECK(field("/proc/vmstat", "pgfault ") >= before);
	CHECK(munmap(p, 1024 * PAGE) == 0);
}

/* x86_64 only, as on Linux: all of memory, by the size of its leaves. */
CASE(the_direct_map_is_told_by_size)
{
	long small = field_of(read_all("/proc/meminfo"), "DirectMap4k:");
	long all = small + field_of(text, "DirectMap2M:");

	if (small < 0)
		return;
	if (field_of(text, "DirectMap1G:") > 0)
		all += field_of(text, "DirectMap1G:");
	CHECK(all >= field_of(text, "MemTotal:"));
	CHECK(small < all / 2);
}

int main(void)
{
	return run_cases();
}
