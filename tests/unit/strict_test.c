/* SPDX-License-Identifier: MIT */
/*
 * The strict machine catches what it is there for, by name.
 *
 * Each test commits one crime against arch/mmu.h on purpose and expects
 * exactly one report of exactly that name; beside each stands the lawful
 * sequence, which must be silent. A plain program that prints TAP, because
 * cmocka catches the SIGSEGV with which the machine fills its TLBs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/tables/kmap.h"
#include "mm/tables/vmalloc.h"
#include "tests/kernel/rig.h"
#include "tests/unit/machine.h"
#include "kernel/base/panic.h"

#define LEAF (RIG_RO | PT_YOUNG)
#define FULL (RIG_RW | PT_YOUNG | PT_DIRTY)

static char caught[256];                /* kinds since the last look, "a b " */
static unsigned int nr_failed, nr_done;
static bool failed;

static void catch_report(const char *kind, const char *detail)
{
	snprintf(caught + strlen(caught), sizeof(caught) - strlen(caught),
		 "%s ", kind);
}

#define CHECK(cond) check(__LINE__, cond, #cond)
#define SILENT()    check_caught(__LINE__, "")
#define CAUGHT(k)   check_caught(__LINE__, k " ")

static void check(int line, bool ok, const char *what)
{
	if (!ok)
		printf("# strict_test.c:%d: %s\n", line, what);
	failed |= !ok;
}

static void check_caught(int line, const char *want)
{
	if (strcmp(caught, want)) {
		printf("# strict_test.c:%d: reports \"%s\", expected \"%s\"\n",
		       line, caught, want);
		failed = true;
	}
	caught[0] = '\0';
}

/* A loaded space with one page of sevens at RIG_VA that was used. */
struct scene {
	struct rig rig;
	struct page *page;
};

static void scene_begin(struct scene *s, ptprot_t prot)
{
	s->page = rig_page(7);
	CHECK(s->page && rig_begin(&s->rig));
	CHECK(rig_map(&s->rig, RIG_VA, s->page, prot));
	CHECK(rig_peek(RIG_VA) == 7);
	SILENT();
}

static void scene_end(struct scene *s)
{
	rig_end(&s->rig);
	if (s->page)
		page_free(s->page, 0);
	SILENT();
}

static void flush_page(struct scene *s, bool tables)
{
	mmu_flush_range(&s->rig.space, RIG_VA, RIG_VA + PAGE_SIZE, tables);
}

/* ---- missing-flush ------------------------------------------------------ */

static void use_after_clear(void)
{
	struct scene s;

	scene_begin(&s, LEAF);
	pt_clear(rig_slot(&s.rig, RIG_VA));
	rig_peek(RIG_VA);
	CAUGHT("missing-flush");
	scene_end(&s);

	scene_begin(&s, LEAF);
	pt_clear(rig_slot(&s.rig, RIG_VA));
	flush_page(&s, false);
	CHECK(rig_peek(RIG_VA) == -1);
	scene_end(&s);
}

static void use_of_a_right_that_was_taken(void)
{
	struct scene s;

	scene_begin(&s, FULL);
	CHECK(rig_poke(RIG_VA, 8));
	pt_set_prot(rig_slot(&s.rig, RIG_VA), RIG_RO, 0);
	CHECK(rig_peek(RIG_VA) == 8);   /* reading is still right */
	SILENT();
	rig_poke(RIG_VA, 9);
	CAUGHT("missing-flush");
	scene_end(&s);
}

static void dirty_bit_that_nobody_will_set(void)
{
	struct scene s;
	pte_t *slot, old;

	scene_begin(&s, FULL);
	CHECK(rig_poke(RIG_VA, 8));
	slot = rig_slot(&s.rig, RIG_VA);
	old = pt_clear(slot);
	pt_install(slot, pte_with_prot(old, RIG_RW | PT_YOUNG, 0));
	rig_poke(RIG_VA, 9);            /* the TLB says: dirty already */
	CAUGHT("missing-flush");
	CHECK(rig_prot(&s.rig, RIG_VA) & PT_DIRTY);
	scene_end(&s);
}

static void use_on_another_cpu(void)
{
	struct scene s;

	scene_begin(&s, LEAF);
	host_set_cpu(1);
	rig_load(&s.rig);
	CHECK(rig_peek(RIG_VA) == 7);
	host_set_cpu(0);
	pt_clear(rig_slot(&s.rig, RIG_VA));
	host_set_cpu(1);
	rig_peek(RIG_VA);
	CAUGHT("missing-flush");
	host_set_cpu(0);
	flush_page(&s, false);
	scene_end(&s);

	scene_begin(&s, LEAF);          /* one flush reaches all CPUs */
	host_set_cpu(1);
	rig_load(&s.rig);
	CHECK(rig_peek(RIG_VA) == 7);
	host_set_cpu(0);
	pt_clear(rig_slot(&s.rig, RIG_VA));
	flush_page(&s, false);
	host_set_cpu(1);
	CHECK(rig_peek(RIG_VA) == -1);
	host_set_cpu(0);
	scene_end(&s);
}

/* Takes the level-0 table of RIG_VA out of the tree. */
static struct page *unlink_table(struct scene *s)
{
	struct pt_cursor c;
	pte_t old = pte_none();

	pt_clear(rig_slot(&s->rig, RIG_VA));
	if (!pt_slot_alloc(&c, &s->rig.space, RIG_VA, 1, NULL)) {
		old = pt_clear(c.slot);
		pt_cursor_end(&c);
	}
	return phys_to_page(pte_paddr(old, 1));
}

static void walk_cache_that_was_not_flushed(void)
{
	struct page *table;
	struct scene s;

	scene_begin(&s, LEAF);
	table = unlink_table(&s);
	flush_page(&s, false);          /* leaves only */
	rig_peek(RIG_VA);
	CAUGHT("missing-flush");
	pt_table_free(page_to_virt(table));
	SILENT();
	scene_end(&s);
}

/* ---- live-replacement --------------------------------------------------- */

static void overwriting_a_live_entry(void)
{
	struct page *other = rig_page(9);
	struct scene s;

	scene_begin(&s, LEAF);
	pt_install(rig_slot(&s.rig, RIG_VA),
		   pte_make_leaf(page_to_phys(other), LEAF, 0));
	CHECK(!strncmp(caught, "live-replacement ", 17));
	caught[0] = '\0';
	flush_page(&s, false);
	CHECK(rig_peek(RIG_VA) == 9);
	scene_end(&s);
	page_free(other, 0);
	SILENT();
}

static void make_without_break(void)
{
	struct page *other = rig_page(9);
	struct scene s;
	pte_t *slot;

	scene_begin(&s, LEAF);
	slot = rig_slot(&s.rig, RIG_VA);
	pt_clear(slot);                 /* no flush between break and make */
	pt_install(slot, pte_make_leaf(page_to_phys(other), LEAF, 0));
	CAUGHT("live-replacement");
	CHECK(rig_peek(RIG_VA) == 9);
	scene_end(&s);

	scene_begin(&s, LEAF);
	slot = rig_slot(&s.rig, RIG_VA);
	pt_replace(&s.rig.space, RIG_VA, 0, slot,
		   pte_make_leaf(page_to_phys(other), LEAF, 0));
	CHECK(rig_peek(RIG_VA) == 9);
	scene_end(&s);
	page_free(other, 0);
	SILENT();
}

/* ---- freed-but-mapped --------------------------------------------------- */

static void freeing_a_frame_that_a_tlb_maps(void)
{
	struct scene s;

	scene_begin(&s, LEAF);
	pt_clear(rig_slot(&s.rig, RIG_VA));
	page_free(s.page, 0);
	CAUGHT("freed-but-mapped");
	s.page = NULL;
	scene_end(&s);

	scene_begin(&s, LEAF);
	pt_clear(rig_slot(&s.rig, RIG_VA));
	flush_page(&s, false);
	page_free(s.page, 0);
	s.page = NULL;
	scene_end(&s);
}

static void freeing_a_block_under_a_large_leaf(void)
{
	struct page *block = page_alloc(GFP_KERNEL, PT_INDEX_BITS);
	struct rig rig;

	CHECK(block && rig_begin(&rig));
	CHECK(!pt_map_range(&rig.space, RIG_VA, MIB(2), page_to_phys(block),
			    FULL, 1, NULL));
	CHECK(rig_poke(RIG_VA + MIB(1), 1));
	pt_clear(rig_slot(&rig, RIG_VA));
	page_free(block, PT_INDEX_BITS);
	CAUGHT("freed-but-mapped");
	rig.nr_tables = pt_count_tables(&rig.space) - 1;
	rig_end(&rig);
	SILENT();
}

static void freeing_a_table_that_a_walk_cache_knows(void)
{
	struct page *table;
	struct scene s;

	scene_begin(&s, LEAF);
	table = unlink_table(&s);
	flush_page(&s, false);
	pt_table_free(page_to_virt(table));
	CAUGHT("freed-but-mapped");
	scene_end(&s);
}

static void freeing_behind_the_kernels_back(void)
{
	struct page *page = rig_page(7);
	struct pt_cursor c;
	volatile u8 *at = vmap(&page, 1, PT_READ | PT_WRITE);
	u8 byte;

	CHECK(at && *at == 7);
	CHECK(pt_slot_find(&c, &mmu_kernel_space, (vaddr_t)at));
	pt_clear(c.slot);
	CHECK(host_kernel_peek((vaddr_t)at, &byte) && byte == 7);  /* stale */
	page_free(page, 0);
	CAUGHT("freed-but-mapped");
	vunmap((const void *)at);       /* nothing to clear: no flush */
	mmu_flush_kernel((vaddr_t)at, (vaddr_t)at + PAGE_SIZE);
	CHECK(!host_kernel_peek((vaddr_t)at, &byte));
	SILENT();
}

static void a_dying_space_that_was_not_finished(void)
{
	struct tlb_batch b;
	struct scene s;

	scene_begin(&s, LEAF);
	tlb_batch_begin(&b, &s.rig.space, TLB_EXIT);
	b.dying = true;                 /* a lie: no mmu_space_fini() */
	pt_clear(rig_slot(&s.rig, RIG_VA));
	tlb_batch_note(&b, RIG_VA, PAGE_SIZE);
	tlb_batch_put_page(&b, s.page);
	s.page = NULL;
	tlb_batch_end(&b);
	CAUGHT("freed-but-mapped");
	scene_end(&s);
}

/* ---- wrong words to the machine ----------------------------------------- */

static void reading_at_the_wrong_level(void)
{
	pte_t e = pte_make_leaf(pa_make(MIB(2)), LEAF, 1);

	CHECK(pte_kind(e, 1) == PTE_LEAF);
	SILENT();
	pte_paddr(e, 0);
	CAUGHT("pte-level");
}

static void replacing_in_the_wrong_place(void)
{
	struct page *other = rig_page(9);
	struct scene s;

	scene_begin(&s, LEAF);
	CHECK(rig_map(&s.rig, RIG_VA + PAGE_SIZE, s.page, LEAF | PT_DIRTY));
	pt_replace(&s.rig.space, RIG_VA + PAGE_SIZE, 0,
		   rig_slot(&s.rig, RIG_VA),
		   pte_make_leaf(page_to_phys(other), LEAF, 0));
	CHECK(!strncmp(caught, "wrong-slot ", 11));
	caught[0] = '\0';
	flush_page(&s, false);
	scene_end(&s);
	page_free(other, 0);
	SILENT();
}

static void a_kernel_half_of_its_own(void)
{
	unsigned int top = mmu_features.levels - 1u;
	struct scene s;

	scene_begin(&s, LEAF);
	s.rig.space.top[pt_index(VMALLOC_BASE, top)] = pte_none();
	rig_end(&s.rig);
	CAUGHT("kernel-half");
	page_free(s.page, 0);
	SILENT();
}

/* ---- the windows are real ----------------------------------------------- */

static void kernel_mappings_have_rights_and_ends(void)
{
	u8 *p = vmalloc(2 * PAGE_SIZE), byte;
	vaddr_t va = (vaddr_t)p;

	CHECK(p != NULL);
	memset(p, 1, 2 * PAGE_SIZE);
	CHECK(host_kernel_peek(va, &byte) && byte == 1);
	CHECK(!host_kernel_peek(va + 2 * PAGE_SIZE, &byte));    /* guard */
	CHECK(host_tlb_holds(0, NULL, va));
	vfree(p);
	CHECK(!host_tlb_holds(0, NULL, va));
	CHECK(!host_kernel_peek(va, &byte));
	CHECK(host_kernel_peek(DIRECT_MAP_BASE + MIB(4), &byte));
	CHECK(!host_kernel_peek(MEMMAP_BASE + GIB(1) - 1, &byte));
	SILENT();
}

static void hardware_bits_can_be_switched_off(void)
{
	struct mmu_features soft = mmu_features, whole = mmu_features;
	struct scene s;

	soft.hw_young = false;
	soft.hw_dirty = false;
	host_set_features(&soft);
	s.page = rig_page(7);
	CHECK(s.page && rig_begin(&s.rig));
	CHECK(rig_map(&s.rig, RIG_VA, s.page, RIG_RW));
	CHECK(rig_peek(RIG_VA) == -1);  /* old: a fault asks the kernel */
	pt_set_prot(rig_slot(&s.rig, RIG_VA), RIG_RW | PT_YOUNG, 0);
	CHECK(rig_peek(RIG_VA) == 7);
	CHECK(!rig_poke(RIG_VA, 8));    /* clean: likewise */
	pt_set_prot(rig_slot(&s.rig, RIG_VA), FULL, 0);
	CHECK(rig_poke(RIG_VA, 8));
	scene_end(&s);
	host_set_features(&whole);
}

/* Sixteen spaces with two bits of tag: numbers are used again and again. */
static void tags_run_out(void)
{
	struct mmu_features few = mmu_features, whole = mmu_features;
	static struct rig rigs[16];
	struct page *page[16];

	few.asid_bits = 2;
	host_set_features(&few);
	for (u8 i = 0; i < 16; i++) {
		page[i] = rig_page(i);
		CHECK(page[i] && rig_begin(&rigs[i]));
		CHECK(rig_map(&rigs[i], RIG_VA, page[i], LEAF));
	}
	for (unsigned int n = 0; n < 200; n++) {
		unsigned int i = n * 7 % 16;

		host_set_cpu(n % 3);
		rig_load(&rigs[i]);
		CHECK(rig_peek(RIG_VA) == (int)i);
	}
	host_set_cpu(0);
	SILENT();
	for (int i = 0; i < 16; i++) {
		rig_end(&rigs[i]);
		page_free(page[i], 0);
	}
	SILENT();
	host_set_features(&whole);
}

#define RUN(fn) run_one(#fn, fn)

static void run_one(const char *name, void (*fn)(void))
{
	failed = false;
	caught[0] = '\0';
	fn();
	printf("%sok %u - %s\n", failed ? "not " : "", ++nr_done, name);
	nr_failed += failed;
}

int main(void)
{
	machine_boot(64, "loglevel=3");
	kernel_report_handler(catch_report);
	RUN(use_after_clear);
	RUN(use_of_a_right_that_was_taken);
	RUN(dirty_bit_that_nobody_will_set);
	RUN(use_on_another_cpu);
	RUN(walk_cache_that_was_not_flushed);
	RUN(overwriting_a_live_entry);
	RUN(make_without_break);
	RUN(freeing_a_frame_that_a_tlb_maps);
	RUN(freeing_a_block_under_a_large_leaf);
	RUN(freeing_a_table_that_a_walk_cache_knows);
	RUN(freeing_behind_the_kernels_back);
	RUN(a_dying_space_that_was_not_finished);
	RUN(reading_at_the_wrong_level);
	RUN(replacing_in_the_wrong_place);
	RUN(a_kernel_half_of_its_own);
	RUN(kernel_mappings_have_rights_and_ends);
	RUN(hardware_bits_can_be_switched_off);
	RUN(tags_run_out);
	printf("1..%u\n", nr_done);
	return nr_failed != 0;
}
