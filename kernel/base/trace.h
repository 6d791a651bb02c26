/* SPDX-License-Identifier: MIT */
/*
 * Trace events: one list feeds the counters, the per-CPU ring, GDB and the
 * viewer.
 *
 * trace(EVENT, a, b) counts the event on this CPU and keeps the last
 * TRACE_RING of them with two values. A panic prints the newest.
 */
#ifndef KERNEL_BASE_TRACE_H
#define KERNEL_BASE_TRACE_H

#include "kernel/base/percpu.h"
#include "lib/types.h"

/* X(name, text of the two values) */
#define TRACE_EVENTS(X)                                        \
	X(fault_zero, "va")                                    \
	X(fault_anon, "va, pfn: new zeroed page")              \
	X(fault_cow_copy, "va, pfn of the copy")               \
	X(fault_cow_reuse, "va, pfn: last owner keeps it")     \
	X(fault_file, "va, pfn: page of the page cache")       \
	X(fault_file_copy, "va, pfn: private copy of a file page") \
	X(fault_spurious, "va, entry: nothing to do")          \
	X(fault_segv, "va, access")                            \
	X(fault_bus, "va, access")                             \
	X(fault_oom, "va, access")                             \
	X(fault_uaccess, "va, access: in a user copy")         \
	X(stack_grow, "old start, new start")                  \
	X(page_alloc, "pfn, order (buddy, not the per-CPU list)") \
	X(page_free, "pfn, order (buddy)")                     \
	X(pcp_refill, "zone, pages")                           \
	X(pcp_drain, "zone, pages")                            \
	X(zone_grow, "first pfn, pages: a section came in")    \
	X(slab_new, "cache, pfn")                              \
	X(slab_free, "cache, pfn")                             \
	X(pt_table_alloc, "va, level")                         \
	X(pt_table_free, "va, level")                          \
	X(table_shared, "va, spaces: by fork")                 \
	X(table_copied, "va, spaces: a space got its own")     \
	X(table_kept, "va, pfn: by the last space that had it") \
	X(table_left, "va, spaces: unmapped, exit")            \
	X(tlb_flush_range, "start, end")                       \
	X(tlb_flush_space, "space, reason")                    \
	X(tlb_flush_kernel, "start, end")                      \
	X(vma_merge, "start, end")                             \
	X(vma_split, "va, 0")                                  \
	X(mmap, "start, len")                                  \
	X(munmap, "start, len")                                \
	X(mprotect, "start, len")                              \
	X(brk, "old, new")                                     \
	X(fork, "parent pid, child pid")                       \
	X(exec, "pid, entry")                                  \
	X(exit, "pid, status")                                 \
	X(switch_thread, "from pid, to pid")                   \
	X(signal, "pid, signo")                                \
	X(syscall_missing, "number, pc")

enum trace_event {
#define X(name, text) TRACE_##name,
	TRACE_EVENTS(X)
#undef X
	TRACE_NR,
};

#define TRACE_RING 256                  /* records a CPU; a power of two */

struct trace_record {
	u64 when;                       /* cpu_timestamp() */
	u64 event;                      /* enum trace_event */
	u64 a, b;
};

struct trace_cpu {
	u64 count[TRACE_NR];
	u64 next;                       /* records ever written */
	struct trace_record ring[TRACE_RING];
};
DECLARE_PERCPU(struct trace_cpu, trace_cpu);

/* Context: any. An interrupt between the lines may cost one record, never
 * a count. */
static inline void trace_event(enum trace_event e, u64 a, u64 b)
{
	struct trace_cpu *t = this_cpu_ptr(trace_cpu);
	struct trace_record *r = &t->ring[t->next++ & (TRACE_RING - 1)];

	t->count[e]++;
	r->when = cpu_timestamp();
	r->event = e;
	r->a = a;
	r->b = b;
}

#define trace(name, a, b) trace_event(TRACE_##name, (u64)(a), (u64)(b))

extern const char *const trace_names[TRACE_NR];
extern const char *const trace_texts[TRACE_NR];

/* Sum over all CPUs. */
u64 trace_total(enum trace_event e);
/* Prints the newest nr records of every CPU, oldest first. */
void trace_dump(unsigned int nr);

#endif
