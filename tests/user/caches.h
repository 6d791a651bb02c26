/* SPDX-License-Identifier: MIT */
/* The kernel's objects, by cache, for tests that must leave none behind. */
#ifndef TESTS_USER_CACHES_H
#define TESTS_USER_CACHES_H

#include <stdio.h>

#define MAX_CACHES 64
#define SLACK      24                   /* objects that may come to stay */

struct cache { char name[32]; long objects; };

/* From /proc/slabinfo: how many caches. 0: no such file. */
static int read_caches(struct cache *c)
{
	FILE *f = fopen("/proc/slabinfo", "r");
	char line[300];
	int nr = 0;

	while (f && nr < MAX_CACHES && fgets(line, sizeof(line), f))
		if (sscanf(line, "%31s %ld", c[nr].name, &c[nr].objects) == 2)
			nr++;
	if (f)
		fclose(f);
	return nr;
}

/* Caches that have grown since `before`, or cannot be compared; say: which. The
 * count is exact on any number of CPUs. */
static int grown_caches(const struct cache *before, int nr, int say)
{
	static struct cache now[MAX_CACHES];
	int grown = 0;

	if (read_caches(now) != nr)
		return say ? 1 : 0;
	for (int i = 0; i < nr; i++) {
		if (now[i].objects <= before[i].objects + SLACK)
			continue;
		grown++;
		if (say)
			printf("# %s: %ld objects, then %ld\n", before[i].name,
			       before[i].objects, now[i].objects);
	}
	return grown;
}

#endif
