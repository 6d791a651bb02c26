/* SPDX-License-Identifier: MIT */
/*
 * What the process can see of itself: its maps, normalised, and its contents.
 *
 *	10000000000-10000002000 rw-p 00000000 00:00 0     ┐
 *	10000002000-10000003000 rw-p 00000000 00:00 0     ┘► a+0 3 rw-p
 *
 * Kernels split VMAs for reasons of their own (locks, advice, who faulted
 * first), so neighbours with equal rights and backing count as one line. Only
 * lines in the windows count.
 */
#include "memdiff.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINES = 512, MAX_LOOKED_AT = 96 };

/* The whole of a file of /proc; its length. */
static size_t read_all(const char *path, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return len;
}

/* The last part of a path, without " (deleted)"; of other names nothing. */
static void parse_name(const char *at, char *name, size_t size)
{
	const char *end = strchr(at, '\n'), *slash = NULL;
	size_t len = 0;

	for (const char *p = at; p < end; p++)
		if (*p == '/')
			slash = p + 1;
	if (slash)
		while (slash + len < end && slash[len] != ' ' && len < size - 1)
			len++;
	memcpy(name, slash ? slash : at, len);
	name[len] = '\0';
}

/* One line of maps; where the next begins. */
static const char *parse_line(const char *at, struct line *l)
{
	char *p;

	l->start = strtoul(at, &p, 16);
	l->end = strtoul(p + 1, &p, 16);
	memcpy(l->rights, p + 1, 4);
	l->rights[4] = '\0';
	l->offset = strtoul(p + 6, &p, 16);
	strtoul(p, &p, 16);             /* device, major */
	strtoul(p + 1, &p, 16);
	l->inode = strtoul(p, &p, 10);
	parse_name(p, l->name, sizeof(l->name));
	if (l->rights[3] == 'p' && !strcmp(l->name, "zero")) {
		l->name[0] = '\0';      /* anonymous memory by another name */
		l->inode = l->offset = 0;
	}
	return strchr(p, '\n') + 1;
}

/* Does b only go on with what a began? */
static bool goes_on(const struct line *a, const struct line *b)
{
	return a->end == b->start && !strcmp(a->rights, b->rights) &&
	       a->inode == b->inode && !strcmp(a->name, b->name) &&
	       (!*a->name || a->offset + (a->end - a->start) == b->offset);
}

/* Keeps the part of a line that lies in a window; false: there is none. */
static bool clip(struct line *l, const struct window *w)
{
	uintptr_t end = w->base + (size_t)w->nr_pages * PAGE;

	if (l->start < w->base) {
		l->offset += *l->name ? w->base - l->start : 0;
		l->start = w->base;
	}
	if (l->end > end)
		l->end = end;
	return l->start < l->end;
}

/* Adds the parts of a line that lie in windows; their new number. */
static int add_line(struct line *lines, int nr, const struct line *whole)
{
	static const int by_address[] = { HEAP, ARENA, STACKS, CHOSEN };

	for (int i = 0; i < NR_WINDOWS; i++) {
		struct line *l = &lines[nr];

		*l = *whole;
		if (!clip(l, &windows[by_address[i]]))
			continue;
		if (nr && goes_on(l - 1, l))
			l[-1].end = l->end;
		else
			nr++;
	}
	return nr;
}

/**
 * maps_read() - the normalised lines in the windows; their number
 */
int maps_read(struct line *lines, int max)
{
	static char text[128 * 1024];
	const char *at = text;
	struct line whole;
	int nr = 0;

	(void)read_all("/proc/self/maps", text, sizeof(text));
	while (*at && nr < max - NR_WINDOWS) {
		at = parse_line(at, &whole);
		nr = add_line(lines, nr, &whole);
	}
	return nr;
}

static struct line lines[MAX_LINES];

/**
 * maps_has_one() - does one normalised line hold all of [va, va + len)?
 */
bool maps_has_one(uintptr_t va, size_t len)
{
	int nr = maps_read(lines, MAX_LINES);

	va = untagged(va);
	for (int i = 0; i < nr; i++)
		if (lines[i].start <= va && va + len <= lines[i].end)
			return true;
	return false;
}

/**
 * maps_range() - the whole normalised line that holds an address; len 0: none does
 */
struct range maps_range(uintptr_t va)
{
	int nr = maps_read(lines, MAX_LINES);

	va = untagged(va);
	for (int i = 0; i < nr; i++)
		if (lines[i].start <= va && va < lines[i].end)
			return (struct range){ lines[i].start,
					       lines[i].end - lines[i].start };
	return (struct range){ 0, 0 };
}

/**
 * maps_is_anonymous() - is it private anonymous memory, or outside of the windows?
 */
bool maps_is_anonymous(uintptr_t va)
{
	int nr = maps_read(lines, MAX_LINES);

	va = untagged(va);
	for (int i = 0; i < nr; i++)
		if (lines[i].start <= va && va < lines[i].end)
			return !*lines[i].name;
	return !where_is(va);
}

/**
 * maps_has_file() - is a part of [va, va + len) a mapping of this file?
 */
bool maps_has_file(uintptr_t va, size_t len, const char *file)
{
	int nr = maps_read(lines, MAX_LINES);

	va = untagged(va);
	for (int i = 0; i < nr; i++)
		if (lines[i].start < va + len && va < lines[i].end &&
		    strstr(lines[i].name, file))
			return true;
	return false;
}

/**
 * show_maps() - the normalised lines count
 */
void show_maps(void)
{
	int nr = maps_read(lines, MAX_LINES);

	for (int i = 0; i < nr; i++) {
		const struct line *l = &lines[i];

		note_place("", l->start);
		note_number("", (long)((l->end - l->start) / PAGE));
		say(" %s %lx %s;", l->rights, l->offset, l->name);
		for (const char *p = l->rights; *p; p++)
			note((uint64_t)*p);
		for (const char *p = l->name; *p; p++)
			note((uint64_t)*p);
		note(l->offset);
	}
}

/**
 * show_contents() - checksums of all that may be read
 *
 * Looking touches: file pages and zero pages come in. Past the end of a file
 * the signal is what counts.
 */
void show_contents(void)
{
	int nr = maps_read(lines, MAX_LINES);

	for (int i = 0; i < nr; i++) {
		long nr_pages = (long)((lines[i].end - lines[i].start) / PAGE);

		if (lines[i].rights[0] != 'r')
			continue;
		for (long p = 0; p < nr_pages && p < MAX_LOOKED_AT; p++)
			note_page(lines[i].start + (uintptr_t)p * PAGE);
	}
}

/**
 * read_status() - a number of /proc/self/status, such as "VmData:"
 */
long read_status(const char *key)
{
	static char text[8192];
	const char *at;

	(void)read_all("/proc/self/status", text, sizeof(text));
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}
