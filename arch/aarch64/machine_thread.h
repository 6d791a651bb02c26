/* SPDX-License-Identifier: MIT */
/* AArch64: struct thread_machine of arch/thread.h, the head of struct thread. */
#ifndef ARCH_AARCH64_MACHINE_THREAD_H
#define ARCH_AARCH64_MACHINE_THREAD_H

/* Offsets for assembly; thread.c asserts them. */
#define THREAD_SP        0
#define THREAD_USER_WORK 32             /* of struct thread */
#define MMU_FEATURES_USER_GUARD 8       /* of struct mmu_features */

#ifndef __ASSEMBLER__

#include "lib/types.h"

struct fpu_image;

struct thread_machine {
	u64 sp;                         /* kernel stack pointer while not running */
	u64 tls;                        /* the user's TPIDR_EL0 while not running */
	struct fpu_image *fpu; /* user's vector state while not running;
					 * NULL: kernel thread */
};

#endif /* __ASSEMBLER__ */
#endif
