/* SPDX-License-Identifier: MIT */
/* The smallest program as a static position-independent executable. */
#include <stdio.h>

int main(void)
{
	puts("Hello from a static-pie program.");
	return 0;
}
