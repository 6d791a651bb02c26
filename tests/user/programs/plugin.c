/* SPDX-License-Identifier: MIT */
/* A library for threads.c to load: it has a constructor and thread-local data. */
static __thread int calls = 100;
static int loaded;

__attribute__((constructor)) static void plugin_start(void)
{
	loaded = 7;
}

/* Counts the calls of each thread, from 107 on. */
int plugin_count(void)
{
	return loaded + calls++;
}
