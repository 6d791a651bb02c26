/* SPDX-License-Identifier: MIT */
/* x86_64: struct thread_machine of arch/thread.h, the head of struct thread. */
#ifndef ARCH_X86_64_MACHINE_THREAD_H
#define ARCH_X86_64_MACHINE_THREAD_H

/* Offsets for assembly; thread.c asserts them. */
#define THREAD_SP        0
#define THREAD_USER_WORK 40             /* of struct thread */

#ifndef __ASSEMBLER__

#include "lib/errno.h"
#include "lib/types.h"

struct fpu_image;

struct thread_machine {
	u64 sp;                         /* kernel stack pointer while not running */
	u64 stack_top;                  /* where traps from user mode start */
	u64 fs_base;                    /* the user's TLS base */
	struct fpu_image *fpu; /* user's vector state while not running;
					 * NULL: kernel thread */
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

#endif /* __ASSEMBLER__ */
#endif
