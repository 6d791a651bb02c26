/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/numa_maps, and clear_refs.
 *
 *	00601000 default file=/bin/x anon=2 dirty=2 N0=2 kernelpagesize_kB=4
 *	start    policy  what it is  pages of it …  on node 0
 *
 * All of memory is one node, and every page that is used is "active": so no
 * other node and no "active=" is ever shown. The page of zeroes counts nowhere.
 */
#include "kernel/fs/proc.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/pagemap.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"

struct numa_count {                     /* pages of one VMA */
	u64 pages, anon, dirty;
	u64 most;                       /* leaves of the page that has most */
};

/* mm_look_fn: counts a VMA's pages. Context: its mm->lock. */
static void numa_count_vma(struct vma *vma, void *arg)
{
	struct numa_count *n = arg;
	struct pt_cursor c;

	pt_cursor_begin(&c, &vma->mm->space, vma->start, vma->end);
	while (pt_cursor_next(&c)) {
		const struct page *page = leaf_page(c.entry);

		if (page->type == PAGE_ZERO)
			continue;
		n->pages++;
		n->anon += page->type == PAGE_ANON;
		n->dirty += pte_prot(c.entry, 0) & PT_DIRTY ||
			    page->flags & PG_DIRTY;
		n->most = MAX(n->most, (u64)MAX(READ_ONCE(page->mapcount), 1));
	}
	pt_cursor_end(&c);
}

static void numa_print_some(struct strbuf *sb, const char *name, u64 pages)
{
	if (pages)
		strbuf_printf(sb, " %s=%llu", name, (unsigned long long)pages);
}

static void numa_print(struct strbuf *sb, const struct numa_count *n)
{
	numa_print_some(sb, "anon", n->anon);
	numa_print_some(sb, "dirty", n->dirty);
	if (n->pages != n->anon && n->pages != n->dirty)
		numa_print_some(sb, "mapped", n->pages);
	if (n->most > 1)
		numa_print_some(sb, "mapmax", n->most);
	numa_print_some(sb, "N0", n->pages);
	if (n->pages)
		numa_print_some(sb, "kernelpagesize_kB", PAGE_SIZE >> 10);
	strbuf_printf(sb, "\n");
}

/** proc_show_numa_maps() - /proc/PID/numa_maps. Context: thread. 0 or -ESRCH. */
int proc_show_numa_maps(struct strbuf *sb, int pid)
{
	struct mm *mm;
	bool more = true;
	u64 pos = 0;
	int err = proc_mm_get(pid, &mm);

	if (err || !mm)
		return err;
	share_own_all();                /* for mapmax */
	while (more) {
		struct numa_count count = { 0 };

		more = mm_show_numa(mm, sb, &pos, numa_count_vma, &count);
		if (more)
			numa_print(sb, &count);
	}
	if (pos < USER_END)
		sb->len = sb->size;     /* a line had no room */
	mm_put(mm);
	return 0;
}

/* ---- clear_refs --------------------------------------------------------------- */

enum {
	CLEAR_ALL = 1,
	CLEAR_ANON = 2,
	CLEAR_MAPPED = 3,               /* pages of files */
	CLEAR_SOFT_DIRTY = 4,
	CLEAR_HIWATER = 5,              /* VmHWM is VmRSS again */
};

/**
 * proc_store_clear_refs() - forget uses: Referenced in smaps begins anew
 *
 * 4 does nothing, as on a Linux without soft-dirty bits.
 * Context: thread. Return: 0, -EINVAL, -ESRCH, -ENOMEM.
 */
int proc_store_clear_refs(const char *text, int pid)
{
	struct mm *mm;
	u64 what;
	int err = str_to_u64(text, &what);

	if (err || what < CLEAR_ALL || what > CLEAR_HIWATER)
		return -EINVAL;
	err = proc_mm_get(pid, &mm);
	if (err || !mm)
		return err;
	if (what == CLEAR_HIWATER)
		WRITE_ONCE(mm->hiwater_rss, (u64)mm_rss(mm));
	else if (what != CLEAR_SOFT_DIRTY)
		err = mm_clear_young(mm, what != CLEAR_MAPPED,
				     what != CLEAR_ANON);
	mm_put(mm);
	return err;
}
