/* SPDX-License-Identifier: MIT */
/*
 * System calls: the table and the way through it.
 *
 *   machine's entry ─► trap_syscall ─► table[number] ─► sys_name ─► result
 *
 * The table is built from arch/<machine>/syscall_numbers.h, which names the
 * handlers that exist; any other number is -ENOSYS, counted, and named once in
 * the log.
 */
#include "kernel/task/syscall.h"

#include "arch/trap.h"
#include "kernel/base/printk.h"
#include "kernel/base/trace.h"
#include "kernel/task/task.h"
#include "lib/bitmap.h"

static syscall_fn *const syscall_table[SYSCALL_NR] = {
#define SYSCALL(number, name) [number] = sys_##name,
	SYSCALL_LIST(SYSCALL)
#undef SYSCALL
};

u64 syscalls_missing;           /* calls answered with -ENOSYS [atomic] */

/** syscall_frame() - the user registers of the running system call. */
struct trap_frame *syscall_frame(void)
{
	return thread_user_frame(current_thread());
}

static long __noinline __cold syscall_missing(u64 nr)
{
	static u64 named[BITMAP_WORDS(SYSCALL_NR)];

	__atomic_fetch_add(&syscalls_missing, 1, __ATOMIC_RELAXED);
	trace(syscall_missing, nr, current_task()->tid);
	if (nr >= SYSCALL_NR || !bitmap_test(named, nr)) {
		if (nr < SYSCALL_NR)
			bitmap_set(named, nr);
		pr_debug("%s[%d]: system call %llu is not implemented\n",
			 current_task()->comm, current_task()->tid,
			 (unsigned long long)nr);
	}
	return -ENOSYS;
}

/* The result asks for a restart: signal_deliver() decides, signal or not. */
static void __noinline syscall_interrupted(void)
{
	__atomic_fetch_or(&current_thread()->user_work, THREAD_WORK_SIGNAL,
			  __ATOMIC_SEQ_CST);
}

/* Upcall of arch/trap.h. */
void trap_syscall(struct trap_frame *tf)
{
	u64 nr = (u64)tf_syscall_nr(tf);
	syscall_fn *fn = NULL;
	long ret;

	if (likely(nr < SYSCALL_NR))
		fn = syscall_table[nr];
	if (likely(fn))
		ret = fn(tf_arg(tf, 0), tf_arg(tf, 1), tf_arg(tf, 2),
			 tf_arg(tf, 3), tf_arg(tf, 4), tf_arg(tf, 5));
	else
		ret = syscall_missing(nr);
	tf_set_return(tf, (u64)ret);
	if (unlikely((u64)ret + ERESTART_RESTARTBLOCK <=
		     ERESTART_RESTARTBLOCK - ERESTARTSYS))
		syscall_interrupted();
}
