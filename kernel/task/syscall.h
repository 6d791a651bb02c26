/* SPDX-License-Identifier: MIT */
/*
 * System calls: number -> function, by the machine's table
 * (arch/<machine>/syscall_numbers.h: one line SYSCALL(number, name) each).
 *
 * Every handler is `long sys_name(SYSCALL_ARGS)`: arguments a0 … a5 as the
 * program passed them, result >= 0 or -errno. The files of kernel/task and
 * kernel/fs define them; kernel/task/syscall_table.c builds the table.
 */
#ifndef KERNEL_TASK_SYSCALL_H
#define KERNEL_TASK_SYSCALL_H

#include <syscall_numbers.h>

#include "lib/errno.h"
#include "lib/types.h"

#define SYSCALL_ARGS u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5

typedef long syscall_fn(SYSCALL_ARGS);

#define SYSCALL(number, name) syscall_fn sys_##name;
SYSCALL_LIST(SYSCALL)
#undef SYSCALL

/* Calls that younger machines have no number for: each is a special case of one
 * that they have. Where the table leaves them out, so does the linker. */
syscall_fn sys_access, sys_alarm, sys_chmod, sys_chown, sys_creat, sys_dup2,
	sys_fork, sys_getpgrp, sys_lchown, sys_link, sys_lstat, sys_mkdir,
	sys_mknod, sys_open, sys_pause, sys_pipe, sys_poll, sys_readlink,
	sys_rename, sys_rmdir, sys_select, sys_stat, sys_symlink, sys_time,
	sys_unlink, sys_vfork;

/* The frame of the running system call, for fork, exec and signals. */
struct trap_frame *syscall_frame(void);

#endif
