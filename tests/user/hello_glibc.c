/* SPDX-License-Identifier: MIT */
/* The smallest program, linked statically with the GNU C library. */
#include <stdio.h>

int main(void)
{
	puts("Hello from a static glibc program.");
	return 0;
}
