/* SPDX-License-Identifier: MIT */
/*
 * The memory calls, one step each: draw the arguments, say them, call, note what
 * came back.
 */
#include "memdiff.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/**
 * raw() - a result as the kernel gave it: -errno instead of -1
 */
long raw(long result)
{
	return result == -1 ? -errno : result;
}

/* Below, Linux lets root map, if it insists. */
enum { LOWEST = 0x10000 };

/* Advice over what is not memory of ours must wrap to be harmless. */
static struct range draw_advised(struct dice *d)
{
	struct range r = draw_range(d);

	if (r.len > 1ul << 40)
		r.len = -PAGE;
	return r;
}

/* Whether a result is an address and not an error. */
static bool is_address(long result)
{
	return (unsigned long)result < -4096ul;
}

static void note_address(long result)
{
	if (is_address(result))
		note_place("=", (uintptr_t)result);
	else
		note_result(result);
}

static void say_prot(int prot)
{
	say(" %c%c%c", prot & PROT_READ ? 'r' : '-',
	    prot & PROT_WRITE ? 'w' : '-', prot & PROT_EXEC ? 'x' : '-');
	if (prot & ~7)
		say("+%#x", prot & ~7);
}

/* A mapping has been made. */
static void made(uintptr_t at, size_t len)
{
	where_fresh(at, len);
	draw_remember(at, len);
}

/* ---- mmap ---------------------------------------------------------------------- */

/* Flags that change little, each seldom. */
static int draw_extra_flags(struct dice *d)
{
	static const struct {
		int flag, percent;
	} extra[] = {
		{ MAP_NORESERVE, 5 },  { MAP_POPULATE, 8 },
		{ MAP_LOCKED, 3 },     { MAP_NONBLOCK, 3 },
		{ MAP_STACK, 3 },      { MAP_DENYWRITE, 2 },
		{ MAP_EXECUTABLE, 2 }, { MAP_HUGETLB, 1 },
		{ MAP_GROWSDOWN, 1 },
	};
	int flags = 0;

	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
		if (chance(d, extra[i].percent))
			flags |= extra[i].flag;
	if (chance(d, 1))
		flags |= 1 << below(d, 31);
#ifdef MAP_32BIT
	flags &= ~MAP_32BIT;            /* outside of Quire's ABI */
#endif
	return flags;
}

static int draw_type(struct dice *d)
{
	long x = below(d, 100);

	if (x < 62)
		return MAP_PRIVATE;
	if (x < 94)
		return MAP_SHARED;
	return x < 98 ? MAP_SHARED_VALIDATE : (int)below(d, 16);
}

struct mmap_args {
	struct range r;
	int prot, flags, fd;
	long offset;
};

static void draw_place(struct dice *d, struct mmap_args *m)
{
	long x = below(d, 100);

	if (x < 50)
		m->flags |= MAP_FIXED;
	else if (x < 58)
		m->flags |= MAP_FIXED_NOREPLACE;
	else if (x < 80)
		m->r.at = 0;
}

/* Where lone stacks begin: page 300, 600, 900 of their window. */
enum { LONE_STACKS = 3, LONE_STACK_PAGES = 300 };
static int stacks_made[1 + LONE_STACKS]; /* how often */

/* A stack that grows: somewhere in its window, with room below. */
static void draw_stack(struct dice *d, struct mmap_args *m)
{
	const struct window *w = &windows[STACKS];
	long nr;

	m->r.at = w->base + (uintptr_t)below(d, w->nr_pages - 16) * PAGE;
	m->r.len = draw_pages(d);
	if (lone_stacks) {
		nr = 1 + below(d, LONE_STACKS);
		stacks_made[nr]++;
		m->r.at = w->base + (uintptr_t)nr * LONE_STACK_PAGES * PAGE;
		m->r.len = 4 * PAGE;
	}
	m->flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED;
	m->prot = PROT_READ | (chance(d, 90) ? PROT_WRITE : 0);
}

static long draw_file_offset(struct dice *d)
{
	long offset = below(d, 12) * (long)PAGE;

	if (chance(d, 2))
		offset += 1 + below(d, PAGE - 1);
	if (chance(d, 2))
		offset = (long)(roll(d) & ~(PAGE - 1));
	return offset;
}

static struct mmap_args draw_mmap(struct dice *d)
{
	struct mmap_args m = { .r = draw_range(d), .fd = -1 };

	m.prot = draw_prot(d);
	m.flags = draw_type(d) | draw_extra_flags(d);
	draw_place(d, &m);
	if (chance(d, 50)) {
		m.flags |= MAP_ANONYMOUS;
		if (chance(d, 10))
			m.offset = draw_file_offset(d);
	} else {
		m.fd = draw_fd(d);
		m.offset = draw_file_offset(d);
		if (!strcmp(drawn_fd(), "zero") && m.offset % PAGE == 0)
			m.offset = 0;   /* Linux: SIGBUS behind its own size */
		if (!strcmp(drawn_fd(), "zero") && !private_zero)
			m.flags = (m.flags & ~15) | MAP_SHARED;
	}
	if (m.flags & MAP_ANONYMOUS && (m.flags & MAP_TYPE) == MAP_PRIVATE)
		m.flags &= ~MAP_GROWSDOWN; /* stacks have their own window */
	if (m.flags & MAP_ANONYMOUS)
		m.flags &= ~MAP_HUGETLB; /* huge pages have rules of their own */
	if (chance(d, 8)) {
		draw_stack(d, &m);
		m.fd = -1;
	}
	return m;
}

/* step_mmap() */
void step_mmap(struct dice *d)
{
	struct mmap_args m = draw_mmap(d);
	long at;

	say(" mmap");
	say_range(m.r);
	say_prot(m.prot);
	say(" flags %#x %s %#lx", m.flags,
	    m.flags & MAP_ANONYMOUS ? "anon" : drawn_fd(), m.offset);
	if (m.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) && m.r.at < LOWEST)
		m.r.at += LOWEST;
	where_cut(m.r.at, m.r.len);
	at = raw(syscall(SYS_mmap, m.r.at, m.r.len, m.prot, m.flags, m.fd,
			 m.offset));
	note_address(at);
	if (is_address(at))
		made((uintptr_t)at, m.r.len);
}

/* ---- the rest of the family --------------------------------------------------------- */

/* step_munmap() */
void step_munmap(struct dice *d)
{
	struct range r = draw_range(d);

	say(" munmap");
	say_range(r);
	where_cut(r.at, r.len);
	note_result(raw(syscall(SYS_munmap, r.at, r.len)));
}

/* Has a lone stack that looks the same grown down to another, or been made anew
 * on top of what it had grown to? */
static bool stacks_touch(uintptr_t at)
{
	struct range r = maps_range(at);
	int nr = 0;

	for (int i = 1; i <= LONE_STACKS; i++) {
		uintptr_t made = windows[STACKS].base +
				 (uintptr_t)i * LONE_STACK_PAGES * PAGE;

		if (made - r.at < r.len)
			nr += made > r.at && stacks_made[i] > 1 ? 2 : 1;
	}
	return nr > 1;
}

static bool data_limited;

/*
 * step_mprotect()
 *
 * Under RLIMIT_DATA it stops at the first VMA that does not fit, and what is one VMA
 * is a kernel's own affair; so is where a stack begins that touches another, for
 * PROT_GROWSDOWN.
 */
void step_mprotect(struct dice *d)
{
	struct range r = draw_range(d);
	int prot = draw_prot(d);

	if (chance(d, lone_stacks ? 20 : 0))
		prot |= PROT_GROWSDOWN;
	say(" mprotect");
	say_range(r);
	say_prot(prot);
	if ((data_limited && where_has_cut(r.at, r.len)) ||
	    (prot & PROT_GROWSDOWN && stacks_touch(r.at))) {
		say(" not over a seam");
		return;
	}
	where_cut(r.at, r.len);
	note_result(raw(syscall(SYS_mprotect, r.at, r.len, prot)));
}

/* Mostly all of a range between two cuts, or its end. */
static struct range draw_piece(struct dice *d)
{
	struct range r = draw_range(d);

	if (!where_is(r.at) || r.len > 64 * PAGE || r.at % PAGE)
		return r;
	while (r.len > PAGE && where_has_cut(r.at, r.len))
		r.len = (r.len - 1) & ~(PAGE - 1);
	return r;
}

static int draw_mremap_flags(struct dice *d)
{
	long x = below(d, 100);

	if (x < 15)
		return 0;
	if (x < 50)
		return MREMAP_MAYMOVE;
	if (x < 85)
		return MREMAP_MAYMOVE | MREMAP_FIXED;
	if (x < 95)
		return MREMAP_MAYMOVE | 4 | (chance(d, 50) ? MREMAP_FIXED : 0);
	return (int)below(d, 16);
}

/*
 * step_mremap() - another size or place
 *
 * Over a cut where neighbours look like one mapping, each kernel may see one VMA
 * or two: there nothing is done.
 */
void step_mremap(struct dice *d)
{
	struct range old = draw_piece(d);
	int flags = draw_mremap_flags(d);
	size_t len = chance(d, 35) ? old.len : draw_len(d);
	uintptr_t to = draw_addr(d);
	long at;

	if (to < LOWEST)
		to += LOWEST;
	if (where_is(old.at) == &windows[STACKS] && lone_stacks) {
		say(" not of a stack");
		return;
	}
	if (where_is(old.at) == &windows[STACKS]) {
		flags |= MREMAP_FIXED;  /* a stack stays among stacks */
		to = windows[STACKS].base + (uintptr_t)below(d, 1000) * PAGE;
	}
	if (chance(d, 4))
		old.len = 0;
	say(" mremap");
	say_range(old);
	say(" to %#lx flags %d", len, flags);
	say_place(to);
	if (where_has_cut(old.at, old.len) && old.len < 1ul << 40 &&
	    maps_has_one(old.at & ~(PAGE - 1), old.len)) {
		say(" not over a seam");
		return;
	}
	where_cut(old.at, old.len);
	at = raw(syscall(SYS_mremap, old.at, old.len, len, flags, to));
	if (flags & MREMAP_FIXED)
		where_cut(to, len);
	where_cut(old.at, len);
	note_address(at);
	if (is_address(at))
		made((uintptr_t)at, len);
}

/* step_madvise() - the contents after MADV_FREE are anybody's guess: they go */
void step_madvise(struct dice *d)
{
	static const uint8_t weighted[] = { 4, 4, 4, 8, 22, 23 };
	struct range r = draw_advised(d);
	int advice = chance(d, 40) ? weighted[below(d, sizeof(weighted))]
				   : (int)below(d, 25);

	if (advice == MADV_REMOVE)
		advice = MADV_DONTNEED; /* has a step of its own */
	if (advice == MADV_WIPEONFORK && private_zero)
		advice = MADV_KEEPONFORK;
	if (advice == MADV_PAGEOUT && !pages_leave)
		advice = MADV_COLD;
	say(" madvise");
	say_range(r);
	say(" %d", advice);
	where_cut(r.at, r.len);
	note_result(raw(syscall(SYS_madvise, r.at, r.len, advice)));
	if (advice == MADV_FREE)
		(void)syscall(SYS_madvise, r.at, r.len, MADV_DONTNEED);
}

/* step_remove() - holes in the files that are mapped here */
void step_remove(struct dice *d)
{
	struct range r = draw_advised(d);

	say(" remove");
	say_range(r);
	where_cut(r.at, r.len);
	if (private_zero)               /* a file on Linux, none here */
		return;
	note_result(raw(syscall(SYS_madvise, r.at, r.len, MADV_REMOVE)));
}

/* step_lock() - mlock, mlock2, munlock */
void step_lock(struct dice *d)
{
	struct range r = draw_range(d);
	long kind = below(d, 5), result;

	say(" lock %ld", kind);
	say_range(r);
	where_cut(r.at, r.len);
	if (kind < 2)
		result = syscall(SYS_mlock, r.at, r.len);
	else if (kind == 2)
		result = syscall(SYS_mlock2, r.at, r.len, below(d, 3));
	else
		result = syscall(SYS_munlock, r.at, r.len);
	note_result(raw(result));
}

/* step_lock_all() - mlockall, munlockall */
void step_lock_all(struct dice *d)
{
	long flags = below(d, 9);

	if (chance(d, 60)) {
		say(" munlockall");
		note_result(raw(syscall(SYS_munlockall)));
	} else {
		say(" mlockall %ld", flags);
		note_result(raw(syscall(SYS_mlockall, flags)));
	}
}

/* step_brk() - another end of the heap */
void step_brk(struct dice *d)
{
	uintptr_t base = windows[HEAP].base, to, now;

	to = base + (uintptr_t)below(d, 24) * PAGE;
	if (chance(d, 25))
		to += (uintptr_t)below(d, PAGE);
	if (chance(d, 5))
		to = chance(d, 50) ? base - PAGE : roll(d);
	to = draw_tag(d, to);
	now = (uintptr_t)syscall(SYS_brk, 0);
	say(" brk");
	say_place(to);
	where_cut(now, 0);
	now = (uintptr_t)raw(syscall(SYS_brk, to));
	where_cut(now, 0);
	note_place("=", now);
}

/* step_msync() */
void step_msync(struct dice *d)
{
	struct range r = draw_range(d);
	long flags = below(d, 9);

	say(" msync");
	say_range(r);
	say(" %ld", flags);
	note_result(raw(syscall(SYS_msync, r.at, r.len, flags)));
}

/*
 * step_mincore() - which pages are there
 *
 * In a child, whether the zero page was copied along with the pages around it is the
 * kernel's own affair; so is what leaves memory by MADV_PAGEOUT.
 */
void step_mincore(struct dice *d)
{
	static unsigned char vec[64 * 1024];
	struct range r = draw_range(d);
	uintptr_t to = draw_tag(d, (uintptr_t)vec);
	long result;

	memset(vec, 0x55, 64);
	say(" mincore");
	say_range(r);
	if (to != (uintptr_t)vec)
		say(" to a tagged place");
	result = raw(syscall(SYS_mincore, r.at, r.len, to));
	note_result(result);
	if (result)
		return;
	say(" ");
	for (size_t i = 0; i < (r.len + PAGE - 1) / PAGE && i < 64; i++) {
		if (pages_leave ||
		    (in_child && maps_is_anonymous(r.at + i * PAGE)))
			continue;
		note(vec[i]);
		say("%d", vec[i]);
	}
}

/* step_limit() - as much as now and a little more, or no limit */
void step_limit(struct dice *d)
{
	static const struct {
		int nr;
		const char *name, *now;
	} limits[] = {
		{ RLIMIT_AS, "as", "VmSize:" },
		{ RLIMIT_DATA, "data", "VmData:" },
		{ RLIMIT_STACK, "stack", NULL },
	};
	long which = below(d, 3), more = below(d, 40) * 4;
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (limits[which].nr == RLIMIT_STACK && !lone_stacks)
		which = 0;
	data_limited |= limits[which].nr == RLIMIT_DATA;
	say(" limit %s", limits[which].name);
	if (chance(d, 60)) {
		limit.rlim_cur = (rlim_t)more * 1024;
		if (limits[which].now)
			limit.rlim_cur +=
				1024 * (rlim_t)read_status(limits[which].now);
		say(" %ld more", more / 4);
	}
	note_result(
		raw(syscall(SYS_prlimit64, 0, limits[which].nr, &limit, NULL)));
}

/*
 * step_remap() - remap_file_pages: other pages of the file that is mapped here
 *
 * Where a memfd is sealed against further writing, Linux still knows that its
 * descriptor may write; here such a mapping only reads. Nothing is done there.
 */
void step_remap(struct dice *d)
{
	struct range r = draw_range(d);
	long prot = chance(d, 5) ? draw_prot(d) : 0;
	long page = chance(d, 5) ? (long)roll(d) : below(d, 12);
	long flags = chance(d, 20) ? 1l << below(d, 20) : 0;

	say(" remap_file_pages");
	say_range(r);
	say(" %ld %#lx flags %#lx", prot, page, flags);
	if (maps_has_file(r.at, r.len, "memdiff-mem")) {
		say(" not of a memfd");
		return;
	}
	where_cut(r.at & ~(PAGE - 1), r.len & ~(PAGE - 1));
	note_result(raw(
		syscall(SYS_remap_file_pages, r.at, r.len, prot, page, flags)));
}

enum { PR_TAGS_SET = 55, PR_TAGS_GET = 56 };

/* step_tags() - may system calls be given tagged pointers? */
void step_tags(struct dice *d)
{
	long ctrl = chance(d, 95) ? below(d, 2) : (long)roll(d);

	say(" tags %#lx", ctrl);
	note_result(raw(syscall(SYS_prctl, PR_TAGS_SET, ctrl, 0, 0, 0)));
	note_result(raw(syscall(SYS_prctl, PR_TAGS_GET, 0, 0, 0, 0)));
}
