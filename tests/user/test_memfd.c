/* SPDX-License-Identifier: MIT */
/* Files without a name, their seals, and holes. */
#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#define SEALABLE MFD_ALLOW_SEALING

static int memfd(unsigned int flags, size_t nr_pages)
{
	int fd = memfd_create("test", flags);

	CHECK(fd >= 0 && ftruncate(fd, (off_t)(nr_pages * PAGE)) == 0);
	return fd;
}

static void expect_sealed(long ret)
{
	CHECK(ret == -1 && errno == EPERM);
}

PROVES(memfd_create, "MFD_CLOEXEC", "a file without a name; EINVAL")
CASE(flags_and_names)
{
	char name[300];
	struct stat st;
	int fd = memfd(MFD_CLOEXEC, 1);

	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	CHECK(fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
	CHECK((st.st_mode & 0777) == 0777 && st.st_nlink == 0);
	CHECK(memfd_create("x", 8) == -1 && errno == EINVAL);
	CHECK(memfd_create("x", 1u << 26) == -1 && errno == EINVAL);
	memset(name, 'n', sizeof(name));
	name[249] = '\0';
	CHECK(memfd_create(name, 0) >= 0);
	name[249] = 'n';
	name[250] = '\0';
	CHECK(memfd_create(name, 0) == -1 && errno == EINVAL);
	CHECK(memfd_create((char *)8, 0) == -1 && errno == EFAULT);
}

PROVES(memfd_create, "MFD_ALLOW_SEALING", "else sealed against seals")
PROVES(fcntl, "F_ADD_SEALS, F_GET_SEALS", "only added; EPERM, EINVAL")
CASE(only_who_asks_can_seal)
{
	int fd = memfd(0, 1), null = open("/dev/null", O_RDWR);

	CHECK(fcntl(fd, F_GET_SEALS) == F_SEAL_SEAL);
	expect_sealed(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	fd = memfd(SEALABLE, 1);
	CHECK(fcntl(fd, F_GET_SEALS) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, 0x100) == -1 && errno == EINVAL);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0);
	CHECK(fcntl(fd, F_GET_SEALS) == (F_SEAL_SEAL | F_SEAL_GROW));
	expect_sealed(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	CHECK(fcntl(null, F_GET_SEALS) == -1 && errno == EINVAL);
	CHECK(fcntl(null, F_ADD_SEALS, 1) == -1 && errno == EINVAL);
}

CASE(sealing_needs_a_descriptor_that_writes)
{
	char path[64];
	int fd = memfd(SEALABLE, 1), read_only;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY);
	CHECK(read_only >= 0);
	expect_sealed(fcntl(read_only, F_ADD_SEALS, F_SEAL_GROW));
}

PROVES(fcntl, "F_SEAL_SHRINK, F_SEAL_GROW", "EPERM or a short count")
CASE(sealed_against_shrinking_and_growing)
{
	int fd = memfd(SEALABLE, 2);
	char page[2 * PAGE];

	memset(page, 1, sizeof(page));
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
	expect_sealed(ftruncate(fd, PAGE));
	expect_sealed(ftruncate(fd, 3 * PAGE));
	CHECK(ftruncate(fd, 2 * PAGE) == 0);
	expect_sealed(fallocate(fd, 0, 0, 3 * PAGE));
	CHECK(fallocate(fd, 0, 0, 2 * PAGE) == 0);
	expect_sealed(pwrite(fd, page, 10, 2 * PAGE));
	CHECK(pwrite(fd, page, 2 * PAGE, PAGE) == (ssize_t)PAGE);
	CHECK(pwrite(fd, page, PAGE, PAGE) == (ssize_t)PAGE);
}

PROVES(fcntl, "F_SEAL_WRITE", "EPERM for write, hole and shared map")
CASE(sealed_against_writing)
{
	int fd = memfd(SEALABLE, 2);

	CHECK(write(fd, "abc", 3) == 3);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	expect_sealed(write(fd, "x", 1));
	expect_sealed(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				0, PAGE));
	CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED &&
	      errno == EPERM);
	CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	CHECK(ftruncate(fd, PAGE) == 0);
}

PROVES(fcntl, "F_SEAL_WRITE", "EBUSY while a map may write")
CASE(mappings_that_write_keep_the_seal_away)
{
	int fd = memfd(SEALABLE, 2);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);         /* it may become writable */
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == -1 && errno == EBUSY);
	CHECK(munmap(p, PAGE) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == -1 && errno == EBUSY);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
}

static void add_write_seal(void *fd)
{
	CHECK(fcntl(*(int *)fd, F_ADD_SEALS, F_SEAL_WRITE) == -1 &&
	      errno == EBUSY);
}

CASE(mappings_of_a_child_count_too)
{
	int fd = memfd(SEALABLE, 1);

	CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) != MAP_FAILED);
	CHECK(in_child(add_write_seal, &fd) == 0);
}

PROVES(fcntl, "F_SEAL_FUTURE_WRITE", "old maps still write, EPERM for new")
CASE(what_is_mapped_may_go_on)
{
	int fd = memfd(SEALABLE, 1);
	char *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), *later, c;

	CHECK(p != MAP_FAILED);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0);
	p[0] = 'y';
	CHECK(pread(fd, &c, 1, 0) == 1 && c == 'y');
	expect_sealed(pwrite(fd, "x", 1, 0));
	CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED &&
	      errno == EPERM);
	later = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(later != MAP_FAILED && later[0] == 'y');
	CHECK(mprotect(later, PAGE, RW) == -1 && errno == EACCES);
}

/* ---- fallocate ------------------------------------------------------------------- */

PROVES(fallocate, "FALLOC_FL_KEEP_SIZE",
       "takes the pages, with or without the size")
CASE(allocating_beyond_the_end)
{
	int fd = memfd(0, 1);
	struct stat st;

	CHECK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == (off_t)PAGE);
	CHECK(st.st_blocks == 4 * (blkcnt_t)PAGE / 512);
	CHECK(fallocate(fd, 0, PAGE, 2 * PAGE) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 3 * (off_t)PAGE);
}

PROVES(fallocate, "FALLOC_FL_PUNCH_HOLE", "zeroes, pages given back")
CASE(a_hole_reads_as_zeroes)
{
	enum { MODE = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE };
	char page[PAGE], zero[PAGE] = { 0 };
	int fd = memfd(0, 4);
	struct stat st;

	memset(page, 7, PAGE);
	for (int i = 0; i < 4; i++)
		CHECK(write(fd, page, PAGE) == (ssize_t)PAGE);
	CHECK(fallocate(fd, MODE, PAGE - 10, PAGE + 20) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 4 * (off_t)PAGE);
	CHECK(st.st_blocks == 3 * (blkcnt_t)PAGE / 512);
	CHECK(pread(fd, page, PAGE, 0) == (ssize_t)PAGE);
	CHECK(page[PAGE - 11] == 7 && !memcmp(page + PAGE - 10, zero, 10));
	CHECK(pread(fd, page, PAGE, PAGE) == (ssize_t)PAGE);
	CHECK(!memcmp(page, zero, PAGE));
	CHECK(pread(fd, page, PAGE, 2 * PAGE) == (ssize_t)PAGE);
	CHECK(!memcmp(page, zero, 10) && page[10] == 7);
	CHECK(fallocate(fd, MODE, 3 * PAGE + 5, 5) == 0);
	CHECK(pread(fd, page, PAGE, 3 * PAGE) == (ssize_t)PAGE);
	CHECK(page[4] == 7 && !memcmp(page + 5, zero, 5) && page[10] == 7);
	CHECK(lseek(fd, 0, SEEK_HOLE) == (off_t)PAGE);
	CHECK(lseek(fd, PAGE, SEEK_DATA) == 2 * (off_t)PAGE);
}

PROVES(fallocate, "", "EINVAL, EOPNOTSUPP, EFBIG, EBADF, ESPIPE")
CASE(allocations_that_are_refused)
{
	int fd = memfd(0, 1), read_only, dir = open("/tmp", O_RDONLY), ends[2];

	CHECK(fallocate(fd, 0, -1, 10) == -1 && errno == EINVAL);
	CHECK(fallocate(fd, 0, 0, 0) == -1 && errno == EINVAL);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10) == -1 &&
	      errno == EOPNOTSUPP);
	CHECK(fallocate(fd, 8, 0, PAGE) == -1 && errno == EOPNOTSUPP);
	CHECK(fallocate(fd, 0, INT64_MAX, 10) == -1 && errno == EFBIG);
	read_only = open("/proc/self/exe", O_RDONLY);
	CHECK(fallocate(read_only, 0, 0, 10) == -1 && errno == EBADF);
	CHECK(fallocate(dir, 0, 0, 10) == -1 && errno == EBADF);
	CHECK(fallocate(-1, 0, 0, 10) == -1 && errno == EBADF);
	CHECK(pipe(ends) == 0);
	CHECK(fallocate(ends[1], 0, 0, 10) == -1 && errno == ESPIPE);
}

static void file_size_limit(rlim_t bytes)
{
	struct rlimit l = { bytes, RLIM_INFINITY };

	CHECK(setrlimit(RLIMIT_FSIZE, &l) == 0);
}

PROVES(setrlimit, "RLIMIT_FSIZE", "a short count, then EFBIG")
CASE(files_have_a_limit)
{
	char page[PAGE] = { 0 };
	int fd = memfd(0, 0);

	signal(SIGXFSZ, SIG_IGN);
	file_size_limit(PAGE / 2);
	CHECK(write(fd, page, PAGE) == (ssize_t)PAGE / 2);
	CHECK(write(fd, page, PAGE) == -1 && errno == EFBIG);
	CHECK(ftruncate(fd, PAGE) == -1 && errno == EFBIG);
	CHECK(fallocate(fd, 0, 0, PAGE) == -1 && errno == EFBIG);
}

static void write_beyond(void *fd)
{
	if (pwrite(*(int *)fd, "x", 1, 100) == 1)
		_exit(1);
}

PROVES(setrlimit, "RLIMIT_FSIZE", "SIGXFSZ")
CASE(beyond_the_limit_is_deadly)
{
	int fd = memfd(0, 0), status;

	file_size_limit(100);
	status = in_child(write_beyond, &fd);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
}

int main(void)
{
	return run_cases();
}
