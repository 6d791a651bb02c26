/* SPDX-License-Identifier: MIT */
/*
 * The flattened device tree: a reader of its tokens (fdt.c) and what it tells
 * about the machine (fdt_machine.c).
 *
 * All pointers that come out of the reader point into the blob; struct
 * bootinfo and struct fdt_machine hold copies only.
 */
#ifndef BOOT_FDT_H
#define BOOT_FDT_H

#include "boot/bootinfo.h"
#include "lib/types.h"

#define FDT_MAX_SIZE       MIB(2)       /* what the arm64 boot protocol allows */
#define FDT_MAX_DEPTH      32           /* nodes inside nodes, root included */
#define FDT_MAX_NODES      16384
#define FDT_MAX_CPUS       64
#define FDT_MAX_MEMORY     64
#define FDT_MAX_RESERVED   64
#define FDT_MAX_REDISTS    4
#define FDT_MAX_PATH       128
#define FDT_NO_NODE        (~(u32)0)    /* no NUMA id */

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

enum fdt_conduit { FDT_PSCI_NONE, FDT_PSCI_HVC, FDT_PSCI_SMC };
enum fdt_enable { FDT_ENABLE_NONE, FDT_ENABLE_PSCI, FDT_ENABLE_SPIN_TABLE };

/* [start, end) physical bytes; all zero: there is none. */
struct fdt_extent {
	u64 start, end;
};

struct fdt_cpu {
	u64 mpidr;                      /* affinity fields of MPIDR_EL1 */
	u64 release;                    /* spin table: address to write to */
	enum fdt_enable enable;
	u32 numa;                       /* or FDT_NO_NODE */
};

struct fdt_memory {
	u64 start, end;
	u32 numa;                       /* or FDT_NO_NODE */
};

struct fdt_reserved {
	u64 start, end;
	bool no_map;                    /* not even cacheable mappings of it */
};

/* A line of the GIC; line == 0: none (0 is a software interrupt). */
struct fdt_irq {
	u32 line;                       /* INTID: PPI from 16, SPI from 32 */
	u32 flags;                      /* 1 rising, 2 falling, 4 high, 8 low */
};

enum fdt_timer_irq { FDT_TIMER_SECURE, FDT_TIMER_PHYS, FDT_TIMER_VIRT,
		     FDT_TIMER_HYP, FDT_TIMER_HYP_VIRT, FDT_TIMER_IRQS };

/* What has no place in struct bootinfo. */
struct fdt_machine {
	bool found;
	struct fdt_cpu cpu[FDT_MAX_CPUS];
	u32 nr_cpus;
	struct fdt_memory memory[FDT_MAX_MEMORY];
	u32 nr_memory;
	struct fdt_reserved reserved[FDT_MAX_RESERVED];
	u32 nr_reserved;
	u32 nr_left_out;                /* of these three, for lack of room */
	enum fdt_conduit psci;
	u32 psci_cpu_on;                /* function id */
	u32 gic_version;                /* 2 or 3; 0: no GIC known to us */
	struct fdt_extent gic_dist;
	struct fdt_extent gic_cpu;      /* version 2: the CPU interface */
	struct fdt_extent gic_redist[FDT_MAX_REDISTS];  /* version 3 */
	u32 nr_redists;
	u64 gic_redist_stride;          /* bytes; 0: as the architecture says */
	struct fdt_irq timer[FDT_TIMER_IRQS];
	u32 timer_hz;                   /* 0: CNTFRQ_EL0 is right */
	struct fdt_extent uart;         /* PL011: the console's, or the first */
	struct fdt_irq uart_irq;
	char stdout_path[FDT_MAX_PATH]; /* as written, with alias and options */
};
extern struct fdt_machine fdt_machine;

int __must_check fdt_parse(struct bootinfo *bi, struct fdt_machine *m,
			   const void *blob, u64 pa, size_t size,
			   const char **why);

#endif
