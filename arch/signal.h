/* SPDX-License-Identifier: MIT */
/*
 * Signal frames: what a handler finds on its stack, and the way back.
 *
 *      sp before ─► ┌────────────────┐
 *                   │ red zone       │  where the machine's ABI has one
 *                   │ vector state   │
 *                   │ siginfo        │
 *                   │ ucontext       │  registers, mask, alternate stack
 *      sp after  ─► │ return address │  restorer: calls rt_sigreturn
 *                   └────────────────┘
 *
 * The layouts are Linux's (struct rt_sigframe of each machine), so that C
 * libraries, unwinders and siglongjmp work unmodified.
 */
#ifndef ARCH_SIGNAL_H
#define ARCH_SIGNAL_H

#include "lib/types.h"

struct trap_frame;

/* ---- structures and flags of the ABI, the same on both machines ---------- */

#define SA_NOCLDSTOP 0x00000001ul
#define SA_NOCLDWAIT 0x00000002ul
#define SA_SIGINFO   0x00000004ul
#define SA_EXPOSE_TAGBITS 0x00000800ul
#define SA_RESTORER  0x04000000ul
#define SA_ONSTACK   0x08000000ul
#define SA_RESTART   0x10000000ul
#define SA_NODEFER   0x40000000ul
#define SA_RESETHAND 0x80000000ul
/* All flags there are: others read back as clear, so that programs can ask. */
#define SA_KNOWN                                                              \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS |      \
	 SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND)

enum { SS_ONSTACK = 1, SS_DISABLE = 2 };
#define SS_AUTODISARM 0x80000000u

/* The kernel's form of siginfo_t: 128 bytes as user space sees them. */
struct siginfo {
	s32 signo, err, code, pad;
	union {
		struct {
			s32 pid;
			u32 uid;
			s32 status, pad2;
			u64 utime, stime;       /* ticks of 10 ms */
		} child;
		struct { s32 pid; u32 uid; u64 value; } user;
		struct { u64 addr; } fault;
		u64 fill[14];
	};
};
static_assert(sizeof(struct siginfo) == 128, "size of siginfo_t");

struct sigaction_user {                 /* rt_sigaction(2), kernel layout */
	u64 handler, flags, restorer, mask;
};

struct sigaltstack_user {               /* sigaltstack(2) */
	u64 sp;
	u32 flags, pad;
	u64 size;
};

/* One delivery, as kernel/task has decided it. */
struct signal_delivery {
	int signo;
	const struct siginfo *info;
	struct sigaction_user action;
	u64 mask;                       /* to be restored after the handler */
	struct sigaltstack_user alt;    /* the task's, for the ucontext */
	bool switch_stack;              /* start on the alternate stack */
	vaddr_t vdso_restorer;          /* the kernel's own; 0: none */
};

/** signal_frame_size() - the stack that one delivery needs, in bytes: AT_MINSIGSTKSZ. */
size_t signal_frame_size(void);

/**
 * signal_frame_build() - let the task enter the handler of d
 *
 * Writes the frame to the user stack and points tf at the handler; tf is
 * unchanged on failure.
 * Context: thread, the task itself; may fault. Return: 0, -EFAULT (bad stack).
 */
int __must_check signal_frame_build(struct trap_frame *tf,
				    const struct signal_delivery *d);

/**
 * signal_frame_restore() - rt_sigreturn: back to where the signal came
 *
 * Reads the frame below the stack pointer of tf. No register that user code
 * could not load itself is taken over.
 * Context: thread. Return: 0 with *mask and *alt, -EFAULT, -EINVAL (broken
 * vector state).
 */
int __must_check signal_frame_restore(struct trap_frame *tf, u64 *mask,
				      struct sigaltstack_user *alt);

/**
 * signal_restart_syscall() - let the interrupted call run again
 *
 * tf is the frame of a system call: its number and arguments are put back and
 * the program counter stands on the system-call instruction again.
 */
void signal_restart_syscall(struct trap_frame *tf);

#endif
