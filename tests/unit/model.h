/* SPDX-License-Identifier: MIT */
/*
 * For models that run on a booted host machine: expectations, and a source of
 * reproducible random numbers.
 *
 * Plain programs, because cmocka catches the SIGSEGV with which the host
 * machine fills its TLBs. Results are TAP; the first failure ends the program.
 */
#ifndef TESTS_UNIT_MODEL_H
#define TESTS_UNIT_MODEL_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/types.h"
#include "tests/unit/machine.h"

#define EXPECT(cond)                                                       \
	((cond) ? (void)0 : model_fail(__FILE__, __LINE__, #cond, 0, 0))
#define EXPECT_SAME(a, b)                                                  \
	model_same(__FILE__, __LINE__, #a " == " #b, (u64)(a), (u64)(b))
/* A check function must say NULL. */
#define EXPECT_SOUND(expr)                                                 \
	do {                                                               \
		const char *why__ = (expr);                                \
		if (why__)                                                 \
			model_fail(__FILE__, __LINE__, why__, 0, 0);       \
	} while (0)

static inline void model_fail(const char *file, int line, const char *what,
			      u64 a, u64 b)
{
	printf("# %s:%d: %s", file, line, what);
	if (a != b)
		printf(" (%#llx, %#llx)", (unsigned long long)a,
		       (unsigned long long)b);
	printf("\nnot ok\n");
	fflush(stdout);
	_Exit(1);
}

static inline void model_same(const char *file, int line, const char *what,
			      u64 a, u64 b)
{
	if (a != b)
		model_fail(file, line, what, a, b);
}

static inline void model_run(const char *name, void (*fn)(void))
{
	fn();
	printf("ok - %s\n", name);
}

static u64 draw_state = 1;

static inline u64 draw(void)
{
	draw_state ^= draw_state << 13;
	draw_state ^= draw_state >> 7;
	draw_state ^= draw_state << 17;
	return draw_state * 0x2545f4914f6cdd1dull;
}

/* 0 … n - 1 */
static inline u64 draw_below(u64 n)
{
	return draw() % n;
}

#endif
