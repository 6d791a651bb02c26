/* SPDX-License-Identifier: MIT */
/*
 * The strict MMU: the contract of arch/mmu.h, and a report for every breach
 * that real hardware would let pass until it corrupts something.
 *
 *   report              what happened
 *   live-replacement    a valid entry was overwritten, or a slot was filled
 *                       while a TLB still holds its previous frame
 *   freed-but-mapped    a frame goes back to its allocator although some TLB
 *                       still leads to it
 *   missing-flush       a CPU used a translation that the tables no longer
 *                       give (translate.c)
 *   pte-level           an entry was read at a level it was not made for
 *   wrong-slot          pt_replace() was given the slot of another address
 *   kernel-half         a user space's kernel half differs from the kernel's
 *
 * A report is made once: what caused it is dropped from the TLBs, so that a
 * test that expects it can go on.
 *
 * Tags are as on hardware: a small number, handed out in generations. When the
 * numbers run out, all TLBs are emptied and a new generation begins; the
 * spaces that CPUs have loaded get their new numbers at once.
 *
 * What it deliberately does not have: a capacity. These TLBs never forget.
 */
#include "arch/mmu.h"

#include "arch/host/machine.h"
#include "kernel/base/panic.h"

const struct mmu_features host_strict_features = {
	.levels = 4,
	.leaf_levels = 1 << 0 | 1 << 1 | 1 << 2,
	.asid_bits = 8,
	.hw_young = true,
	.hw_dirty = true,
	.break_before_make = true,
	.global_pages = true,
	.user_guard = true,
	.exec_guard = true,
	.text = "strict TLBs, scrambled entries",
};

struct mmu_features mmu_features;
struct mmu_space mmu_kernel_space;
struct host_stats host_stats;

static struct mmu_space *loaded[HOST_MAX_CPUS];  /* [machine; own CPU reads] */
static u64 generation = 1;
static u64 next_tag = 1;
static u32 lock_word;

/* The machine's own data are no business of ThreadSanitizer, and its lock is no
 * order that the kernel could rely on: hardware gives none. */
#if defined(__SANITIZE_THREAD__)
void AnnotateIgnoreSyncBegin(const char *file, int line);
void AnnotateIgnoreSyncEnd(const char *file, int line);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#define sanitizer_look_away(how)                                  \
	(AnnotateIgnoreSync##how(__FILE__, __LINE__),              \
	 AnnotateIgnoreReads##how(__FILE__, __LINE__),             \
	 AnnotateIgnoreWrites##how(__FILE__, __LINE__))
#else
#define sanitizer_look_away(how) ((void)0)
#endif

void machine_lock(void)
{
	sanitizer_look_away(Begin);
	while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE))
		;
}

void machine_unlock(void)
{
	__atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
	sanitizer_look_away(End);
}

struct mmu_space *host_loaded(unsigned int cpu)
{
	return __atomic_load_n(&loaded[cpu], __ATOMIC_ACQUIRE);
}

/* ---- the codec's checks ------------------------------------------------- */

void host_check_level(u64 plain, unsigned int level)
{
	unsigned int made = (unsigned int)(plain >> HOST_PTE_LEVEL_SHIFT & 7);

	if (unlikely((plain & 3) == PTE_LEAF && made != level))
		kernel_report("pte-level", "leaf of level %u read at level %u",
			      made, level);
}

void host_check_leaf(paddr_t pa, ptprot_t prot, unsigned int level)
{
	assertf(level < 8 && mmu_features.leaf_levels >> level & 1,
		"no leaves at level %u", level);
	assertf(IS_ALIGNED(pa.v, (u64)pt_level_size(level)),
		"pa=%#llx level=%u", (unsigned long long)pa.v, level);
	assertf(prot < 0x100, "prot=%#x", prot);
}

/* ---- slots -------------------------------------------------------------- */

/* A slot's name in the TLBs: its physical address. */
static u64 slot_name(const pte_t *slot)
{
	return va_is_direct((vaddr_t)slot) ? virt_to_phys(slot).v
					   : (u64)(uintptr_t)slot;
}

static u64 plain_frame(pte_t e)
{
	return host_unscramble(e.v) >> HOST_PTE_FRAME_SHIFT;
}

static enum pte_kind plain_kind(pte_t e)
{
	return (enum pte_kind)(host_unscramble(e.v) & 3);
}

static bool plain_valid(pte_t e)
{
	return plain_kind(e) == PTE_TABLE || plain_kind(e) == PTE_LEAF;
}

/* Drops and reports what a TLB still knows of this slot, if it is not e. */
static void check_slot_forgotten(const pte_t *slot, pte_t e)
{
	u64 name = slot_name(slot);
	struct tlbsim_entry *t, found = { 0 };
	bool stale = false;

	machine_lock();
	while ((t = tlbsim_of_slot(name)) &&
	       (plain_frame(t->entry) != plain_frame(e) ||
		plain_kind(t->entry) != plain_kind(e))) {
		found = *t;
		stale = true;
		tlbsim_drop(t);
	}
	machine_unlock();
	if (stale)
		kernel_report(
			"live-replacement",
			"va %#lx level %u: CPU %u still holds frame %#llx, "
			"new entry has frame %#llx",
			found.va, found.level, found.cpu,
			(unsigned long long)plain_frame(found.entry),
			(unsigned long long)plain_frame(e));
}

void pt_install(pte_t *slot, pte_t e)
{
	pte_t old = pt_read(slot);

	if (unlikely(plain_valid(old)))
		kernel_report("live-replacement",
			      "slot %p: live entry of frame %#llx overwritten "
			      "with frame %#llx",
			      (void *)slot,
			      (unsigned long long)plain_frame(old),
			      (unsigned long long)plain_frame(e));
	if (mmu_features.break_before_make && plain_valid(e))
		check_slot_forgotten(slot, e);
	__atomic_store_n(&slot->v, e.v, __ATOMIC_RELEASE);
}

pte_t pt_clear(pte_t *slot)
{
	return (pte_t){ __atomic_exchange_n(&slot->v, 0, __ATOMIC_ACQ_REL) };
}

pte_t pt_set_prot(pte_t *slot, ptprot_t prot, unsigned int level)
{
	pte_t old = pt_read(slot), new;

	do {
		assertf(pte_kind(old, level) == PTE_LEAF, "slot=%p kind=%u",
			(void *)slot, pte_kind(old, level));
		new = pte_with_prot(old,
				    prot | (pte_prot(old, level) &
					    (PT_YOUNG | PT_DIRTY)),
				    level);
	} while (!__atomic_compare_exchange_n(&slot->v, &old.v, new.v, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return old;
}

void pt_set_table_write(pte_t *slot, bool allowed)
{
	pte_t e = pt_read(slot);

	assertf(plain_kind(e) == PTE_TABLE, "slot=%p kind=%u", (void *)slot,
		plain_kind(e));
	__atomic_store_n(&slot->v, pte_table_with_write(e, allowed).v,
			 __ATOMIC_RELEASE);
}

bool pt_test_clear_young(pte_t *slot, unsigned int level)
{
	pte_t old = pt_read(slot), new;

	do {
		if (pte_kind(old, level) != PTE_LEAF ||
		    !(pte_prot(old, level) & PT_YOUNG))
			return false;
		new = pte_with_prot(old,
				    pte_prot(old, level) & ~(ptprot_t)PT_YOUNG,
				    level);
	} while (!__atomic_compare_exchange_n(&slot->v, &old.v, new.v, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return true;
}

void pt_replace(struct mmu_space *space, vaddr_t va, unsigned int level,
		pte_t *slot, pte_t e)
{
	struct host_walk w;
	pte_t old = pt_read(slot);
	vaddr_t start = va & ~(pt_level_size(level) - 1);

	host_walk(space->root, va, &w);
	if (w.level != level || pt_read(w.slot[level]).v != old.v)
		kernel_report("wrong-slot", "pt_replace: va %#lx level %u", va,
			      level);
	assertf(plain_valid(old) && plain_valid(e), "va=%#lx", va);
	if (mmu_features.break_before_make)
		pt_clear(slot);
	else
		__atomic_store_n(&slot->v, e.v, __ATOMIC_RELEASE);
	host_count(replaced);
	if (va_is_user(va))
		mmu_flush_range(space, start, start + pt_level_size(level),
				false);
	else
		mmu_flush_kernel(start, start + pt_level_size(level));
	if (mmu_features.break_before_make)
		pt_install(slot, e);
}

/* ---- who still maps a frame --------------------------------------------- */

void mmu_assert_unused(paddr_t pa, unsigned int order)
{
	struct tlbsim_entry *t, found = { 0 };
	bool mapped = false;

	machine_lock();
	while ((t = tlbsim_of_frames(pa_to_pfn(pa).v, (u64)1 << order))) {
		found = *t;
		mapped = true;
		tlbsim_drop(t);
	}
	machine_unlock();
	if (mapped)
		kernel_report("freed-but-mapped",
			      "frame %#llx: CPU %u still has %s of va %#lx",
			      (unsigned long long)plain_frame(found.entry),
			      found.cpu, found.table ? "a table" : "a leaf",
			      found.va);
}

/* ---- boot and spaces ---------------------------------------------------- */

void mmu_init(void)
{
	if (!mmu_features.levels)       /* nobody called host_set_features() */
		mmu_features = host_strict_features;
	mmu_features.phys_limit = (u64)1 << 46;
	for (unsigned int i = 0; i < HOST_MAX_CPUS; i++)
		loaded[i] = &mmu_kernel_space;
}

void mmu_init_cpu(void) {}

void mmu_kernel_activate(void)
{
	host_windows_activate();
}

static bool any_user_entry(const struct tlbsim_entry *t, const void *arg)
{
	return t->cpu != TLBSIM_KERNEL;
}

void host_set_features(const struct mmu_features *f)
{
	machine_lock();
	tlbsim_drop_if(any_user_entry, NULL);
	mmu_features = *f;
	generation++;
	next_tag = 1;
	machine_unlock();
	for (unsigned int i = 0; i < HOST_MAX_CPUS; i++)
		if (loaded[i])
			loaded[i]->asid = 0;
}

/* [M5]: one root for both halves, so the kernel half is copied. */
void mmu_space_init(struct mmu_space *space)
{
	unsigned int top = mmu_features.levels - 1u;

	space->root = virt_to_phys(space->top);
	space->asid = 0;
	space->cpus = 0;
	for (unsigned int i = pt_index(DIRECT_MAP_BASE, top); i < PT_ENTRIES;
	     i++)
		space->top[i] = mmu_kernel_space.top[i];
}

/* The tag in use must be of this generation. */
static bool tag_is_current(const struct mmu_space *space)
{
	return space->asid >> 16 == generation;
}

static void tag_give(struct mmu_space *space)
{
	space->asid = generation << 16 | next_tag++;
	space->cpus = 0;
}

/* All numbers are used: empty the TLBs and start again. */
static void tag_rollover(void)
{
	tlbsim_drop_if(any_user_entry, NULL);
	generation++;
	next_tag = 1;
	for (unsigned int i = 0; i < HOST_MAX_CPUS; i++) {
		struct mmu_space *s = loaded[i];

		if (s == &mmu_kernel_space)
			continue;
		if (!tag_is_current(s))
			tag_give(s);
		s->cpus |= (u64)1 << i;
	}
}

static bool of_this_cpu(const struct tlbsim_entry *t, const void *arg)
{
	return t->cpu == *(const unsigned int *)arg;
}

void mmu_switch(struct mmu_space *space)
{
	unsigned int cpu = host_cpu->number;
	struct mmu_space *old = loaded[cpu];

	assert(space);
	machine_lock();
	__atomic_store_n(&loaded[cpu], space, __ATOMIC_RELEASE);
	if (!mmu_features.asid_bits) {
		if (old != space)
			tlbsim_drop_if(of_this_cpu, &cpu);
		if (space != &mmu_kernel_space)
			space->asid = generation << 16;
	} else if (space != &mmu_kernel_space && !tag_is_current(space)) {
		if (next_tag >> mmu_features.asid_bits)
			tag_rollover();
		if (!tag_is_current(space))
			tag_give(space);
	}
	__atomic_fetch_or(&space->cpus, (u64)1 << cpu, __ATOMIC_SEQ_CST);
	machine_unlock();
}

static void check_kernel_half(const struct mmu_space *space)
{
	unsigned int top = mmu_features.levels - 1u;

	for (unsigned int i = pt_index(DIRECT_MAP_BASE, top); i < PT_ENTRIES;
	     i++)
		if (pt_read(&space->top[i]).v !=
		    pt_read(&mmu_kernel_space.top[i]).v) {
			kernel_report("kernel-half",
				      "[M5] top-level entry %u differs", i);
			return;
		}
}

/* ---- flushes ------------------------------------------------------------ */

struct flush {
	u64 cpus;
	u64 tag;
	vaddr_t start, end;
	bool tables;
};

static bool flush_covers(const struct tlbsim_entry *t, const void *arg)
{
	const struct flush *f = arg;

	return t->cpu != TLBSIM_KERNEL && f->cpus >> t->cpu & 1 &&
	       t->asid == f->tag && (f->tables || !t->table) &&
	       t->va < f->end &&
	       t->va + (pt_level_size(t->level) - 1) >= f->start;
}

static void flush_page(const struct flush *f, unsigned int cpu, vaddr_t va)
{
	struct tlbsim_entry *t;

	for (unsigned int l = 0; l < mmu_features.levels; l++) {
		t = tlbsim_find(cpu, f->tag, va, l, false);
		if (t) {
			tlbsim_drop(t);
			host_stats.dropped++;
		}
		t = f->tables ? tlbsim_find(cpu, f->tag, va, l, true) : NULL;
		if (t) {
			tlbsim_drop(t);
			host_stats.dropped++;
		}
	}
}

/* By address where the range is small, by looking at every entry else. */
static void flush_entries(const struct flush *f)
{
	machine_lock();
	if ((f->end - f->start) >> PAGE_SHIFT > tlbsim_count) {
		host_stats.dropped += tlbsim_drop_if(flush_covers, f);
	} else {
		for (unsigned int cpu = 0; cpu < HOST_MAX_CPUS; cpu++)
			for (vaddr_t va = f->start;
			     f->cpus >> cpu & 1 && va < f->end; va += PAGE_SIZE)
				flush_page(f, cpu, va);
	}
	machine_unlock();
}

static u64 flush_targets(const struct mmu_space *space)
{
	return mmu_features.broadcast_flush
		       ? ~(u64)0
		       : __atomic_load_n(&space->cpus, __ATOMIC_SEQ_CST);
}

void mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
		     bool tables)
{
	struct flush f = { flush_targets(space), host_tag(space),
			   start & PAGE_MASK, end, tables };

	assertf(start < end && end <= DIRECT_MAP_BASE, "start=%#lx end=%#lx",
		start, end);
	host_count(flush_range);
	flush_entries(&f);
}

void mmu_flush_space(struct mmu_space *space)
{
	struct flush f = { flush_targets(space), host_tag(space), 0,
			   DIRECT_MAP_BASE, true };

	host_count(flush_space);
	flush_entries(&f);
}

void mmu_flush_kernel(vaddr_t start, vaddr_t end)
{
	assertf(start >= DIRECT_MAP_BASE && start < end, "start=%#lx end=%#lx",
		start, end);
	host_count(flush_kernel);
	host_windows_flush(start, end);
}

void mmu_space_fini(struct mmu_space *space)
{
	struct flush f = { ~(u64)0, host_tag(space), 0, DIRECT_MAP_BASE, true };

	check_kernel_half(space);
	machine_lock();
	for (unsigned int i = 0; i < HOST_MAX_CPUS; i++)
		if (loaded[i] == space)
			__atomic_store_n(&loaded[i], &mmu_kernel_space,
					 __ATOMIC_RELEASE);
	machine_unlock();
	if (tag_is_current(space))
		flush_entries(&f);
	space->asid = 0;
	space->cpus = 0;
}

void icache_sync(const void *va, size_t len) {}

bool host_tlb_holds(unsigned int cpu, const struct mmu_space *space, vaddr_t va)
{
	bool user = va_is_user(va), held = false;

	machine_lock();
	for (unsigned int l = 0; l < mmu_features.levels; l++)
		held |= tlbsim_find(user ? cpu : TLBSIM_KERNEL,
				    user ? host_tag(space) : 0, va, l,
				    false) != NULL;
	machine_unlock();
	return held;
}
