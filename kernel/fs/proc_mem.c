/* SPDX-License-Identifier: MIT */
/*
 * Memory in /proc: meminfo, vmstat, what mm/ tells of itself, iomem, sys/vm.
 *
 * meminfo's lines are those that free, top and vmstat look for, and every
 * number in it is counted, none estimated but MemAvailable:
 *
 *   MemTotal = MemFree + Cached + AnonPages + Slab + PageTables +
 *              KernelStack and vmalloc + what the kernel keeps besides
 */
#include "arch/image.h"
#include "boot/bootinfo.h"
#include "kernel/base/trace.h"
#include "kernel/fs/proc.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/backing/mapping.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/slab.h"
#include "mm/frames/zone.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/mman.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/vmalloc.h"

typedef unsigned long long ull;

/* ---- counts ---------------------------------------------------------------------------------- */

struct mem_count {                      /* pages */
	u64 total, free, cached, slab, tables, vmalloc;
	u64 anon, mapped, shmem;        /* mapped by all spaces; shared ones count each time */
	u64 committed;                  /* VSS of all spaces */
};

static void count_space(struct mm *mm, void *arg)
{
	struct mem_count *c = arg;

	c->anon += (u64)MAX(READ_ONCE(mm->rss[RSS_ANON]), 0);
	c->mapped += (u64)MAX(READ_ONCE(mm->rss[RSS_FILE]), 0);
	c->shmem += (u64)MAX(READ_ONCE(mm->rss[RSS_SHMEM]), 0);
	c->committed += READ_ONCE(mm->total_vm);
}

static void mem_count(struct mem_count *c)
{
	*c = (struct mem_count){
		.total = zones_total_pages(),
		.free = zones_free_pages() + page_alloc_pcp_count(),
		.cached = READ_ONCE(mapping_total_pages),
		.slab = slab_pages(),
		.tables = READ_ONCE(pt_nr_tables),
		.vmalloc = vmalloc_pages(),
	};
	mm_for_each(count_space, c);
}

static void mem_line(struct strbuf *sb, const char *name, u64 pages)
{
	strbuf_printf(sb, "%s:%*llu kB\n", name, 23 - (int)strlen(name),
		      (ull)(pages << (PAGE_SHIFT - 10)));
}

/** proc_show_meminfo() - /proc/meminfo. Context: thread. */
int proc_show_meminfo(struct strbuf *sb, int pid)
{
	struct mem_count c;

	mem_count(&c);
	mem_line(sb, "MemTotal", c.total);
	mem_line(sb, "MemFree", c.free);
	mem_line(sb, "MemAvailable", c.free);   /* nothing is reclaimed yet */
	mem_line(sb, "Buffers", 0);
	mem_line(sb, "Cached", c.cached);
	mem_line(sb, "SwapCached", 0);
	mem_line(sb, "Active", c.anon + c.cached);
	mem_line(sb, "Inactive", 0);
	mem_line(sb, "SwapTotal", 0);
	mem_line(sb, "SwapFree", 0);
	mem_line(sb, "Dirty", 0);
	mem_line(sb, "Writeback", 0);
	mem_line(sb, "AnonPages", c.anon);
	mem_line(sb, "Mapped", c.mapped + c.shmem);
	mem_line(sb, "Shmem", c.cached);        /* tmpfs is all there is */
	mem_line(sb, "Slab", c.slab);
	mem_line(sb, "SReclaimable", 0);
	mem_line(sb, "SUnreclaim", c.slab);
	mem_line(sb, "PageTables", c.tables);
	mem_line(sb, "CommitLimit", c.total / 2);
	mem_line(sb, "Committed_AS", c.committed);
	mem_line(sb, "VmallocTotal",
		 (VMALLOC_END - VMALLOC_BASE) >> PAGE_SHIFT);
	mem_line(sb, "VmallocUsed", c.vmalloc);
	return 0;
}

static void stat_line(struct strbuf *sb, const char *name, u64 value)
{
	strbuf_printf(sb, "%s %llu\n", name, (ull)value);
}

/** proc_show_vmstat() - /proc/vmstat: pages now, and events since boot. */
int proc_show_vmstat(struct strbuf *sb, int pid)
{
	u64 faults = 0;
	struct mem_count c;

	mem_count(&c);
	for (int e = TRACE_fault_zero; e <= TRACE_fault_spurious; e++)
		faults += trace_total((enum trace_event)e);
	stat_line(sb, "nr_free_pages", c.free);
	stat_line(sb, "nr_anon_pages", c.anon);
	stat_line(sb, "nr_mapped", c.mapped + c.shmem);
	stat_line(sb, "nr_file_pages", c.cached);
	stat_line(sb, "nr_shmem", c.cached);
	stat_line(sb, "nr_slab_unreclaimable", c.slab);
	stat_line(sb, "nr_page_table_pages", c.tables);
	stat_line(sb, "pgpgin", 0);
	stat_line(sb, "pgpgout", 0);
	stat_line(sb, "pswpin", 0);
	stat_line(sb, "pswpout", 0);
	stat_line(sb, "pgfault", faults);
	stat_line(sb, "pgmajfault", 0);         /* no device to wait for */
	return 0;
}

/* ---- told by mm/ ------------------------------------------------------------------------------ */

/** proc_show_buddyinfo() - /proc/buddyinfo. */
int proc_show_buddyinfo(struct strbuf *sb, int pid)
{
	page_alloc_show_buddyinfo(sb);
	return 0;
}

/** proc_show_zoneinfo() - /proc/zoneinfo. */
int proc_show_zoneinfo(struct strbuf *sb, int pid)
{
	page_alloc_show_zoneinfo(sb);
	return 0;
}

/** proc_show_slabinfo() - /proc/slabinfo. */
int proc_show_slabinfo(struct strbuf *sb, int pid)
{
	slab_show_slabinfo(sb);
	return 0;
}

/** proc_show_vmallocinfo() - /proc/vmallocinfo. */
int proc_show_vmallocinfo(struct strbuf *sb, int pid)
{
	vmalloc_show_info(sb);
	return 0;
}

/* ---- iomem ------------------------------------------------------------------------------------- */

static const char *iomem_name(enum range_type type)
{
	switch (type) {
	case RANGE_USABLE:
	case RANGE_LOADER:
		return "System RAM";
	case RANGE_ACPI:
		return "ACPI Tables";
	case RANGE_NVS:
		return "ACPI Non-volatile Storage";
	case RANGE_BAD:
		return "Unusable memory";
	default:
		return "Reserved";
	}
}

/** proc_show_iomem() - /proc/iomem: the firmware's map, and our image in it. */
int proc_show_iomem(struct strbuf *sb, int pid)
{
	u64 image = bootinfo.kernel_start;

	for (u32 i = 0; i < bootinfo.nr_ranges; i++) {
		const struct boot_range *r = &bootinfo.range[i];

		strbuf_printf(sb, "%08llx-%08llx : %s\n", (ull)r->start,
			      (ull)r->end - 1, iomem_name(r->type));
		if (r->start <= image && image < r->end)
			strbuf_printf(sb, "  %08llx-%08llx : Kernel image\n",
				      (ull)image, (ull)bootinfo.kernel_end - 1);
	}
	return 0;
}

/* ---- sys/vm ------------------------------------------------------------------------------------- */

static int show_max_map_count(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%d\n", MM_MAX_MAP_COUNT);
	return 0;
}

/* Memory is promised without limit (1), and given when it is touched. */
static int show_overcommit(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "1\n");
	return 0;
}

static int show_min_free(struct strbuf *sb, int pid)
{
	u64 pages = 0;

	for (int id = 0; id < ZONE_NR; id++)
		pages += zones[id].mark[MARK_MIN];
	strbuf_printf(sb, "%llu\n", (ull)(pages << (PAGE_SHIFT - 10)));
	return 0;
}

static int store_min_free(const char *text)
{
	u64 kib;
	int err = str_to_u64(text, &kib);

	if (err)
		return err;
	if (kib >> (PAGE_SHIFT - 10) > zones_total_pages() / 20)
		return -EINVAL;         /* more than 5 % can only be a mistake */
	zone_set_marks(kib);
	return 0;
}

const struct proc_node proc_sys_vm_table[PROC_SYS_VM_FILES] = {
	PROC_FILE("max_map_count", show_max_map_count),
	PROC_KNOB("min_free_kbytes", show_min_free, store_min_free),
	PROC_FILE("overcommit_memory", show_overcommit),
};
