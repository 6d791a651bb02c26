/* SPDX-License-Identifier: MIT */
/*
 * The first C code: what the loader left in memory becomes struct bootinfo and
 * struct platform.
 *
 * Runs on the boot page tables, which at first show the image only. What is
 * read besides is mapped for it, 2 MiB at a time, at its place in the direct
 * map: nothing is cacheable here that is not known to be RAM or the loader's.
 */
#include "arch/aarch64/machine.h"
#include "arch/console.h"
#include "arch/image.h"
#include "arch/mmu.h"
#include "boot/acpi_arm.h"
#include "boot/bootinfo.h"
#include "boot/efi_map.h"
#include "boot/fdt.h"
#include "boot/platform.h"
#include "kernel/base/panic.h"
#include "kernel/main.h"
#include "lib/string.h"

/* Tables for what is mapped here: the device tree, tables of ACPI, the hand-off,
 * and four for memblock's window. */
#define BOOT_TABLES 24
#define LEAF_LEVEL  1
#define LEAF_SIZE   MIB(2)
#define WINDOW_MAX  GIB(4)

#define BOOT_LEAF   (PT_READ | PT_WRITE | PT_GLOBAL | PT_YOUNG | PT_DIRTY)

/* Where QEMU's virt board has its port: for the last words when the firmware's
 * tables cannot be read. */
#define UART_OF_VIRT 0x09000000

extern pte_t boot_high[PT_ENTRIES];     /* start.S: 512 GiB with the image */

static pte_t boot_spare[BOOT_TABLES][PT_ENTRIES] __aligned(PAGE_SIZE)
	__section(".init.bss");
static u32 boot_spare_used __initdata;

void __noreturn boot_entry(u64 fdt, u64 handoff);

/* ---- the boot tables ------------------------------------------------------- */

/* The table below *slot, made of a spare one where there is none. */
static pte_t *__init boot_table_below(pte_t *slot, unsigned int level)
{
	paddr_t pa;

	if (pte_kind(*slot, level) == PTE_NONE) {
		if (boot_spare_used == BOOT_TABLES)
			return NULL;
		pa = image_virt_to_phys(boot_spare[boot_spare_used++]);
		pt_install(slot, pte_make_table(pa));
	}
	pa = pte_paddr(*slot, level);
	return (pte_t *)(pa.v + image_offset);
}

/* One leaf of LEAF_LEVEL for va. */
static bool __init boot_map_leaf(vaddr_t va, u64 pa, ptprot_t prot)
{
	pte_t *table = boot_top;
	unsigned int level = mmu_features.levels ? mmu_features.levels - 1u : 3;
	pte_t *slot;

	for (; level > LEAF_LEVEL; level--) {
		table = boot_table_below(&table[pt_index(va, level)], level);
		if (!table)
			return false;
	}
	slot = &table[pt_index(va, LEAF_LEVEL)];
	if (pte_kind(*slot, LEAF_LEVEL) == PTE_NONE)
		pt_install(slot, pte_make_leaf(pa_make(pa), prot, LEAF_LEVEL));
	return true;
}

/* [pa, pa + len) of physical memory in the direct map; NULL: out of reach. */
static const void *__init boot_map(u64 pa, u64 len)
{
	u64 at;

	if (pa == 0 || pa >= (u64)DIRECT_MAP_SIZE ||
	    len > (u64)DIRECT_MAP_SIZE - pa)
		return NULL;
	for (at = ALIGN_DOWN(pa, LEAF_SIZE); at < pa + len; at += LEAF_SIZE)
		if (!boot_map_leaf((vaddr_t)phys_to_virt(pa_make(at)), at,
				   BOOT_LEAF))
			return NULL;
	return phys_to_virt(pa_make(pa));
}

/* The serial port where console.c looks for it. */
static void __init boot_map_console(void)
{
	struct console_window w = console_window();
	pte_t *table, *slot = &boot_high[pt_index(w.va, 2)];

	if (!w.len)
		return;
	table = boot_table_below(slot, 2);
	slot = &table[pt_index(w.va, 1)];
	table = boot_table_below(slot, 1);
	slot = &table[pt_index(w.va, 0)];
	if (pte_kind(*slot, 0) == PTE_NONE)
		pt_install(slot, pte_make_leaf(w.pa, BOOT_LEAF | PT_DEVICE, 0));
}

/*
 * The largest piece of RAM, as far as whole leaves go, becomes the window from
 * which memblock allocates until the kernel's own tables map all of it.
 */
void __init boot_map_window(struct bootinfo *bi)
{
	u64 start = 0, end = 0;

	for (u32 i = 0; i < bi->nr_ranges; i++) {
		const struct boot_range *r = &bi->range[i];
		u64 from = ALIGN_UP(r->start, LEAF_SIZE);
		u64 to = MIN(ALIGN_DOWN(r->end, LEAF_SIZE), from + WINDOW_MAX);

		if (r->type != RANGE_USABLE || to <= from ||
		    to - from <= end - start)
			continue;
		start = from;
		end = to;
	}
	if (start == end)
		panic("boot: no 2 MiB of RAM in one piece");
	if (!boot_map(start, end - start))
		panic("boot: RAM at %#llx lies out of reach",
		      (unsigned long long)start);
	bi->map_start = start;
	bi->map_end = end;
}

/* ---- the loader's information -------------------------------------------------- */

static int __init boot_parse_fdt(u64 pa, const char **why)
{
	const u8 *header = boot_map(pa, 8);
	u32 size;

	*why = "the device tree lies out of reach";
	if (!header)
		return -1;
	size = (u32)header[4] << 24 | (u32)header[5] << 16 |
	       (u32)header[6] << 8 | header[7];
	size = MIN(size, (u32)FDT_MAX_SIZE);
	if (!boot_map(pa, MAX(size, 8u)))
		return -1;
	return fdt_parse(&bootinfo, &platform, header, pa, MAX(size, 8u), why);
}

/*
 * A device tree tells the machine. UEFI may have ACPI instead, and then perhaps
 * a tree of GRUB's, which has no CPUs but knows the initrd.
 */
static int __init boot_parse(u64 fdt, u64 handoff, const char **why)
{
	if (handoff && efi_handoff_parse(&bootinfo, handoff, boot_map, why))
		return -1;
	if (fdt && boot_parse_fdt(fdt, why))
		return -1;
	if (platform.nr_cpus || (fdt && !bootinfo.rsdp))
		return 0;
	*why = "the loader gave no device tree (x0 is 0)";
	return handoff ? acpi_arm_parse(&bootinfo, &platform, boot_map, why)
		       : -1;
}

/**
 * boot_entry() - from start.S: read the loader's information, then kmain()
 *
 * fdt, handoff: physical addresses or 0. What cannot be understood ends in one
 * line on the console.
 * Context: boot stack, boot tables, interrupts off.
 */
void __noreturn __init boot_entry(u64 fdt, u64 handoff)
{
	const char *why;
	int err;

	bootinfo.kernel_start = image_virt_to_phys(_image_start).v;
	bootinfo.kernel_end = image_virt_to_phys(_image_end).v;
	err = boot_parse(fdt, handoff, &why);
	if (err && !platform.uart.start)
		platform.uart.start = UART_OF_VIRT;
	boot_map_console();
	if (err) {
		console_early_init();
		panic("boot: %s", why);
	}
	kmain();
}
