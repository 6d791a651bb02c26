/* SPDX-License-Identifier: MIT */
/*
 * A thread's machine state: kernel stack pointer, floating point, TLS base.
 *
 * struct thread_machine is embedded by value in struct thread
 * (kernel/base/sched.h) and defined in arch/<machine>/machine_thread.h.
 */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include "lib/types.h"
#include <machine_thread.h>

struct thread;
struct trap_frame;

#define KERNEL_STACK_ORDER 2
#define KERNEL_STACK_SIZE  (PAGE_SIZE << KERNEL_STACK_ORDER)

/**
 * thread_machine_init() - make a new thread start in fn(arg) when switched to
 *
 * stack_top is the end of its kernel stack; fn never returns.
 */
void thread_machine_init(struct thread_machine *tm, vaddr_t stack_top,
			 void (*fn)(void *arg), void *arg);

/**
 * thread_machine_fork() - child starts by returning to user mode with tf
 *
 * Copies the floating-point state and TLS base of the calling thread. tf is
 * already placed at the top of the child's kernel stack.
 * Return: 0 or -ENOMEM.
 */
int __must_check thread_machine_fork(struct thread_machine *child,
				     const struct thread_machine *parent,
				     struct trap_frame *child_tf);

/** thread_machine_exec() - fresh floating-point state and TLS for a new program. */
int __must_check thread_machine_exec(struct thread_machine *tm);

/**
 * thread_machine_fpu_size() - bytes of a thread's vector state in memory
 *
 * The image has the layout of the machine's signal frames (x86_64: XSAVE,
 * standard form, or FXSAVE; AArch64: V0-V31, FPSR, FPCR). At most THREAD_FPU_MAX.
 */
size_t thread_machine_fpu_size(void);
#define THREAD_FPU_MAX 2752

/**
 * thread_machine_fpu_save() - the calling thread's vector state, as it is now
 *
 * The image stays right until the thread returns to user mode: kernel code
 * never touches vector registers. Return: thread_machine_fpu_size() bytes, or NULL
 * for a thread without user state.
 */
const void *thread_machine_fpu_save(struct thread_machine *tm);

/**
 * thread_machine_fpu_load() - let the calling thread continue with this state
 *
 * image is kernel memory that user code may have written: it is checked.
 * Return: 0, or -EINVAL (not a valid image; the state is unchanged).
 */
int __must_check thread_machine_fpu_load(struct thread_machine *tm,
					 const void *image);

/** thread_machine_fini() - free what the machine holds for the thread. */
void thread_machine_fini(struct thread_machine *tm);

/**
 * thread_machine_switch() - leave prev, continue next
 *
 * Saves and loads callee-saved registers, stack, user floating point and TLS
 * base, and sets the kernel stack of the next trap from user mode. Returns when prev
 * is switched to again. Context: interrupts off, run-queue lock held.
 */
void thread_machine_switch(struct thread_machine *prev,
			   struct thread_machine *next);


/* Upcall: what the scheduler has to finish on the new thread's side of its very
 * first switch (a forked child, before it goes to user mode); interrupts are
 * off before and after. kernel/base/sched.c. */
void sched_switched(void);

/* ---- in machine_thread.h: tags of user pointers -----------------------------
 *
 * Whether a thread's system calls take pointers with a tag (uaddr_untag() of
 * arch/mmu.h) is its own choice. A fork inherits it, an exec takes it back.
 *
 * int thread_machine_set_tag_ctrl(struct thread_machine *tm, u64 ctrl);
 *	ctrl as prctl(2) PR_SET_TAGGED_ADDR_CTRL has it: 0, or -EINVAL for bits
 *	that mean nothing here; all do where pointers have no tags
 * int thread_machine_tag_ctrl(tm);	what was set, or -EINVAL: no tags here
 * bool thread_machine_takes_tags(tm);
 */

/** thread_machine_set_tls() / _tls() - the user's TLS base of the calling thread. */
void thread_machine_set_tls(struct thread_machine *tm, uintptr_t base);
uintptr_t thread_machine_tls(const struct thread_machine *tm);

#endif
