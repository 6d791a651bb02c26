/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: a page of the kernel's in every program.
 *
 *   kernel/task/vdso/ ─► ELF image ─┐
 *   timer_clock ────────► its rule ─┴► one page of the   ◄─┬─ space
 *   (copied at boot)                   page cache of a     ├─ space
 *                                      mapping, no file    └─ …
 *
 * The image is a shared object as C libraries know it: they find it by
 * AT_SYSINFO_EHDR, look names up in its symbols, and read the clock there
 * without a system call. Its code takes the rule of the clock from the end of
 * the page. Where C libraries bring no restorer, the image has the one that
 * signal handlers return to; its entry point says where.
 *
 * To memory management it is one more file that programs map private, read and
 * execute: fork, munmap, mprotect and mremap need to know nothing of it, and a
 * program that writes a breakpoint there (mprotect) gets a copy of its own,
 * which stays right because of [V2]. Whoever unmaps or moves it has handlers
 * that cannot return, and libraries that jump to where it was.
 *
 * [V1] The image and the rule fit in one page: a program has one VMA for both.
 * [V2] The page does not change after boot: the rule of the clock does not. A
 *      clock that can be set would need a page of its own ([vvar]), shared,
 *      with a counter that tells readers when to read again.
 */
#include "kernel/task/vdso.h"

#include "arch/timer.h"
#include "kernel/base/panic.h"
#include "kernel/task/elf.h"
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
	char *to = page_to_virt(page);

	memcpy(to, vdso_image_start, vdso_size());
	memcpy(to + PAGE_SIZE - sizeof(timer_clock), &timer_clock,
	       sizeof(timer_clock));
	return 0;
}

/* Nobody counts its users: it is there for ever. */
static const struct mapping_ops vdso_ops = {
	.read_page = vdso_read_page,
	.path = vdso_path,
};

/**
 * vdso_init() - put image and rule into their page
 *
 * Context: boot, after timer_init() and mm_init(). Panics when there is no
 * memory.
 */
void vdso_init(void)
{
	struct page *page;

	assert(vdso_size() <= PAGE_SIZE - sizeof(timer_clock));
	mapping_init(&vdso_mapping, &vdso_ops);
	vdso_mapping.size = PAGE_SIZE;
	if (mapping_get_page(&vdso_mapping, 0, &page))
		panic("vdso: no memory for its page");
	page_put(page);                 /* the cache keeps it */
}

/**
 * vdso_map() - map the page into the space of a new program
 *
 * It goes to the very top, above the stack, where one page table serves both.
 * Context: thread, without mm->lock. Return: 0, or what mmap said.
 */
int vdso_map(struct mm *mm)
{
	struct mmap_request rq = {
		.addr = VDSO_ADDR,
		.len = PAGE_SIZE,
		.prot = PROT_READ | PROT_EXEC,
		.flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE,
		.mapping = &vdso_mapping,
		.may_read = true,
	};

	return mm_mmap(mm, &rq, &mm->vdso);
}

/** vdso_restorer() - the user address of the image's restorer; 0: none. */
vaddr_t vdso_restorer(const struct mm *mm)
{
	const struct elf_header *h = (const void *)vdso_image_start;

	return mm->vdso && h->entry ? mm->vdso + h->entry : 0;
}
