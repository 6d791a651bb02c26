/* SPDX-License-Identifier: MIT */
/* test_vdso, dynamically linked: the loaders look the functions up. */
#include "../test_vdso.c"
