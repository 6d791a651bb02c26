/* SPDX-License-Identifier: MIT */
/* test_vdso, linked with glibc, as a program that moves itself. */
#include "test_vdso.c"
