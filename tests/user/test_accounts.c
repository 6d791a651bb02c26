/* SPDX-License-Identifier: MIT */
/*
 * Who uses which memory: VSS, RSS, PSS and USS of processes that share pages,
 * exactly; and the same answer from smaps, status, statm and meminfo.
 */
#include "accounts.h"

#include <ctype.h>
#include <dirent.h>
#include <grp.h>
#include <stdbool.h>

enum { PAGES = 64, WRITTEN = 16, CHILDREN = 3 };

static void touch(char *p, size_t nr_pages)
{
	for (size_t i = 0; i < nr_pages; i++)
		p[i * PAGE] = 1;
}

static void write_some(char *p)
{
	touch(p, WRITTEN);
}

CASE(untouched_memory_costs_nothing)
{
	char *p = lone_pages(PAGES, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct smaps s = smaps_of(getpid(), p);

	CHECK(s.size == PAGES * KIB && s.rss == 0 && s.pss == 0);
	for (int i = 0; i < PAGES; i++)
		CHECK(*(volatile char *)(p + i * PAGE) == 0);
	s = smaps_of(getpid(), p);              /* zero page: no one's */
	CHECK(s.rss == 0 && s.pss == 0 && s.anonymous == 0);
}

CASE(written_pages_are_private_and_dirty)
{
	char *p = lone_pages(PAGES, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct smaps s;

	touch(p, WRITTEN);
	s = smaps_of(getpid(), p);
	CHECK(s.size == PAGES * KIB && s.rss == WRITTEN * KIB);
	CHECK(s.pss == s.rss && uss(&s) == s.rss);
	CHECK(s.private_dirty == s.rss && s.anonymous == s.rss);
	CHECK(s.referenced == s.rss && s.shared_dirty == 0);
}

CASE(forked_pages_are_divided)
{
	char *p = lone_pages(PAGES, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pid_t child[CHILDREN];
	struct smaps s;

	touch(p, PAGES);
	for (int i = 0; i < CHILDREN; i++)
		child[i] = resting_child(NULL, NULL);
	for (int i = -1; i < CHILDREN; i++) {
		s = smaps_of(i < 0 ? getpid() : child[i], p);
		CHECK(s.size == PAGES * KIB && s.rss == PAGES * KIB);
		CHECK(s.pss == PAGES * KIB / (CHILDREN + 1));
		CHECK(uss(&s) == 0 && s.anonymous == s.rss);
		CHECK(s.shared_clean + s.shared_dirty == s.rss);
	}
	for (int i = 0; i < CHILDREN; i++)
		end_child(child[i]);
	s = smaps_of(getpid(), p);
	CHECK(s.rss == PAGES * KIB && s.pss == s.rss && uss(&s) == s.rss);
}

/* 16 pages of the last child are its own, the others have them by three. */
CASE(a_copy_on_write_moves_shares)
{
	char *p = lone_pages(PAGES, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	const long common = (PAGES - WRITTEN) * KIB / (CHILDREN + 1);
	pid_t child[CHILDREN];
	struct smaps s;

	touch(p, PAGES);
	for (int i = 0; i < CHILDREN; i++)
		child[i] = resting_child(i == CHILDREN - 1 ? write_some : NULL,
					 p);
	s = smaps_of(child[CHILDREN - 1], p);
	CHECK(s.rss == PAGES * KIB && uss(&s) == WRITTEN * KIB);
	CHECK(s.pss == WRITTEN * KIB + common);
	for (int i = 0; i < CHILDREN - 1; i++) {
		s = smaps_of(child[i], p);
		CHECK(s.rss == PAGES * KIB && uss(&s) == 0);
		CHECK(s.pss == common + WRITTEN * KIB / CHILDREN);
	}
	for (int i = 0; i < CHILDREN; i++)
		end_child(child[i]);
}

CASE(shared_memory_is_divided_by_its_users)
{
	char *p = lone_pages(PAGES, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	struct smaps s;
	pid_t child;

	touch(p, PAGES);
	s = smaps_of(getpid(), p);
	CHECK(s.rss == PAGES * KIB && s.pss == s.rss && uss(&s) == s.rss);
	CHECK(s.anonymous == 0);
	child = resting_child(write_some, p);
	s = smaps_of(child, p);                 /* only what it touched */
	CHECK(s.rss >= WRITTEN * KIB && s.rss <= PAGES * KIB);
	CHECK(s.pss == s.rss / 2 && uss(&s) == 0);
	s = smaps_of(getpid(), p);
	CHECK(s.rss == PAGES * KIB && uss(&s) <= (PAGES - WRITTEN) * KIB);
	CHECK(s.pss == uss(&s) + (s.rss - uss(&s)) / 2);
	end_child(child);
}

CASE(file_pages_are_shared_until_written)
{
	int fd = open("/tmp/accounts", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct smaps s;
	char *p, *q;

	CHECK(fd >= 0 && ftruncate(fd, PAGES * PAGE) == 0);
	p = lone_pages(PAGES, RW, MAP_PRIVATE, fd);
	q = lone_pages(PAGES, PROT_READ, MAP_SHARED, fd);
	for (int i = 0; i < PAGES; i++)
		CHECK(p[i * PAGE] == 0 && q[i * PAGE] == 0);
	s = smaps_of(getpid(), p);
	CHECK(s.rss == PAGES * KIB && s.pss == s.rss / 2 && uss(&s) == 0);
	touch(p, WRITTEN);
	s = smaps_of(getpid(), p);
	CHECK(s.rss == PAGES * KIB && s.anonymous == WRITTEN * KIB);
	CHECK(uss(&s) == WRITTEN * KIB);
	CHECK(s.pss == uss(&s) + (s.rss - uss(&s)) / 2);
	s = smaps_of(getpid(), q);
	CHECK(s.rss == PAGES * KIB && uss(&s) == WRITTEN * KIB);
	CHECK(unlink("/tmp/accounts") == 0);
}

CASE(locked_pages_are_counted)
{
	long before = field("/proc/self/status", "VmLck:");
	char *p = lone_pages(8, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
			     -1);
	struct smaps s;

	touch(p, 8);
	s = smaps_of(getpid(), p);
	CHECK(s.locked == 8 * KIB && s.pss == 8 * KIB);
	CHECK(strstr(s.flags, "lo "));
	CHECK(field("/proc/self/status", "VmLck:") == before + 8 * KIB);
	CHECK(munmap(p, 8 * PAGE) == 0);
	CHECK(field("/proc/self/status", "VmLck:") == before);
}

/* ---- sums -------------------------------------------------------------------- */

/* The sum of a field over all of smaps. */
static long smaps_sum(pid_t pid, const char *name)
{
	const char *line = read_all(proc_path(pid, "smaps"));
	size_t len = strlen(name);
	long sum = 0;

	for (; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, name, len))
			sum += strtol(line + len, NULL, 10);
	return sum;
}

CASE(smaps_adds_up_to_rollup)
{
	static const char *const name[] = {
		"Rss:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:",
		"Private_Dirty:", "Anonymous:", "Swap:", "Locked:",
	};
	pid_t child = resting_child(NULL, NULL);

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		CHECK(field(proc_path(child, "smaps_rollup"), name[i]) ==
		      smaps_sum(child, name[i]));
	end_child(child);
}

/* Each line is rounded down, so Pss may lose a KiB a line. */
CASE(pss_by_kind_adds_up)
{
	pid_t child = resting_child(NULL, NULL);
	long pss, sum;

	pss = field(proc_path(child, "smaps_rollup"), "Pss:");
	sum = field_of(text, "Pss_Anon:") + field_of(text, "Pss_File:") +
	      field_of(text, "Pss_Shmem:");
	CHECK(pss >= sum && pss <= sum + 2);
	CHECK(pss >= smaps_sum(child, "Pss:"));
	end_child(child);
}

CASE(size_is_the_same_everywhere)
{
	pid_t child = resting_child(NULL, NULL);
	long size = smaps_sum(child, "Size:"), pages;

	CHECK(field(proc_path(child, "status"), "VmSize:") == size);
	CHECK(field(proc_path(child, "status"), "VmPeak:") >= size);
	pages = strtol(read_all(proc_path(child, "statm")), NULL, 10);
	CHECK(pages * KIB == size);
	end_child(child);
}

CASE(rss_is_the_same_everywhere)
{
	char *p = lone_pages(PAGES, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	long rss, pages, shared;
	pid_t child;

	touch(p, PAGES);
	child = resting_child(write_some, p);
	rss = smaps_sum(child, "Rss:");
	CHECK(field(proc_path(child, "status"), "VmRSS:") == rss);
	CHECK(field_of(text, "RssAnon:") + field_of(text, "RssFile:") +
		      field_of(text, "RssShmem:") ==
	      rss);
	CHECK(field_of(text, "VmHWM:") >= rss);
	CHECK(smaps_sum(child, "Anonymous:") ==
	      field(proc_path(child, "status"), "RssAnon:"));
	CHECK(sscanf(read_all(proc_path(child, "statm")), "%*d %ld %ld", &pages,
		     &shared) == 2);
	CHECK(pages * KIB == rss);
	CHECK(shared * KIB == rss - smaps_sum(child, "Anonymous:"));
	end_child(child);
}

CASE(peak_stays_when_memory_goes)
{
	long size = field("/proc/self/status", "VmSize:"), peak;
	char *p = map_pages(1024, RW);

	CHECK(munmap(p, 1024 * PAGE) == 0);
	peak = field("/proc/self/status", "VmPeak:");
	CHECK(peak >= size + 1024 * KIB);
	CHECK(field("/proc/self/status", "VmSize:") < peak);
}

CASE(flags_say_what_was_asked)
{
	char *p = lone_pages(4, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *q = lone_pages(4, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1);

	CHECK(!strncmp(smaps_of(getpid(), p).flags, "rd wr mr mw me ac ", 18));
	CHECK(!strncmp(smaps_of(getpid(), q).flags, "rd sh mr mw me ms ", 18));
	CHECK(madvise(p, PAGE, MADV_DONTFORK) == 0);
	CHECK(madvise(p + 2 * PAGE, PAGE, MADV_WIPEONFORK) == 0);
	CHECK(strstr(smaps_of(getpid(), p).flags, "dc "));
	CHECK(strstr(smaps_of(getpid(), p + 2 * PAGE).flags, "wf "));
	CHECK(!strstr(smaps_of(getpid(), p + PAGE).flags, "dc "));
}

CASE(stat_has_its_fields)
{
	unsigned long vsize, start_code, brk;
	const char *at = strrchr(read_all("/proc/self/stat"), ')');
	char *here;
	long rss;
	int fields = 2;

	CHECK(at);
	for (const char *c = at; *c; c++)
		fields += *c == ' ';
	CHECK(fields == 52);
	CHECK(sscanf(at,
		     ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u "
		     "%*u %*d %*d %*d %*d %*d %*d %*u %lu %ld %*u %lu",
		     &vsize, &rss, &start_code) == 3);
	for (fields = 2; fields < 47 && at; fields++)
		at = strchr(at + 1, ' ');
	CHECK(at);
	brk = strtoul(at, NULL, 10);
	here = sbrk(0);
	CHECK(brk <= (unsigned long)here &&
	      (unsigned long)here - brk < 1 << 24);
	CHECK(start_code != 0 && start_code <= (unsigned long)touch);
	CHECK(vsize ==
	      (unsigned long)field("/proc/self/status", "VmSize:") * 1024);
	CHECK(rss > 0);
}

CASE(oom_score_adj_is_inherited)
{
	char value[8] = "";
	pid_t child;
	int fd = open("/proc/self/oom_score_adj", O_RDWR);

	CHECK(fd >= 0 && write(fd, "300\n", 4) == 4);
	CHECK(write(fd, "1001", 4) == -1 && errno == EINVAL);
	CHECK(write(fd, "-1001", 5) == -1 && errno == EINVAL);
	CHECK(write(fd, "much", 4) == -1 && errno == EINVAL);
	child = resting_child(NULL, NULL);
	CHECK(strtol(read_all(proc_path(child, "oom_score_adj")), NULL, 10) ==
	      300);
	CHECK(strtol(read_all(proc_path(child, "oom_score")), NULL, 10) >= 800);
	CHECK(pwrite(fd, "-1000", 5, 0) == 5);
	CHECK(pread(fd, value, 7, 0) == 6 && !strcmp(value, "-1000\n"));
	CHECK(strtol(read_all("/proc/self/oom_score"), NULL, 10) == 0);
	end_child(child);
}

CASE(status_is_complete)
{
	static const char *const name[] = {
		"Name:", "Tgid:", "FDSize:", "NSpid:", "VmPeak:", "VmLck:",
		"VmPin:", "VmHWM:", "VmData:", "VmStk:", "VmExe:", "VmLib:",
		"VmPTE:", "VmSwap:", "CoreDumping:", "THP_enabled:", "Threads:",
		"SigQ:", "CapEff:", "NoNewPrivs:", "Seccomp:",
		"Cpus_allowed_list:", "Mems_allowed_list:",
		"nonvoluntary_ctxt_switches:",
	};
	const char *at = read_all("/proc/self/status");

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		at = strstr(at, name[i]);       /* in this order */
		if (!at)
			printf("# no %s\n", name[i]);
		CHECK(at);
	}
}

CASE(status_shows_groups_and_rights)
{
	const gid_t group[] = { 4, 24, 100 };

	CHECK(setgroups(3, group) == 0);
	CHECK(strstr(read_all("/proc/self/status"), "Groups:\t4 24 100 \n"));
	CHECK(setgroups(0, NULL) == 0);
	CHECK(strstr(read_all("/proc/self/status"), "Groups:\t \n"));
	CHECK(!strstr(text, "CapEff:\t0000000000000000\n"));
	CHECK(setuid(1) == 0);
	CHECK(strstr(read_all("/proc/self/status"),
		     "CapEff:\t0000000000000000\n"));
	CHECK(strstr(text, "Uid:\t1\t1\t1\t1\n"));
}

/* ---- the whole machine --------------------------------------------------------- */

/* Lines whose numbers do not depend on each other's rounding. */
CASE(meminfo_adds_up)
{
	read_all("/proc/meminfo");
	CHECK(field_of(text, "Slab:") ==
	      field_of(text, "SReclaimable:") + field_of(text, "SUnreclaim:"));
	CHECK(field_of(text, "MemTotal:") >
	      field_of(text, "MemFree:") + field_of(text, "Cached:") +
		      field_of(text, "AnonPages:") + field_of(text, "Slab:") +
		      field_of(text, "PageTables:") +
		      field_of(text, "KernelStack:"));
	CHECK(field_of(text, "Active:") ==
	      field_of(text, "Active(anon):") +
		      field_of(text, "Active(file):"));
	CHECK(field_of(text, "Inactive:") ==
	      field_of(text, "Inactive(anon):") +
		      field_of(text, "Inactive(file):"));
	CHECK(field_of(text, "Shmem:") <= field_of(text, "Cached:"));
	CHECK(field_of(text, "Mapped:") <= field_of(text, "Cached:"));
	CHECK(field_of(text, "SwapTotal:") == 0);
}

/* tmpfs is memory without a file behind it, however it is mapped. */
CASE(files_of_tmpfs_are_shmem)
{
	int fd = open("/tmp/shmem", O_RDWR | O_CREAT | O_TRUNC, 0600);
	long before = field("/proc/meminfo", "Shmem:");
	char *p;

	CHECK(fd >= 0 && ftruncate(fd, 1024 * PAGE) == 0);
	p = lone_pages(1024, RW, MAP_SHARED, fd);
	touch(p, 1024);
	CHECK(field("/proc/meminfo", "Shmem:") >= before + 1024 * KIB - 512);
	CHECK(field("/proc/self/status", "RssShmem:") >= 1024 * KIB - 512);
	CHECK(field("/proc/self/smaps_rollup", "Pss_Shmem:") >= 1024 * KIB);
	CHECK(unlink("/tmp/shmem") == 0);
}

/* 1024 pages in three processes are 1024 pages. */
CASE(meminfo_counts_frames_once)
{
	long before = field("/proc/meminfo", "AnonPages:"), after;
	char *p = lone_pages(1024, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pid_t a, b;

	touch(p, 1024);
	a = resting_child(NULL, NULL);
	b = resting_child(NULL, NULL);
	after = field("/proc/meminfo", "AnonPages:");
	CHECK(after >= before + 1024 * KIB - 2048);     /* Linux: in batches */
	CHECK(after <= before + 1024 * KIB + 2048);
	end_child(a);
	end_child(b);
}

/* Adds a field of smaps_rollup over all processes that have memory. */
static long sum_of_all(const char *name)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	long sum = 0;

	CHECK(dir);
	while ((e = readdir(dir))) {
		char path[300];
		ssize_t n;
		int fd;

		if (!isdigit(e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/smaps_rollup",
			 e->d_name);
		fd = open(path, O_RDONLY);
		n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = 0;        /* none: it has no memory */
		if (n > 0)
			sum += field_of(text, name);
	}
	closedir(dir);
	return sum;
}

/* Shares of all processes are all of the frames, once each. */
CASE(all_shares_are_all_frames)
{
	const long slack = 1024;        /* Linux counts in batches */
	char *p = lone_pages(2048, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *q = lone_pages(2048, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	long anon, mapped;
	pid_t child[CHILDREN];

	touch(p, 2048);
	touch(q, 2048);
	for (int i = 0; i < CHILDREN; i++)
		child[i] = resting_child(i ? write_some : NULL, q);
	anon = sum_of_all("Pss_Anon:");
	mapped = sum_of_all("Pss_File:") + sum_of_all("Pss_Shmem:");
	CHECK(labs(field("/proc/meminfo", "AnonPages:") - anon) < slack);
	CHECK(labs(field("/proc/meminfo", "Mapped:") - mapped) < slack);
	CHECK(anon >= 2048 * KIB && mapped >= 2048 * KIB);
	for (int i = 0; i < CHILDREN; i++)
		end_child(child[i]);
}

/* ---- locked memory ------------------------------------------------------------- */

/* KiB by which Linux may be off: each CPU counts in lots. */
static long lots(void)
{
	return access("/proc/quire", F_OK) ? 512 : 0;
}

static bool near(long value, long want)
{
	if (labs(value - want) > lots())
		printf("# %ld, not %ld\n", value, want);
	return labs(value - want) <= lots();
}

/* The sum of all lines of zoneinfo with this name. */
static long zones_sum(const char *name)
{
	long sum = 0, value;

	for (const char *at = read_all("/proc/zoneinfo");
	     (at = strstr(at, name)); at += strlen(name))
		if (sscanf(at + strlen(name), " %ld", &value) == 1)
			sum += value;
	return sum;
}

/* Mlocked and Unevictable, everywhere where they stand. */
static bool mlocked_is(long mlocked, long unevictable)
{
	return near(field("/proc/meminfo", "Mlocked:"), mlocked) &&
	       near(field_of(text, "Unevictable:"), unevictable) &&
	       near(field("/proc/vmstat", "nr_mlock ") * KIB, mlocked) &&
	       near(field_of(text, "nr_unevictable ") * KIB, unevictable) &&
	       near(field_of(text, "nr_zone_unevictable ") * KIB,
		    unevictable) &&
	       near(zones_sum(" nr_mlock") * KIB, mlocked) &&
	       near(zones_sum(" nr_zone_unevictable") * KIB, unevictable);
}

static void lock_all(char *p)
{
	CHECK(mlock(p, 1024 * PAGE) == 0);
}

PROVES(mlock, "", "a frame locked twice is one in meminfo")
CASE(locked_frames_are_counted_once)
{
	char *p = lone_pages(1024, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	long mlocked = field("/proc/meminfo", "Mlocked:");
	long unevictable = field_of(text, "Unevictable:");
	pid_t child = resting_child(lock_all, p);

	CHECK(mlocked_is(mlocked + 1024 * KIB, unevictable + 1024 * KIB));
	lock_all(p);
	CHECK(mlocked_is(mlocked + 1024 * KIB, unevictable + 1024 * KIB));
	CHECK(munlock(p, 512 * PAGE) == 0);
	CHECK(mlocked_is(mlocked + 1024 * KIB, unevictable + 1024 * KIB));
	end_child(child);
	CHECK(mlocked_is(mlocked + 512 * KIB, unevictable + 512 * KIB));
	CHECK(munmap(p, 1024 * PAGE) == 0);
	CHECK(mlocked_is(mlocked, unevictable));
}

PROVES(mlock2, "MLOCK_ONFAULT", "only what is touched is locked")
CASE(locked_frames_are_those_of_smaps)
{
	char *p = lone_pages(1024, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	long mlocked = field("/proc/meminfo", "Mlocked:");
	long unevictable = field_of(text, "Unevictable:");
	long active = field_of(text, "Active:") + field_of(text, "Inactive:");
	pid_t child;

	CHECK(madvise(p, 1024 * PAGE, MADV_NOHUGEPAGE) == 0);
	CHECK(mlock2(p, 1024 * PAGE, 1) == 0);  /* MLOCK_ONFAULT */
	CHECK(mlocked_is(mlocked, unevictable));
	touch(p, 800);
	CHECK(*(volatile char *)(p + 900 * PAGE) == 0);
	CHECK(smaps_of(getpid(), p).locked == 800 * KIB);
	CHECK(mlocked_is(mlocked + 800 * KIB, unevictable + 800 * KIB));
	child = resting_child(write_some, p);   /* it locks nothing */
	CHECK(mlocked_is(mlocked + 800 * KIB, unevictable + 800 * KIB));
	end_child(child);
	field("/proc/meminfo", "Mlocked:");
	CHECK(labs(field_of(text, "Active:") + field_of(text, "Inactive:") -
		   active) < 512);
	CHECK(munlock(p, 1024 * PAGE) == 0);
	CHECK(mlocked_is(mlocked, unevictable));
}

PROVES(mlockall, "MCL_CURRENT", "all but the kernel's own page")
CASE(everything_but_the_vdso_is_locked)
{
	const char *line, *end;
	unsigned long from, to;
	long size = 0;

	CHECK(mlockall(MCL_CURRENT) == 0);
	line = read_all("/proc/self/maps");
	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		CHECK(end && sscanf(line, "%lx-%lx ", &from, &to) == 2);
		if (!memmem(line, (size_t)(end - line), "[v", 2))
			size += (long)(to - from) / 1024;
	}
	CHECK(field("/proc/self/status", "VmLck:") == size);
	CHECK(munlockall() == 0);
}

CASE(vmstat_says_the_same_in_pages)
{
	long cached, shmem;

	cached = field("/proc/vmstat", "nr_file_pages ");
	shmem = field_of(text, "nr_shmem ");
	CHECK(field("/proc/meminfo", "Cached:") == cached * KIB);
	CHECK(field_of(text, "Shmem:") == shmem * KIB);
	CHECK(field("/proc/vmstat", "pgfault ") > 0);
	CHECK(field_of(text, "pgfree ") > 0);
	CHECK(field_of(text, "nr_free_pages ") > 0);
	CHECK(field_of(text, "nr_page_table_pages ") > 0);
}

CASE(faults_are_counted)
{
	long before = field("/proc/vmstat", "pgfault ");
	char *p = map_pages(1024, RW);

	touch(p, 1024);
	/* Linux adds each CPU's figure up once a second. */
	CHECK(field("/proc/vmstat", "pgfault ") >= before);
	CHECK(munmap(p, 1024 * PAGE) == 0);
}

int main(void)
{
	return run_cases();
}
