/* SPDX-License-Identifier: MIT */
/*
 * A checked ELF image becomes VMAs of a new address space.
 *
 *      file    │ text │ data │                    (page cache)
 *                 │      │
 *      space   │ text │ data├─0─┤ bss … │  ▲ brk
 *                r-x    rw-  tail anonymous
 *
 * Nothing is read here but the page with the end of the data: the segments
 * are private mappings of the file, and each page comes with its first use.
 * The bytes behind the data in its last page belong to bss and are zeroed in
 * a private copy of that page.
 *
 * A file that was cut off is no error, as on Linux: what is missing gives
 * SIGBUS where it is touched. Where that is the page with the end of the data,
 * there is nothing to be zeroed.
 */
#include "arch/abi.h"
#include "kernel/fs/vfs.h"
#include "kernel/task/exec.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/backing/backing.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/mmap.h"
#include "mm/spaces/uaccess.h"

/* Reads exactly len bytes. 0, or -ENOEXEC: the file is shorter. */
static int exec_read(struct file *file, u64 pos, void *dst, size_t len)
{
	long got = file_read_kernel(file, pos, dst, len);

	if (got < 0)
		return (int)got;
	return (size_t)got == len ? 0 : -ENOEXEC;
}

/**
 * elf_open_image() - read and check the headers of a program
 *
 * name: for the log line that says what is wrong. Context: thread.
 * Return: 0 with *img, -ENOEXEC, -ENOMEM, or what reading the file gave.
 */
int elf_open_image(struct file *file, struct elf_image *img, const char *name)
{
	u64 size = file->inode->mapping.size;
	struct elf_program *ph;
	struct elf_header h;
	const char *why;
	int err;

	if (size < sizeof(h)) {
		exec_report(name, "too short for a program: %llu bytes",
			    (unsigned long long)size);
		return -ENOEXEC;
	}
	err = exec_read(file, 0, &h, sizeof(h));
	if (err)
		return err;
	why = elf_check_header(&h, size, ABI_ELF_MACHINE);
	if (why)
		goto refuse;
	ph = kmalloc(h.phnum * sizeof(*ph), GFP_KERNEL);
	if (!ph)
		return -ENOMEM;
	err = exec_read(file, h.phoff, ph, h.phnum * sizeof(*ph));
	if (!err)
		why = elf_read_image(&h, ph, size, MM_MIN_ADDR, USER_END, img);
	if (!err && !why && img->truncated)
		exec_report(name, "segment past the end of the file: it is "
				  "truncated");
	kfree(ph);
	if (err || !why)
		return err;
refuse:
	if (h.machine != ABI_ELF_MACHINE && !memcmp(h.ident, "\177ELF", 4))
		exec_report(name,
			    "%s (e_machine %u; this is %s, %u): build it "
			    "for %s",
			    why, h.machine, ABI_MACHINE, ABI_ELF_MACHINE,
			    ABI_MACHINE);
	else
		exec_report(name, "%s", why);
	return -ENOEXEC;
}

static u32 segment_prot(const struct elf_segment *s)
{
	return (s->flags & ELF_PF_R ? PROT_READ : 0) |
	       (s->flags & ELF_PF_W ? PROT_WRITE : 0) |
	       (s->flags & ELF_PF_X ? PROT_EXEC : 0);
}

/* The part of s that comes from the file. */
static int segment_map_file(struct mm *mm, struct file *file,
			    const struct elf_segment *s, u64 bias)
{
	u64 in_page = s->vaddr & (PAGE_SIZE - 1);
	struct mmap_request rq = {
		.addr = s->vaddr + bias - in_page,
		.len = ALIGN_UP(s->filesz + in_page, PAGE_SIZE),
		.prot = segment_prot(s),
		.flags = MAP_PRIVATE | MAP_FIXED,
		.mapping = &file->inode->mapping,
		.offset = s->offset - in_page,
		.may_read = true,
	};
	vaddr_t at;

	return mm_mmap(mm, &rq, &at);
}

static int segment_map_zero(struct mm *mm, const struct elf_segment *s,
			    vaddr_t start, vaddr_t end)
{
	struct mmap_request rq = {
		.addr = start,
		.len = end - start,
		.prot = segment_prot(s),
		.flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
		.may_read = true,
		.may_write = true,
	};
	vaddr_t at;

	return start < end ? mm_mmap(mm, &rq, &at) : 0;
}

/* Zeroes [from, to) inside one page. */
static int segment_zero_tail(struct mm *mm, vaddr_t from, vaddr_t to)
{
	size_t len = to - from;

	if (!len)
		return 0;
	return mm_write(mm, from, page_to_virt(zero_page), len) == len
		       ? 0
		       : -ENOMEM;
}

/* Is the page with the end of the data behind the end of the file? */
static bool segment_end_is_lost(struct file *file, const struct elf_segment *s)
{
	return ALIGN_DOWN(s->offset + s->filesz, PAGE_SIZE) >=
	       file->inode->mapping.size;
}

static int segment_map(struct mm *mm, struct file *file,
		       const struct elf_segment *s, u64 bias)
{
	vaddr_t va = s->vaddr + bias, file_end = va + s->filesz;
	vaddr_t zero = s->filesz ? ALIGN_UP(file_end, PAGE_SIZE)
				 : ALIGN_DOWN(va, PAGE_SIZE);
	int err = 0;

	if (s->filesz)
		err = segment_map_file(mm, file, s, bias);
	if (!err && s->memsz > s->filesz && s->filesz && s->flags & ELF_PF_W &&
	    !segment_end_is_lost(file, s))
		err = segment_zero_tail(mm, file_end, zero);
	if (!err)
		err = segment_map_zero(mm, s, zero,
				       ALIGN_UP(va + s->memsz, PAGE_SIZE));
	return err;
}

static int image_map(struct mm *mm, struct file *file,
		     const struct elf_image *img, u64 bias)
{
	int err = 0;

	for (u32 i = 0; i < img->nr_segments && !err; i++)
		err = segment_map(mm, file, &img->segment[i], bias);
	return err;
}

/* For /proc and brk: where code, data and heap are. */
static int image_note_bounds(struct mm *mm, const struct elf_image *img,
			     u64 bias)
{
	vaddr_t end = img->end + bias;

	for (u32 i = 0; i < img->nr_segments; i++) {
		const struct elf_segment *s = &img->segment[i];
		vaddr_t start = s->vaddr + bias;

		if (s->flags & ELF_PF_X && !mm->start_code) {
			mm->start_code = start;
			mm->end_code = start + s->filesz;
		}
		if (s->flags & ELF_PF_W) {
			mm->start_data = start;
			mm->end_data = start + s->filesz;
		}
	}
	return mm_set_brk(mm, end, end);
}

/* The dynamic loader goes to the top of the mmap area and starts first. */
static int interp_load(struct exec_plan *plan)
{
	struct elf_image *img = kmalloc(sizeof(*img), GFP_KERNEL);
	vaddr_t at;
	int err;

	if (!img)
		return -ENOMEM;
	if (plan->interp->inode->mapping.size < sizeof(struct elf_header)) {
		err = -EIO;
		goto out;
	}
	err = elf_open_image(plan->interp, img, plan->interp_path);
	if (err) {
		exec_report(plan->path, "its loader %s cannot be used",
			    plan->interp_path);
		err = err == -ENOEXEC ? -ELIBBAD : err;
		goto out;
	}
	at = img->start;
	if (img->dynamic)
		at = mm_find_place(plan->mm, img->end - img->start);
	if (!at)
		err = -ENOMEM;
	if (!err)
		err = image_map(plan->mm, plan->interp, img, at - img->start);
	plan->interp_base = at - img->start;
	plan->entry = img->entry + plan->interp_base;
out:
	kfree(img);
	return err;
}

/**
 * exec_load_program() - map the plan's program and its loader into plan->mm
 *
 * Sets bias, entry and interp_base. Context: thread.
 * Return: 0, -ENOMEM, -ELIBBAD (broken loader), or what mapping gave.
 */
int exec_load_program(struct exec_plan *plan)
{
	struct elf_image *img = &plan->image;
	int err;

	plan->bias = 0;
	if (img->dynamic)
		plan->bias = ALIGN_UP(ABI_DYN_BASE, img->align) - img->start;
	if (img->dynamic && img->end + plan->bias > USER_END)
		return -ENOMEM;
	err = image_map(plan->mm, plan->file, img, plan->bias);
	if (!err)
		err = image_note_bounds(plan->mm, img, plan->bias);
	plan->entry = img->entry + plan->bias;
	if (!err && plan->interp)
		err = interp_load(plan);
	return err;
}
