/* SPDX-License-Identifier: MIT */
/*
 * Several simulated CPUs: who plays which, and interrupts between them.
 *
 *   one host thread     takes turns: host_set_cpu(n), and it goes on as CPU n
 *   several             each plays a CPU of its own, all at once
 *
 * An interrupt waits in host_cpu.ipis until its CPU lets it in (irq.c). A CPU
 * that nobody plays just now would never do so: whoever calls it (IPI_CALL)
 * and waits for the answer plays it for as long as the call takes. Other kinds
 * wait for its next turn.
 *
 * Invariants:
 *  [H2] at most one host thread plays a CPU: host_cpu.player names it;
 *  [H3] a CPU without a player has no IPI_CALL waiting: who sends one looks
 *       for a player after the send, and who stops playing looks for a call
 *       after that, so one of the two sees the other.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/smp.h"

#include "arch/host/machine.h"
#include "arch/trap.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "lib/errno.h"

#define YIELD_EVERY 64                  /* turns of a spin loop */

/* Its address names the host thread; the other one's whoever stands in for a
 * CPU that nobody plays, for one call. */
static __thread char host_thread_name;
static char host_stand_in;

bool host_cpu_is_mine(void)
{
	return __atomic_load_n(&host_cpu->player, __ATOMIC_RELAXED) ==
	       &host_thread_name;
}

/* NULL: it is player's now; else who plays it. */
static const void *host_cpu_try(struct host_cpu *c, const void *player)
{
	const void *other = NULL;

	__atomic_compare_exchange_n(&c->player, &other, player, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return other;
}

bool host_cpu_claim(struct host_cpu *c)
{
	const void *other = host_cpu_try(c, &host_thread_name);

	while (other == &host_stand_in) {       /* not for long */
		syscall(SYS_sched_yield);
		other = host_cpu_try(c, &host_thread_name);
	}
	return !other;
}

bool host_cpus_all_mine(void)
{
	for (u32 i = 0; i < HOST_MAX_CPUS; i++) {
		const void *player = __atomic_load_n(&host_cpus[i].player,
						     __ATOMIC_RELAXED);

		if (player && player != &host_thread_name)
			return false;
	}
	return true;
}

void host_cpu_yield(void)
{
	static __thread u32 turns;

	if (++turns % YIELD_EVERY == 0 && !host_cpus_all_mine())
		syscall(SYS_sched_yield);
}

void host_ipis_deliver(void)
{
	u32 ipis = __atomic_exchange_n(&host_cpu->ipis, 0, __ATOMIC_SEQ_CST);
	struct trap_frame tf = { .pc = (uintptr_t)__builtin_return_address(0),
				 .fp = (uintptr_t)__builtin_frame_address(0),
				 .nr = -1 };

	for (; ipis; ipis &= ipis - 1)
		smp_received((enum ipi)__builtin_ctz(ipis), &tf);
}

/* The calling thread is c for the moment; its own CPU waits. */
static void host_call_as(struct host_cpu *c)
{
	struct host_cpu *mine = host_cpu;
	bool irq_on = c->irq_on;

	__atomic_fetch_and(&c->ipis, ~(1u << IPI_CALL), __ATOMIC_SEQ_CST);
	host_cpu = c;
	c->irq_on = false;
	(void)this_cpu_nest(irq_depth, 1);
	smp_received(IPI_CALL, &(struct trap_frame){ .nr = -1 });
	(void)this_cpu_nest(irq_depth, -1);
	c->irq_on = irq_on;
	host_cpu = mine;
}

/* [H3] */
static void host_serve_if_unplayed(struct host_cpu *c)
{
	while (__atomic_load_n(&c->ipis, __ATOMIC_SEQ_CST) >> IPI_CALL & 1 &&
	       !host_cpu_try(c, &host_stand_in)) {
		host_call_as(c);
		__atomic_store_n(&c->player, NULL, __ATOMIC_SEQ_CST);
	}
}

void host_cpu_release(struct host_cpu *c)
{
	__atomic_store_n(&c->player, NULL, __ATOMIC_SEQ_CST);
	host_serve_if_unplayed(c);
}

void smp_send(u64 cpus, enum ipi why)
{
	for (u32 i = 0; i < HOST_MAX_CPUS; i++) {
		struct host_cpu *c = &host_cpus[i];

		if (!(cpus >> i & 1) || c == host_cpu)
			continue;
		__atomic_fetch_or(&c->ipis, 1u << why, __ATOMIC_SEQ_CST);
		host_serve_if_unplayed(c);
	}
}

/* No firmware here: a host thread becomes CPU n by host_set_cpu(n). */
unsigned int smp_firmware_cpus(void)
{
	return 1;
}

int smp_start_cpu(const struct smp_start *start)
{
	return -ENODEV;
}
