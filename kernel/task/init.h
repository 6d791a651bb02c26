/* SPDX-License-Identifier: MIT */
/* The first program. */
#ifndef KERNEL_TASK_INIT_H
#define KERNEL_TASK_INIT_H

/*
 * Starts pid 1: the program named by init= (default /init) with the words
 * after " -- " as arguments. When pid 1 ends, the machine stops with its exit
 * status as the verdict. Panics with the list of what was tried when there is
 * no program.
 */
void init_start(void);

#endif
