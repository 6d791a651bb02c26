/* SPDX-License-Identifier: MIT */
/* The same with glibc's threads. */
#include "stress_mix.c"
