/* SPDX-License-Identifier: MIT */
/*
 * Dice and palettes of fuzz_calls.c: what an argument of a kind may be. Most
 * draws are such that the call gets somewhere, the rest are not.
 */
#ifndef TESTS_USER_FUZZ_DRAW_H
#define TESTS_USER_FUZZ_DRAW_H

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE        4096ul
#define ARENA_PAGES 64
#define FOLDER      "/tmp/fuzz"

/* ---- dice ---------------------------------------------------------------- */

static uint64_t dice;

static uint64_t roll(void)
{
	dice ^= dice >> 12;
	dice ^= dice << 25;
	dice ^= dice >> 27;
	return dice * 0x2545f4914f6cdd1dull;
}

static unsigned long below(unsigned long end)
{
	return (roll() >> 20) % end;
}

#define ONE_OF(array) ((array)[below(sizeof(array) / sizeof(*(array)))])

/* ---- palettes ------------------------------------------------------------ */

static char *arena;                     /* ARENA_PAGES, then a hole */
static char *read_only, *no_access, *hole;

static unsigned long some_address(void)
{
	const unsigned long bad[] = {
		0,
		8,
		(unsigned long)read_only,
		(unsigned long)no_access,
		(unsigned long)hole,
		(unsigned long)arena + ARENA_PAGES * PAGE - 3,
		0xffffffff80100000ul,
		0x0123456789abcdeful,
		~0ul,
		~0ul << 12,
		0x7ffffffff000ul,
		0xfffffffff000ul,
		0xffff000040000000ul,
		(unsigned long)&arena,
		(unsigned long)below,
	};

	if (below(4))
		return (unsigned long)arena + below(ARENA_PAGES * PAGE / 8) * 8;
	if (below(3) == 0)
		return (unsigned long)arena + below(ARENA_PAGES * PAGE);
	return ONE_OF(bad);
}

static unsigned long some_page(void)
{
	return below(8) ? (unsigned long)arena + below(ARENA_PAGES) * PAGE
			: some_address();
}

static unsigned long some_length(void)
{
	static const unsigned long odd[] = {
		0, 1, PAGE - 1, PAGE + 1, 1ul << 31, ~0ul, ~0ul >> 1,
		1ul << 47, 0x7ffff000, (unsigned long)-PAGE, 1ul << 24,
	};

	if (below(4) == 0)
		return ONE_OF(odd);
	return below(2) ? below(300) : below(32) * PAGE;
}

static unsigned long some_flags(void)
{
	unsigned long flags = 1ul << below(32);

	while (below(3))
		flags |= 1ul << below(32);
	return below(4) ? flags : below(64);
}

static unsigned long some_number(void)
{
	static const unsigned long odd[] = {
		~0ul, ~0ul >> 1, 1ul << 63, 1ul << 31, 0xffffffff, 1000000,
		4096, 65536,
	};

	return below(4) ? below(20) : ONE_OF(odd);
}

static unsigned long some_fd(void)
{
	static const unsigned long odd[] = { ~0ul, 1000000, 1024, 64,
					     (unsigned long)AT_FDCWD };

	return below(8) ? below(24) : ONE_OF(odd);
}

/* Never a process that is not of the family. */
static unsigned long some_pid(void)
{
	const unsigned long pids[] = { 0, (unsigned long)getpid(),
				       (unsigned long)syscall(SYS_gettid),
				       32100, 1ul << 31, 40000 };

	return ONE_OF(pids);
}

static const char *const paths[] = {
	"a", "b", "c", "dir", "dir/a", "dir/b", "dir/link", "link", "a/",
	"dir/../a", ".", "..", "", "/", "nothing/there",
	"null", "zero", "full", "urandom", "/proc/self/maps",
	"/proc/self/fd", "/proc/self/cwd", "/proc/self/status", "/proc/meminfo",
	"/proc/self/fd/3", FOLDER "/a", "fifo", "program",
};

static unsigned long some_path(void)
{
	char *at = arena + below(ARENA_PAGES * PAGE - 5000);

	if (below(10) == 0)
		return some_address();
	if (below(30) == 0) {
		memset(at, 'x', 4500);
		return (unsigned long)at;
	}
	return (unsigned long)strcpy(at, ONE_OF(paths));
}

static unsigned long some_struct(char kind)
{
	unsigned long *at =
		(unsigned long *)(arena +
				  below(ARENA_PAGES * PAGE / 8 - 32) * 8);

	if (below(8) == 0)
		return some_address();
	switch (kind) {
	case 't':                       /* times: short, or nonsense */
		for (int i = 0; i < 4; i++)
			at[i] = i % 2 ? below(2000000) : 0;
		if (below(4) == 0)
			at[below(4)] = some_number();
		break;
	case 'v':                       /* iovec, argv, pollfd, … */
		for (int i = 0; i < 16; i += 2) {
			at[i] = below(3) ? some_address() : some_path();
			at[i + 1] = some_length();
		}
		break;
	case 'x':                       /* argv: few strings */
		at[0] = some_path();
		at[1] = below(2) ? 0 : some_path();
		at[2] = 0;
		break;
	case 'm':                       /* words: masks, limits, flocks, … */
		for (int i = 0; i < 16; i++)
			at[i] = below(2) ? some_number() : some_flags();
		break;
	}
	return (unsigned long)at;
}

static unsigned long some_wild(void)
{
	switch (below(5)) {
	case 0: return some_address();
	case 1: return some_number();
	case 2: return some_flags();
	case 3: return some_length();
	default: return roll();
	}
}

/* An argument of this kind (fuzz_table.h). */
static unsigned long some_argument(char kind)
{
	if (kind == 'P')
		return some_pid();
	if (below(12) == 0)
		return some_wild();
	switch (kind) {
	case 'f': return some_fd();
	case 'a': return some_address();
	case 'g': return some_page();
	case 'l': return some_length();
	case 'n': return some_number();
	case 'F': return some_flags();
	case 'p': return some_path();
	case 's': return below(66);
	case 'S': return below(70) + 8;
	case '8': return below(10) ? 8 : some_number();
	case 't': case 'v': case 'x': case 'm': return some_struct(kind);
	default: return some_wild();
	}
}

#endif
