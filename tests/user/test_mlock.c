/* SPDX-License-Identifier: MIT */
/* mlock, mlock2, mlockall and what they promise; remap_file_pages. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

static char *map(size_t pages, int prot, int flags)
{
	/* Not by the C library: musl makes ENOMEM of EPERM. */
	long p = syscall(SYS_mmap, NULL, pages * PAGE, prot,
			 MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == -1 ? NULL : (char *)p;
}

/* Pages of [p, p + pages) that are in memory. */
static int resident(char *p, size_t pages)
{
	unsigned char vec[64];
	int nr = 0;

	if (mincore(p, pages * PAGE, vec))
		return -1;
	for (size_t i = 0; i < pages; i++)
		nr += vec[i] & 1;
	return nr;
}

/* A kB figure of /proc/self/status. */
static long status_kb(const char *name)
{
	static char text[8192];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	char *line;

	close(fd);
	text[n > 0 ? n : 0] = 0;
	line = strstr(text, name);
	return line ? atol(line + strlen(name) + 1) : -1;
}

PROVES(mlock, "", "pages are there and counted (VmLck)")
PROVES(munlock, "", "counted no more")
CASE(locked_memory_is_there_and_counted)
{
	char *p = map(8, RW, 0);
	long before = status_kb("VmLck");

	CHECK(resident(p, 8) == 0);
	CHECK(mlock(p + PAGE + 1, 2 * PAGE) == 0);      /* rounds to three */
	CHECK(resident(p, 8) == 3);
	CHECK(status_kb("VmLck") - before == 12);
	CHECK(mlock(p, 8 * PAGE) == 0);
	CHECK(status_kb("VmLck") - before == 32);
	CHECK(munlock(p + PAGE, PAGE) == 0);
	CHECK(status_kb("VmLck") - before == 28);
	CHECK(munmap(p, 8 * PAGE) == 0);
	CHECK(status_kb("VmLck") == before);
}

PROVES(mlock2, "MLOCK_ONFAULT", "waits for a touch; EINVAL")
CASE(on_fault_waits_for_a_touch)
{
	char *p = map(4, RW, 0);

	CHECK(syscall(SYS_mlock2, p, 4 * PAGE, 1) == 0);
	CHECK(resident(p, 4) == 0);
	p[PAGE] = 1;
	CHECK(resident(p, 4) == 1);
	CHECK(syscall(SYS_mlock2, p, PAGE, 2) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_mlock2, p, 4 * PAGE, 0) == 0);
	CHECK(resident(p, 4) == 4);
	munmap(p, 4 * PAGE);
}

PROVES(mlock, "", "EINVAL, ENOMEM over a hole after doing the rest")
PROVES(munlock, "", "ENOMEM over a hole after doing the rest")
PROVES(mlockall, "", "EINVAL")
CASE(errors)
{
	char *p = map(4, RW, 0);

	CHECK(mlock(p, 0) == 0);
	CHECK(mlock(p, -PAGE) == -1 && errno == EINVAL);
	munmap(p + 2 * PAGE, PAGE);
	CHECK(mlock(p, 4 * PAGE) == -1 && errno == ENOMEM);
	CHECK(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
	CHECK(munlock(p, 4 * PAGE) == -1 && errno == ENOMEM);
	CHECK(madvise(p, PAGE, MADV_DONTNEED) == 0);
	CHECK(mlockall(0) == -1 && errno == EINVAL);
	CHECK(mlockall(8) == -1 && errno == EINVAL);
	CHECK(mlockall(MCL_ONFAULT) == -1 && errno == EINVAL);
	mprotect(p, PAGE, PROT_NONE);
	CHECK(mlock(p, PAGE) == -1 && errno == ENOMEM);
	munmap(p, 4 * PAGE);
}

PROVES(mmap, "MAP_LOCKED", "all pages at once")
CASE(what_a_locked_page_refuses)
{
	char *p = map(2, RW, MAP_LOCKED);

	CHECK(p && resident(p, 2) == 2);
	CHECK(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
	CHECK(madvise(p, PAGE, MADV_FREE) == -1 && errno == EINVAL);
	CHECK(msync(p, PAGE, MS_INVALIDATE) == -1 && errno == EBUSY);
	munlock(p, 2 * PAGE);
	CHECK(msync(p, PAGE, MS_INVALIDATE) == 0);
	munmap(p, 2 * PAGE);
}

PROVES(mlockall, "MCL_FUTURE", "of mmap and brk")
PROVES(munlockall, "", "ends it")
CASE(future_mappings_are_locked)
{
	unsigned long end = (unsigned long)syscall(SYS_brk, 0);
	unsigned long page = (end + PAGE - 1) & -PAGE;
	char *p;

	CHECK(mlockall(MCL_FUTURE) == 0);
	p = map(4, RW, 0);
	CHECK(resident(p, 4) == 4);
	CHECK((unsigned long)syscall(SYS_brk, page + 2 * PAGE) ==
	      page + 2 * PAGE);
	CHECK(resident((char *)page, 2) == 2);
	CHECK((unsigned long)syscall(SYS_brk, end) == end);
	CHECK(munlockall() == 0);
	CHECK(status_kb("VmLck") == 0);
	munmap(p, 4 * PAGE);
	p = map(4, RW, 0);
	CHECK(resident(p, 4) == 0);
	munmap(p, 4 * PAGE);
}

PROVES(mlockall, "MCL_CURRENT", "not inherited")
CASE(a_child_has_nothing_locked)
{
	char *p = map(2, RW, MAP_LOCKED);
	int status = -1;
	pid_t pid;

	CHECK(mlockall(MCL_CURRENT) == 0);
	pid = fork();
	if (pid == 0)
		_exit(status_kb("VmLck") == 0 &&
				      madvise(p, PAGE, MADV_DONTNEED) == 0
			      ? 0
			      : 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	munlockall();
	munmap(p, 2 * PAGE);
}

/* As a user without privileges. */
static int limited(rlim_t limit)
{
	struct rlimit l = { limit, limit };
	char *p = map(8, RW, 0), *q;

	if (setrlimit(RLIMIT_MEMLOCK, &l) || setuid(1000))
		return 1;
	if (limit == 0)
		return mlock(p, PAGE) == -1 && errno == EPERM &&
				       mlockall(MCL_CURRENT) == -1 &&
				       errno == EPERM &&
				       !map(1, RW, MAP_LOCKED) && errno == EPERM
			       ? 0
			       : 2;
	if (mlock(p, 4 * PAGE) || mlock(p + 2 * PAGE, 2 * PAGE))
		return 3;
	if (mlock(p, 5 * PAGE) != -1 || errno != ENOMEM)
		return 4;
	if (map(1, RW, MAP_LOCKED) || errno != EAGAIN)
		return 5;
	q = mremap(p + 2 * PAGE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	if (q != MAP_FAILED || errno != EAGAIN)
		return 6;
	return mlockall(MCL_CURRENT) == -1 && errno == ENOMEM ? 0 : 7;
}

PROVES(mlock, "", "EPERM, ENOMEM at RLIMIT_MEMLOCK")
PROVES(mmap, "MAP_LOCKED", "EPERM, EAGAIN at RLIMIT_MEMLOCK")
PROVES(mremap, "", "EAGAIN at RLIMIT_MEMLOCK")
CASE(the_limit_holds_without_privileges)
{
	const rlim_t limit[] = { 0, 4 * PAGE };

	for (int i = 0; i < 2; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0)
			_exit(limited(limit[i]));
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status));
		CHECK(WEXITSTATUS(status) == 0);
	}
}

PROVES(remap_file_pages, "", "pages in another order; EINVAL")
CASE(remap_file_pages_reorders)
{
	volatile char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS,
				-1, 0);
	char *own = map(2, RW, 0);

	for (int i = 0; i < 4; i++)
		p[i * PAGE] = (char)('a' + i);
	CHECK(remap_file_pages((char *)p + PAGE, PAGE, 0, 3, 0) == 0);
	CHECK(p[0] == 'a' && p[PAGE] == 'd' && p[2 * PAGE] == 'c');
	p[PAGE] = 'x';
	CHECK(p[3 * PAGE] == 'x');
	CHECK(remap_file_pages((char *)p, PAGE, PROT_READ, 0, 0) == -1 &&
	      errno == EINVAL);
	CHECK(remap_file_pages(own, PAGE, 0, 0, 0) == -1 && errno == EINVAL);
	munmap((char *)p, 4 * PAGE);
	munmap(own, 2 * PAGE);
}

PROVES(remap_file_pages, "",
       "EINVAL where the descriptor only reads; EOVERFLOW")
CASE(remap_file_pages_wants_a_writer)
{
	int fd = open("/tmp/remap", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int ro = open("/tmp/remap", O_RDONLY);
	char *rw, *r;

	CHECK(fd >= 0 && ro >= 0 && ftruncate(fd, 8 * PAGE) == 0);
	rw = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	r = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, ro, 0);
	CHECK(rw != MAP_FAILED && r != MAP_FAILED);
	CHECK(remap_file_pages(r, PAGE, 0, 3, 0) == -1 && errno == EINVAL);
	CHECK(remap_file_pages(rw, PAGE, 0, 3, 0) == 0);
	CHECK(remap_file_pages(rw, PAGE, 0, 1ul << 60, 0) == -1 &&
	      errno == EOVERFLOW);
	CHECK(remap_file_pages(rw, PAGE, 0, ~0ul, 0) == -1 && errno == EINVAL);
}

int main(void)
{
	return run_cases();
}
