/* SPDX-License-Identifier: MIT */
/* Files and their private mappings: one page cache, private copies. */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>

#define NAME "/tmp/test_file"

/* A file of nr pages, page i filled with the byte i + 1. */
static int make_file(int nr)
{
	int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char page[PAGE];

	CHECK(fd >= 0);
	for (int i = 0; i < nr; i++) {
		memset(page, i + 1, PAGE);
		CHECK(write(fd, page, PAGE) == (ssize_t)PAGE);
	}
	return fd;
}

PROVES(mmap, "MAP_PRIVATE", "of a file shows what pread reads, also unlinked")
CASE(read_and_mapping_agree)
{
	int fd = make_file(20);
	char page[PAGE],
		*p = mmap(NULL, 20 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	CHECK(p != MAP_FAILED);
	for (int i = 0; i < 20; i++) {
		CHECK(pread(fd, page, PAGE, (off_t)i * (off_t)PAGE) ==
		      (ssize_t)PAGE);
		CHECK(memcmp(page, p + (size_t)i * PAGE, PAGE) == 0);
		CHECK(p[(size_t)i * PAGE + 17] == i + 1);
	}
	CHECK(unlink(NAME) == 0);
	CHECK(p[19 * PAGE] == 20);       /* still mapped */
}

PROVES(mmap, "MAP_PRIVATE", "copies on the first write")
PROVES(pwrite64, "", "shows in mappings not yet copied")
CASE(private_writes_do_not_reach_the_file)
{
	int fd = make_file(4);
	char c, *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);

	CHECK(p != MAP_FAILED);
	CHECK(p[0] == 1);
	p[0] = 77;                       /* after a read: copy-on-write */
	p[PAGE] = 78;                    /* without one: private copy at once */
	CHECK(p[1] == 1 && p[PAGE + 1] == 2);
	CHECK(pread(fd, &c, 1, 0) == 1 && c == 1);
	CHECK(pread(fd, &c, 1, PAGE) == 1 && c == 2);
	CHECK(pwrite(fd, "Z", 1, 3 * PAGE) == 1);
	CHECK(p[3 * PAGE] == 'Z');       /* not copied yet: the file shows */
	CHECK(p[0] == 77);
}

PROVES(mmap, "", "EINVAL for a misaligned offset")
CASE(offset_mapping)
{
	int fd = make_file(8);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 5 * PAGE);

	CHECK(p != MAP_FAILED && p[0] == 6 && p[PAGE] == 7);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED &&
	      errno == EINVAL);
}

PROVES(ftruncate, "", "grows by a hole that reads zero")
CASE(sparse_file_reads_zero)
{
	int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct stat st;
	char *p, c = 1;

	CHECK(fd >= 0 && ftruncate(fd, 10 * PAGE) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 10 * (off_t)PAGE);
	CHECK(pread(fd, &c, 1, 7 * PAGE) == 1 && c == 0);
	p = mmap(NULL, 10 * PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED && p[9 * PAGE] == 0);
	p[9 * PAGE] = 1;
	CHECK(pread(fd, &c, 1, 9 * PAGE) == 1 && c == 0);
}

static void check_private(void *arg)
{
	char *p = arg;

	CHECK(p[0] == 50 && p[PAGE] == 2);
	p[0] = 51;
	p[PAGE] = 52;
}

CASE(private_mapping_across_fork)
{
	int fd = make_file(2);
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);

	CHECK(p != MAP_FAILED);
	p[0] = 50;
	CHECK(in_child(check_private, p) == 0);
	CHECK(p[0] == 50 && p[PAGE] == 2);
}

PROVES(mmap, "MAP_SHARED", "bytes behind the end are never in the file")
CASE(scribbles_behind_the_end_never_show)
{
	int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p, c = 1;

	CHECK(fd >= 0 && write(fd, "abc", 3) == 3);
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	p[100] = 'X';
	CHECK(pwrite(fd, "z", 1, 2 * PAGE) == 1);
	CHECK(pread(fd, &c, 1, 100) == 1 && c == 0);
	CHECK(p[0] == 'a' && p[2] == 'c');
}

PROVES(mmap, "", "EACCES by the descriptor's rights")
CASE(rights_of_the_descriptor)
{
	int fd;

	close(make_file(1));
	fd = open(NAME, O_WRONLY);
	CHECK(fd >= 0);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED &&
	      errno == EACCES);
	close(fd);
	fd = open(NAME, O_RDONLY);
	CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED &&
	      errno == EACCES);
	CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0) != MAP_FAILED);
}

CASE(directories_and_names)
{
	struct stat st;
	char buf[64];

	CHECK(mkdir("/tmp/dir", 0755) == 0);
	CHECK(mkdir("/tmp/dir", 0755) == -1 && errno == EEXIST);
	CHECK(symlink("dir", "/tmp/link") == 0);
	CHECK(close(open("/tmp/link/file", O_CREAT | O_WRONLY, 0600)) == 0);
	CHECK(stat("/tmp/dir/file", &st) == 0 && S_ISREG(st.st_mode));
	CHECK(readlink("/tmp/link", buf, sizeof(buf)) == 3);
	CHECK(rmdir("/tmp/dir") == -1 && errno == ENOTEMPTY);
	CHECK(rename("/tmp/dir/file", "/tmp/file") == 0);
	CHECK(rmdir("/tmp/dir") == 0 && unlink("/tmp/link") == 0);
	CHECK(stat("/tmp/file", &st) == 0 && unlink("/tmp/file") == 0);
	CHECK(open("/tmp/file", O_RDONLY) == -1 && errno == ENOENT);
	CHECK(open("/tmp/none/file", O_CREAT | O_WRONLY, 0600) == -1 &&
	      errno == ENOENT);
}

int main(void)
{
	return run_cases();
}
