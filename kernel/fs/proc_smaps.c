/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/smaps: each line of maps with what its pages are; smaps_rollup:
 * the sums over all of them.
 *
 *   Rss      pages that have a leaf in the page table
 *   Pss      the same, a page that n leaves map counting as 1/n
 *   Shared   pages with more than one leaf, Private: with one;
 *   Clean, Dirty: by leaf and page. Referenced: the leaf was used.
 *
 * So VSS is Size, and USS, what would come free with the process, is
 * Private_Clean + Private_Dirty. The shared page of zeroes counts nowhere, as
 * on Linux. Map counts are read without a lock: each figure is true for its
 * moment; the line of maps and its figures are of the same one.
 */
#include "kernel/fs/proc.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"

#define PSS_SHIFT 12                    /* fraction bits of the Pss sums */

struct smaps_count {                    /* bytes; pss: << PSS_SHIFT */
	u64 size, rss, referenced, anon;
	u64 pss, pss_dirty, pss_locked, pss_kind[RSS_NR];
	u64 shared_clean, shared_dirty, private_clean, private_dirty;
	u32 flags;                      /* VM_* */
	bool vdso;
};

static void smaps_add_leaf(struct smaps_count *c, pte_t leaf, bool locked)
{
	const struct page *page = leaf_page(leaf);
	s32 leaves = MAX(READ_ONCE(page->mapcount), 1);
	ptprot_t prot = pte_prot(leaf, 0);
	bool dirty = prot & PT_DIRTY || page->flags & PG_DIRTY;
	u64 pss = (PAGE_SIZE << PSS_SHIFT) / (u32)leaves;

	if (page->type == PAGE_ZERO)
		return;
	c->rss += PAGE_SIZE;
	c->pss += pss;
	c->pss_kind[page_rss_kind(page)] += pss;
	c->pss_dirty += dirty ? pss : 0;
	c->pss_locked += locked ? pss : 0;
	if (prot & PT_YOUNG || page->flags & PG_REFERENCED)
		c->referenced += PAGE_SIZE;
	if (page->type == PAGE_ANON)
		c->anon += PAGE_SIZE;
	if (leaves > 1)
		*(dirty ? &c->shared_dirty : &c->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &c->private_dirty : &c->private_clean) += PAGE_SIZE;
}

/* Adds a VMA to the count. Context: its mm->lock. */
static void smaps_count_vma(struct vma *vma, void *arg)
{
	bool locked = vma->flags & VM_LOCKED;
	struct smaps_count *c = arg;
	struct pt_cursor cur;

	c->size += vma->end - vma->start;
	c->flags = vma->flags;
	c->vdso = vma->start == vma->mm->vdso;
	pt_cursor_begin(&cur, &vma->mm->space, vma->start, vma->end);
	while (pt_cursor_next(&cur))
		if (pte_kind(cur.entry, cur.level) == PTE_LEAF)
			smaps_add_leaf(c, cur.entry, locked);
	pt_cursor_end(&cur);
}

/* ---- text ------------------------------------------------------------------- */

struct smaps_line { const char *name; u64 bytes; };

static void smaps_print_lines(struct strbuf *sb, const struct smaps_line *line,
			      u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		strbuf_printf(sb, "%-16s%8llu kB\n", line[i].name,
			      (unsigned long long)line[i].bytes >> 10);
}

static void smaps_print_pss_kinds(struct strbuf *sb,
				  const struct smaps_count *c)
{
	const struct smaps_line line[] = {
		{ "Pss_Anon:", c->pss_kind[RSS_ANON] >> PSS_SHIFT },
		{ "Pss_File:", c->pss_kind[RSS_FILE] >> PSS_SHIFT },
		{ "Pss_Shmem:", c->pss_kind[RSS_SHMEM] >> PSS_SHIFT },
	};

	smaps_print_lines(sb, line, array_size(line));
}

/* The lines that smaps and smaps_rollup share; the latter has some more. */
static void smaps_print_pages(struct strbuf *sb, const struct smaps_count *c,
			      bool rollup)
{
	const struct smaps_line sums[] = {
		{ "Rss:", c->rss },
		{ "Pss:", c->pss >> PSS_SHIFT },
		{ "Pss_Dirty:", c->pss_dirty >> PSS_SHIFT },
	};
	const struct smaps_line parts[] = {
		{ "Shared_Clean:", c->shared_clean },
		{ "Shared_Dirty:", c->shared_dirty },
		{ "Private_Clean:", c->private_clean },
		{ "Private_Dirty:", c->private_dirty },
		{ "Referenced:", c->referenced },
		{ "Anonymous:", c->anon },
		{ "LazyFree:", 0 },
		{ "AnonHugePages:", 0 },
		{ "ShmemPmdMapped:", 0 },
		{ "FilePmdMapped:", 0 },
		{ "Shared_Hugetlb:", 0 },
		{ "Private_Hugetlb:", 0 },
		{ "Swap:", 0 },
		{ "SwapPss:", 0 },
		{ "Locked:", c->pss_locked >> PSS_SHIFT },
	};

	smaps_print_lines(sb, sums, array_size(sums));
	if (rollup)
		smaps_print_pss_kinds(sb, c);
	smaps_print_lines(sb, parts, array_size(parts));
}

/* Linux's names for flags, in the order of its bits. "ac": memory that is
 * promised (overcommit); "sh", "ms": shared, and may be written. */
static void smaps_print_flags(struct strbuf *sb, const struct smaps_count *c)
{
	const u32 f = c->flags;
	const struct { const char *name; bool set; } flag[] = {
		{ "rd", f & VM_READ },
		{ "wr", f & VM_WRITE },
		{ "ex", f & VM_EXEC },
		{ "sh", f & VM_SHARED && f & VM_MAYWRITE },
		{ "mr", f & VM_MAYREAD },
		{ "mw", f & VM_MAYWRITE },
		{ "me", f & VM_MAYEXEC },
		{ "ms", f & VM_SHARED },
		{ "gd", f & VM_GROWSDOWN },
		{ "lo", f & VM_LOCKED },
		{ "sr", f & VM_SEQUENTIAL },
		{ "rr", f & VM_RANDOM },
		{ "dc", f & VM_DONTFORK },
		{ "de", c->vdso },
		{ "ac", f & VM_ACCOUNT },
		{ "nr", f & VM_NORESERVE },
		{ "wf", f & VM_WIPEONFORK },
		{ "dd", f & VM_DONTDUMP },
		{ "hg", f & VM_HUGEPAGE },
		{ "nh", f & VM_NOHUGEPAGE },
		{ "mg", f & VM_MERGEABLE },
	};

	strbuf_printf(sb, "VmFlags: ");
	for (u32 i = 0; i < array_size(flag); i++)
		if (flag[i].set)
			strbuf_printf(sb, "%s ", flag[i].name);
	strbuf_printf(sb, "\n");
}

static void smaps_print(struct strbuf *sb, const struct smaps_count *c)
{
	const struct smaps_line line[] = {
		{ "Size:", c->size },
		{ "KernelPageSize:", PAGE_SIZE },
		{ "MMUPageSize:", PAGE_SIZE },
	};

	smaps_print_lines(sb, line, array_size(line));
	smaps_print_pages(sb, c, false);
	strbuf_printf(sb, "THPeligible:    0\n");
	smaps_print_flags(sb, c);
}

/* ---- files ------------------------------------------------------------------ */

/** proc_mm_get() - the space of process pid with a reference, NULL of a zombie
 *
 * Context: thread. Return: 0 or -ESRCH. */
int proc_mm_get(int pid, struct mm **out)
{
	struct process *p = process_find(pid);

	if (!p)
		return -ESRCH;
	*out = process_mm_get(p);
	process_put(p);
	return 0;
}

/** proc_show_smaps() - /proc/PID/smaps. Context: thread. 0 or -ESRCH. */
int proc_show_smaps(struct strbuf *sb, int pid)
{
	struct mm *mm;
	bool more = true;
	u64 pos = 0;
	int err = proc_mm_get(pid, &mm);

	if (err || !mm)
		return err;
	share_own_all();
	while (more) {
		struct smaps_count count = { 0 };

		more = mm_show_map(mm, sb, &pos, smaps_count_vma, &count);
		if (more)
			smaps_print(sb, &count);
	}
	if (pos < USER_END)
		sb->len = sb->size;     /* a line had no room */
	mm_put(mm);
	return 0;
}

/** proc_show_smaps_rollup() - the sums. Context: thread. 0 or -ESRCH. */
int proc_show_smaps_rollup(struct strbuf *sb, int pid)
{
	struct smaps_count count = { 0 };
	vaddr_t start, end = 0;
	struct vma *vma;
	struct mm *mm;

	if (proc_mm_get(pid, &mm) || !mm)
		return -ESRCH;
	share_own_all();
	read_lock(&mm->lock);
	vma = vma_find(mm, 0);
	start = vma ? vma->start : 0;
	for (; vma; vma = vma_next(vma)) {
		smaps_count_vma(vma, &count);
		end = vma->end;
	}
	read_unlock(&mm->lock);
	mm_put(mm);
	strbuf_printf(sb, "%08lx-%08lx ---p 00000000 00:00 0 ", start, end);
	strbuf_printf(sb, "%*s[rollup]\n", MAX(0, 73 - (int)sb->len), "");
	smaps_print_pages(sb, &count, true);
	return 0;
}
