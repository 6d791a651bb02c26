/* SPDX-License-Identifier: MIT */
/*
 * The kernel half of every address space, built once at boot.
 *
 *   window       mapped to                    by               rights
 *   direct map   all RAM, largest leaves      kmap_init        read, write
 *   image        its sections                 kmap_init        see arch/image.h
 *   console      its registers, if in memory  kmap_init        read, write
 *   memmap       struct pages, by section     kmap_memmap      read, write
 *   vmalloc      areas                        vmalloc.c        as asked for
 *
 * The boot tables are left here: everything below mmu_kernel_space.top is made
 * from memblock, then the machine switches over.
 *
 * Text and rodata can be reached twice, by the image and by the direct map.
 * The image's view is never writable; the direct map's view stays writable for
 * boot-time patches until kmap_protect() seals it. So that sealing needs no
 * split of a leaf through which the kernel runs, the direct map is cut at the
 * borders of the sealed part from the start.
 *
 * Invariants:
 *  [K1] no leaf of the kernel half is writable and executable;
 *  [K2] [M5] every top-level entry that the kernel half will ever need exists
 *       when kmap_init() returns: user spaces copy them;
 *  [K3] NOMAP regions have no translation.
 *
 * Locking: boot is alone; kmap_memmap() runs under the section lock, and only
 * there are entries of the memmap window made.
 */
#include "mm/tables/kmap.h"

#include "arch/console.h"
#include "arch/image.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "lib/format.h"
#include "mm/frames/memblock.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/section.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

/*
 * End of what the top table covers from the kernel half on, less a page that
 * stays free: so that no end wraps to 0.
 */
static vaddr_t kernel_half_end(void)
{
	size_t whole = pt_level_size(mmu_features.levels);

	return (DIRECT_MAP_BASE | (whole - 1)) & PAGE_MASK;
}

static bool kmap_has_section(const char *start, const char *end)
{
	return start < end;
}

struct image_section {
	const char *name;
	const char *start, *end;
	ptprot_t prot;
};

static const struct image_section image_sections[] = {
#define X(name_, prot_) { #name_, _##name_##_start, _##name_##_end, prot_ },
	IMAGE_SECTIONS(X)
#undef X
};

static void kmap_must(vaddr_t va, size_t len, paddr_t pa, ptprot_t prot)
{
	unsigned int largest = mmu_features.levels - 2u;

	if (len > 0 &&
	    pt_map_range(&mmu_kernel_space, va, len, pa, prot, largest, NULL))
		panic("kmap: cannot map %#lx to %#llx", va,
		      (unsigned long long)pa.v);
}

static void kmap_direct(u64 start, u64 end)
{
	if (start < end)
		kmap_must((vaddr_t)phys_to_virt(pa_make(start)), end - start,
			  pa_make(start), KMAP_WRITE);
}

/* One RAM region, cut where the sealed part of the image begins and ends. */
static void kmap_direct_region(u64 start, u64 end)
{
	u64 cut[] = { image_virt_to_phys(_text_start).v,
		      image_virt_to_phys(_rodata_end).v, end };

	for (size_t i = 0; i < array_size(cut); i++) {
		u64 to = cut[i];

		if (to <= start || to > end)
			continue;
		kmap_direct(start, to);
		start = to;
	}
}

static void kmap_direct_all(void)
{
	const struct memblock_array *ram = &memblock.memory;

	for (u32 i = 0; i < ram->nr; i++) {
		const struct memblock_region *r = &ram->region[i];

		if (!(r->flags & MEMBLOCK_NOMAP))       /* [K3] */
			kmap_direct_region(ALIGN_DOWN(r->base, PAGE_SIZE),
					   ALIGN_UP(r->base + r->size,
						    PAGE_SIZE));
	}
}

static void kmap_image(void)
{
	for (size_t i = 0; i < array_size(image_sections); i++) {
		const struct image_section *s = &image_sections[i];
		ptprot_t prot = s->prot | KMAP_READ;

		if (prot & PT_WRITE)
			prot |= PT_DIRTY;
		kmap_must((vaddr_t)s->start, (size_t)(s->end - s->start),
			  image_virt_to_phys(s->start), prot);
	}
}

static void kmap_console(void)
{
	struct console_window w = console_window();

	kmap_must(w.va, w.len, w.pa, KMAP_WRITE | PT_DEVICE);
}

/* [K2]: the tables below the top-level entries of [start, end). */
static void kmap_premake(vaddr_t start, vaddr_t end)
{
	unsigned int below_top = mmu_features.levels - 2u;
	size_t step = pt_level_size(below_top + 1);
	struct pt_cursor c;

	for (vaddr_t va = start; va < end; va += step) {
		if (pt_slot_alloc(&c, &mmu_kernel_space, va, below_top, NULL))
			panic("kmap: no memory for kernel tables");
		pt_cursor_end(&c);
	}
}

/**
 * kmap_init() - the kernel's own tables, from memblock, and the switch to them
 *
 * Cost: one entry for each largest leaf of RAM. Panics when it cannot.
 * Context: boot, on the boot tables.
 */
void kmap_init(void)
{
	u64 frames = pa_to_pfn(pa_make(memblock_end_of_ram(&memblock))).v;

	mmu_kernel_space.top = pt_table_alloc();
	mmu_kernel_space.root = virt_to_phys(mmu_kernel_space.top);
	kmap_direct_all();
	kmap_image();
	kmap_console();
	kmap_premake(MEMMAP_BASE, (vaddr_t)pfn_to_page(pfn_make(frames + 1)));
	kmap_premake(VMALLOC_BASE, VMALLOC_END);
	mmu_kernel_activate();
	pr_info("kmap: %llu tables, %u sections of image\n",
		(unsigned long long)pt_nr_boot_tables,
		(unsigned int)array_size(image_sections));
}

/**
 * kmap_memmap() - map [va, va + len) of the memmap to frames from pa on
 *
 * Upcall of mm/frames/section.c. Tables are made of frames in [*spare,
 * spare_end), and *spare moves on. Context: section lock.
 * Return: 0, or -ENOMEM when the spare frames do not suffice.
 */
int kmap_memmap(vaddr_t va, size_t len, paddr_t pa, paddr_t *spare,
		paddr_t spare_end)
{
	struct pt_spare source = { *spare, spare_end };
	int err = pt_map_range(&mmu_kernel_space, va, len, pa, KMAP_WRITE, 1,
			       &source);

	*spare = source.next;
	return err;
}

/**
 * kmap_protect() - seal text and rodata in the direct map as well
 *
 * Context: thread, after the last boot-time patch.
 */
void kmap_protect(void)
{
	vaddr_t start, end;
	struct tlb_batch b;

	if (!kmap_has_section(_text_start, _rodata_end))
		return;                 /* a machine without an image */
	start = (vaddr_t)phys_to_virt(image_virt_to_phys(_text_start));
	end = (vaddr_t)phys_to_virt(image_virt_to_phys(_rodata_end));
	tlb_batch_begin(&b, &mmu_kernel_space, TLB_PROTECT);
	if (pt_protect_range(&mmu_kernel_space, start, end, KMAP_READ, &b))
		panic("kmap: no memory to protect text and rodata");
	tlb_batch_end(&b);
	assert_slow(!kmap_check_wx());
}

/**
 * kmap_free_init() - unmap what only boot needed, and free its frames
 *
 * Their direct map stays, as for all RAM. Context: thread; no init function
 * runs any more. Return: bytes freed.
 */
u64 kmap_free_init(void)
{
	paddr_t start = image_virt_to_phys(_init_start);
	paddr_t end = image_virt_to_phys(_init_end);
	struct tlb_batch b;

	if (!kmap_has_section(_init_start, _init_end))
		return 0;
	tlb_batch_begin(&b, &mmu_kernel_space, TLB_KERNEL);
	pt_unmap_range(&mmu_kernel_space, (vaddr_t)_init_start,
		       (vaddr_t)_init_end, &b);
	tlb_batch_end(&b);
	return page_release_reserved(start, end) << PAGE_SHIFT;
}

/**
 * kmap_check_wx() - [K1] over every leaf of the kernel half
 *
 * Return: NULL, or a text that names the first offender (static memory).
 * Context: thread.
 */
const char *kmap_check_wx(void)
{
	static char text[64];
	struct pt_cursor c;
	const char *why = NULL;

	pt_cursor_begin(&c, &mmu_kernel_space, DIRECT_MAP_BASE,
			kernel_half_end());
	while (!why && pt_cursor_next(&c)) {
		ptprot_t prot = pte_prot(c.entry, c.level);

		if (!(prot & PT_WRITE) || !(prot & PT_EXEC))
			continue;
		fmt_snprintf(text, sizeof(text),
			     "[K1] %#lx is writable and executable", c.va);
		why = text;
	}
	pt_cursor_end(&c);
	return why;
}

/** kmap_virt_to_phys() - through the kernel's tables, whatever the window. */
bool kmap_virt_to_phys(vaddr_t va, paddr_t *pa)
{
	unsigned int level;
	ptprot_t prot;

	return pt_lookup(&mmu_kernel_space, va, pa, &prot, &level);
}

/** kmap_count_direct() - how large the direct map's leaves are. Context: thread. */
void kmap_count_direct(u64 pages[3])
{
	struct pt_cursor c;

	pages[0] = pages[1] = pages[2] = 0;
	pt_cursor_begin(&c, &mmu_kernel_space, DIRECT_MAP_BASE,
			DIRECT_MAP_BASE + DIRECT_MAP_SIZE);
	while (pt_cursor_next(&c))
		pages[MIN(c.level, 2u)] += pt_level_size(c.level) >> PAGE_SHIFT;
	pt_cursor_end(&c);
}
