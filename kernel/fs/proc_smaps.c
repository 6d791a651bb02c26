/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/smaps: each line of maps with what its pages are.
 *
 *   Rss      pages that have a leaf in the page table
 *   Pss      the same, a page that n leaves map counting as 1/n
 *   Shared   pages with more than one leaf, Private: with one;
 *   Clean, Dirty: by the leaf. Referenced: the leaf was used.
 *
 * The shared page of zeroes counts nowhere, as on Linux. Map counts are
 * read without a lock: each figure is true for its moment.
 */
#include "kernel/fs/proc.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mm.h"
#include "mm/tables/pgtable.h"

#define PSS_SHIFT 12                    /* fraction bits of the Pss sum */

struct smaps_count {                    /* bytes */
	vaddr_t start, end;
	u64 rss, pss_scaled, referenced, anon;
	u64 shared_clean, shared_dirty, private_clean, private_dirty;
	u64 locked;
};

static void smaps_add_leaf(struct smaps_count *c, pte_t leaf)
{
	const struct page *page = leaf_page(leaf);
	s32 leaves = MAX(READ_ONCE(page->mapcount), 1);
	ptprot_t prot = pte_prot(leaf, 0);
	bool dirty = prot & PT_DIRTY || page->flags & PG_DIRTY;

	if (page->type == PAGE_ZERO)
		return;
	c->rss += PAGE_SIZE;
	c->pss_scaled += (PAGE_SIZE << PSS_SHIFT) / (u32)leaves;
	if (prot & PT_YOUNG)
		c->referenced += PAGE_SIZE;
	if (page->type == PAGE_ANON)
		c->anon += PAGE_SIZE;
	if (leaves > 1 && dirty)
		c->shared_dirty += PAGE_SIZE;
	else if (leaves > 1)
		c->shared_clean += PAGE_SIZE;
	else if (dirty)
		c->private_dirty += PAGE_SIZE;
	else
		c->private_clean += PAGE_SIZE;
}

/* Counts the VMA at or above pos; false: none. */
static bool smaps_count_vma(struct mm *mm, vaddr_t pos, struct smaps_count *c)
{
	struct pt_cursor cur;
	struct vma *vma;

	*c = (struct smaps_count){ 0 };
	read_lock(&mm->lock);
	vma = vma_find(mm, pos);
	if (vma) {
		c->start = vma->start;
		c->end = vma->end;
		pt_cursor_begin(&cur, &mm->space, vma->start, vma->end);
		while (pt_cursor_next(&cur))
			if (pte_kind(cur.entry, cur.level) == PTE_LEAF)
				smaps_add_leaf(c, cur.entry);
		pt_cursor_end(&cur);
		if (vma->flags & VM_LOCKED)
			c->locked = c->pss_scaled >> PSS_SHIFT;
	}
	read_unlock(&mm->lock);
	return vma != NULL;
}

static void smaps_print(struct strbuf *sb, const struct smaps_count *c)
{
	const struct { const char *name; u64 bytes; } line[] = {
		{ "Size:", c->end - c->start },
		{ "KernelPageSize:", PAGE_SIZE },
		{ "MMUPageSize:", PAGE_SIZE },
		{ "Rss:", c->rss },
		{ "Pss:", c->pss_scaled >> PSS_SHIFT },
		{ "Shared_Clean:", c->shared_clean },
		{ "Shared_Dirty:", c->shared_dirty },
		{ "Private_Clean:", c->private_clean },
		{ "Private_Dirty:", c->private_dirty },
		{ "Referenced:", c->referenced },
		{ "Anonymous:", c->anon },
		{ "Swap:", 0 },
		{ "SwapPss:", 0 },
		{ "Locked:", c->locked },
	};

	for (u32 i = 0; i < array_size(line); i++)
		strbuf_printf(sb, "%-16s%8llu kB\n", line[i].name,
			      (unsigned long long)line[i].bytes >> 10);
}

/** proc_show_smaps() - /proc/PID/smaps. Context: thread. 0 or -ESRCH. */
int proc_show_smaps(struct strbuf *sb, int pid)
{
	struct process *p = process_find(pid);
	struct smaps_count count;
	bool cut = false;
	struct mm *mm;
	u64 pos = 0;

	if (!p)
		return -ESRCH;
	mm = process_mm_get(p);
	process_put(p);
	if (!mm)
		return 0;
	while (!cut && pos < USER_END && smaps_count_vma(mm, pos, &count)) {
		if (mm_show_map(mm, sb, &pos))
			smaps_print(sb, &count);
		else
			cut = pos < USER_END;   /* no room for the line */
	}
	if (cut)
		sb->len = sb->size;
	mm_put(mm);
	return 0;
}
