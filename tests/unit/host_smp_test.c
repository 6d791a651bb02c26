/* SPDX-License-Identifier: MIT */
/*
 * Calls between simulated CPUs (arch/host/smp.c, kernel/base/smp.c): as one
 * host thread that takes turns, as several at once, and while CPUs come and go.
 *
 *	host_smp_test [rounds]
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "arch/host/host.h"
#include "kernel/base/panic.h"
#include "kernel/base/smp.h"
#include "tests/unit/machine.h"

#define THREADS 3

static unsigned long rounds = 3000;
static u64 called[HOST_MAX_CPUS];       /* [atomic] */
static unsigned int playing;            /* [atomic] */
static bool failed;

#define CHECK(cond)                                                     \
	do {                                                            \
		if (!(cond)) {                                          \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failed = true;                                  \
		}                                                       \
	} while (0)

static void count_call(void *arg)
{
	__atomic_fetch_add(&called[this_cpu_read(cpu_number)], 1,
			   __ATOMIC_RELAXED);
	CHECK(!irq_enabled());
}

/* CPUs 1 and 2 are played by nobody: the caller answers for them. */
static void calls_to_cpus_without_a_player(void)
{
	host_set_cpu(2);
	host_set_cpu(1);
	host_set_cpu(0);
	irq_enable();
	smp_call(7, count_call, NULL);
	CHECK(called[0] == 0 && called[1] == 1 && called[2] == 1);
	CHECK(this_cpu_read(cpu_number) == 0 && irq_enabled());
	irq_disable();
	smp_call(2, count_call, NULL);
	irq_enable();
	CHECK(called[1] == 2);
}

/* Calls everybody, also CPUs whose threads have not begun or are gone. */
static void *call_all(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;

	if (me) {
		host_set_cpu(me);
		irq_enable();
	}
	__atomic_fetch_add(&playing, 1, __ATOMIC_RELAXED);
	for (unsigned long n = 0; n < rounds; n++) {
		smp_call((2u << THREADS) - 1, count_call, NULL);
		if (n == rounds / 2)    /* now all at once */
			while (__atomic_load_n(&playing, __ATOMIC_RELAXED) <=
			       THREADS)
				cpu_relax();
	}
	if (me)
		host_leave_cpu();
	return NULL;
}

static void everybody_calls_everybody(void)
{
	pthread_t thread[THREADS + 1];

	for (unsigned int cpu = 0; cpu <= THREADS; cpu++)
		called[cpu] = 0;
	cpus_online |= (2u << THREADS) - 1;
	for (uintptr_t cpu = 1; cpu <= THREADS; cpu++)
		if (pthread_create(&thread[cpu], NULL, call_all, (void *)cpu))
			abort();
	call_all(NULL);
	for (unsigned int cpu = 1; cpu <= THREADS; cpu++)
		while (pthread_tryjoin_np(thread[cpu], NULL))
			cpu_relax();    /* they may still call us */
	for (unsigned int cpu = 0; cpu <= THREADS; cpu++)
		CHECK(called[cpu] == THREADS * rounds);
}

static void run_test(unsigned int n, const char *name, void (*fn)(void))
{
	failed = false;
	fn();
	printf("%sok %u - %s\n", failed ? "not " : "", n, name);
	if (failed)
		exit(1);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 0);
	machine_boot(64, "loglevel=3");
	run_test(1, "calls_to_cpus_without_a_player",
		 calls_to_cpus_without_a_player);
	run_test(2, "everybody_calls_everybody", everybody_calls_everybody);
	printf("1..2\n");
	return 0;
}
