/* SPDX-License-Identifier: MIT */
/*
 * Reading ELF64: from untrusted bytes to a struct elf_image that can be mapped
 * without a second thought.
 *
 * Invariants of an image that elf_read_image() let pass:
 *  [E1] segments ascend, do not overlap, and lie inside [lowest, limit) (for
 *       ET_DYN: their extent is smaller than limit);
 *  [E2] filesz <= memsz, memsz > 0, the file part lies inside the file;
 *  [E3] vaddr and offset are equal modulo a page;
 *  [E4] start and end are page-aligned and enclose all segments;
 *  [E5] entry lies in an executable segment;
 *  [E6] the interpreter's name, if any, lies inside the file and is shorter
 *       than a page.
 */
#include "kernel/task/elf.h"

#include "lib/string.h"

enum { ELF_TYPE_EXEC = 2, ELF_TYPE_DYN = 3 };
enum { ELF_PT_LOAD = 1, ELF_PT_INTERP = 3, ELF_PT_PHDR = 6,
       ELF_PT_GNU_STACK = 0x6474e551 };
enum { ELF_CLASS_64 = 2, ELF_DATA_LITTLE = 1, ELF_VERSION = 1 };

const char *elf_check_header(const struct elf_header *h, u64 file_size,
			     u16 machine)
{
	if (file_size < sizeof(*h))
		return "shorter than an ELF header: the copy is incomplete";
	if (memcmp(h->ident, "\177ELF", 4))
		return "neither an ELF program nor a script that begins with #!";
	if (h->ident[4] != ELF_CLASS_64)
		return "a 32-bit program: only 64-bit ones run here";
	if (h->ident[5] != ELF_DATA_LITTLE)
		return "not little-endian";
	if (h->ident[6] != ELF_VERSION)
		return "unknown ELF version";
	if (h->type != ELF_TYPE_EXEC && h->type != ELF_TYPE_DYN)
		return "neither executable nor shared object";
	if (h->machine != machine)
		return "built for another machine";
	if (h->phentsize != sizeof(struct elf_program))
		return "program headers of an odd size";
	if (h->phnum == 0 || h->phnum > ELF_MAX_HEADERS)
		return "no or too many program headers";
	if (h->phoff > file_size ||
	    h->phnum * sizeof(struct elf_program) > file_size - h->phoff)
		return "program headers past the end of the file: it is truncated";
	if (h->phoff % 8)
		return "misaligned program headers";
	return NULL;
}

/* One PT_LOAD, on its own and against the one before. */
static const char *elf_check_segment(const struct elf_program *ph,
				     u64 limit,
				     const struct elf_segment *before)
{
	if (ph->filesz > ph->memsz)
		return "segment with more file than memory";
	if (ph->offset > ~ph->filesz)
		return "segment that wraps around";
	if (ph->vaddr >= limit || ph->memsz > limit - ph->vaddr)
		return "segment outside the user half";
	if ((ph->vaddr ^ ph->offset) & (PAGE_SIZE - 1))
		return "segment's address and offset differ within the page";
	if (ph->align > 1 && !IS_POW2(ph->align))
		return "segment's alignment is no power of two";
	if (before && ph->vaddr < before->vaddr + before->memsz)
		return "segments overlap or are not in order";
	return NULL;
}

static const char *elf_add_segment(struct elf_image *img,
				   const struct elf_program *ph, u64 file_size,
				   u64 limit)
{
	struct elf_segment *before =
		img->nr_segments ? &img->segment[img->nr_segments - 1] : NULL;
	const char *why;

	if (!ph->memsz)
		return NULL;            /* an empty segment maps nothing */
	if (img->nr_segments == ELF_MAX_SEGMENTS)
		return "too many segments";
	why = elf_check_segment(ph, limit, before);
	if (why)
		return why;
	img->segment[img->nr_segments++] = (struct elf_segment){
		.vaddr = ph->vaddr,
		.filesz = ph->filesz,
		.memsz = ph->memsz,
		.offset = ph->offset,
		.flags = ph->flags,
	};
	img->align = MAX(img->align, ph->align);
	img->truncated |= ph->offset + ph->filesz > file_size;
	return NULL;
}

static const char *elf_note_interp(struct elf_image *img,
				   const struct elf_program *ph)
{
	if (img->interp_len)
		return "two interpreters";
	if (ph->filesz < 2 || ph->filesz >= PAGE_SIZE)
		return "bad interpreter name";
	img->interp_offset = ph->offset;
	img->interp_len = ph->filesz;
	return NULL;
}

/* Where the headers themselves are mapped: AT_PHDR. */
static u64 elf_find_phdr(const struct elf_image *img,
			 const struct elf_header *h)
{
	u64 size = h->phnum * sizeof(struct elf_program);

	for (u32 i = 0; i < img->nr_segments; i++) {
		const struct elf_segment *s = &img->segment[i];

		if (h->phoff >= s->offset && s->filesz >= size &&
		    h->phoff - s->offset <= s->filesz - size)
			return s->vaddr + (h->phoff - s->offset);
	}
	return 0;
}

static bool elf_entry_is_code(const struct elf_image *img)
{
	for (u32 i = 0; i < img->nr_segments; i++) {
		const struct elf_segment *s = &img->segment[i];

		if (s->flags & ELF_PF_X && img->entry >= s->vaddr &&
		    img->entry - s->vaddr < s->memsz)
			return true;
	}
	return false;
}

/* The whole: extent, place, entry. */
static const char *elf_finish_image(struct elf_image *img,
				    const struct elf_header *h, u64 lowest,
				    u64 limit)
{
	const struct elf_segment *last;

	if (!img->nr_segments)
		return "nothing to load";
	last = &img->segment[img->nr_segments - 1];
	img->start = ALIGN_DOWN(img->segment[0].vaddr, PAGE_SIZE);
	img->end = ALIGN_UP(last->vaddr + last->memsz, PAGE_SIZE);
	if (img->end > limit)
		return "segment outside the user half";
	if (!img->dynamic && img->start < lowest)
		return "segment below the lowest mappable address";
	if (img->align > MIB(1024))
		return "absurd alignment";
	img->entry = h->entry;
	if (!elf_entry_is_code(img))
		return "entry point outside the code";
	img->phdr_vaddr = elf_find_phdr(img, h);
	return NULL;
}

const char *elf_read_image(const struct elf_header *h,
			   const struct elf_program *ph, u64 file_size,
			   u64 lowest, u64 limit, struct elf_image *out)
{
	const char *why = NULL;

	memset(out, 0, sizeof(*out));
	out->dynamic = h->type == ELF_TYPE_DYN;
	out->nr_headers = h->phnum;
	out->align = PAGE_SIZE;
	for (u32 i = 0; i < h->phnum && !why; i++) {
		if (ph[i].type == ELF_PT_LOAD)
			why = elf_add_segment(out, &ph[i], file_size, limit);
		else if (ph[i].type == ELF_PT_INTERP)
			why = elf_note_interp(out, &ph[i]);
		else if (ph[i].type == ELF_PT_GNU_STACK)
			out->exec_stack = ph[i].flags & ELF_PF_X;
	}
	return why ? why : elf_finish_image(out, h, lowest, limit);
}
