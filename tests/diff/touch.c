/* SPDX-License-Identifier: MIT */
/*
 * Touching memory: a load, a store, a jump, and what signal came of it.
 *
 * A second thread of the sequence does some of it. It waits on a futex in
 * between, so only one of the two is ever at work and the order is fixed, but on
 * several CPUs it keeps a TLB of its own.
 */
#include "memdiff.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

const uint16_t spots[NR_SPOTS] = { 0, 8, 64, 1000, 2048, 3000, 4080, 4088 };

#if defined(__x86_64__)
static const uint32_t code_return = 0xccccccc3; /* ret, int3 … */
#else
static const uint32_t code_return = 0xd65f03c0; /* ret */
#endif

static sigjmp_buf back;
static volatile bool touching;
static volatile int last_signal, last_code;
static volatile uintptr_t last_addr;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	last_signal = sig;
	last_code = info->si_code;
	last_addr = (uintptr_t)info->si_addr;
	if (!touching) {
		say(" unexpected signal %d at %#lx", sig, last_addr);
		end_line();
		_exit(98);
	}
	siglongjmp(back, sig);
}

/**
 * touch_init() - from now on a fault is an answer; flags: more of sigaction's
 */
void touch_init(int flags)
{
	struct sigaction act = { .sa_sigaction = on_signal,
				 .sa_flags = SA_SIGINFO | SA_NODEFER | flags };

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	sigaction(SIGILL, &act, NULL);
	sigaction(SIGTRAP, &act, NULL);
}

static void note_signal(void)
{
	touching = false;
	note_number("signal", last_signal);
	note_number("code", last_code);
	note_place("at", last_addr);
}

/**
 * note_page() - checksum of one page, or the signal that it gives
 */
void note_page(uintptr_t page)
{
	uint64_t sum = 0;

	if (sigsetjmp(back, 0)) {
		say(" |");
		note_signal();
		return;
	}
	touching = true;
	for (int i = 0; i < NR_SPOTS; i++)
		sum = (sum ^ *(volatile uint64_t *)(page + spots[i])) *
		      0x9e3779b97f4a7c15ull;
	touching = false;
	note(sum);
	if (sum) {
		say(" |");
		say_place(page);
		say(" %04lx", (unsigned long)(sum >> 48));
	}
}

/* Calls the code at `at` if it is a plain return. */
static void jump(uintptr_t at)
{
	uint32_t code = *(volatile uint32_t *)at;

	note_number("code", code == code_return);
	if (code == code_return) {
		__builtin___clear_cache((char *)at, (char *)at + 4);
		((void (*)(void))at)();
	}
}

/**
 * touch() - load from, store to, or jump to an address; the result counts
 */
void touch(uintptr_t at, enum touch_kind kind, uint64_t value)
{
	if (sigsetjmp(back, 0)) {
		note_signal();
		return;
	}
	touching = true;
	if (kind == TOUCH_EXEC)
		jump(at);
	else if (kind == TOUCH_WRITE)
		*(volatile uint64_t *)at = value;
	else
		note_number("is", (long)*(volatile uint64_t *)at);
	touching = false;
	say(" ok");
}

/* ---- the second thread ------------------------------------------------------- */

enum { IDLE, WORK };
enum { FUTEX_WAIT, FUTEX_WAKE };
static _Alignas(16) char helper_stack[64 * 1024];
static volatile int helper_state;
static bool helper_lives;
static step_fn *helper_step;
static struct dice *helper_dice;

static void wait_while(int state)
{
	while (helper_state == state)
		syscall(SYS_futex, &helper_state, FUTEX_WAIT, state, NULL, NULL,
			0);
}

static void set_state(int state)
{
	__atomic_store_n(&helper_state, state, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &helper_state, FUTEX_WAKE, 2, NULL, NULL, 0);
}

static int helper_main(void *arg)
{
	(void)arg;
	for (;;) {
		wait_while(IDLE);
		helper_step(helper_dice);
		set_state(IDLE);
	}
	return 0;
}

/**
 * helper_start() - a second thread for this process
 */
void helper_start(void)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			  CLONE_THREAD | CLONE_SYSVSEM;

	helper_state = IDLE;
	helper_lives = clone(helper_main, helper_stack + sizeof(helper_stack),
			     flags, NULL) > 0;
}

/**
 * helper_run() - one step by the second thread, if there is one
 */
void helper_run(step_fn *step, struct dice *d)
{
	if (!helper_lives || in_child) {
		step(d);
		return;
	}
	say(" (thread)");
	helper_step = step;
	helper_dice = d;
	set_state(WORK);
	wait_while(WORK);
}

/* ---- steps --------------------------------------------------------------------- */

static uintptr_t draw_spot(struct dice *d)
{
	uintptr_t page = chance(d, 3) ? draw_addr(d) : draw_page(d);

	page = draw_tag(d, page);
	if (chance(d, 3))
		return page + PAGE - 4;
	return page + spots[below(d, NR_SPOTS)];
}

/* step_load() - read a word */
void step_load(struct dice *d)
{
	uintptr_t at = draw_spot(d);

	say(" load");
	say_place(at);
	touch(at, TOUCH_READ, 0);
}

/* step_store() - write a word; at one spot the code of a return */
void step_store(struct dice *d)
{
	uintptr_t at = draw_spot(d);
	uint64_t value = roll(d);

	if (at % PAGE == spots[CODE_SPOT])
		value = code_return;
	say(" store");
	say_place(at);
	touch(at, TOUCH_WRITE, value);
}

/* step_exec() - call what lies there, if it is a return */
void step_exec(struct dice *d)
{
	uintptr_t at = draw_tag(d, draw_page(d)) + spots[CODE_SPOT];

	say(" jump");
	say_place(at);
	touch(at, TOUCH_EXEC, 0);
}
