/* SPDX-License-Identifier: MIT */
/*
 * The MMU of AArch64: control bits, switching spaces, flushing the TLB.
 *
 *   TTBR0_EL1 ─► top table of the user half    one per space, with its ASID
 *   TTBR1_EL1 ─► top table of the kernel half  one for all [M5]
 *
 * Two roots: a space's table has nothing of the kernel, and the kernel's own
 * space has no user half: it loads an empty table and ASID 0.
 *
 * Flushing. TLBI …IS reaches every CPU and DSB waits until they have done it,
 * so no CPU is interrupted and nobody keeps a list of them: space->cpus stays
 * empty. Entries are dropped by address and ASID for few pages, by ASID for
 * many. The last-level forms spare the walk caches when no table was freed.
 * Kernel entries are global: their form has no ASID.
 *
 * Order, in every flush: the stores to the tables are made visible to the
 * walkers (dsb ishst), then the entries go (tlbi), then all CPUs have let them
 * go (dsb ish). The space's ASID is read behind the first barrier. If a CPU
 * gives the space another one meanwhile, either the flush reads that, or that
 * CPU's barrier (mmu_enter_slow) and so every walk by the new ASID, on
 * whichever CPU, comes after the stores.
 *
 * A space's end is the one time that CPUs are asked: one that runs a kernel
 * thread has left the last program's table in TTBR0, and may walk it on
 * speculation at any time. mmu_loaded, written after TTBR0, tells which: nobody
 * enters a space without users, so a CPU where it names another one has left
 * this one for good. Where it names this one the CPU may be just leaving, so
 * the call looks at TTBR0 itself.
 *
 * [ARM] D8.14 "TLB maintenance", D8.14.5 "TLB maintenance instructions",
 * D8.14.1 "Using break-before-make when updating translation table entries"
 */
#include "arch/mmu.h"

#include "arch/aarch64/asid.h"
#include "arch/aarch64/machine.h"
#include "arch/aarch64/regs.h"
#include "arch/cpu.h"
#include "arch/image.h"
#include "boot/bootinfo.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "kernel/base/smp.h"
#include "kernel/base/spinlock.h"
#include "lib/format.h"

/* From here on all entries of the ASID go: one instruction against many, and
 * the refill of a TLB of a thousand entries. */
#define FLUSH_PAGES_MAX 64

struct mmu_features mmu_features;
struct mmu_space mmu_kernel_space;

static struct asid_pool mmu_asids;      /* [asid_lock], but see asid.h */
static struct asid_cpu mmu_asid_cpus[MAX_CPUS];         /* likewise */
static struct spinlock asid_lock = SPINLOCK_INIT(RANK_ASID);

static DEFINE_PERCPU(struct mmu_space *, mmu_loaded);

const pte_t mmu_empty_table[PT_ENTRIES] __aligned(PAGE_SIZE);

/* ---- features ---------------------------------------------------------------- */

static void mmu_describe(void)
{
	const struct mmu_features *f = &mmu_features;

	fmt_snprintf(mmu_features.text, sizeof(mmu_features.text),
		     "uxn pxn%s%s%s, zeroing by %u bytes, %u physical bits",
		     f->user_guard ? " pan" : "", f->hw_young ? " af" : "",
		     f->hw_dirty ? " dbm" : "", cpu_zva_size,
		     ilog2(f->phys_limit));
}

/* Bits of a physical address by ID_AA64MMFR0_EL1.PARange; what needs another
 * descriptor format (52 bits and more) is out of reach. */
static unsigned int mmu_phys_bits(u64 mmfr0)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48 };
	unsigned int range = ID_FIELD(mmfr0, ID_AA64MMFR0_PARANGE_SHIFT);

	return range < array_size(bits) ? bits[range] : 48;
}

static struct mmu_features mmu_read_features(void)
{
	u64 mmfr0 = read_sysreg(id_aa64mmfr0_el1);
	u64 mmfr1 = read_sysreg(id_aa64mmfr1_el1);
	unsigned int hafdbs = ID_FIELD(mmfr1, ID_AA64MMFR1_HAFDBS_SHIFT);
	unsigned int asid = ID_FIELD(mmfr0, ID_AA64MMFR0_ASIDBITS_SHIFT);

	return (struct mmu_features){
		.levels = 4,
		.leaf_levels = 7,
		.asid_bits = asid == 2 ? 16 : 8,
		.hw_young = hafdbs >= 1,
		.hw_dirty = hafdbs >= 2,
		.broadcast_flush = true,
		.break_before_make = true,
		.global_pages = true,
		.user_guard = ID_FIELD(mmfr1, ID_AA64MMFR1_PAN_SHIFT) != 0,
		.exec_guard = true,
		.phys_limit = (u64)1 << mmu_phys_bits(mmfr0),
	};
}

/* All CPUs are used like the first: one that can do less must not run. */
static void mmu_check_cpu(void)
{
	const struct mmu_features *all = &mmu_features;
	struct mmu_features f = mmu_read_features();

	if (f.asid_bits < all->asid_bits || f.hw_young < all->hw_young ||
	    f.hw_dirty < all->hw_dirty || f.user_guard < all->user_guard ||
	    f.phys_limit < all->phys_limit)
		panic("mmu: CPU %u lacks what the first one has (%s)",
		      this_cpu_read(cpu_number), all->text);
}

/* What start.S chose, and what this CPU can do besides. */
static u64 mmu_tcr(void)
{
	u64 tcr = TCR_EL1_BOOT;
	u64 mmfr0 = read_sysreg(id_aa64mmfr0_el1);
	u64 range = ID_FIELD(mmfr0, ID_AA64MMFR0_PARANGE_SHIFT);

	tcr |= MIN(range, (u64)5) << TCR_EL1_IPS_SHIFT;
	if (mmu_features.asid_bits == 16)
		tcr |= TCR_EL1_AS;
	if (mmu_features.hw_young)
		tcr |= TCR_EL1_HA;
	if (mmu_features.hw_dirty)
		tcr |= TCR_EL1_HD;
	return tcr;
}

void mmu_init_cpu(void)
{
	mmu_check_cpu();
	write_sysreg(tcr_el1, mmu_tcr());
	if (mmu_features.user_guard) {  /* and after every exception */
		write_sysreg(sctlr_el1,
			     read_sysreg(sctlr_el1) & ~SCTLR_EL1_SPAN);
		__asm__ volatile(".inst %0" : : "i"(MSR_PAN(1)));
	}
	isb();
	__asm__ volatile("tlbi vmalle1" : : : "memory");
	dsb(nsh);
	isb();
	this_cpu_write(mmu_loaded, &mmu_kernel_space);
}

void mmu_init(void)
{
	mmu_features = mmu_read_features();
	mmu_describe();
	asid_pool_init(&mmu_asids, mmu_features.asid_bits, mmu_asid_cpus,
		       MAX_CPUS);
	mmu_kernel_space = (struct mmu_space){
		.top = boot_top,
		.root = image_virt_to_phys(boot_top),
	};
	mmu_init_cpu();
	boot_map_window(&bootinfo);
}

/* ---- spaces --------------------------------------------------------------------- */

/*
 * The boot tables and the new ones map the image with leaves of different
 * sizes, which no TLB may ever see together: mmu_replace_root() (start.S) runs
 * from the identity map, and has no kernel half at all between the two.
 */
void mmu_kernel_activate(void)
{
	paddr_t code = image_virt_to_phys((void *)mmu_replace_root);
	paddr_t empty = image_virt_to_phys(mmu_empty_table);
	mmu_replace_root_fn *replace = (mmu_replace_root_fn *)code.v;

	replace(mmu_kernel_space.root.v, empty.v);
	write_sysreg(ttbr0_el1, empty.v);       /* the identity map goes */
	isb();
	__asm__ volatile("tlbi vmalle1" : : : "memory");
	dsb(nsh);
	isb();
	this_cpu_write(mmu_loaded, &mmu_kernel_space);
}

void mmu_space_init(struct mmu_space *space)
{
	space->root = virt_to_phys(space->top);
	space->asid = 0;
	space->flushes = 0;
	space->cpus = 0;
}

/* In an interrupt on the CPUs that seem to have it loaded. */
static void mmu_leave_space(void *arg)
{
	const struct mmu_space *space = arg;

	if ((read_sysreg(ttbr0_el1) & TTBR_ROOT) == space->root.v)
		mmu_switch(&mmu_kernel_space);
}

/* Entries of its ASID may remain: nobody gets the number again before every
 * CPU has emptied its TLB (asid.h). */
void mmu_space_fini(struct mmu_space *space)
{
	u64 cpus = 0;

	preempt_disable();
	for (unsigned int cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1))
		if (READ_ONCE(*cpu_ptr(mmu_loaded, cpu)) == space)
			cpus |= (u64)1 << cpu;
	mmu_leave_space(space);
	smp_call(cpus, mmu_leave_space, space);
	preempt_enable();
}

/* The space needs another number, or this CPU a flush. */
static u64 __noinline mmu_enter_slow(struct mmu_space *space)
{
	u64 asid;
	bool flush;

	spin_lock(&asid_lock);
	asid = asid_enter(&mmu_asids, this_cpu_read(cpu_number), &space->asid,
			  &flush);
	spin_unlock(&asid_lock);
	dsb(ishst);                     /* before any walk: see above */
	if (flush) {
		__asm__ volatile("tlbi vmalle1" : : : "memory");
		dsb(nsh);
	}
	return asid;
}

/* The ASID's number for a space that this CPU is about to load. */
static u64 mmu_enter(struct mmu_space *space)
{
	u64 asid = asid_try_enter(&mmu_asids, this_cpu_read(cpu_number),
				  &space->asid);

	if (unlikely(!asid))
		asid = mmu_enter_slow(space);
	return asid_number(&mmu_asids, asid);
}

/* mmu_loaded comes after TTBR0, see above. */
void mmu_switch(struct mmu_space *space)
{
	if (this_cpu_read(mmu_loaded) == space)
		return;
	if (space == &mmu_kernel_space)
		write_sysreg(ttbr0_el1, image_virt_to_phys(mmu_empty_table).v);
	else
		write_sysreg(ttbr0_el1,
			     space->root.v | mmu_enter(space)
						     << TTBR_ASID_SHIFT);
	isb();
	this_cpu_write(mmu_loaded, space);
}

/* ---- flushing -------------------------------------------------------------------- */

/* The space's number as TLBI wants it; read behind the barrier, see above. */
static u64 mmu_tlbi_asid(const struct mmu_space *space)
{
	return TLBI_ASID(asid_number(&mmu_asids, READ_ONCE(space->asid)));
}

void mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
		     bool tables)
{
	u64 asid;

	dsb(ishst);
	asid = mmu_tlbi_asid(space);
	if (end - start > FLUSH_PAGES_MAX * PAGE_SIZE)
		__asm__ volatile("tlbi aside1is, %0" : : "r"(asid));
	else if (tables)
		for (; start < end; start += PAGE_SIZE)
			__asm__ volatile("tlbi vae1is, %0"
					 :
					 : "r"(asid | TLBI_PAGE(start)));
	else
		for (; start < end; start += PAGE_SIZE)
			__asm__ volatile("tlbi vale1is, %0"
					 :
					 : "r"(asid | TLBI_PAGE(start)));
	dsb(ish);
}

void mmu_flush_space(struct mmu_space *space)
{
	dsb(ishst);
	__asm__ volatile("tlbi aside1is, %0" : : "r"(mmu_tlbi_asid(space)));
	dsb(ish);
}

void mmu_flush_kernel(vaddr_t start, vaddr_t end)
{
	dsb(ishst);
	if (end - start > FLUSH_PAGES_MAX * PAGE_SIZE)
		__asm__ volatile("tlbi vmalle1is" : : : "memory");
	else
		for (; start < end; start += PAGE_SIZE)
			__asm__ volatile("tlbi vaae1is, %0"
					 :
					 : "r"(TLBI_PAGE(start)));
	dsb(ish);
	isb();
}

/* Break before make: between the two leaves there is none, on any CPU. */
void pt_replace(struct mmu_space *space, vaddr_t va, unsigned int level,
		pte_t *slot, pte_t e)
{
	WRITE_ONCE(slot->v, 0);
	if (va_is_user(va))
		mmu_flush_range(space, va, va + 1, false);
	else
		mmu_flush_kernel(va, va + 1);
	pt_install(slot, e);
}

/* ---- caches ----------------------------------------------------------------------- */

/* Bytes of the smallest data cache line, by CTR_EL0.DminLine. */
#define CTR_DATA_LINE(ctr) ((size_t)4 << ((ctr) >> 16 & 0xf))
#define CTR_IDC ((u64)1 << 28)          /* fetches see the data caches */
#define CTR_DIC ((u64)1 << 29)          /* instruction caches see stores */

/* To the point of coherency. [ARM] D7.5.9 "About cache maintenance" */
void dcache_clean(const void *va, size_t len)
{
	size_t line = CTR_DATA_LINE(read_sysreg(ctr_el0));
	uintptr_t at = ALIGN_DOWN((uintptr_t)va, line);

	for (; at < (uintptr_t)va + len; at += line)
		__asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
	dsb(sy);
}

/* Other CPUs fetch anew at the latest when they return to user mode.
 * [ARM] B2.7.4.2 "Synchronization and coherency issues between data and
 * instruction accesses" */
void icache_sync(const void *va, size_t len)
{
	u64 ctr = read_sysreg(ctr_el0);
	uintptr_t start = (uintptr_t)va, end = start + len, at;
	size_t line = CTR_DATA_LINE(ctr);

	if (!(ctr & CTR_IDC))
		for (at = ALIGN_DOWN(start, line); at < end; at += line)
			__asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
	dsb(ish);
	if (!(ctr & CTR_DIC)) {         /* whatever address they fetch by */
		__asm__ volatile("ic ialluis" : : : "memory");
		dsb(ish);
	}
	isb();
}
