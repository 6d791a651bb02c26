/* SPDX-License-Identifier: MIT */
/*
 * How a simulated CPU uses an address: TLB, walk, fault, retry.
 *
 *   access ─► TLB ──hit, rights──► compare with the tables ─► memory
 *              │                        └ they differ: "missing-flush"
 *              ├─hit, too weak──► forget it, fault (present)
 *              └─miss─► walk ──leaf, rights──► young, dirty, cache ─► memory
 *                         └──else──► trap_page_fault() ─► once more
 *
 * A real CPU believes its TLB; this one believes it too, but looks at the
 * tables at every hit, so the first use of a translation that should have
 * been flushed is the failure, not some corruption later. A translation that
 * is only weaker than the tables is no breach: the fault that it causes drops
 * it, as on hardware ([M6]), and the kernel finds nothing to do.
 *
 * The walk cache is held to the same rule: every table that a walk passes is
 * remembered, and a later walk that goes elsewhere is a missing flush of the
 * upper levels.
 *
 * Invariant [H2]: a cached leaf was granted by the tables when it was cached;
 * the dirty bit in it means that the table's bit was set too.
 */
#include "arch/host/machine.h"
#include "kernel/base/panic.h"
#include "lib/format.h"

#define MAX_RETRIES 64

bool (*host_stale_hook)(const struct tlbsim_entry *t);

static bool stale_is_lawful_now(const struct tlbsim_entry *t)
{
	return host_stale_hook && host_stale_hook(t);
}

/* What one look at the TLB and the tables comes to. */
struct look {
	void *memory;                   /* NULL: fault */
	bool present;                   /* the fault: a translation was there */
	char breach[120];               /* "missing-flush", with this detail */
};

void host_walk(paddr_t root, vaddr_t va, struct host_walk *w)
{
	pte_t *table = host_phys(root);
	unsigned int level = mmu_features.levels - 1u;

	while (1) {
		w->level = level;
		w->slot[level] = &table[pt_index(va, level)];
		w->entry[level] = pt_read(w->slot[level]);
		w->kind = pte_kind(w->entry[level], level);
		if (w->kind != PTE_TABLE)
			return;
		assertf(level > 0, "table at level 0, va=%#lx", va);
		table = host_phys(pte_paddr(w->entry[level], level));
		level--;
	}
}

static u64 slot_phys(const pte_t *slot)
{
	return (u64)((const char *)slot - (const char *)host_phys(pa_make(0)));
}

/* The rights that an access of this kind needs. */
static ptprot_t rights_needed(u32 access)
{
	ptprot_t need = PT_READ | PT_USER; /* not silent, not the kernel's */

	if (access & FAULT_WRITE)
		need |= PT_WRITE;
	if (access & FAULT_EXEC)
		need |= PT_EXEC;
	return need;
}

/* What the leaf says and no table above it denies. */
static ptprot_t walk_prot(const struct host_walk *w)
{
	unsigned int level = w->level;
	ptprot_t prot = w->kind == PTE_LEAF ? pte_prot(w->entry[level], level)
					    : 0;

	while (++level < mmu_features.levels)
		if (!pte_table_writable(w->entry[level]))
			prot &= ~(ptprot_t)PT_WRITE;
	return prot;
}

static void *leaf_memory(pte_t e, unsigned int level, vaddr_t va)
{
	u64 offset = va & (pt_level_size(level) - 1);

	return host_phys(pa_add(pte_paddr(e, level), offset));
}

/* The hardware's updates of a leaf; false: it leaves them to software. */
static bool set_young_dirty(struct host_walk *w, u32 access)
{
	unsigned int level = w->level;
	pte_t old = w->entry[level], new;
	ptprot_t prot, want;

	do {
		if (pte_kind(old, level) != PTE_LEAF)
			return false;
		prot = pte_prot(old, level);
		want = prot | PT_YOUNG;
		if (access & FAULT_WRITE)
			want |= PT_DIRTY;
		if (want == prot)
			return true;
		if ((!(prot & PT_YOUNG) && !mmu_features.hw_young) ||
		    (want & ~prot & PT_DIRTY && !mmu_features.hw_dirty))
			return false;
		new = pte_with_prot(old, want, level);
	} while (!__atomic_compare_exchange_n(&w->slot[level]->v, &old.v, new.v,
					      false, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	w->entry[level] = new;
	return true;
}

/* Remembers the tables that the walk passed; a different one is a breach. */
static void use_walk_cache(unsigned int cpu, u64 tag, vaddr_t va,
			   const struct host_walk *w, struct look *look)
{
	for (unsigned int l = mmu_features.levels - 1u; l > 0; l--) {
		struct tlbsim_entry *t = tlbsim_find(cpu, tag, va, l, true);
		bool passed = l > w->level;

		if (t && (!passed || t->entry.v != w->entry[l].v)) {
			if (stale_is_lawful_now(t))
				continue;
			fmt_snprintf(look->breach, sizeof(look->breach),
				     "CPU %u, va %#lx: walk cache of level %u "
				     "is stale",
				     cpu, va, l);
			tlbsim_drop(t);
			t = NULL;
		}
		if (passed && !t)
			tlbsim_insert(cpu, tag, va, l, true,
				      slot_phys(w->slot[l]), w->entry[l]);
	}
}

/* Does the cached leaf allow what the tables no longer give? */
static bool leaf_is_stale(const struct tlbsim_entry *t,
			  const struct host_walk *w, u32 access)
{
	ptprot_t cached = pte_prot(t->entry, t->level), now = walk_prot(w);
	ptprot_t need = rights_needed(access);

	if (w->kind != PTE_LEAF || w->level != t->level ||
	    pte_paddr(w->entry[w->level], w->level).v !=
		    pte_paddr(t->entry, t->level).v)
		return true;
	if (access & FAULT_WRITE && cached & PT_DIRTY && !(now & PT_DIRTY))
		return true;
	return (now & need) != need;
}

static struct tlbsim_entry *find_leaf(unsigned int cpu, u64 tag, vaddr_t va)
{
	for (unsigned int l = 0; l < mmu_features.levels; l++) {
		struct tlbsim_entry *t = tlbsim_find(cpu, tag, va, l, false);

		if (t)
			return t;
	}
	return NULL;
}

/* TLB hit: true when the look is decided; false: go on with the walk. */
static bool look_at_hit(struct tlbsim_entry *t, const struct host_walk *w,
			vaddr_t va, u32 access, struct look *look)
{
	ptprot_t cached = pte_prot(t->entry, t->level);
	ptprot_t need = rights_needed(access);

	if ((cached & need) != need) {
		tlbsim_drop(t);         /* [M6]: a fault forgets */
		look->present = true;
		return true;
	}
	if (leaf_is_stale(t, w, access) && !stale_is_lawful_now(t)) {
		fmt_snprintf(
			look->breach, sizeof(look->breach),
			"CPU %u, va %#lx: stale translation used (prot %#x, "
			"tables say %#x)",
			t->cpu, va, cached, walk_prot(w));
		tlbsim_drop(t);
		return false;
	}
	if (access & FAULT_WRITE && !(cached & PT_DIRTY)) {
		tlbsim_drop(t);         /* walk again to set the bit */
		return false;
	}
	host_stats.tlb_hits++;
	look->memory = leaf_memory(t->entry, t->level, va);
	return true;
}

static void look_up(vaddr_t va, u32 access, struct look *look)
{
	unsigned int cpu = host_cpu->number;
	struct mmu_space *space = host_loaded(cpu);
	u64 tag = host_tag(space);
	ptprot_t need = rights_needed(access);
	struct tlbsim_entry *t;
	struct host_walk w;

	host_walk(space->root, va, &w);
	t = find_leaf(cpu, tag, va);
	if (t && look_at_hit(t, &w, va, access, look))
		return;
	host_stats.tlb_misses++;
	use_walk_cache(cpu, tag, va, &w, look);
	if (w.kind != PTE_LEAF)
		return;
	look->present = walk_prot(&w) & PT_READ;        /* else: silent */
	if ((walk_prot(&w) & need) != need || !set_young_dirty(&w, access))
		return;
	tlbsim_insert(cpu, tag, va, w.level, false, slot_phys(w.slot[w.level]),
		      pte_with_prot(w.entry[w.level], walk_prot(&w), w.level));
	look->memory = leaf_memory(w.entry[w.level], w.level, va);
}

void *host_translate(vaddr_t va, u32 access)
{
	for (int i = 0; i < MAX_RETRIES; i++) {
		struct look look = { 0 };
		struct trap_frame tf = { .nr = -1,
					 .user = access & FAULT_USER,
					 .uaccess = access & FAULT_UACCESS };

		machine_lock();
		look_up(va, access, &look);
		machine_unlock();
		if (look.breach[0])
			kernel_report("missing-flush", "%s", look.breach);
		if (look.memory)
			return look.memory;
		host_count(faults);
		trap_page_fault(&tf, va,
				access | (look.present ? FAULT_PRESENT : 0));
		if (tf.give_up)
			return NULL;
	}
	panic("host: va %#lx faults for ever (access %#x)", va, access);
}

/* Calls for each piece of [va, va + len) that lies in one page. */
static size_t page_piece(vaddr_t va, size_t len)
{
	return MIN(len, PAGE_SIZE - (va & (PAGE_SIZE - 1)));
}

/* Bytes not copied: out of user memory (into dst) or into it (from src). */
size_t host_copy_user(vaddr_t va, void *dst, const void *src, size_t len,
		      u32 access)
{
	while (len > 0) {
		size_t n = page_piece(va, len);
		char *memory = host_translate(va, access);

		if (!memory)
			break;
		if (dst) {
			memcpy(dst, memory, n);
			dst = (char *)dst + n;
		} else if (src) {
			memcpy(memory, src, n);
			src = (const char *)src + n;
		} else {
			memset(memory, 0, n);
		}
		va += n;
		len -= n;
	}
	return len;
}

bool host_user_read(vaddr_t va, void *dst, size_t len)
{
	return host_copy_user(va, dst, NULL, len, FAULT_READ | FAULT_USER) == 0;
}

bool host_user_write(vaddr_t va, const void *src, size_t len)
{
	return host_copy_user(va, NULL, src, len, FAULT_WRITE | FAULT_USER) ==
	       0;
}

bool host_user_exec(vaddr_t va)
{
	return host_translate(va, FAULT_EXEC | FAULT_USER) != NULL;
}
