/* SPDX-License-Identifier: MIT */
/* Error numbers of the Linux ABI, the same on x86_64 and AArch64. */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

enum {
	EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, ENXIO = 6,
	E2BIG = 7, ENOEXEC = 8, EBADF = 9, ECHILD = 10, EAGAIN = 11,
	ENOMEM = 12, EACCES = 13, EFAULT = 14, ENOTBLK = 15, EBUSY = 16,
	EEXIST = 17, EXDEV = 18, ENODEV = 19, ENOTDIR = 20, EISDIR = 21,
	EINVAL = 22, ENFILE = 23, EMFILE = 24, ENOTTY = 25, ETXTBSY = 26,
	EFBIG = 27, ENOSPC = 28, ESPIPE = 29, EROFS = 30, EMLINK = 31,
	EPIPE = 32, EDOM = 33, ERANGE = 34, EDEADLK = 35, ENAMETOOLONG = 36,
	ENOLCK = 37, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40, ENODATA = 61,
	EOVERFLOW = 75, ELIBBAD = 80, EILSEQ = 84, EUSERS = 87,
	EOPNOTSUPP = 95, ETIMEDOUT = 110, EALREADY = 114, EINPROGRESS = 115,
	ESTALE = 116, ECANCELED = 125,
};

/*
 * Inside the kernel only: the call was interrupted and restarts after the
 * signal (never seen by user programs).
 */
enum { ERESTARTSYS = 512, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };

#endif
