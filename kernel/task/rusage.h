/* SPDX-License-Identifier: MIT */
/* struct rusage and the clock ticks of the ABI. */
#ifndef KERNEL_TASK_RUSAGE_H
#define KERNEL_TASK_RUSAGE_H

#include "lib/types.h"

struct process;

#define USER_HZ    100                  /* clock ticks a second, AT_CLKTCK */
#define NS_PER_SEC 1000000000ull

struct timeval_user { s64 sec, usec; };
struct timespec_user { s64 sec, nsec; };

struct rusage_user {                    /* getrusage(2) */
	struct timeval_user utime, stime;
	s64 maxrss;                     /* KiB */
	s64 ixrss, idrss, isrss;
	s64 minflt, majflt;
	s64 nswap, inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};

enum { RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1 };

/* The process's own figures (living or zombie). */
void rusage_of(struct process *p, struct rusage_user *ru);
struct timeval_user timeval_of_ns(u64 ns);

#endif
