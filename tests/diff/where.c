/* SPDX-License-Identifier: MIT */
/*
 * The windows of the address space that sequences play in.
 *
 *	  heap                arena      stacks                chosen
 *	├──────┤ …          ├───────┤ ├──────────┤     …    ├──────────┤▒▒▒▒▒▒
 *	 B        brk        1 TiB     + 1 GiB                         L filled
 *
 * Arena and stacks are at fixed addresses. Where the heap begins (B) and where
 * the kernel puts a mapping without a hint depend on what else is there, so
 * where_init() fills every hole above L: from then on the top-down search of
 * any kernel begins at L, and pages are counted from there. A little of what fills
 * the holes belongs to the window.
 *
 * A page below the stacks keeps them from growing into the arena.
 *
 * Whether two neighbours that could be one VMA are one is a kernel's own
 * affair, but mremap fails across a border. So every border that a call may
 * have left is remembered as a cut, the same on every kernel.
 */
#include "memdiff.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct window windows[NR_WINDOWS] = {
	[ARENA] = { 'a', 0x10000000000, 256, { false } },
	[STACKS] = { 's', 0x10040000000, 1024, { false } },
	[HEAP] = { 'h', 0, 512, { false } },
	[CHOSEN] = { 'k', 0, CHOSEN_PAGES + 64, { false } },
};

/* Takes one mapping wherever the kernel likes it. */
static uintptr_t take(size_t len)
{
	void *p = mmap(NULL, len, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("memdiff: no address space");
		_exit(1);
	}
	return (uintptr_t)p;
}

/* Fills holes of at least len bytes below the top; the lowest address taken. */
static uintptr_t fill(uintptr_t floor, size_t len)
{
	uintptr_t at;

	while ((at = take(len)) + len != floor)
		if (at < floor)
			floor = at;
	return at;
}

/**
 * where_init() - learn B and L
 */
void where_init(void)
{
	uintptr_t brk = (uintptr_t)syscall(SYS_brk, 0), floor = ~0ul;

	(void)mmap((void *)(windows[STACKS].base - PAGE), PAGE, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	brk = (brk + PAGE - 1) & ~(PAGE - 1);
	(void)syscall(SYS_brk, brk);
	windows[HEAP].base = brk;
	floor = take(64 * 1024 * PAGE);
	for (size_t len = 16 * 1024 * PAGE; len >= PAGE; len /= 4)
		floor = fill(floor, len);
	windows[CHOSEN].base = floor - CHOSEN_PAGES * PAGE;
	for (int i = CHOSEN_PAGES; i < CHOSEN_PAGES + 64; i++)
		windows[CHOSEN].cut[i] = true;  /* what fills the holes */
}

/**
 * where_is() - the window that an access by this pointer goes to, or NULL
 */
const struct window *where_is(uintptr_t va)
{
	va = untagged(va);
	for (int i = 0; i < NR_WINDOWS; i++) {
		const struct window *w = &windows[i];

		if (va >= w->base && va - w->base < (size_t)w->nr_pages * PAGE)
			return w;
	}
	return NULL;
}

static bool *cut_at(uintptr_t va)
{
	const struct window *w = where_is(va);

	va = untagged(va);
	return w ? &windows[w - windows].cut[(va - w->base) / PAGE] : NULL;
}

/**
 * where_cut() - a call begins and ends here: VMAs may do so from now on
 */
void where_cut(uintptr_t va, size_t len)
{
	bool *first = cut_at(va), *end = cut_at(va + len + PAGE - 1);

	if (first)
		*first = true;
	if (end)
		*end = true;
}

/**
 * where_fresh() - [va, va + len) has become one mapping
 */
void where_fresh(uintptr_t va, size_t len)
{
	for (uintptr_t at = va; at < va + len; at += PAGE) {
		bool *cut = cut_at(at);

		if (!cut)
			break;
		*cut = false;
	}
	where_cut(va, len);
}

/**
 * where_has_cut() - may a VMA begin strictly inside [va, va + len)?
 */
bool where_has_cut(uintptr_t va, size_t len)
{
	if (len > 2048 * PAGE)
		return true;
	for (uintptr_t at = (va & ~(PAGE - 1)) + PAGE; at < va + len;
	     at += PAGE) {
		bool *cut = cut_at(at);

		if (!cut || *cut)
			return true;
	}
	return false;
}
