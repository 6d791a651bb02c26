/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads as ucontexts of one host thread.
 *
 * The kernel's own stacks (kstack) carry 16 KiB, too little for instrumented
 * code and the host's signal frames; so each thread runs on a host stack with
 * a guard page, and its kernel stack holds only the trap frame, if any.
 * The sanitizers are told of every switch.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "arch/thread.h"
#include "arch/trap.h"
#include "arch/host/machine.h"
#include "kernel/base/panic.h"
#include "lib/errno.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define fiber_leave(from, to) \
	__sanitizer_start_switch_fiber(&(from)->fake, (to)->bottom, (to)->size)
#define fiber_enter(fake, from) \
	__sanitizer_finish_switch_fiber(fake, &(from)->bottom, &(from)->size)
#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define fiber_leave(from, to)   __tsan_switch_to_fiber((to)->fake, 0)
#define fiber_enter(fake, from) ((void)(from))
#else
#define fiber_leave(from, to)   ((void)(from))
#define fiber_enter(fake, from) ((void)(from))
#endif

#define HOST_STACK_SIZE ((size_t)256 << 10)

struct host_context {
	ucontext_t uc;
	void (*fn)(void *arg);
	void *arg;
	char *base;                     /* of the mapping that holds us */
	size_t mapped;                  /* bytes */
	const void *bottom;             /* of the stack, for the sanitizer */
	size_t size;
	void *fake;                     /* the sanitizer's word for the thread */
};

static struct host_context *switch_from;        /* who left last */
static struct host_context *switch_to;

/* The record stands at the top of the thread's stack mapping. */
static struct host_context *context_alloc(size_t stack_size)
{
	size_t size = stack_size + PAGE_SIZE;
	char *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct host_context *c;

	if (base == MAP_FAILED)
		abort();
	c = (struct host_context *)(base + size - sizeof(*c));
	c->base = base;
	c->mapped = size;
	if (stack_size > 0) {
		c->bottom = base + PAGE_SIZE;
		c->size = ALIGN_DOWN((size_t)((char *)c - base) - PAGE_SIZE,
				     64);
	}
#if defined(__SANITIZE_THREAD__)
	c->fake = stack_size ? __tsan_create_fiber(0)
			     : __tsan_get_current_fiber();
#endif
	return c;
}

/* The first instructions of a thread: the switch ends here. */
static void context_start(void)
{
	struct host_context *me = switch_to;

	fiber_enter(NULL, switch_from);
	me->fn(me->arg);
	panic("host: a thread's function returned");
}

void thread_machine_init(struct thread_machine *tm, vaddr_t stack_top,
			 void (*fn)(void *arg), void *arg)
{
	struct host_context *c = context_alloc(HOST_STACK_SIZE);

	if (mprotect(c->base, PAGE_SIZE, PROT_NONE))    /* the guard */
		abort();
	c->fn = fn;
	c->arg = arg;
	getcontext(&c->uc);
	c->uc.uc_stack.ss_sp = c->base + PAGE_SIZE;
	c->uc.uc_stack.ss_size = c->size;
	makecontext(&c->uc, context_start, 0);
	tm->context = c;
	tm->tls = 0;
}

static void context_to_user(void *arg)
{
	trap_return_user(arg);
}

int thread_machine_fork(struct thread_machine *child,
			const struct thread_machine *parent,
			struct trap_frame *child_tf)
{
	thread_machine_init(child, (vaddr_t)child_tf, context_to_user,
			    child_tf);
	child->tls = parent->tls;
	return 0;
}

int thread_machine_exec(struct thread_machine *tm)
{
	tm->tls = 0;
	return 0;
}

void thread_machine_fini(struct thread_machine *tm)
{
	struct host_context *c = tm->context;

	if (!c)
		return;
#if defined(__SANITIZE_THREAD__)
	__tsan_destroy_fiber(c->fake);
#endif
	munmap(c->base, c->mapped);
	tm->context = NULL;
}

void thread_machine_switch(struct thread_machine *prev,
			   struct thread_machine *next)
{
	struct host_context *me;

	if (!prev->context)
		prev->context = context_alloc(0);       /* the first thread */
	me = prev->context;
	switch_from = me;
	switch_to = next->context;
	fiber_leave(me, switch_to);
	swapcontext(&me->uc, &switch_to->uc);
	fiber_enter(me->fake, switch_from);
}

void thread_machine_set_tls(struct thread_machine *tm, uintptr_t base)
{
	tm->tls = base;
}

uintptr_t thread_machine_tls(const struct thread_machine *tm)
{
	return tm->tls;
}
