/* SPDX-License-Identifier: MIT */
/* kernel/task/elf.c: what a program header may claim, and what not. */
#include "kernel/task/elf.h"
#include "lib/string.h"
#include "tests/kernel/suite.h"

#define MACHINE   62
#define FILE_SIZE 0x20000ull
#define LOWEST    0x10000ull
#define LIMIT     0x7ffffffff000ull

enum { LOAD = 1, INTERP = 3, STACK = 0x6474e551 };

static struct elf_header head;
static struct elf_program prog[4];
static struct elf_image image;

/* Text and data as a linker lays them out; prog[2] and [3] are unused. */
static void good_program(void)
{
	memset(prog, 0, sizeof(prog));
	head = (struct elf_header){
		.ident = "\177ELF\2\1\1",
		.type = 2,
		.machine = MACHINE,
		.version = 1,
		.entry = 0x401000,
		.phoff = 64,
		.ehsize = 64,
		.phentsize = 56,
		.phnum = 4,
	};
	prog[0] = (struct elf_program){
		.type = LOAD,
		.flags = ELF_PF_R | ELF_PF_X,
		.offset = 0,
		.vaddr = 0x400000,
		.filesz = 0x8000,
		.memsz = 0x8000,
		.align = 0x1000,
	};
	prog[1] = (struct elf_program){
		.type = LOAD,
		.flags = ELF_PF_R | ELF_PF_W,
		.offset = 0x8f00,
		.vaddr = 0x409f00,
		.filesz = 0x300,
		.memsz = 0x5000,
		.align = 0x1000,
	};
}

static const char *read_program(void)
{
	const char *why = elf_check_header(&head, FILE_SIZE, MACHINE);

	return why ? why
		   : elf_read_image(&head, prog, FILE_SIZE, LOWEST, LIMIT,
				    &image);
}

/* The program is refused, and for this reason. */
#define EXPECT_REFUSED(text)                                   \
	do {                                                   \
		const char *got__ = read_program();            \
		EXPECT(got__ && !strcmp(got__, text));         \
	} while (0)

TEST(elf, reads_a_good_program)
{
	good_program();
	EXPECT_SOUND(read_program());
	EXPECT_EQ(image.nr_segments, 2);
	EXPECT_EQ(image.start, 0x400000);
	EXPECT_EQ(image.end, 0x40f000);
	EXPECT_EQ(image.entry, 0x401000);
	EXPECT_EQ(image.phdr_vaddr, 0x400040);
	EXPECT_EQ(image.segment[1].filesz, 0x300);
	EXPECT_EQ(image.segment[1].memsz, 0x5000);
	EXPECT(!image.dynamic && !image.exec_stack && !image.interp_len);
}

TEST(elf, reads_interpreter_and_stack)
{
	good_program();
	head.type = 3;
	prog[2] = (struct elf_program){ .type = INTERP,
					.offset = 0x200,
					.filesz = 28 };
	prog[3] = (struct elf_program){ .type = STACK,
					.flags = ELF_PF_R | ELF_PF_X };
	EXPECT_SOUND(read_program());
	EXPECT(image.dynamic && image.exec_stack);
	EXPECT_EQ(image.interp_offset, 0x200);
	EXPECT_EQ(image.interp_len, 28);
}

TEST(elf, refuses_other_files)
{
	good_program();
	head.ident[1] = 'e';
	EXPECT_REFUSED(
		"neither an ELF program nor a script that begins with #!");
	good_program();
	head.ident[4] = 1;
	EXPECT_REFUSED("a 32-bit program: only 64-bit ones run here");
	good_program();
	head.ident[5] = 2;
	EXPECT_REFUSED("not little-endian");
	good_program();
	head.type = 1;
	EXPECT_REFUSED("neither executable nor shared object");
	good_program();
	head.machine = MACHINE + 1;
	EXPECT_REFUSED("built for another machine");
	EXPECT(elf_check_header(&head, 63, MACHINE));
}

TEST(elf, refuses_headers_outside_the_file)
{
	good_program();
	head.phoff = FILE_SIZE - 4 * 56 + 8;
	EXPECT_REFUSED(
		"program headers past the end of the file: it is truncated");
	good_program();
	head.phoff = ~(u64)0 - 7;
	EXPECT_REFUSED(
		"program headers past the end of the file: it is truncated");
	good_program();
	head.phnum = 0;
	EXPECT_REFUSED("no or too many program headers");
	good_program();
	head.phentsize = 32;
	EXPECT_REFUSED("program headers of an odd size");
}

TEST(elf, refuses_broken_segments)
{
	good_program();
	prog[1].filesz = 0x5001;
	EXPECT_REFUSED("segment with more file than memory");
	good_program();
	prog[1].offset = ~(u64)0 - 0xff;
	EXPECT_REFUSED("segment that wraps around");
	good_program();
	prog[1].memsz = LIMIT;
	EXPECT_REFUSED("segment outside the user half");
	good_program();
	prog[1].memsz = ~(u64)0 - 0x409f00 + 1;
	EXPECT_REFUSED("segment outside the user half");
	good_program();
	prog[1].offset++;
	EXPECT_REFUSED("segment's address and offset differ within the page");
	good_program();
	prog[0].memsz = 0xa000;
	EXPECT_REFUSED("segments overlap or are not in order");
	good_program();
	prog[0].align = 0x3000;
	EXPECT_REFUSED("segment's alignment is no power of two");
}

TEST(elf, refuses_a_whole_that_cannot_run)
{
	good_program();
	head.entry = 0x40a000;          /* data */
	EXPECT_REFUSED("entry point outside the code");
	good_program();
	prog[0].memsz = prog[0].filesz = prog[1].memsz = prog[1].filesz = 0;
	EXPECT_REFUSED("nothing to load");
	good_program();
	prog[0].vaddr = LOWEST - 0x1000;
	EXPECT_REFUSED("segment below the lowest mappable address");
	good_program();
	prog[2] = prog[3] = (struct elf_program){ .type = INTERP, .filesz = 9 };
	EXPECT_REFUSED("two interpreters");
	prog[3].type = 0;
	prog[2].filesz = PAGE_SIZE;
	EXPECT_REFUSED("bad interpreter name");
}
