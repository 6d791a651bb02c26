/* SPDX-License-Identifier: MIT */
/*
 * Who goes on: actors as coroutines of one host thread, each on its own CPU.
 *
 *	actor 0 (CPU 1)  ──●────●──────┐          ┌──●───►
 *	                               │ order    │
 *	actor 1 (CPU 2)                └──●───●───┘
 *
 * An actor looks around (order_step) at every yield point of the kernel, before
 * every lock, around flushes and traps. There the run's order says who goes on.
 * It is one of three, drawn by the seed:
 *
 *	few      priorities, and at up to three points that are drawn first
 *	         the one that runs falls to the lowest: finds what needs
 *	         few changes in many runs
 *	often    at each point somebody else with probability 1/2 … 1/16
 *	given    exactly the changes of an earlier run, or some of them
 *
 * An actor that waits hands over at once: sleeping locks sleep by sched_block(),
 * which is ours here; who spins passes host_irq_poll(). If nobody can go on,
 * that is a deadlock, told with who waits for what. Interrupts do not exist, and
 * code that keeps them off is not interrupted by other CPUs either, so that
 * IRQ-safe locks are never contended.
 *
 * The allocators remember earlier runs, and a seed shall do the same each time: so
 * there is no looking around in them but in runs about them (order.deep).
 */
#define _GNU_SOURCE
#include <ucontext.h>

#include "lib/string.h"
#include "tests/unit/explore.h"

#define STACK_SIZE (256u << 10)
#define MAX_STEPS  200000 /* of one run: more is a livelock */
#define TRACE_MAX  4096

struct actor {
	struct thread thread;
	ucontext_t uc;
	bool done;
	u32 priority;
	const struct spinlock *spins_on;
};

/* Of lockdebug.c: the spinlocks that a CPU holds or wants. */
DECLARE_PERCPU(struct held_locks, held_spinlocks);

struct trace_entry {
	u8 actor;
	const char *what, *detail;
};

static struct actor actor[ACTORS];
static char stacks[ACTORS][STACK_SIZE] __aligned(64);
static unsigned int nr_actors;
static int current = -1; /* who runs; -1: the program */
static ucontext_t program;
static void (*actor_main)(unsigned int n);

static struct order *order;
static u32 step;       /* looks around so far */
static u32 odds;       /* 0: by priorities */
static u32 fall_at[3]; /* steps where the runner falls */
static u32 lowest;     /* next priority to fall to */

static struct trace_entry trace_log[TRACE_MAX];
static u32 trace_nr;

void __real_sched_block(void);
void __real_thread_wake(struct thread *t);
void __real_host_irq_poll(void);
void __real_lock_debug_acquire(const void *lock, enum lock_rank rank);
void __wrap_sched_block(void);
void __wrap_thread_wake(struct thread *t);
void __wrap_host_irq_poll(void);
void __wrap_lock_debug_acquire(const void *lock, enum lock_rank rank);

int order_actor(void)
{
	return current;
}

struct thread *order_thread(unsigned int n)
{
	return &actor[n].thread;
}

void order_stand_on(int n)
{
	host_cpu = &host_cpus[n + 1];
}

u32 order_steps(void)
{
	return step;
}

/* model.h keeps a state for each file that includes it; this one counts. */
void dice_seed(u64 seed)
{
	draw_state = seed * 0x9e3779b97f4a7c15ull | 1;
	for (int i = 0; i < 8; i++)
		draw();
}

u64 dice(u64 n)
{
	return draw_below(n);
}

/* ---- the trace ------------------------------------------------------------ */

static void trace_add(const char *what, const char *detail)
{
	if (trace_nr < TRACE_MAX)
		trace_log[trace_nr++] = (struct trace_entry){ (u8)current, what,
							      detail };
}

u64 order_trace_hash(void)
{
	u64 hash = trace_nr;

	for (u32 i = 0; i < trace_nr; i++)
		hash = (hash ^ trace_log[i].actor ^
			(uintptr_t)trace_log[i].what << 8) *
		       0x9e3779b97f4a7c15ull;
	return hash;
}

/* One line for as long as the same actor runs. */
void order_print_trace(void)
{
	int last = -1;

	for (u32 i = 0; i < trace_nr; i++) {
		const struct trace_entry *t = &trace_log[i];

		if (t->actor != last)
			printf("%s#   CPU %u:", last < 0 ? "" : "\n",
			       t->actor + 1);
		printf(" %s%s%s", t->what, *t->detail ? " " : "", t->detail);
		last = t->actor;
	}
	if (current >= 0 && current != last)
		printf("\n#   CPU %d goes on", current + 1);
	printf("\n");
	if (trace_nr == TRACE_MAX)
		printf("#   … and so on\n");
}

/* ---- who can go on ---------------------------------------------------------- */

static bool actor_can_run(const struct actor *a)
{
	return !a->done && READ_ONCE(a->thread.state) != THREAD_SLEEPING &&
	       !(a->spins_on && spin_is_locked(a->spins_on));
}

/* The lock that an actor waits for is the last that it said it would take. */
static const struct held_lock *actor_wants(int n)
{
	const struct held_locks *held =
		actor[n].spins_on ? cpu_ptr(held_spinlocks, (u32)n + 1)
				  : &actor[n].thread.held;

	return held->nr ? &held->lock[held->nr - 1] : NULL;
}

static void print_waiter(int n)
{
	const struct held_lock *want = actor_wants(n);

	printf("#   CPU %d %s %s; it holds", n + 1,
	       actor[n].spins_on ? "spins on" : "sleeps for",
	       want ? lock_rank_names[want->rank] : "nothing known");
	for (int kind = 0; kind < 2; kind++) {
		const struct held_locks *held = kind ? cpu_ptr(held_spinlocks,
							       (u32)n + 1)
						     : &actor[n].thread.held;

		for (u32 i = 0; i < held->nr; i++)
			if (&held->lock[i] != want)
				printf(" %s",
				       lock_rank_names[held->lock[i].rank]);
	}
	printf("\n");
}

static void deadlock(void)
{
	for (unsigned int n = 0; n < nr_actors; n++)
		if (!actor[n].done)
			print_waiter((int)n);
	explore_fail("deadlock: nobody can go on");
}

/* ---- the choice --------------------------------------------------------------- */

static int best_priority(void)
{
	int best = -1;

	for (unsigned int n = 0; n < nr_actors; n++)
		if (actor_can_run(&actor[n]) &&
		    (best < 0 || actor[n].priority > actor[best].priority))
			best = (int)n;
	return best;
}

static int any_runnable(void)
{
	unsigned int n = (unsigned int)dice(nr_actors);

	for (unsigned int i = 0; i < nr_actors; i++, n++)
		if (actor_can_run(&actor[n % nr_actors]))
			return (int)(n % nr_actors);
	return -1;
}

static int next_runnable(int from)
{
	for (unsigned int i = 0; i < nr_actors; i++) {
		unsigned int n = ((unsigned int)from + i) % nr_actors;

		if (actor_can_run(&actor[n]))
			return (int)n;
	}
	return -1;
}

static int given_choice(void)
{
	for (u32 i = 0; i < order->nr; i++)
		if (order->taken[i].step == step &&
		    order->taken[i].actor < nr_actors &&
		    actor_can_run(&actor[order->taken[i].actor]))
			return order->taken[i].actor;
	return next_runnable(current < 0 ? 0 : current);
}

static int drawn_choice(void)
{
	if (odds) {
		if (current >= 0 && actor_can_run(&actor[current]) &&
		    dice(odds))
			return current;
		return any_runnable();
	}
	for (size_t i = 0; i < array_size(fall_at); i++)
		if (current >= 0 && fall_at[i] == step)
			actor[current].priority = lowest--;
	return best_priority();
}

/* -1: nobody can go on. Notes what was decided. */
static int choose(void)
{
	int next = order->given ? given_choice() : drawn_choice();

	if (!order->given && next >= 0 && next != current &&
	    order->nr < MAX_SWITCH)
		order->taken[order->nr++] = (struct taken_over){ step,
								 (u8)next };
	return next;
}

static void switch_to(int next)
{
	int from = current;

	if (next == from)
		return;
	current = next;
	host_cpu = &host_cpus[next + 1];
	swapcontext(from < 0 ? &program : &actor[from].uc,
		    next < 0 ? &program : &actor[next].uc);
}

static void order_hand_over(void)
{
	bool all_done = true;
	int next;

	if (++step > MAX_STEPS)
		explore_fail("livelock: %u looks around", MAX_STEPS);
	next = choose();
	for (unsigned int n = 0; n < nr_actors; n++)
		all_done &= actor[n].done;
	if (next < 0 && !all_done)
		deadlock();
	switch_to(next);
}

void order_step(const char *what, const char *detail)
{
	if (current < 0 || !irq_enabled())
		return;
	trace_add(what, detail);
	order_hand_over();
}

/* ---- the kernel looks around ----------------------------------------------------- */

void explore_yield(enum yield_id id)
{
	static const char *const name[YIELD_NR] = {
#define X(point, gap) [YIELD_##point] = #point,
		YIELD_POINTS(X)
#undef X
	};

	bool inside = id == YIELD_page_unowned || id == YIELD_slab_chain;

	if (!inside || order->deep)
		order_step(name[id], "");
}

void __wrap_lock_debug_acquire(const void *lock, enum lock_rank rank)
{
	bool inside = rank >= RANK_SLAB_LIST && rank <= RANK_ZONE;

	if (rank < RANK_WAIT && (!inside || (order && order->deep)))
		order_step("lock", lock_rank_names[rank]);
	__real_lock_debug_acquire(lock, rank);
}

/* Also called by who lets interrupts in: only a spinner does not own the lock
 * that it said last it would take. */
void __wrap_host_irq_poll(void)
{
	const struct held_locks *held = this_cpu_ptr(held_spinlocks);
	const struct spinlock *l;

	if (current < 0) {
		__real_host_irq_poll();
		return;
	}
	if (!held->nr)
		return;
	l = held->lock[held->nr - 1].lock;
	if (!spin_is_locked(l) || l->owner == current + 2)
		return;
	trace_add("spin", "");
	actor[current].spins_on = l;
	order_hand_over();
	actor[current].spins_on = NULL;
}

void __wrap_sched_block(void)
{
	if (current < 0) {
		__real_sched_block();
		return;
	}
	while (READ_ONCE(actor[current].thread.state) == THREAD_SLEEPING) {
		trace_add("sleep", "");
		order_hand_over();
	}
}

void __wrap_thread_wake(struct thread *t)
{
	for (unsigned int n = 0; n < nr_actors; n++)
		if (t == &actor[n].thread) {
			if (t->state == THREAD_SLEEPING)
				t->state = THREAD_RUNNING;
			return;
		}
	__real_thread_wake(t);
}

/* ---- a run ------------------------------------------------------------------------ */

static void actor_start(void)
{
	struct actor *a = &actor[current];

	actor_main((unsigned int)current);
	a->done = true;
	order_hand_over();
	panic("explore: an actor came back");
}

/* How this seed decides. */
static void order_draw(struct order *o)
{
	static const u32 spread[] = { 20, 60, 200, 400 };
	u64 reach;

	odds = dice(3) ? 0 : 2u << dice(4);
	reach = spread[dice(array_size(spread))];
	for (size_t i = 0; i < array_size(fall_at); i++)
		fall_at[i] = 1 + (u32)dice(reach);
	for (unsigned int n = 0; n < nr_actors; n++)
		actor[n].priority = 1000 + (u32)dice(1000);
	lowest = 999;
	o->nr = 0;
}

void order_run(struct order *o, unsigned int nr, void (*fn)(unsigned int n))
{
	order = o;
	actor_main = fn;
	nr_actors = nr;
	step = trace_nr = 0;
	dice_seed(o->seed);
	if (!o->given)
		order_draw(o);
	for (unsigned int n = 0; n < nr; n++) {
		actor[n].done = false;
		actor[n].spins_on = NULL;
		actor[n].thread.state = THREAD_RUNNING;
		makecontext(&actor[n].uc, actor_start, 0);
	}
	order_hand_over();
	nr_actors = 0;
}

/** order_init() - the actors' CPUs, threads and stacks. */
void order_init(void)
{
	for (unsigned int n = 0; n < ACTORS; n++) {
		struct actor *a = &actor[n];

		getcontext(&a->uc);
		a->uc.uc_stack.ss_size = STACK_SIZE;
		a->uc.uc_stack.ss_sp = stacks[n];
		a->thread.cpu = n + 1;
		a->thread.id = (int)n + 1;
		str_copy(a->thread.name, "actor", sizeof(a->thread.name));
		*cpu_ptr(current_thread_ptr, n + 1) = &a->thread;
		host_cpus[n + 1].irq_on = true;
		cpus_online |= (u64)2 << n;
	}
}
