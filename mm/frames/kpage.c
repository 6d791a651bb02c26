/* SPDX-License-Identifier: MIT */
/*
 * struct page as Linux's tools want to see it: one word of flags, one count.
 *
 *	pfn ─► online? ─ no ─► NOPAGE          absent, or not come in yet
 *	         │
 *	     page_head ─► type, order, flags ─► KPF_* bits
 *
 * A frame inside a block shows what the block is. Nothing is locked: each
 * word is true for its moment, and a frame in motion may show a mixture.
 */
#include "mm/frames/kpage.h"

#include "mm/frames/page.h"
#include "mm/frames/section.h"

#define KPF(name) ((u64)1 << KPF_##name)

/** kpage_end() - the first frame number behind all RAM. Context: any. */
u64 kpage_end(void)
{
	u64 end = 0;

	for (int id = 0; id < ZONE_NR; id++)
		if (zones[id].present)
			end = MAX(end, zones[id].end_pfn);
	return end;
}

/* The flags of a page that programs map. */
static u64 kpage_user_flags(const struct page *page)
{
	u32 flags = READ_ONCE(page->flags);
	u64 k = READ_ONCE(page->mapcount) > 0 ? KPF(MMAP) : 0;

	if (page->type == PAGE_ANON)
		return k | KPF(ANON) | KPF(SWAPBACKED) | KPF(UPTODATE);
	return k | (flags & PG_LOCKED ? KPF(LOCKED) : 0) |
	       (flags & PG_REFERENCED ? KPF(REFERENCED) : 0) |
	       (flags & PG_UPTODATE ? KPF(UPTODATE) : 0) |
	       (flags & PG_DIRTY ? KPF(DIRTY) : 0) |
	       (flags & PG_SHMEM ? KPF(SWAPBACKED) : 0);
}

static u64 kpage_type_flags(const struct page *head)
{
	switch (head->type) {
	case PAGE_NONE:
		return KPF(NOPAGE);
	case PAGE_RESERVED:
		return KPF(RESERVED);
	case PAGE_BUDDY:
		return KPF(BUDDY);
	case PAGE_SLAB:
		return KPF(SLAB);
	case PAGE_TABLE:
		return KPF(PGTABLE);
	case PAGE_ZERO:
		return KPF(ZERO_PAGE);
	case PAGE_ANON:
	case PAGE_FILE:
		return kpage_user_flags(head);
	default:
		return 0;               /* the kernel's, or on a CPU's list */
	}
}

/* The head of the block that page is part of; page itself if it is of none: a
 * hole may lie behind a smaller block. */
static const struct page *kpage_head(struct page *page)
{
	const struct page *head = page_head(page);

	return page - head < (ptrdiff_t)1 << head->order ? head : page;
}

/** kpage_flags() - KPF_* bits of frame pfn, RAM or not. Context: any. */
u64 kpage_flags(u64 pfn)
{
	const struct page *head;
	struct page *page;
	u64 k;

	if (!pfn_online(pfn_make(pfn)))
		return KPF(NOPAGE);
	page = pfn_to_page(pfn_make(pfn));
	head = kpage_head(page);
	k = kpage_type_flags(head);
	if (head->order && !(k & (KPF(BUDDY) | KPF(RESERVED) | KPF(NOPAGE))))
		k |= page == head ? KPF(COMPOUND_HEAD) : KPF(COMPOUND_TAIL);
	return k;
}

/** kpage_count() - leaves that map frame pfn. Context: any. */
u64 kpage_count(u64 pfn)
{
	const struct page *page;

	if (!pfn_online(pfn_make(pfn)))
		return 0;
	page = pfn_to_page(pfn_make(pfn));
	if (page->type != PAGE_ANON && page->type != PAGE_FILE)
		return 0;
	return (u64)MAX(READ_ONCE(page->mapcount), 0);
}
