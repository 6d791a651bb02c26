/* SPDX-License-Identifier: MIT */
/*
 * Calls that take names, each by its own number: a C library chooses another
 * form of the same call when it likes. x86_64 has old forms besides the new.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#define DIR_ "/tmp/names"
#define AT   AT_FDCWD
#define TMPFS_MAGIC 0x01021994
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* The result of a call, or -errno. */
#define CALL(name, ...) result_of(syscall(SYS_##name, __VA_ARGS__))

static long result_of(long ret)
{
	return ret == -1 ? -errno : ret;
}

/* A folder of its own with a file of ten bytes; the folder's descriptor. */
static int make_folder(void)
{
	long dir, fd;

	CALL(mkdirat, AT, DIR_, 0755);
	dir = CALL(openat, AT, DIR_, O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0);
	fd = CALL(openat, dir, "file", O_RDWR | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0 && write((int)fd, "0123456789", 10) == 10);
	CHECK(close((int)fd) == 0);
	return (int)dir;
}

static void remove_folder(int dir)
{
	CHECK(CALL(unlinkat, dir, "file", 0) == 0);
	CHECK(CALL(unlinkat, AT, DIR_, AT_REMOVEDIR) == 0);
}

static struct stat stat_of(int dir, const char *name)
{
	struct stat st;

	CHECK(CALL(newfstatat, dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return st;
}

PROVES(openat, "O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW",
       "EEXIST, ENOTDIR, ELOOP, ENOENT, EISDIR")
PROVES(openat, "O_CLOEXEC, O_TRUNC, O_APPEND", "the file is emptied, appended")
PROVES(openat, "", "relative to a descriptor; EBADF, ENOTDIR")
CASE(opening)
{
	int dir = make_folder(), fd;

	CHECK(CALL(openat, dir, "file", O_CREAT | O_EXCL, 0600) == -EEXIST);
	CHECK(CALL(openat, dir, "file", O_DIRECTORY) == -ENOTDIR);
	CHECK(CALL(openat, dir, "none", O_RDONLY) == -ENOENT);
	CHECK(CALL(openat, dir, ".", O_RDWR) == -EISDIR);
	CHECK(CALL(openat, 1000, "file", O_RDONLY) == -EBADF);
	CHECK(CALL(symlinkat, "file", dir, "link") == 0);
	CHECK(CALL(openat, dir, "link", O_NOFOLLOW) == -ELOOP);
	fd = (int)CALL(openat, dir, "link", O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(CALL(openat, fd, "x", O_RDONLY) == -ENOTDIR);
	CHECK(pwrite(fd, "ab", 2, 0) == 2);
	CHECK(stat_of(dir, "file").st_size == 12);
	CHECK(CALL(openat, dir, "file", O_WRONLY | O_TRUNC) > fd);
	CHECK(stat_of(dir, "file").st_size == 0);
	CHECK(CALL(unlinkat, dir, "link", 0) == 0);
	remove_folder(dir);
}

PROVES(mkdirat, "", "EEXIST, ENOENT, ENOTDIR")
PROVES(unlinkat, "AT_REMOVEDIR", "EISDIR, ENOTDIR, ENOTEMPTY, EINVAL")
CASE(folders)
{
	int dir = make_folder();

	CHECK(CALL(mkdirat, dir, "sub", 0700) == 0);
	CHECK(CALL(mkdirat, dir, "sub", 0700) == -EEXIST);
	CHECK(CALL(mkdirat, dir, "none/sub", 0700) == -ENOENT);
	CHECK(CALL(mkdirat, dir, "file/sub", 0700) == -ENOTDIR);
	CHECK(S_ISDIR(stat_of(dir, "sub").st_mode));
	CHECK(CALL(unlinkat, dir, "sub", 0) == -EISDIR);
	CHECK(CALL(unlinkat, dir, "file", AT_REMOVEDIR) == -ENOTDIR);
	CHECK(CALL(unlinkat, AT, DIR_, AT_REMOVEDIR) == -ENOTEMPTY);
	CHECK(CALL(unlinkat, dir, "sub", 1) == -EINVAL);
	CHECK(CALL(unlinkat, dir, "sub", AT_REMOVEDIR) == 0);
	remove_folder(dir);
}

PROVES(linkat, "AT_SYMLINK_FOLLOW", "one more name; EEXIST, EPERM, EINVAL")
PROVES(symlinkat, "", "EEXIST, ENOENT for nothing")
PROVES(renameat, "", "moves and replaces; ENOENT, EISDIR, ENOTDIR")
CASE(more_names)
{
	int dir = make_folder();

	CHECK(CALL(linkat, dir, "file", dir, "twin", 0) == 0);
	CHECK(stat_of(dir, "twin").st_nlink == 2);
	CHECK(CALL(linkat, dir, "file", dir, "twin", 0) == -EEXIST);
	CHECK(CALL(linkat, AT, DIR_, dir, "loop", 0) == -EPERM);
	CHECK(CALL(linkat, dir, "file", dir, "x", 1) == -EINVAL);
	CHECK(CALL(symlinkat, "twin", dir, "link") == 0);
	CHECK(CALL(symlinkat, "twin", dir, "link") == -EEXIST);
	CHECK(CALL(symlinkat, "", dir, "empty") == -ENOENT);
	CHECK(CALL(linkat, dir, "link", dir, "third", AT_SYMLINK_FOLLOW) == 0);
	CHECK(stat_of(dir, "file").st_nlink == 3);
	CHECK(CALL(renameat, dir, "link", dir, "twin") == 0);
	CHECK(S_ISLNK(stat_of(dir, "twin").st_mode));
	CHECK(CALL(renameat, dir, "none", dir, "x") == -ENOENT);
	CHECK(CALL(mkdirat, dir, "sub", 0700) == 0);
	CHECK(CALL(renameat, dir, "file", dir, "sub") == -EISDIR);
	CHECK(CALL(renameat, dir, "sub", dir, "file") == -ENOTDIR);
	CHECK(CALL(unlinkat, dir, "sub", AT_REMOVEDIR) == 0);
	CHECK(CALL(unlinkat, dir, "twin", 0) == 0);
	CHECK(CALL(unlinkat, dir, "third", 0) == 0);
	remove_folder(dir);
}

PROVES(newfstatat, "AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH", "EINVAL, ENOENT")
PROVES(fstat, "", "the same as by name; EBADF")
PROVES(statx, "AT_EMPTY_PATH, STATX_BASIC_STATS", "mask and size; EINVAL")
CASE(what_a_file_is)
{
	struct {
		uint32_t mask;
		char skip[36];
		uint64_t size, rest[26];
	} x;
	int dir = make_folder();
	struct stat a, b;

	CHECK(CALL(newfstatat, dir, "file", &a, 0) == 0 && a.st_size == 10);
	CHECK(CALL(newfstatat, dir, "", &b, AT_EMPTY_PATH) == 0);
	CHECK(S_ISDIR(b.st_mode) && b.st_nlink == 2);
	CHECK(CALL(newfstatat, dir, "", &b, 0) == -ENOENT);
	CHECK(CALL(newfstatat, dir, "file", &b, 1 << 30) == -EINVAL);
	int fd = (int)CALL(openat, dir, "file", O_RDONLY);

	CHECK(CALL(fstat, fd, &b) == 0 && b.st_ino == a.st_ino);
	CHECK(b.st_mode == (S_IFREG | 0644) && b.st_nlink == 1);
	CHECK(CALL(fstat, 1000, &b) == -EBADF);
	CHECK(CALL(statx, fd, "", AT_EMPTY_PATH, 0x7ff, &x) == 0);
	CHECK((x.mask & 0x7ff) == 0x7ff && x.size == 10);
	CHECK(CALL(statx, fd, "", AT_EMPTY_PATH, 1u << 31, &x) == -EINVAL);
	remove_folder(dir);
}

PROVES(faccessat, "", "ENOENT, EINVAL, EACCES by the real user")
PROVES(faccessat2, "AT_EACCESS, AT_SYMLINK_NOFOLLOW", "EINVAL")
CASE(who_may)
{
	int dir = make_folder();

	CHECK(CALL(faccessat, dir, "file", R_OK | W_OK) == 0);
	CHECK(CALL(faccessat, dir, "file", X_OK) == -EACCES);
	CHECK(CALL(faccessat, dir, "none", F_OK) == -ENOENT);
	CHECK(CALL(faccessat, dir, "file", 8) == -EINVAL);
	CHECK(CALL(symlinkat, "none", dir, "link") == 0);
	CHECK(CALL(faccessat2, dir, "link", F_OK, 0) == -ENOENT);
	CHECK(CALL(faccessat2, dir, "link", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK(CALL(faccessat2, dir, "file", W_OK, AT_EACCESS) == 0);
	CHECK(CALL(faccessat2, dir, "file", W_OK, 1) == -EINVAL);
	CHECK(CALL(unlinkat, dir, "link", 0) == 0);
	remove_folder(dir);
}

PROVES(fchmodat, "", "twelve bits; ENOENT")
PROVES(fchownat, "AT_SYMLINK_NOFOLLOW", "the link itself; EINVAL")
PROVES(umask, "", "taken from the mode of new files; the old one")
CASE(rights_and_owners)
{
	int dir = make_folder();

	CHECK(CALL(fchmodat, dir, "file", 04711) == 0);
	CHECK((stat_of(dir, "file").st_mode & 07777) == 04711);
	CHECK(CALL(fchmodat, dir, "none", 0) == -ENOENT);
	CHECK(CALL(symlinkat, "file", dir, "link") == 0);
	CHECK(CALL(fchownat, dir, "link", 5, 6, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK(stat_of(dir, "link").st_uid == 5);
	CHECK(CALL(fchownat, dir, "link", 7, 8, 0) == 0);
	CHECK(stat_of(dir, "file").st_gid == 8);
	CHECK(CALL(fchownat, dir, "file", 0, 0, 1) == -EINVAL);
	CALL(umask, 0);
	CHECK(CALL(umask, 027) == 0 && CALL(umask, 07077) == 027);
	CHECK(CALL(umask, 027) == 077);
	CHECK(CALL(mkdirat, dir, "sub", 0777) == 0);
	CHECK((stat_of(dir, "sub").st_mode & 0777) == 0750);
	CHECK(CALL(unlinkat, dir, "sub", AT_REMOVEDIR) == 0);
	CHECK(CALL(unlinkat, dir, "link", 0) == 0);
	remove_folder(dir);
}

PROVES(mknodat, "S_IFIFO, S_IFREG", "EEXIST, EPERM for a folder")
PROVES(truncate, "", "shrinks and grows; EISDIR, EINVAL, ENOENT")
CASE(nodes_and_sizes)
{
	int dir = make_folder();

	CHECK(CALL(mknodat, dir, "fifo", S_IFIFO | 0600, 0) == 0);
	CHECK(S_ISFIFO(stat_of(dir, "fifo").st_mode));
	CHECK(CALL(mknodat, dir, "fifo", S_IFIFO | 0600, 0) == -EEXIST);
	CHECK(CALL(mknodat, dir, "x", S_IFDIR | 0600, 0) == -EPERM);
	CHECK(CALL(mknodat, dir, "plain", 0600, 0) == 0);
	CHECK(S_ISREG(stat_of(dir, "plain").st_mode));
	CHECK(CALL(truncate, DIR_ "/file", 3l) == 0);
	CHECK(stat_of(dir, "file").st_size == 3);
	CHECK(CALL(truncate, DIR_ "/file", 5000l) == 0);
	CHECK(stat_of(dir, "file").st_size == 5000);
	CHECK(CALL(truncate, DIR_ "/file", -1l) == -EINVAL);
	CHECK(CALL(truncate, DIR_, 0l) == -EISDIR);
	CHECK(CALL(truncate, DIR_ "/none", 0l) == -ENOENT);
	CHECK(CALL(unlinkat, dir, "fifo", 0) == 0);
	CHECK(CALL(unlinkat, dir, "plain", 0) == 0);
	remove_folder(dir);
}

PROVES(getcwd, "", "the path and its length; ERANGE")
PROVES(chdir, "", "ENOENT, ENOTDIR")
PROVES(fchdir, "", "EBADF, ENOTDIR")
CASE(where_we_are)
{
	int dir = make_folder(), fd;
	char path[64];

	CHECK(CALL(chdir, DIR_) == 0);
	CHECK(CALL(getcwd, path, sizeof(path)) == sizeof(DIR_));
	CHECK(!strcmp(path, DIR_));
	CHECK(CALL(getcwd, path, 3) == -ERANGE);
	CHECK(CALL(chdir, "none") == -ENOENT);
	CHECK(CALL(chdir, "file") == -ENOTDIR);
	fd = (int)CALL(openat, AT, "file", O_RDONLY);
	CHECK(CALL(fchdir, fd) == -ENOTDIR && CALL(fchdir, 1000) == -EBADF);
	CHECK(CALL(chdir, "/") == 0 && CALL(fchdir, dir) == 0);
	CHECK(CALL(getcwd, path, sizeof(path)) == sizeof(DIR_));
	remove_folder(dir);
}

struct entry {
	uint64_t ino, next;
	unsigned short len;
	char type, name[];
};

PROVES(getdents64, "", "every name once; EINVAL, ENOTDIR, EBADF")
CASE(a_listing)
{
	int dir = make_folder(), nr = 0, seen = 0;
	static char buf[64] __attribute__((aligned(8)));
	long n;

	while ((n = CALL(getdents64, dir, buf, sizeof(buf))) > 0)
		for (char *at = buf; at < buf + n;) {
			struct entry *e = (struct entry *)at;

			seen += !strcmp(e->name, "file") && e->type == 8;
			nr++;
			at += e->len;
		}
	CHECK(n == 0 && nr == 3 && seen == 1);
	CHECK(lseek(dir, 0, SEEK_SET) == 0);
	CHECK(CALL(getdents64, dir, buf, 8) == -EINVAL);
	CHECK(CALL(getdents64, 1000, buf, 64) == -EBADF);
	CHECK(CALL(getdents64, open(DIR_ "/file", O_RDONLY), buf, 64) ==
	      -ENOTDIR);
	remove_folder(dir);
}

PROVES(statfs, "", "tmpfs; ENOENT")
PROVES(fstatfs, "", "the same; EBADF")
CASE(the_file_system)
{
	struct statfs a, b;

	CHECK(CALL(statfs, "/tmp", &a) == 0);
	CHECK(a.f_type == TMPFS_MAGIC && a.f_bsize == (long)PAGE);
	CHECK(a.f_namelen == 255);
	CHECK(CALL(fstatfs, open("/tmp", O_RDONLY), &b) == 0);
	CHECK(b.f_type == a.f_type && b.f_blocks == a.f_blocks);
	CHECK(CALL(statfs, "/none", &a) == -ENOENT);
	CHECK(CALL(fstatfs, 1000, &a) == -EBADF);
}

#ifdef SYS_open
PROVES(open, "O_CREAT, O_EXCL", "EEXIST, ENOENT")
PROVES(creat, "", "empties the file")
PROVES(access, "", "ENOENT, EACCES")
PROVES(stat, "", "follows a link; ENOENT")
PROVES(lstat, "", "does not")
CASE(old_forms_that_look)
{
	int dir = make_folder();
	struct stat st;

	CHECK(CALL(open, DIR_ "/file", O_CREAT | O_EXCL, 0600) == -EEXIST);
	CHECK(CALL(open, DIR_ "/none", O_RDONLY) == -ENOENT);
	CHECK(CALL(access, DIR_ "/file", R_OK) == 0);
	CHECK(CALL(access, DIR_ "/file", X_OK) == -EACCES);
	CHECK(CALL(access, DIR_ "/none", F_OK) == -ENOENT);
	CHECK(CALL(symlinkat, "file", dir, "link") == 0);
	CHECK(CALL(stat, DIR_ "/link", &st) == 0 && st.st_size == 10);
	CHECK(CALL(stat, DIR_ "/none", &st) == -ENOENT);
	CHECK(CALL(lstat, DIR_ "/link", &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(CALL(creat, DIR_ "/link", 0600) > 0);
	CHECK(stat_of(dir, "file").st_size == 0);
	CHECK(CALL(unlinkat, dir, "link", 0) == 0);
	remove_folder(dir);
}

PROVES(mkdir, "", "EEXIST")
PROVES(rmdir, "", "ENOTDIR, ENOENT")
PROVES(link, "", "one more name; EEXIST")
PROVES(symlink, "", "EEXIST")
PROVES(readlink, "", "cut to the buffer; EINVAL")
PROVES(rename, "", "ENOENT")
PROVES(unlink, "", "EISDIR, ENOENT")
CASE(old_forms_that_change_names)
{
	int dir = make_folder();
	char to[8];

	CHECK(CALL(mkdir, DIR_ "/sub", 0700) == 0);
	CHECK(CALL(mkdir, DIR_ "/sub", 0700) == -EEXIST);
	CHECK(CALL(unlink, DIR_ "/sub") == -EISDIR);
	CHECK(CALL(rmdir, DIR_ "/sub") == 0 &&
	      CALL(rmdir, DIR_ "/sub") == -ENOENT);
	CHECK(CALL(rmdir, DIR_ "/file") == -ENOTDIR);
	CHECK(CALL(link, DIR_ "/file", DIR_ "/twin") == 0);
	CHECK(CALL(link, DIR_ "/file", DIR_ "/twin") == -EEXIST);
	CHECK(CALL(symlink, "twin", DIR_ "/link") == 0);
	CHECK(CALL(symlink, "twin", DIR_ "/link") == -EEXIST);
	CHECK(CALL(readlink, DIR_ "/link", to, 2) == 2 && !memcmp(to, "tw", 2));
	CHECK(CALL(readlink, DIR_ "/twin", to, 2) == -EINVAL);
	CHECK(CALL(rename, DIR_ "/twin", DIR_ "/link") == 0);
	CHECK(CALL(rename, DIR_ "/twin", DIR_ "/link") == -ENOENT);
	CHECK(stat_of(dir, "link").st_nlink == 2);
	CHECK(CALL(unlink, DIR_ "/link") == 0);
	CHECK(CALL(unlink, DIR_ "/link") == -ENOENT);
	remove_folder(dir);
}

PROVES(chmod, "", "twelve bits; ENOENT")
PROVES(chown, "", "follows a link")
PROVES(lchown, "", "does not")
PROVES(mknod, "S_IFIFO", "EEXIST")
CASE(old_forms_that_change_files)
{
	int dir = make_folder();

	CHECK(CALL(chmod, DIR_ "/file", 01600) == 0);
	CHECK((stat_of(dir, "file").st_mode & 07777) == 01600);
	CHECK(CALL(chmod, DIR_ "/none", 0600) == -ENOENT);
	CHECK(CALL(symlinkat, "file", dir, "link") == 0);
	CHECK(CALL(lchown, DIR_ "/link", 5, 5) == 0);
	CHECK(stat_of(dir, "link").st_uid == 5);
	CHECK(stat_of(dir, "file").st_uid == 0);
	CHECK(CALL(chown, DIR_ "/link", 6, 6) == 0);
	CHECK(stat_of(dir, "file").st_uid == 6);
	CHECK(CALL(mknod, DIR_ "/fifo", S_IFIFO | 0600, 0) == 0);
	CHECK(CALL(mknod, DIR_ "/fifo", S_IFIFO | 0600, 0) == -EEXIST);
	CHECK(CALL(unlinkat, dir, "fifo", 0) == 0);
	CHECK(CALL(unlinkat, dir, "link", 0) == 0);
	remove_folder(dir);
}
#endif

/* ---- files without a name ------------------------------------------------------- */

static int tmpfile_in(const char *dir, int flags)
{
	return open(dir, O_TMPFILE | flags, 0640);
}

/* What linkat says to a descriptor by way of /proc, as anybody may ask. */
static int link_fd(int fd, const char *to)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
}

PROVES(openat, "O_TMPFILE", "a file without a name; EINVAL, ENOTDIR, ENOENT")
CASE(files_without_a_name)
{
	char path[64], text[128] = "";
	struct stat st;
	int fd;

	umask(027);
	fd = tmpfile_in("/tmp", O_RDWR);
	CHECK(fd >= 0 && write(fd, "hello", 5) == 5);
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == 5);
	CHECK(st.st_mode == (S_IFREG | 0640));
	CHECK((fcntl(fd, F_GETFL) & O_TMPFILE) == O_TMPFILE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(readlink(path, text, sizeof(text) - 1) > 0);
	CHECK(!strncmp(text, "/tmp/#", 6) && strstr(text, " (deleted)"));
	CHECK(tmpfile_in("/tmp", O_RDONLY) == -1 && errno == EINVAL);
	CHECK(tmpfile_in("/tmp", O_RDWR | O_CREAT) == -1 && errno == EINVAL);
	CHECK(open("/tmp", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600) == -1 &&
	      errno == EINVAL);
	CHECK(tmpfile_in("/proc/self/exe", O_RDWR) == -1 && errno == ENOTDIR);
	CHECK(tmpfile_in("/tmp/no/such", O_RDWR) == -1 && errno == ENOENT);
	CHECK(tmpfile_in("/proc", O_RDWR) == -1 && errno == EOPNOTSUPP);
}

PROVES(linkat, "AT_EMPTY_PATH",
       "names a file of O_TMPFILE; ENOENT for O_EXCL, and without the capability")
CASE(a_name_for_a_file_without_one)
{
	uint32_t head[2] = { 0x20080522, 0 }, data[6] = { 0 };
	int fd = tmpfile_in("/tmp", O_RDWR), again;
	struct stat st, st2;

	unlink("/tmp/named");
	unlink("/tmp/named2");
	CHECK(fd >= 0 && write(fd, "hello", 5) == 5);
	CHECK(link_fd(fd, "/tmp/named") == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 1);
	CHECK(stat("/tmp/named", &st2) == 0 && st.st_ino == st2.st_ino);
	CHECK(link_fd(fd, "/tmp/named") == -1 && errno == EEXIST);
	CHECK(unlink("/tmp/named") == 0);       /* once is enough */
	CHECK(link_fd(fd, "/tmp/named") == -1 && errno == ENOENT);
	fd = tmpfile_in("/tmp", O_WRONLY | O_EXCL);
	CHECK(fd >= 0 && link_fd(fd, "/tmp/named") == -1 && errno == ENOENT);
	fd = tmpfile_in("/tmp", O_RDWR);
	CHECK(linkat(fd, "", AT_FDCWD, "/tmp/named", AT_EMPTY_PATH) == 0);
	CHECK(linkat(fd, "", AT_FDCWD, "/tmp/named2", AT_EMPTY_PATH) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 2);
	again = open("/tmp/named", O_RDWR);
	CHECK(again >= 0 && write(fd, "x", 1) == 1);
	CHECK(fstat(again, &st) == 0 && st.st_size == 1);
	CHECK(unlink("/tmp/named") == 0);
	fd = tmpfile_in("/tmp", O_RDWR);
	CHECK(syscall(SYS_capset, head, data) == 0);
	CHECK(linkat(fd, "", AT_FDCWD, "/tmp/named", AT_EMPTY_PATH) == -1 &&
	      errno == ENOENT);
	CHECK(unlink("/tmp/named2") == 0);
}

int main(void)
{
	return run_cases();
}
