/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables: small numbers to open files.
 *
 *   open     1 1 1 0 1 0 …      bitmap: number is taken
 *   cloexec  0 0 0 0 1 0 …      bitmap: closes at exec
 *   file     ● ● ● · ● · …      pointers
 *
 * The table grows by doubling, up to RLIMIT_NOFILE. A number is taken before
 * its file is there (fd_reserve, then fd_install), so that nothing can fail
 * once the file is open.
 *
 * Invariants (files_check): [D1] file[n] is set only where open bit n is;
 * [D2] cloexec bits are set only where open bits are; [D3] no number below
 * first_free is free.
 *
 * Locking: files.lock. The calling thread of a table that is not shared may
 * look up a file and use it without lock and reference (fd_borrow): nobody
 * else can close it. /proc readers only look, under the lock.
 */
#include "kernel/fs/files.h"

#include "kernel/fs/filelock.h"
#include "kernel/task/task.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"

#define FILES_INLINE 64                 /* descriptors without an allocation */

struct fd_table {
	u32 size;                       /* numbers that fit */
	struct file **file;
	u64 *open, *cloexec;            /* bitmaps */
};

struct files {
	u32 refs;                       /* [atomic] processes and readers */
	u32 first_free;                 /* [lock] lowest number that may be free */
	struct mutex lock;
	struct fd_table table;          /* [lock] to change */
	struct file *inline_file[FILES_INLINE];
	u64 inline_open[BITMAP_WORDS(FILES_INLINE)];
	u64 inline_cloexec[BITMAP_WORDS(FILES_INLINE)];
};

/**
 * files_create() - an empty table with one reference
 *
 * Context: thread. Return: 0 or -ENOMEM.
 */
int files_create(struct files **out)
{
	struct files *files = kzalloc(sizeof(*files), GFP_KERNEL);

	if (!files)
		return -ENOMEM;
	files->refs = 1;
	mutex_init(&files->lock, RANK_FILES);
	files->table = (struct fd_table){ FILES_INLINE, files->inline_file,
					  files->inline_open,
					  files->inline_cloexec };
	*out = files;
	return 0;
}

/* A descriptor of the table goes: with it its record locks on the file. */
static void fd_drop(struct files *files, struct file *file)
{
	filelock_close(file->inode, files);
	file_put(file);
}

static void fd_table_free(struct files *files, struct fd_table *t)
{
	if (t->file != files->inline_file)
		kfree(t->file);         /* the bitmaps stand behind it */
}

/* A table for size numbers (a multiple of 64) with the old one's contents. */
static int fd_table_copy(const struct fd_table *from, u32 size,
			 struct fd_table *to)
{
	size_t words = BITMAP_WORDS(size), old = BITMAP_WORDS(from->size);
	void *mem =
		kzalloc(size * sizeof(struct file *) + 2 * words * sizeof(u64),
			GFP_KERNEL);

	if (!mem)
		return -ENOMEM;
	to->size = size;
	to->file = mem;
	to->open = (u64 *)(to->file + size);
	to->cloexec = to->open + words;
	memcpy(to->file, from->file, from->size * sizeof(struct file *));
	memcpy(to->open, from->open, old * sizeof(u64));
	memcpy(to->cloexec, from->cloexec, old * sizeof(u64));
	return 0;
}

/* Makes room for number fd. Context: lock, or a table nobody else knows. */
static int files_grow(struct files *files, u32 fd)
{
	u32 size = files->table.size;
	struct fd_table bigger;
	int err;

	while (size <= fd)
		size *= 2;
	if (size == files->table.size)
		return 0;
	err = fd_table_copy(&files->table, size, &bigger);
	if (err)
		return err;
	fd_table_free(files, &files->table);
	files->table = bigger;
	return 0;
}

/**
 * files_copy() - the table of a forked process: the same open files
 *
 * Context: thread. Return: 0 or -ENOMEM.
 */
int files_copy(struct files *from, struct files **out)
{
	struct files *to;
	struct fd_table *t;
	int err = files_create(&to);

	if (err)
		return err;
	mutex_lock(&from->lock);
	err = files_grow(to, from->table.size - 1);
	t = &to->table;
	for (size_t fd = 0; !err && fd < from->table.size; fd++) {
		fd = bitmap_find_set(from->table.open, from->table.size, fd);
		if (fd == from->table.size)
			break;
		t->file[fd] = from->table.file[fd];
		if (!t->file[fd])
			continue;       /* reserved, not there yet */
		file_get(t->file[fd]);
		bitmap_set(t->open, fd);
		if (bitmap_test(from->table.cloexec, fd))
			bitmap_set(t->cloexec, fd);
	}
	mutex_unlock(&from->lock);
	if (err)
		files_put(to);
	else
		*out = to;
	return err;
}

/** files_get() - one more user (CLONE_FILES, a /proc reader). Context: any. */
void files_get(struct files *files)
{
	__atomic_fetch_add(&files->refs, 1, __ATOMIC_RELAXED);
}

/** files_put() - one user less; the last closes everything. Context: thread. */
void files_put(struct files *files)
{
	struct fd_table *t = &files->table;

	if (__atomic_sub_fetch(&files->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t fd = 0; fd < t->size; fd++) {
		fd = bitmap_find_set(t->open, t->size, fd);
		if (fd < t->size && t->file[fd])
			fd_drop(files, t->file[fd]);
	}
	fd_table_free(files, t);
	kfree(files);
}

/** files_limit() - descriptors that the calling process may have. */
u32 files_limit(void)
{
	u64 limit = current_process()->rlimit[RLIMIT_NOFILE].cur;

	return limit < FILES_MAX ? (u32)limit : FILES_MAX;
}

/**
 * fd_reserve() - take the lowest free number from `from` on
 *
 * fd_install() or fd_release() must follow. Context: thread.
 * Return: the number, -EMFILE, -ENOMEM.
 */
int fd_reserve(struct files *files, u32 from, bool cloexec, u32 limit)
{
	struct fd_table *t = &files->table;
	size_t fd;
	int err;

	mutex_lock(&files->lock);
	fd = bitmap_find_clear(t->open, t->size, MAX(from, files->first_free));
	fd = MAX(fd, from);             /* from may lie beyond the table */
	err = fd < limit ? files_grow(files, (u32)fd) : -EMFILE;
	if (!err) {
		bitmap_set(t->open, fd);
		if (cloexec)
			bitmap_set(t->cloexec, fd);
		if (from <= files->first_free)
			files->first_free = (u32)fd + 1;
	}
	mutex_unlock(&files->lock);
	return err ? err : (int)fd;
}

/** fd_install() - put a file, whose reference moves, behind its number. */
void fd_install(struct files *files, int fd, struct file *file)
{
	mutex_lock(&files->lock);
	assert_slow(bitmap_test(files->table.open, (u32)fd));
	files->table.file[fd] = file;
	mutex_unlock(&files->lock);
}

/* Makes number fd free; its file, if any, is the caller's to put. */
static struct file *fd_clear(struct files *files, u32 fd)
	__needs_lock(files->lock)
{
	struct file *file = files->table.file[fd];

	files->table.file[fd] = NULL;
	bitmap_clear(files->table.open, fd);
	bitmap_clear(files->table.cloexec, fd);
	files->first_free = MIN(files->first_free, fd);
	return file;
}

/** fd_release() - give a reserved number back unused. */
void fd_release(struct files *files, int fd)
{
	mutex_lock(&files->lock);
	(void)fd_clear(files, (u32)fd);
	mutex_unlock(&files->lock);
}

/**
 * fd_replace() - dup2: fd becomes file, whatever it was; file's reference moves
 *
 * Context: thread. Return: 0, -EBUSY (being opened by another thread), -ENOMEM.
 */
int fd_replace(struct files *files, int fd, struct file *file, bool cloexec)
{
	struct fd_table *t = &files->table;
	struct file *old = NULL;
	int err;

	mutex_lock(&files->lock);
	err = files_grow(files, (u32)fd);
	if (!err && bitmap_test(t->open, (u32)fd) && !t->file[fd])
		err = -EBUSY;
	if (!err) {
		old = t->file[fd];
		t->file[fd] = file;
		bitmap_set(t->open, (u32)fd);
		bitmap_clear(t->cloexec, (u32)fd);
		if (cloexec)
			bitmap_set(t->cloexec, (u32)fd);
	}
	mutex_unlock(&files->lock);
	if (old)
		fd_drop(files, old);
	return err;
}

/** fd_close() - close(2). Context: thread. Return: 0 or -EBADF. */
int fd_close(struct files *files, int fd)
{
	struct file *file = NULL;

	mutex_lock(&files->lock);
	if (fd >= 0 && (u32)fd < files->table.size && files->table.file[fd])
		file = fd_clear(files, (u32)fd);
	mutex_unlock(&files->lock);
	if (!file)
		return -EBADF;
	fd_drop(files, file);
	return 0;
}

/** files_close_on_exec() - close what is marked so. Context: thread. */
void files_close_on_exec(struct files *files)
{
	struct fd_table *t = &files->table;

	for (size_t fd = 0; fd < t->size; fd++) {
		fd = bitmap_find_set(t->cloexec, t->size, fd);
		if (fd < t->size)
			(void)fd_close(files, (int)fd);
	}
}

/**
 * files_close_range() - close numbers first to last, or mark them for exec
 *
 * Context: thread.
 */
void files_close_range(struct files *files, u32 first, u32 last, bool cloexec)
{
	int fd = (int)MIN(first, FILES_MAX);

	for (fd = fd_next(files, fd); fd >= 0 && (u32)fd <= last;
	     fd = fd_next(files, fd + 1))
		if (cloexec)
			(void)fd_set_cloexec(files, fd, true);
		else
			(void)fd_close(files, fd);
}

/**
 * process_unshare_files() - the calling process gets a table of its own
 *
 * After clone(CLONE_FILES) two processes have one. Context: thread.
 * Return: 0, -ENOMEM, -EINVAL: the table is that of several threads.
 */
int process_unshare_files(void)
{
	struct process *p = current_process();
	struct files *old = p->files, *own;
	u64 flags;
	int err;

	if (READ_ONCE(old->refs) == 1)
		return 0;
	if (READ_ONCE(p->nr_tasks) > 1)
		return -EINVAL;
	err = files_copy(old, &own);
	if (err)
		return err;
	flags = spin_lock_irq(&tasks_lock);     /* /proc looks at it */
	p->files = own;
	spin_unlock_irq(&tasks_lock, flags);
	files_put(old);
	return 0;
}

static struct file *files_at(const struct files *files, int fd)
{
	return (u32)fd < files->table.size ? files->table.file[fd] : NULL;
}

/** files_lookup() - the descriptor's file with a reference, or NULL. */
struct file *files_lookup(struct files *files, int fd)
{
	struct file *file;

	mutex_lock(&files->lock);
	file = files_at(files, fd);
	if (file)
		file_get(file);
	mutex_unlock(&files->lock);
	return file;
}

/**
 * fd_borrow() - a descriptor of the calling process, for the time of one call
 *
 * fd_return() must follow. Context: thread. Return: the file, or NULL: -EBADF.
 */
struct file *fd_borrow(int fd, struct fd_loan *loan)
{
	struct files *files = current_process()->files;

	loan->counted = READ_ONCE(files->refs) > 1;
	loan->file = loan->counted ? files_lookup(files, fd)
				   : files_at(files, fd);
	return loan->file;
}

/** fd_get_flags() - FD_CLOEXEC or 0; -EBADF. */
int fd_get_flags(struct files *files, int fd)
{
	int ret = -EBADF;

	mutex_lock(&files->lock);
	if (files_at(files, fd))
		ret = bitmap_test(files->table.cloexec, (u32)fd);
	mutex_unlock(&files->lock);
	return ret;
}

/** fd_set_cloexec() - F_SETFD. Return: 0 or -EBADF. */
int fd_set_cloexec(struct files *files, int fd, bool cloexec)
{
	int ret = -EBADF;

	mutex_lock(&files->lock);
	if (files_at(files, fd)) {
		ret = 0;
		if (cloexec)
			bitmap_set(files->table.cloexec, (u32)fd);
		else
			bitmap_clear(files->table.cloexec, (u32)fd);
	}
	mutex_unlock(&files->lock);
	return ret;
}

/** fd_next() - lowest open descriptor >= fd, or -1. Context: thread. */
int fd_next(struct files *files, int fd)
{
	struct fd_table *t = &files->table;
	size_t n = (size_t)fd;

	mutex_lock(&files->lock);
	do {
		n = n < t->size ? bitmap_find_set(t->open, t->size, n)
				: t->size;
	} while (n < t->size && !t->file[n] && ++n);
	fd = n < t->size ? (int)n : -1;
	mutex_unlock(&files->lock);
	return fd;
}

/**
 * files_open_console() - the console as 0, 1 and 2 of an empty table
 *
 * Context: thread. Return: 0, or -errno of opening /dev/console.
 */
int files_open_console(struct files *files)
{
	struct path p;
	struct file *file = NULL;
	int err = path_copy(&p, "/dev/console");

	if (err)
		return err;
	err = vfs_open(&p, root_inode, O_RDWR, 0, &file);
	path_done(&p);
	for (int fd = 0; !err && fd < 3; fd++) {
		file_get(file);
		err = fd_replace(files, fd, file, false);
		if (err)
			file_put(file);
	}
	if (file)
		file_put(file);
	return err;
}

/** files_check() - NULL, or the broken invariant. Context: thread. */
const char *files_check(struct files *files)
{
	struct fd_table *t = &files->table;
	const char *why = NULL;

	mutex_lock(&files->lock);
	for (u32 fd = 0; fd < t->size; fd++) {
		if (t->file[fd] && !bitmap_test(t->open, fd))
			why = "[D1] a file behind a free number";
		if (bitmap_test(t->cloexec, fd) && !bitmap_test(t->open, fd))
			why = "[D2] cloexec of a free number";
		if (fd < files->first_free && !bitmap_test(t->open, fd))
			why = "[D3] a free number below first_free";
	}
	mutex_unlock(&files->lock);
	return why;
}
