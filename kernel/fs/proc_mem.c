/* SPDX-License-Identifier: MIT */
/*
 * Memory in /proc: meminfo, what mm/ tells of itself, iomem, sys/vm.
 *
 * meminfo's figures come from mm/pressure/account.c, and are counted, none
 * estimated:
 *
 *   MemTotal = MemFree + AnonPages + Cached + Slab + PageTables + VmallocUsed
 *              (KernelStack is a part of it) + what the kernel keeps besides
 *
 * AnonPages and Mapped count frames: one that three processes share is one.
 * So does Mlocked; what it counts is "unevictable" and on no other list.
 * Committed_AS is promised, not used (mm/backing/commit.h).
 */
#include "arch/image.h"
#include "boot/bootinfo.h"
#include "kernel/fs/proc.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/backing/commit.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/slab.h"
#include "mm/frames/zone.h"
#include "mm/pressure/account.h"
#include "mm/spaces/mman.h"
#include "mm/tables/kmap.h"
#include "mm/tables/vmalloc.h"

typedef unsigned long long ull;

/* ---- meminfo ------------------------------------------------------------------------------- */

struct mem_line { const char *name; u64 pages; };

static void mem_lines(struct strbuf *sb, const struct mem_line *line, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		strbuf_printf(sb, "%-16s%8llu kB\n", line[i].name,
			      (ull)(line[i].pages << (PAGE_SHIFT - 10)));
}

/* Memory as programs see it. No lists by age: all that is in use is active. */
static void meminfo_programs(struct strbuf *sb, const struct account *a)
{
	const u64 mlocked = a->pages.mlocked;
	const u64 anon = a->pages.by_type[PAGE_ANON] + a->pages.shmem -
			 (mlocked - a->pages.mlocked_file);
	const u64 file = a->pages.cached - a->pages.shmem -
			 a->pages.mlocked_file;
	const struct mem_line line[] = {
		{ "MemTotal:", a->total },
		{ "MemFree:", a->free },
		{ "MemAvailable:", a->free },   /* nothing is reclaimed yet */
		{ "Buffers:", 0 },
		{ "Cached:", a->pages.cached },
		{ "SwapCached:", 0 },
		{ "Active:", anon + file },
		{ "Inactive:", 0 },
		{ "Active(anon):", anon },
		{ "Inactive(anon):", 0 },
		{ "Active(file):", file },
		{ "Inactive(file):", 0 },
		{ "Unevictable:", mlocked },
		{ "Mlocked:", mlocked },
		{ "SwapTotal:", 0 },
		{ "SwapFree:", 0 },
		{ "Dirty:", 0 },
		{ "Writeback:", 0 },
		{ "AnonPages:", a->pages.by_type[PAGE_ANON] },
		{ "Mapped:", a->pages.mapped },
		{ "Shmem:", a->pages.shmem },
	};

	mem_lines(sb, line, array_size(line));
}

/* One copy of the section for each CPU. */
static u64 percpu_pages(void)
{
	size_t size = (size_t)(__stop_percpu - __start_percpu);
	u64 pages = 0;

	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++)
		if (cpus_online >> cpu & 1)
			pages += DIV_ROUND_UP(size, PAGE_SIZE);
	return pages;
}

static void meminfo_kernel(struct strbuf *sb, const struct account *a)
{
	const struct mem_line line[] = {
		{ "KReclaimable:", 0 },
		{ "Slab:", a->slab },
		{ "SReclaimable:", 0 },
		{ "SUnreclaim:", a->slab },
		{ "KernelStack:", a->pages.by_type[PAGE_STACK] },
		{ "PageTables:", a->tables },
		{ "SecPageTables:", 0 },
		{ "NFS_Unstable:", 0 },
		{ "Bounce:", 0 },
		{ "WritebackTmp:", 0 },
		{ "CommitLimit:", commit_limit() },
		{ "Committed_AS:", a->committed },
		{ "VmallocTotal:", (VMALLOC_END - VMALLOC_BASE) >> PAGE_SHIFT },
		{ "VmallocUsed:", a->vmalloc },
		{ "VmallocChunk:", 0 },
		{ "Percpu:", percpu_pages() },
	};

	mem_lines(sb, line, array_size(line));
}

/* How well the direct map fits into large pages, where the machine tells. */
static void meminfo_direct(struct strbuf *sb)
{
	u64 pages[3];

	kmap_count_direct(pages);
	for (u32 level = 0; level < array_size(pages); level++)
		if (mmu_features.leaf_name[level])
			strbuf_printf(sb, "DirectMap%s: %11llu kB\n",
				      mmu_features.leaf_name[level],
				      (ull)(pages[level] << (PAGE_SHIFT - 10)));
}

/** proc_show_meminfo() - /proc/meminfo. Context: thread. */
int proc_show_meminfo(struct strbuf *sb, int pid)
{
	struct account a;

	account_take(&a);
	meminfo_programs(sb, &a);
	meminfo_kernel(sb, &a);
	meminfo_direct(sb);
	return 0;
}

/* ---- told by mm/ ------------------------------------------------------------------------------ */

/** proc_show_buddyinfo() - /proc/buddyinfo. */
int proc_show_buddyinfo(struct strbuf *sb, int pid)
{
	page_alloc_show_buddyinfo(sb);
	return 0;
}

/** proc_show_pagetypeinfo() - /proc/pagetypeinfo. */
int proc_show_pagetypeinfo(struct strbuf *sb, int pid)
{
	page_alloc_show_pagetypeinfo(sb);
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

static void iomem_part(struct strbuf *sb, const char *name, const void *start,
		       const void *end)
{
	strbuf_printf(sb, "  %08llx-%08llx : Kernel %s\n",
		      (ull)image_virt_to_phys(start).v,
		      (ull)image_virt_to_phys(end).v - 1, name);
}

/** proc_show_iomem() - /proc/iomem: the firmware's map, and our image in it. */
int proc_show_iomem(struct strbuf *sb, int pid)
{
	u64 image = bootinfo.kernel_start;

	for (u32 i = 0; i < bootinfo.nr_ranges; i++) {
		const struct boot_range *r = &bootinfo.range[i];

		strbuf_printf(sb, "%08llx-%08llx : %s\n", (ull)r->start,
			      (ull)r->end - 1, iomem_name(r->type));
		if (image < r->start || image >= r->end)
			continue;
		iomem_part(sb, "code", _text_start, _text_end);
		iomem_part(sb, "rodata", _rodata_start, _rodata_end);
		iomem_part(sb, "data", _data_start, _bss_start);
		iomem_part(sb, "bss", _bss_start, _bss_end);
	}
	return 0;
}

/* ---- sys/vm: overcommit (mm/backing/commit.h) ---------------------------------------------------- */

static int show_number(struct strbuf *sb, u64 value)
{
	strbuf_printf(sb, "%llu\n", (ull)value);
	return 0;
}

static int show_overcommit(struct strbuf *sb, int pid)
{
	return show_number(sb, READ_ONCE(commit_rules.mode));
}

static int store_overcommit(const char *text)
{
	u64 mode;
	int err = str_to_u64(text, &mode);

	if (err || mode > COMMIT_NEVER)
		return -EINVAL;
	WRITE_ONCE(commit_rules.mode, (u32)mode);
	return 0;
}

static int show_overcommit_ratio(struct strbuf *sb, int pid)
{
	return show_number(sb, READ_ONCE(commit_rules.ratio));
}

/* Of per cent and KiB the one that was written last counts, the other is 0. */
static int store_overcommit_ratio(const char *text)
{
	u64 ratio;
	int err = str_to_u64(text, &ratio);

	if (err || ratio >> 31)
		return -EINVAL;
	WRITE_ONCE(commit_rules.ratio, ratio);
	WRITE_ONCE(commit_rules.limit_kib, 0);
	return 0;
}

static int show_overcommit_kbytes(struct strbuf *sb, int pid)
{
	return show_number(sb, READ_ONCE(commit_rules.limit_kib));
}

static int store_overcommit_kbytes(const char *text)
{
	u64 kib;
	int err = str_to_u64(text, &kib);

	if (err)
		return err;
	WRITE_ONCE(commit_rules.limit_kib, kib);
	WRITE_ONCE(commit_rules.ratio, 0);
	return 0;
}

static int show_user_reserve(struct strbuf *sb, int pid)
{
	return show_number(sb, READ_ONCE(commit_rules.user_reserve_kib));
}

static int store_user_reserve(const char *text)
{
	return str_to_u64(text, &commit_rules.user_reserve_kib);
}

static int show_admin_reserve(struct strbuf *sb, int pid)
{
	return show_number(sb, READ_ONCE(commit_rules.admin_reserve_kib));
}

static int store_admin_reserve(const char *text)
{
	return str_to_u64(text, &commit_rules.admin_reserve_kib);
}

/* ---- sys/vm: the rest ----------------------------------------------------------------------------- */

static int show_max_map_count(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%d\n", MM_MAX_MAP_COUNT);
	return 0;
}

static int show_mmap_min_addr(struct strbuf *sb, int pid)
{
	strbuf_printf(sb, "%lu\n", MM_MIN_ADDR);
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
	PROC_KNOB("admin_reserve_kbytes", show_admin_reserve,
		  store_admin_reserve),
	PROC_FILE("max_map_count", show_max_map_count),
	PROC_KNOB("min_free_kbytes", show_min_free, store_min_free),
	PROC_FILE("mmap_min_addr", show_mmap_min_addr),
	PROC_KNOB("overcommit_kbytes", show_overcommit_kbytes,
		  store_overcommit_kbytes),
	PROC_KNOB("overcommit_memory", show_overcommit, store_overcommit),
	PROC_KNOB("overcommit_ratio", show_overcommit_ratio,
		  store_overcommit_ratio),
	PROC_KNOB("user_reserve_kbytes", show_user_reserve, store_user_reserve),
};
