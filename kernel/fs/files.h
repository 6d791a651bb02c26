/* SPDX-License-Identifier: MIT */
/* Descriptor tables as the file system calls use them: see files.c. */
#ifndef KERNEL_FS_FILES_H
#define KERNEL_FS_FILES_H

#include "kernel/fs/file.h"

#define FILES_MAX (1u << 20)            /* beyond any RLIMIT_NOFILE (nr_open) */

/* A file in use by one system call. */
struct fd_loan {
	struct file *file;
	bool counted;                   /* holds a reference */
};

struct file *fd_borrow(int fd, struct fd_loan *loan);

static inline void fd_return(struct fd_loan *loan)
{
	if (unlikely(loan->counted && loan->file))
		file_put(loan->file);
}

u32 files_limit(void);
/* Of the calling process: open_calls.c. */
int __must_check own_fd_reserve(u32 from, u32 flags);
long own_fd_finish(int fd, struct file *file, int err);
int __must_check fd_reserve(struct files *files, u32 from, bool cloexec,
			    u32 limit);
void fd_install(struct files *files, int fd, struct file *file);
void fd_release(struct files *files, int fd);
int __must_check fd_replace(struct files *files, int fd, struct file *file,
			    bool cloexec);
int fd_close(struct files *files, int fd);
void files_close_range(struct files *files, u32 first, u32 last, bool cloexec);
int fd_get_flags(struct files *files, int fd);
int fd_set_cloexec(struct files *files, int fd, bool cloexec);
int fd_next(struct files *files, int fd);
const char *files_check(struct files *files);

#endif
