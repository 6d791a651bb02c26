/* SPDX-License-Identifier: MIT */
/*
 * Debug aids of the page allocator, switched on by boot options.
 *
 *   page_poison     freed frames are filled with 0xaa and looked at again when
 *                   they are handed out: "use-after-free"
 *   page_owner      who allocated and who freed each block, for every report
 *   init_on_alloc   every page is zeroed, asked for or not
 *
 * All of them hide behind one word, page_debug: 0 is one load and a branch.
 */
#ifndef MM_FRAMES_PAGE_DEBUG_H
#define MM_FRAMES_PAGE_DEBUG_H

#include "mm/frames/page_alloc.h"

enum {
	PAGE_DEBUG_POISON = 1 << 0,
	PAGE_DEBUG_OWNER = 1 << 1,
	PAGE_DEBUG_INIT = 1 << 2,
	PAGE_DEBUG_KASAN = 1 << 3,      /* builds with KASAN=1 */
};
extern u32 page_debug;

#define PAGE_POISON 0xaa

/* Reads the boot options; before the first section comes in. */
void page_debug_init(void);

/* Section nr came in: its owner records and its shadow. Section lock held. */
void page_debug_section(u64 nr);

/* A block leaves to, or comes back from, pc. Called only if page_debug != 0. */
void page_debug_alloc(struct page *page, unsigned int order, uintptr_t pc);
void page_debug_free(struct page *page, unsigned int order, uintptr_t pc);

/* "function+0x12", or "unknown" when pc is 0; returns buf. */
const char *page_owner_name(char *buf, size_t size, uintptr_t pc);

#endif
