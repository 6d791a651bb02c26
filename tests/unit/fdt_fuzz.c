/* SPDX-License-Identifier: MIT */
/*
 * Device trees with broken bytes, against libfdt.
 *
 *   tree ─► mutated ─┬─► fdt_open(), fdt_step()   must tell the same nodes,
 *                    ├─► libfdt's iterators        properties and bytes
 *                    │
 *                    ├─► fdt_parse()              must find the same memory,
 *                    └─► libfdt's questions        reservations, bootargs, initrd
 *
 * What ours accepts, libfdt accepts too, and both agree on every answer;
 * what ours refuses has a line of words. Our copy lies at an odd address and
 * ends where the blob ends, so that ASan sees who reads on.
 *
 * main() fails when trees were not both accepted and refused in numbers;
 * libFuzzer may take its place (fuzz.h).
 */
#include <glob.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/fdt.h"
#include "lib/errno.h"
#include "tests/unit/fuzz.h"

#define BLOB_PA 0x48000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bootinfo info, want;
static struct platform machine;
static unsigned long accepted, refused, only_ours_refuses, with_reservations;

/* ---- the same tokens ---------------------------------------------------------------- */

static void same_props(struct fdt_cursor *c, enum fdt_token *token,
		       const void *theirs, int node)
{
	int prop, len;
	const char *name;

	fdt_for_each_property_offset(prop, theirs, node)
	{
		const void *value = fdt_getprop_by_offset(theirs, prop, &name,
							  &len);

		must(*token == FDT_TOKEN_PROP, "a property less");
		must(value && !strcmp(name, c->name), "property name");
		must((u32)len == c->value.len &&
			     !memcmp(value, c->value.bytes, c->value.len),
		     "property value");
		*token = fdt_step(c);
	}
	must(*token != FDT_TOKEN_PROP, "a property more");
}

/* c was opened on a tree that both accept. */
static void same_tokens(struct fdt_cursor *c, const void *theirs)
{
	int depth = 0, node;
	enum fdt_token token = fdt_step(c);

	for (node = fdt_next_node(theirs, -1, &depth); node >= 0;
	     node = fdt_next_node(theirs, node, &depth)) {
		while (token == FDT_TOKEN_CLOSE)
			token = fdt_step(c);
		must(token == FDT_TOKEN_NODE, "a node less");
		must(!strcmp(c->name, fdt_get_name(theirs, node, NULL)),
		     "node name");
		must((int)c->depth == depth, "depth");
		token = fdt_step(c);
		same_props(c, &token, theirs, node);
	}
	while (token == FDT_TOKEN_CLOSE)
		token = fdt_step(c);
	must(token == FDT_TOKEN_END, "a node more");
}

/* ---- the same answers ----------------------------------------------------------------- */

static bool their_text_is(const void *t, int node, const char *prop,
			  const char *text)
{
	int len;
	const char *value = fdt_getprop(t, node, prop, &len);

	return value && len > (int)strlen(text) && !strcmp(value, text);
}

static bool their_okay(const void *t, int node)
{
	return !fdt_getprop(t, node, "status", NULL) ||
	       their_text_is(t, node, "status", "okay") ||
	       their_text_is(t, node, "status", "ok");
}

static u64 their_cells(const fdt32_t *cell, int nr)
{
	return nr == 2 ? (u64)fdt32_ld(cell) << 32 | fdt32_ld(cell + 1)
	       : nr    ? fdt32_ld(cell)
		       : 0;
}

/* All entries of reg, if ours could read them. */
static void their_reg(const void *t, int parent, int node, enum range_type type)
{
	int address = fdt_address_cells(t, parent), len, i;
	int size = fdt_size_cells(t, parent);
	const fdt32_t *reg = fdt_getprop(t, node, "reg", &len);

	if (!reg)
		return;
	must(address >= 1 && address <= 2 && size >= 0 && size <= 2,
	     "reg with odd cells accepted");
	must(len % (4 * (address + size)) == 0, "odd reg accepted");
	for (i = 0; i < len / 4; i += address + size) {
		u64 bytes = their_cells(reg + i + address, size);

		if (bytes)
			must(!bootinfo_add_range(&want,
						 their_cells(reg + i, address),
						 bytes, type),
			     "no room for ranges");
	}
}

static void their_initrd(const void *t, int chosen)
{
	int start_len = 0, end_len = 0;
	const fdt32_t *start = fdt_getprop(t, chosen, "linux,initrd-start",
					   &start_len);
	const fdt32_t *end = fdt_getprop(t, chosen, "linux,initrd-end",
					 &end_len);
	u64 from, to;

	if (!start || !end)
		return;
	from = their_cells(start, start_len / 4);
	to = their_cells(end, end_len / 4);
	if (from != to)
		must(!bootinfo_add_module(&want, from, to, "initrd", 6),
		     "odd initrd accepted");
}

static void their_chosen(const void *t)
{
	int chosen = fdt_path_offset(t, "/chosen"), len;
	const char *args;

	if (chosen < 0)
		return;
	args = fdt_getprop(t, chosen, "bootargs", &len);
	if (args)
		snprintf(want.cmdline, sizeof(want.cmdline), "%.*s", len, args);
	their_initrd(t, chosen);
}

static bool within(u64 start, u64 end, u64 kept, u64 kept_end)
{
	return start >= ALIGN_DOWN(kept, PAGE_SIZE) &&
	       end <= ALIGN_UP(kept_end, PAGE_SIZE);
}

/* libfdt counts up to the first empty entry; [DT] 5.3 ends at 0, 0 only. */
static void their_reservations(const void *t)
{
	for (int i = 0;; i++) {
		uint64_t start, len;

		must(!fdt_get_mem_rsv(t, i, &start, &len), "reservation");
		if (!start && !len)
			break;
		if (start + len >= start &&
		    (within(start, start + len, BLOB_PA,
			    BLOB_PA + fdt_totalsize(t)) ||
		     (want.nr_modules &&
		      within(start, start + len, want.module[0].start,
			     want.module[0].end))))
			continue;
		must(!bootinfo_add_range(&want, start, len, RANGE_RESERVED),
		     "no room for reservations");
		with_reservations++;
	}
}

static bool name_is(const void *t, int node, const char *name)
{
	size_t len = strlen(name);
	const char *is = fdt_get_name(t, node, NULL);

	return !strncmp(is, name, len) && (!is[len] || is[len] == '@');
}

/* What ours should have found, by libfdt's functions. */
static void ask_libfdt(const void *t)
{
	int node, child;

	memset(&want, 0, sizeof(want));
	their_chosen(t);
	fdt_for_each_subnode(node, t, 0)
	{
		/* /cpus has children of its own kind, whatever its type. */
		if (their_okay(t, node) &&
		    their_text_is(t, node, "device_type", "memory"))
			their_reg(t, 0, node, RANGE_USABLE);
		if (!name_is(t, node, "reserved-memory"))
			continue;
		fdt_for_each_subnode(child, t, node) if (their_okay(t, child))
			their_reg(t, node, child, RANGE_RESERVED);
	}
	their_reservations(t);
}

static void same_answers(void)
{
	must(info.nr_raw == want.nr_raw && info.nr_ranges == want.nr_ranges,
	     "number of ranges");
	for (u32 i = 0; i < info.nr_ranges; i++)
		must(info.range[i].start == want.range[i].start &&
			     info.range[i].end == want.range[i].end &&
			     info.range[i].type == want.range[i].type,
		     "range");
	must(!strcmp(info.cmdline, want.cmdline), "bootargs");
	must(info.nr_modules == want.nr_modules, "initrd or not");
	must(!info.nr_modules ||
		     (info.module[0].start == want.module[0].start &&
		      info.module[0].end == want.module[0].end),
	     "initrd");
}

static void check_machine(void)
{
	must(!platform_check(&machine), platform_check(&machine));
	must(strnlen(machine.stdout_path, PLATFORM_MAX_PATH) <
		     PLATFORM_MAX_PATH,
	     "stdout-path without end");
	must(machine.uart.start <= machine.uart.end, "UART");
	must(!machine.gic_version || machine.gic_dist.end, "GIC");
	must(machine.uart_irq.line < 1020, "interrupt");
}

/* libfdt 1.6.1 follows a null pointer in older formats than ours reads. */
static bool they_accept(const void *t, size_t size)
{
	return size >= 40 && fdt_version(t) >= 17 && !fdt_check_full(t, size);
}

/* ours: at an odd address; theirs: aligned, as libfdt wants it. */
static void compare(const u8 *ours, const void *theirs, size_t size)
{
	struct fdt_cursor c;
	const char *why = NULL;
	bool sound = they_accept(theirs, size);
	int err = fdt_parse(&info, &machine, ours, BLOB_PA, size, &why);

	check_machine();
	if (err) {
		must(err == -EINVAL && why && !strncmp(why, "fdt: ", 5) &&
			     strlen(why) > 10,
		     "failure without words");
		refused++;
		only_ours_refuses += sound;
		return;
	}
	must(sound, "ours accepts what libfdt refuses");
	must(!fdt_open(&c, ours, size, &why), "opened only once");
	same_tokens(&c, theirs);
	ask_libfdt(theirs);
	same_answers();
	accepted++;
	err = bootinfo_sanitize(&info, &why);
	must(!err || why, "unusable map without words");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u8 *ours = malloc(size + 1), *theirs = malloc(size + 1);

	memcpy(ours + 1, data, size);
	memcpy(theirs, data, size);
	memset(&info, 0, sizeof(info));
	compare(ours + 1, theirs, size);
	free(ours);
	free(theirs);
	return 0;
}

#ifndef LIBFUZZER

/* ---- a fixed budget without libFuzzer -------------------------------------------------- */

#define SEEDS_MAX 16

static struct fuzz_input seeds[SEEDS_MAX], input;
static u32 nr_seeds;
/* QEMU's forty virtio slots hide what is interesting: one is enough. */
static void thin_out(void *t)
{
	int node, seen = 0;

	for (node = fdt_next_node(t, 0, NULL); node >= 0;)
		if (name_is(t, node, "virtio_mmio") && seen++) {
			must(!fdt_del_node(t, node), "node stays");
			node = fdt_next_node(t, 0, NULL);
			seen = 0;
		} else {
			node = fdt_next_node(t, node, NULL);
		}
	must(!fdt_pack(t), "tree cannot be packed");
}

/* Things that QEMU's trees do not have. */
static void enrich(void *t)
{
	static const u8 args[] = "quire loglevel=7";
	int node;

	must(!fdt_open_into(t, t, FUZZ_INPUT_MAX), "no room in the seed");
	for (u64 i = 0; i < 3; i++)
		must(!fdt_add_mem_rsv(t, 0x41000000 + i * 0x400000, 0x3000),
		     "reservation");
	must(!fdt_add_mem_rsv(t, BLOB_PA, 0x1000), "reservation");
	node = fdt_path_offset(t, "/chosen");
	must(node > 0 &&
		     !fdt_setprop(t, node, "bootargs", args, sizeof(args)) &&
		     !fdt_setprop_u64(t, node, "linux,initrd-start",
				      0x42000000) &&
		     !fdt_setprop_u32(t, node, "linux,initrd-end", 0x42345678),
	     "chosen");
	node = fdt_add_subnode(t, 0, "memory@0");       /* the firmware's own */
	must(node > 0 && !fdt_setprop_string(t, node, "status", "disabled") &&
		     !fdt_setprop_string(t, node, "device_type", "memory") &&
		     !fdt_setprop_u64(t, node, "reg", 0x1000) &&
		     !fdt_appendprop_u64(t, node, "reg", 0x1000),
	     "disabled memory");
	node = fdt_add_subnode(t, 0, "reserved-memory");
	must(node > 0 && !fdt_setprop_u32(t, node, "#size-cells", 1) &&
		     !fdt_setprop_u32(t, node, "#address-cells", 1) &&
		     !fdt_setprop(t, node, "ranges", "", 0),
	     "reserved-memory");
	for (u32 i = 0; i < 3; i++) {
		char name[] = "secret@0";
		int child;

		name[7] = (char)('0' + i);
		node = fdt_path_offset(t, "/reserved-memory");
		child = fdt_add_subnode(t, node, name);
		must(child > 0 &&
			     !fdt_setprop_u64(t, child, "reg",
					      0x4300000000001000 +
						      ((u64)i << 48)) &&
			     !fdt_setprop(t, child, "no-map", "", 0),
		     "reserved memory");
	}
	must(!fdt_pack(t), "tree cannot be packed");
}

static void seed_trees(void)
{
	glob_t files;

	must(!glob("tests/unit/corpus/*.dtb", 0, NULL, &files) &&
		     files.gl_pathc >= 4 && files.gl_pathc * 2 <= SEEDS_MAX,
	     "corpus not found");
	for (size_t i = 0; i < files.gl_pathc * 2; i++, nr_seeds++) {
		FILE *f = fopen(files.gl_pathv[i / 2], "rb");
		uint8_t *tree = seeds[nr_seeds].bytes;

		must(f != NULL, "corpus not readable");
		must(fread(tree, 1, FUZZ_INPUT_MAX, f) > 1000,
		     "corpus too short");
		fclose(f);
		thin_out(tree);
		if (i % 2)
			enrich(tree);
		seeds[nr_seeds].size = fdt_totalsize(tree);
		LLVMFuzzerTestOneInput(tree, seeds[nr_seeds].size);
		must(accepted == nr_seeds + 1, "a sound tree refused");
	}
	globfree(&files);
}

static u32 draw_value(void)
{
	static const u64 edges[] = { 0, 1, 2, 3, 4, 8, 9, 12, 16, 17, 40, 0xfff,
				     0x10000, 0x7fffffff, 0xfffffff0,
				     0xffffffff };

	return (u32)draw_near(edges, array_size(edges));
}

/* A property of another length, name or place, without breaking tokens. */
static void mutate_softly(void)
{
	uint8_t *t = input.bytes;
	int node = -1, prop = -1, other, len;

	for (u64 n = 1 + draw() % 40; n && node > -2; n--)
		node = fdt_next_node(t, node, NULL);
	if (node < 0)
		return;
	fdt_for_each_property_offset(prop, t, node) if (draw() % 3 == 0) break;
	if (prop < 0 || !fdt_getprop_by_offset(t, prop, NULL, &len))
		return;
	other = fdt_first_property_offset(t, node);
	if (draw() % 8 == 0)            /* a name twice, or another's */
		memcpy(t + fdt_off_dt_struct(t) + prop + 8,
		       t + fdt_off_dt_struct(t) + other + 8, 4);
	else if (draw() % 4 == 0)
		fdt32_st(t + fdt_off_dt_struct(t) + prop + 4,
			 (u32)len ^ (u32)(draw() % 4));
	else if (len >= 4)
		fdt32_st(t + fdt_off_dt_struct(t) + prop + 12 +
				 draw() % (u64)(len / 4) * 4,
			 draw_value());
}

static void mutate(void)
{
	bool soft = draw() % 2;

	for (u64 n = draw() % 6; n && input.size > 80; n--) {
		size_t at = draw() % (draw() % 4 ? input.size : 72);
		size_t word = MIN(at / 4 * 4, input.size - 4);

		if (soft && they_accept(input.bytes, input.size)) {
			mutate_softly();
			continue;
		}
		unsigned int how = (unsigned int)(draw() % 5);

		switch (how) {
		case 0:
		case 1:
		case 2:
			fuzz_damage(&input, at, how, (uint8_t)draw_value());
			break;
		case 3:
			fdt32_st(input.bytes + word, FDT_NOP);
			break;
		default:
			fdt32_st(input.bytes + word, draw_value());
		}
	}
}

int main(int argc, char **argv)
{
	unsigned long rounds = fuzz_rounds(argc, argv, 40000);

	seed_trees();
	for (unsigned long i = 0; i < rounds; i++) {
		input = seeds[draw() % nr_seeds];
		mutate();
		LLVMFuzzerTestOneInput(input.bytes, input.size);
	}
	printf("TAP version 13\n1..1\n");
	printf("# %lu accepted, %lu refused (%lu of them by ours only), "
	       "%lu reservations\n",
	       accepted, refused, only_ours_refuses, with_reservations);
	must(accepted > rounds / 10 && refused > rounds / 10 &&
		     with_reservations > rounds / 10,
	     "not fuzzed on both sides");
	printf("ok 1 - fdt_fuzz/libfdt agrees\n");
	return 0;
}

#endif
