/* SPDX-License-Identifier: MIT */
/*
 * The clock without a system call: the vDSO is an ELF image with versioned
 * symbols, its clocks are those of the calls, and C libraries use it. The same
 * cases are linked in other ways too: test_vdso_glibc.c, test_vdso_pie.c,
 * programs/clock.c.
 */
#include "check.h"

#include <elf.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#if defined(__x86_64__)
#define SYMBOL(name) "__vdso_" name
#define VERSION      "LINUX_2.6"
#elif defined(__aarch64__)
#define SYMBOL(name) "__kernel_" name
#define VERSION      "LINUX_2.6.39"
#endif

typedef long clock_fn(clockid_t clock, struct timespec *ts);
typedef long time_of_day_fn(struct timeval *tv, void *zone);

struct image {
	const char *base;
	const Elf64_Sym *sym;
	const char *str;
	const uint32_t *hash;           /* buckets, chains, … */
	const uint32_t *gnu_hash;       /* likewise, younger; or NULL */
	const uint16_t *versym;
	const Elf64_Verdef *verdef;
};

static const void *dynamic_find(const char *base, const Elf64_Dyn *d, long tag)
{
	for (; d->d_tag != DT_NULL; d++)
		if (d->d_tag == tag)
			return base + d->d_un.d_ptr;
	return NULL;
}

static void open_image(struct image *i)
{
	const Elf64_Ehdr *h = (const void *)getauxval(AT_SYSINFO_EHDR);
	const char *base = (const char *)h;
	const Elf64_Phdr *ph = (const void *)(base + h->e_phoff);
	const Elf64_Dyn *dynamic = NULL;

	CHECK(h && (uintptr_t)h % PAGE == 0);
	CHECK(!memcmp(h->e_ident, ELFMAG, SELFMAG) && h->e_type == ET_DYN);
	for (int n = 0; n < h->e_phnum; n++)
		if (ph[n].p_type == PT_DYNAMIC)
			dynamic = (const void *)(base + ph[n].p_vaddr);
	CHECK(dynamic);
	i->base = base;
	i->sym = dynamic_find(base, dynamic, DT_SYMTAB);
	i->str = dynamic_find(base, dynamic, DT_STRTAB);
	i->hash = dynamic_find(base, dynamic, DT_HASH);
	i->gnu_hash = dynamic_find(base, dynamic, DT_GNU_HASH);
	i->versym = dynamic_find(base, dynamic, DT_VERSYM);
	i->verdef = dynamic_find(base, dynamic, DT_VERDEF);
	CHECK(i->sym && i->str && i->hash && i->versym && i->verdef);
}

static const char *version_name(const struct image *i, unsigned int index)
{
	const Elf64_Verdef *v = i->verdef;

	while (v->vd_ndx != index) {
		CHECK(v->vd_next);
		v = (const void *)((const char *)v + v->vd_next);
	}
	return i->str +
	       ((const Elf64_Verdaux *)((const char *)v + v->vd_aux))->vda_name;
}

static void *find_function(const char *name)
{
	struct image i;

	open_image(&i);
	for (uint32_t n = 1; n < i.hash[1]; n++) {
		const Elf64_Sym *s = &i.sym[n];

		if (strcmp(i.str + s->st_name, name))
			continue;
		CHECK(ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_size);
		CHECK(!strcmp(version_name(&i, i.versym[n] & 0x7fff), VERSION));
		return (void *)(i.base + s->st_value);
	}
	return NULL;
}

static long long ns_of(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000ll + ts->tv_nsec;
}

static long long ask_kernel(clockid_t clock)
{
	struct timespec ts;

	CHECK(syscall(SYS_clock_gettime, clock, &ts) == 0);
	return ns_of(&ts);
}

static const clockid_t clocks[] = {
	CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
	CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
};
#define NR_CLOCKS (sizeof(clocks) / sizeof(*clocks))

static void clocks_agree(clock_fn *gettime)
{
	struct timespec ts;
	long long before;

	for (unsigned int i = 0; i < 100 * NR_CLOCKS; i++) {
		before = ask_kernel(clocks[i % NR_CLOCKS]);
		CHECK(gettime(clocks[i % NR_CLOCKS], &ts) == 0);
		CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
		CHECK(ns_of(&ts) >= before);
		CHECK(ns_of(&ts) <= ask_kernel(clocks[i % NR_CLOCKS]));
	}
}

CASE(clocks_are_those_of_the_call)
{
	clock_fn *gettime = find_function(SYMBOL("clock_gettime"));

	CHECK(gettime);
	clocks_agree(gettime);
}

CASE(time_of_day_is_that_of_the_call)
{
	time_of_day_fn *of_day = find_function(SYMBOL("gettimeofday"));
	struct timeval tv, again;
	int zone[2] = { 1, 1 };

	CHECK(of_day && of_day(NULL, NULL) == 0);
	CHECK(syscall(SYS_gettimeofday, &again, NULL) == 0);
	CHECK(of_day(&tv, zone) == 0 && zone[0] == 0 && zone[1] == 0);
	CHECK(!timercmp(&tv, &again, <));
	CHECK(syscall(SYS_gettimeofday, &again, NULL) == 0);
	CHECK(!timercmp(&again, &tv, <));
}

#ifdef SYS_time
CASE(seconds_are_those_of_the_call)
{
	time_t (*seconds)(time_t * where) = find_function(SYMBOL("time"));
	time_t before, now, stored;

	CHECK(seconds);
	before = syscall(SYS_time, NULL);
	now = seconds(&stored);
	CHECK(now == stored && before <= now);
	CHECK(now <= syscall(SYS_time, NULL) && seconds(NULL) >= now);
}
#endif

CASE(resolutions_are_those_of_the_call)
{
	clock_fn *getres = find_function(SYMBOL("clock_getres"));
	struct timespec ts, again;

	CHECK(getres);
	for (unsigned int i = 0; i < NR_CLOCKS; i++) {
		CHECK(getres(clocks[i], &ts) == 0);
		CHECK(syscall(SYS_clock_getres, clocks[i], &again) == 0);
		CHECK(ns_of(&ts) == ns_of(&again) && ns_of(&ts) > 0);
		CHECK(getres(clocks[i], NULL) == 0);
	}
	CHECK(getres(99, &ts) == -EINVAL);
}

/* What the page does not tell is asked of the kernel, errors too. */
CASE(other_clocks_go_to_the_kernel)
{
	clock_fn *gettime = find_function(SYMBOL("clock_gettime"));
	struct timespec ts;
	long long before = ask_kernel(CLOCK_PROCESS_CPUTIME_ID);

	CHECK(gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0);
	CHECK(ns_of(&ts) > before);
	CHECK(ns_of(&ts) < ask_kernel(CLOCK_PROCESS_CPUTIME_ID));
	before = ask_kernel(CLOCK_THREAD_CPUTIME_ID);
	CHECK(gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0);
	CHECK(ns_of(&ts) > before);
	CHECK(gettime(99, &ts) == -EINVAL);
	CHECK(gettime(CLOCK_PROCESS_CPUTIME_ID, (void *)8) == -EFAULT);
}

/* A bad address is an error of the call, but a fault in the program itself. */
static void ask_into_nowhere(void *arg)
{
	clock_gettime(*(clockid_t *)arg, (struct timespec *)8);
}

CASE(the_library_uses_it)
{
	clockid_t clock = CLOCK_MONOTONIC_COARSE;
	int status = in_child(ask_into_nowhere, &clock);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	clock = CLOCK_PROCESS_CPUTIME_ID;
	CHECK(in_child(ask_into_nowhere, &clock) == 0);
}

/* Where /proc/self/maps says that it is. Where its data is in a page of its
 * own, on Linux, that page lies in front and belongs to it. */
static void find_vdso(uintptr_t *start, uintptr_t *code, uintptr_t *end)
{
	FILE *f = fopen("/proc/self/maps", "r");
	uintptr_t from, to;
	char line[256], mode[5];

	CHECK(f);
	*start = *code = 0;
	while (!*code && fgets(line, sizeof(line), f)) {
		CHECK(sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3);
		if (strstr(line, "[vvar]"))
			*start = from;
		if (strstr(line, "[vdso]")) {
			CHECK(!strcmp(mode, "r-xp"));
			*code = from;
			*end = to;
		}
	}
	fclose(f);
	CHECK(*code);
	*start = *start ? *start : *code;
}

CASE(maps_shows_it)
{
	uintptr_t start, code, end;

	find_vdso(&start, &code, &end);
	CHECK(code == getauxval(AT_SYSINFO_EHDR));
}

static void write_to(void *arg) { *(volatile char *)arg = 1; }

CASE(it_is_not_writable)
{
	char *code = (char *)getauxval(AT_SYSINFO_EHDR);
	int status = in_child(write_to, code);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	status = in_child(write_to, code + PAGE - 1);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void move(uintptr_t from, uintptr_t end, uintptr_t to)
{
	if (from < end)
		CHECK(mremap((void *)from, end - from, end - from,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to) == (void *)to);
}

CASE(it_can_move)
{
	char *gettime = find_function(SYMBOL("clock_gettime"));
	uintptr_t start, code, end, at;

	find_vdso(&start, &code, &end);
	at = (uintptr_t)map_pages((end - start) / PAGE, PROT_NONE);
	move(start, code, at);
	move(code, end, at + (code - start));
	clocks_agree((clock_fn *)(gettime + (at - start)));
}

/* A debugger's breakpoint: the copy is as good. */
CASE(a_private_copy_tells_the_time)
{
	clock_fn *gettime = find_function(SYMBOL("clock_gettime"));
	uintptr_t start, code, end;
	volatile char *first;

	find_vdso(&start, &code, &end);
	first = (char *)code;
	CHECK(mprotect((void *)code, end - code,
		       PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	*first = *first;
	CHECK(mprotect((void *)code, end - code, PROT_READ | PROT_EXEC) == 0);
	clocks_agree(gettime);
}

CASE(the_clock_goes_on_in_a_child)
{
	struct timespec before, after;
	int status;
	pid_t pid;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
		CHECK(ns_of(&after) > ns_of(&before));
		clocks_agree(find_function(SYMBOL("clock_gettime")));
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* The symbol by the younger table: a filter, buckets, chains of hashes. */
static const Elf64_Sym *find_by_gnu_hash(const struct image *i,
					 const char *name)
{
	uint32_t nr_buckets = i->gnu_hash[0], first = i->gnu_hash[1];
	uint32_t nr_words = i->gnu_hash[2], shift = i->gnu_hash[3];
	const uint64_t *filter = (const uint64_t *)(i->gnu_hash + 4);
	const uint32_t *buckets = (const uint32_t *)(filter + nr_words);
	const uint32_t *chain = buckets + nr_buckets;
	uint32_t h = 5381, n;
	uint64_t word;

	for (const char *p = name; *p; p++)
		h = h * 33 + (unsigned char)*p;
	word = filter[h / 64 % nr_words];
	if (!(word >> h % 64 & word >> (h >> shift) % 64 & 1))
		return NULL;
	n = buckets[h % nr_buckets];
	if (!n)
		return NULL;
	for (;; n++) {
		if ((chain[n - first] | 1) == (h | 1) &&
		    !strcmp(i->str + i->sym[n].st_name, name))
			return &i->sym[n];
		if (chain[n - first] & 1)
			return NULL;
	}
}

/* Linux 6.1 has this table on x86_64 only. */
CASE(names_are_found_by_gnu_hash)
{
	const char *name = SYMBOL("clock_gettime");
	const Elf64_Sym *s;
	struct image i;

	open_image(&i);
#if defined(__x86_64__)
	CHECK(i.gnu_hash);
#endif
	if (!i.gnu_hash)
		return;
	s = find_by_gnu_hash(&i, name);
	CHECK(s && i.base + s->st_value == find_function(name));
	CHECK(!find_by_gnu_hash(&i, "no_such_function"));
}

#if defined(__x86_64__)
typedef long getcpu_fn(unsigned int *cpu, unsigned int *node, void *unused);

CASE(the_cpu_is_that_of_the_call)
{
	getcpu_fn *getcpu = (getcpu_fn *)find_function(SYMBOL("getcpu"));
	unsigned int cpu, node, now, seen = 0;
	cpu_set_t all, one;

	CHECK(getcpu && getcpu(NULL, NULL, NULL) == 0);
	CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
	for (unsigned int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
		node = 99;
		CHECK(getcpu(&cpu, &node, NULL) == 0);
		CHECK(cpu == i && node == 0);
		CHECK(syscall(SYS_getcpu, &now, NULL, NULL) == 0 && now == i);
		seen++;
	}
	CHECK(seen > 0);
}
#endif

int main(void)
{
	return run_cases();
}
