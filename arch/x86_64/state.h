/* SPDX-License-Identifier: MIT */
/* A thread's vector state: between fpu.c and thread.c. */
#ifndef ARCH_X86_64_STATE_H
#define ARCH_X86_64_STATE_H

#include "arch/thread.h"

void fpu_switch(struct thread_machine *prev, struct thread_machine *next);
int __must_check fpu_fork(struct thread_machine *child,
			  const struct thread_machine *parent);
int __must_check fpu_exec(struct thread_machine *tm);
void fpu_fini(struct thread_machine *tm);

#endif
