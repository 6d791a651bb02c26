/* SPDX-License-Identifier: MIT */
/* A simulated thread's machine state: a ucontext with a stack of its own. */
#ifndef ARCH_HOST_MACHINE_THREAD_H
#define ARCH_HOST_MACHINE_THREAD_H

#include "lib/types.h"

struct host_context;                    /* thread.c */

struct thread_machine {
	struct host_context *context;   /* NULL: the host thread's own stack */
	uintptr_t tls;                  /* what set_tls said; nothing uses it */
};

#endif
