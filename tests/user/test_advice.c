/* SPDX-License-Identifier: MIT */
/* Every kind of madvise, what fork leaves out, and mappings that grow or double. */
#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
enum { COLD = 20, PAGEOUT = 21 };

static char *shared_pages(size_t nr)
{
	char *p = mmap(NULL, nr * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static int is_mapped(void *p)
{
	return msync(p, PAGE, MS_ASYNC) == 0;
}

PROVES(madvise, "MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED",
       "contents stay")
PROVES(madvise, "MADV_COLD, MADV_PAGEOUT, MADV_DONTDUMP, MADV_DODUMP",
       "contents stay")
PROVES(madvise, "MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_MERGEABLE",
       "contents stay")
PROVES(madvise, "", "EINVAL for unknown advice and misaligned addresses")
CASE(advice_that_keeps)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
		COLD, PAGEOUT, MADV_DONTDUMP, MADV_DODUMP, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_MERGEABLE, MADV_UNMERGEABLE,
	};
	char *p = map_pages(4, RW);

	memset(p, 5, 4 * PAGE);
	for (size_t i = 0; i < sizeof(advice) / sizeof(*advice); i++) {
		CHECK(madvise(p + PAGE, 2 * PAGE, advice[i]) == 0);
		for (size_t at = 0; at < 4 * PAGE; at += PAGE)
			CHECK(p[at] == 5);
	}
	CHECK(madvise(p, PAGE, 99) == -1 && errno == EINVAL);
	CHECK(madvise(p + 1, PAGE, MADV_NORMAL) == -1 && errno == EINVAL);
	CHECK(madvise(p, 0, MADV_NORMAL) == 0);
}

PROVES(madvise, "MADV_DONTNEED", "ENOMEM over a hole, after doing the rest")
CASE(advice_over_a_hole)
{
	char *p = map_pages(3, RW);

	memset(p, 5, 3 * PAGE);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	CHECK(madvise(p, 3 * PAGE, MADV_DONTNEED) == -1 && errno == ENOMEM);
	CHECK(p[0] == 0 && p[2 * PAGE] == 0);
}

PROVES(madvise, "MADV_DONTNEED",
       "a private file shows the file again, shared memory stays")
CASE(file_pages_come_back)
{
	int fd = open("/tmp/advice", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *own, *both = shared_pages(1);

	CHECK(fd >= 0 && write(fd, "file", 4) == 4);
	CHECK(unlink("/tmp/advice") == 0);
	own = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK(own != MAP_FAILED);
	own[0] = 'X';
	both[0] = 'Y';
	CHECK(madvise(own, PAGE, MADV_DONTNEED) == 0 && own[0] == 'f');
	CHECK(madvise(both, PAGE, MADV_DONTNEED) == 0 && both[0] == 'Y');
}

PROVES(madvise, "MADV_FREE", "old or zero until written; EINVAL for files")
CASE(freed_pages)
{
	char *p = map_pages(2, RW), *both = shared_pages(1);

	memset(p, 5, 2 * PAGE);
	CHECK(madvise(p, 2 * PAGE, MADV_FREE) == 0);
	p[0] = 6;
	CHECK(p[0] == 6 && (p[1] == 5 || p[1] == 0));
	CHECK(p[PAGE] == 5 || p[PAGE] == 0);
	CHECK(madvise(both, PAGE, MADV_FREE) == -1 && errno == EINVAL);
}

PROVES(madvise, "MADV_REMOVE", "a hole in shared memory; EINVAL for private")
CASE(removed_pages)
{
	char *both = shared_pages(3), *own = map_pages(1, RW);

	memset(both, 5, 3 * PAGE);
	CHECK(madvise(both + PAGE, PAGE, MADV_REMOVE) == 0);
	CHECK(both[0] == 5 && both[PAGE] == 0 && both[2 * PAGE] == 5);
	CHECK(madvise(own, PAGE, MADV_REMOVE) == -1 && errno == EINVAL);
}

/* A child sees the first page, not the second, the third, and zeroes last. */
static void expect_after_fork(void *arg)
{
	char *p = arg;

	CHECK(is_mapped(p) && !is_mapped(p + PAGE));
	CHECK(p[0] == 5 && p[2 * PAGE] == 5);
	CHECK(p[3 * PAGE] == 0 && p[4 * PAGE] == 5);
}

PROVES(madvise, "MADV_DONTFORK, MADV_DOFORK", "not in the child, and again")
PROVES(madvise, "MADV_WIPEONFORK, MADV_KEEPONFORK", "zeroes, and again not")
CASE(what_a_child_gets)
{
	char *p = map_pages(5, RW);

	memset(p, 5, 5 * PAGE);
	CHECK(madvise(p + PAGE, 2 * PAGE, MADV_DONTFORK) == 0);
	CHECK(madvise(p + 2 * PAGE, PAGE, MADV_DOFORK) == 0);
	CHECK(madvise(p + 3 * PAGE, 2 * PAGE, MADV_WIPEONFORK) == 0);
	CHECK(madvise(p + 4 * PAGE, PAGE, MADV_KEEPONFORK) == 0);
	CHECK(in_child(expect_after_fork, p) == 0);
	CHECK(p[PAGE] == 5 && p[3 * PAGE] == 5);
}

PROVES(mmap, "MAP_GROWSDOWN", "grows by a touch below it")
PROVES(mmap, "MAP_STACK, MAP_DENYWRITE", "ignored")
CASE(growing_down)
{
	char *at = (char *)0x20000000000;       /* nobody else maps here */
	volatile char *volatile below = at - 1;
	char *p = mmap(at, PAGE, RW,
		       ANON | MAP_FIXED | MAP_GROWSDOWN | MAP_STACK |
			       MAP_DENYWRITE,
		       -1, 0);

	CHECK(p == at && !is_mapped(at - PAGE));
	*below = 7;
	CHECK(*below == 7 && is_mapped(at - PAGE));
	CHECK(!is_mapped(at - 2 * PAGE));
}

PROVES(mprotect, "PROT_GROWSDOWN", "down to the mapping's start; EINVAL")
CASE(protecting_downwards)
{
	char *at = (char *)0x20000000000, *plain = map_pages(2, RW);

	CHECK(mmap(at, 4 * PAGE, PROT_READ, ANON | MAP_FIXED | MAP_GROWSDOWN,
		   -1, 0) == at);
	CHECK(mprotect(at + 2 * PAGE, PAGE, RW | PROT_GROWSDOWN) == 0);
	at[0] = at[2 * PAGE] = 1;
	CHECK(mprotect(plain + PAGE, PAGE, RW | PROT_GROWSDOWN) == -1 &&
	      errno == EINVAL);
	CHECK(mprotect(plain, PAGE, RW | PROT_GROWSDOWN | PROT_GROWSUP) == -1 &&
	      errno == EINVAL);
}

PROVES(setrlimit, "RLIMIT_AS", "ENOMEM beyond it, for mmap and mremap")
CASE(a_limit_on_the_space)
{
	const struct rlimit none = { 0, RLIM_INFINITY };
	char *p = map_pages(2, RW);

	CHECK(setrlimit(RLIMIT_AS, &none) == 0);
	CHECK(mmap(NULL, PAGE, RW, ANON, -1, 0) == MAP_FAILED &&
	      errno == ENOMEM);
	CHECK(mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED &&
	      errno == ENOMEM);
	CHECK(munmap(p, PAGE) == 0);
}

PROVES(mremap, "MREMAP_DONTUNMAP", "the old place stays, empty")
PROVES(mremap, "", "length 0 doubles shared memory; EINVAL for private")
CASE(moved_and_doubled)
{
	char *p = map_pages(2, RW), *both = shared_pages(2), *q;

	memset(p, 5, 2 * PAGE);
	q = mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	CHECK(q != MAP_FAILED && q != p && q[PAGE] == 5);
	CHECK(is_mapped(p) && p[0] == 0 && p[PAGE] == 0);
	q = mremap(both, 0, 2 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != both);
	both[PAGE] = 9;
	CHECK(q[PAGE] == 9);
	CHECK(mremap(p, 0, PAGE, MREMAP_MAYMOVE) == MAP_FAILED &&
	      errno == EINVAL);
}

int main(void)
{
	return run_cases();
}
