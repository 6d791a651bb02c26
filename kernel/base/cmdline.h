/* SPDX-License-Identifier: MIT */
/*
 * Boot options: "name" or "name=value" words of the loader's command line.
 * Everything after " -- " goes to the first program as arguments.
 */
#ifndef KERNEL_BASE_CMDLINE_H
#define KERNEL_BASE_CMDLINE_H

#include "lib/types.h"

void cmdline_init(const char *cmdline);
bool cmdline_has(const char *name);
/* The value's text into buf; false: not given. */
bool cmdline_get(const char *name, char *buf, size_t size);
/* The value as a number (K, M, G suffixes), or fallback; a bad number warns. */
u64 cmdline_u64(const char *name, u64 fallback);
/* "name" alone, or =1/on/yes; =0/off/no says false; else fallback. */
bool cmdline_bool(const char *name, bool fallback);
/* The options: all before " -- ". */
const char *cmdline_text(void);
/* What follows " -- ", or "". */
const char *cmdline_init_args(void);

#endif
