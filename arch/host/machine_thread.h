/* SPDX-License-Identifier: MIT */
/* A simulated thread's machine state: a ucontext with a stack of its own. */
#ifndef ARCH_HOST_MACHINE_THREAD_H
#define ARCH_HOST_MACHINE_THREAD_H

#include "lib/errno.h"
#include "lib/types.h"

struct host_context;                    /* thread.c */

struct thread_machine {
	struct host_context *context;   /* NULL: the host thread's own stack */
	uintptr_t tls;                  /* what set_tls said; nothing uses it */
};

/* Pointers have no tags. */
static inline int __must_check
thread_machine_set_tag_ctrl(struct thread_machine *tm, u64 ctrl)
{
	return -EINVAL;
}

static inline int thread_machine_tag_ctrl(const struct thread_machine *tm)
{
	return -EINVAL;
}

static inline bool thread_machine_takes_tags(const struct thread_machine *tm)
{
	return false;
}

#endif
