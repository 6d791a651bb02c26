/* SPDX-License-Identifier: MIT */
/* vmalloc, vmap, ioremap and kernel stacks. */
#include "mm/tables/vmalloc.h"

#include "arch/thread.h"
#include "kernel/base/inject.h"
#include "lib/format.h"
#include "mm/tables/kmap.h"
#include "mm/tables/kstack.h"
#include "mm/tables/pgtable.h"
#include "tests/kernel/rig.h"
#include "tests/kernel/suite.h"

static struct page *page_behind(const void *va)
{
	paddr_t pa;

	return kmap_virt_to_phys((vaddr_t)va, &pa) ? phys_to_page(pa) : NULL;
}

static bool is_mapped(vaddr_t va)
{
	paddr_t pa;

	return kmap_virt_to_phys(va, &pa);
}

TEST(vmalloc, memory_is_contiguous_and_guarded)
{
	size_t size = 5 * PAGE_SIZE + 1;
	u64 before = vmalloc_pages();
	u8 *p = vmalloc(size);

	EXPECT(p && IS_ALIGNED((vaddr_t)p, PAGE_SIZE));
	memset(p, 0xa5, size);
	EXPECT_EQ(p[0] + p[size - 1], 2 * 0xa5);
	EXPECT_EQ(vmalloc_pages(), before + 6);
	EXPECT_EQ(page_behind(p)->type, PAGE_VMALLOC);
	EXPECT(!is_mapped((vaddr_t)p + 6 * PAGE_SIZE));
	EXPECT_SOUND(vmalloc_check());
	vfree(p);
	EXPECT(!is_mapped((vaddr_t)p));
	EXPECT_EQ(vmalloc_pages(), before);
	EXPECT_SOUND(vmalloc_check());
}

TEST(vmalloc, zeroed_when_asked)
{
	u64 *p = vmalloc(4 * PAGE_SIZE);

	EXPECT(p);
	memset(p, 0xff, 4 * PAGE_SIZE);
	vfree(p);
	p = vzalloc(4 * PAGE_SIZE);
	EXPECT(p);
	for (size_t i = 0; i < 4 * PAGE_SIZE / sizeof(*p); i++)
		EXPECT_EQ(p[i], 0u);
	vfree(p);
}

TEST(vmalloc, impossible_sizes_fail)
{
	EXPECT(!vmalloc(0));
	EXPECT(!vmalloc(VMALLOC_END - VMALLOC_BASE));
	EXPECT(!vmalloc(~(size_t)0));
	EXPECT(!vmap(NULL, ~(size_t)0, PT_READ));
	EXPECT(!ioremap(pa_make(GIB(8)), 0));
	vfree(NULL);
	vunmap(NULL);
	iounmap(NULL);
}

TEST(vmalloc, wrong_frees_are_named)
{
	struct page *page = rig_page(1);
	u8 *p = vmalloc(2 * PAGE_SIZE), *m;

	EXPECT(page && p);
	m = vmap(&page, 1, PT_READ);
	EXPECT(m);
	EXPECT_REPORT("bad-vfree", vfree(p + PAGE_SIZE));
	EXPECT_REPORT("bad-vfree", vfree(m));
	EXPECT_REPORT("bad-vfree", vunmap(p));
	vfree(p);
	EXPECT_REPORT("bad-vfree", vfree(p));
	vunmap(m);
	page_free(page, 0);
}

TEST(vmalloc, vmap_shows_given_frames_in_order)
{
	struct page *pages[3] = { rig_page(1), rig_page(2), rig_page(3) };
	struct page *turned[3] = { pages[2], pages[0], pages[1] };
	u8 *p;

	EXPECT(pages[0] && pages[1] && pages[2]);
	p = vmap(turned, 3, PT_READ | PT_WRITE);
	EXPECT(p);
	EXPECT_EQ(p[0], 3);
	EXPECT_EQ(p[PAGE_SIZE], 1);
	EXPECT_EQ(p[2 * PAGE_SIZE], 2);
	p[PAGE_SIZE] = 9;
	EXPECT_EQ(page_byte(pages[0]), 9);
	EXPECT(!is_mapped((vaddr_t)p + 3 * PAGE_SIZE));
	vunmap(p);
	for (int i = 0; i < 3; i++)
		page_free(pages[i], 0);
}

TEST(vmalloc, ioremap_keeps_the_offset)
{
	struct page *page = rig_page(0);
	u8 *registers;
	unsigned int level;
	ptprot_t prot;
	paddr_t pa;

	EXPECT(page);
	registers =
		(__force u8 *)ioremap(pa_add(page_to_phys(page), PAGE_SIZE - 8),
				      16);
	EXPECT(registers);
	EXPECT_EQ((vaddr_t)registers & (PAGE_SIZE - 1), PAGE_SIZE - 8);
	EXPECT(pt_lookup(&mmu_kernel_space, (vaddr_t)registers, &pa, &prot,
			 &level));
	EXPECT(prot & PT_DEVICE && !(prot & PT_EXEC));
	EXPECT_EQ(pa.v, page_to_phys(page).v + PAGE_SIZE - 8);
	EXPECT(is_mapped((vaddr_t)registers + 8));      /* two pages */
	iounmap((__force void __iomem *)registers);
	page_free(page, 0);
}

/* ---- holes -------------------------------------------------------------- */

#define NR_AREAS 48

static u64 area_draw_state = 362436069;

static u64 area_draw(void)
{
	area_draw_state ^= area_draw_state << 13;
	area_draw_state ^= area_draw_state >> 7;
	area_draw_state ^= area_draw_state << 17;
	return area_draw_state * 0x2545f4914f6cdd1dull;
}

TEST(vmalloc, freed_ranges_are_used_again)
{
	u8 *a = vmalloc(3 * PAGE_SIZE), *b = vmalloc(PAGE_SIZE), *c;

	EXPECT(a && b);
	vfree(a);
	c = vmalloc(3 * PAGE_SIZE); /* the lowest hole that fits */
	EXPECT_EQ((vaddr_t)c, (vaddr_t)a);
	vfree(c);
	vfree(b);
}

/* Areas of random sizes come and go; each keeps its own fill. */
TEST(vmalloc, areas_never_overlap)
{
	static u32 *area[NR_AREAS];
	static size_t words[NR_AREAS];

	memset(area, 0, sizeof(area));
	for (u32 round = 0; round < 400; round++) {
		u32 i = (u32)(area_draw() % NR_AREAS);

		if (area[i]) {
			EXPECT_EQ(area[i][0], i);
			EXPECT_EQ(area[i][words[i] - 1], ~i);
			vfree(area[i]);
			area[i] = NULL;
		} else {
			words[i] = 2 + area_draw() % (4 * PAGE_SIZE);
			area[i] = vmalloc(words[i] * sizeof(u32));
			EXPECT(area[i]);
			area[i][0] = i;
			area[i][words[i] - 1] = ~i;
		}
		if (round % 20 == 0)
			EXPECT_SOUND(vmalloc_check());
	}
	for (u32 i = 0; i < NR_AREAS; i++)
		vfree(area[i]);
	EXPECT_SOUND(vmalloc_check());
}

TEST(vmalloc, no_memory_leaves_nothing)
{
	u64 before = vmalloc_pages(), n = 0;
	void *p = NULL;

	while (!p) {
		inject_arm(++n);
		p = vmalloc(5 * PAGE_SIZE);
		inject_disarm();
		EXPECT_EQ(vmalloc_pages(), before + (p ? 5 : 0));
		EXPECT_SOUND(vmalloc_check());
	}
	EXPECT(n > 5);
	vfree(p);
}

TEST(vmalloc, areas_are_listed)
{
	static char text[4096];
	struct strbuf sb;
	void *p = vmalloc(7 * PAGE_SIZE);
	char line[32];

	EXPECT(p);
	strbuf_init(&sb, text, sizeof(text));
	vmalloc_show_info(&sb);
	fmt_snprintf(line, sizeof(line), "0x%016lx-", (vaddr_t)p);
	EXPECT(strstr(text, line));
	EXPECT(strstr(strstr(text, line), "pages=7 vmalloc\n"));
	EXPECT(strstr(text, "pages=4 stack\n"));
	vfree(p);
}

/* ---- kernel stacks ------------------------------------------------------ */

TEST(kstack, a_stack_has_a_guard_below)
{
	vaddr_t stack = kstack_create();

	EXPECT(stack);
	memset((void *)stack, 1, KERNEL_STACK_SIZE);
	EXPECT_EQ(page_behind((void *)stack)->type, PAGE_STACK);
	EXPECT(kstack_is_guard(stack - 1));
	EXPECT(kstack_is_guard(stack - PAGE_SIZE));
	EXPECT(!kstack_is_guard(stack));
	EXPECT(!kstack_is_guard(stack + KERNEL_STACK_SIZE));
	EXPECT(!kstack_is_guard(DIRECT_MAP_BASE));
	EXPECT(!is_mapped(stack - 1));
	kstack_destroy(stack);
}

TEST(kstack, the_stock_spares_the_mapping)
{
	u64 before = vmalloc_pages();
	vaddr_t first = kstack_create(), again;

	EXPECT(first);
	kstack_destroy(first);
	again = kstack_create();
	EXPECT_EQ(again, first);
	EXPECT_EQ(vmalloc_pages(), before);
	kstack_destroy(again);
}

TEST(kstack, more_than_the_stock_comes_and_goes)
{
	static vaddr_t stack[12];
	u64 before = vmalloc_pages() - kstack_stocked_pages();

	for (size_t i = 0; i < array_size(stack); i++) {
		stack[i] = kstack_create();
		EXPECT(stack[i]);
		for (size_t j = 0; j < i; j++)
			EXPECT(stack[i] != stack[j]);
	}
	EXPECT(vmalloc_pages() > before);
	for (size_t i = 0; i < array_size(stack); i++)
		kstack_destroy(stack[i]);
	EXPECT_EQ(vmalloc_pages() - kstack_stocked_pages(), before);
	EXPECT_SOUND(vmalloc_check());
}
