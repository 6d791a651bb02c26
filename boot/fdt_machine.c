/* SPDX-License-Identifier: MIT */
/*
 * What a device tree says, into struct bootinfo and struct platform.
 *
 *   /chosen            looked up by path: bootargs, initrd, stdout-path
 *   /memory@…          ┐
 *   /reserved-memory   │ one walk: the properties of a node are collected in
 *   /cpus/cpu@…        ├ prop[]; when its first subnode or its end comes, the
 *   psci, timer        │ node is complete [F3] and is read, with its parents'
 *   GIC, PL011         ┘ cells and ranges from level[]
 *   /memreserve/       last, when the initrd is known
 *
 * fdt_value.c knows how to read values, fdt_devices.c CPUs and devices. What
 * the kernel needs and cannot be read makes the tree broken.
 *
 * Reservations without an address (reserved-memory with only a size) are
 * requests to the kernel, not memory in use: passed over as well.
 *
 * [DT] 2.3 "Standard Properties", 3 "Device Node Requirements"
 */
#include "boot/fdt_scan.h"

#include "lib/errno.h"
#include "lib/string.h"

static const char *const fdt_prop_names[PROPS] = {
	[PROP_ADDRESS_CELLS] = "#address-cells",
	[PROP_SIZE_CELLS] = "#size-cells",
	[PROP_INTERRUPT_CELLS] = "#interrupt-cells",
	[PROP_RANGES] = "ranges",
	[PROP_COMPATIBLE] = "compatible",
	[PROP_DEVICE_TYPE] = "device_type",
	[PROP_STATUS] = "status",
	[PROP_REG] = "reg",
	[PROP_INTERRUPTS] = "interrupts",
	[PROP_NUMA] = "numa-node-id",
	[PROP_ENABLE] = "enable-method",
	[PROP_RELEASE] = "cpu-release-addr",
	[PROP_METHOD] = "method",
	[PROP_CPU_ON] = "cpu_on",
	[PROP_NO_MAP] = "no-map",
	[PROP_REDISTS] = "#redistributor-regions",
	[PROP_STRIDE] = "redistributor-stride",
	[PROP_CLOCK] = "clock-frequency",
};

/* ---- memory ------------------------------------------------------------------ */

static int __init fdt_add_range(struct fdt_scan *s, u64 start, u64 len,
				enum range_type type)
{
	if (bootinfo_add_range(s->bi, start, len, type))
		return fdt_fail(s, "fdt: memory too scattered");
	return 0;
}

/* [DT] 3.4 "/memory node" */
static int __init fdt_scan_memory(struct fdt_scan *s)
{
	u32 i, numa = (u32)fdt_number(&s->prop[PROP_NUMA], PLATFORM_NO_NUMA);
	u64 start, len;
	int err;

	for (i = 0; !(err = fdt_reg(s, i, &start, &len)); i++) {
		if (start + len < start)
			return fdt_fail(s, "fdt: memory that wraps around");
		if (!len)
			continue;
		platform_add_memory(s->m, (struct platform_memory){
						  start, start + len, numa });
		if (s->want_map && fdt_add_range(s, start, len, RANGE_USABLE))
			return -EINVAL;
	}
	return fdt_only_broken(err);
}

/* [DT] 3.5 "/reserved-memory Node" */
static int __init fdt_scan_reserved(struct fdt_scan *s)
{
	bool no_map = s->prop[PROP_NO_MAP].bytes != NULL;
	u64 start, len;
	u32 i;
	int err;

	for (i = 0; !(err = fdt_reg(s, i, &start, &len)); i++) {
		u64 end = start + len < start ? ~(u64)0 : start + len;

		if (!len)
			continue;
		platform_add_reserved(s->m, (struct platform_reserved){
						    start, end, no_map });
		if (fdt_add_range(s, start, len, RANGE_RESERVED))
			return -EINVAL;
	}
	return fdt_only_broken(err);
}

/* Whether all pages of [start, end) are pages of what is kept anyway. */
static bool __init fdt_is_within(u64 start, u64 end, u64 kept, u64 kept_end)
{
	return start >= ALIGN_DOWN(kept, PAGE_SIZE) &&
	       end <= ALIGN_UP(kept_end, PAGE_SIZE);
}

/*
 * /memreserve/. Loaders also list the initrd and the tree itself; these are
 * known as module and keep, and are RAM that the kernel gets back.
 */
static int __init fdt_scan_reservations(struct fdt_scan *s, u64 pa)
{
	const struct boot_module *initrd = s->bi->module;
	u64 start, len;
	u32 i;

	for (i = 0; fdt_reservation(&s->c, i, &start, &len); i++) {
		if (start + len >= start &&
		    (fdt_is_within(start, start + len, pa, pa + s->c.total) ||
		     (s->bi->nr_modules &&
		      fdt_is_within(start, start + len, initrd->start,
				    initrd->end))))
			continue;
		if (fdt_add_range(s, start, len, RANGE_RESERVED))
			return -EINVAL;
	}
	return 0;
}

/* ---- the walk ------------------------------------------------------------------ */

static bool __init fdt_level_is(const struct fdt_scan *s, u32 depth,
				const char *name)
{
	return fdt_name_is(s->level[depth].name, name, strlen(name));
}

/* In use, and ours: what firmware keeps for itself is "disabled". */
static bool __init fdt_is_okay(const struct fdt_scan *s)
{
	const struct fdt_value *status = &s->prop[PROP_STATUS];

	return !status->bytes || fdt_is(status, "okay") || fdt_is(status, "ok");
}

/* How wide the children's addresses are. [DT] 2.3.5 */
static int __init fdt_scan_cells(struct fdt_scan *s)
{
	struct fdt_level *l = &s->level[s->depth];
	const struct fdt_value *address = &s->prop[PROP_ADDRESS_CELLS];
	const struct fdt_value *size = &s->prop[PROP_SIZE_CELLS];

	if ((address->bytes && address->len != 4) ||
	    (size->bytes && size->len != 4))
		return fdt_fail(s, "fdt: #address-cells of odd size");
	l->address_cells = (u32)fdt_number(address, 2);
	l->size_cells = (u32)fdt_number(size, 1);
	l->ranges = s->prop[PROP_RANGES];
	return 0;
}

/* The node whose properties are all in prop[]. */
static int __init fdt_scan_node(struct fdt_scan *s)
{
	const struct fdt_value *type = &s->prop[PROP_DEVICE_TYPE];
	int err = fdt_scan_cells(s);

	if (err || s->depth < 2)
		return err;
	if (s->depth == 3 && fdt_level_is(s, 2, "cpus"))
		return fdt_is(type, "cpu") ? fdt_scan_cpu(s) : 0;
	if (!fdt_is_okay(s))
		return 0;
	if (s->depth == 2 && fdt_is(type, "memory"))
		return fdt_scan_memory(s);
	if (s->depth == 3 && fdt_level_is(s, 2, "reserved-memory"))
		return fdt_scan_reserved(s);
	return fdt_scan_device(s);
}

static void __init fdt_scan_open(struct fdt_scan *s)
{
	s->depth = s->c.depth;
	s->level[s->depth].name = s->c.name;
	memset(s->prop, 0, sizeof(s->prop));
}

/* Of two properties of one name the first counts. */
static void __init fdt_scan_prop(struct fdt_scan *s)
{
	u32 i;

	for (i = 0; i < PROPS; i++)
		if (!s->prop[i].bytes && !strcmp(s->c.name, fdt_prop_names[i]))
			s->prop[i] = s->c.value;
}

static int __init fdt_scan_tree(struct fdt_scan *s)
{
	bool collecting = false;
	int err = 0;

	while (!err) {
		enum fdt_token token = fdt_step(&s->c);

		if (token == FDT_TOKEN_BROKEN)
			return fdt_fail(s, s->c.why);
		if (token == FDT_TOKEN_PROP) {
			fdt_scan_prop(s);
			continue;
		}
		if (collecting)
			err = fdt_scan_node(s);
		if (token == FDT_TOKEN_END)
			break;
		collecting = token == FDT_TOKEN_NODE;
		if (collecting)
			fdt_scan_open(s);
	}
	return err;
}

/* ---- /chosen --------------------------------------------------------------------- */

static bool __init fdt_chosen(const struct fdt_scan *s, const char *prop,
			      struct fdt_value *value)
{
	return fdt_lookup(&s->c, "/chosen", 7, prop, value);
}

/* stdout-path: a path or an alias, then perhaps ":115200n8". [DT] 3.6 */
static void __init fdt_scan_console(struct fdt_scan *s)
{
	struct fdt_value v;
	const char *path = s->m->stdout_path, *colon;
	size_t len;

	if (!fdt_chosen(s, "stdout-path", &v))
		return;
	fdt_copy_text(s->m->stdout_path, sizeof(s->m->stdout_path), &v);
	colon = strchr(path, ':');
	len = colon ? (size_t)(colon - path) : strlen(path);
	if (len && path[0] != '/') {
		char alias[PLATFORM_MAX_PATH];

		memcpy(alias, path, len);
		alias[len] = '\0';
		if (!fdt_lookup(&s->c, "/aliases", 8, alias, &v))
			return;
		path = (const char *)v.bytes;
		len = strnlen(path, v.len);
	}
	if (len && fdt_lookup(&s->c, path, len, "compatible", &v))
		s->console = v.bytes;
}

static int __init fdt_scan_initrd(struct fdt_scan *s)
{
	struct fdt_value start, end;
	u64 from, to;

	if (s->bi->nr_modules || !fdt_chosen(s, "linux,initrd-start", &start) ||
	    !fdt_chosen(s, "linux,initrd-end", &end))
		return 0;
	if ((start.len != 4 && start.len != 8) ||
	    (end.len != 4 && end.len != 8))
		return fdt_fail(s, "fdt: initrd address of odd size");
	from = fdt_number(&start, 0);
	to = fdt_number(&end, 0);
	if (from == to)
		return 0;
	if (bootinfo_add_module(s->bi, from, to, "initrd", 6))
		return fdt_fail(s, "fdt: initrd ends before it starts");
	return 0;
}

static int __init fdt_scan_chosen(struct fdt_scan *s)
{
	struct fdt_value bootargs;

	if (!s->bi->cmdline[0] && fdt_chosen(s, "bootargs", &bootargs))
		fdt_copy_text(s->bi->cmdline, sizeof(s->bi->cmdline),
			      &bootargs);
	fdt_scan_console(s);
	return fdt_scan_initrd(s);
}

/**
 * fdt_parse() - read a device tree into bi and m
 *
 * blob: a readable copy of at most size bytes, any alignment; pa: where the
 * tree lies physically. What bi already has (UEFI's memory map, command line,
 * initrd) stays, and memory nodes then only tell NUMA ids; reservations are
 * added in any case.
 * Context: boot; pure. Return: 0, or -EINVAL with *why set to one line.
 * Ref: [DT] 3 "Device Node Requirements", 5 "Flattened Devicetree (DTB) Format"
 */
int __init fdt_parse(struct bootinfo *bi, struct platform *m,
		     const void *blob, u64 pa, size_t size, const char **why)
{
	static struct fdt_scan scan __initdata;
	struct fdt_scan *s = &scan;
	struct fdt_cursor root;
	int err;

	memset(m, 0, sizeof(*m));
	memset(s, 0, sizeof(*s));
	s->bi = bi;
	s->m = m;
	s->want_map = bi->nr_ranges == 0;
	s->level[0].address_cells = 2;
	s->level[0].size_cells = 1;
	if (fdt_open(&s->c, blob, size, why))
		return -EINVAL;
	root = s->c;
	err = fdt_scan_chosen(s);
	if (!err)
		err = fdt_scan_tree(s);
	if (!err)
		err = fdt_scan_irqs(s);
	s->c = root;
	if (!err)
		err = fdt_scan_reservations(s, pa);
	*why = s->why;
	if (err)
		return err;
	bi->fdt = pa;
	bootinfo_keep(bi, pa, s->c.total);
	if (!bi->loader[0])
		str_copy(bi->loader, "device tree", sizeof(bi->loader));
	bi->nr_cpus = m->nr_cpus;
	m->found = true;
	return 0;
}
