/* SPDX-License-Identifier: MIT */
/*
 * The MMU as memory management sees it: the tree walk belongs to mm, the bits
 * belong to the machine.
 *
 *                   mm/tables/pgtable (pt_cursor, the only walker)
 *      codec: what an entry means        slots: touching a live table
 *      flushes: on return nobody uses the old translation
 *
 * Levels count from the leaf: level 0 entries map 4 KiB, level 1 2 MiB,
 * level 2 1 GiB; level mmu_features.levels - 1 is the top table. Every table
 * is one page of 512 entries on all machines.
 *
 * Invariants that every machine keeps and every caller relies on:
 *  [M1] A slot changes only through the slot operations below.
 *  [M2] none -> valid (pt_install) needs no flush: no machine caches a miss.
 *  [M3] Any other change of a valid entry leaves stale translations until one
 *       of the mmu_flush_* operations returns; the frame may not be reused
 *       before. struct tlb_batch (mm/tables/tlb.h) is the only place where
 *       mm calls them.
 *  [M4] A live leaf never becomes another live leaf of a different frame or
 *       size except by pt_replace, which does break-before-make where the
 *       machine wants it.
 *  [M5] Kernel halves of all spaces are the same: the top-level entries of
 *       the kernel half are filled once at boot (mm/tables/kmap.c) and
 *       never change afterwards.
 *  [M6] A fault forgets the faulting CPU's translation of its address. So an
 *       entry that only became stronger (more rights) needs no flush: at
 *       worst another CPU faults once and finds nothing to do.
 *
 * The machine's half of the inlines stands in arch/<machine>/machine_mmu.h.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "lib/types.h"

#define PT_ENTRIES     512
#define PT_INDEX_BITS  9
#define PT_MAX_LEVELS  5

/* What an entry is, at a given level. */
enum pte_kind {
	PTE_NONE,                       /* all zero meaning: nothing here */
	PTE_TABLE,                      /* points to the table one level below */
	PTE_LEAF,                       /* maps memory */
	PTE_SWAP,                       /* software entry: not present, not none */
};

/* Protection and attributes of a leaf, the same words on every machine. */
typedef u32 ptprot_t;
enum {
	PT_READ = 1 << 0,               /* implied by write and execute */
	PT_WRITE = 1 << 1,
	PT_EXEC = 1 << 2,
	PT_USER = 1 << 3,               /* reachable from user mode */
	PT_GLOBAL = 1 << 4,             /* the same in every space (kernel) */
	PT_DEVICE = 1 << 5,             /* uncached, strongly ordered */
	PT_YOUNG = 1 << 6,              /* was used since the bit was cleared */
	PT_DIRTY = 1 << 7,              /* was written */
};

/* Asked at run time, printed at boot; filled in by mmu_init(). */
struct mmu_features {
	u8 levels;                      /* of the walk: 4, or 5 */
	u8 leaf_levels;                 /* bit n: leaves at level n exist */
	u8 asid_bits;                   /* ASID or PCID width; 0: none */
	bool hw_young;                  /* hardware sets the accessed bit */
	bool hw_dirty;                  /* hardware sets the dirty bit */
	bool broadcast_flush;           /* a flush reaches other CPUs by itself */
	bool break_before_make;         /* live-to-live needs an invalid step */
	bool global_pages;
	bool user_guard;                /* SMAP / PAN: kernel can't touch user pages */
	bool exec_guard;                /* SMEP / PXN */
	const char *leaf_name[3];       /* of level n in meminfo's DirectMap lines; NULL: none */
	u64 phys_limit;                 /* first physical address out of reach */
	char text[160];                 /* one line for the boot log: names of the CPU's features in use */
};
extern struct mmu_features mmu_features;

/* The machine's side of one address space. */
struct mmu_space {
	pte_t *top;                     /* top table, by its direct-map address */
	paddr_t root;                   /* the same, for the root register */
	u64 asid;                       /* machine's own: generation and number */
	u64 flushes;                    /* machine's own: flushes so far [atomic] */
	u64 cpus;                       /* bit n: CPU n may hold its translations [atomic] */
};
extern struct mmu_space mmu_kernel_space;

/* ---- user pointers, in machine_mmu.h --------------------------------------
 *
 * static inline vaddr_t uaddr_untag(vaddr_t va);
 *	The address that a user access by the pointer va means: AArch64 takes
 *	its top byte for a tag and ignores it. An address is its own pointer,
 *	so this is harmless twice. What system calls may do with tags: kernel/task/README.md.
 *
 * ---- the codec: pure functions, in machine_mmu.h ------------------------
 *
 * static inline pte_t pte_none(void);
 * static inline enum pte_kind pte_kind(pte_t e, unsigned int level);
 * static inline pte_t pte_make_table(paddr_t table);
 * static inline pte_t pte_table_with_write(pte_t e, bool allowed);	table
 * static inline bool pte_table_writable(pte_t e);	above level 0; false: no table, too
 *	A table entry that denies writing denies it to all that lies below it,
 *	whatever the leaves say, and they go on saying it. A new one allows it.
 * static inline pte_t pte_make_leaf(paddr_t pa, ptprot_t prot, unsigned int level);
 *	pa is aligned to the level's size; level is one of leaf_levels.
 * static inline pte_t pte_make_swap(swp_t swp);	swp.v < 2^58
 * static inline paddr_t pte_paddr(pte_t e, unsigned int level);	table or leaf
 * static inline ptprot_t pte_prot(pte_t e, unsigned int level);	leaf
 * static inline pte_t pte_with_prot(pte_t e, ptprot_t prot, unsigned int level);
 * static inline swp_t pte_swap(pte_t e);
 *
 * Round trips hold: pte_prot(pte_make_leaf(pa, prot, l), l) == prot | PT_READ
 * wherever the machine can express prot (device implies no PT_EXEC). A leaf
 * with none of read, write and execute is a silent one: it keeps its frame and
 * its other bits, pte_prot() shows no PT_READ, and any access faults as if
 * nothing were there (FAULT_PRESENT clear). PROT_NONE is made of these.
 *
 * ---- the slots: the only ways to touch a live table, in machine_mmu.h ----
 *
 * static inline pte_t pt_read(const pte_t *slot);
 *	One untorn read. Context: any; the table cannot go away meanwhile.
 * static inline void pt_install(pte_t *slot, pte_t e);
 *	none or swap -> anything. Orders the stores that filled a new table or
 *	page before the entry, for every CPU's walker. Context: table lock.
 * static inline pte_t pt_clear(pte_t *slot);
 *	anything -> none, atomically against the hardware's young and dirty;
 *	returns the old entry. The caller's tlb_batch flushes. Context: table lock.
 * static inline pte_t pt_set_prot(pte_t *slot, ptprot_t prot, unsigned int level);
 *	Leaf -> same frame with prot; the hardware's young and dirty bits of
 *	the old entry are kept (they are added to prot). Returns the old entry;
 *	the caller's tlb_batch flushes if anything became weaker. Context: table lock.
 * static inline void pt_set_table_write(pte_t *slot, bool allowed);
 *	Table -> same table, with writing below it allowed or denied. Either way
 *	the caller's tlb_batch flushes all that lies below, with `tables`: [M6]
 *	is not said of table entries. Context: nobody else changes the slot.
 * static inline bool pt_test_clear_young(pte_t *slot, unsigned int level);
 *	Whether it was young; now it is old. No flush needed for correctness.
 *
 * static inline void mmu_assert_unused(paddr_t pa, unsigned int order);
 *	2^order frames are being freed: a machine that can look into its TLBs
 *	(host) reports "freed-but-mapped" when one still translates to them.
 */

/**
 * pt_replace() - live leaf -> leaf of another frame (copy-on-write, migration)
 *
 * Does break-before-make where the machine wants it. On return no CPU can use
 * the old translation: no batch is needed, the old frame may be freed.
 * Context: table lock held; may send IPIs.
 */
void pt_replace(struct mmu_space *space, vaddr_t va, unsigned int level,
		pte_t *slot, pte_t e);

/**
 * mmu_init() - read the CPU's features, set up this CPU's MMU control bits
 *
 * Fills mmu_features; mmu_kernel_space already names the boot tables. Runs on
 * the boot tables, before any table of mm exists. Context: boot, once.
 */
void mmu_init(void);

/** mmu_init_cpu() - the control bits of one more CPU. Context: boot of that CPU. */
void mmu_init_cpu(void);

/**
 * mmu_kernel_activate() - leave the boot tables for mmu_kernel_space
 *
 * mm has built the kernel's tables (direct map, image) under
 * mmu_kernel_space.top; from here on they are the live ones, and their
 * top-level entries of the kernel half do not change any more [M5].
 * Context: boot, once per CPU.
 */
void mmu_kernel_activate(void);

/**
 * mmu_space_init() - make a fresh top table ready for a user space
 *
 * space->top points to a zeroed page; the kernel half is filled in where the
 * machine has one root for both halves. Context: thread.
 */
void mmu_space_init(struct mmu_space *space);

/**
 * mmu_space_fini() - forget the space: no CPU holds its translations any more
 *
 * CPUs that kept it loaded while they run kernel threads are made to leave it.
 * Context: thread, no spinlock; may send IPIs and wait for them.
 */
void mmu_space_fini(struct mmu_space *space);

/**
 * mmu_switch() - let this CPU translate user addresses through space
 *
 * Keeps translations of other spaces where tags (ASID, PCID) allow it. NULL is
 * not allowed: kernel threads keep what was there, or pass mmu_kernel_space.
 * Context: preemption off.
 */
void mmu_switch(struct mmu_space *space);

/**
 * mmu_flush_range() - forget [start, end) of a user space on every CPU
 *
 * On return no CPU can use a translation of the range that was in the tables
 * before the call, nor a cached upper-level entry of it if tables is true.
 * Context: any but hard interrupt; may send IPIs and wait for them.
 */
void mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
		     bool tables);

/** mmu_flush_space() - the same for the whole user half of a space. */
void mmu_flush_space(struct mmu_space *space);

/**
 * mmu_flush_kernel() - the same for a range of the kernel half, all CPUs
 *
 * Leaves of the kernel half carry PT_GLOBAL: they belong to no space.
 */
void mmu_flush_kernel(vaddr_t start, vaddr_t end);

/**
 * icache_sync() - make instructions written at [va, va + len) executable
 *
 * va is any mapping of the frames. No-op on machines with coherent caches.
 */
void icache_sync(const void *va, size_t len);

/* Upcall, implemented by mm/tables/vmalloc.c: the machine's own drivers (interrupt
 * controller, timer) reach their registers through it. NULL: no memory. */
void __iomem *__must_check ioremap(paddr_t pa, size_t size);

#include <layout.h>
#include <machine_mmu.h>

/* ---- derived from the above ---------------------------------------------- */

static inline unsigned int pt_level_shift(unsigned int level)
{
	return PAGE_SHIFT + PT_INDEX_BITS * level;
}

/* Bytes that one entry of this level covers. */
static inline size_t pt_level_size(unsigned int level)
{
	return (size_t)1 << pt_level_shift(level);
}

static inline unsigned int pt_index(vaddr_t va, unsigned int level)
{
	return va >> pt_level_shift(level) & (PT_ENTRIES - 1);
}

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(DIRECT_MAP_BASE + (uintptr_t)pa.v);
}

/* Only for addresses inside the direct map; see mm/tables/kmap.h for others. */
static inline paddr_t virt_to_phys(const void *va)
{
	return pa_make((uintptr_t)va - DIRECT_MAP_BASE);
}

static inline bool va_is_user(vaddr_t va) { return va < USER_END; }

static inline bool va_is_direct(vaddr_t va)
{
	return va >= DIRECT_MAP_BASE && va - DIRECT_MAP_BASE < DIRECT_MAP_SIZE;
}

#endif
