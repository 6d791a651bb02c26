/* SPDX-License-Identifier: MIT */
/*
 * /proc/vmstat and the head of /proc/zoneinfo: Linux's names, in its order.
 *
 *	zone lines    frames that a zone has of each kind
 *	node lines    the same for the whole machine, which is one node
 *	event lines   things that happened since boot; they only grow
 *
 * A line whose subject Quire does not have says 0, which is the truth; lines that
 * Linux leaves out without a feature (NUMA, huge pages, compaction) are left
 * out. Pages are on no lists by age: what programs and files use is "active",
 * or "unevictable" when it is locked.
 */
#include "kernel/fs/proc.h"
#include "lib/errno.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/zone.h"
#include "mm/pressure/account.h"

typedef unsigned long long ull;

struct stat_line { const char *name; u64 value; };

/* indent: as a part of zoneinfo. */
static void stat_lines(struct strbuf *sb, const struct stat_line *line, u32 nr,
		       bool indent)
{
	for (u32 i = 0; i < nr; i++)
		if (indent)
			strbuf_printf(sb, "      %-12s %llu\n", line[i].name,
				      (ull)line[i].value);
		else
			strbuf_printf(sb, "%s %llu\n", line[i].name,
				      (ull)line[i].value);
}

static void stat_zeroes(struct strbuf *sb, const char *const *name, u32 nr,
			bool indent)
{
	for (u32 i = 0; i < nr; i++)
		stat_lines(sb, &(struct stat_line){ name[i], 0 }, 1, indent);
}

/* ---- zone and node ------------------------------------------------------------ */

static void vmstat_zone(struct strbuf *sb, const struct account *a)
{
	const u64 anon = a->pages.by_type[PAGE_ANON] + a->pages.shmem;
	const u64 mlocked = a->pages.mlocked, file = a->pages.mlocked_file;
	const struct stat_line line[] = {
		{ "nr_free_pages", a->free },
		{ "nr_zone_inactive_anon", 0 },
		{ "nr_zone_active_anon", anon - (mlocked - file) },
		{ "nr_zone_inactive_file", 0 },
		{ "nr_zone_active_file",
		  a->pages.cached - a->pages.shmem - file },
		{ "nr_zone_unevictable", mlocked },
		{ "nr_zone_write_pending", 0 },
		{ "nr_mlock", mlocked },
		{ "nr_bounce", 0 },
		{ "nr_free_cma", 0 },
	};

	stat_lines(sb, line, array_size(line), false);
}

/* What reclaim has done, had there been any. */
static const char *const node_reclaim[] = {
	"nr_isolated_anon", "nr_isolated_file", "workingset_nodes",
	"workingset_refault_anon", "workingset_refault_file",
	"workingset_activate_anon", "workingset_activate_file",
	"workingset_restore_anon", "workingset_restore_file",
	"workingset_nodereclaim",
};

/* Files that are written back, huge pages, pinned pages. */
static const char *const node_huge[] = {
	"nr_shmem_hugepages", "nr_shmem_pmdmapped", "nr_file_hugepages",
	"nr_file_pmdmapped", "nr_anon_transparent_hugepages", "nr_vmscan_write",
	"nr_vmscan_immediate_reclaim", "nr_dirtied", "nr_written",
	"nr_throttled_written", "nr_kernel_misc_reclaimable",
	"nr_foll_pin_acquired", "nr_foll_pin_released",
};

static void vmstat_node(struct strbuf *sb, const struct account *a, bool indent)
{
	const u64 *type = a->pages.by_type, shmem = a->pages.shmem;
	const u64 mlocked = a->pages.mlocked, file = a->pages.mlocked_file;
	const struct stat_line lists[] = {
		{ "nr_inactive_anon", 0 },
		{ "nr_active_anon",
		  type[PAGE_ANON] + shmem - (mlocked - file) },
		{ "nr_inactive_file", 0 },
		{ "nr_active_file", a->pages.cached - shmem - file },
		{ "nr_unevictable", mlocked },
		{ "nr_slab_reclaimable", 0 },
		{ "nr_slab_unreclaimable", a->slab },
	};
	const struct stat_line uses[] = {
		{ "nr_anon_pages", type[PAGE_ANON] },
		{ "nr_mapped", a->pages.mapped },
		{ "nr_file_pages", a->pages.cached },
		{ "nr_dirty", 0 },
		{ "nr_writeback", 0 },
		{ "nr_writeback_temp", 0 },
		{ "nr_shmem", shmem },
	};
	const struct stat_line kernel[] = {
		{ "nr_kernel_stack", type[PAGE_STACK] << (PAGE_SHIFT - 10) },
		{ "nr_page_table_pages", a->tables },
		{ "nr_sec_page_table_pages", 0 },
	};

	stat_lines(sb, lists, array_size(lists), indent);
	stat_zeroes(sb, node_reclaim, array_size(node_reclaim), indent);
	stat_lines(sb, uses, array_size(uses), indent);
	stat_zeroes(sb, node_huge, array_size(node_huge), indent);
	stat_lines(sb, kernel, array_size(kernel), indent);
}

static void zoneinfo_show_node(struct strbuf *sb, void *arg)
{
	vmstat_node(sb, arg, true);
}

/** proc_show_zoneinfo() - /proc/zoneinfo. Context: thread. */
int proc_show_zoneinfo(struct strbuf *sb, int pid)
{
	struct account a;

	account_take(&a);
	page_alloc_show_zoneinfo(sb, a.zone, zoneinfo_show_node, &a);
	return 0;
}

/* ---- events --------------------------------------------------------------------- */

static const char *const event_io[] = {
	"nr_dirty_threshold", "nr_dirty_background_threshold", "pgpgin",
	"pgpgout", "pswpin", "pswpout",
};

static const char *const event_stalls[] = {
	"pgalloc_movable", "allocstall_dma", "allocstall_dma32",
	"allocstall_normal", "allocstall_movable", "pgskip_dma", "pgskip_dma32",
	"pgskip_normal", "pgskip_movable",
};

static const char *const event_lists[] = {
	"pgactivate", "pgdeactivate", "pglazyfree",
};

static const char *const event_reclaim[] = {
	"pglazyfreed", "pgrefill", "pgreuse", "pgsteal_kswapd",
	"pgsteal_direct", "pgscan_kswapd", "pgscan_direct",
	"pgscan_direct_throttle", "pgscan_anon", "pgscan_file", "pgsteal_anon",
	"pgsteal_file", "pginodesteal", "slabs_scanned", "kswapd_inodesteal",
	"kswapd_low_wmark_hit_quickly", "kswapd_high_wmark_hit_quickly",
	"pageoutrun", "pgrotated", "drop_pagecache", "drop_slab", "oom_kill",
	"unevictable_pgs_culled", "unevictable_pgs_scanned",
	"unevictable_pgs_rescued", "unevictable_pgs_mlocked",
	"unevictable_pgs_munlocked", "unevictable_pgs_cleared",
	"unevictable_pgs_stranded",
};

/* What was ever freed, first of all by boot, is what was ever handed out, and
 * what is free now. */
static u64 vmstat_freed(void)
{
	u64 pages = page_alloc_pcp_count();

	for (int id = 0; id < ZONE_NR; id++)
		pages += page_alloc_total(&zones[id]) +
			 READ_ONCE(zones[id].nr_free);
	return pages;
}

static void vmstat_events(struct strbuf *sb, const struct account *a)
{
	const struct stat_line allocated[] = {
		{ "pgalloc_dma", page_alloc_total(&zones[ZONE_DMA]) },
		{ "pgalloc_dma32", page_alloc_total(&zones[ZONE_DMA32]) },
		{ "pgalloc_normal", page_alloc_total(&zones[ZONE_NORMAL]) },
	};
	const struct stat_line freed = { "pgfree", vmstat_freed() };
	const struct stat_line faults[] = {
		{ "pgfault", a->faults },
		{ "pgmajfault", 0 },            /* no device to wait for */
	};

	stat_zeroes(sb, event_io, array_size(event_io), false);
	stat_lines(sb, allocated, array_size(allocated), false);
	stat_zeroes(sb, event_stalls, array_size(event_stalls), false);
	stat_lines(sb, &freed, 1, false);
	stat_zeroes(sb, event_lists, array_size(event_lists), false);
	stat_lines(sb, faults, array_size(faults), false);
	stat_zeroes(sb, event_reclaim, array_size(event_reclaim), false);
}

/** proc_show_vmstat() - /proc/vmstat. Context: thread. */
int proc_show_vmstat(struct strbuf *sb, int pid)
{
	struct account a;

	account_take(&a);
	vmstat_zone(sb, &a);
	vmstat_node(sb, &a, false);
	vmstat_events(sb, &a);
	return 0;
}
