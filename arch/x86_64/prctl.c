/* SPDX-License-Identifier: MIT */
/* arch_prctl(2): the segment bases of x86_64. */
#include "arch/thread.h"
#include "kernel/base/sched.h"
#include "kernel/task/syscall.h"
#include "mm/spaces/uaccess.h"

enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };

/**
 * sys_arch_prctl() - arch_prctl(2): FS is the thread pointer
 *
 * GS, which no C library uses, stays as it is: -EINVAL.
 */
long sys_arch_prctl(SYSCALL_ARGS)
{
	struct thread_machine *tm = &current_thread()->machine;
	u64 base;

	switch (a0) {
	case ARCH_SET_FS:
		if (a1 >= USER_END)
			return -EPERM;
		thread_machine_set_tls(tm, a1);
		return 0;
	case ARCH_GET_FS:
		base = thread_machine_tls(tm);
		return put_user(base, (u64 __user *)a1);
	default:
		return -EINVAL;
	}
}
