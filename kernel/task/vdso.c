/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: a page of the kernel's code in every program.
 *
 *   image, rodata ─ copied at boot ─► one page of the page cache ◄─┬─ space
 *   (arch/<machine>/vdso.S)           of a mapping without a file  ├─ space
 *                                                                  └─ …
 *
 * The machine says what is in it; so far only the restorer, where a signal
 * handler returns to. To memory management it is one more file that programs
 * map private, read and execute: fork, munmap, mprotect and mremap need to know
 * nothing of it, and a program that writes a breakpoint there (mprotect) gets a
 * copy of its own. Whoever unmaps or moves it has handlers that cannot return.
 *
 * Not here: an ELF header around the code with symbols (AT_SYSINFO_EHDR), and
 * clocks that are read without a system call.
 */
#include "kernel/task/vdso.h"

#include "arch/signal.h"
#include "kernel/base/panic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/backing/mapping.h"
#include "mm/spaces/mmap.h"

static struct mapping vdso_mapping;

static size_t vdso_size(void)
{
	return (size_t)(vdso_image_end - vdso_image_start);
}

static const char *vdso_path(struct mapping *m, char *buf, size_t size)
{
	fmt_snprintf(buf, size, "[vdso]");
	return buf;
}

static int vdso_read_page(struct mapping *m, struct page *page, u64 index)
{
	memcpy(page_to_virt(page), vdso_image_start, vdso_size());
	return 0;
}

/* Nobody counts its users: it is there for ever. */
static const struct mapping_ops vdso_ops = {
	.read_page = vdso_read_page,
	.path = vdso_path,
};

/**
 * vdso_init() - put the image into its page
 *
 * Context: boot, after mm_init(). Panics when there is no memory.
 */
void vdso_init(void)
{
	struct page *page;

	assert(vdso_size() <= PAGE_SIZE);
	if (!vdso_size())
		return;
	mapping_init(&vdso_mapping, &vdso_ops);
	vdso_mapping.size = PAGE_SIZE;
	if (mapping_get_page(&vdso_mapping, 0, &page))
		panic("vdso: no memory for its page");
	page_put(page);                 /* the cache keeps it */
}

/**
 * vdso_map() - map the page into the space of a new program
 *
 * Context: thread, without mm->lock. Return: 0, or what mmap said.
 */
int vdso_map(struct mm *mm)
{
	struct mmap_request rq = {
		.len = PAGE_SIZE,
		.prot = PROT_READ | PROT_EXEC,
		.flags = MAP_PRIVATE,
		.mapping = &vdso_mapping,
		.may_read = true,
	};

	return vdso_size() ? mm_mmap(mm, &rq, &mm->vdso) : 0;
}

/** vdso_restorer() - the user address of the image's restorer; 0: none. */
vaddr_t vdso_restorer(const struct mm *mm)
{
	if (!mm->vdso)
		return 0;
	return mm->vdso + (vaddr_t)(vdso_image_restorer - vdso_image_start);
}
