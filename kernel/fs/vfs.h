/* SPDX-License-Identifier: MIT */
/*
 * Files: names, inodes, open files, descriptor tables.
 *
 *   fd ─► struct files.file[fd] ─► struct file (position, flags)
 *                                      └─► struct inode (type, mode, size)
 *   "name" in a directory: struct dirent ───►  └─► struct mapping (page cache)
 *
 * tmpfs keeps every name and inode in memory; devices, pipes and /proc files
 * are inodes with their own file_ops.
 *
 * References to an inode: one for each name in a directory, open file, VMA,
 * working directory. The last inode_put() frees it and its contents; a file
 * without names lives on while something has it open or mapped.
 *
 *   names_lock ─ all names and links between directories (a leaf: nothing is
 *                allocated, copied to users or waited for under it)
 *   inode.lock ─ size and contents of one file, held over user copies
 *   file.lock  ─ the position of an open file
 */
#ifndef KERNEL_FS_VFS_H
#define KERNEL_FS_VFS_H

#include "kernel/base/lock.h"
#include "kernel/fs/io.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "mm/backing/mapping.h"

struct dirent;
struct file;
struct inode;
struct pipe;
struct poll_wait;
struct proc_node;

#define NAME_MAX 255                    /* bytes of one name */
#define PATH_MAX 4096                   /* bytes of a path with its NUL */

enum inode_type { INODE_FILE, INODE_DIR, INODE_LINK, INODE_CHAR, INODE_FIFO,
		  INODE_PROC };

/* What an open file does. Positions count for types with a seekable
 * content only; a stream ignores *pos. */
struct file_ops {
	const char *name;
	int (*open)(struct inode *inode, struct file *file);   /* may be NULL */
	void (*release)(struct file *file);                    /* may be NULL */
	/* Bytes moved, or -errno when none. */
	long (*read)(struct file *file, struct io *io, u64 *pos);
	long (*write)(struct file *file, struct io *io, u64 *pos);
	long (*ioctl)(struct file *file, unsigned int cmd, u64 arg);
	/* POLLIN … now; puts the caller on the queues that announce a change
	 * if pw is not NULL (poll.h). NULL op: always ready. */
	unsigned int (*poll)(struct file *file, struct poll_wait *pw);
	/* The mapping that mmap shall use; NULL op: not mappable (-ENODEV).
	 * *anonymous: /dev/zero, a private mapping is plain anonymous memory. */
	int (*mmap)(struct file *file, struct mapping **out, bool *anonymous);
};

/* One entry as getdents64 shows it. */
struct dir_item {
	const char *name;
	size_t len;
	u64 number;                     /* inode number */
	u64 cookie;                     /* where to go on behind it */
	u32 mode;                       /* S_IF* */
};

/* Says false when it has no room: the entry comes again next time. */
typedef bool dir_emit_fn(void *ctx, const struct dir_item *item);

/* The file system's side of an inode. */
struct inode_ops {
	const char *name;               /* "tmpfs", "proc" */
	u64 magic;                      /* as statfs shows it */
	u32 dev;                        /* as st_dev shows it */
	/* DIR: the inode of a name (never "." or "..") with a reference. */
	int (*lookup)(struct inode *dir, const char *name, size_t len,
		      struct inode **out);
	/* DIR: entries whose cookie is greater than the given one. */
	int (*list)(struct inode *dir, u64 cookie, dir_emit_fn *emit,
		    void *ctx);
	/* LINK: bytes of the target, at most size, without a NUL. */
	long (*readlink)(struct inode *link, char *buf, size_t size);
	/* LINK: where it leads without a path (/proc/PID/exe), or NULL. */
	int (*follow)(struct inode *link, struct inode **out);
	/* The last reference went: contents go. */
	void (*release)(struct inode *inode);
};

struct directory {
	struct rb_root by_name;         /* [names_lock] struct dirent.node */
	struct list_node entries;       /* [names_lock] dirent.order, by cookie */
	u64 last_cookie;                /* [names_lock] */
};

struct inode {
	enum inode_type type;
	u32 mode;                       /* S_IF* and permission bits */
	u32 nlink;                      /* [names_lock] a directory: 2 + subdirectories */
	u32 refs;                       /* [atomic] */
	u32 uid, gid;
	u64 number;
	u64 rdev;                       /* CHAR: major << 8 | minor */
	u64 mtime_ns, atime_ns, ctime_ns;       /* of the Unix epoch */
	const struct inode_ops *fs;
	const struct file_ops *ops;
	struct list_node names;         /* [names_lock] dirent.same */
	struct mutex lock;
	u32 seals;                      /* FILE: F_SEAL_* [lock to change] */
	bool may_get_name;              /* FILE of O_TMPFILE: linkat may find it */
	struct list_node locks;         /* filelock.c [its lock] */
	union {
		struct mapping mapping;         /* FILE: contents */
		struct directory dir;           /* DIR of tmpfs */
		char *link;                     /* LINK of tmpfs: target */
		struct pipe *pipe;              /* FIFO, or NULL: not open */
		struct {                        /* /proc */
			const struct proc_node *node;
			int pid, fd;            /* whose; 0: of nobody */
		} proc;
	};
};

struct file {
	u32 refs;                       /* [atomic] */
	u32 flags;                      /* O_* */
	u64 pos;                        /* bytes; a directory: cookie [lock] */
	struct inode *inode;
	const struct file_ops *ops;
	void *private;                  /* of the ops */
	struct mutex lock;
};

struct files;                           /* descriptor table: files.c */
struct fs_context {                     /* per process [files lock] */
	struct inode *cwd;              /* with a reference */
	u32 umask;
};

/* "/", never freed. */
extern struct inode *root_inode;

/* ---- descriptor tables: files.c ------------------------------------------- */

int __must_check files_create(struct files **out);
int __must_check files_copy(struct files *from, struct files **out);
void files_get(struct files *files);
void files_put(struct files *files);
void files_close_on_exec(struct files *files);
int __must_check process_unshare_files(void);
int __must_check files_open_console(struct files *files);
struct file *files_lookup(struct files *files, int fd);

/* ---- open files: file.c ----------------------------------------------------- */

int __must_check vfs_open_exec(struct fs_context *fs, const char *path,
			       struct file **out);
void file_get(struct file *file);
void file_put(struct file *file);
long file_read_kernel(struct file *file, u64 pos, void *dst, size_t len);

/* ---- inodes: inode.c ---------------------------------------------------------- */

void inode_get(struct inode *inode);
void inode_put(struct inode *inode);
const char *inode_path(struct inode *inode, char *buf, size_t size);

static inline struct inode *mapping_inode(struct mapping *m)
{
	return container_of(m, struct inode, mapping);
}

#endif
