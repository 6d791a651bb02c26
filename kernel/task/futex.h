/* SPDX-License-Identifier: MIT */
/* Futexes: sleeping on a word of user memory. */
#ifndef KERNEL_TASK_FUTEX_H
#define KERNEL_TASK_FUTEX_H

#include "lib/types.h"

struct task;

void futex_init(void);

/* Wakes up to nr waiters on the word; returns how many. Context: thread. */
long futex_wake_word(u32 __user *word, bool shared, u32 nr);

/* The task ends: clears its tid word, and marks the robust mutexes it holds. */
void futex_exit_task(struct task *t);

#endif
