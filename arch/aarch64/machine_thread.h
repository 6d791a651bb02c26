/* SPDX-License-Identifier: MIT */
/* AArch64: struct thread_machine of arch/thread.h, the head of struct thread. */
#ifndef ARCH_AARCH64_MACHINE_THREAD_H
#define ARCH_AARCH64_MACHINE_THREAD_H

/* Offsets for assembly; thread.c asserts them. */
#define THREAD_SP        0
#define THREAD_USER_WORK 40             /* of struct thread */
#define MMU_FEATURES_USER_GUARD 8       /* of struct mmu_features */

#ifndef __ASSEMBLER__

#include "lib/errno.h"
#include "lib/types.h"

struct fpu_image;

struct thread_machine {
	u64 sp;                         /* kernel stack pointer while not running */
	u64 tls;                        /* the user's TPIDR_EL0 while not running */
	struct fpu_image *fpu; /* user's vector state while not running;
					 * NULL: kernel thread */
	bool takes_tags;                /* system calls, of user pointers */
};

/* The one bit of PR_SET_TAGGED_ADDR_CTRL that does not want FEAT_MTE. */
enum { TAG_CTRL_ENABLE = 1 };

static inline int __must_check
thread_machine_set_tag_ctrl(struct thread_machine *tm, u64 ctrl)
{
	if (ctrl & ~(u64)TAG_CTRL_ENABLE)
		return -EINVAL;
	tm->takes_tags = ctrl & TAG_CTRL_ENABLE;
	return 0;
}

static inline int thread_machine_tag_ctrl(const struct thread_machine *tm)
{
	return tm->takes_tags ? TAG_CTRL_ENABLE : 0;
}

static inline bool thread_machine_takes_tags(const struct thread_machine *tm)
{
	return tm->takes_tags;
}

#endif /* __ASSEMBLER__ */
#endif
