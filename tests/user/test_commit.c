/* SPDX-License-Identifier: MIT */
/*
 * Overcommit: what counts as promised memory (Committed_AS, to the page), and who
 * says no, by each of the three rules.
 */
#include "accounts.h"

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define KNOB  "/proc/sys/vm/"

enum { GUESS, ALWAYS, NEVER };
enum { LIMIT = 6000, TOUCHED = 3000 };  /* pages */

static long committed(void)
{
	return field("/proc/meminfo", "Committed_AS:") / KIB;
}

static void set(const char *knob, long value)
{
	int fd = open(knob, O_WRONLY);
	char number[24];
	int len = snprintf(number, sizeof(number), "%ld\n", value);

	CHECK(fd >= 0 && write(fd, number, (size_t)len) == len);
	close(fd);
}

static long get(const char *knob)
{
	return strtol(read_all(knob), NULL, 10);
}

/* Pages by which Linux is wrong when it says no: each CPU counts in lots. */
static long lots(void)
{
	return access("/proc/quire", F_OK) ? 1024 : 0;
}

/* All promises may come to less than what they are now and nr_pages more. */
static void strict(long nr_pages)
{
	set(KNOB "user_reserve_kbytes", 0);
	set(KNOB "admin_reserve_kbytes", 0);
	set(KNOB "overcommit_kbytes", (committed() + nr_pages) * KIB);
	set(KNOB "overcommit_memory", NEVER);
}

static char *map(long nr_pages, int prot, int flags)
{
	return mmap(NULL, (size_t)nr_pages * PAGE, prot, flags, -1, 0);
}

static bool refused(const void *p)
{
	return p == MAP_FAILED && errno == ENOMEM;
}

/* ---- what counts ---------------------------------------------------------------- */

PROVES(mmap, "MAP_NORESERVE", "not counted in Committed_AS")
PROVES(mmap, "", "private writable memory is in Committed_AS")
CASE(what_may_be_written_alone_counts)
{
	const long base = committed();
	char *p = map(64, RW, ANON);

	CHECK(committed() == base + 64);
	CHECK(munmap(p + 16 * PAGE, 32 * PAGE) == 0);
	CHECK(committed() == base + 32);
	CHECK(mmap(p, 64 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == p);
	CHECK(committed() == base + 64);
	CHECK(mmap(p, 64 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == p);
	CHECK(committed() == base);
	CHECK(mmap(p, 64 * PAGE, RW, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0) ==
	      p);
	CHECK(committed() == base);
	CHECK(munmap(p, 64 * PAGE) == 0);
	CHECK(committed() == base);
}

PROVES(mprotect, "PROT_WRITE", "counts in Committed_AS from then on")
CASE(what_was_writable_once_still_counts)
{
	const long base = committed();
	char *p = map(64, PROT_NONE, ANON), *q;

	CHECK(committed() == base);
	CHECK(mprotect(p + PAGE, 8 * PAGE, RW) == 0);
	CHECK(committed() == base + 8);
	CHECK(mprotect(p, 16 * PAGE, RW) == 0);         /* some for the first time */
	CHECK(committed() == base + 16);
	CHECK(mprotect(p, 64 * PAGE, PROT_READ) == 0);
	CHECK(committed() == base + 16);
	CHECK(strstr(smaps_of(getpid(), p).flags, "ac "));
	CHECK(!strstr(smaps_of(getpid(), p + 16 * PAGE).flags, "ac "));
	CHECK(mprotect(p, 64 * PAGE, RW) == 0);
	CHECK(committed() == base + 64);
	CHECK(munmap(p, 64 * PAGE) == 0);
	q = map(8, PROT_READ, ANON | MAP_NORESERVE);
	CHECK(mprotect(q, 8 * PAGE, RW) == 0);
	CHECK(committed() == base);
}

CASE(shared_memory_counts_once)
{
	const long base = committed();
	char *p = map(64, RW, MAP_SHARED | MAP_ANONYMOUS);
	long with_child;
	pid_t child;

	CHECK(committed() == base + 64);
	p[0] = 1;
	CHECK(committed() == base + 64);
	child = resting_child(NULL, NULL);
	with_child = committed();
	CHECK(munmap(p, 64 * PAGE) == 0);               /* the child has it */
	CHECK(committed() == with_child);
	end_child(child);
	CHECK(committed() == base);
	p = map(64, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE);
	CHECK(committed() == base);
	p[0] = 1;
	CHECK(committed() == base + 1);                 /* page by page */
	CHECK(munmap(p, 64 * PAGE) == 0);
	CHECK(committed() == base);
}

PROVES(memfd_create, "", "its pages are in Committed_AS")
PROVES(fallocate, "FALLOC_FL_PUNCH_HOLE", "not in Committed_AS any more")
CASE(pages_of_files_count_as_they_come)
{
	const long base = committed();
	static char data[16 * PAGE];
	int fd = memfd_create("promised", 0);
	char *p, *q;

	CHECK(fd >= 0 && ftruncate(fd, 64 * PAGE) == 0);
	p = mmap(NULL, 64 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && committed() == base);
	CHECK(pwrite(fd, data, sizeof(data), 0) == sizeof(data));
	p[20 * PAGE] = 1;
	CHECK(committed() == base + 17);
	CHECK(fallocate(fd, 3, 0, 8 * PAGE) == 0);      /* a hole */
	CHECK(committed() == base + 9);
	q = mmap(NULL, 64 * PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK(q != MAP_FAILED && committed() == base + 9 + 64);
	CHECK(ftruncate(fd, PAGE) == 0);
	CHECK(committed() == base + 64);
	CHECK(munmap(p, 64 * PAGE) == 0 && munmap(q, 64 * PAGE) == 0);
	close(fd);
	CHECK(committed() == base);
}

PROVES(mremap, "MREMAP_DONTUNMAP", "the old place stays in Committed_AS")
CASE(mremap_counts_what_it_adds)
{
	const long base = committed();
	char *p = map(64, RW, ANON), *q;

	p = mremap(p, 64 * PAGE, 32 * PAGE, 0);
	CHECK(committed() == base + 32);
	p = mremap(p, 32 * PAGE, 128 * PAGE, MREMAP_MAYMOVE);
	CHECK(p != MAP_FAILED && committed() == base + 128);
	q = mremap(p, 128 * PAGE, 128 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		   0);
	CHECK(q != MAP_FAILED && committed() == base + 256);
	CHECK(munmap(p, 128 * PAGE) == 0 && munmap(q, 128 * PAGE) == 0);
	CHECK(committed() == base);
}

/* Needs 1800 pages of stack more than its caller. */
static __attribute__((noinline)) void push(void)
{
	volatile char deep[1800 * PAGE];

	deep[0] = 1;                            /* the farthest */
	CHECK(deep[0] == 1);
}

PROVES(brk, "", "the heap is in Committed_AS")
CASE(the_heap_and_the_stack_count)
{
	const long base = committed();
	const long stack = field("/proc/self/status", "VmStk:") / KIB;
	long end = syscall(SYS_brk, 0), page = (end + 4095) & -4096;

	CHECK(syscall(SYS_brk, page + 32 * 4096) == page + 32 * 4096);
	CHECK(committed() == base + 32);
	CHECK(syscall(SYS_brk, end) == end);
	CHECK(committed() == base);
	push();
	CHECK(field("/proc/self/status", "VmStk:") / KIB > stack + 1700);
	CHECK(committed() - base ==
	      field("/proc/self/status", "VmStk:") / KIB - stack);
}

/* Pages of all VMAs of a process that smaps calls accountable. */
static long accountable(pid_t pid)
{
	const char *at = read_all(proc_path(pid, "smaps"));
	long pages = 0, size = 0;

	for (; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		const char *end = strchr(at, '\n');

		sscanf(at, "Size: %ld", &size);
		if (!strncmp(at, "VmFlags:", 8) &&
		    memmem(at, (size_t)(end - at), " ac ", 4))
			pages += size / KIB;
	}
	return pages;
}

PROVES(madvise, "MADV_DONTFORK", "nor in Committed_AS of the child")
CASE(a_child_counts_like_its_parent)
{
	long base, own;
	char *p = map(3000, RW, ANON), *q = map(64, RW, ANON);
	pid_t child;

	CHECK(madvise(p, 100 * PAGE, MADV_DONTFORK) == 0);
	CHECK(madvise(q, 64 * PAGE, MADV_DONTFORK) == 0);
	base = committed();
	own = accountable(getpid());
	child = resting_child(NULL, NULL);
	CHECK(committed() - base == accountable(child));
	CHECK(accountable(child) == own - 164);
	end_child(child);
	CHECK(committed() == base);
	CHECK(munmap(p, 3000 * PAGE) == 0);             /* a small space */
	base = committed();
	child = resting_child(NULL, NULL);
	CHECK(committed() - base == accountable(child));
	end_child(child);
	CHECK(committed() == base);
}

/* ---- who says no ---------------------------------------------------------------- */

CASE(the_knobs)
{
	int fd = open(KNOB "overcommit_memory", O_WRONLY);
	long total = field("/proc/meminfo", "MemTotal:") / KIB;

	CHECK(write(fd, "3", 1) == -1 && errno == EINVAL);
	CHECK(write(fd, "-1", 2) == -1 && errno == EINVAL);
	CHECK(write(fd, "none", 4) == -1 && errno == EINVAL);
	close(fd);
	CHECK(get(KNOB "overcommit_memory") == GUESS);
	set(KNOB "overcommit_ratio", 25);
	CHECK(field("/proc/meminfo", "CommitLimit:") == total * 25 / 100 * KIB);
	set(KNOB "overcommit_kbytes", 12345678);
	CHECK(get(KNOB "overcommit_ratio") == 0);
	CHECK(field("/proc/meminfo", "CommitLimit:") == 12345678 / KIB * KIB);
	set(KNOB "overcommit_ratio", 50);
	CHECK(get(KNOB "overcommit_kbytes") == 0);
	CHECK(field("/proc/meminfo", "CommitLimit:") == total / 2 * KIB);
	CHECK(get(KNOB "user_reserve_kbytes") > 0);
	CHECK(get(KNOB "admin_reserve_kbytes") > 0);
}

PROVES(mmap, "", "ENOMEM for more than all RAM at once (overcommit_memory 0)")
PROVES(fork, "", "ENOMEM for a VMA larger than all RAM")
CASE(more_than_all_memory_is_refused)
{
	const long ram = field("/proc/meminfo", "MemTotal:") / KIB;
	const long part = ram / 4 * 3, size = part * (long)PAGE;
	const long base = committed();
	char *p;

	CHECK(refused(map(ram + 1, RW, ANON)));
	CHECK(refused(map(ram + 1, RW, MAP_SHARED | MAP_ANONYMOUS)));
	CHECK(committed() == base);
	p = map(2 * part, PROT_NONE, ANON | MAP_NORESERVE);
	CHECK(p != MAP_FAILED && mprotect(p, 2 * (size_t)size, RW) == 0);
	CHECK(munmap(p, 2 * (size_t)size) == 0);
	p = map(2 * part, PROT_READ, ANON);
	CHECK(p != MAP_FAILED);
	CHECK(mprotect(p, 2 * (size_t)size, RW) == -1 && errno == ENOMEM);
	CHECK(committed() == base);
	CHECK(mprotect(p, (size_t)size, RW) == 0);       /* by and by */
	CHECK(mprotect(p + size, (size_t)size, RW) == 0);
	CHECK(committed() == base + 2 * part);
	CHECK(fork() == -1 && errno == ENOMEM);         /* one VMA now */
	CHECK(committed() == base + 2 * part);
	set(KNOB "overcommit_memory", ALWAYS);
	CHECK(map(64 * ram, RW, ANON) != MAP_FAILED);
	set(KNOB "overcommit_memory", GUESS);
}

PROVES(mmap, "", "ENOMEM at CommitLimit (overcommit_memory 2)")
PROVES(mmap, "MAP_NORESERVE", "ignored where nothing is overcommitted")
PROVES(mprotect, "PROT_WRITE", "ENOMEM at CommitLimit, nothing changed")
PROVES(mremap, "", "ENOMEM at CommitLimit")
PROVES(brk, "", "stays at CommitLimit")
CASE(the_limit_holds)
{
	const long fits = LIMIT - 1 - lots(), too_much = LIMIT + lots();
	const size_t len = (size_t)fits * PAGE, more = (size_t)too_much * PAGE;
	char *p, *q = map(too_much, PROT_READ, ANON);
	long end = syscall(SYS_brk, 0), base;

	strict(LIMIT);
	base = committed();
	CHECK(refused(map(too_much, RW, ANON)));
	CHECK(refused(map(too_much, RW, ANON | MAP_NORESERVE)));
	CHECK(refused(map(too_much, RW, MAP_SHARED | MAP_ANONYMOUS)));
	CHECK(mprotect(q, more, RW) == -1 && errno == ENOMEM);
	CHECK(syscall(SYS_brk, end + (long)more) == end);
	CHECK(committed() == base);
	p = map(fits, RW, ANON);
	CHECK(p != MAP_FAILED);
	CHECK(refused(map(1 + 2 * lots(), RW, ANON)));
	CHECK(mmap(p, len, RW, ANON | MAP_FIXED, -1, 0) == p);
	p = mremap(p, len, len / 2, 0);
	CHECK(refused(mremap(p, len / 2, more, MREMAP_MAYMOVE)));
	CHECK(refused(mremap(p, len / 2, more, 0)));
	CHECK(committed() == base + (fits + 1) / 2);
	p = mremap(p, len / 2, len, MREMAP_MAYMOVE);
	CHECK(p != MAP_FAILED && committed() == base + fits);
	CHECK(munmap(p, len) == 0);
	CHECK(mprotect(q, len, RW) == 0);
	CHECK(committed() == base + fits);
	set(KNOB "overcommit_memory", GUESS);
}

PROVES(fork, "", "ENOMEM at CommitLimit, and nothing is left of it")
CASE(fork_fails_at_the_limit)
{
	char *p = map(LIMIT, RW, ANON);
	long base;

	p[0] = 1;
	strict(LIMIT - lots());
	base = committed();
	CHECK(fork() == -1 && errno == ENOMEM);
	CHECK(committed() == base);
	p[0] = 2;                               /* as before */
	CHECK(madvise(p, LIMIT * PAGE, MADV_DONTFORK) == 0);
	end_child(resting_child(NULL, NULL));
	set(KNOB "overcommit_memory", GUESS);
}

PROVES(write, "", "ENOSPC or a short count at CommitLimit")
CASE(files_end_at_the_limit)
{
	const long too_much = LIMIT + 2 * lots();
	char *data = map(too_much, PROT_READ, ANON);
	int fd = memfd_create("full", 0);
	long n;

	CHECK(fd >= 0);
	strict(LIMIT);
	n = write(fd, data, (size_t)too_much * PAGE);
	CHECK(labs(n / (long)PAGE - (LIMIT - 1)) <= lots());
	CHECK(write(fd, data, PAGE) == -1 && errno == ENOSPC);
	CHECK(ftruncate(fd, 0) == 0);
	CHECK(write(fd, data, PAGE) == PAGE);
	set(KNOB "overcommit_memory", GUESS);
}

static void touch_beyond_the_limit(void *arg)
{
	volatile char *p = arg;

	strict(20);
	for (long i = 0; i < TOUCHED; i++)
		p[i * (long)PAGE] = 1;
}

static void push_beyond_the_limit(void *arg)
{
	(void)arg;
	strict(20);
	push();
}

CASE(faults_end_at_the_limit)
{
	int fd = memfd_create("full", 0), status;
	char *p;

	CHECK(fd >= 0 && ftruncate(fd, TOUCHED * PAGE) == 0);
	p = mmap(NULL, TOUCHED * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	status = in_child(touch_beyond_the_limit, p);
	set(KNOB "overcommit_memory", GUESS);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	status = in_child(push_beyond_the_limit, NULL);
	set(KNOB "overcommit_memory", GUESS);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

CASE(something_is_kept_back)
{
	const long admin = 2000;
	char *p;
	long vss;

	strict(LIMIT);
	set(KNOB "user_reserve_kbytes", 1 << 20);
	CHECK(map(100000, PROT_NONE, ANON) != MAP_FAILED);
	vss = strtol(read_all("/proc/self/statm"), NULL, 10);
	CHECK(refused(map(LIMIT - vss / 32 + lots(), RW, ANON)));
	p = map(LIMIT - vss / 32 - 1 - lots(), RW, ANON);
	CHECK(p != MAP_FAILED);
	CHECK(munmap(p, (size_t)(LIMIT - vss / 32 - 1 - lots()) * PAGE) == 0);
	set(KNOB "user_reserve_kbytes", 0);
	set(KNOB "admin_reserve_kbytes", admin * KIB);
	CHECK(setuid(1000) == 0);
	CHECK(refused(map(LIMIT - admin + lots(), RW, ANON)));
	CHECK(map(LIMIT - admin - 1 - lots(), RW, ANON) != MAP_FAILED);
}

int main(void)
{
	long user = get(KNOB "user_reserve_kbytes");
	long admin = get(KNOB "admin_reserve_kbytes");
	int failed = run_cases();

	set(KNOB "overcommit_memory", GUESS);
	set(KNOB "overcommit_ratio", 50);
	set(KNOB "user_reserve_kbytes", user);
	set(KNOB "admin_reserve_kbytes", admin);
	return failed;
}
