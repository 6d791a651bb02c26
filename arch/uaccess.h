/* SPDX-License-Identifier: MIT */
/*
 * Copies across the border that survive a bad user pointer.
 *
 * Callers go through mm/spaces/uaccess.h, which checks the range first. A
 * fault that memory management cannot resolve ends the copy early instead of
 * killing the kernel (trap_fixup). The user guard (SMAP, PAN) is open only
 * inside these routines.
 */
#ifndef ARCH_UACCESS_H
#define ARCH_UACCESS_H

#include "lib/types.h"

/** Each returns the bytes NOT copied (0: all). Context: thread, may fault and sleep. */
size_t arch_copy_from_user(void *dst, const void __user *src, size_t len);
size_t arch_copy_to_user(void __user *dst, const void *src, size_t len);
size_t arch_clear_user(void __user *dst, size_t len);

/**
 * arch_strncpy_from_user() - copy a string up to and with its NUL
 *
 * Return: length without the NUL, max if there was none within max bytes, or
 * -EFAULT.
 */
long arch_strncpy_from_user(char *dst, const char __user *src, size_t max);

/** arch_cmpxchg_user() - *addr: old -> new; *seen is what was there. 0 or -EFAULT. */
int __must_check arch_cmpxchg_user(u32 __user *addr, u32 old, u32 new,
				   u32 *seen);

#endif
