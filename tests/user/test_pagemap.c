/* SPDX-License-Identifier: MIT */
/* Files of words: pagemap names frames, kpagecount and kpageflags know them. */
#include "accounts.h"

CASE(pagemap_follows_a_page)
{
	char *p = lone_pages(3, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t word;

	CHECK(!(pagemap_of(getpid(), p) & PM_PRESENT));
	CHECK(*(volatile char *)p == 0);
	word = pagemap_of(getpid(), p);         /* the zero page */
	CHECK(word & PM_PRESENT && !(word & (PM_FILE | PM_EXCLUSIVE)));
	CHECK(word_at("/proc/kpageflags", PM_PFN(word)) & KPF(KPF_ZERO_PAGE));
	p[PAGE] = 1;
	word = pagemap_of(getpid(), p + PAGE);
	CHECK(word & PM_PRESENT && word & PM_EXCLUSIVE && !(word & PM_FILE));
	CHECK(PM_PFN(word) != 0);
	CHECK(word_at("/proc/kpagecount", PM_PFN(word)) == 1);
	CHECK((word_at("/proc/kpageflags", PM_PFN(word)) &
	       (KPF(KPF_ANON) | KPF(KPF_MMAP) | KPF(KPF_SWAPBACKED) |
		KPF(KPF_SLAB) | KPF(KPF_BUDDY) | KPF(KPF_ZERO_PAGE))) ==
	      (KPF(KPF_ANON) | KPF(KPF_MMAP) | KPF(KPF_SWAPBACKED)));
	CHECK(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	CHECK(PM_PFN(pagemap_of(getpid(), p + PAGE)) == PM_PFN(word));
	CHECK(madvise(p + PAGE, PAGE, MADV_DONTNEED) == 0);
	CHECK(!(pagemap_of(getpid(), p + PAGE) & PM_PRESENT));
}

static void write_first(char *p)
{
	*p = 2;
}

CASE(fork_shares_frames_until_written)
{
	char *p = lone_pages(2, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t mine, others;
	pid_t child;

	p[0] = p[PAGE] = 1;
	child = resting_child(write_first, p);
	mine = pagemap_of(getpid(), p + PAGE);
	others = pagemap_of(child, p + PAGE);
	CHECK(PM_PFN(mine) == PM_PFN(others));
	CHECK(!((mine | others) & PM_EXCLUSIVE));
	CHECK(word_at("/proc/kpagecount", PM_PFN(mine)) == 2);
	mine = pagemap_of(getpid(), p);
	others = pagemap_of(child, p);
	CHECK(PM_PFN(mine) != PM_PFN(others));
	CHECK(mine & PM_EXCLUSIVE && others & PM_EXCLUSIVE);
	CHECK(word_at("/proc/kpagecount", PM_PFN(mine)) == 1);
	end_child(child);
}

CASE(file_pages_are_one_frame)
{
	int fd = open("/tmp/pagemap", O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint64_t a, b;
	char *p, *q;

	CHECK(fd >= 0 && ftruncate(fd, PAGE) == 0);
	p = lone_pages(1, RW, MAP_SHARED, fd);
	q = lone_pages(1, RW, MAP_PRIVATE, fd);
	*p = 1;
	CHECK(*q == 1);
	a = pagemap_of(getpid(), p);
	b = pagemap_of(getpid(), q);
	CHECK(a & PM_FILE && b & PM_FILE && PM_PFN(a) == PM_PFN(b));
	CHECK(word_at("/proc/kpagecount", PM_PFN(a)) == 2);
	CHECK(!(word_at("/proc/kpageflags", PM_PFN(a)) & KPF(KPF_ANON)));
	*q = 2;
	b = pagemap_of(getpid(), q);
	CHECK(!(b & PM_FILE) && b & PM_EXCLUSIVE && PM_PFN(a) != PM_PFN(b));
	CHECK(word_at("/proc/kpagecount", PM_PFN(a)) == 1);
	CHECK(unlink("/tmp/pagemap") == 0);
}

/* What pagemap says of a VMA is what smaps says of it. */
CASE(pagemap_and_smaps_agree)
{
	char *p = lone_pages(400, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	static uint64_t word[400];
	struct smaps s;
	long nr = 0;

	for (int i = 0; i < 400; i += 3)
		p[i * PAGE] = 1;
	CHECK(pread(fd, word, sizeof(word), (off_t)((uintptr_t)p / PAGE * 8)) ==
	      sizeof(word));
	for (int i = 0; i < 400; i++) {
		CHECK(!!(word[i] & PM_PRESENT) == (i % 3 == 0));
		nr += !!(word[i] & PM_PRESENT);
	}
	s = smaps_of(getpid(), p);
	CHECK(s.rss == nr * KIB && s.anonymous == s.rss);
	close(fd);
}

CASE(words_come_whole)
{
	static const char *const path[] = {
		"/proc/self/pagemap", "/proc/kpagecount", "/proc/kpageflags",
	};
	uint64_t word[4];

	for (int i = 0; i < 3; i++) {
		int fd = open(path[i], O_RDONLY);

		CHECK(fd >= 0);
		CHECK(pread(fd, word, 7, 0) == -1 && errno == EINVAL);
		CHECK(pread(fd, word, 8, 4) == -1 && errno == EINVAL);
		CHECK(pread(fd, word, 0, 0) == 0);
		CHECK(pread(fd, word, sizeof(word), 8) == sizeof(word));
		CHECK(pread(fd, word, 8, (off_t)1 << 60) == 0);
		CHECK(lseek(fd, 16, SEEK_SET) == 16);
		CHECK(read(fd, word, 16) == 16);
		CHECK(lseek(fd, 0, SEEK_CUR) == 32);
		CHECK(read(fd, (void *)8, 8) == -1 && errno == EFAULT);
		close(fd);
	}
}

/* Bytes until the end; counts words that have all of the bits. */
static uint64_t words_until_end(const char *path, uint64_t bits, uint64_t *nr)
{
	static uint64_t word[8192];
	int fd = open(path, O_RDONLY);
	uint64_t all = 0;
	ssize_t n;

	CHECK(fd >= 0);
	*nr = 0;
	while ((n = read(fd, word, sizeof(word))) > 0) {
		for (ssize_t i = 0; i < n / 8; i++)
			*nr += (word[i] & bits) == bits;
		all += (uint64_t)n;
	}
	CHECK(n == 0 && all % 8 == 0);
	close(fd);
	return all / 8;
}

CASE(every_frame_can_be_asked)
{
	uint64_t frames, free_frames, tables, none;
	long pages = sysconf(_SC_PHYS_PAGES);

	frames = words_until_end("/proc/kpageflags", KPF(KPF_BUDDY),
				 &free_frames);
	CHECK(frames >= (uint64_t)pages && free_frames > 0);
	CHECK(words_until_end("/proc/kpageflags", KPF(KPF_PGTABLE), &tables) ==
	      frames);
	CHECK(tables > 0);
	CHECK(words_until_end("/proc/kpagecount", 0, &none) == frames);
}

/* Pages on the lists of free blocks. */
static uint64_t buddyinfo_pages(void)
{
	const char *at = read_all("/proc/buddyinfo");
	uint64_t pages = 0;
	int n;

	while ((at = strstr(at, "zone"))) {
		unsigned long blocks;

		CHECK(sscanf(at, "zone %*s%n", &n) == 0);
		at += n;
		for (int order = 0;
		     sscanf(at, " %lu%n", &blocks, &n) == 1 && order < 11;
		     order++, at += n)
			pages += blocks << order;
	}
	return pages;
}

/* Pages of all slabs. */
static uint64_t slabinfo_pages(void)
{
	const char *line = strchr(read_all("/proc/slabinfo"), '\n') + 1;
	unsigned long pages_per_slab, slabs;
	uint64_t pages = 0;

	while ((line = strchr(line, '\n')) && line[1]) {
		line++;
		CHECK(sscanf(line,
			     "%*s %*u %*u %*u %*u %lu : tunables %*u %*u %*u "
			     ": slabdata %*u %lu",
			     &pages_per_slab, &slabs) == 2);
		pages += pages_per_slab * slabs;
	}
	return pages;
}

static int close_to(uint64_t a, uint64_t b, uint64_t slack)
{
	if (a <= b + slack && b <= a + slack)
		return 1;
	printf("# %llu is not about %llu\n", (unsigned long long)a,
	       (unsigned long long)b);
	return 0;
}

/* Frames one by one, and the sums that others keep of them. */
CASE(flags_are_what_the_sums_say)
{
	static const char flags[] = "/proc/kpageflags";
	uint64_t nr;
	char *p = lone_pages(400, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	for (int i = 0; i < 400; i++)
		p[i * PAGE] = 1;
	words_until_end(flags, KPF(KPF_ANON), &nr);
	CHECK(nr >= 400);
	CHECK(close_to(nr, (uint64_t)field("/proc/vmstat", "nr_anon_pages "),
		       256));
	words_until_end(flags, KPF(KPF_PGTABLE), &nr);
	CHECK(close_to(nr,
		       (uint64_t)field("/proc/vmstat", "nr_page_table_pages "),
		       64));
	words_until_end(flags, KPF(KPF_BUDDY), &nr);
	CHECK(close_to(nr, buddyinfo_pages(), 1024));
	words_until_end(flags, KPF(KPF_SLAB), &nr);
	CHECK(close_to(nr, slabinfo_pages(), 256));
}

/* ---- mem ------------------------------------------------------------------------ */

static void rest_with(char *p)
{
	strcpy(p, "the child's");
}

CASE(mem_reads_and_writes_another_space)
{
	char *p = lone_pages(2, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char got[16] = "";
	pid_t child;
	int fd;

	strcpy(p, "the parent's");
	child = resting_child(rest_with, p);
	fd = open(proc_path(child, "mem"), O_RDWR);
	CHECK(fd >= 0);
	CHECK(pread(fd, got, 12, (off_t)(uintptr_t)p) == 12);
	CHECK(!strcmp(got, "the child's") && !strcmp(p, "the parent's"));
	CHECK(pwrite(fd, "a debug", 7, (off_t)(uintptr_t)p) == 7);
	CHECK(pread(fd, got, 12, (off_t)(uintptr_t)p) == 12);
	CHECK(!strcmp(got, "a debugld's"));
	CHECK(pwrite(fd, "new", 3, (off_t)(uintptr_t)(p + PAGE)) == 3);
	CHECK(p[PAGE] == 0);
	end_child(child);
	CHECK(pread(fd, got, 12, (off_t)(uintptr_t)p) == 0);
	close(fd);
}

CASE(mem_ends_at_a_hole)
{
	static char got[3 * PAGE];
	char *p = lone_pages(3, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int fd = open("/proc/self/mem", O_RDWR);

	CHECK(fd >= 0);
	memset(p, 7, 3 * PAGE);
	CHECK(munmap(p + 2 * PAGE, PAGE) == 0);
	CHECK(pread(fd, got, 3 * PAGE - 5, (off_t)(uintptr_t)(p + 5)) ==
	      2 * PAGE - 5);
	CHECK(got[0] == 7 && got[2 * PAGE - 6] == 7 && got[2 * PAGE - 5] == 0);
	CHECK(pread(fd, got, 8, (off_t)(uintptr_t)(p + 2 * PAGE)) == -1);
	CHECK(errno == EIO);
	CHECK(pwrite(fd, got, 8, (off_t)(uintptr_t)(p + 2 * PAGE)) == -1);
	CHECK(errno == EIO);
	CHECK(pread(fd, (void *)8, 8, (off_t)(uintptr_t)p) == -1);
	CHECK(errno == EFAULT);
	CHECK(lseek(fd, (off_t)(uintptr_t)p, SEEK_SET) == (off_t)(uintptr_t)p);
	CHECK(read(fd, got, 4) == 4 && got[3] == 7);
	close(fd);
}

int main(void)
{
	return run_cases();
}
