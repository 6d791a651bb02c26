/* SPDX-License-Identifier: MIT */
/*
 * Sections: struct pages come in when they are first needed.
 *
 * Physical memory is cut into sections of 128 MiB of 32 chunks of 4 MiB each. A
 * chunk is one largest buddy block, and its struct pages fill exactly 12 pages of the
 * memmap, so the memmap of a section is backed chunk by chunk, only where
 * there is RAM. At boot one section comes in; page_alloc calls zone_grow()
 * when a zone falls below its marks and has deferred frames.
 *
 *     ABSENT (no RAM) ... DEFERRED ── section_online ──► ONLINE
 *
 *      one section   ┌────┬──────────┬─┬───────────────────────────────┐
 *      coming in     │ PT │  memmap  │R│  largest blocks to the buddy  │
 *                    └────┴──────────┴─┴───────────────────────────────┘
 *                     first free frames: page tables and struct pages
 *
 * Growing needs no memory from elsewhere, costs the same for each section,
 * and nobody ever walks all sections: the boot of a 1 TiB machine is that of a
 * small one.
 *
 * Invariants: [S1] pfn_to_page(pfn) may be read only if pfn_online(pfn);
 * [S2] each frame is handed to the buddy exactly once, or is RESERVED, or is
 * in a deferred section.
 */
#ifndef MM_FRAMES_SECTION_H
#define MM_FRAMES_SECTION_H

#include "mm/frames/zone.h"

#define SECTION_SHIFT  27
#define SECTION_SIZE   ((u64)1 << SECTION_SHIFT)
#define SECTION_PAGES  (SECTION_SIZE >> PAGE_SHIFT)
#define CHUNK_SHIFT    (MAX_ORDER + PAGE_SHIFT)
#define SECTION_CHUNKS (1 << (SECTION_SHIFT - CHUNK_SHIFT))
/* Pages of memmap behind one chunk, and behind a whole section (384). */
#define CHUNK_MEMMAP   ((sizeof(struct page) << MAX_ORDER) >> PAGE_SHIFT)
#define SECTION_MEMMAP (SECTION_CHUNKS * CHUNK_MEMMAP)

/* For each section up to the end of RAM: bit c says that the struct pages of
 * chunk c may be read. 0: absent or deferred. [section lock], read without. */
extern u32 *section_chunks;
extern u64 nr_sections;

static inline bool pfn_online(pfn_t pfn)
{
	u64 s = pfn.v >> (SECTION_SHIFT - PAGE_SHIFT);

	return s < nr_sections &&
	       READ_ONCE(section_chunks[s]) >>
			       (pfn.v >> MAX_ORDER & (SECTION_CHUNKS - 1)) &
		       1;
}

/** section_init() - make the table of sections from memblock. Boot, zone_init(). */
void section_init(void);

/**
 * zone_grow() - bring in the next deferred section that has frames of zone
 *
 * Maps its part of the memmap, marks reserved frames, frees the rest into the
 * buddy: about 220,000 instructions, most of them zeroes. Context: any without
 * the zone lock; takes the section lock (spin).
 * Return: 0, or -ENOMEM when nothing is deferred (or nothing that pays).
 */
int __must_check zone_grow(struct zone *zone);

/* The first online frame at or above pfn, end if there is none below end: for
 * those who visit every frame. */
u64 pfn_next_online(u64 pfn, u64 end);

/* RAM frames without a struct page that are reserved: they lie in sections
 * that are not online. With the zones' deferred these are all frames of such
 * sections. */
u64 sections_reserved_pages(void);

/* Sections online, and bytes of struct pages behind them. */
u64 sections_online(void);
u64 memmap_bytes(void);

/*
 * Upcall, implemented by mm/tables/kmap.c: map [va, va + len) of the memmap to
 * frames that start at pa, read-write, in 4 KiB leaves; page tables come from
 * *spare (zeroed by the callee), which moves on. Entries are none before. One
 * section needs at most SECTION_SPARE tables: two of each lower level.
 * Context: section lock held (spin), so it takes no lock of a lower rank.
 */
#define SECTION_SPARE 4
int __must_check kmap_memmap(vaddr_t va, size_t len, paddr_t pa, paddr_t *spare,
			     paddr_t spare_end);

#endif
