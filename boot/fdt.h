/* SPDX-License-Identifier: MIT */
/*
 * The flattened device tree: a reader of its tokens (fdt.c) and what it tells
 * about the machine (fdt_machine.c).
 *
 * All pointers that come out of the reader point into the blob; struct
 * bootinfo and struct platform (platform.h) hold copies only.
 */
#ifndef BOOT_FDT_H
#define BOOT_FDT_H

#include "boot/bootinfo.h"
#include "boot/platform.h"
#include "lib/types.h"

#define FDT_MAX_SIZE       MIB(2)       /* what the arm64 boot protocol allows */
#define FDT_MAX_DEPTH      32           /* nodes inside nodes, root included */
#define FDT_MAX_NODES      16384

enum fdt_token {
	FDT_TOKEN_NODE,                 /* a node begins: name, depth */
	FDT_TOKEN_PROP,                 /* of the innermost node: name, value */
	FDT_TOKEN_CLOSE,                /* the innermost node ends */
	FDT_TOKEN_END,
	FDT_TOKEN_BROKEN,               /* and why; the cursor stays here */
};

/* A property's value, big-endian and unaligned; bytes == NULL: absent. */
struct fdt_value {
	const u8 *bytes;
	u32 len;
};

/* A place in the tree. Offsets count from the blob's first byte. */
struct fdt_cursor {
	const u8 *blob;
	u32 at, end;                    /* next token, end of the structure */
	u32 strings, strings_end;
	u32 reservations, total;        /* /memreserve/ list, size of the blob */
	u32 depth;                      /* open nodes; 1: inside the root */
	u32 nr_nodes;                   /* seen so far */
	bool props_over;                /* the innermost node had a subnode */
	const char *name;               /* of the last node or property */
	struct fdt_value value;
	const char *why;
};

int __must_check fdt_open(struct fdt_cursor *c, const void *blob, size_t size,
			  const char **why);
enum fdt_token fdt_step(struct fdt_cursor *c);
bool fdt_reservation(const struct fdt_cursor *c, u32 i, u64 *start, u64 *len);
bool fdt_lookup(const struct fdt_cursor *start, const char *path,
		size_t path_len, const char *prop, struct fdt_value *value);
bool fdt_name_is(const char *name, const char *word, size_t word_len);
u64 fdt_cells(const u8 *bytes, u32 nr_cells);

int __must_check fdt_parse(struct bootinfo *bi, struct platform *m,
			   const void *blob, u64 pa, size_t size,
			   const char **why);

#endif
