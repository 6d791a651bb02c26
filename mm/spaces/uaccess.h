/* SPDX-License-Identifier: MIT */
/*
 * User memory from the kernel: the range is checked, then the machine copies,
 * faulting pages in as it goes.
 */
#ifndef MM_SPACES_UACCESS_H
#define MM_SPACES_UACCESS_H

#include "arch/mmu.h"
#include "arch/uaccess.h"
#include "lib/errno.h"

struct mm;

/* The address that p means in a call of this thread: without its tag, if the
 * machine has such and the thread may use them here (arch/thread.h). */
vaddr_t user_addr(const void __user *p);

/* user_range_ok() for what is no address of the user half as it stands. */
bool __cold user_range_has_tag(const void __user *p, size_t len);

static inline bool user_range_ok(const void __user *p, size_t len)
{
	vaddr_t va = (__force vaddr_t)p;

	return likely(va < USER_END && len <= USER_END - va) ||
	       user_range_has_tag(p, len);
}

/* 0 or -EFAULT. Context: thread without spinlocks; may sleep. */
static inline int __must_check
copy_from_user(void *dst, const void __user *src, size_t len)
{
	if (!user_range_ok(src, len) || arch_copy_from_user(dst, src, len))
		return -EFAULT;
	return 0;
}

static inline int __must_check
copy_to_user(void __user *dst, const void *src, size_t len)
{
	if (!user_range_ok(dst, len) || arch_copy_to_user(dst, src, len))
		return -EFAULT;
	return 0;
}

static inline int __must_check clear_user(void __user *dst, size_t len)
{
	if (!user_range_ok(dst, len) || arch_clear_user(dst, len))
		return -EFAULT;
	return 0;
}

/* Bytes copied before the first bad page: for read(2) and write(2). */
size_t copy_from_user_partial(void *dst, const void __user *src, size_t len);
size_t copy_to_user_partial(void __user *dst, const void *src, size_t len);

/* NUL-terminated into dst: its length, -EFAULT, or -ENAMETOOLONG. */
long __must_check strncpy_from_user(char *dst, const char __user *src,
				    size_t size);

#define get_user(dst, uptr) copy_from_user(&(dst), (uptr), sizeof(dst))
#define put_user(val, uptr)                                        \
	({                                                         \
		__typeof__(*(uptr)) v__ = (val);                   \
		copy_to_user((uptr), &v__, sizeof(v__));           \
	})

struct mm;

/* Another space's memory (ptrace-like: /proc/PID/cmdline, exec's new stack):
 * through the direct map, faulting pages in. Bytes copied. */
size_t mm_read(struct mm *mm, vaddr_t va, void *dst, size_t len);
size_t mm_write(struct mm *mm, vaddr_t va, const void *src, size_t len);

#endif
