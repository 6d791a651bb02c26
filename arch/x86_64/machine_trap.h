/* SPDX-License-Identifier: MIT */
/*
 * x86_64: struct trap_frame and its accessors. Read by entry.S as well.
 *
 *   higher   ┌──────────────────────────────┐ stack_top of the thread
 *            │ ss  sp  flags  cs  pc        │ pushed by the CPU (or SYSCALL)
 *            │ error                        │ error code, or the call's number
 *            │ vector                       │ exception, line, VECTOR_SYSCALL
 *            │ rdi rsi rdx rcx rax r8 … r11 │ C may change these
 *            │ rbx rbp r12 … r15            │ C keeps these
 *   lower    └──────────────────────────────┘ struct trap_frame *
 *
 * The quick way out reloads only what C code may have changed, and SYSRET
 * takes pc and flags from rcx and r11. So whoever writes a register of a
 * user frame other than rax (the result) sets FRAME_CHANGED in vector:
 * the frame is then loaded whole, by IRET. The setters below do it.
 */
#ifndef ARCH_X86_64_MACHINE_TRAP_H
#define ARCH_X86_64_MACHINE_TRAP_H

/* Segment selectors; SYSCALL and SYSRET derive theirs from two bases.
 * [SDM2] "SYSCALL", "SYSRET" */
#define KERNEL_CS 0x08
#define KERNEL_SS 0x10
#define CPU_NR_SEL 0x1b                 /* its limit is the CPU's number */
#define USER_SS   0x23
#define USER_CS   0x2b
#define TSS_SEL   0x30
#define BOOT_CS32 0x18                  /* only in the boot GDT: 32-bit code */

#define VECTOR_BREAKPOINT 3
#define VECTOR_NMI        2
#define VECTOR_DOUBLE     8
#define VECTOR_PAGE_FAULT 14
#define VECTOR_MACHINE    18
#define VECTOR_IRQ        32            /* first that is not an exception */
#define VECTOR_IRQ_END    96
#define VECTOR_SYSCALL    0x100         /* no real vector */
#define FRAME_CHANGED     0x10000       /* in vector: load the frame whole */

/* Offsets for assembly; trap.c asserts them. */
#define TF_R15    0
#define TF_R14    8
#define TF_R13    16
#define TF_R12    24
#define TF_RBP    32
#define TF_RBX    40
#define TF_R11    48
#define TF_R10    56
#define TF_R9     64
#define TF_R8     72
#define TF_RAX    80
#define TF_RCX    88
#define TF_RDX    96
#define TF_RSI    104
#define TF_RDI    112
#define TF_VECTOR 120
#define TF_ERROR  128
#define TF_PC     136
#define TF_CS     144
#define TF_FLAGS  152
#define TF_SP     160
#define TF_SS     168
#define TF_SIZE   176

#ifndef __ASSEMBLER__

#include "lib/string.h"
#include "lib/types.h"

struct trap_frame {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 vector;
	u64 error;
	u64 pc, cs, flags, sp, ss;
};

#define FLAGS_USER_START 0x202          /* interrupts on, all else clear */

static inline bool tf_from_user(const struct trap_frame *tf)
{
	return (tf->cs & 3) != 0;
}

static inline uintptr_t tf_pc(const struct trap_frame *tf) { return tf->pc; }
static inline uintptr_t tf_sp(const struct trap_frame *tf) { return tf->sp; }
static inline uintptr_t tf_fp(const struct trap_frame *tf) { return tf->rbp; }

/* After direct writes to registers of a user frame. */
static inline void tf_set_changed(struct trap_frame *tf)
{
	tf->vector |= FRAME_CHANGED;
}

static inline void tf_set_pc(struct trap_frame *tf, uintptr_t pc)
{
	tf->pc = pc;
	tf_set_changed(tf);
}

static inline void tf_set_sp(struct trap_frame *tf, uintptr_t sp)
{
	tf->sp = sp;
	tf_set_changed(tf);
}

static inline bool tf_is_syscall(const struct trap_frame *tf)
{
	return (u16)tf->vector == VECTOR_SYSCALL;
}

static inline long tf_syscall_nr(const struct trap_frame *tf)
{
	return (long)tf->error;
}

static inline u64 tf_arg(const struct trap_frame *tf, unsigned int n)
{
	switch (n) {
	case 0:
		return tf->rdi;
	case 1:
		return tf->rsi;
	case 2:
		return tf->rdx;
	case 3:
		return tf->r10;
	case 4:
		return tf->r8;
	default:
		return tf->r9;
	}
}

static inline u64 tf_return(const struct trap_frame *tf) { return tf->rax; }

static inline void tf_set_return(struct trap_frame *tf, u64 v) { tf->rax = v; }

static inline void tf_init_user(struct trap_frame *tf, uintptr_t pc,
				uintptr_t sp)
{
	memset(tf, 0, sizeof(*tf));
	tf->pc = pc;
	tf->sp = sp;
	tf->cs = USER_CS;
	tf->ss = USER_SS;
	tf->flags = FLAGS_USER_START;
	tf_set_changed(tf);
}

#endif /* __ASSEMBLER__ */
#endif
