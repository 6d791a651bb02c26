/* SPDX-License-Identifier: MIT */
/* Reading the books: smaps, pagemap and the files of frames. */
#ifndef TESTS_USER_ACCOUNTS_H
#define TESTS_USER_ACCOUNTS_H

#include "check.h"

#include <fcntl.h>

#define KIB            4                /* of a page */
#define PM_PRESENT     (1ull << 63)
#define PM_FILE        (1ull << 61)
#define PM_EXCLUSIVE   (1ull << 56)
#define PM_PFN(word)   ((word) & ((1ull << 55) - 1))
#define KPF(bit)       (1ull << (bit))
enum { KPF_SLAB = 7, KPF_BUDDY = 10, KPF_MMAP = 11, KPF_ANON = 12,
       KPF_SWAPBACKED = 14, KPF_NOPAGE = 20, KPF_ZERO_PAGE = 24,
       KPF_PGTABLE = 26 };

static char text[1 << 18];

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

static const char *proc_path(pid_t pid, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return path;
}

/* The number behind name at the start of a line; -1: no such line. */
static long field_of(const char *from, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = from; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, name, len))
			return strtol(line + len, NULL, 10);
	return -1;
}

static inline long field(const char *path, const char *name)
{
	long value = field_of(read_all(path), name);

	if (value < 0)
		printf("# no %s in %s\n", name, path);
	CHECK(value >= 0);
	return value;
}

/* Word number index of a file of words. */
static inline uint64_t word_at(const char *path, uint64_t index)
{
	int fd = open(path, O_RDONLY);
	uint64_t word;

	CHECK(fd >= 0);
	CHECK(pread(fd, &word, sizeof(word), (off_t)(index * 8)) == 8);
	close(fd);
	return word;
}

static inline uint64_t pagemap_of(pid_t pid, const void *at)
{
	return word_at(proc_path(pid, "pagemap"), (uintptr_t)at / PAGE);
}

enum { PAGES = 64, WRITTEN = 16, CHILDREN = 3 };

static inline void touch(char *p, size_t nr_pages)
{
	for (size_t i = 0; i < nr_pages; i++)
		p[i * PAGE] = 1;
}

static inline void write_some(char *p)
{
	touch(p, WRITTEN);
}

struct smaps {                          /* of one VMA, KiB */
	long size, rss, pss, shared_clean, shared_dirty, private_clean,
		private_dirty, referenced, anonymous, locked;
	char flags[128];
};

static inline long uss(const struct smaps *s)
{
	return s->private_clean + s->private_dirty;
}

/* The entry of smaps that begins with the VMA at address. */
static inline struct smaps smaps_of(pid_t pid, const void *at)
{
	const char *line = read_all(proc_path(pid, "smaps")), *flags;
	unsigned long start, end;
	struct smaps s = { 0 };

	while (sscanf(line, "%lx-%lx ", &start, &end) != 2 ||
	       (uintptr_t)at < start || (uintptr_t)at >= end) {
		line = strchr(line, '\n');
		CHECK(line);
		line++;
	}
	s.size = field_of(line, "Size:");
	s.rss = field_of(line, "Rss:");
	s.pss = field_of(line, "Pss:");
	s.shared_clean = field_of(line, "Shared_Clean:");
	s.shared_dirty = field_of(line, "Shared_Dirty:");
	s.private_clean = field_of(line, "Private_Clean:");
	s.private_dirty = field_of(line, "Private_Dirty:");
	s.referenced = field_of(line, "Referenced:");
	s.anonymous = field_of(line, "Anonymous:");
	s.locked = field_of(line, "Locked:");
	flags = strstr(line, "VmFlags: ");
	CHECK(flags);
	flags += strlen("VmFlags: ");
	snprintf(s.flags, sizeof(s.flags), "%.*s", (int)strcspn(flags, "\n"),
		 flags);
	return s;
}

/* Pages between two that nobody may touch: a VMA that no other one joins. */
static inline char *lone_pages(size_t nr_pages, int prot, int flags, int fd)
{
	char *p = mmap(NULL, (nr_pages + 2) * PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	p += PAGE;
	CHECK(mmap(p, nr_pages * PAGE, prot, flags | MAP_FIXED, fd, 0) == p);
	return p;
}

/* A child that does work(arg), then waits to be ended. */
static inline pid_t resting_child(void (*work)(char *), char *arg)
{
	int ready[2];
	pid_t pid;
	char c;

	CHECK(pipe(ready) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		if (work)
			work(arg);
		CHECK(write(ready[1], "x", 1) == 1);
		while (1)
			pause();
	}
	CHECK(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static inline void end_child(pid_t pid)
{
	int status;

	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
}

#endif
