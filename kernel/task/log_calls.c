/* SPDX-License-Identifier: MIT */
/*
 * syslog(2): the kernel's log for dmesg. Lines are as on the console, without the
 * level in angle brackets that Linux puts before them.
 *
 * Reading does not consume: the log is a ring that shows its newest bytes. Action 2
 * (READ), which waits for new lines, is not here: nothing stores them elsewhere.
 */
#include "kernel/base/printk.h"
#include "kernel/task/syscall.h"
#include "lib/errno.h"
#include "mm/spaces/uaccess.h"
#include "mm/tables/vmalloc.h"

enum {
	SYSLOG_CLOSE, SYSLOG_OPEN, SYSLOG_READ, SYSLOG_READ_ALL,
	SYSLOG_READ_CLEAR, SYSLOG_CLEAR, SYSLOG_CONSOLE_OFF,
	SYSLOG_CONSOLE_ON, SYSLOG_CONSOLE_LEVEL, SYSLOG_SIZE_UNREAD,
	SYSLOG_SIZE_BUFFER,
};

/* The newest size bytes to user memory. Bytes, -EFAULT, -ENOMEM. */
static long log_copy(void __user *dst, size_t size)
{
	char *text;
	long len;

	size = MIN(size, LOG_RING);
	text = vmalloc(size);
	if (!text)
		return -ENOMEM;
	len = (long)printk_read(text, size);
	if (copy_to_user(dst, text, (size_t)len))
		len = -EFAULT;
	vfree(text);
	return len;
}

/**
 * sys_syslog() - syslog(2)
 *
 * Return: bytes read, a size, 0, -EINVAL, -EFAULT, -ENOMEM.
 */
long sys_syslog(SYSCALL_ARGS)
{
	switch ((u32)a0) {
	case SYSLOG_READ_ALL:
		if (!a1 || (s32)a2 < 0)
			return -EINVAL;
		return (u32)a2 ? log_copy((void __user *)a1, (u32)a2) : 0;
	case SYSLOG_SIZE_BUFFER:
		return LOG_RING;
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
	case SYSLOG_CONSOLE_ON:
		return 0;
	default:
		return -EINVAL;
	}
}
