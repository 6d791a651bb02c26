/* SPDX-License-Identifier: MIT */
/*
 * Copies across the border: a user address is never dereferenced here, every
 * page of it goes through the simulated TLB (translate.c).
 */
#include "arch/uaccess.h"

#include "arch/host/machine.h"
#include "lib/errno.h"

size_t arch_copy_from_user(void *dst, const void __user *src, size_t len)
{
	return host_copy_user((__force vaddr_t)src, dst, NULL, len,
			      FAULT_READ | FAULT_UACCESS);
}

size_t arch_copy_to_user(void __user *dst, const void *src, size_t len)
{
	return host_copy_user((__force vaddr_t)dst, NULL, src, len,
			      FAULT_WRITE | FAULT_UACCESS);
}

size_t arch_clear_user(void __user *dst, size_t len)
{
	return host_copy_user((__force vaddr_t)dst, NULL, NULL, len,
			      FAULT_WRITE | FAULT_UACCESS);
}

long arch_strncpy_from_user(char *dst, const char __user *src, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		if (arch_copy_from_user(&dst[i], src + i, 1))
			return -EFAULT;
		if (!dst[i])
			return (long)i;
	}
	return (long)max;
}

int arch_cmpxchg_user(u32 __user *addr, u32 old, u32 new, u32 *seen)
{
	u32 *memory = host_translate((__force vaddr_t)addr,
				     FAULT_WRITE | FAULT_UACCESS);

	if (!memory)
		return -EFAULT;
	*seen = old;
	__atomic_compare_exchange_n(memory, seen, new, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return 0;
}
