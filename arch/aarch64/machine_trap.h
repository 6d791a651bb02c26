/* SPDX-License-Identifier: MIT */
/*
 * AArch64: struct trap_frame and its accessors. Read by entry.S as well.
 *
 *   higher   ┌──────────────────────────────┐ stack_top of the thread
 *            │ (padding)                    │ keeps sp aligned to 16
 *            │ orig_x0                      │ first argument of a system call
 *            │ syscall                      │ its number; -1: none
 *            │ esr                          │ the syndrome, ESR_EL1
 *            │ pstate                       │ SPSR_EL1
 *            │ pc                           │ ELR_EL1
 *            │ sp                           │ SP_EL0; of the kernel: its own
 *            │ x30 … x0                     │
 *   lower    └──────────────────────────────┘ struct trap_frame *
 *
 * x0 is a system call's first argument and its result in one, so the argument
 * is kept apart: a call that has to run again finds it in orig_x0.
 */
#ifndef ARCH_AARCH64_MACHINE_TRAP_H
#define ARCH_AARCH64_MACHINE_TRAP_H

/* Offsets for assembly; trap.c asserts them. */
#define TF_X0      0                    /* x(n): TF_X0 + 8 * n */
#define TF_SP      248
#define TF_PC      256
#define TF_PSTATE  264
#define TF_ESR     272
#define TF_SYSCALL 280
#define TF_ORIG_X0 288
#define TF_SIZE    304

#ifndef __ASSEMBLER__

#include "lib/string.h"
#include "lib/types.h"

struct trap_frame {
	u64 x[31];
	u64 sp, pc, pstate;
	u64 esr;
	s64 syscall;
	u64 orig_x0;
	u64 pad;
};
static_assert(sizeof(struct trap_frame) == TF_SIZE && TF_SIZE % 16 == 0 &&
		      __builtin_offsetof(struct trap_frame, sp) == TF_SP &&
		      __builtin_offsetof(struct trap_frame, pc) == TF_PC &&
		      __builtin_offsetof(struct trap_frame, pstate) ==
			      TF_PSTATE &&
		      __builtin_offsetof(struct trap_frame, esr) == TF_ESR &&
		      __builtin_offsetof(struct trap_frame, syscall) ==
			      TF_SYSCALL &&
		      __builtin_offsetof(struct trap_frame, orig_x0) ==
			      TF_ORIG_X0,
	      "entry.S");

#define PSTATE_USER_START 0             /* EL0, nothing masked, flags clear */
#define PSTATE_LEVEL      0xc           /* the exception level it came from */

static inline bool tf_from_user(const struct trap_frame *tf)
{
	return (tf->pstate & PSTATE_LEVEL) == 0;
}

static inline uintptr_t tf_pc(const struct trap_frame *tf) { return tf->pc; }
static inline uintptr_t tf_sp(const struct trap_frame *tf) { return tf->sp; }
static inline uintptr_t tf_fp(const struct trap_frame *tf) { return tf->x[29]; }

/* Every frame is loaded whole: nothing to note after direct writes. */
static inline void tf_set_changed(struct trap_frame *tf) {}

static inline void tf_set_pc(struct trap_frame *tf, uintptr_t pc)
{
	tf->pc = pc;
}

static inline void tf_set_sp(struct trap_frame *tf, uintptr_t sp)
{
	tf->sp = sp;
}

static inline bool tf_is_syscall(const struct trap_frame *tf)
{
	return tf->syscall >= 0;
}

static inline long tf_syscall_nr(const struct trap_frame *tf)
{
	return tf->syscall;
}

static inline u64 tf_arg(const struct trap_frame *tf, unsigned int n)
{
	return n ? tf->x[n] : tf->orig_x0;
}

static inline u64 tf_return(const struct trap_frame *tf) { return tf->x[0]; }

static inline void tf_set_return(struct trap_frame *tf, u64 v) { tf->x[0] = v; }

static inline void tf_init_user(struct trap_frame *tf, uintptr_t pc,
				uintptr_t sp)
{
	memset(tf, 0, sizeof(*tf));
	tf->pc = pc;
	tf->sp = sp;
	tf->pstate = PSTATE_USER_START;
	tf->syscall = -1;
}

#endif /* __ASSEMBLER__ */
#endif
