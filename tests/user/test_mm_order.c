/* SPDX-License-Identifier: MIT */
/*
 * Which error comes first, and what was done before it: found by tests/diff. Each
 * case is the reproducer that its shrinker left.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
enum { DONTNEED_LOCKED = 24 };

#define AREA ((char *)0x20000000000)    /* nobody else maps here */

/* -errno or the result of the last call. */
static long result_of(long ret)
{
	return ret == -1 ? -errno : ret;
}

static char *map_at(char *at, size_t nr_pages, int prot, int flags)
{
	char *p = mmap(at, nr_pages * PAGE, prot,
		       MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);

	CHECK(p == at);
	return p;
}

static int file_of(size_t size)
{
	int fd = open("/tmp/mm-order", O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0);
	CHECK(unlink("/tmp/mm-order") == 0);
	CHECK(ftruncate(fd, (off_t)size) == 0);
	return fd;
}

static long try_mmap(void *at, size_t len, int prot, int flags, int fd,
		     off_t offset)
{
	return result_of(syscall(SYS_mmap, at, len, prot, flags, fd, offset));
}

static long try_mremap(void *old, size_t old_len, size_t new_len, int flags,
		       void *to)
{
	return result_of(syscall(SYS_mremap, old, old_len, new_len, flags, to));
}

PROVES(mremap, "MREMAP_FIXED", "EFAULT before EINVAL; ENOMEM")
CASE(mremap_looks_for_the_mapping_first)
{
	const int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;

	CHECK(try_mremap(AREA, PAGE, PAGE, fixed, AREA) == -EFAULT);
	CHECK(try_mremap(AREA, PAGE, ~0ul << 20, 0, NULL) == -EFAULT);
	map_at(AREA, 1, RW, MAP_PRIVATE);
	CHECK(try_mremap(AREA, PAGE, PAGE, fixed, AREA) == -EINVAL);
	CHECK(try_mremap(AREA, PAGE, 1ul << 48, 0, NULL) == -ENOMEM);
}

PROVES(mremap, "MREMAP_DONTUNMAP", "EINVAL for another size")
CASE(mremap_dontunmap_compares_bytes)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;

	map_at(AREA, 1, RW, MAP_PRIVATE);
	CHECK(try_mremap(AREA, PAGE - 1, PAGE, flags, NULL) == -EINVAL);
}

PROVES(mremap, "", "shrinking unmaps all behind")
CASE(mremap_shrinks_beyond_the_mapping)
{
	map_at(AREA, 1, RW, MAP_PRIVATE);
	map_at(AREA + 2 * PAGE, 1, RW, MAP_PRIVATE);
	CHECK(try_mremap(AREA, 3 * PAGE, PAGE, 0, NULL) == (long)AREA);
	CHECK(msync(AREA, PAGE, MS_ASYNC) == 0);
	CHECK(msync(AREA + 2 * PAGE, PAGE, MS_ASYNC) == -1);
}

PROVES(mremap, "", "grows into a guard gap")
CASE(mremap_grows_into_a_guard_gap)
{
	map_at(AREA, 1, RW, MAP_PRIVATE);
	map_at(AREA + 8 * PAGE, 1, RW, MAP_PRIVATE | MAP_GROWSDOWN);
	CHECK(try_mremap(AREA, PAGE, 4 * PAGE, 0, NULL) == (long)AREA);
}

PROVES(mmap, "MAP_FIXED, MAP_HUGETLB",
       "EINVAL, ENOMEM, EEXIST before the file is asked")
CASE(mmap_asks_for_the_place_before_the_file)
{
	int fd = file_of(PAGE), none = open("/dev/null", O_WRONLY);

	CHECK(none >= 0);
	CHECK(try_mmap(AREA + 1, PAGE, RW, MAP_SHARED | MAP_FIXED, none, 0) ==
	      -EINVAL);
	CHECK(try_mmap(NULL, ~0ul - 2 * PAGE, RW, MAP_SHARED, none, 0) ==
	      -ENOMEM);
	map_at(AREA, 1, RW, MAP_PRIVATE);
	CHECK(try_mmap(AREA, PAGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, none,
		       0) == -EEXIST);
	CHECK(try_mmap(NULL, PAGE, RW, MAP_SHARED | MAP_HUGETLB, fd, 0) ==
	      -EINVAL);
}

PROVES(mmap, "", "EOVERFLOW")
CASE(mmap_of_a_file_ends_where_files_do)
{
	int fd = file_of(PAGE);

	CHECK(try_mmap(NULL, PAGE, RW, MAP_SHARED, fd,
		       (off_t)0xcd6103e5f4f6e000) == -EOVERFLOW);
	CHECK(try_mmap(NULL, PAGE, RW, MAP_SHARED, fd,
		       INT64_MAX - 2 * PAGE + 1) > 0);
}

PROVES(mmap, "MAP_SHARED_VALIDATE", "EOPNOTSUPP for an unknown flag")
CASE(mmap_validate_knows_its_flags)
{
	int fd = file_of(PAGE), zero = open("/dev/zero", O_RDWR);

	CHECK(try_mmap(AREA, PAGE, RW, MAP_SHARED_VALIDATE | 0x100000, fd, 0) ==
	      -EOPNOTSUPP);
	CHECK(try_mmap(AREA, PAGE, RW, MAP_SHARED_VALIDATE | MAP_FIXED, zero,
		       0) == (long)AREA);
	CHECK(try_mmap(NULL, PAGE, RW, MAP_PRIVATE, zero, 1) == -EINVAL);
}

PROVES(mmap, "", "a hint below a page is none")
CASE(mmap_hint_below_a_page_is_none)
{
	CHECK(try_mmap((void *)1, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) > 1l << 32);
}

PROVES(madvise, "MADV_POPULATE_READ, MADV_POPULATE_WRITE",
       "EINVAL without the right, ENOMEM")
CASE(madvise_populate_wants_the_right)
{
	map_at(AREA, 1, PROT_EXEC, MAP_PRIVATE);
	CHECK(madvise(AREA, PAGE, 22) == -1 && errno == EINVAL);
	map_at(AREA, 1, PROT_READ, MAP_PRIVATE);
	CHECK(madvise(AREA, PAGE, 22) == 0);
	CHECK(madvise(AREA, PAGE, 23) == -1 && errno == EINVAL);
	CHECK(madvise(AREA, 2 * PAGE, 22) == -1 && errno == ENOMEM);
}

PROVES(madvise, "MADV_DONTNEED_LOCKED", "EINVAL for DONTNEED, zeroes for this")
CASE(madvise_dontneed_of_locked_memory)
{
	char *p = map_at(AREA, 1, RW, MAP_PRIVATE | MAP_LOCKED);

	*p = 1;
	CHECK(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
	CHECK(*p == 1);
	CHECK(madvise(p, PAGE, DONTNEED_LOCKED) == 0);
	CHECK(*p == 0);
}

/* What comes before the wrong kind of memory has the advice. */
PROVES(madvise, "MADV_WIPEONFORK",
       "zeroes in the child; EINVAL for shared memory")
CASE(madvise_wipeonfork_goes_as_far_as_it_can)
{
	char *p = map_at(AREA, 1, RW, MAP_PRIVATE);
	int status;
	pid_t pid;

	map_at(AREA + PAGE, 1, RW, MAP_SHARED);
	*p = 1;
	CHECK(madvise(p, 2 * PAGE, MADV_WIPEONFORK) == -1 && errno == EINVAL);
	pid = fork();
	if (pid == 0)
		_exit(*p);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

PROVES(msync, "MS_SYNC, MS_ASYNC", "ENOMEM over a hole")
PROVES(msync, "MS_INVALIDATE", "EBUSY for locked memory")
CASE(msync_invalidate_of_locked_memory)
{
	map_at(AREA, 2, RW, MAP_PRIVATE | MAP_LOCKED);
	CHECK(munmap(AREA, PAGE) == 0);
	CHECK(msync(AREA, 2 * PAGE, MS_INVALIDATE) == -1 && errno == EBUSY);
	CHECK(msync(AREA, 2 * PAGE, MS_ASYNC) == -1 && errno == ENOMEM);
	CHECK(msync(AREA, 1ul << 60, MS_INVALIDATE) == -1 && errno == EBUSY);
	CHECK(msync(AREA, ~0ul, MS_SYNC) == 0); /* wraps to nothing */
}

PROVES(brk, "", "does not shrink over a hole")
CASE(brk_does_not_shrink_over_nothing)
{
	char *from = (char *)(((uintptr_t)sbrk(0) + PAGE - 1) & ~(PAGE - 1));

	CHECK(syscall(SYS_brk, from + 8 * PAGE) == (long)(from + 8 * PAGE));
	CHECK(munmap(from + 4 * PAGE, 4 * PAGE) == 0);
	CHECK(syscall(SYS_brk, from + 6 * PAGE) == (long)(from + 8 * PAGE));
	CHECK(syscall(SYS_brk, from + 2 * PAGE) == (long)(from + 2 * PAGE));
}

PROVES(mprotect, "PROT_GROWSUP", "ENOMEM before EINVAL")
CASE(mprotect_looks_at_bits_last)
{
	CHECK(mprotect(AREA, ~0ul - PAGE, 0x80) == -1 && errno == ENOMEM);
	CHECK(mprotect(AREA, PAGE, 0x80) == -1 && errno == EINVAL);
	map_at(AREA + PAGE, 1, RW, MAP_PRIVATE);
	CHECK(mprotect(AREA, 2 * PAGE, PROT_GROWSUP) == -1 && errno == ENOMEM);
}

static long data_now(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = -1;

	CHECK(f);
	while (fgets(line, sizeof(line), f) && kb < 0)
		(void)sscanf(line, "VmData: %ld", &kb);
	fclose(f);
	return kb * 1024;
}

/* Two VMAs, room for one: it becomes data, the other does not. */
PROVES(mprotect, "", "ENOMEM beyond RLIMIT_DATA, after doing the rest")
PROVES(setrlimit, "RLIMIT_DATA", "bounds private writable memory")
CASE(mprotect_counts_data_as_it_goes)
{
	struct rlimit limit = { 0, RLIM_INFINITY };

	map_at(AREA, 4, PROT_NONE, MAP_PRIVATE);
	map_at(AREA + 4 * PAGE, 4, PROT_READ, MAP_PRIVATE);
	limit.rlim_cur = (rlim_t)data_now() + 6 * PAGE;
	CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
	CHECK(mprotect(AREA, 8 * PAGE, RW) == -1 && errno == ENOMEM);
	AREA[0] = 1;
	CHECK(data_now() == (long)limit.rlim_cur - 2 * (long)PAGE);
}

/* Locked memory that may be written has its own pages at once. */
PROVES(mmap, "MAP_LOCKED, MAP_NONBLOCK", "own pages at once")
CASE(mprotect_copies_locked_pages)
{
	int fd = file_of(PAGE);
	char *p = mmap(AREA, PAGE, PROT_READ,
		       MAP_PRIVATE | MAP_FIXED | MAP_LOCKED, fd, 0);

	CHECK(p == AREA);
	CHECK(mprotect(p, PAGE, RW) == 0);
	CHECK(pwrite(fd, "x", 1, 0) == 1);
	CHECK(*p == 0);
	p = mmap(AREA, PAGE, RW,
		 MAP_PRIVATE | MAP_FIXED | MAP_LOCKED | MAP_NONBLOCK, fd, 0);
	CHECK(p == AREA && pwrite(fd, "y", 1, 0) == 1);
	CHECK(*p == 'x');
}

/* What could be written before has no page when its locking failed: mprotect
 * fills only what it makes writable. */
PROVES(mprotect, "", "locked memory that could be written gets no pages")
CASE(mprotect_leaves_the_rest_alone)
{
	int fd = file_of(3 * PAGE);
	char *p = mmap(AREA, 3 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);

	CHECK(p == AREA);
	CHECK(mlock(p, 4 * PAGE) == -1 && errno == ENOMEM);     /* a hole */
	CHECK(mprotect(p, 4 * PAGE, RW) == -1 && errno == ENOMEM);
	CHECK(mprotect(p, 3 * PAGE, RW) == 0);
	CHECK(pwrite(fd, "x", 1, PAGE) == 1);
	CHECK(p[PAGE] == 'x');
}

/* The pages move next to where they were: all of it is one mapping again. */
PROVES(mremap, "MREMAP_DONTUNMAP", "merges with both neighbours")
CASE(mremap_moves_within_a_mapping)
{
	char *p = map_at(AREA, 12, PROT_READ, MAP_PRIVATE);

	CHECK(try_mremap(p + 3 * PAGE, 2 * PAGE, 2 * PAGE,
			 MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
			 p + 7 * PAGE) == (long)(p + 7 * PAGE));
	for (size_t i = 0; i < 12; i++)
		CHECK(p[i * PAGE] == 0);
	CHECK(msync(p, 12 * PAGE, MS_ASYNC) == 0);
}

PROVES(pwrite64, "", "EPERM of a seal comes after the source was touched")
CASE(write_that_a_seal_refuses_has_grown_the_stack)
{
	int fd = (int)syscall(SYS_memfd_create, "sealed", MFD_ALLOW_SEALING);
	char *p = map_at(AREA + 16 * PAGE, 2, RW, MAP_PRIVATE | MAP_GROWSDOWN);

	CHECK(fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	CHECK(pwrite(fd, p - PAGE - 8, 16, 0) == -1 && errno == EPERM);
	CHECK(msync(p - 2 * PAGE, 4 * PAGE, MS_ASYNC) == 0);
	CHECK(pwrite(fd, AREA + 32 * PAGE, 16, 0) == -1 && errno == EFAULT);
}

PROVES(mmap, "", "ENOMEM for want of room comes before EACCES of the file")
CASE(mmap_looks_for_room_first)
{
	int pipes[2], bits = 64 - __builtin_clzl((unsigned long)pipes);
	size_t huge = ((size_t)1 << bits) - (1 << 20); /* nearly all there is */

	CHECK(pipe(pipes) == 0);
	CHECK(try_mmap(NULL, huge, RW, MAP_PRIVATE, pipes[1], 0) == -ENOMEM);
	CHECK(try_mmap(NULL, (size_t)1 << bits, RW, MAP_PRIVATE, pipes[1], 0) ==
	      -ENOMEM);
	CHECK(try_mmap(NULL, PAGE, RW, MAP_PRIVATE, pipes[1], 0) == -EACCES);
	CHECK(try_mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0) ==
	      -ENODEV);
}

PROVES(pwrite64, "", "EFAULT leaves no page behind")
CASE(write_of_nothing_takes_no_page)
{
	int fd = file_of(4 * PAGE);
	struct stat st;

	CHECK(pwrite(fd, AREA, 100, PAGE) == -1 && errno == EFAULT);
	CHECK(fstat(fd, &st) == 0 && st.st_blocks == 0);
}

/* The source is the file's own page behind its end: there once the file grows. */
CASE(write_grows_its_own_source)
{
	int fd = file_of(PAGE);
	char *p = mmap(AREA, 3 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);

	CHECK(p == AREA);
	CHECK(pwrite(fd, p + 100, 2 * PAGE, 2 * PAGE) == 2 * (long)PAGE);
}

PROVES(pwrite64, "", "EBADF before EFAULT")
PROVES(pread64, "", "EINVAL beyond the last offset")
CASE(bad_descriptor_before_bad_address)
{
	int fd = file_of(PAGE), in = open("/dev/null", O_RDONLY);
	char *bad = (char *)~0xfffful, byte;

	CHECK(pwrite(in, bad, 1, 0) == -1 && errno == EBADF);
	CHECK(pwrite(fd, bad, 1, 0) == -1 && errno == EFAULT);
	CHECK(pread(fd, &byte, 1, INT64_MAX) == -1 && errno == EINVAL);
}

/* Inode numbers of two pieces of shared memory. */
CASE(maps_tell_shared_memory_apart)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, number[2] = { 0 };
	char line[256];
	int nr = 0;

	map_at(AREA, 1, RW, MAP_SHARED);
	map_at(AREA + PAGE, 1, RW, MAP_SHARED);
	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		CHECK(sscanf(line, "%lx-%*x %*s %*x %*s %lu", &start,
			     &number[nr]) == 2);
		if (start >= (uintptr_t)AREA && ++nr == 2)
			break;
	}
	CHECK(nr == 2 && number[0] && number[0] != number[1]);
}

PROVES(madvise, "MADV_MERGEABLE", "shared memory stays one mapping")
CASE(madvise_mergeable_leaves_shared_memory)
{
	char *p = mmap(NULL, 3 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK(madvise(p + PAGE, PAGE, MADV_MERGEABLE) == 0);
	CHECK(syscall(SYS_remap_file_pages, p, 3 * PAGE, 0, 0, 0) == 0);
}

int main(void)
{
	return run_cases();
}
