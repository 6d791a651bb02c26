/* SPDX-License-Identifier: MIT */
/*
 * Dice, and arguments drawn with them: mostly what makes sense together in a
 * small arena, sometimes what no program would say.
 */
#include "memdiff.h"

#include <sys/mman.h>

/**
 * dice_of() - the dice of one step: the same for ever
 */
struct dice dice_of(uint64_t seed, uint64_t nr)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + nr + 1;

	for (int i = 0; i < 3; i++) {   /* neighbours must have nothing in common */
		x = (x ^ x >> 31) * 0xd1b54a32d192ed03ull;
		x ^= x >> 29;
	}
	return (struct dice){ x | 1 };
}

/**
 * roll() - the next number: xorshift with a multiplied end [Knuth2, 3.2.2]
 */
uint64_t roll(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * 0x2545f4914f6cdd1dull;
}

/**
 * below() - a number of [0, end)
 */
long below(struct dice *d, long end)
{
	return (long)(roll(d) >> 33) % end;
}

/**
 * chance() - true in so many of a hundred throws
 */
bool chance(struct dice *d, int percent)
{
	return below(d, 100) < percent;
}

/* Where mappings were made lately. */
enum { NR_RECENT = 8 };
static struct range recent[NR_RECENT];
static int next_recent;

/**
 * draw_remember() - a mapping was made: later steps like to go there
 */
void draw_remember(uintptr_t at, size_t len)
{
	recent[next_recent++ % NR_RECENT] = (struct range){ at, len };
}

/* Somewhere in a mapping made lately, or beside it. */
static uintptr_t draw_recent(struct dice *d)
{
	struct range r = recent[below(d, NR_RECENT)];
	long nr_pages = (long)((r.len + PAGE - 1) / PAGE);
	uintptr_t at;

	if (!r.at || nr_pages > 64)
		return windows[ARENA].base;
	if (chance(d, 30))
		return r.at;
	at = r.at + (uintptr_t)(below(d, nr_pages + 2) - 1) * PAGE;
	return where_is(at) ? at : r.at;
}

/**
 * draw_page() - a page of a window, mostly of the arena
 */
uintptr_t draw_page(struct dice *d)
{
	long where = below(d, 100);
	const struct window *w = &windows[ARENA];

	if (chance(d, 50))
		return draw_recent(d);
	if (where < 72)
		return w->base + (uintptr_t)below(d, ARENA_PAGES) * PAGE;
	if (where < 86) {               /* near the last that the kernel chose */
		w = &windows[CHOSEN];
		return w->base +
		       (uintptr_t)(CHOSEN_PAGES - 1 - below(d, 40)) * PAGE;
	}
	if (where < 93) {
		w = &windows[HEAP];
		return w->base + (uintptr_t)below(d, 16) * PAGE;
	}
	w = &windows[STACKS];
	return w->base + (uintptr_t)below(d, w->nr_pages) * PAGE;
}

/* Bits that no address has, and no tag. */
#if defined(__aarch64__)
enum { HIGH_BIT = 49 };
#else
enum { HIGH_BIT = 56 };
#endif

/**
 * draw_tag() - the same pointer, now and then with a tag, where there are such
 */
uintptr_t draw_tag(struct dice *d, uintptr_t va)
{
	if (!TAG_BITS || !chance(d, 8))
		return va;
	return va | (uintptr_t)(1 + below(d, 255)) << 56;
}

/* Addresses that are wrong, or nearly so; never the program's own. */
static uintptr_t draw_wild(struct dice *d, uintptr_t page)
{
	static const uintptr_t far[] = {
		0, PAGE, 0xf000, 0x10000, 1, 0x7ffffffff000,
		0x800000000000, 0x1000000000000,
		0xffff800000000000, 0xfffffffffffff000,
		1ul << 55, 1ul << 62 | 1ul << 55,
	};

	switch (below(d, 3)) {
	case 0:
		return page + (uintptr_t)below(d, PAGE);
	case 1:
		page = windows[ARENA].base +
		       (uintptr_t)below(d, ARENA_PAGES) * PAGE;
		return page | (uintptr_t)(1 + below(d, 127)) << HIGH_BIT;
	default:
		return far[below(d, sizeof(far) / sizeof(far[0]))];
	}
}

/**
 * draw_addr() - a page, or now and then something wild
 */
uintptr_t draw_addr(struct dice *d)
{
	uintptr_t page = draw_page(d);

	return draw_tag(d, chance(d, 4) ? draw_wild(d, page) : page);
}

/**
 * draw_pages() - a length of some pages, not always whole
 */
size_t draw_pages(struct dice *d)
{
	size_t nr_pages = 1 + (size_t)below(d, 4);

	if (chance(d, 40))
		nr_pages += (size_t)below(d, 16);
	return nr_pages * PAGE - (chance(d, 10) ? (size_t)below(d, PAGE) : 0);
}

/**
 * draw_len() - the same, or now and then something wild
 */
size_t draw_len(struct dice *d)
{
	static const size_t odd[] = {
		0,	   1,	      PAGE - 1,	       PAGE + 1,
		1ul << 48, 1ul << 63, ~0ul - 2 * PAGE, ~0ul - PAGE + 1,
		~0ul,
	};

	return chance(d, 4) ? odd[below(d, sizeof(odd) / sizeof(odd[0]))]
			    : draw_pages(d);
}

/**
 * draw_range() - address and length
 *
 * At most one of them is wild: together they could reach the program itself, and
 * above the chosen window there is nothing else.
 */
struct range draw_range(struct dice *d)
{
	struct range r = { draw_addr(d), draw_pages(d) };

	if (where_is(r.at))
		r.len = draw_len(d);
	if (where_is(r.at) == &windows[CHOSEN] && r.len > 1ul << 40)
		r.len = -PAGE;
	return r;
}

/**
 * say_range() - the same for people
 */
void say_range(struct range r)
{
	say_place(r.at);
	if (r.len % PAGE || r.len > 4096 * PAGE)
		say(" %#lx", r.len);
	else
		say(" +%lu", r.len / PAGE);
}

/**
 * draw_prot() - rights
 */
int draw_prot(struct dice *d)
{
	long x = below(d, 100);

	if (x < 52)
		return PROT_READ | PROT_WRITE;
	if (x < 72)
		return PROT_READ;
	if (x < 82)
		return PROT_NONE;
	if (x < 99)
		return (int)below(d, 8);
	return 1 << below(d, 31) & ~0x30; /* BTI, MTE: not of this ABI */
}
