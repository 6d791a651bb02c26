/* SPDX-License-Identifier: MIT */
/*
 * struct mm: one address space. VMAs in a tree, a page-table tree, counters.
 *
 *   USER_END ┌───────────────┐
 *            │ stack ↓       │  grows on faults, guard gap below
 *            ├───────────────┤  mmap_base
 *            │ mmap area ↓   │  top-down search by largest gap
 *            │      …        │
 *            │ heap ↑ (brk)  │
 *            │ bss data text │  the program
 *        64K └───────────────┘  never mapped below
 *
 * Locking: mm->lock (rwlock) guards the tree and the fields marked [lock]:
 * faults read, mmap family writes. Page tables have their own locks.
 * The header of mm/spaces/fault.c tells why that is safe.
 */
#ifndef MM_SPACES_MM_H
#define MM_SPACES_MM_H

#include "arch/mmu.h"
#include "kernel/base/lock.h"
#include "lib/rbtree.h"
#include "mm/spaces/vma.h"

struct thread;
struct tlb_batch;
struct family;

enum { RSS_ANON, RSS_FILE, RSS_SHMEM, RSS_NR };

struct mm {
	struct mmu_space space;
	struct rwlock lock;
	struct rb_root vmas;            /* [lock] by start, largest gap below */
	struct vma *hint;               /* [lock; readers store it too] last found */
	u32 nr_vmas;                    /* [lock] */
	u32 users;                      /* threads that run in it [atomic] */
	vaddr_t mmap_base;              /* top of the mmap area */
	vaddr_t start_code, end_code, start_data, end_data;
	vaddr_t start_brk, brk;         /* [lock] */
	vaddr_t start_stack;
	vaddr_t vdso;                   /* the kernel's page of user code; 0: none */
	vaddr_t arg_start, arg_end, env_start, env_end;
	u64 total_vm;                   /* pages in VMAs = VSS [lock] */
	u64 hiwater_vm;                 /* the largest total_vm, as of the last shrink [lock] */
	u64 data_vm, stack_vm, exec_vm; /* pages [lock] */
	u64 locked_vm;                  /* pages in VM_LOCKED VMAs [lock] */
	u64 account_vm;                 /* pages in VM_ACCOUNT VMAs [lock] */
	u64 charged_vm;                 /* pages promised to it: charge.c [lock] */
	u32 future_flags;               /* VM_LOCK_BITS of what comes: MCL_FUTURE [lock] */
	s64 rss[RSS_NR];                /* pages mapped [atomic] */
	u64 hiwater_rss;                /* pages, as of the last shrink: mm_hiwater_rss() */
	u64 nr_tables;                  /* page-table pages, the top one too [atomic] */
	u64 nr_shared;                  /* of them: writing denied, share.h [lock] */
	u64 min_flt, maj_flt;           /* faults [atomic] */
	/* bytes; RLIMIT_*. memlock: ~0 for who has CAP_IPC_LOCK */
	u64 limit_as, limit_data, limit_stack, limit_memlock;
	bool is_admin;                  /* may take the last of memory: CAP_SYS_ADMIN */
	struct list_node all_node;      /* [mm list lock] */
	struct family *family;          /* whom it shares anonymous pages with */
	struct list_node family_node;   /* [family->lock] */
	bool has_moved;                 /* some VMA had moved_by [lock] */
	u64 auxv[48];                   /* for /proc/PID/auxv */
};

/* A space with a top table and no VMAs; users = 1. 0 or -ENOMEM. */
int __must_check mm_create(struct mm **out);
/* The same for a child; fork calls family_join() when it has its leaves, and
 * mm_list_add(), before which mm_for_each() passes it over. */
int __must_check mm_create_relative(struct mm *parent, struct mm **out);
void mm_list_add(struct mm *mm);
void mm_get(struct mm *mm);
/* The last user tears everything down. Context: thread, not running in mm. */
void mm_put(struct mm *mm);

/* Copy of the calling task's space for fork: every private writable page
 * becomes copy-on-write in both. 0 or -ENOMEM with nothing left behind.
 * (mm/spaces/fork.c) */
int __must_check mm_fork(struct mm *parent, struct mm **out);

/* Makes thread t run in mm (NULL: none) and loads it if t is current. */
void mm_use(struct thread *t, struct mm *mm);

/* Object caches, and the hook for sched_switch_space. Boot. */
void mm_init(void);

static inline s64 mm_rss(const struct mm *mm)
{
	return READ_ONCE(mm->rss[RSS_ANON]) + READ_ONCE(mm->rss[RSS_FILE]) +
	       READ_ONCE(mm->rss[RSS_SHMEM]);
}

/* The most pages that were ever mapped at once. */
static inline u64 mm_hiwater_rss(const struct mm *mm)
{
	return MAX(mm->hiwater_rss, (u64)mm_rss(mm));
}

/* The most pages that VMAs ever had. */
static inline u64 mm_hiwater_vm(const struct mm *mm)
{
	return MAX(mm->hiwater_vm, mm->total_vm);
}

/* First VMA with end > addr, or NULL. Context: mm lock. */
static inline struct vma *vma_find(struct mm *mm, vaddr_t addr)
{
	struct vma *hint = READ_ONCE(mm->hint);

	if (likely(hint && hint->start <= addr && addr < hint->end))
		return hint;
	return vma_find_slow(mm, addr);
}

void vma_tree_init(struct mm *mm);

/* Whether nr_pages more with these VM_* flags keep within RLIMIT_AS and _DATA. */
bool mm_may_grow(const struct mm *mm, u32 vm_flags, u64 nr_pages);

/* The same for RLIMIT_MEMLOCK. (mm/spaces/mlock.c) */
bool mm_may_lock(const struct mm *mm, u64 nr_pages);

/* Before leaves go: remembers the present RSS as a high-water mark. */
void mm_note_hiwater(struct mm *mm);

/*
 * Takes every leaf of [start, end) out of the tables: references go to the
 * batch, RSS shrinks. Tables stay. (mm/spaces/unmap.c)
 * Context: mm lock, or a space that nobody uses any more, or the rmap.lock of a
 * file that the range maps.
 */
void mm_unmap_pages(struct mm *mm, vaddr_t start, vaddr_t end,
		    struct tlb_batch *batch);

/* The same for leaves of FILE pages only: private copies stay. */
void mm_unmap_file_pages(struct mm *mm, vaddr_t start, vaddr_t end,
			 struct tlb_batch *batch);

void mm_for_each(void (*fn)(struct mm *mm, void *arg), void *arg);
const char *mm_check(struct mm *mm);
/* Recounts rss and tables from the page table; NULL or the difference. */
const char *mm_recount(struct mm *mm);

struct strbuf;
/* /proc/PID/maps lines from address *pos, as many whole lines as fit; *pos
 * moves on, to USER_END after the last. */
void mm_show_maps(struct mm *mm, struct strbuf *sb, u64 *pos);
/* One of them: whether it was written. look (or NULL) sees the VMA under lock. */
typedef void mm_look_fn(struct vma *vma, void *arg);
bool mm_show_map(struct mm *mm, struct strbuf *sb, u64 *pos, mm_look_fn *look,
		 void *arg);
/* The same for numa_maps: address, policy, what it is; no newline. */
bool mm_show_numa(struct mm *mm, struct strbuf *sb, u64 *pos, mm_look_fn *look,
		  void *arg);

/* A part of a range in one VMA: a copy, for use without the lock. */
struct vma_part {
	vaddr_t start, end;
	u32 flags;                      /* VM_* */
};

/* The first part of [start, end) that lies in a VMA; false: none. */
bool mm_next_part(struct mm *mm, vaddr_t start, vaddr_t end,
		  struct vma_part *part);

#endif
