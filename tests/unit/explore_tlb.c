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
#include "arch/host/machine.h"
#include "arch/host/tlbsim.h"
#include "tests/unit/explore.h"

#define MAX_WEAKER 256

/* A slot that an operation under way has cleared or weakened. If it leads to a
 * table, all below it went with it, for the space of the actor. */
struct weaker {
	u64 slot; /* physical address */
	int actor;
	u64 below; /* physical address of the table; 0: a leaf's slot */
	struct mmu_space *space;
};

static struct weaker weaker[MAX_WEAKER];
static u32 nr_weaker;

pte_t __real_pt_clear(pte_t *slot);
void __real_pt_set_table_write(pte_t *slot, bool allowed);
void __wrap_pt_set_table_write(pte_t *slot, bool allowed);
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
	weaker[nr_weaker++] = (struct weaker){ .slot = at,
					       .actor = order_actor() };
}

/* The same of an entry that leads to a level-0 table of the actor's space. Those of
 * a space that is born or dies are in no TLB. */
static void weaker_note_table(const pte_t *slot)
{
	struct mmu_space *space;

	if (order_actor() < 0)
		return;
	space = order_thread((unsigned int)order_actor())->space;
	if (!space || (slot != pt_table_slot(space, AT(0)) &&
		       slot != pt_table_slot(space, AT(2))))
		return;
	weaker_note(slot);
	EXPECT(nr_weaker < MAX_WEAKER);
	weaker[nr_weaker++] = (struct weaker){
		.slot = ~(u64)0,
		.actor = order_actor(),
		.below = pte_paddr(pt_read(slot), 1).v,
		.space = space,
	};
}

static bool lies_below(const struct tlbsim_entry *t, const struct weaker *w)
{
	return w->below && ALIGN_DOWN(t->slot, PAGE_SIZE) == w->below &&
	       t->asid == host_tag(w->space);
}

/* The machine asks: a CPU uses t, and the tables say something else. */
static bool stale_is_lawful(const struct tlbsim_entry *t)
{
	for (u32 i = 0; i < nr_weaker; i++)
		if (weaker[i].slot == t->slot || lies_below(t, &weaker[i]))
			return true;
	return false;
}

pte_t __wrap_pt_clear(pte_t *slot)
{
	weaker_note_table(slot);
	weaker_note(slot);
	return __real_pt_clear(slot);
}

void __wrap_pt_set_table_write(pte_t *slot, bool allowed)
{
	if (allowed)
		weaker_note(slot);      /* for the walk caches */
	else
		weaker_note_table(slot);
	__real_pt_set_table_write(slot, allowed);
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

/* … or than the entry of its table does? That may lead elsewhere now, and the
 * frame be a table again. */
static bool table_gives_more(const struct tlbsim_entry *t,
			     const struct weaker *w)
{
	const pte_t *slot;

	if (!lies_below(t, w))
		return false;
	slot = pt_table_slot(w->space, t->va);
	if (!slot || pte_paddr(pt_read(slot), 1).v != w->below)
		return true;
	return !pte_table_writable(pt_read(slot)) &&
	       pte_prot(t->entry, t->level) & PT_WRITE;
}

/* For tlbsim_drop_if(), which drops nothing here. */
static bool settle_look(const struct tlbsim_entry *t, const void *arg)
{
	const struct weaker *w = arg;

	if (!stale_is_lawful(t) &&
	    ((t->slot == w->slot && gives_more(t)) || table_gives_more(t, w)))
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
		tlbsim_drop_if(settle_look, &w);
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
