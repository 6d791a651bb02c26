/* SPDX-License-Identifier: MIT */
/* mmap, munmap, mprotect, mremap, brk: results and error numbers of the man pages. */
#include "check.h"

#include <sys/syscall.h>

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

PROVES(mmap, "", "EINVAL, EBADF, ENOMEM")
PROVES(munmap, "", "EINVAL")
PROVES(mprotect, "", "EINVAL for a misaligned address")
CASE(bad_arguments)
{
	CHECK(mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
	      errno == EINVAL);
	CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0) == MAP_FAILED &&
	      errno == EBADF);
	CHECK(mmap((void *)0x10001, PAGE, RW, ANON | MAP_FIXED, -1, 0) ==
		      MAP_FAILED &&
	      errno == EINVAL);
	CHECK(mmap(NULL, 1ul << 60, RW, ANON | MAP_NORESERVE, -1, 0) ==
		      MAP_FAILED &&
	      errno == ENOMEM);
	CHECK(munmap((void *)1, PAGE) == -1 && errno == EINVAL);
	CHECK(munmap((void *)0x10000, 0) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_mprotect, 1, PAGE, RW) == -1 && errno == EINVAL);
}

PROVES(munmap, "", "nothing there is fine")
CASE(munmap_of_nothing_is_fine)
{
	char *p = map_pages(4, RW);

	CHECK(munmap(p, 4 * PAGE) == 0);
	CHECK(munmap(p, 4 * PAGE) == 0);
}

PROVES(mmap, "MAP_FIXED", "unmaps what is below")
CASE(fixed_replaces)
{
	char *p = map_pages(4, RW);

	memset(p, 1, 4 * PAGE);
	CHECK(mmap(p + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0) ==
	      p + PAGE);
	CHECK(p[0] == 1 && p[PAGE] == 0 && p[2 * PAGE] == 0 &&
	      p[3 * PAGE] == 1);
}

PROVES(mmap, "MAP_FIXED_NOREPLACE", "EEXIST when something is there")
CASE(fixed_noreplace)
{
	char *p = map_pages(4, RW);

	CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) ==
		      MAP_FAILED &&
	      errno == EEXIST);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) ==
	      p + PAGE);
}

PROVES(mmap, "", "a hint is taken when free")
CASE(hint_is_taken_when_free)
{
	char *p = map_pages(16, RW);

	CHECK(munmap(p, 16 * PAGE) == 0);
	CHECK(mmap(p + 4 * PAGE, PAGE, RW, ANON, -1, 0) == p + 4 * PAGE);
	CHECK(mmap(p + 4 * PAGE, PAGE, RW, ANON, -1, 0) != p + 4 * PAGE);
}

PROVES(mprotect, "", "ENOMEM over a hole")
CASE(mprotect_over_a_hole)
{
	char *p = map_pages(4, RW);

	CHECK(munmap(p + 2 * PAGE, PAGE) == 0);
	CHECK(mprotect(p, 4 * PAGE, PROT_READ) == -1 && errno == ENOMEM);
}

PROVES(mremap, "MREMAP_MAYMOVE", "grows in place, moves, shrinks; EINVAL")
CASE(mremap_grows_moves_shrinks)
{
	char *p = map_pages(8, RW), *q;

	memset(p, 5, 8 * PAGE);
	CHECK(munmap(p + 4 * PAGE, 4 * PAGE) == 0);
	CHECK(mremap(p, 4 * PAGE, 8 * PAGE, 0) == p);
	CHECK(p[4 * PAGE - 1] == 5 && p[4 * PAGE] == 0);
	CHECK(mremap(p, 8 * PAGE, 2 * PAGE, 0) == p);
	q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q[0] == 5 && q[2 * PAGE - 1] == 5 &&
	      q[2 * PAGE] == 0);
	CHECK(mremap(q + 1, PAGE, PAGE, 0) == MAP_FAILED && errno == EINVAL);
}

/* The call itself: not every C library lets programs move the break. */
static char *raw_brk(char *to)
{
	return (char *)syscall(SYS_brk, to);
}

PROVES(mremap, "MREMAP_FIXED", "EFAULT when the source is gone")
CASE(mremap_over_its_own_source)
{
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	CHECK(mremap(p, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) ==
		      MAP_FAILED &&
	      errno == EFAULT);
}

PROVES(madvise, "MADV_FREE, MADV_DONTNEED", "EINVAL for locked memory")
CASE(advice_on_locked_memory)
{
	char *p = mmap(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0);

	CHECK(p != MAP_FAILED);
	p[0] = 7;
	CHECK(madvise(p, PAGE, MADV_FREE) == -1 && errno == EINVAL);
	CHECK(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
	CHECK(p[0] == 7);
}

PROVES(brk, "", "grows, shrinks; fresh pages are zero")
CASE(brk_moves)
{
	char *start = raw_brk(NULL), *p;

	CHECK(raw_brk(start + 10 * PAGE) == start + 10 * PAGE);
	p = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
	memset(p, 9, 8 * PAGE);
	CHECK(raw_brk(p + PAGE) == p + PAGE);
	CHECK(p[0] == 9 && p[PAGE - 1] == 9);
	CHECK(raw_brk(p + 8 * PAGE) == p + 8 * PAGE);
	CHECK(p[PAGE] == 0 && p[7 * PAGE] == 0 && p[0] == 9);
}

PROVES(mprotect, "", "2000 splits and merges")
CASE(many_areas)
{
	enum { N = 2000 };
	char *p = map_pages(2 * N, PROT_NONE);

	for (int i = 0; i < N; i++)
		CHECK(mprotect(p + 2 * (size_t)i * PAGE, PAGE, RW) == 0);
	for (int i = 0; i < N; i++)
		p[2 * (size_t)i * PAGE] = (char)i;
	for (int i = 0; i < N; i++)
		CHECK(p[2 * (size_t)i * PAGE] == (char)i);
	CHECK(mprotect(p, 2 * N * PAGE, RW) == 0);
	for (int i = 0; i < N; i++)
		CHECK(p[2 * (size_t)i * PAGE + PAGE] == 0);
	CHECK(munmap(p, 2 * N * PAGE) == 0);
}

PROVES(mmap, "MAP_POPULATE", "all pages at once")
PROVES(mincore, "", "who is there, who is not")
CASE(populate)
{
	unsigned char vec[16];
	char *p = mmap(NULL, 16 * PAGE, RW, ANON | MAP_POPULATE, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK(mincore(p, 16 * PAGE, vec) == 0);
	for (int i = 0; i < 16; i++)
		CHECK(vec[i] & 1);
	p = map_pages(16, RW);
	p[3 * PAGE] = 1;
	CHECK(mincore(p, 16 * PAGE, vec) == 0);
	CHECK((vec[3] & 1) && !(vec[2] & 1));
}

int main(void)
{
	return run_cases();
}
