/* SPDX-License-Identifier: MIT */
/*
 * Boot option crash=KIND: do something forbidden, on purpose.
 *
 * The kernel must stop with a report that names what happened, a backtrace
 * and a failure status: never a silent reset. tools/suites.py boots each KIND
 * and reads the report; a teacher shows a class what protection is for.
 *
 *	stack   recursion until the guard page below the kernel stack
 *	null    read through a null pointer
 *	text    write to the kernel's own code
 *	rodata  write to a constant
 *	exec    run instructions that lie in data
 *	user    touch user memory outside of a user copy
 *	jump    run instructions of user memory
 *	free    free a page twice
 *	assert  break an assertion
 *	dead    a CPU stops taking interrupts (its neighbour tells; two CPUs)
 *	keep    a thread keeps its CPU while others wait
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/uaccess.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/sched.h"
#include "kernel/main.h"
#include "lib/string.h"
#include "mm/frames/page_alloc.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/mmap.h"

static volatile u32 crash_depth = 1 << 20;
static u8 crash_data[64];

static u32 __noinline crash_recurse(u32 depth)
{
	volatile u8 frame[512];

	frame[0] = (u8)depth;
	if (depth >= crash_depth)
		return frame[0];
	return crash_recurse(depth + 1) + frame[0];
}

static void crash_stack(void)
{
	crash_depth -= crash_recurse(0);
}

static void crash_null(void)
{
	const uintptr_t nowhere = crash_depth >> 31;   /* 0, but no constant */

	(void)*(const volatile u8 *)nowhere;
}

static void crash_text(void)
{
	*(volatile u8 *)(uintptr_t)crash_null = 0;
}

static void crash_rodata(void)
{
	static const char constant[] = "never changes";
	volatile uintptr_t at = (uintptr_t)constant;

	*(volatile char *)at = 'N';
}

static void crash_exec(void)
{
	((void (*)(void))(uintptr_t)crash_data)();
}

/* A page of user memory, mapped and present. */
static vaddr_t crash_user_page(u32 prot)
{
	const struct mmap_request rq = {
		.len = PAGE_SIZE, .prot = prot,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
	};
	struct mm *mm;
	vaddr_t va;

	if (!mmu_features.user_guard || !mmu_features.exec_guard)
		panic("crash: this CPU does not guard user memory");
	if (mm_create(&mm) || mm_mmap(mm, &rq, &va))
		panic("crash: no memory");
	mm_use(current_thread(), mm);
	return va;
}

/* After a legal access, which opens the guard and must close it. */
static void crash_user(void)
{
	vaddr_t va = crash_user_page(PROT_READ | PROT_WRITE);
	u32 seen;

	if (arch_cmpxchg_user((u32 __user *)va, 0, 1, &seen))
		panic("crash: no way to user memory");
	(void)*(const volatile u8 *)va;
}

static void crash_jump(void)
{
	((void (*)(void))crash_user_page(PROT_READ | PROT_EXEC))();
}

static void crash_free(void)
{
	struct page *page = page_alloc(GFP_KERNEL, 0);

	assert(page);
	page_free(page, 0);
	page_free(page, 0);
}

static void crash_assert(void)
{
	assertf(crash_depth == 0, "crash_depth=%u", crash_depth);
}

/* On the last CPU, so that the first one can tell. */
static void crash_dead(void)
{
	unsigned int last = ilog2(cpus_online);

	if (last == 0)
		panic("crash=dead: needs two CPUs (SMP=2)");
	thread_set_affinity(current_thread(), (u64)1 << last);
	irq_disable();
	while (1)
		cpu_relax();
}

/* The boot thread waits for this CPU meanwhile. */
static void crash_keep(void)
{
	thread_set_affinity(current_thread(), 1);
	preempt_disable();
	while (1)
		cpu_relax();
}

static const struct crash_kind {
	const char *name;
	void (*crash)(void);
} crash_kinds[] = {
	{ "stack", crash_stack },   { "null", crash_null },
	{ "text", crash_text },	    { "rodata", crash_rodata },
	{ "exec", crash_exec },	    { "user", crash_user },
	{ "jump", crash_jump },	    { "free", crash_free },
	{ "assert", crash_assert }, { "dead", crash_dead },
	{ "keep", crash_keep },
};

static void crash_thread(void *arg)
{
	const struct crash_kind *kind = arg;

	kind->crash();
	panic("crash=%s: nothing stopped it", kind->name);
}

/**
 * crash_if_wanted() - the boot option crash=
 *
 * The deed is done in a thread of its own, whose stack has a guard page.
 * Context: boot thread, everything is up. Returns if the option was not given.
 */
void crash_if_wanted(void)
{
	struct thread *t;
	char name[16];
	u32 i;

	if (!cmdline_get("crash", name, sizeof(name)))
		return;
	for (i = 0; i < array_size(crash_kinds); i++)
		if (!strcmp(name, crash_kinds[i].name))
			break;
	if (i == array_size(crash_kinds))
		panic("crash=%s: I know stack, null, text, rodata, exec, user, "
		      "free, assert, dead, keep",
		      name);
	if (thread_create(&t, "crash", crash_thread, (void *)&crash_kinds[i]))
		panic("crash=%s: no memory for a thread", name);
	thread_start(t);
	thread_set_affinity(current_thread(), 1);
	while (1)
		sched_yield();
}
