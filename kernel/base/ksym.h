/* SPDX-License-Identifier: MIT */
/*
 * Names of kernel addresses, from a table that the build appends to the image.
 */
#ifndef KERNEL_BASE_KSYM_H
#define KERNEL_BASE_KSYM_H

#include "lib/types.h"

/* The function that contains pc and the offset in it; NULL: none. */
const char *ksym_find(uintptr_t pc, size_t *offset);

/* "name+0x12" (or the plain address) into buf; returns buf. */
const char *ksym_format(char *buf, size_t size, uintptr_t pc);

#endif
