/* SPDX-License-Identifier: MIT */
/*
 * Who uses which memory: VSS, RSS, PSS and USS of processes that share pages,
 * exactly; and the same answer from smaps, status and statm.
 */
#include "accounts.h"

#include <grp.h>

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

static void clear_refs(const char *what)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	CHECK(fd >= 0 && write(fd, what, 1) == 1);
	close(fd);
}

/* 4 changes nothing here; where there are soft-dirty bits, nothing in smaps. */
CASE(uses_are_forgotten_and_seen_again)
{
	char *p = lone_pages(PAGES, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *q = lone_pages(PAGES, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	CHECK(write(fd, "0", 1) == -1 && errno == EINVAL);
	CHECK(write(fd, "6", 1) == -1 && errno == EINVAL);
	CHECK(write(fd, "all", 3) == -1 && errno == EINVAL);
	close(fd);
	touch(p, PAGES);
	touch(q, PAGES);
	clear_refs("4");
	CHECK(smaps_of(getpid(), p).referenced == PAGES * KIB);
	clear_refs("2");
	CHECK(smaps_of(getpid(), p).referenced == 0);
	CHECK(smaps_of(getpid(), q).referenced == PAGES * KIB);
	touch(p, WRITTEN);
	if (access("/proc/quire", F_OK) == 0)   /* Linux does not flush */
		CHECK(smaps_of(getpid(), p).referenced == WRITTEN * KIB);
	clear_refs("3");
	CHECK(smaps_of(getpid(), q).referenced == 0);
	touch(p, PAGES);
	touch(q, PAGES);
	clear_refs("1");
	CHECK(smaps_of(getpid(), p).referenced == 0);
	CHECK(smaps_of(getpid(), q).referenced == 0);
	CHECK(smaps_of(getpid(), p).rss == PAGES * KIB);
	CHECK(smaps_of(getpid(), p).private_dirty == PAGES * KIB);
}

CASE(the_peak_can_be_forgotten)
{
	char *p = map_pages(1024, RW);

	CHECK(madvise(p, 1024 * PAGE, MADV_NOHUGEPAGE) == 0);
	touch(p, 1024);
	CHECK(munmap(p, 1024 * PAGE) == 0);
	CHECK(field("/proc/self/status", "VmHWM:") >
	      field_of(text, "VmRSS:") + 3000);
	clear_refs("5");
	CHECK(field("/proc/self/status", "VmHWM:") <
	      field_of(text, "VmRSS:") + 1000);
}

/* The line of numa_maps for the VMA at p, without its end. */
static const char *numa_line(pid_t pid, const void *p)
{
	char start[32];
	char *line;

	snprintf(start, sizeof(start), "%08lx ", (unsigned long)p);
	line = strstr(read_all(proc_path(pid, "numa_maps")), start);
	CHECK(line);
	*strchrnul(line, '\n') = 0;
	return line + strlen(start);
}

CASE(numa_maps_counts_pages)
{
	char *p = lone_pages(PAGES, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1), *q;
	int fd = open("/tmp/a b=c", O_RDWR | O_CREAT | O_TRUNC, 0600);
	const char *line;
	pid_t child;

	CHECK(fd >= 0 && ftruncate(fd, PAGES * PAGE) == 0);
	CHECK(!strcmp(numa_line(getpid(), p), "default"));
	CHECK(madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE) == 0);
	touch(p, WRITTEN);
	line = numa_line(getpid(), p);
	CHECK(!strncmp(line, "default anon=16 dirty=16 ", 25));
	line = strstr(line, "N0=16 ");          /* Linux: active= before it */
	CHECK(line && !strcmp(line, "N0=16 kernelpagesize_kB=4"));
	child = resting_child(NULL, NULL);
	CHECK(strstr(numa_line(getpid(), p), "mapmax=2 "));
	end_child(child);
	q = lone_pages(PAGES, RW, MAP_PRIVATE, fd);
	touch(q, 2);
	CHECK(pwrite(fd, "x", 1, 3 * PAGE) == 1 && q[3 * PAGE] == 'x');
	CHECK(!strncmp(numa_line(getpid(), q),
		       "default file=/tmp/a\\040b\\075c anon=2 ", 33));
	CHECK(strstr(read_all("/proc/self/numa_maps"), " stack anon="));
	CHECK(unlink("/tmp/a b=c") == 0);
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

int main(void)
{
	return run_cases();
}
