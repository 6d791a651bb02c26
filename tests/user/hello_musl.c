/* SPDX-License-Identifier: MIT */
/* The smallest program, linked statically with musl. */
#include <stdio.h>

int main(void)
{
	puts("Hello from a static musl program.");
	return 0;
}
