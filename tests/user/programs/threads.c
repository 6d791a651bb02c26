/* SPDX-License-Identifier: MIT */
/*
 * Threads in a dynamically linked program, built with both C libraries: their
 * loaders place the segments, the thread-local data and the stacks. Prints what
 * was counted; test_tools.c knows what that must be.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NR_THREADS 8
#define NR_ROUNDS  1000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static __thread int own;
static int total, turn, cleaned;
static int (*count)(void);

/* The destructor of a thread's value. */
static void clean(void *value)
{
	pthread_mutex_lock(&lock);
	cleaned += *(int *)value;
	pthread_mutex_unlock(&lock);
	free(value);
}

/* Waits for its turn, so that all threads sleep on one condition. */
static void take_turn(int me)
{
	pthread_mutex_lock(&lock);
	while (turn != me)
		pthread_cond_wait(&changed, &lock);
	turn++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static pthread_key_t key;

static void *work(void *arg)
{
	int me = (int)(long)arg, *value = malloc(sizeof(*value)), last = 0;

	*value = me;
	pthread_setspecific(key, value);
	take_turn(me);
	for (int i = 0; i < NR_ROUNDS; i++) {
		own++;
		last = count();
		pthread_mutex_lock(&lock);
		total++;
		pthread_mutex_unlock(&lock);
	}
	return (void *)(long)(own * 1000 + last);
}

int main(int argc, char **argv)
{
	void *plugin = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW);
	pthread_t thread[NR_THREADS];
	void *result;

	if (!plugin) {
		printf("dlopen: %s\n", dlerror());
		return 1;
	}
	count = (int (*)(void))dlsym(plugin, "plugin_count");
	if (!count || pthread_key_create(&key, clean))
		return 1;
	for (long i = 0; i < NR_THREADS; i++)
		if (pthread_create(&thread[i], NULL, work, (void *)i))
			return 1;
	for (int i = 0; i < NR_THREADS; i++) {
		pthread_join(thread[i], &result);
		printf("%ld ", (long)result);
	}
	printf("total %d cleaned %d cos %.6f\n", total, cleaned,
	       cos((double)argc));
	return dlclose(plugin);
}
