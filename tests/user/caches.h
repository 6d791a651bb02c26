/* SPDX-License-Identifier: MIT */
/* The kernel's objects, by cache, for tests that must leave none behind. */
#ifndef TESTS_USER_CACHES_H
#define TESTS_USER_CACHES_H

#include <stdio.h>

#define MAX_CACHES 64
#define SLACK      24                   /* objects that may come to stay */

struct cache { char name[32]; long objects, in_slab; };

/* From /proc/slabinfo: how many caches. 0: no such file. */
static int read_caches(struct cache *c)
{
	FILE *f = fopen("/proc/slabinfo", "r");
	char line[300];
	int nr = 0;

	while (f && nr < MAX_CACHES && fgets(line, sizeof(line), f))
		if (sscanf(line, "%31s %ld %*d %*d %ld", c[nr].name,
			   &c[nr].objects, &c[nr].in_slab) == 3)
			nr++;
	if (f)
		fclose(f);
	return nr;
}

#endif
