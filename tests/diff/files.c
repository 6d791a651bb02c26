/* SPDX-License-Identifier: MIT */
/*
 * Files of a sequence, all on tmpfs and without a name, and what is done to them
 * besides mapping.
 *
 *	f0   10 pages and 1000 bytes; read-write, read-only, write-only descriptors
 *	f1   8 pages, all holes but one
 *	mem  memfd, 6 pages of holes, may be sealed
 *	zero /dev/zero
 */
#include "memdiff.h"

#include <errno.h>
#include <fcntl.h>

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { F0_RW, F0_RO, F0_WO, F1_RW, MEM, ZERO, NR_FDS };

static const char *const names[NR_FDS] = { "f0", "f0/r", "f0/w",
					   "f1", "mem",  "zero" };
static int fds[NR_FDS];

/* A new file at path, opened for reading and writing. */
static int fresh(const char *path)
{
	(void)unlink(path);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static void fill_file(int fd, long first, long end, size_t tail)
{
	static uint64_t page[PAGE / 8];

	for (long i = first; i <= end; i++) {
		size_t len = i < end ? PAGE : tail;

		for (int s = 0; s < NR_SPOTS; s++)
			page[spots[s] / 8] = (uint64_t)(i + 1) * 0x0101010101 +
					     (uint64_t)s;
		if (len && pwrite(fd, page, len, i * (long)PAGE) < 0)
			return;
	}
}

/**
 * files_open() - the files of a new sequence
 */
void files_open(void)
{
	static const char f0[] = "/tmp/memdiff-f0", f1[] = "/tmp/memdiff-f1";

	fds[F0_RW] = fresh(f0);
	fill_file(fds[F0_RW], 0, 10, 1000);
	fds[F0_RO] = open(f0, O_RDONLY | O_CLOEXEC);
	fds[F0_WO] = open(f0, O_WRONLY | O_CLOEXEC);
	fds[F1_RW] = fresh(f1);
	fill_file(fds[F1_RW], 2, 3, 0);
	(void)ftruncate(fds[F1_RW], 8 * PAGE);
	unlink(f0);
	unlink(f1);
	fds[MEM] = (int)syscall(SYS_memfd_create, "memdiff-mem",
				MFD_CLOEXEC | MFD_ALLOW_SEALING);
	(void)ftruncate(fds[MEM], 6 * PAGE);
	fds[ZERO] = open("/dev/zero", O_RDWR | O_CLOEXEC);
}

/* What was drawn, for people. */
static const char *drawn = "";

/**
 * draw_fd() - a descriptor; now and then none at all
 */
int draw_fd(struct dice *d)
{
	static const uint8_t weighted[] = { F0_RW, F0_RW, F0_RW, F0_RW, F0_RO,
					    F0_RO, F0_WO, F1_RW, F1_RW, MEM,
					    MEM,   ZERO };
	int which = weighted[below(d, sizeof(weighted))];

	drawn = names[which];
	if (chance(d, 2)) {
		drawn = "none";
		return -1;
	}
	return fds[which];
}

/**
 * drawn_fd() - the name of the last descriptor drawn
 */
const char *drawn_fd(void)
{
	return drawn;
}

/* A size or offset in a file. */
static long draw_offset(struct dice *d)
{
	long at = below(d, 14) * (long)PAGE;

	if (chance(d, 30))
		at += below(d, PAGE);
	if (chance(d, 2))
		at = chance(d, 50) ? -1 - below(d, 2 * PAGE)
				   : INT64_MAX - below(d, 2 * PAGE);
	return at;
}

/*
 * What a mapping wrote behind the end of a file shows on Linux's tmpfs once the
 * file grows, on Quire never. So it goes before anything that may grow the file.
 */
static void clean_tail(int fd)
{
	static void *const scratch = (void *)0x10080000000;
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit;
	struct stat st;
	size_t tail;
	char *p;

	if (fd == fds[F0_RO] || fd == fds[F0_WO])
		fd = fds[F0_RW];
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return;
	tail = (size_t)st.st_size % PAGE;
	getrlimit(RLIMIT_AS, &limit);
	setrlimit(RLIMIT_AS, &none);
	p = tail ? mmap(scratch, PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, fd, st.st_size - (off_t)tail)
		 : MAP_FAILED;
	if (p != MAP_FAILED) {
		memset(p + tail, 0, PAGE - tail);
		munmap(p, PAGE);
	}
	setrlimit(RLIMIT_AS, &limit);
}

/* step_truncate() - another size */
void step_truncate(struct dice *d)
{
	int fd = draw_fd(d);
	long size = draw_offset(d);

	say(" ftruncate %s %ld", drawn, size);
	if (size > 1l << 40)            /* tmpfs has limits of its own */
		size = -1;
	clean_tail(fd);
	note_result(raw(syscall(SYS_ftruncate, fd, size)));
}

/*
 * step_fallocate() - room, or a hole
 *
 * Pages that are given and not yet touched are in memory or not, as the kernel
 * pleases: only sequences that do not look (pages_leave) ask for room.
 */
void step_fallocate(struct dice *d)
{
	static const int modes[] = {
		0,
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE,
	};
	int fd = draw_fd(d);
	int mode = modes[pages_leave ? below(d, 6) : 2 + below(d, 4)];
	long offset = draw_offset(d), len = draw_offset(d);

	say(" fallocate %s %d %ld %ld", drawn, mode, offset, len);
	if (len > 1l << 40 || offset > 1l << 40)
		len = 0;
	clean_tail(fd);
	note_result(raw(syscall(SYS_fallocate, fd, mode, offset, len)));
}

/* A length for read and write: not more than the windows bear. */
static size_t draw_count(struct dice *d)
{
	return (size_t)(below(d, 3) * (long)PAGE + below(d, PAGE));
}

/*
 * Between a file and a mapping of itself: bytes that are copied while they change,
 * in the order that suits the machine.
 */
static bool onto_itself(uintptr_t at, size_t len)
{
	char file[8] = { 0 };

	memcpy(file, drawn, strcspn(drawn, "/"));
	if (!maps_has_file(at, len, file))
		return false;
	say(" not onto itself");
	return true;
}

/* step_read() - a file's bytes into memory that may not be there */
void step_read(struct dice *d)
{
	int fd = draw_fd(d);
	uintptr_t at = draw_addr(d) + spots[below(d, NR_SPOTS)];
	size_t len = draw_count(d);
	long offset = draw_offset(d), result;

	say(" pread %s", drawn);
	say_place(at);
	say(" %zu %ld", len, offset);
	if (onto_itself(at, len))
		return;
	result = raw(syscall(SYS_pread64, fd, at, len, offset));
	/* AArch64's Linux zeroes eight bytes at once, up to the bad address. */
	if (fd == fds[ZERO] && result > 0 && result < (long)len)
		result &= ~7L;
	note_result(result);
}

/* step_write() - memory that may not be there into a file */
void step_write(struct dice *d)
{
	int fd = draw_fd(d);
	uintptr_t at = draw_addr(d) + spots[below(d, NR_SPOTS)];
	size_t len = draw_count(d);
	long offset = draw_offset(d);

	say(" pwrite %s", drawn);
	say_place(at);
	say(" %zu %ld", len, offset);
	if (offset > 1l << 40)
		offset = -1;
	if (onto_itself(at, len))
		return;
	clean_tail(fd);
	note_result(raw(syscall(SYS_pwrite64, fd, at, len, offset)));
}

/* step_stat() - size and blocks */
void step_stat(struct dice *d)
{
	struct stat st;
	int fd = draw_fd(d);
	long err = raw(fstat(fd, &st));

	say(" fstat %s", drawn);
	note_result(err);
	if (!err && S_ISREG(st.st_mode)) {
		note_number("size", st.st_size);
		note_number("blocks", pages_leave ? 0 : st.st_blocks);
	}
}

/* step_seal() - forbid something of the memfd for ever, or ask what is forbidden */
void step_seal(struct dice *d)
{
	int seals = (int)below(d, 32);

	if (seals & 1)                  /* no further seals: seldom */
		seals &= chance(d, 10) ? ~0 : ~1;
	if (chance(d, 50)) {
		say(" get seals");
		note_result(raw(fcntl(fds[MEM], F_GET_SEALS)));
		return;
	}
	if (!chance(d, 20))
		seals &= -seals;        /* one alone */
	say(" add seals %d", seals);
	note_result(raw(fcntl(fds[MEM], F_ADD_SEALS, seals)));
}
