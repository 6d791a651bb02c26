/* SPDX-License-Identifier: MIT */
/* What the files procinfo_*.c share: figures of a process before they are text. */
#ifndef KERNEL_TASK_PROCINFO_PARTS_H
#define KERNEL_TASK_PROCINFO_PARTS_H

#include "mm/spaces/mm.h"

struct process;
struct strbuf;

/* The figures of a space, copied while it is held; zeroes for a zombie. */
struct procinfo_mm {
	bool there;
	u64 vss, vss_peak, data, stack; /* pages */
	u64 text, lib;                  /* pages: of the program; of all other code */
	u64 rss[RSS_NR], rss_all, rss_peak;
	u64 tables;                     /* page tables, the top one not counted */
	u64 locked;
	u64 min_flt, maj_flt;
	vaddr_t start_code, end_code, start_stack, start_data, end_data;
	vaddr_t start_brk, arg_start, arg_end, env_start, env_end;
};

void procinfo_read_mm(struct process *p, struct procinfo_mm *i);
void procinfo_status_memory(struct process *p, struct strbuf *sb);

void procinfo_actions(struct process *p, u64 *ignored, u64 *caught);
void procinfo_masks(struct process *p, u64 *own, u64 *blocked);

#endif
