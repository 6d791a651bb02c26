/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers of this folder share: they spend a fixed budget, and the
 * same seed gives the same inputs.
 *
 *	NAME_fuzz [rounds [seed]]
 *
 *	int main(int argc, char **argv)
 *	{
 *		unsigned long rounds = fuzz_rounds(argc, argv, 40000);
 *		...  draw(), draw_near(), fuzz_damage()
 *		must(accepted > rounds / 10, "inputs are too wild");
 *	}
 *
 * Those with an LLVMFuzzerTestOneInput() can be driven by libFuzzer instead
 * (clang -DLIBFUZZER -fsanitize=fuzzer,address,undefined ...): then main() and
 * its inputs are left out.
 */
#ifndef TESTS_UNIT_FUZZ_H
#define TESTS_UNIT_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/types.h"

#define FUZZ_INPUT_MAX 16384

struct fuzz_input {
	size_t size;
	u8 bytes[FUZZ_INPUT_MAX] __aligned(8);
};

static u64 draw_state = 1;

/* xorshift64: every number but 0, in an order that draw_state decides. */
static inline u64 draw(void)
{
	draw_state ^= draw_state << 13;
	draw_state ^= draw_state >> 7;
	draw_state ^= draw_state << 17;
	return draw_state;
}

/* One of the edges or its neighbour, or a number of any length. */
static inline u64 draw_near(const u64 *edges, size_t nr)
{
	if (draw() % 3)
		return edges[draw() % nr] + draw() % 3 - 1;
	return draw() >> draw() % 64;
}

/* The rounds that the arguments ask for, or usual; takes the seed as well. */
static inline unsigned long fuzz_rounds(int argc, char **argv,
					unsigned long usual)
{
	if (argc > 2)
		draw_state = strtoul(argv[2], NULL, 0) | 1;
	return argc > 1 ? strtoul(argv[1], NULL, 0) : usual;
}

/* Ends with words, and where a debugger or libFuzzer can see the input. */
static inline void must(bool truth, const char *what)
{
	if (truth)
		return;
	printf("# %s\nnot ok\n", what);
	fflush(stdout);
	abort();
}

/* The three damages that any format can take: a bit, a byte, and rarely the
 * end, at an offset below in->size. how: 0 to 2; value: the byte. */
static inline void fuzz_damage(struct fuzz_input *in, size_t at,
			       unsigned int how, u8 value)
{
	if (how == 0)
		in->bytes[at] ^= (u8)(1 << draw() % 8);
	else if (how == 1)
		in->bytes[at] = value;
	else if (draw() % 8 == 0)
		in->size = at;
}

#endif
