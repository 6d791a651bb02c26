/* SPDX-License-Identifier: MIT */
/*
 * System-call numbers of AArch64 Linux for the handlers that exist. One line a
 * call; kernel/task/syscall_table.c builds declarations and table from it.
 * The ABI is younger than x86_64's and has only one form of each call: openat
 * but no open, clone but no fork, ppoll but no poll.
 */
#ifndef ARCH_AARCH64_SYSCALL_NUMBERS_H
#define ARCH_AARCH64_SYSCALL_NUMBERS_H

#define SYSCALL_NR 450                  /* numbers are below this */

/* clang-format off */
#define SYSCALL_LIST(SYSCALL)                                              \
	SYSCALL_LIST_MEMORY(SYSCALL)                                       \
	SYSCALL_LIST_PROCESS(SYSCALL)                                      \
	SYSCALL_LIST_SIGNAL_TIME(SYSCALL)                                  \
	SYSCALL_LIST_FILE(SYSCALL)

#define SYSCALL_LIST_MEMORY(SYSCALL)                                       \
	SYSCALL(214, brk)                                                  \
	SYSCALL(215, munmap)                                               \
	SYSCALL(216, mremap)                                               \
	SYSCALL(222, mmap)                                                 \
	SYSCALL(226, mprotect)                                             \
	SYSCALL(227, msync)                                                \
	SYSCALL(232, mincore)                                              \
	SYSCALL(233, madvise)                                              \
	SYSCALL(228, mlock)                                                \
	SYSCALL(229, munlock)                                              \
	SYSCALL(230, mlockall)                                             \
	SYSCALL(231, munlockall)                                           \
	SYSCALL(284, mlock2)                                               \
	SYSCALL(234, remap_file_pages)

#define SYSCALL_LIST_PROCESS(SYSCALL)                                      \
	SYSCALL(90, capget)                                                \
	SYSCALL(91, capset)                                                \
	SYSCALL(92, personality)                                           \
	SYSCALL(93, exit)                                                  \
	SYSCALL(94, exit_group)                                            \
	SYSCALL(95, waitid)                                                \
	SYSCALL(96, set_tid_address)                                       \
	SYSCALL(98, futex)                                                 \
	SYSCALL(99, set_robust_list)                                       \
	SYSCALL(100, get_robust_list)                                      \
	SYSCALL(116, syslog)                                               \
	SYSCALL(118, sched_setparam)                                       \
	SYSCALL(119, sched_setscheduler)                                   \
	SYSCALL(120, sched_getscheduler)                                   \
	SYSCALL(121, sched_getparam)                                       \
	SYSCALL(122, sched_setaffinity)                                    \
	SYSCALL(123, sched_getaffinity)                                    \
	SYSCALL(124, sched_yield)                                          \
	SYSCALL(125, sched_get_priority_max)                               \
	SYSCALL(126, sched_get_priority_min)                               \
	SYSCALL(140, setpriority)                                          \
	SYSCALL(141, getpriority)                                          \
	SYSCALL(142, reboot)                                               \
	SYSCALL(143, setregid)                                             \
	SYSCALL(144, setgid)                                               \
	SYSCALL(145, setreuid)                                             \
	SYSCALL(146, setuid)                                               \
	SYSCALL(147, setresuid)                                            \
	SYSCALL(148, getresuid)                                            \
	SYSCALL(149, setresgid)                                            \
	SYSCALL(150, getresgid)                                            \
	SYSCALL(153, times)                                                \
	SYSCALL(154, setpgid)                                              \
	SYSCALL(155, getpgid)                                              \
	SYSCALL(156, getsid)                                               \
	SYSCALL(157, setsid)                                               \
	SYSCALL(158, getgroups)                                            \
	SYSCALL(159, setgroups)                                            \
	SYSCALL(160, uname)                                                \
	SYSCALL(163, getrlimit)                                            \
	SYSCALL(164, setrlimit)                                            \
	SYSCALL(165, getrusage)                                            \
	SYSCALL(167, prctl)                                                \
	SYSCALL(168, getcpu)                                               \
	SYSCALL(172, getpid)                                               \
	SYSCALL(173, getppid)                                              \
	SYSCALL(174, getuid)                                               \
	SYSCALL(175, geteuid)                                              \
	SYSCALL(176, getgid)                                               \
	SYSCALL(177, getegid)                                              \
	SYSCALL(178, gettid)                                               \
	SYSCALL(179, sysinfo)                                              \
	SYSCALL(220, clone)                                                \
	SYSCALL(221, execve)                                               \
	SYSCALL(260, wait4)                                                \
	SYSCALL(261, prlimit64)                                            \
	SYSCALL(278, getrandom)                                            \
	SYSCALL(283, membarrier)                                           \
	SYSCALL(435, clone3)

#define SYSCALL_LIST_SIGNAL_TIME(SYSCALL)                                  \
	SYSCALL(101, nanosleep)                                            \
	SYSCALL(102, getitimer)                                            \
	SYSCALL(103, setitimer)                                            \
	SYSCALL(113, clock_gettime)                                        \
	SYSCALL(114, clock_getres)                                         \
	SYSCALL(115, clock_nanosleep)                                      \
	SYSCALL(128, restart_syscall)                                      \
	SYSCALL(129, kill)                                                 \
	SYSCALL(130, tkill)                                                \
	SYSCALL(131, tgkill)                                               \
	SYSCALL(132, sigaltstack)                                          \
	SYSCALL(133, rt_sigsuspend)                                        \
	SYSCALL(134, rt_sigaction)                                         \
	SYSCALL(135, rt_sigprocmask)                                       \
	SYSCALL(136, rt_sigpending)                                        \
	SYSCALL(137, rt_sigtimedwait)                                      \
	SYSCALL(138, rt_sigqueueinfo)                                      \
	SYSCALL(139, rt_sigreturn)                                         \
	SYSCALL(169, gettimeofday)                                         \
	SYSCALL(240, rt_tgsigqueueinfo)

#define SYSCALL_LIST_FILE(SYSCALL)                                         \
	SYSCALL(17, getcwd)                                                \
	SYSCALL(23, dup)                                                   \
	SYSCALL(24, dup3)                                                  \
	SYSCALL(25, fcntl)                                                 \
	SYSCALL(29, ioctl)                                                 \
	SYSCALL(32, flock)                                                 \
	SYSCALL(33, mknodat)                                               \
	SYSCALL(34, mkdirat)                                               \
	SYSCALL(35, unlinkat)                                              \
	SYSCALL(36, symlinkat)                                             \
	SYSCALL(37, linkat)                                                \
	SYSCALL(38, renameat)                                              \
	SYSCALL(43, statfs)                                                \
	SYSCALL(44, fstatfs)                                               \
	SYSCALL(45, truncate)                                              \
	SYSCALL(46, ftruncate)                                             \
	SYSCALL(47, fallocate)                                             \
	SYSCALL(48, faccessat)                                             \
	SYSCALL(49, chdir)                                                 \
	SYSCALL(50, fchdir)                                                \
	SYSCALL(52, fchmod)                                                \
	SYSCALL(53, fchmodat)                                              \
	SYSCALL(54, fchownat)                                              \
	SYSCALL(55, fchown)                                                \
	SYSCALL(56, openat)                                                \
	SYSCALL(57, close)                                                 \
	SYSCALL(59, pipe2)                                                 \
	SYSCALL(61, getdents64)                                            \
	SYSCALL(62, lseek)                                                 \
	SYSCALL(63, read)                                                  \
	SYSCALL(64, write)                                                 \
	SYSCALL(65, readv)                                                 \
	SYSCALL(66, writev)                                                \
	SYSCALL(67, pread64)                                               \
	SYSCALL(68, pwrite64)                                              \
	SYSCALL(69, preadv)                                                \
	SYSCALL(70, pwritev)                                               \
	SYSCALL(71, sendfile)                                              \
	SYSCALL(72, pselect6)                                              \
	SYSCALL(73, ppoll)                                                 \
	SYSCALL(78, readlinkat)                                            \
	SYSCALL(79, newfstatat)                                            \
	SYSCALL(80, fstat)                                                 \
	SYSCALL(81, sync)                                                  \
	SYSCALL(82, fsync)                                                 \
	SYSCALL(83, fdatasync)                                             \
	SYSCALL(88, utimensat)                                             \
	SYSCALL(166, umask)                                                \
	SYSCALL(223, fadvise64)                                            \
	SYSCALL(267, syncfs)                                               \
	SYSCALL(276, renameat2)                                            \
	SYSCALL(279, memfd_create)                                         \
	SYSCALL(286, preadv2)                                              \
	SYSCALL(287, pwritev2)                                             \
	SYSCALL(291, statx)                                                \
	SYSCALL(436, close_range)                                          \
	SYSCALL(439, faccessat2)
/* clang-format on */

#endif
