/* SPDX-License-Identifier: MIT */
/*
 * The registers of a simulated trap: as many as the accessors need.
 *
 * "User mode" is a test that calls host_user_read() and its like; a fault of
 * such an access builds a frame, calls trap_page_fault() and tries again.
 */
#ifndef ARCH_HOST_MACHINE_TRAP_H
#define ARCH_HOST_MACHINE_TRAP_H

#include "lib/types.h"

struct trap_frame {
	uintptr_t pc, sp, fp;
	u64 arg[6];
	u64 ret;
	long nr;                        /* system call, -1: none */
	bool user;                      /* trapped from user mode */
	bool uaccess;                   /* inside arch/uaccess.h code */
	bool give_up;                   /* the access ends instead of a retry */
};

static inline bool tf_from_user(const struct trap_frame *tf)
{
	return tf->user;
}

static inline uintptr_t tf_pc(const struct trap_frame *tf) { return tf->pc; }
static inline uintptr_t tf_sp(const struct trap_frame *tf) { return tf->sp; }
static inline uintptr_t tf_fp(const struct trap_frame *tf) { return tf->fp; }
static inline void tf_set_pc(struct trap_frame *tf, uintptr_t v) { tf->pc = v; }
static inline void tf_set_sp(struct trap_frame *tf, uintptr_t v) { tf->sp = v; }

static inline long tf_syscall_nr(const struct trap_frame *tf)
{
	return tf->nr;
}

static inline bool tf_is_syscall(const struct trap_frame *tf)
{
	return tf->nr >= 0;
}

static inline u64 tf_arg(const struct trap_frame *tf, unsigned int n)
{
	return tf->arg[n];
}

static inline u64 tf_return(const struct trap_frame *tf) { return tf->ret; }
static inline void tf_set_return(struct trap_frame *tf, u64 v) { tf->ret = v; }

static inline void tf_init_user(struct trap_frame *tf, uintptr_t pc,
				uintptr_t sp)
{
	*tf = (struct trap_frame){ .pc = pc, .sp = sp, .nr = -1, .user = true };
}

#endif
