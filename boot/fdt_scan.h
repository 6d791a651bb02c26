/* SPDX-License-Identifier: MIT */
/*
 * What the parts of fdt_parse() share: one walk over the tree (fdt_machine.c),
 * readers of values (fdt_value.c) and of devices (fdt_devices.c).
 */
#ifndef BOOT_FDT_SCAN_H
#define BOOT_FDT_SCAN_H

#include "boot/fdt.h"

enum fdt_prop {
	PROP_ADDRESS_CELLS,
	PROP_SIZE_CELLS,
	PROP_INTERRUPT_CELLS,
	PROP_RANGES,
	PROP_COMPATIBLE,
	PROP_DEVICE_TYPE,
	PROP_STATUS,
	PROP_REG,
	PROP_INTERRUPTS,
	PROP_NUMA,
	PROP_ENABLE,
	PROP_RELEASE,
	PROP_METHOD,
	PROP_CPU_ON,
	PROP_NO_MAP,
	PROP_REDISTS,
	PROP_STRIDE,
	PROP_CLOCK,
	PROPS,
};

struct fdt_level {                      /* one open node */
	const char *name;
	u32 address_cells, size_cells;  /* for its children's reg */
	struct fdt_value ranges;
};

/* One pass over the tree. */
struct fdt_scan {
	struct fdt_cursor c;
	struct bootinfo *bi;
	struct platform *m;
	const char *why;
	bool want_map;                  /* bi had no memory map before */
	u32 depth;                      /* of the node in prop[]; 1: root */
	struct fdt_value prop[PROPS];
	/* [0] stands above the root, so that every node has a parent. */
	struct fdt_level level[FDT_MAX_DEPTH + 1];
	const u8 *console;              /* compatible of stdout-path's node */
	/* Read at the end, when the GIC has said how long an interrupt is. */
	u32 interrupt_cells;
	struct fdt_value timer, uart;
};

int __must_check fdt_fail(struct fdt_scan *s, const char *why);
int __must_check fdt_only_broken(int err);

bool fdt_is(const struct fdt_value *v, const char *text);
bool fdt_lists(const struct fdt_value *v, const char *text);
u64 fdt_number(const struct fdt_value *v, u64 missing);
void fdt_copy_text(char *dst, size_t dst_size, const struct fdt_value *v);
int __must_check fdt_reg(struct fdt_scan *s, u32 i, u64 *start, u64 *len);
int __must_check fdt_device_reg(struct fdt_scan *s, u32 i,
				struct platform_extent *out);

int __must_check fdt_scan_cpu(struct fdt_scan *s);
int __must_check fdt_scan_device(struct fdt_scan *s);
int __must_check fdt_scan_irqs(struct fdt_scan *s);

#endif
