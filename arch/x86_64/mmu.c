/* SPDX-License-Identifier: MIT */
/*
 * The MMU of x86_64: control bits, switching spaces, flushing the TLB.
 *
 *   CR3 ─► top table   0..255    user half, one per space
 *                      256..511  kernel half, the same entries in all [M5]
 *
 * Flushing. This CPU can hold translations of a space
 *   - that is loaded: INVLPG for few pages, a CR3 load for many;
 *   - that was loaded earlier, under its PCID: counted in the space
 *     (`flushes`), and made good at the next switch to it (pcid.h);
 *   - without PCIDs nothing survives a switch but global kernel entries.
 * INVLPG also drops the paging-structure caches, so freed tables need no more.
 * Entries of the kernel half are global: INVLPG one by one, or all of them
 * by switching CR4.PGE off and on.
 *
 * Other CPUs: space->cpus tells where a space is loaded. They are interrupted,
 * one call for each flush, and the flush returns when all have done theirs. A
 * CPU that runs a kernel thread and merely kept the space leaves it instead,
 * so that it is not asked again.
 *
 *   flushing CPU                    switching CPU
 *   changes the entry               sets its bit in space->cpus       (1)
 *   counts the flush in the space   reads the space's count           (2)
 *   reads space->cpus               loads CR3, walks the tables       (3)
 *
 * Invariants:
 *  [T1] Steps of one side are seen in their order: the change of an entry, the
 *       count and the bit are made by locked operations, which are full
 *       barriers. So a flush either sees the bit (1), and interrupts that CPU,
 *       or that CPU's (2) and (3) come after the change and the count: its tag's
 *       old entries are dropped with the CR3 load, new ones are right.
 *  [T2] (1) to (3) are one step for interrupts: a call that arrives finds the
 *       space loaded, and answers for it, or has to do nothing.
 *  [T3] A CPU's bit is cleared after its CR3 is another: no bit, no use.
 *
 * [SDM3] 4.10 "Caching Translation Information", 4.10.4.1 "Operations that
 * Invalidate TLBs and Paging-Structure Caches", 4.10.5 "Propagation of
 * Paging-Structure Changes to Multiple Processors", 9.2.3.9 "Loads and Stores
 * Are Not Reordered with Locked Instructions"
 */
#include "arch/mmu.h"

#include "arch/cpu.h"
#include "arch/x86_64/patch.h"
#include "arch/x86_64/pcid.h"
#include "arch/x86_64/regs.h"
#include "kernel/base/panic.h"
#include "kernel/base/smp.h"
#include "kernel/base/spinlock.h"
#include "kernel/base/thread.h"
#include "lib/format.h"
#include "lib/string.h"

/* From here on one CR3 load is cheaper than INVLPG for each page: about 100
 * cycles each, against refilling a few hundred entries. */
#define FLUSH_PAGES_MAX 32

#define KERNEL_TOP_FIRST (PT_ENTRIES / 2)

/* WB WT UC- UC as at power-on, and write combining for frame buffers. */
#define PAT_VALUE 0x0007040100070406ull

/* Leaf 7, subleaf 0. */
enum { EBX_SMEP = 1 << 7, EBX_INVPCID = 1 << 10, EBX_SMAP = 1 << 20,
       ECX_UMIP = 1 << 2, ECX_LA57 = 1 << 16 };
/* Leaf 1. */
enum { ECX1_PCID = 1 << 17, EDX1_PGE = 1 << 13 };
/* Leaf 0x80000001. */
enum { EDX_1GIB = 1 << 26 };

struct mmu_features mmu_features;
struct mmu_space mmu_kernel_space;

static bool mmu_has_pcid, mmu_has_umip;
static u64 mmu_space_ids = 1;           /* last one given [atomic]; 1: kernel */

/* Entries of the kernel half in use, found once by mmu_kernel_activate(). */
static u16 kernel_top_used[PT_ENTRIES - KERNEL_TOP_FIRST];
static u32 nr_kernel_top_used;

static DEFINE_PERCPU(struct mmu_space *, mmu_loaded);
static DEFINE_PERCPU(struct pcid_cpu, mmu_pcids);

extern pte_t boot_top[PT_ENTRIES];      /* boot/x86_64/start.S */

static inline u64 this_cpu_bit(void)
{
	return (u64)1 << this_cpu_read(cpu_number);
}

/* ---- features ---------------------------------------------------------------- */

static void mmu_describe(bool la57)
{
	const struct mmu_features *f = &mmu_features;

	fmt_snprintf(mmu_features.text, sizeof(mmu_features.text),
		     "nx wp%s%s%s%s%s%s%s, %u physical bits",
		     f->global_pages ? " pge" : "", mmu_has_pcid ? " pcid" : "",
		     f->exec_guard ? " smep" : "", f->user_guard ? " smap" : "",
		     mmu_has_umip ? " umip" : "",
		     f->leaf_levels & 1 << 2 ? " 1gib" : "",
		     la57 ? " la57(unused)" : "", ilog2(f->phys_limit));
}

static void mmu_read_features(void)
{
	struct cpuid_regs leaf1 = cpuid(1, 0);
	struct cpuid_regs leaf7 = cpuid_or_zero(7, 0);
	u32 extended = cpuid_or_zero(0x80000001, 0).d;
	u32 bits = cpuid_or_zero(0x80000008, 0).a & 0xff;

	mmu_has_umip = leaf7.c & ECX_UMIP;
	mmu_has_pcid = leaf1.c & ECX1_PCID && leaf7.b & EBX_INVPCID;
	mmu_features = (struct mmu_features){
		.levels = 4,
		.leaf_levels = extended & EDX_1GIB ? 7 : 3,
		.asid_bits = mmu_has_pcid ? 12 : 0,
		.hw_young = true,
		.hw_dirty = true,
		.global_pages = leaf1.d & EDX1_PGE,
		.user_guard = leaf7.b & EBX_SMAP,
		.exec_guard = leaf7.b & EBX_SMEP,
		.leaf_name = { "4k", "2M", extended & EDX_1GIB ? "1G" : NULL },
		.phys_limit = (u64)1 << MIN(bits ? bits : 36u, 52u),
	};
	mmu_describe(leaf7.c & ECX_LA57);
}

/* SMAP's instructions over the no-ops that hold their places. */
static void mmu_patch_sites(void)
{
	const struct patch_site *site;

	for (site = __start_patch_sites; site < __stop_patch_sites; site++)
		memcpy(site->where, site->code, 3);
}

void mmu_init_cpu(void)
{
	u64 cr4 = read_cr4() | CR4_PAE;

	if (mmu_features.global_pages)
		cr4 |= CR4_PGE;
	if (mmu_features.exec_guard)
		cr4 |= CR4_SMEP;
	if (mmu_features.user_guard)
		cr4 |= CR4_SMAP;
	if (mmu_has_umip)
		cr4 |= CR4_UMIP;
	if (mmu_has_pcid)
		cr4 |= CR4_PCIDE;       /* CR3's low bits are 0 still */
	wrmsr(MSR_PAT, PAT_VALUE);
	write_cr0(read_cr0() | CR0_WP);
	write_cr4(cr4);
	this_cpu_write(mmu_loaded, &mmu_kernel_space);
	__atomic_fetch_or(&mmu_kernel_space.cpus, this_cpu_bit(),
			  __ATOMIC_RELAXED);
}

void mmu_init(void)
{
	mmu_read_features();
	mmu_kernel_space = (struct mmu_space){
		.top = boot_top,
		.root = pa_make((u64)boot_top - KERNEL_BASE),
		.asid = 1,
	};
	if (mmu_features.user_guard)
		mmu_patch_sites();
	mmu_init_cpu();
}

/* ---- spaces --------------------------------------------------------------------- */

void mmu_kernel_activate(void)
{
	u32 i;

	if (nr_kernel_top_used == 0)
		for (i = KERNEL_TOP_FIRST; i < PT_ENTRIES; i++)
			if (mmu_kernel_space.top[i].v)
				kernel_top_used[nr_kernel_top_used++] = (u16)i;
	write_cr3(mmu_kernel_space.root.v);
	this_cpu_write(mmu_loaded, &mmu_kernel_space);
}

void mmu_space_init(struct mmu_space *space)
{
	const u16 *i;

	for (i = kernel_top_used; i < kernel_top_used + nr_kernel_top_used; i++)
		space->top[*i] = mmu_kernel_space.top[*i];
	space->root = virt_to_phys(space->top);
	space->asid = __atomic_add_fetch(&mmu_space_ids, 1, __ATOMIC_RELAXED);
	space->flushes = 0;
	space->cpus = 0;
}

/* Forget the space, if this CPU has it still. Also called by interrupt. */
static void mmu_leave(void *arg)
{
	struct mmu_space *space = arg;

	if (this_cpu_read(mmu_loaded) == space)
		mmu_switch(&mmu_kernel_space);
}

void mmu_space_fini(struct mmu_space *space)
{
	preempt_disable();
	mmu_leave(space);
	smp_call(READ_ONCE(space->cpus), mmu_leave, space);
	preempt_enable();
	assertf(READ_ONCE(space->cpus) == 0, "still loaded on CPUs %#llx",
		(unsigned long long)space->cpus);
}

/* CR3 for the space on this CPU: tag and whether the tag's entries stay. */
static u64 mmu_root_of(const struct mmu_space *space)
{
	bool keep;
	u32 pcid;

	if (!mmu_has_pcid)
		return space->root.v;
	if (space == &mmu_kernel_space) /* no user half: nothing to forget */
		return space->root.v | CR3_NO_FLUSH;
	pcid = pcid_enter(this_cpu_ptr(mmu_pcids), space->asid,
			  __atomic_load_n(&space->flushes, __ATOMIC_SEQ_CST),
			  &keep);
	return space->root.v | pcid | (keep ? CR3_NO_FLUSH : 0);
}

/* The order of the steps is the protocol of [T1] to [T3]. */
void mmu_switch(struct mmu_space *space)
{
	u64 flags = irq_save();         /* [T2] */
	struct mmu_space *prev = this_cpu_read(mmu_loaded);

	if (prev != space) {
		__atomic_fetch_or(&space->cpus, this_cpu_bit(),
				  __ATOMIC_SEQ_CST);
		write_cr3(mmu_root_of(space));
		this_cpu_write(mmu_loaded, space);
		__atomic_fetch_and(&prev->cpus, ~this_cpu_bit(),
				   __ATOMIC_RELEASE);   /* [T3] */
	}
	irq_restore(flags);
}

/* ---- flushing -------------------------------------------------------------------- */

static void mmu_invlpg(vaddr_t start, vaddr_t end)
{
	for (; start < end; start += PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" : : "r"(start) : "memory");
}

/* Every user entry of the loaded space. */
static void mmu_flush_loaded(struct mmu_space *space)
{
	u64 root = space->root.v;

	if (mmu_has_pcid && space != &mmu_kernel_space)
		root |= this_cpu_ptr(mmu_pcids)->current + 1;
	write_cr3(root);
}

/* Every entry of every space, the global ones too. */
static void mmu_flush_global(void)
{
	u64 cr4 = read_cr4();

	if (!mmu_features.global_pages) {
		write_cr3(read_cr3());
		return;
	}
	write_cr4(cr4 & ~(u64)CR4_PGE);
	write_cr4(cr4);
}

/* What other CPUs are asked to forget. */
struct mmu_flush {
	struct mmu_space *space;        /* of the user half */
	vaddr_t start, end;
	u64 number;                     /* among the space's flushes */
};

static inline bool mmu_is_short(vaddr_t start, vaddr_t end)
{
	return end - start <= FLUSH_PAGES_MAX * PAGE_SIZE;
}

/* This CPU's entries of the loaded space; `number`: of this flush. */
static inline void mmu_flush_here(struct mmu_space *space, vaddr_t start,
				  vaddr_t end, u64 number)
{
	if (mmu_is_short(start, end))
		mmu_invlpg(start, end);
	else
		mmu_flush_loaded(space);
	if (mmu_has_pcid && space != &mmu_kernel_space)
		pcid_flushed(this_cpu_ptr(mmu_pcids), number,
			     !mmu_is_short(start, end));
}

/*
 * Asked by another CPU; interrupts are off. [T2] A kernel thread leaves a space
 * that it merely kept, but not while it has preemption off: it may be in the
 * middle of a flush of its own.
 */
static void mmu_flush_asked(void *arg)
{
	const struct mmu_flush *f = arg;

	if (this_cpu_read(mmu_loaded) != f->space)
		return;
	if (current_thread()->space || this_cpu_read(preempt_count))
		mmu_flush_here(f->space, f->start, f->end, f->number);
	else
		mmu_switch(&mmu_kernel_space);  /* it was only kept */
}

static void __noinline mmu_flush_others(struct mmu_space *space, vaddr_t start,
					vaddr_t end, u64 number, u64 cpus)
{
	struct mmu_flush f = { space, start, end, number };

	smp_call(cpus, mmu_flush_asked, &f);
}

void mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
		     bool tables)
{
	u64 number = 0, others;

	preempt_disable(); /* "here" and the loaded tag must hold */
	if (mmu_has_pcid && space != &mmu_kernel_space)
		number = __atomic_add_fetch(&space->flushes, 1,
					    __ATOMIC_SEQ_CST);
	if (this_cpu_read(mmu_loaded) == space)
		mmu_flush_here(space, start, end, number);
	others = READ_ONCE(space->cpus) & ~this_cpu_bit();      /* [T1] */
	if (unlikely(others))
		mmu_flush_others(space, start, end, number, others);
	preempt_enable();
}

void mmu_flush_space(struct mmu_space *space)
{
	mmu_flush_range(space, 0, USER_END, true);
}

/* A range of the kernel half, on this CPU. Also called by interrupt. */
static void mmu_flush_kernel_here(void *arg)
{
	const struct mmu_flush *f = arg;

	if (mmu_is_short(f->start, f->end))
		mmu_invlpg(f->start, f->end);
	else
		mmu_flush_global();
}

void mmu_flush_kernel(vaddr_t start, vaddr_t end)
{
	struct mmu_flush f = { .start = start, .end = end };

	preempt_disable();
	mmu_flush_kernel_here(&f);
	smp_call(READ_ONCE(cpus_online), mmu_flush_kernel_here, &f);
	preempt_enable();
}

/* No break-before-make here: the hardware takes either the old or the new
 * entry, and after the flush the new one. [SDM3] 4.10.4.2 "Recommended
 * Invalidation" */
void pt_replace(struct mmu_space *space, vaddr_t va, unsigned int level,
		pte_t *slot, pte_t e)
{
	__atomic_exchange_n(&slot->v, e.v, __ATOMIC_SEQ_CST);
	if (va_is_user(va))
		mmu_flush_range(space, va, va + 1, false);
	else
		mmu_flush_kernel(va, va + 1);
}

/* Stores reach instruction fetch by themselves; a jump or trap lies between.
 * [SDM3] 9.1.3 "Handling Self- and Cross-Modifying Code" */
void icache_sync(const void *va, size_t len) {}
