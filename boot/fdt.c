/* SPDX-License-Identifier: MIT */
/*
 * The flattened device tree, token by token.
 *
 *   ┌────────┬──────────────┬─────────────────────────────┬───────────────┐
 *   │ header │ reservations │ structure                   │ strings       │
 *   └────────┴──────────────┴─────────────────────────────┴───────────────┘
 *    40 bytes  start, len …  NODE "" PROP PROP NODE "cpus"   "reg\0compa…"
 *              0, 0          PROP CLOSE CLOSE END             ▲
 *                                └─ length, name's offset ────┘
 *
 * All numbers are big-endian and read byte by byte: the blob may lie anywhere.
 * Nothing in it is believed:
 *  [F1] every block, name and value lies inside the blob, and its own block;
 *  [F2] each step moves forwards, so that every walk ends;
 *  [F3] a node's properties come before its subnodes, so that one pass
 *       knows a node before it sees what is inside;
 *  [F4] one root; at most FDT_MAX_DEPTH deep, FDT_MAX_NODES nodes.
 *
 * No recursion: the cursor counts open nodes. Old formats (before 17) and
 * overlays are not read.
 *
 * [DT] 5 "Flattened Devicetree (DTB) Format"
 */
#include "boot/fdt.h"

#include "lib/errno.h"
#include "lib/string.h"

enum {
	FDT_HEADER_SIZE = 40,
	FDT_WORD_MAGIC = 0xd00dfeed,
	FDT_OUR_VERSION = 17,
	FDT_RESERVATION_SIZE = 16,
};

/* Words of the header, by byte offset. [DT] 5.2 */
enum fdt_field {
	FIELD_MAGIC = 0,
	FIELD_TOTAL = 4,
	FIELD_STRUCT = 8,
	FIELD_STRINGS = 12,
	FIELD_RESERVATIONS = 16,
	FIELD_VERSION = 20,
	FIELD_COMPATIBLE_FROM = 24,
	FIELD_STRINGS_SIZE = 32,
	FIELD_STRUCT_SIZE = 36,
};

/* Tokens of the structure block. [DT] 5.4.1 */
enum fdt_tag { TAG_NODE = 1, TAG_CLOSE = 2, TAG_PROP = 3, TAG_NOP = 4,
	       TAG_END = 9 };

/**
 * fdt_cells() - the number in the first nr_cells big-endian cells at bytes
 *
 * 0 cells are 0; of more than two, the last two count. Context: any.
 */
u64 __init fdt_cells(const u8 *bytes, u32 nr_cells)
{
	u64 v = 0;
	u32 i;

	for (i = 0; i < 4 * nr_cells; i++)
		v = v << 8 | bytes[i];
	return v;
}

static u32 __init fdt_word(const u8 *blob, u32 at)
{
	return (u32)fdt_cells(blob + at, 1);
}

/* Whether [at, at + len) fits behind the header and into total bytes. */
static bool __init fdt_block_fits(u32 at, u32 len, u32 total)
{
	return at >= FDT_HEADER_SIZE && at <= total && len <= total - at;
}

/* The header's first words; NULL, or what is wrong with them. */
static const char *__init fdt_bad_header(const u8 *blob, size_t size)
{
	u32 total;

	if (size < FDT_HEADER_SIZE)
		return "fdt: shorter than a header";
	if (fdt_word(blob, FIELD_MAGIC) != FDT_WORD_MAGIC)
		return "fdt: no device tree here (wrong magic)";
	if (fdt_word(blob, FIELD_VERSION) < FDT_OUR_VERSION ||
	    fdt_word(blob, FIELD_COMPATIBLE_FROM) > FDT_OUR_VERSION)
		return "fdt: not of version 17";
	total = fdt_word(blob, FIELD_TOTAL);
	if (total < FDT_HEADER_SIZE || total > FDT_MAX_SIZE)
		return "fdt: absurd total size";
	if (total > size)
		return "fdt: larger than its memory";
	return NULL;
}

/* Whether the list of reservations ends inside the blob. */
static bool __init fdt_reservations_end(const struct fdt_cursor *c)
{
	const u8 *entry = c->blob + c->reservations;
	u32 left = c->total - c->reservations;

	for (; left >= FDT_RESERVATION_SIZE; left -= FDT_RESERVATION_SIZE) {
		if (!fdt_cells(entry, 2) && !fdt_cells(entry + 8, 2))
			return true;
		entry += FDT_RESERVATION_SIZE;
	}
	return false;
}

/* The three blocks: NULL, or which one is not where it should be. [F1] */
static const char *__init fdt_bad_blocks(struct fdt_cursor *c)
{
	u32 struct_size = fdt_word(c->blob, FIELD_STRUCT_SIZE);
	u32 strings_size = fdt_word(c->blob, FIELD_STRINGS_SIZE);

	c->at = fdt_word(c->blob, FIELD_STRUCT);
	c->strings = fdt_word(c->blob, FIELD_STRINGS);
	c->reservations = fdt_word(c->blob, FIELD_RESERVATIONS);
	if (c->at % 4 || !fdt_block_fits(c->at, struct_size, c->total))
		return "fdt: structure block outside the tree";
	if (!fdt_block_fits(c->strings, strings_size, c->total))
		return "fdt: strings block outside the tree";
	if (c->reservations % 8 ||
	    !fdt_block_fits(c->reservations, 0, c->total))
		return "fdt: reservations outside the tree";
	if (!fdt_reservations_end(c))
		return "fdt: reservations without end";
	c->end = c->at + struct_size;
	c->strings_end = c->strings + strings_size;
	return NULL;
}

/**
 * fdt_open() - check header and blocks of a device tree, stand before its root
 *
 * blob: readable, any alignment; size: bytes that may be read there.
 * Context: boot; pure. Return: 0, or -EINVAL with *why set to one line.
 * Ref: [DT] 5.2 "Header"
 */
int __init fdt_open(struct fdt_cursor *c, const void *blob, size_t size,
		    const char **why)
{
	memset(c, 0, sizeof(*c));
	c->blob = blob;
	*why = fdt_bad_header(blob, size);
	if (*why)
		return -EINVAL;
	c->total = fdt_word(blob, FIELD_TOTAL);
	*why = fdt_bad_blocks(c);
	return *why ? -EINVAL : 0;
}

/**
 * fdt_reservation() - entry i of the /memreserve/ list, in bytes
 *
 * Context: boot; c was opened. Return: false at the end of the list.
 * Ref: [DT] 5.3 "Memory Reservation Block"
 */
bool __init fdt_reservation(const struct fdt_cursor *c, u32 i, u64 *start,
			    u64 *len)
{
	const u8 *entry;

	if (i >= (c->total - c->reservations) / FDT_RESERVATION_SIZE)
		return false;
	entry = c->blob + c->reservations + i * FDT_RESERVATION_SIZE;
	*start = fdt_cells(entry, 2);
	*len = fdt_cells(entry + 8, 2);
	return *start || *len;
}

static enum fdt_token __init fdt_broken(struct fdt_cursor *c, const char *why)
{
	if (!c->why)
		c->why = why;           /* the first one stays */
	c->end = c->at;                 /* every further step is broken too */
	return FDT_TOKEN_BROKEN;
}

/* Moves behind len bytes and their padding; false: past the end. [F1] */
static bool __init fdt_skip(struct fdt_cursor *c, u32 len)
{
	if (len > c->end - c->at || ALIGN_UP(len, 4u) > c->end - c->at)
		return false;
	c->at += ALIGN_UP(len, 4u);
	return true;
}

static enum fdt_token __init fdt_step_node(struct fdt_cursor *c)
{
	const char *name = (const char *)c->blob + c->at;
	size_t len = strnlen(name, c->end - c->at);

	if (c->depth == 0 && c->nr_nodes)
		return fdt_broken(c, "fdt: more than one root");
	if (c->depth == FDT_MAX_DEPTH)
		return fdt_broken(c, "fdt: nodes nested too deep");
	if (c->nr_nodes == FDT_MAX_NODES)
		return fdt_broken(c, "fdt: too many nodes");
	if (len == c->end - c->at || !fdt_skip(c, (u32)len + 1))
		return fdt_broken(c, "fdt: node name without end");
	if (c->depth == 0 && len)
		return fdt_broken(c, "fdt: root with a name");
	c->name = name;
	c->depth++;
	c->nr_nodes++;
	c->props_over = false;
	return FDT_TOKEN_NODE;
}

static enum fdt_token __init fdt_step_prop(struct fdt_cursor *c)
{
	u32 len, name, room = c->strings_end - c->strings;

	if (c->depth == 0)
		return fdt_broken(c, "fdt: property outside of any node");
	if (c->props_over)
		return fdt_broken(c, "fdt: property behind a subnode");
	if (c->end - c->at < 8)
		return fdt_broken(c, "fdt: property cut off");
	len = fdt_word(c->blob, c->at);
	name = fdt_word(c->blob, c->at + 4);
	c->at += 8;
	c->value = (struct fdt_value){ c->blob + c->at, len };
	if (!fdt_skip(c, len))
		return fdt_broken(c, "fdt: property value past the end");
	if (name >= room)
		return fdt_broken(c, "fdt: property name outside the strings");
	c->name = (const char *)c->blob + c->strings + name;
	if (strnlen(c->name, room - name) == room - name)
		return fdt_broken(c, "fdt: property name without end");
	return FDT_TOKEN_PROP;
}

static enum fdt_token __init fdt_step_close(struct fdt_cursor *c)
{
	if (c->depth == 0)
		return fdt_broken(c, "fdt: end of a node that never began");
	c->depth--;
	c->props_over = true;
	return FDT_TOKEN_CLOSE;
}

/**
 * fdt_step() - move to the next node, property or end
 *
 * FDT_TOKEN_NODE sets name, FDT_TOKEN_PROP name and value, FDT_TOKEN_BROKEN
 * why; depth counts the open nodes after the step.
 * Context: boot; pure. Ref: [DT] 5.4 "Structure Block"
 */
enum fdt_token __init fdt_step(struct fdt_cursor *c)
{
	u32 tag;

	do {
		if (c->end - c->at < 4)
			return fdt_broken(c, "fdt: structure without end");
		tag = fdt_word(c->blob, c->at);
		c->at += 4;
	} while (tag == TAG_NOP);
	switch (tag) {
	case TAG_NODE:
		return fdt_step_node(c);
	case TAG_PROP:
		return fdt_step_prop(c);
	case TAG_CLOSE:
		return fdt_step_close(c);
	case TAG_END:
		if (c->depth || !c->nr_nodes)
			return fdt_broken(c, "fdt: end inside of a node");
		return FDT_TOKEN_END;
	default:
		return fdt_broken(c, "fdt: unknown token");
	}
}

/**
 * fdt_name_is() - whether a node's name is word, its unit address aside
 *
 * word (word_len bytes) may bring an address of its own, which then counts.
 * Context: any. Ref: [DT] 2.2.3 "Path Names"
 */
bool __init fdt_name_is(const char *name, const char *word, size_t word_len)
{
	if (strnlen(name, word_len) < word_len || memcmp(name, word, word_len))
		return false;
	return name[word_len] == '\0' ||
	       (name[word_len] == '@' && !memchr(word, '@', word_len));
}

/* One step down a path: the bytes not yet walked. */
struct fdt_path {
	const char *at, *end;
};

/* The length of the next word of the path, at which at stands then; 0: none. */
static size_t __init fdt_path_word(struct fdt_path *p)
{
	const char *slash;

	while (p->at < p->end && *p->at == '/')
		p->at++;
	slash = memchr(p->at, '/', (size_t)(p->end - p->at));
	return (size_t)((slash ? slash : p->end) - p->at);
}

/**
 * fdt_lookup() - property prop of the node at an absolute path
 *
 * start is a freshly opened cursor and stays as it is. Of several nodes or
 * properties of one name the first counts. A broken tree ends the search: a
 * walk over the whole tree has to tell.
 * Context: boot; pure. Return: whether *value was set.
 */
bool __init fdt_lookup(const struct fdt_cursor *start, const char *path,
		       size_t path_len, const char *prop,
		       struct fdt_value *value)
{
	struct fdt_cursor c = *start;
	struct fdt_path p = { path, path + path_len };
	size_t len = fdt_path_word(&p);
	u32 on_path = 0;                /* nodes of the path that are open */

	for (;;) {
		enum fdt_token token = fdt_step(&c);

		if (token == FDT_TOKEN_NODE && on_path == c.depth - 1) {
			if (c.depth == 1) {
				on_path = 1;
			} else if (len && fdt_name_is(c.name, p.at, len)) {
				on_path = c.depth;
				p.at += len;
				len = fdt_path_word(&p);
			}
		} else if (token == FDT_TOKEN_PROP) {
			if (!len && on_path == c.depth &&
			    !strcmp(c.name, prop)) {
				*value = c.value;
				return true;
			}
		} else if (token != FDT_TOKEN_NODE && on_path > c.depth) {
			return false;
		} else if (token == FDT_TOKEN_END ||
			   token == FDT_TOKEN_BROKEN) {
			return false;
		}
	}
}
