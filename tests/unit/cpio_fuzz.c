/* SPDX-License-Identifier: MIT */
/*
 * lib/cpio.c under any bytes: it never looks outside of the buffer, keeps
 * [C1] and [C2], and either comes to the end or says why not.
 *
 * Each round mixes sound entries with garbage and flips some bytes; the
 * buffer is exactly as long as it says, so that ASan sees every step beyond.
 * libFuzzer may take main()'s place (fuzz.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cpio.h"
#include "tests/unit/fuzz.h"

#define HEADER 110

static unsigned long entries_seen, archives_seen, refusals;
static u32 bytes_sum;                   /* so that the reads stay */

/* Reads every byte that an entry claims to have. */
static u32 touch_entry(const struct cpio_entry *e)
{
	u32 sum = (u32)strlen(e->name);

	for (size_t i = 0; i < e->size; i++)
		sum += e->data[i];
	return sum;
}

static void check_entry(const struct cpio_reader *r, const struct cpio_entry *e)
{
	const u8 *name = (const u8 *)e->name, *end = r->data + r->size;

	must(name >= r->data && name < end, "[C1] name outside");
	must(name + strlen(e->name) < end, "[C1] name without an end");
	must(strlen(e->name) < CPIO_NAME_MAX, "[C1] name too long");
	must(e->data >= r->data && e->data <= end &&
		     e->size <= (size_t)(end - e->data),
	     "[C1] data outside");
	must(e->offset + HEADER <= r->pos && r->pos <= r->size,
	     "[C2] an entry consumed less than a header");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t steps = 0, before = 0;
	struct cpio_reader r;
	struct cpio_entry e;
	const char *why = NULL;
	int more;

	(void)cpio_recognise(data, size);
	cpio_open(&r, data, size);
	while ((more = cpio_next(&r, &e, &why)) == 1) {
		must(r.pos > before, "[C2] no progress");
		must(++steps <= size / HEADER, "[C2] too many entries");
		check_entry(&r, &e);
		bytes_sum += touch_entry(&e);
		before = r.pos;
		entries_seen++;
	}
	must(r.pos <= size, "position outside");
	must(more == 0 ? r.pos == size : why && strlen(why) > 5,
	     "neither an end nor a reason");
	archives_seen += r.archive;
	refusals += more < 0;
	return 0;
}

#ifndef LIBFUZZER

static const u32 lengths[] = { 0, 1, 2, 3, 4, 5, 0xfff, 0x1000, 0x1001,
			       0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

/* A length that is right, or one that likes the edges. */
static u32 draw_length(u32 right)
{
	return draw() % 16 ? right : lengths[draw() % array_size(lengths)];
}

static size_t put_entry(u8 *at, size_t room)
{
	char name[40], header[HEADER + 1];
	size_t name_len, data_len = draw() % 40, len;

	if (draw() % 4)
		snprintf(name, sizeof(name), "dir%u/file%u",
			 (unsigned)(draw() % 9), (unsigned)(draw() % 99));
	else
		strcpy(name, "TRAILER!!!");
	name_len = strlen(name) + 1;
	snprintf(header, sizeof(header),
		 "07070%c%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 draw() % 8 ? '1' : '2', (u32)draw(), (u32)draw(), 0, 0, 1, 0,
		 draw_length((u32)data_len), 0, 0, 0, 0,
		 draw_length((u32)name_len), 0);
	len = (HEADER + name_len + 3) & ~(size_t)3;
	if (len + data_len + 4 > room)
		return 0;
	memset(at, 0, len + data_len + 4);
	memcpy(at, header, HEADER);
	memcpy(at + HEADER, name, name_len);
	return len + ((data_len + 3) & ~(size_t)3);
}

static size_t put_garbage(u8 *at, size_t room)
{
	size_t len = draw() % 64, value = draw() % 3 ? 0 : draw();

	if (len > room)
		return 0;
	memset(at, (int)value, len & ~(size_t)3);
	return len & ~(size_t)3;
}

static void one_round(void)
{
	static u8 image[2048];
	size_t len = 0, n = 1, cut;
	u8 *exact;

	while (n && draw() % 12) {
		n = draw() % 6 ? put_entry(image + len, sizeof(image) - len)
			       : put_garbage(image + len, sizeof(image) - len);
		len += n;
	}
	for (u64 flips = draw() % 3; len && flips; flips--)
		image[draw() % len] ^= (u8)(1 << draw() % 8);
	cut = draw() % 3 ? len : draw() % (len + 1);
	exact = malloc(cut ? cut : 1);
	memcpy(exact, image, cut);
	LLVMFuzzerTestOneInput(exact, cut);
	free(exact);
}

int main(int argc, char **argv)
{
	unsigned long rounds = fuzz_rounds(argc, argv, 200000);

	for (unsigned long i = 0; i < rounds; i++)
		one_round();
	/* All three happen often, or this proves nothing. */
	must(entries_seen > rounds / 4 && archives_seen > rounds / 20 &&
		     refusals > rounds / 10,
	     "the inputs are too tame");
	printf("# %lu entries, %lu archives, %lu refusals (sum %x)\n"
	       "ok - cpio\n",
	       entries_seen, archives_seen, refusals, bytes_sum);
	return 0;
}

#endif
