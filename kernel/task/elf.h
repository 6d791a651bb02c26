/* SPDX-License-Identifier: MIT */
/*
 * ELF64 programs: what the file's bytes say, checked.
 *
 * Pure functions over bytes: no allocation, no locks, no kernel state, so that
 * tests and the fuzzer run them anywhere.
 */
#ifndef KERNEL_TASK_ELF_H
#define KERNEL_TASK_ELF_H

#include "lib/types.h"

#define ELF_MAX_HEADERS  64             /* program headers */
#define ELF_MAX_SEGMENTS 16             /* PT_LOAD among them */

enum { ELF_PF_X = 1, ELF_PF_W = 2, ELF_PF_R = 4 };

struct elf_header {                     /* Elf64_Ehdr */
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_program {                    /* Elf64_Phdr */
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};
static_assert(sizeof(struct elf_program) == 56, "Elf64_Phdr");

struct elf_segment {
	u64 vaddr;                      /* as linked */
	u64 filesz, memsz;              /* bytes; filesz <= memsz */
	u64 offset;                     /* in the file; ≡ vaddr modulo a page */
	u32 flags;                      /* ELF_PF_* */
};

struct elf_image {
	bool dynamic;                   /* ET_DYN: may go anywhere */
	bool exec_stack;
	bool truncated;                 /* a segment reaches behind the file's end */
	u64 entry;
	u64 phdr_vaddr;                 /* program headers; 0: not mapped */
	u32 nr_headers;
	u64 start, end;                 /* page-aligned extent as linked */
	u64 align;                      /* of start, a power of two >= a page */
	u32 nr_segments;
	struct elf_segment segment[ELF_MAX_SEGMENTS];   /* ascending */
	u64 interp_offset, interp_len;  /* PT_INTERP; len 0: none */
};

/**
 * elf_check_header() - is this an ELF64 program for the machine?
 *
 * Return: NULL, or what is wrong in a few words. On success the program
 * headers lie inside the file and there are at most ELF_MAX_HEADERS.
 * Ref: [ELF] ELF-64 object file format, header and program header table.
 */
const char *elf_check_header(const struct elf_header *h, u64 file_size,
			     u16 machine);

/**
 * elf_read_image() - what the program headers ask for, every claim checked
 *
 * limit: first address that programs may not use. Segments and the loader's name
 * may lie behind the end of the file: whoever reads them there will see.
 * Return: NULL with *out complete, or what is wrong.
 */
const char *elf_read_image(const struct elf_header *h,
			   const struct elf_program *ph, u64 file_size,
			   u64 lowest, u64 limit, struct elf_image *out);

#endif
