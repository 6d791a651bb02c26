/* SPDX-License-Identifier: MIT */
/*
 * cpio archives ("newc"): see cpio.h for the picture.
 *
 * Every length of a header is compared with what is left of the buffer before
 * it is used, and never added to something first: nothing can wrap.
 */
#include "lib/cpio.h"

#include "lib/errno.h"
#include "lib/string.h"

#define CPIO_ALIGN 4

/* The header's fields after the magic, eight hexadecimal digits each. */
enum cpio_field {
	CPIO_INO, CPIO_MODE, CPIO_UID, CPIO_GID, CPIO_NLINK, CPIO_MTIME,
	CPIO_FILESIZE, CPIO_DEV_MAJOR, CPIO_DEV_MINOR, CPIO_RDEV_MAJOR,
	CPIO_RDEV_MINOR, CPIO_NAMESIZE, CPIO_CHECK, CPIO_FIELDS,
};

enum { CPIO_MAGIC_LEN = 6, CPIO_DIGITS = 8,
       CPIO_HEADER = CPIO_MAGIC_LEN + CPIO_FIELDS * CPIO_DIGITS };

static const char cpio_trailer[] = "TRAILER!!!";

/**
 * cpio_open() - stand before the first entry of an archive
 *
 * Context: any.
 */
void cpio_open(struct cpio_reader *r, const void *data, size_t size)
{
	*r = (struct cpio_reader){ .data = data, .size = size };
}

static size_t cpio_left(const struct cpio_reader *r)
{
	return r->size - r->pos;
}

/* Moves over the padding that follows a name or the data; the last entry of
 * the buffer may lack it. */
static void cpio_align(struct cpio_reader *r)
{
	size_t pad = -r->pos & (CPIO_ALIGN - 1);

	r->pos += MIN(pad, cpio_left(r));
}

static int cpio_hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool cpio_read_fields(const u8 *p, u32 field[CPIO_FIELDS])
{
	for (unsigned int f = 0; f < CPIO_FIELDS; f++) {
		field[f] = 0;
		for (unsigned int i = 0; i < CPIO_DIGITS; i++) {
			int digit = cpio_hex_digit(*p++);

			if (digit < 0)
				return false;
			field[f] = field[f] << 4 | (u32)digit;
		}
	}
	return true;
}

/* NULL, or what the header's first bytes say instead of newc. crc: the form
 * whose check field counts. */
static const char *cpio_check_magic(const struct cpio_reader *r, bool *crc)
{
	const u8 *p = r->data + r->pos;

	if (cpio_left(r) < CPIO_HEADER)
		return "header cut off by the end of the archive";
	*crc = !memcmp(p, "070702", CPIO_MAGIC_LEN);
	if (*crc || !memcmp(p, "070701", CPIO_MAGIC_LEN))
		return NULL;
	if (!memcmp(p, "070707", CPIO_MAGIC_LEN))
		return "old cpio format: make the archive with cpio -H newc";
	return "no cpio header (magic 070701) here";
}

/* Takes name and data behind the header; NULL or what is wrong. */
static const char *cpio_take_body(struct cpio_reader *r, struct cpio_entry *e,
				  const u32 field[CPIO_FIELDS])
{
	size_t name_size = field[CPIO_NAMESIZE];

	if (name_size == 0 || name_size > CPIO_NAME_MAX)
		return "name of an impossible length";
	if (name_size > cpio_left(r))
		return "name cut off by the end of the archive";
	e->name = (const char *)r->data + r->pos;
	if (strnlen(e->name, name_size) != name_size - 1)
		return "name does not end where its length says";
	r->pos += name_size;
	cpio_align(r);

	e->size = field[CPIO_FILESIZE];
	if (e->size > cpio_left(r))
		return "contents cut off by the end of the archive";
	e->data = r->data + r->pos;
	r->pos += e->size;
	cpio_align(r);
	return NULL;
}

static bool cpio_checksum_right(const struct cpio_entry *e, u32 wanted)
{
	u32 sum = 0;

	for (size_t i = 0; i < e->size; i++)
		sum += e->data[i];
	return sum == wanted;
}

static void cpio_fill_entry(struct cpio_entry *e, const u32 field[CPIO_FIELDS])
{
	e->ino = field[CPIO_INO];
	e->mode = field[CPIO_MODE];
	e->uid = field[CPIO_UID];
	e->gid = field[CPIO_GID];
	e->nlink = field[CPIO_NLINK];
	e->mtime = field[CPIO_MTIME];
	e->dev_major = field[CPIO_DEV_MAJOR];
	e->dev_minor = field[CPIO_DEV_MINOR];
	e->rdev_major = field[CPIO_RDEV_MAJOR];
	e->rdev_minor = field[CPIO_RDEV_MINOR];
}

/* One header with its body; NULL or what is wrong with it. */
static const char *cpio_take_entry(struct cpio_reader *r, struct cpio_entry *e)
{
	u32 field[CPIO_FIELDS];
	const char *why;
	bool crc = false;

	why = cpio_check_magic(r, &crc);
	if (why)
		return why;
	e->offset = r->pos;
	e->archive = r->archive;
	if (!cpio_read_fields(r->data + r->pos + CPIO_MAGIC_LEN, field))
		return "header holds something else than hexadecimal digits";
	r->pos += CPIO_HEADER;
	cpio_fill_entry(e, field);
	why = cpio_take_body(r, e, field);
	if (!why && crc && !cpio_checksum_right(e, field[CPIO_CHECK]))
		why = "contents do not fit their checksum";
	return why;
}

/**
 * cpio_next() - the next entry of the archive, or of the one behind it
 *
 * *why (may not be NULL) is set to one line when the archive is broken;
 * r->pos then is the offset of the header in question. An archive without a
 * trailer ends with the buffer. Context: any.
 * Return: 1 with *e filled, 0 at the end, -EINVAL. Ref: cpio(5).
 */
int cpio_next(struct cpio_reader *r, struct cpio_entry *e, const char **why)
{
	size_t start;

	while (1) {
		while (r->pos < r->size && r->data[r->pos] == 0)
			r->pos++;
		if (r->pos == r->size)
			return 0;
		start = r->pos;
		*why = cpio_take_entry(r, e);
		if (*why) {
			r->pos = start;
			return -EINVAL;
		}
		if (strcmp(e->name, cpio_trailer))
			return 1;
		r->archive++;
	}
}

/**
 * cpio_recognise() - is this an archive for cpio_next()?
 *
 * Context: any. Return: NULL if it looks like one; "" if it is something
 * unknown; else what it is and how to make it plain, for the log.
 */
const char *cpio_recognise(const void *data, size_t size)
{
	static const struct {
		const char *magic, *text;
		size_t len;
	} known[] = {
		{ "070701", NULL, 6 },
		{ "070702", NULL, 6 },
		{ "070707", "an old cpio format: use cpio -o -H newc", 6 },
		{ "\xc7\x71", "a binary cpio: use cpio -o -H newc", 2 },
		{ "\x1f\x8b", "compressed by gzip: unpack it with gzip -d", 2 },
		{ "BZh", "compressed by bzip2: unpack it with bzip2 -d", 3 },
		{ "\xfd" "7zXZ", "compressed by xz: unpack it with xz -d", 5 },
		{ "\x28\xb5\x2f\xfd", "compressed by zstd: unpack it with "
				      "zstd -d", 4 },
		{ "\x02\x21\x4c\x18", "compressed by lz4: unpack it with "
				      "lz4 -d", 4 },
		{ "\x04\x22\x4d\x18", "compressed by lz4: unpack it with "
				      "lz4 -d", 4 },
	};

	for (size_t i = 0; i < array_size(known); i++)
		if (size >= known[i].len &&
		    !memcmp(data, known[i].magic, known[i].len))
			return known[i].text;
	return "";
}
