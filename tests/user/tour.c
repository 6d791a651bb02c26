/* SPDX-License-Identifier: MIT */
/*
 * tour - a guided tour of demand paging and copy-on-write.
 *
 * A small ordinary program reserves 64 MiB, reads, writes and forks. After
 * each step it asks the kernel what happened (/proc/self/statm for VSS and
 * RSS, /proc/quire/counters for the faults) and prints the differences.
 * What must happen is known, so the tour is a test as well: a wrong count is
 * marked and makes the exit status 1.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE     4096ul
#define AREA     (64ul << 20)
#define READS    2048                    /* pages read in step 2 */
#define WRITES   1024                    /* of them written in step 3 */
#define FRESH    512                     /* others written without a read */
#define COPIES   256                     /* pages the child writes */

enum { ZERO, ANON, COPY, REUSE, NR_COUNTERS };
static const char *const counter_name[NR_COUNTERS] = {
	"fault_zero", "fault_anon", "fault_cow_copy", "fault_cow_reuse"
};

struct reading {
	long vss, rss;                   /* KiB */
	long count[NR_COUNTERS];
};

static struct reading last;
static int wrong;

static void read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t len = 0, n;

	while (fd >= 0 && (n = read(fd, buf + len, size - 1 - (size_t)len)) > 0)
		len += n;
	buf[len] = 0;
	if (fd < 0) {
		printf("tour: cannot read %s\n", path);
		exit(1);
	}
	close(fd);
}

/* Number after the word name at the start of a line; 0 if it is not there. */
static long number_after(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ' ')
			return atol(line + len);
	}
	return 0;
}

static void take_reading(struct reading *r)
{
	static char text[8192];

	read_file("/proc/quire/counters", text, sizeof(text));
	for (int i = 0; i < NR_COUNTERS; i++)
		r->count[i] = number_after(text, counter_name[i]);
	read_file("/proc/self/statm", text, sizeof(text));
	sscanf(text, "%ld %ld", &r->vss, &r->rss);
	r->vss *= PAGE / 1024;
	r->rss *= PAGE / 1024;
}

/*
 * Our own buffers fault too now and then, so a count may be a little more than what
 * the step itself must cause, never less.
 */
static const char *verdict(long got, long want)
{
	if (got >= want && got <= want + 8)
		return "";
	wrong++;
	return "!";
}

/* One row: VSS and RSS now, and how often each thing happened in this step. */
static void row(const char *what, long zero, long anon, long copy, long reuse)
{
	const long want[NR_COUNTERS] = { zero, anon, copy, reuse };
	struct reading r;

	take_reading(&r);
	printf("  %-42s %7ld %7ld", what, r.vss, r.rss);
	for (int i = 0; i < NR_COUNTERS; i++) {
		long d = r.count[i] - last.count[i];

		printf(" %6ld%-1s", d, verdict(d, want[i]));
	}
	printf("\n");
	fflush(stdout);
	take_reading(&last);
}

static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

static void heading(void)
{
	say("\n  %-42s %7s %7s %7s %7s %7s %7s\n", "", "VSS", "RSS", "zero",
	    "demand", "COW", "COW");
	say("  %-42s %7s %7s %7s %7s %7s %7s\n", "step", "KiB", "KiB", "page",
	    "zero", "copy", "reuse");
}

static void write_pages(volatile char *p, int nr)
{
	for (int i = 0; i < nr; i++)
		p[(size_t)i * PAGE] = 1;
}

static int read_pages(const volatile char *p, int nr)
{
	int sum = 0;

	for (int i = 0; i < nr; i++)
		sum += p[(size_t)i * PAGE];
	return sum;
}

/* The child's part; its exit status says whether it saw what it must. */
static void child(volatile char *p)
{
	int bad;

	row("4 fork: a child with the same pages", 0, 0, 0, 0);
	take_reading(&last);
	write_pages(p, COPIES);
	row("5 the child writes 256 of them: its copies", 0, 0, COPIES, 0);
	bad = wrong;
	_exit(bad > 99 ? 99 : bad);
}

int main(void)
{
	volatile char *p;
	char *fresh;
	int status;
	pid_t pid;

	setvbuf(stdout, NULL, _IOFBF, 4096);
	say("\n== A tour of demand paging and copy-on-write ==\n");
	say("Columns on the right count faults of this step; VSS and RSS are ours.\n");
	heading();
	take_reading(&last);
	take_reading(&last);             /* the first one faulted in its buffers */
	row("0 this program, just started", 0, 0, 0, 0);

	p = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		perror("tour: mmap");
		return 1;
	}
	row("1 mmap 64 MiB: a promise, no frame", 0, 0, 0, 0);

	if (read_pages(p, READS) != 0)
		wrong++;
	row("2 read 2048 pages: one shared zero page", READS, 0, 0, 0);

	write_pages(p, WRITES);
	row("3 write 1024 of them: each its own frame", 0, WRITES, 0, 0);
	fresh = (char *)p + AREA / 2;
	write_pages(fresh, FRESH);
	row("  write 512 untouched ones: the same", 0, FRESH, 0, 0);

	fflush(stdout);
	take_reading(&last);
	pid = fork();
	if (pid == 0)
		child(p);
	if (waitpid(pid, &status, 0) != pid || status)
		wrong++;
	take_reading(&last);
	if (read_pages(p, WRITES) != WRITES)
		wrong++;

	write_pages(p, COPIES);
	row("6 we write 256 again: last owner, no copy", 0, 0, 0, COPIES);

	munmap((void *)p, AREA);
	row("7 munmap: all frames are free again", 0, 0, 0, 0);
	say("\n%s\n\n",
	    wrong ? "Counts marked ! are wrong: this kernel has a bug."
		  : "Every count is what it must be, give or take "
		    "a few faults of this program's own buffers.");
	return wrong != 0;
}
