/* SPDX-License-Identifier: MIT */
/*
 * Many threads map, fault, protect, move, drop and unmap in one space.
 *
 *	ARENA   │ slice 0 │ slice 1 │ slice 2 │ …   neighbours in one page table
 *
 * Who owns a slice knows exactly what each of its pages must hold: a tag of
 * owner and generation, or zeroes. Others look into it meanwhile. They may meet
 * a hole; what they find otherwise is of this owner, and not older than what
 * the owner has already taken away (floor): a stale translation, a frame with
 * two owners and a page that was not zeroed all show as wrong contents.
 */
#include "stress.h"

#define SLICE 32                        /* pages */
#define FREE  64                        /* pages of the free-for-all */

struct slot {
	bool mapped;
	int prot;
	uint64_t tag;                   /* 0: never written */
};

struct slice {
	char *base;
	uint64_t owner, generation;
	struct slot page[SLICE];
	uint64_t floor[SLICE];          /* no older tag can be seen [atomic] */
	uint64_t faults;
};

static struct slice slices[MAX_THREADS];

/* The words of a page that are written: its ends and one between. */
static const int words[] = { 0, 100, 511 };

static volatile uint64_t *word_at(char *base, long page, int word)
{
	return (volatile uint64_t *)(base + (size_t)page * PAGE) + word;
}

static uint64_t next_tag(struct slice *s)
{
	return s->owner << 48 | ++s->generation;
}

static void raise_floor(struct slice *s, long page)
{
	__atomic_store_n(&s->floor[page], s->owner << 48 | s->generation,
			 __ATOMIC_RELEASE);
}

/* What an access to a page must come to. */
static enum touched slot_expects(const struct slot *p, int need)
{
	if (!p->mapped)
		return TOUCH_HOLE;
	return (p->prot & need) == need ? TOUCH_OK : TOUCH_FORBIDDEN;
}

static void check_page(struct slice *s, long page)
{
	const struct slot *p = &s->page[page];
	uint64_t value = 0;

	for (int i = 0; i < 3; i++) {
		enum touched got = try_load(word_at(s->base, page, words[i]),
					    &value);

		CHECK(got == slot_expects(p, PROT_READ));
		s->faults += got != TOUCH_OK;
		if (got == TOUCH_OK && value != p->tag)
			printf("# page %ld word %d of owner %d: %#llx, not "
			       "%#llx\n",
			       page, words[i], (int)s->owner,
			       (unsigned long long)value,
			       (unsigned long long)p->tag);
		CHECK(got != TOUCH_OK || value == p->tag);
	}
}

static void write_page(struct slice *s, long page)
{
	struct slot *p = &s->page[page];
	enum touched want = slot_expects(p, RW);
	uint64_t tag = next_tag(s);

	for (int i = 0; i < 3; i++)
		CHECK(try_store(word_at(s->base, page, words[i]), tag) == want);
	if (want == TOUCH_OK) {
		p->tag = tag;
		raise_floor(s, page);
	}
}

static void forget_pages(struct slice *s, long from, long nr, bool mapped)
{
	for (long i = from; i < from + nr; i++) {
		s->page[i] = (struct slot){ mapped, mapped ? RW : 0, 0 };
		s->generation++;
		raise_floor(s, i);
	}
}

static void map_range(struct slice *s, long from, long nr)
{
	map_at(s->base + (size_t)from * PAGE, (size_t)nr, RW);
	forget_pages(s, from, nr, true);
}

static void unmap_range(struct slice *s, long from, long nr)
{
	CHECK(munmap(s->base + (size_t)from * PAGE, (size_t)nr * PAGE) == 0);
	forget_pages(s, from, nr, false);
}

/* How many pages from here on have no hole between them, nr at most. */
static long mapped_run(const struct slice *s, long from, long nr)
{
	long run = 0;

	while (run < nr && s->page[from + run].mapped)
		run++;
	return run;
}

static void protect_range(struct slice *s, long from, long nr, int prot)
{
	nr = mapped_run(s, from, nr);
	if (!nr)
		return;
	CHECK(mprotect(s->base + (size_t)from * PAGE, (size_t)nr * PAGE,
		       prot) == 0);
	for (long i = from; i < from + nr; i++)
		s->page[i].prot = prot;
}

static void drop_range(struct slice *s, long from, long nr)
{
	nr = mapped_run(s, from, nr);
	if (!nr)
		return;
	CHECK(madvise(s->base + (size_t)from * PAGE, (size_t)nr * PAGE,
		      MADV_DONTNEED) == 0);
	for (long i = from; i < from + nr; i++) {
		s->page[i].tag = 0;
		s->generation++;
		raise_floor(s, i);
	}
}

/* A fresh range moves to the other half of the slice. */
static void move_range(struct slice *s, long from, long nr)
{
	long half = SLICE / 2, to;
	char *old, *new;

	from %= half;
	nr = nr > half - from ? half - from : nr;
	to = from + half;
	map_range(s, from, nr);
	for (long i = 0; i < nr; i += 2)
		write_page(s, from + i);
	old = s->base + (size_t)from * PAGE;
	new = s->base + (size_t)to *PAGE;
	CHECK(mremap(old, (size_t)nr * PAGE, (size_t)nr * PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, new) == new);
	for (long i = 0; i < nr; i++)
		s->page[to + i] = s->page[from + i];
	forget_pages(s, from, nr, false);
	for (long i = 0; i < nr; i++)
		check_page(s, to + i);
}

static void one_step(struct slice *s, struct dice *d)
{
	long from = roll_below(d, SLICE);
	long nr = 1 + roll_below(d, SLICE - from < 8 ? SLICE - from : 8);

	switch (roll_below(d, 10)) {
	case 0:
	case 1:
		map_range(s, from, nr);
		break;
	case 2:
		unmap_range(s, from, nr);
		break;
	case 3:
		protect_range(s, from, nr, PROT_NONE);
		break;
	case 4:
		protect_range(s, from, nr, PROT_READ);
		break;
	case 5:
		protect_range(s, from, nr, RW);
		break;
	case 6:
		drop_range(s, from, nr);
		break;
	case 7:
		move_range(s, from, nr);
		break;
	default:
		for (long i = from; i < from + nr; i++)
			write_page(s, i);
	}
	for (long i = from; i < from + nr; i++)
		check_page(s, i);
}

/* A look into any slice. */
static void look_around(struct dice *d)
{
	struct slice *s = &slices[roll_below(d, plan.threads)];
	long page = roll_below(d, SLICE);
	uint64_t floor = __atomic_load_n(&s->floor[page], __ATOMIC_ACQUIRE);
	uint64_t value;

	if (try_load(word_at(s->base, page, words[roll_below(d, 3)]), &value) !=
		    TOUCH_OK ||
	    !value)
		return;
	if (value < floor || value >> 48 != s->owner)
		printf("# page %ld of owner %d shows %#llx, floor %#llx\n",
		       page, (int)s->owner, (unsigned long long)value,
		       (unsigned long long)floor);
	CHECK(value >= floor && value >> 48 == s->owner);
}

static void slices_begin(void)
{
	for (long t = 0; t < plan.threads; t++) {
		memset(&slices[t], 0, sizeof(slices[t]));
		slices[t].base = ARENA + (size_t)t * SLICE * PAGE;
		slices[t].owner = (uint64_t)t + 1;
	}
}

static void slices_end(void)
{
	uint64_t faults = 0;

	for (long t = 0; t < plan.threads; t++) {
		for (long i = 0; i < SLICE; i++)
			check_page(&slices[t], i);
		unmap_range(&slices[t], 0, SLICE);
		faults += slices[t].faults;
	}
	CHECK(faults > 0);
}

static void work_alone(struct member *m)
{
	for (long i = 0; i < m->ops; i++)
		one_step(&slices[m->nr], &m->dice);
}

/* Neighbours share tables and VMAs, and nothing else. */
CASE(each_in_its_slice)
{
	stress_begin();
	slices_begin();
	team_start(plan.threads, work_alone);
	team_end();
	slices_end();
}

static void work_and_look(struct member *m)
{
	for (long i = 0; i < m->ops; i++) {
		one_step(&slices[m->nr], &m->dice);
		for (int look = 0; look < 8; look++)
			look_around(&m->dice);
	}
}

CASE(others_see_nothing_old)
{
	stress_begin();
	slices_begin();
	team_start(plan.threads, work_and_look);
	team_end();
	slices_end();
}

/* ---- everybody everywhere ------------------------------------------------ */

/* Moves are by multiples of 8 pages: a tag's place modulo 8 stays true. */
static uint64_t free_tag(const struct member *m, long page)
{
	return 0x5a5a0000 | (uint64_t)m->nr << 8 | (uint64_t)page % 8;
}

static void free_access(struct member *m, long page)
{
	volatile uint64_t *at = word_at(ARENA, page, words[m->nr % 3]);
	uint64_t value;

	if (roll_below(&m->dice, 2)) {
		(void)try_store(at, free_tag(m, page));
		return;
	}
	if (try_load(at, &value) != TOUCH_OK || !value)
		return;
	CHECK(value >> 16 == 0x5a5a && (value & 0xff) == (uint64_t)page % 8 &&
	      (long)(value >> 8 & 0xff) < plan.threads);
}

static void free_move(char *at, long page, long nr, struct dice *d)
{
	char *to = ARENA +
		   (size_t)(page % 8 + 8 * roll_below(d, FREE / 8 - 1)) * PAGE;
	void *got;

	if (to < at + (size_t)nr * PAGE && at < to + (size_t)nr * PAGE)
		return;
	got = mremap(at, (size_t)nr * PAGE, (size_t)nr * PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CHECK(got == to || (got == MAP_FAILED && errno == EFAULT));
}

static void free_step(struct member *m)
{
	long page = roll_below(&m->dice, FREE);
	long nr = 1 + roll_below(&m->dice, FREE - page < 8 ? FREE - page : 8);
	char *at = ARENA + (size_t)page * PAGE;
	size_t len = (size_t)nr * PAGE;

	switch (roll_below(&m->dice, 12)) {
	case 0:
	case 1:
	case 2:
		map_at(at, (size_t)nr, RW);
		break;
	case 3:
		CHECK(munmap(at, len) == 0);
		break;
	case 4:
		CHECK(mprotect(at, len, PROT_READ) == 0 || errno == ENOMEM);
		break;
	case 5:
		CHECK(mprotect(at, len, RW) == 0 || errno == ENOMEM);
		break;
	case 6:
		CHECK(madvise(at, len, MADV_DONTNEED) == 0 || errno == ENOMEM);
		break;
	case 7:
		free_move(at, page, nr, &m->dice);
		break;
	default:
		for (long i = 0; i < nr; i++)
			free_access(m, page + i);
	}
}

static void work_anywhere(struct member *m)
{
	for (long i = 0; i < m->ops; i++)
		free_step(m);
}

CASE(free_for_all)
{
	unsigned char seen[FREE];

	stress_begin();
	team_start(plan.threads, work_anywhere);
	team_end();
	CHECK(munmap(ARENA, FREE * PAGE) == 0);
	CHECK(mincore(ARENA, FREE * PAGE, seen) == -1 && errno == ENOMEM);
}

/* Page tables come and go under everybody: 2 MiB apart, one page each. */
static void work_far_apart(struct member *m)
{
	char *own = ARENA + (size_t)m->nr * PAGE;

	for (long i = 0; i < m->ops; i++) {
		char *at = own + (size_t)roll_below(&m->dice, 16) * (2ul << 20);
		volatile uint64_t *word = (volatile uint64_t *)at;

		map_at(at, 1, RW);
		CHECK(*word == 0);
		*word = (uint64_t)i << 8 | (uint64_t)m->nr;
		CHECK(*word == ((uint64_t)i << 8 | (uint64_t)m->nr));
		CHECK(munmap(at, PAGE) == 0);
	}
}

CASE(tables_come_and_go)
{
	stress_begin();
	team_start(plan.threads, work_far_apart);
	team_end();
}

int main(int argc, char **argv)
{
	return stress_main(argc, argv);
}
