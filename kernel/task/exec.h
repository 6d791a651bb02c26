/* SPDX-License-Identifier: MIT */
/*
 * exec: from a path to a process that runs it.
 *
 * exec_load.c maps the program, exec_stack.c writes its first stack, exec.c
 * decides and commits.
 */
#ifndef KERNEL_TASK_EXEC_H
#define KERNEL_TASK_EXEC_H

#include "kernel/task/elf.h"
#include "lib/types.h"

struct file;
struct mm;

#define EXEC_ARG_MAX    MIB(2)          /* bytes of all words together */
#define EXEC_WORD_MAX   KIB(128)        /* one word, as Linux */
#define EXEC_PATH_MAX   256

/* The words of argv and envp, packed one behind the other with their NULs. */
struct exec_words {
	char *text;                     /* kmalloc */
	size_t len, size;               /* bytes used, bytes there */
	u32 argc, envc;
	size_t env_at;                  /* where envp's first word begins */
};

/* One program on its way: everything that exec builds before it commits. */
struct exec_plan {
	char path[EXEC_PATH_MAX];       /* as asked for: AT_EXECFN */
	char name[16];                  /* comm */
	struct file *file;              /* the program */
	struct file *interp;            /* its loader, or NULL */
	char interp_path[EXEC_PATH_MAX];
	struct elf_image image;
	struct exec_words words;
	struct mm *mm;                  /* the new space */
	u64 bias;                       /* image address - linked address */
	u64 interp_base;                /* AT_BASE */
	vaddr_t entry;                  /* first instruction */
	vaddr_t sp;                     /* first stack pointer */
};

/* exec_load.c. All: 0 or -errno; the space is the plan's alone. */
int __must_check elf_open_image(struct file *file, struct elf_image *img,
				const char *name);
int __must_check exec_load_program(struct exec_plan *plan);

/* exec_words.c */
int __must_check exec_words_add(struct exec_words *w, const char *word);
int __must_check exec_words_add_user(struct exec_words *w,
				     const char __user *word);
int __must_check exec_words_insert(struct exec_words *w, const char *first,
				   const char *second, const char *third);
void exec_words_free(struct exec_words *w);

/* exec_stack.c */
int __must_check exec_build_stack(struct exec_plan *plan);

/* exec_report.c: what is wrong with the program at path, for people. */
void exec_report(const char *path, const char *fmt, ...) __printf(2, 3);

/* exec.c: the calling task becomes the program; words are kernel strings.
 * On success the task's user frame is set. */
int __must_check exec_kernel(const char *path, const char *const *argv,
			     const char *const *envp);

#endif
