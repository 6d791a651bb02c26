/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/maps: one line a VMA, in Linux's format; and the first half of
 * numa_maps' lines.
 *
 *	7ffff7ffb000-7ffff7ffd000 r-xp 00001000 00:01 17          /bin/busybox
 *	start        end          rwxp offset   dev   inode       path, column 73
 *
 * The path comes from the file system, which has locks of its own: each VMA is
 * copied out under mm->lock, with a reference to its file, and printed
 * without. A space that changes between two lines shows as it was at each.
 */
#include "lib/format.h"
#include "lib/string.h"
#include "mm/backing/mapping.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/mm.h"

#define SHOW_PATH_COLUMN 73
#define SHOW_PATH_MAX    4096           /* bytes of a path with its NUL */

struct show_line {
	vaddr_t start, end;
	u32 flags;
	u64 offset;                     /* bytes */
	struct mapping *mapping;        /* with a reference, or NULL */
	const char *name;               /* of anonymous memory; NULL: none */
};

/* What an anonymous VMA is for, as far as the layout tells. */
static const char *show_name(const struct mm *mm, const struct vma *vma)
{
	if (vma->start <= mm->brk && vma->end >= mm->start_brk && mm->brk)
		return "[heap]";
	if (vma->start <= mm->start_stack && vma->end >= mm->start_stack &&
	    mm->start_stack)
		return "[stack]";
	return NULL;
}

/* The VMA at or above pos; false: none. */
static bool show_take(struct mm *mm, vaddr_t pos, struct show_line *line,
		      mm_look_fn *look, void *arg)
{
	struct vma *vma;

	read_lock(&mm->lock);
	vma = vma_find(mm, pos);
	if (vma) {
		line->start = vma->start;
		line->end = vma->end;
		line->flags = vma->flags;
		line->mapping = vma->mapping;
		line->offset = vma->mapping ? vma->pgoff << PAGE_SHIFT : 0;
		line->name = vma->mapping ? NULL : show_name(mm, vma);
		if (line->mapping && line->mapping->ops->get)
			line->mapping->ops->get(line->mapping);
		if (look)
			look(vma, arg);
	}
	read_unlock(&mm->lock);
	return vma != NULL;
}

/* A path in which none of these characters can pretend to mean something. */
static void show_path(struct strbuf *sb, const char *path, const char *special)
{
	while (*path) {
		int plain = 0;

		while (path[plain] && !strchr(special, path[plain]))
			plain++;
		strbuf_printf(sb, "%.*s", plain, path);
		path += plain;
		if (*path) {
			strbuf_printf(sb, "\\%03o", (unsigned int)(u8)*path);
			path++;
		}
	}
}

/* The line's own path, to be freed, or NULL; then its name stays. */
static char *show_make_path(const struct show_line *line)
{
	struct mapping *m = line->mapping;
	char *path = NULL;

	if (m && m->ops->path)
		path = kmalloc(SHOW_PATH_MAX, GFP_KERNEL);
	if (path)
		m->ops->path(m, path, SHOW_PATH_MAX);
	return path;
}

/* "00400000 default file=/bin/busybox", for the counts to follow. */
static void show_print_numa(struct strbuf *sb, const struct show_line *line)
{
	char *path = show_make_path(line);

	strbuf_printf(sb, "%08lx default", line->start);
	if (path && *path == '/') {
		strbuf_printf(sb, " file=");
		show_path(sb, path, "\n\t= \\");
	} else if (line->name) {                /* without its brackets */
		strbuf_printf(sb, " %.*s", (int)strlen(line->name) - 2,
			      line->name + 1);
	}
	kfree(path);
}

static void show_print(struct strbuf *sb, const struct show_line *line)
{
	struct mapping *m = line->mapping;
	char *path = show_make_path(line);
	const char *name = path ? path : line->name;
	size_t begin = sb->len;
	u32 device = 0;
	u64 inode = 0;

	if (m && m->ops->inode_number)
		inode = m->ops->inode_number(m);
	if (m && (m->ops->inode_number || m->ops->shmem))
		device = 1;
	strbuf_printf(sb, "%08lx-%08lx %c%c%c%c %08llx 00:%02x %llu ",
		      line->start, line->end, line->flags & VM_READ ? 'r' : '-',
		      line->flags & VM_WRITE ? 'w' : '-',
		      line->flags & VM_EXEC ? 'x' : '-',
		      line->flags & VM_SHARED ? 's' : 'p',
		      (unsigned long long)line->offset, device,
		      (unsigned long long)inode);
	if (name) {
		strbuf_printf(sb, "%*s",
			      MAX(0, SHOW_PATH_COLUMN - (int)(sb->len - begin)),
			      "");
		show_path(sb, name, "\n");
	}
	strbuf_printf(sb, "\n");
	kfree(path);
}

/* One line by `print`; else as mm_show_map(). */
static bool show_one(struct mm *mm, struct strbuf *sb, u64 *pos,
		     mm_look_fn *look, void *arg,
		     void (*print)(struct strbuf *sb,
				   const struct show_line *line))
{
	size_t before = sb->len;
	struct show_line line;

	if (strbuf_overflowed(sb))      /* before is behind the buffer */
		return false;
	if (!show_take(mm, *pos, &line, look, arg)) {
		*pos = USER_END;
		return false;
	}
	print(sb, &line);
	if (line.mapping && line.mapping->ops->put)
		line.mapping->ops->put(line.mapping);
	if (strbuf_overflowed(sb)) {
		sb->len = before;
		sb->buf[before] = '\0';
		return false;
	}
	*pos = line.end;
	return true;
}

/**
 * mm_show_map() - the line of the VMA at or above *pos
 *
 * look (NULL: none) sees the VMA while mm->lock is held for reading. A line
 * that does not fit is left out and *pos stays; else it becomes the VMA's end,
 * or USER_END when there is none. Context: thread, no mm lock; may sleep.
 * Return: whether a line was written.
 */
bool mm_show_map(struct mm *mm, struct strbuf *sb, u64 *pos, mm_look_fn *look,
		 void *arg)
{
	return show_one(mm, sb, pos, look, arg, show_print);
}

/**
 * mm_show_numa() - the same as numa_maps begins a line: no newline yet
 */
bool mm_show_numa(struct mm *mm, struct strbuf *sb, u64 *pos, mm_look_fn *look,
		  void *arg)
{
	return show_one(mm, sb, pos, look, arg, show_print_numa);
}

/**
 * mm_show_maps() - lines of /proc/PID/maps from address *pos on
 *
 * Only whole lines; *pos becomes the address to go on from, USER_END after the
 * last. Context: thread, no mm lock; may sleep.
 */
void mm_show_maps(struct mm *mm, struct strbuf *sb, u64 *pos)
{
	while (*pos < USER_END && mm_show_map(mm, sb, pos, NULL, NULL))
		;
}
