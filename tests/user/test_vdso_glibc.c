/* SPDX-License-Identifier: MIT */
/* test_vdso, linked with glibc. */
#include "test_vdso.c"
