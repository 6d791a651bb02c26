/* SPDX-License-Identifier: MIT */
/*
 * System-call numbers of x86_64 Linux for the handlers that exist. One line a
 * call; kernel/task/syscall_table.c builds declarations and table from it.
 */
#ifndef ARCH_X86_64_SYSCALL_NUMBERS_H
#define ARCH_X86_64_SYSCALL_NUMBERS_H

#define SYSCALL_NR 450                  /* numbers are below this */

/* clang-format off */
#define SYSCALL_LIST(SYSCALL)                                              \
	SYSCALL_LIST_MEMORY(SYSCALL)                                       \
	SYSCALL_LIST_PROCESS(SYSCALL)                                      \
	SYSCALL_LIST_SIGNAL_TIME(SYSCALL)                                  \
	SYSCALL_LIST_FILE(SYSCALL)

#define SYSCALL_LIST_MEMORY(SYSCALL)                                       \
	SYSCALL(9, mmap)                                                   \
	SYSCALL(10, mprotect)                                              \
	SYSCALL(11, munmap)                                                \
	SYSCALL(12, brk)                                                   \
	SYSCALL(25, mremap)                                                \
	SYSCALL(26, msync)                                                 \
	SYSCALL(27, mincore)                                               \
	SYSCALL(28, madvise)                                               \
	SYSCALL(149, mlock)                                                \
	SYSCALL(150, munlock)                                              \
	SYSCALL(151, mlockall)                                             \
	SYSCALL(152, munlockall)                                           \
	SYSCALL(325, mlock2)                                               \
	SYSCALL(216, remap_file_pages)

#define SYSCALL_LIST_PROCESS(SYSCALL)                                      \
	SYSCALL(24, sched_yield)                                           \
	SYSCALL(39, getpid)                                                \
	SYSCALL(56, clone)                                                 \
	SYSCALL(57, fork)                                                  \
	SYSCALL(58, vfork)                                                 \
	SYSCALL(59, execve)                                                \
	SYSCALL(60, exit)                                                  \
	SYSCALL(61, wait4)                                                 \
	SYSCALL(63, uname)                                                 \
	SYSCALL(97, getrlimit)                                             \
	SYSCALL(98, getrusage)                                             \
	SYSCALL(99, sysinfo)                                               \
	SYSCALL(100, times)                                                \
	SYSCALL(102, getuid)                                               \
	SYSCALL(103, syslog)                                               \
	SYSCALL(104, getgid)                                               \
	SYSCALL(105, setuid)                                               \
	SYSCALL(106, setgid)                                               \
	SYSCALL(107, geteuid)                                              \
	SYSCALL(108, getegid)                                              \
	SYSCALL(109, setpgid)                                              \
	SYSCALL(110, getppid)                                              \
	SYSCALL(111, getpgrp)                                              \
	SYSCALL(112, setsid)                                               \
	SYSCALL(113, setreuid)                                             \
	SYSCALL(114, setregid)                                             \
	SYSCALL(115, getgroups)                                            \
	SYSCALL(116, setgroups)                                            \
	SYSCALL(117, setresuid)                                            \
	SYSCALL(118, getresuid)                                            \
	SYSCALL(119, setresgid)                                            \
	SYSCALL(120, getresgid)                                            \
	SYSCALL(121, getpgid)                                              \
	SYSCALL(124, getsid)                                               \
	SYSCALL(125, capget)                                               \
	SYSCALL(126, capset)                                               \
	SYSCALL(135, personality)                                          \
	SYSCALL(140, getpriority)                                          \
	SYSCALL(141, setpriority)                                          \
	SYSCALL(142, sched_setparam)                                       \
	SYSCALL(143, sched_getparam)                                       \
	SYSCALL(144, sched_setscheduler)                                   \
	SYSCALL(145, sched_getscheduler)                                   \
	SYSCALL(146, sched_get_priority_max)                               \
	SYSCALL(147, sched_get_priority_min)                               \
	SYSCALL(157, prctl)                                                \
	SYSCALL(158, arch_prctl)                                           \
	SYSCALL(160, setrlimit)                                            \
	SYSCALL(169, reboot)                                               \
	SYSCALL(186, gettid)                                               \
	SYSCALL(202, futex)                                                \
	SYSCALL(203, sched_setaffinity)                                    \
	SYSCALL(204, sched_getaffinity)                                    \
	SYSCALL(218, set_tid_address)                                      \
	SYSCALL(231, exit_group)                                           \
	SYSCALL(247, waitid)                                               \
	SYSCALL(273, set_robust_list)                                      \
	SYSCALL(274, get_robust_list)                                      \
	SYSCALL(302, prlimit64)                                            \
	SYSCALL(309, getcpu)                                               \
	SYSCALL(318, getrandom)                                            \
	SYSCALL(324, membarrier)                                           \
	SYSCALL(435, clone3)

#define SYSCALL_LIST_SIGNAL_TIME(SYSCALL)                                  \
	SYSCALL(13, rt_sigaction)                                          \
	SYSCALL(14, rt_sigprocmask)                                        \
	SYSCALL(15, rt_sigreturn)                                          \
	SYSCALL(34, pause)                                                 \
	SYSCALL(35, nanosleep)                                             \
	SYSCALL(36, getitimer)                                             \
	SYSCALL(37, alarm)                                                 \
	SYSCALL(38, setitimer)                                             \
	SYSCALL(62, kill)                                                  \
	SYSCALL(96, gettimeofday)                                          \
	SYSCALL(127, rt_sigpending)                                        \
	SYSCALL(128, rt_sigtimedwait)                                      \
	SYSCALL(129, rt_sigqueueinfo)                                      \
	SYSCALL(130, rt_sigsuspend)                                        \
	SYSCALL(131, sigaltstack)                                          \
	SYSCALL(200, tkill)                                                \
	SYSCALL(201, time)                                                 \
	SYSCALL(219, restart_syscall)                                      \
	SYSCALL(228, clock_gettime)                                        \
	SYSCALL(229, clock_getres)                                         \
	SYSCALL(230, clock_nanosleep)                                      \
	SYSCALL(234, tgkill)                                               \
	SYSCALL(297, rt_tgsigqueueinfo)

#define SYSCALL_LIST_FILE(SYSCALL)                                         \
	SYSCALL(0, read)                                                   \
	SYSCALL(1, write)                                                  \
	SYSCALL(2, open)                                                   \
	SYSCALL(3, close)                                                  \
	SYSCALL(4, stat)                                                   \
	SYSCALL(5, fstat)                                                  \
	SYSCALL(6, lstat)                                                  \
	SYSCALL(7, poll)                                                   \
	SYSCALL(8, lseek)                                                  \
	SYSCALL(16, ioctl)                                                 \
	SYSCALL(17, pread64)                                               \
	SYSCALL(18, pwrite64)                                              \
	SYSCALL(19, readv)                                                 \
	SYSCALL(20, writev)                                                \
	SYSCALL(21, access)                                                \
	SYSCALL(22, pipe)                                                  \
	SYSCALL(23, select)                                                \
	SYSCALL(32, dup)                                                   \
	SYSCALL(33, dup2)                                                  \
	SYSCALL(40, sendfile)                                              \
	SYSCALL(72, fcntl)                                                 \
	SYSCALL(73, flock)                                                 \
	SYSCALL(74, fsync)                                                 \
	SYSCALL(75, fdatasync)                                             \
	SYSCALL(76, truncate)                                              \
	SYSCALL(77, ftruncate)                                             \
	SYSCALL(79, getcwd)                                                \
	SYSCALL(80, chdir)                                                 \
	SYSCALL(81, fchdir)                                                \
	SYSCALL(82, rename)                                                \
	SYSCALL(83, mkdir)                                                 \
	SYSCALL(84, rmdir)                                                 \
	SYSCALL(85, creat)                                                 \
	SYSCALL(86, link)                                                  \
	SYSCALL(87, unlink)                                                \
	SYSCALL(88, symlink)                                               \
	SYSCALL(89, readlink)                                              \
	SYSCALL(90, chmod)                                                 \
	SYSCALL(91, fchmod)                                                \
	SYSCALL(92, chown)                                                 \
	SYSCALL(93, fchown)                                                \
	SYSCALL(94, lchown)                                                \
	SYSCALL(95, umask)                                                 \
	SYSCALL(133, mknod)                                                \
	SYSCALL(137, statfs)                                               \
	SYSCALL(138, fstatfs)                                              \
	SYSCALL(162, sync)                                                 \
	SYSCALL(217, getdents64)                                           \
	SYSCALL(221, fadvise64)                                            \
	SYSCALL(257, openat)                                               \
	SYSCALL(258, mkdirat)                                              \
	SYSCALL(259, mknodat)                                              \
	SYSCALL(260, fchownat)                                             \
	SYSCALL(262, newfstatat)                                           \
	SYSCALL(263, unlinkat)                                             \
	SYSCALL(264, renameat)                                             \
	SYSCALL(265, linkat)                                               \
	SYSCALL(266, symlinkat)                                            \
	SYSCALL(267, readlinkat)                                           \
	SYSCALL(268, fchmodat)                                             \
	SYSCALL(269, faccessat)                                            \
	SYSCALL(270, pselect6)                                             \
	SYSCALL(271, ppoll)                                                \
	SYSCALL(280, utimensat)                                            \
	SYSCALL(285, fallocate)                                            \
	SYSCALL(292, dup3)                                                 \
	SYSCALL(293, pipe2)                                                \
	SYSCALL(295, preadv)                                               \
	SYSCALL(296, pwritev)                                              \
	SYSCALL(306, syncfs)                                               \
	SYSCALL(316, renameat2)                                            \
	SYSCALL(319, memfd_create)                                         \
	SYSCALL(327, preadv2)                                              \
	SYSCALL(328, pwritev2)                                             \
	SYSCALL(332, statx)                                                \
	SYSCALL(436, close_range)                                          \
	SYSCALL(439, faccessat2)
/* clang-format on */

#endif
