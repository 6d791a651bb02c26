/* SPDX-License-Identifier: MIT */
/*
 * Stale translations: for how long they are lawful.
 *
 *	A:  pt_clear ────────► mmu_flush ────► returns
 *	B:        use: lawful ──┤ gone           └ TLB entry still there:
 *	                                           "missing-flush"
 *
 * Alone, the strict machine calls every use of a stale translation a breach.
 * When CPUs take turns inside an operation, those uses are what hardware does,
 * and the kernel must live with them until its flush: the frame may not be
 * freed (freed-but-mapped), the slot not be filled (live-replacement), and
 * the bytes written meanwhile count as written before. So the machine asks us
 * here, and we believe the TLB as long as the actor that weakened the entry is
 * still inside its operation. When that returns, all of it must be gone.
 *
 * pt_replace() is taken apart on the way, so that others see the gap between
 * break and make.
 */
#include "arch/host/tlbsim.h"
#include "tests/unit/explore.h"

#define MAX_WEAKER 256

/* A slot that an operation under way has cleared or weakened. */
struct weaker {
	u64 slot; /* physical address */
	int actor;
};

static struct weaker weaker[MAX_WEAKER];
static u32 nr_weaker;

pte_t __real_pt_clear(pte_t *slot);
pte_t __real_pt_set_prot(pte_t *slot, ptprot_t prot, unsigned int level);
void __real_mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
			    bool tables);
void __real_mmu_flush_space(struct mmu_space *space);
pte_t __wrap_pt_clear(pte_t *slot);
pte_t __wrap_pt_set_prot(pte_t *slot, ptprot_t prot, unsigned int level);
void __wrap_pt_replace(struct mmu_space *space, vaddr_t va, unsigned int level,
		       pte_t *slot, pte_t e);
void __wrap_mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
			    bool tables);
void __wrap_mmu_flush_space(struct mmu_space *space);

static void weaker_note(const pte_t *slot)
{
	u64 at = virt_to_phys(slot).v;

	if (order_actor() < 0)
		return;
	for (u32 i = 0; i < nr_weaker; i++)
		if (weaker[i].slot == at && weaker[i].actor == order_actor())
			return;
	EXPECT(nr_weaker < MAX_WEAKER);
	weaker[nr_weaker++] = (struct weaker){ at, order_actor() };
}

/* The machine asks: a CPU uses t, and the tables say something else. */
static bool stale_is_lawful(const struct tlbsim_entry *t)
{
	for (u32 i = 0; i < nr_weaker; i++)
		if (weaker[i].slot == t->slot)
			return true;
	return false;
}

pte_t __wrap_pt_clear(pte_t *slot)
{
	weaker_note(slot);
	return __real_pt_clear(slot);
}

pte_t __wrap_pt_set_prot(pte_t *slot, ptprot_t prot, unsigned int level)
{
	weaker_note(slot);
	return __real_pt_set_prot(slot, prot, level);
}

void __wrap_mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
			    bool tables)
{
	order_step("flush", "");
	__real_mmu_flush_range(space, start, end, tables);
	order_step("flushed", "");
}

void __wrap_mmu_flush_space(struct mmu_space *space)
{
	order_step("flush", "all");
	__real_mmu_flush_space(space);
	order_step("flushed", "");
}

void __wrap_pt_replace(struct mmu_space *space, vaddr_t va, unsigned int level,
		       pte_t *slot, pte_t e)
{
	vaddr_t start = va & ~(pt_level_size(level) - 1);

	__wrap_pt_clear(slot);
	order_step("broken", "");
	__wrap_mmu_flush_range(space, start, start + pt_level_size(level),
			       false);
	pt_install(slot, e);
}

/* Does the cached entry give more than its slot does now? */
static bool gives_more(const struct tlbsim_entry *t)
{
	pte_t now = pt_read((pte_t *)phys_to_virt(pa_make(t->slot)));
	const ptprot_t rights = PT_READ | PT_WRITE | PT_EXEC | PT_USER;

	if (now.v == t->entry.v)
		return false;
	if (phys_to_page(pa_make(t->slot))->type != PAGE_TABLE || t->table ||
	    pte_kind(now, t->level) != PTE_LEAF ||
	    pte_paddr(now, t->level).v != pte_paddr(t->entry, t->level).v)
		return true;
	return pte_prot(t->entry, t->level) & ~pte_prot(now, t->level) & rights;
}

/* For tlbsim_drop_if(), which drops nothing here. */
static bool settle_look(const struct tlbsim_entry *t, const void *arg)
{
	const u64 *slot = arg;

	if (t->slot == *slot && !stale_is_lawful(t) && gives_more(t))
		explore_fail("missing-flush: the operation has returned, and "
			     "CPU %u still has %s of va %#lx",
			     t->cpu, t->table ? "a table" : "a leaf", t->va);
	return false;
}

void stale_settle(int actor)
{
	for (u32 i = 0; i < nr_weaker; i++) {
		struct weaker w = weaker[i];

		if (w.actor != actor)
			continue;
		weaker[i--] = weaker[--nr_weaker];
		tlbsim_drop_if(settle_look, &w.slot);
	}
}

void stale_run_begins(void)
{
	nr_weaker = 0;
}

void stale_init(void)
{
	host_stale_hook = stale_is_lawful;
}
