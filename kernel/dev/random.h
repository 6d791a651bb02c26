/* SPDX-License-Identifier: MIT */
/* Random bytes: /dev/random, getrandom(2), AT_RANDOM. */
#ifndef KERNEL_DEV_RANDOM_H
#define KERNEL_DEV_RANDOM_H

#include "lib/types.h"

/* Context: any. */
u64 random_u64(void);
void random_fill(void *dst, size_t len);
/* Stirs something unpredictable in: the moment and the value of an input. */
void random_stir(u64 value);

#endif
