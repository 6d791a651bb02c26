/* SPDX-License-Identifier: MIT */
/*
 * The first stack of a program, as its C library expects it.
 * [SysV-x86_64] 3.4.1
 *
 *  VDSO_ADDR ┌────────────────────────────┐
 *            │ 8 zero bytes               │
 *            │ path of the program        │ ◄ AT_EXECFN
 *            │ words of envp              │ ◄ envp[i]
 *            │ words of argv              │ ◄ argv[i]
 *            │ machine's name             │ ◄ AT_PLATFORM
 *            │ 16 random bytes            │ ◄ AT_RANDOM
 *            │ (alignment)                │
 *            │ auxiliary vector … AT_NULL │
 *            │ envp[0] … NULL             │
 *            │ argv[0] … NULL             │
 *        sp  │ argc                       │ 16-byte aligned
 *            └────────────────────────────┘
 *
 * The whole is put together in a kernel buffer and written once.
 */
#include "arch/abi.h"
#include "arch/signal.h"
#include "kernel/dev/random.h"
#include "kernel/task/exec.h"
#include "kernel/task/rusage.h"
#include "kernel/task/task.h"
#include "kernel/task/vdso.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/mmap.h"
#include "mm/spaces/uaccess.h"

enum {
	AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6,
	AT_BASE = 7, AT_FLAGS = 8, AT_ENTRY = 9, AT_UID = 11, AT_EUID = 12,
	AT_GID = 13, AT_EGID = 14, AT_PLATFORM = 15, AT_HWCAP = 16,
	AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2 = 26,
	AT_EXECFN = 31, AT_SYSINFO_EHDR = 33, AT_MINSIGSTKSZ = 51,
};

#define STACK_HEADROOM  KIB(128)        /* mapped below sp from the start */
#define STACK_END_ZEROS 8
#define RANDOM_LEN      16
#define AUX_MAX         24

struct stack_layout {
	vaddr_t execfn, words, platform, random, sp;
	size_t size;                    /* bytes from sp to the top */
	u64 aux[2 * AUX_MAX];
	u32 nr_aux;                     /* u64s used */
};

static void aux_add(struct stack_layout *l, u64 type, u64 value)
{
	l->aux[l->nr_aux++] = type;
	l->aux[l->nr_aux++] = value;
}

static void aux_fill(struct stack_layout *l, const struct exec_plan *plan)
{
	const struct cred *c = &current_process()->cred;
	const struct elf_image *img = &plan->image;

	aux_add(l, AT_SYSINFO_EHDR, plan->mm->vdso);
	aux_add(l, AT_HWCAP, abi_hwcap(0));
	aux_add(l, AT_PAGESZ, PAGE_SIZE);
	aux_add(l, AT_CLKTCK, USER_HZ);
	aux_add(l, AT_PHDR, img->phdr_vaddr ? img->phdr_vaddr + plan->bias : 0);
	aux_add(l, AT_PHENT, sizeof(struct elf_program));
	aux_add(l, AT_PHNUM, img->nr_headers);
	aux_add(l, AT_BASE, plan->interp_base);
	aux_add(l, AT_FLAGS, 0);
	aux_add(l, AT_ENTRY, img->entry + plan->bias);
	aux_add(l, AT_UID, c->uid);
	aux_add(l, AT_EUID, c->euid);
	aux_add(l, AT_GID, c->gid);
	aux_add(l, AT_EGID, c->egid);
	aux_add(l, AT_SECURE, 0);
	aux_add(l, AT_RANDOM, l->random);
	aux_add(l, AT_HWCAP2, abi_hwcap(1));
	aux_add(l, AT_EXECFN, l->execfn);
	aux_add(l, AT_PLATFORM, l->platform);
	aux_add(l, AT_MINSIGSTKSZ, signal_frame_size());
	aux_add(l, AT_NULL, 0);
}

/* Where everything goes, from the top down. */
static void stack_plan(struct stack_layout *l, const struct exec_plan *plan)
{
	const struct exec_words *w = &plan->words;
	size_t table;

	l->execfn = VDSO_ADDR - STACK_END_ZEROS - (strlen(plan->path) + 1);
	l->words = l->execfn - w->len;
	l->platform = l->words - sizeof(ABI_MACHINE);
	l->random = ALIGN_DOWN(l->platform - RANDOM_LEN, 16);
	l->nr_aux = 0;
	aux_fill(l, plan);
	table = (1 + w->argc + 1 + w->envc + 1 + l->nr_aux) * sizeof(u64);
	l->sp = ALIGN_DOWN(l->random - table, 16);
	l->size = VDSO_ADDR - l->sp;
}

/* Pointers to nr words that stand packed from *at on; then a NULL. */
static u64 *stack_put_pointers(u64 *slot, const struct exec_words *w,
			       size_t *at, u32 nr, vaddr_t words)
{
	while (nr--) {
		*slot++ = words + *at;
		*at += strlen(w->text + *at) + 1;
	}
	*slot++ = 0;
	return slot;
}

/* image: l->size zero bytes, the stack from sp up. */
static void stack_fill(char *image, const struct stack_layout *l,
		       const struct exec_plan *plan)
{
	const struct exec_words *w = &plan->words;
	u64 *slot = (u64 *)image;
	size_t at = 0;

	*slot++ = w->argc;
	slot = stack_put_pointers(slot, w, &at, w->argc, l->words);
	slot = stack_put_pointers(slot, w, &at, w->envc, l->words);
	memcpy(slot, l->aux, l->nr_aux * sizeof(u64));
	random_fill(image + (l->random - l->sp), RANDOM_LEN);
	memcpy(image + (l->platform - l->sp), ABI_MACHINE, sizeof(ABI_MACHINE));
	memcpy(image + (l->words - l->sp), w->text, w->len);
	memcpy(image + (l->execfn - l->sp), plan->path, strlen(plan->path));
}

static int stack_map(struct exec_plan *plan, const struct stack_layout *l)
{
	vaddr_t start = ALIGN_DOWN(l->sp, PAGE_SIZE) - STACK_HEADROOM, at;
	struct mmap_request rq = {
		.addr = start,
		.len = VDSO_ADDR - start,
		.prot = PROT_READ | PROT_WRITE |
			(plan->image.exec_stack ? PROT_EXEC : 0),
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
			 MAP_GROWSDOWN,
		.may_read = true,
		.may_write = true,
		.vm_flags = VM_STACK,
	};

	return mm_mmap(plan->mm, &rq, &at);
}

static void stack_note_bounds(struct mm *mm, const struct stack_layout *l,
			      const struct exec_words *w)
{
	mm->start_stack = l->sp;
	mm->arg_start = l->words;
	mm->arg_end = l->words + w->env_at;
	mm->env_start = mm->arg_end;
	mm->env_end = l->words + w->len;
	memcpy(mm->auxv, l->aux, MIN(sizeof(mm->auxv), sizeof(l->aux)));
}

/**
 * exec_build_stack() - map and fill the stack of the plan's program
 *
 * Sets plan->sp. Context: thread.
 * Return: 0, -E2BIG: more than a quarter of RLIMIT_STACK, -ENOMEM.
 */
int exec_build_stack(struct exec_plan *plan)
{
	u64 limit = current_process()->rlimit[RLIMIT_STACK].cur;
	struct stack_layout l = { 0 };
	char *image;
	int err;

	stack_plan(&l, plan);
	if (l.size > limit / 4)
		return -E2BIG;
	err = stack_map(plan, &l);
	if (err)
		return err;
	image = kzalloc(l.size, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	stack_fill(image, &l, plan);
	if (mm_write(plan->mm, l.sp, image, l.size) != l.size)
		err = -ENOMEM;
	kfree(image);
	stack_note_bounds(plan->mm, &l, &plan->words);
	plan->sp = l.sp;
	return err;
}
