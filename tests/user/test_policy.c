/* SPDX-License-Identifier: MIT */
/* Scheduling policies, niceness, memory barriers: what is kept and shown. */
#include "check.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define NOBODY 32100                    /* no process has this number */

/* musl refuses these calls, since they are not what POSIX wants. */
static long set_policy(int tid, int policy, int priority)
{
	return syscall(SYS_sched_setscheduler, tid, policy, &priority);
}

static long set_priority(int priority)
{
	return syscall(SYS_sched_setparam, 0, &priority);
}

PROVES(sched_setscheduler, "SCHED_BATCH, SCHED_IDLE", "kept")
PROVES(sched_getscheduler, "", "what was set")
PROVES(sched_setparam, "", "priority 0")
PROVES(sched_getparam, "", "priority 0")
CASE(policies)
{
	int priority = -1;

	CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_OTHER);
	CHECK(set_policy(0, SCHED_BATCH, 0) == 0);
	CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_BATCH);
	CHECK(syscall(SYS_sched_getscheduler, getpid()) == SCHED_BATCH);
	CHECK(set_policy(0, SCHED_IDLE, 0) == 0);
	CHECK(set_priority(0) == 0);
	CHECK(syscall(SYS_sched_getscheduler, 0) == SCHED_IDLE);
	CHECK(syscall(SYS_sched_getparam, 0, &priority) == 0 && priority == 0);
}

PROVES(sched_setscheduler, "SCHED_FIFO, SCHED_RR",
       "EINVAL, ESRCH, EFAULT, EPERM")
PROVES(sched_setparam, "", "EINVAL")
CASE(policies_that_are_refused)
{
	CHECK(set_policy(0, SCHED_OTHER, 1) == -1 && errno == EINVAL);
	CHECK(set_policy(0, 4, 0) == -1 && errno == EINVAL);
	CHECK(set_policy(0, -1, 0) == -1 && errno == EINVAL);
	CHECK(set_policy(-1, SCHED_OTHER, 0) == -1 && errno == EINVAL);
	CHECK(set_policy(NOBODY, SCHED_OTHER, 0) == -1 && errno == ESRCH);
	CHECK(set_policy(0, SCHED_FIFO, 0) == -1 && errno == EINVAL);
	CHECK(set_policy(0, SCHED_RR, 100) == -1 && errno == EINVAL);
	CHECK(set_priority(1) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_sched_setscheduler, 0, 0, 0) == -1 &&
	      errno == EINVAL);
	CHECK(syscall(SYS_sched_setscheduler, 0, 0, 8) == -1 &&
	      errno == EFAULT);
	CHECK(setresuid(1, 1, 1) == 0);
	CHECK(set_policy(0, SCHED_FIFO, 1) == -1 && errno == EPERM);
}

PROVES(sched_get_priority_max, "", "99 or 0; EINVAL")
PROVES(sched_get_priority_min, "", "1 or 0")
CASE(priorities_of_policies)
{
	CHECK(sched_get_priority_max(SCHED_FIFO) == 99);
	CHECK(sched_get_priority_min(SCHED_RR) == 1);
	CHECK(sched_get_priority_max(SCHED_OTHER) == 0);
	CHECK(sched_get_priority_min(SCHED_IDLE) == 0);
	CHECK(sched_get_priority_max(77) == -1 && errno == EINVAL);
}

static void check_nice(void *expected)
{
	CHECK(getpriority(PRIO_PROCESS, 0) == *(int *)expected);
}

PROVES(setpriority, "PRIO_PROCESS", "bounded")
PROVES(getpriority, "PRIO_PROCESS", "inherited")
CASE(nice_is_inherited_and_bounded)
{
	int three = 3;

	CHECK(getpriority(PRIO_PROCESS, 0) == 0);
	CHECK(setpriority(PRIO_PROCESS, 0, three) == 0);
	CHECK(in_child(check_nice, &three) == 0);
	CHECK(syscall(SYS_getpriority, PRIO_PROCESS, 0) == 17);
	CHECK(setpriority(PRIO_PROCESS, getpid(), 1000) == 0);
	CHECK(getpriority(PRIO_PROCESS, 0) == 19);
	CHECK(set_policy(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0) == 0);
	CHECK(syscall(SYS_sched_getscheduler, 0) ==
	      (SCHED_OTHER | SCHED_RESET_ON_FORK));
}

PROVES(setpriority, "PRIO_PGRP", "ESRCH")
PROVES(getpriority, "PRIO_PGRP", "ESRCH, EINVAL")
CASE(nice_of_groups)
{
	CHECK(setpgid(0, 0) == 0);
	CHECK(setpriority(PRIO_PGRP, 0, 5) == 0);
	CHECK(getpriority(PRIO_PGRP, getpid()) == 5);
	errno = 0;
	CHECK(getpriority(PRIO_PROCESS, NOBODY) == -1 && errno == ESRCH);
	CHECK(getpriority(7, 0) == -1 && errno == EINVAL);
	CHECK(setpriority(PRIO_PGRP, NOBODY, 0) == -1 && errno == ESRCH);
}

PROVES(membarrier, "MEMBARRIER_CMD_GLOBAL, MEMBARRIER_CMD_PRIVATE_EXPEDITED",
       "EPERM before it is registered, EINVAL")
CASE(memory_barriers)
{
	enum { QUERY = 0, GLOBAL = 1, PRIVATE = 8, REGISTER_PRIVATE = 16 };
	long all = syscall(SYS_membarrier, QUERY, 0, 0);

	CHECK(all & GLOBAL && all & PRIVATE);
	CHECK(syscall(SYS_membarrier, GLOBAL, 0, 0) == 0);
	CHECK(syscall(SYS_membarrier, PRIVATE, 0, 0) == -1 && errno == EPERM);
	CHECK(syscall(SYS_membarrier, REGISTER_PRIVATE, 0, 0) == 0);
	CHECK(syscall(SYS_membarrier, PRIVATE, 0, 0) == 0);
	CHECK(syscall(SYS_membarrier, 1 << 30, 0, 0) == -1 && errno == EINVAL);
}

int main(void)
{
	return run_cases();
}
