/* SPDX-License-Identifier: MIT */
/* From a failure to a smaller one. */
#ifndef TESTS_UNIT_EXPLORE_SHRINK_H
#define TESTS_UNIT_EXPLORE_SHRINK_H

#include "lib/types.h"

void shrink_init(const char *program);
/* Prints the smallest failure that it finds near (seed, script). */
void shrink(u64 seed, const char *script);

#endif
