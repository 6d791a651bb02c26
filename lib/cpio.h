/* SPDX-License-Identifier: MIT */
/*
 * Reader of cpio archives in the "new ASCII" form (newc), as the kernel's
 * initramfs has it: pure, no allocation, safe on any bytes.
 *
 *   ┌────────┬──────┬─────┬──────┬─────┐┌────────┬──────┬─────┬─ …
 *   │ header │ name │ pad │ data │ pad ││ header │ name │ pad │
 *   └────────┴──────┴─────┴──────┴─────┘└────────┴──────┴─────┴─ …
 *     110       n\0   to 4          to 4
 *
 * The entry "TRAILER!!!" ends an archive; zeroes may follow, and then
 * another archive (initramfs images are concatenated).
 *
 * Invariants: [C1] name and data of an entry lie inside the buffer and name
 * ends with its NUL; [C2] every call but the last consumes at least a header,
 * so a walk over size bytes ends after at most size / 110 + 1 calls.
 */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include "lib/types.h"

#define CPIO_NAME_MAX 4096              /* bytes with the NUL: PATH_MAX */

struct cpio_reader {
	const u8 *data;
	size_t size;                    /* bytes of data */
	size_t pos;                     /* where the next header is looked for */
	u32 archive;                    /* archives finished so far */
};

struct cpio_entry {
	const char *name;               /* with its NUL, inside the buffer */
	const u8 *data;                 /* contents, or a link's target */
	size_t size;                    /* bytes of data */
	size_t offset;                  /* of the header in the buffer */
	u32 archive;                    /* inode numbers count within one only */
	u32 ino, mode, uid, gid, nlink, mtime;
	u32 dev_major, dev_minor;       /* where it came from */
	u32 rdev_major, rdev_minor;     /* of a device node */
};

void cpio_open(struct cpio_reader *r, const void *data, size_t size);
int __must_check cpio_next(struct cpio_reader *r, struct cpio_entry *e,
			   const char **why);
const char *cpio_recognise(const void *data, size_t size);

#endif
