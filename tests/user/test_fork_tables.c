/* SPDX-License-Identifier: MIT */
/*
 * fork of a large space: whatever the kernel shares to make it cheap, both sides
 * see memory of their own.
 *
 *	│ 2 MiB │ 2 MiB │ …        64 MiB, a word in every 16th page
 *	 page i: i + 1             or what its owner wrote since
 */
#include "accounts.h"

#include <fcntl.h>
#include <pthread.h>

#define REGION	  (64ul << 20)
#define TABLE	  (2ul << 20)
#define NR_PAGES  (REGION / PAGE)
#define STEP	  16ul                  /* pages from word to word */
#define NR_TABLES (REGION / TABLE)

static char *region;

static volatile uint32_t *word(size_t page)
{
	return (volatile uint32_t *)(region + page * PAGE);
}

/* A page of table t: one that has a word. */
static size_t page_of(size_t t, size_t n)
{
	return t * (TABLE / PAGE) + n * STEP;
}

static void region_make(void)
{
	region = lone_pages(NR_PAGES, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	madvise(region, REGION, MADV_NOHUGEPAGE);       /* where there are any */
	region = (char *)(((uintptr_t)region + TABLE - 1) & -TABLE);
	for (size_t i = 0; i < NR_PAGES - TABLE / PAGE; i += STEP)
		*word(i) = (uint32_t)i + 1;
}

#define LAST (NR_TABLES - 1)            /* tables that are whole: 0 … LAST - 1 */

/* Are the words of tables [from, to) as region_make() left them, plus `more`? */
static int region_is(size_t from, size_t to, uint32_t more)
{
	for (size_t i = page_of(from, 0); i < page_of(to, 0); i += STEP)
		if (*word(i) != i + 1 + more) {
			printf("# page %zu: %u\n", i, *word(i));
			return 0;
		}
	return 1;
}

static void region_add(size_t from, size_t to, uint32_t more)
{
	for (size_t i = page_of(from, 0); i < page_of(to, 0); i += STEP)
		*word(i) += more;
}

/* ---- two processes that take turns --------------------------------------------- */

static int to_child[2], to_parent[2];

static void pipes_make(void)
{
	CHECK(pipe(to_child) == 0 && pipe(to_parent) == 0);
}

static void turn_ends(const int *to)
{
	CHECK(write(to[1], "x", 1) == 1);
}

static void turn_begins(const int *to)
{
	char c;

	CHECK(read(to[0], &c, 1) == 1);
}

static int ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* Runs child() beside the caller, who lets it go by turn_ends(to_child). */
static pid_t start(void (*child)(void))
{
	pid_t pid;

	pipes_make();
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		child();
		_exit(0);
	}
	return pid;
}

static void child_of_turns(void)
{
	for (size_t t = 0; t < LAST; t++) {
		if (t % 2) {                    /* the parent first */
			turn_ends(to_parent);
			turn_begins(to_child);
		}
		CHECK(region_is(t, t + 1, 0));
		region_add(t, t + 1, 1000);
		CHECK(region_is(t, t + 1, 1000));
		if (t % 2 == 0) {
			turn_ends(to_parent);
			turn_begins(to_child);
		}
	}
	CHECK(region_is(0, LAST, 1000));
}

PROVES(clone, "SIGCHLD", "64 MiB: both sides write, in either order")
CASE(both_sides_write)
{
	pid_t pid;

	region_make();
	pid = start(child_of_turns);
	for (size_t t = 0; t < LAST; t++) {
		turn_begins(to_parent);
		CHECK(region_is(t, t + 1, 0));
		region_add(t, t + 1, 77);
		turn_ends(to_child);
	}
	CHECK(ended_well(pid));
	CHECK(region_is(0, LAST, 77));
}

/* Nobody wrote while there were two: the parent goes on as if nothing was. */
CASE(an_idle_child_leaves_nothing)
{
	region_make();
	for (uint32_t i = 0; i < 5; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0)
			_exit(!region_is(0, LAST, i));
		CHECK(ended_well(pid));
		region_add(0, LAST, 1);
	}
	CHECK(region_is(0, LAST, 5));
}

static void descend(int depth)
{
	pid_t pid;

	CHECK(region_is(0, LAST, (uint32_t)depth));
	region_add(0, LAST / 2, 1);
	if (depth < 5) {
		pid = fork();
		CHECK(pid >= 0);
		region_add(LAST / 2, LAST, 1);
		if (pid == 0) {
			descend(depth + 1);
			_exit(0);
		}
		CHECK(ended_well(pid));
	} else {
		region_add(LAST / 2, LAST, 1);
	}
	CHECK(region_is(0, LAST, (uint32_t)depth + 1));
}

CASE(grandchildren)
{
	region_make();
	descend(0);
}

static void orphan(void)
{
	turn_begins(to_child);          /* the parent is gone */
	CHECK(region_is(0, LAST, 0));
	region_add(0, LAST, 3);
	CHECK(region_is(0, LAST, 3));
	turn_ends(to_parent);
}

/* The middle one of three exits first, then the eldest writes. */
CASE(parents_may_exit_first)
{
	pid_t pid;

	region_make();
	pipes_make();
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			orphan();
		_exit(pid < 0);
	}
	CHECK(ended_well(pid));
	turn_ends(to_child);
	region_add(0, LAST, 9);
	turn_begins(to_parent);
	CHECK(region_is(0, LAST, 9));
}

/* ---- calls on one side -------------------------------------------------------------- */

static void child_unmaps(void)
{
	char *p = region;
	size_t at = page_of(3, 8);

	CHECK(munmap((void *)word(at), STEP * PAGE) == 0);
	CHECK(munmap(p + 5 * TABLE, 3 * TABLE) == 0);
	CHECK(madvise(p + 9 * TABLE, TABLE / 2, MADV_DONTNEED) == 0);
	CHECK(madvise(p + 10 * TABLE, 2 * TABLE, MADV_DONTNEED) == 0);
	turn_ends(to_parent);
	turn_begins(to_child);
	CHECK(region_is(4, 5, 0) && region_is(8, 9, 0));
	CHECK(*word(at - STEP) == at - STEP + 1);
	CHECK(*word(at + STEP) == at + STEP + 1);
	CHECK(*word(page_of(9, 2)) == 0);
	CHECK(*word(page_of(9, 20)) == page_of(9, 20) + 1);
	CHECK(*word(page_of(10, 0)) == 0 && *word(page_of(11, 9)) == 0);
	*word(page_of(10, 0)) = 5;
	CHECK(mmap(p + 5 * TABLE, TABLE, RW,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) == p + 5 * TABLE);
	CHECK(*word(page_of(5, 1)) == 0);
	*word(page_of(5, 1)) = 6;
	CHECK(mmap(p + 12 * TABLE + PAGE, PAGE, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) == p + 12 * TABLE + PAGE);
	CHECK(region_is(12, LAST, 0));
	turn_ends(to_parent);
}

PROVES(munmap, "", "of memory that a relative has too: his stays")
PROVES(madvise, "MADV_DONTNEED", "of memory that a relative has too: his stays")
CASE(one_side_unmaps)
{
	pid_t pid;

	region_make();
	pid = start(child_unmaps);
	turn_begins(to_parent);
	CHECK(region_is(0, LAST, 0));
	region_add(9, 10, 4);
	turn_ends(to_child);
	turn_begins(to_parent);
	CHECK(ended_well(pid));
	CHECK(region_is(0, 9, 0) && region_is(10, LAST, 0));
	CHECK(munmap(region, REGION / 2) == 0);
}

/* The parent unmaps under the child, which goes on. */
static void child_stays(void)
{
	turn_begins(to_child);
	CHECK(region_is(0, LAST, 0));
	region_add(0, LAST, 8);
	CHECK(region_is(0, LAST, 8));
}

CASE(the_parent_unmaps)
{
	pid_t pid;

	region_make();
	pid = start(child_stays);
	CHECK(madvise(region, 4 * TABLE, MADV_DONTNEED) == 0);
	CHECK(*word(0) == 0);
	CHECK(munmap(region + 4 * TABLE, REGION - 8 * TABLE) == 0);
	turn_ends(to_child);
	CHECK(ended_well(pid));
}

static void write_first_word(__attribute__((unused)) void *arg)
{
	*word(page_of(2, 0)) = 1;
}

static void child_protects(void)
{
	int status;

	CHECK(mprotect(region + 2 * TABLE, TABLE, PROT_READ) == 0);
	CHECK(mprotect((void *)word(page_of(4, 4)), PAGE, PROT_NONE) == 0);
	turn_ends(to_parent);
	turn_begins(to_child);
	CHECK(region_is(2, 4, 0));
	status = in_child(write_first_word, NULL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	CHECK(mprotect(region, 8 * TABLE, RW) == 0);
	CHECK(region_is(0, 8, 0));
	region_add(0, 8, 2);
	CHECK(region_is(0, 8, 2));
}

PROVES(mprotect, "", "of memory that a relative has too: his rights stay")
CASE(one_side_protects)
{
	pid_t pid;

	region_make();
	pid = start(child_protects);
	turn_begins(to_parent);
	region_add(0, LAST, 1);
	CHECK(region_is(0, LAST, 1));
	turn_ends(to_child);
	CHECK(ended_well(pid));
	CHECK(region_is(0, LAST, 1));
}

static void child_moves(void)
{
	char *old = region, *to;
	size_t at = page_of(6, 1);

	to = mremap(old + 6 * TABLE, 4 * TABLE, 5 * TABLE, MREMAP_MAYMOVE);
	CHECK(to != MAP_FAILED);
	turn_ends(to_parent);
	turn_begins(to_child);
	CHECK(*(uint32_t *)(to + STEP * PAGE) == at + 1);
	*(uint32_t *)(to + STEP * PAGE) = 1;
	CHECK(region_is(0, 6, 0) && region_is(10, LAST, 0));
}

PROVES(mremap, "MREMAP_MAYMOVE", "of memory that a relative has too: his stays")
CASE(one_side_moves)
{
	pid_t pid;

	region_make();
	pid = start(child_moves);
	turn_begins(to_parent);
	CHECK(region_is(0, LAST, 0));
	region_add(6, 10, 1);
	turn_ends(to_child);
	CHECK(ended_well(pid));
	CHECK(region_is(6, 10, 1));
}

static void child_locks(void)
{
	CHECK(mlock(region + TABLE, 2 * TABLE) == 0);
	turn_begins(to_child);
	CHECK(region_is(0, LAST, 0));
	region_add(0, 4, 6);
	CHECK(munlock(region + TABLE, 2 * TABLE) == 0);
	CHECK(region_is(0, 4, 6));
}

CASE(one_side_locks)
{
	pid_t pid;

	region_make();
	pid = start(child_locks);
	region_add(0, LAST, 1);
	turn_ends(to_child);
	CHECK(ended_well(pid));
	CHECK(region_is(0, LAST, 1));
}

/* The kernel writes for the child, by a call of its own and for the parent. */
static void child_is_written(void)
{
	int fd[2];
	uint32_t v = 12345;

	CHECK(pipe(fd) == 0);
	CHECK(write(fd[1], &v, sizeof(v)) == sizeof(v));
	CHECK(read(fd[0], (void *)word(page_of(1, 1)), sizeof(v)) == sizeof(v));
	CHECK(*word(page_of(1, 1)) == v);
	turn_ends(to_parent);
	turn_begins(to_child);
	CHECK(*word(page_of(2, 2)) == 54321);
	CHECK(region_is(3, LAST, 0));
}

CASE(the_kernel_writes_one_side)
{
	uint32_t v = 54321, seen = 0;
	off_t at;
	pid_t pid;
	int fd;

	region_make();
	at = (off_t)(uintptr_t)word(page_of(2, 2));
	pid = start(child_is_written);
	turn_begins(to_parent);
	fd = open(proc_path(pid, "mem"), O_RDWR);
	CHECK(fd >= 0);
	CHECK(pwrite(fd, &v, sizeof(v), at) == sizeof(v));
	CHECK(pread(fd, &seen, sizeof(seen), at) == sizeof(seen));
	CHECK(seen == v);
	turn_ends(to_child);
	CHECK(ended_well(pid));
	CHECK(region_is(0, LAST, 0));
}

PROVES(execve, "", "in a child of 64 MiB: the parent's memory stays")
CASE(the_child_execs)
{
	int status;
	pid_t pid;

	region_make();
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		*word(0) = 1;
		execl("/proc/self/exe", "test_fork_tables", "exit", NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK(region_is(0, LAST, 0));
	region_add(0, LAST, 1);
	CHECK(region_is(0, LAST, 1));
}

/* ---- threads ---------------------------------------------------------------------------- */

static volatile int stop;

/* Counts in a word of every table. */
static void *count_on(void *arg)
{
	size_t n = (size_t)arg;

	while (!stop)
		for (size_t t = 0; t < LAST; t++)
			(*word(page_of(t, n)))++;
	return NULL;
}

/* What the child has stands still, whatever the parent's threads do. */
static int stands_still(void)
{
	uint32_t seen[LAST][3];

	for (size_t t = 0; t < LAST; t++)
		for (size_t n = 0; n < 3; n++)
			seen[t][n] = *word(page_of(t, n));
	for (int i = 0; i < 20; i++)
		usleep(100);
	for (size_t t = 0; t < LAST; t++) {
		for (size_t n = 0; n < 3; n++)
			if (*word(page_of(t, n)) != seen[t][n])
				return 0;
		*word(page_of(t, 1)) = 0;
		if (*word(page_of(t, 3)) != page_of(t, 3) + 1)
			return 0;
	}
	return 1;
}

CASE(threads_of_the_parent_go_on)
{
	pthread_t thread[3];

	region_make();
	for (size_t n = 0; n < 3; n++)
		CHECK(pthread_create(&thread[n], NULL, count_on, (void *)n) ==
		      0);
	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0)
			_exit(!stands_still());
		usleep(1000);
		CHECK(ended_well(pid));
	}
	stop = 1;
	for (size_t n = 0; n < 3; n++)
		CHECK(pthread_join(thread[n], NULL) == 0);
	for (size_t t = 0; t < LAST; t++)
		CHECK(*word(page_of(t, 3)) == page_of(t, 3) + 1);
}

/* ---- who counts what ----------------------------------------------------------------------- */

static void write_ten(__attribute__((unused)) char *p)
{
	for (size_t n = 0; n < 10; n++)
		*word(page_of(1, n)) = 1;
}

CASE(the_books_are_exact)
{
	const long words = (long)((LAST * TABLE / PAGE) / STEP);
	struct smaps mine, theirs;
	uint64_t pfn;
	pid_t pid;

	region_make();
	pid = resting_child(write_ten, NULL);
	pfn = PM_PFN(pagemap_of(pid, (void *)word(page_of(3, 0))));
	CHECK(word_at("/proc/kpagecount", pfn) == 2);
	CHECK(!(pagemap_of(pid, (void *)word(page_of(3, 0))) & PM_EXCLUSIVE));
	CHECK(pagemap_of(pid, (void *)word(page_of(1, 0))) & PM_EXCLUSIVE);
	mine = smaps_of(getpid(), region);
	theirs = smaps_of(pid, region);
	CHECK(mine.rss == words * KIB && theirs.rss == words * KIB);
	CHECK(uss(&mine) == 10 * KIB && uss(&theirs) == 10 * KIB);
	CHECK(mine.shared_dirty == (words - 10) * KIB);
	CHECK(mine.pss == (words - 10) * KIB / 2 + 10 * KIB);
	CHECK(theirs.pss == mine.pss);
	end_child(pid);
	mine = smaps_of(getpid(), region);
	CHECK(uss(&mine) == words * KIB && mine.pss == mine.rss);
	CHECK(word_at("/proc/kpagecount", pfn) == 1);
	CHECK(region_is(0, LAST, 0));
}

int main(int argc, __attribute__((unused)) char **argv)
{
	if (argc > 1)
		return 7;               /* the_child_execs */
	return run_cases();
}
