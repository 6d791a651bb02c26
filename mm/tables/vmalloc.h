/* SPDX-License-Identifier: MIT */
/*
 * Virtually contiguous memory: areas of the vmalloc range, each followed by an
 * unmapped guard page.
 *
 *   VMALLOC_BASE ─[ area ][g]──[ area ][g][ area ][g]─ … ─ VMALLOC_END
 *
 * Areas stand in a tree by address with the largest gap below each node, so a
 * hole is found in O(log n).
 */
#ifndef MM_TABLES_VMALLOC_H
#define MM_TABLES_VMALLOC_H

#include "arch/mmu.h"
#include "mm/frames/page_alloc.h"

enum vmalloc_kind { VMALLOC_PAGES, VMALLOC_VMAP, VMALLOC_IOREMAP, VMALLOC_STACK,
		    VMALLOC_KINDS };

/* Frames one by one, mapped read-write; NULL: no memory. Context: thread. */
void *__must_check vmalloc(size_t size);
void *__must_check vzalloc(size_t size);
void vfree(const void *va);             /* NULL is fine; reports "bad-vfree" */

/* Maps given pages; they stay the caller's. */
void *__must_check vmap(struct page **pages, size_t nr_pages, ptprot_t prot);
void vunmap(const void *va);

/* Device registers, uncached; pa and size need no alignment. */
void __iomem *__must_check ioremap(paddr_t pa, size_t size);
void iounmap(void __iomem *va);

/* Frames of type PAGE_STACK behind a guard page of their own, which lies below
 * the address returned; 0: no memory. mm/tables/kstack.c keeps a stock. */
vaddr_t vmalloc_stack_alloc(size_t size);
void vmalloc_stack_free(vaddr_t stack);

u64 vmalloc_pages(void);        /* frames of VMALLOC_PAGES and _STACK areas */
struct strbuf;
void vmalloc_show_info(struct strbuf *sb);      /* /proc/vmallocinfo */
const char *vmalloc_check(void);

#endif
