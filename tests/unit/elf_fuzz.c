/* SPDX-License-Identifier: MIT */
/*
 * kernel/task/elf.c under nasty programs: whatever the headers claim, the
 * reader either refuses with words or gives an image that keeps [E1] to [E6].
 *
 * Each round takes a sound program and breaks some of its fields, with values
 * that like the edges; the checks are done anew here, naively, in 128 bits.
 * Rounds must be both refused and let pass, or the fuzzer proves nothing.
 */
#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/task/elf.h"
#include "tests/unit/fuzz.h"

typedef unsigned __int128 u128;

#define MACHINE     62
#define LOWEST      0x10000ull
#define LIMIT       0x7ffffffff000ull
#define MAX_PROGRAM (ELF_MAX_HEADERS + 8)

enum { LOAD = 1, INTERP = 3 };

static unsigned long rounds;

static u64 draw_value(u64 file_size)
{
	const u64 edges[] = { 0, 1, 0xfff, 0x1000, LOWEST, LIMIT, LIMIT - 1,
			      file_size, file_size - 1, ~(u64)0, ~(u64)0xfff,
			      (u64)1 << 63 };

	return draw_near(edges, array_size(edges));
}

/* A linker's layout of 1 … 18 segments (more than fit, at times). */
static void sound_program(struct elf_header *h, struct elf_program *ph,
			  u64 file_size)
{
	u64 va = 0x400000, offset = 0;

	memset(ph, 0, MAX_PROGRAM * sizeof(*ph));
	*h = (struct elf_header){
		.ident = "\177ELF\2\1\1",
		.type = (u16)(2 + draw() % 2),
		.machine = MACHINE,
		.version = 1,
		.phoff = 64,
		.phentsize = 56,
		.phnum = (u16)(1 + draw() % 18),
	};
	h->entry = va + draw() % 0x100;
	for (u32 i = 0; i < h->phnum; i++) {
		ph[i] = (struct elf_program){
			.type = LOAD,
			.flags = i ? 6 : 5,
			.offset = offset,
			.vaddr = va,
			.filesz = 0x400 + draw() % 0x800,
			.align = 0x1000,
		};
		ph[i].memsz = ph[i].filesz + (i ? draw() % 0x3000 : 0);
		va += 0x5000;
		offset += 0x1000;
		if (offset + 0x1000 > file_size)
			offset = 0;
	}
}

static void break_program(struct elf_header *h, struct elf_program *ph,
			  u64 file_size)
{
	u64 *fields[] = { &h->entry, &h->phoff };

	for (u64 n = draw() % 4; n; n--) {
		struct elf_program *p = &ph[draw() % (h->phnum ? h->phnum : 1)];
		u64 *of[] = { &p->offset, &p->vaddr, &p->filesz, &p->memsz,
			      &p->align };

		switch (draw() % 8) {
		case 0:
			*fields[draw() % 2] = draw_value(file_size);
			break;
		case 1:
			h->phnum = (u16)(draw() % (ELF_MAX_HEADERS + 4));
			break;
		case 2:
			p->type = draw() % 2 ? INTERP : (u32)draw();
			break;
		case 3:
			((u8 *)h)[draw() % 20] ^= (u8)(1 << draw() % 8);
			break;
		default:
			*of[draw() % 5] = draw_value(file_size);
		}
	}
}

static void check_segments(const struct elf_image *img, u64 file_size)
{
	u128 before = 0;
	bool entry_found = false;

	assert_in_range(img->nr_segments, 1, ELF_MAX_SEGMENTS);
	for (u32 i = 0; i < img->nr_segments; i++) {
		const struct elf_segment *s = &img->segment[i];
		u128 end = (u128)s->vaddr + s->memsz;

		assert_true(s->vaddr >= before);                /* [E1] */
		assert_true(end <= LIMIT);
		assert_true(s->memsz && s->filesz <= s->memsz);  /* [E2] */
		assert_true((u128)s->offset + s->filesz <= file_size ||
			    img->truncated);
		assert_int_equal(s->vaddr % 4096, s->offset % 4096); /* [E3] */
		assert_true(img->start <= s->vaddr);            /* [E4] */
		assert_true(end <= img->end);
		entry_found |= s->flags & ELF_PF_X && img->entry >= s->vaddr &&
			       img->entry < end;
		before = end;
	}
	assert_true(entry_found);                               /* [E5] */
}

static void check_image(const struct elf_image *img, u64 file_size)
{
	check_segments(img, file_size);
	assert_int_equal((img->start | img->end) % 4096, 0);
	assert_true(img->dynamic || img->start >= LOWEST);
	assert_true(img->end <= LIMIT);
	assert_true(IS_POW2(img->align) && img->align >= 4096);
	assert_true(img->interp_len < 4096);                    /* [E6] */
	assert_true(img->interp_len < PAGE_SIZE);
}

static void nasty_programs(void **unused)
{
	unsigned long passed = 0, refused = 0;

	for (unsigned long i = 0; i < rounds; i++) {
		struct elf_program *ph = malloc(MAX_PROGRAM * sizeof(*ph));
		struct elf_program *exact;
		u64 file_size = 0x2000 + draw() % 0x8000;
		struct elf_header h;
		struct elf_image img;
		const char *why;

		sound_program(&h, ph, file_size);
		break_program(&h, ph, file_size);
		why = elf_check_header(&h, file_size, MACHINE);
		if (!why) {
			/* Just as many as announced: ASan watches. */
			assert_true(h.phnum <= ELF_MAX_HEADERS);
			exact = malloc(h.phnum * sizeof(*ph));
			memcpy(exact, ph, h.phnum * sizeof(*ph));
			why = elf_read_image(&h, exact, file_size, LOWEST,
					     LIMIT, &img);
			free(exact);
		}
		if (why) {
			assert_true(strlen(why) > 5);
			refused++;
		} else {
			check_image(&img, file_size);
			passed++;
		}
		free(ph);
	}
	assert_true(passed > rounds / 20 && refused > rounds / 20);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nasty_programs),
	};

	rounds = fuzz_rounds(argc, argv, 300000);
	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
