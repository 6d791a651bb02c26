/* SPDX-License-Identifier: MIT */
/*
 * memdiff - one program, many dice, two kernels.
 *
 *	seed ─► 200 steps ─► each: a memory call or a touch ─► its result
 *	                                                          │
 *	     hash of all results of the seed  ◄───────────────────┤
 *	     the results themselves, as text  ◄───────────────────┘
 *
 * The same seed must give the same hash on Linux and on Quire. What a kernel
 * may choose for itself is taken out of the results before they count:
 *
 *	where.c   addresses become "page 3 of the arena", "7 pages below the lowest
 *	          mapping"; VMAs are compared without their private seams
 *	maps.c    /proc/self/maps, neighbours joined; checksums of contents
 *	touch.c   loads, stores, jumps; signals; the second thread
 *	calls.c   mmap and its family        files.c   files, their size and bytes
 *	draw.c    dice and arguments         steps.c   the table of all steps
 *	memdiff.c seeds, children, requests from the serial line
 *
 * Rules that make a shrunk sequence mean what it meant: [D1] every step has dice
 * of its own, from the seed and its number; [D2] what a step does depends on its
 * dice and on results that were compared, on nothing else; [D3] whatever takes
 * part in the state of a sequence lives in its process or in files of its own.
 */
#ifndef TESTS_DIFF_MEMDIFF_H
#define TESTS_DIFF_MEMDIFF_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096ul

/* The top bits of a pointer that no access looks at: AArch64's tag. */
#if defined(__aarch64__)
enum { TAG_BITS = 8 };
#else
enum { TAG_BITS = 0 };
#endif

static inline uintptr_t untagged(uintptr_t va)
{
	return va << TAG_BITS >> TAG_BITS;
}

enum { MAX_STEPS = 256 };

/* ---- draw.c: dice -------------------------------------------------------- */

struct dice {
	uint64_t state;
};

struct dice dice_of(uint64_t seed, uint64_t nr);
uint64_t roll(struct dice *d);
long below(struct dice *d, long end);
bool chance(struct dice *d, int percent);

/* Arguments. */
struct range {
	uintptr_t at;
	size_t len;
};

void draw_remember(uintptr_t at, size_t len);
uintptr_t draw_page(struct dice *d);
uintptr_t draw_addr(struct dice *d);
uintptr_t draw_tag(struct dice *d, uintptr_t va);
size_t draw_pages(struct dice *d);
size_t draw_len(struct dice *d);
struct range draw_range(struct dice *d);
int draw_prot(struct dice *d);
void say_range(struct range r);

/* ---- log.c: what counts, and what is printed ------------------------------- */

/* Shared with the children of a sequence, so that they go on with it. */
struct log {
	uint64_t hash;
	bool text;                      /* print it as well */
	int len;                        /* of the line so far */
	char line[65536];
};

extern struct log *out;

void log_init(void);
void log_begin(bool text);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void end_line(void);
void note(uint64_t value);
void note_number(const char *what, long value);
void note_result(long result);
void note_place(const char *what, uintptr_t va);
void say_place(uintptr_t va);

/* ---- where.c: windows of the address space ---------------------------------- */

struct window {
	char letter;
	uintptr_t base;
	long nr_pages;
	bool cut[2112];                 /* a VMA may begin at this page */
};

enum { ARENA, STACKS, HEAP, CHOSEN, NR_WINDOWS };
enum { ARENA_PAGES = 40, CHOSEN_PAGES = 2048 };

extern struct window windows[NR_WINDOWS];

void where_init(void);
const struct window *where_is(uintptr_t va);
void where_cut(uintptr_t va, size_t len);
void where_fresh(uintptr_t va, size_t len);
bool where_has_cut(uintptr_t va, size_t len);

/* ---- maps.c ------------------------------------------------------------------ */

struct line {
	uintptr_t start, end;
	char rights[5];
	uint64_t offset, inode;
	char name[32];
};

int maps_read(struct line *lines, int max);
struct range maps_range(uintptr_t va);
bool maps_is_anonymous(uintptr_t va);
bool maps_has_file(uintptr_t va, size_t len, const char *file);
bool maps_has_one(uintptr_t va, size_t len);
void show_maps(void);
void show_contents(void);
long read_status(const char *key);      /* "VmData:": kB of /proc/self/status */

/* ---- steps ------------------------------------------------------------------- */

/* One for each kind of step. */
typedef void step_fn(struct dice *d);
step_fn step_mmap, step_munmap, step_mprotect, step_mremap, step_madvise,
	step_remove;
step_fn step_lock, step_lock_all, step_brk, step_msync, step_mincore;
step_fn step_limit, step_remap, step_tags;
step_fn step_truncate, step_fallocate, step_read, step_write, step_stat;
step_fn step_seal;
step_fn step_load, step_store, step_exec, step_maps, step_contents;

/* What a system call returned: a number, or -errno. */
long raw(long result);

/* ---- touch.c ------------------------------------------------------------------ */

enum touch_kind { TOUCH_READ, TOUCH_WRITE, TOUCH_EXEC };

/* Offsets in a page that are written and looked at. */
enum { NR_SPOTS = 8, CODE_SPOT = 2 };
extern const uint16_t spots[NR_SPOTS];

void touch_init(int flags);
void touch(uintptr_t at, enum touch_kind kind, uint64_t value);
void note_page(uintptr_t page);
void helper_start(void);
void helper_run(step_fn *step, struct dice *d);

/* ---- files.c ------------------------------------------------------------------ */

void files_open(void);
int draw_fd(struct dice *d);
const char *drawn_fd(void);

/* ---- steps.c ------------------------------------------------------------------ */

struct sequence {
	uint64_t seed;
	int nr_steps;
	uint8_t keep[MAX_STEPS / 8];    /* a bit a step */
};

extern bool in_child;                   /* of a sequence's first process */

extern bool private_zero;               /* it may map /dev/zero privately */

extern bool pages_leave;                /* it may ask for MADV_PAGEOUT */
extern bool lone_stacks;                /* stacks never touch each other */

void run_sequence(const struct sequence *s);
bool leave_out(const char *name);

#endif
