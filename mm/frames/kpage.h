/* SPDX-License-Identifier: MIT */
/*
 * A frame in Linux's words: /proc/kpageflags and /proc/kpagecount.
 *
 * The bits of the Linux ABI that a frame of ours can have. What Quire does not
 * have (LRU lists, swap cache, huge pages) is a bit that is never set.
 */
#ifndef MM_FRAMES_KPAGE_H
#define MM_FRAMES_KPAGE_H

#include "lib/types.h"

enum kpage_bit {
	KPF_LOCKED = 0,
	KPF_REFERENCED = 2,
	KPF_UPTODATE = 3,
	KPF_DIRTY = 4,
	KPF_SLAB = 7,
	KPF_BUDDY = 10,
	KPF_MMAP = 11,                  /* some leaf maps it */
	KPF_ANON = 12,
	KPF_SWAPBACKED = 14,            /* no file to be written back to */
	KPF_COMPOUND_HEAD = 15,         /* of a block of several frames */
	KPF_COMPOUND_TAIL = 16,
	KPF_NOPAGE = 20,                /* no struct page */
	KPF_ZERO_PAGE = 24,
	KPF_PGTABLE = 26,
	KPF_RESERVED = 32,
};

/* Frames that can be asked about: [0, kpage_end()). Context: any. */
u64 kpage_end(void);

u64 kpage_flags(u64 pfn);
u64 kpage_count(u64 pfn);

#endif
