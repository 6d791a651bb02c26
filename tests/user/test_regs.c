/* SPDX-License-Identifier: MIT */
/* Registers belong to the program, whatever happens to it between two
 * instructions: a page fault, an interrupt, another program. */
#include "check.h"

/* More values than any machine has registers, all of them needed on both sides:
 * the compiler keeps in registers what it can. */
#define EIGHT(X, n)                                                            \
	X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define VALUES(X) EIGHT(X, 1) EIGHT(X, 2) EIGHT(X, 3) EIGHT(X, 4)

#define MADE(n) unsigned long value_##n = seed * (2 * (n) + 3);
#define KEPT(n) CHECK(value_##n == as_made * (2 * (n) + 3));

CASE(page_faults_keep_registers)
{
	char *volatile p = map_pages(64, RW);

	for (unsigned long i = 0; i < 64; i++) {
		unsigned long as_made = i + 0x0123456789abcdef;
		volatile unsigned long seed = as_made;

		VALUES(MADE)
		*(volatile char *)(p + i * PAGE) = 1;
		VALUES(KEPT)
	}
}

/* Spins, all registers full, until the other has come to the word. */
static void take_turns(volatile unsigned int *turn, unsigned int me)
{
	for (unsigned int i = 0; i < 8; i++) {
		unsigned long as_made = (i + 1) * 0x0123456789abcdeful + me;
		volatile unsigned long seed = as_made;

		VALUES(MADE)
		while (*turn != 2 * i + me)
			;
		*turn = *turn + 1;
		VALUES(KEPT)
	}
}

CASE(preemption_keeps_registers)
{
	volatile unsigned int *turn = mmap(NULL, PAGE, RW,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	CHECK(turn != MAP_FAILED);
	pid = fork();
	CHECK(pid >= 0);
	take_turns(turn, pid == 0);
	if (pid == 0)
		_exit(0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void) { return run_cases(); }
