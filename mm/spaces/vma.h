/* SPDX-License-Identifier: MIT */
/*
 * VMAs: ranges of an address space with one protection and one backing.
 *
 *	       gap_before      gap_before
 *	─┤ VMA ├─────────┤ VMA ├─────────┤▒▒▒▒▒ stack ├─
 *	                                  guard: not offered to mmap
 *
 * Invariants (vma_tree_check): [V1] sorted, not empty, page-aligned, without
 * overlap; [V2] gap_before and gap are what the neighbours and the subtree
 * say; [V3] neighbours that could merge are merged; [V4] mm->nr_vmas and the
 * page totals agree with the tree; [V5] a VMA of a file is linked in the file's
 * rmap, with its range of pages.
 */
#ifndef MM_SPACES_VMA_H
#define MM_SPACES_VMA_H

#include "mm/backing/rmap.h"
#include "lib/types.h"

struct mm;
struct mapping;
struct backing_ops;

enum {
	VM_READ = 1 << 0,
	VM_WRITE = 1 << 1,
	VM_EXEC = 1 << 2,
	VM_SHARED = 1 << 3,
	VM_MAYREAD = 1 << 4,            /* mprotect may give it: VM_READ << 4 … */
	VM_MAYWRITE = 1 << 5,
	VM_MAYEXEC = 1 << 6,
	VM_GROWSDOWN = 1 << 7,
	VM_STACK = 1 << 8,              /* the main stack */
	VM_HEAP = 1 << 9,               /* made by brk */
	VM_NORESERVE = 1 << 10,
	VM_LOCKED = 1 << 11,
	VM_DONTFORK = 1 << 12,          /* from here on: madvise */
	VM_WIPEONFORK = 1 << 13,
	VM_DONTDUMP = 1 << 14,
	VM_RANDOM = 1 << 15,            /* no fault-around */
	VM_SEQUENTIAL = 1 << 16,
	VM_MERGEABLE = 1 << 17,
	VM_HUGEPAGE = 1 << 18,
	VM_NOHUGEPAGE = 1 << 19,
	VM_LOCKONFAULT = 1 << 20,       /* locked, but comes in when touched */
	VM_LOCK_BITS = VM_LOCKED | VM_LOCKONFAULT,
	VM_ACCESS = VM_READ | VM_WRITE | VM_EXEC,
	/* neighbours may differ in these and still be one */
	VM_MERGE_IGNORES = VM_HEAP,
};

struct vma {
	vaddr_t start;                  /* page-aligned */
	vaddr_t end;
	u32 flags;                      /* VM_* */
	u32 prot;                       /* ptprot_t of a leaf with all its rights */
	const struct backing_ops *backing;
	struct mapping *mapping;        /* file; NULL: anonymous. Holds a reference */
	u64 pgoff;                      /* page of the file at start; anonymous: start >> PAGE_SHIFT */
	vaddr_t moved_by;               /* private: how far mremap took it from home; see family.h */
	/* vma_copy_values() ends here */
	struct rb_node node;            /* [mm lock] */
	vaddr_t gap;                    /* largest gap_before of this subtree */
	vaddr_t gap_before;             /* bytes that mmap may use below start */
	struct mm *mm;
	struct rmap_link rmap;          /* file: in its mapping's tree while in ours */
	struct vma *next_dead;          /* chain of VMAs that left the tree */
};

/* ---- look --------------------------------------------------------------- */

/* First VMA with end > addr, or NULL: slow part of vma_find(). */
struct vma *vma_find_slow(struct mm *mm, vaddr_t addr);
static inline struct vma *vma_of(const struct rb_node *node)
{
	return node ? rb_entry(node, struct vma, node) : NULL;
}

struct vma *vma_next(const struct vma *vma);
struct vma *vma_prev(const struct vma *vma);

/* Last VMA with end <= addr, or NULL. Context: mm lock. */
struct vma *vma_find_before(struct mm *mm, vaddr_t addr);

/* Page of the backing at address va. */
static inline u64 vma_index(const struct vma *vma, vaddr_t va)
{
	return vma->pgoff + ((va - vma->start) >> PAGE_SHIFT);
}

/* The home of what private memory has at address va (family.h). */
static inline u64 vma_home(const struct vma *vma, vaddr_t va)
{
	return (va - vma->moved_by) >> PAGE_SHIFT;
}

static inline u64 vma_pages(const struct vma *vma)
{
	return (vma->end - vma->start) >> PAGE_SHIFT;
}

/* Private, writable, and not a stack: what RLIMIT_DATA limits. */
static inline bool vma_flags_are_data(u32 flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}

/* Lowest address that new mappings must keep clear of. */
vaddr_t vma_guard_start(const struct vma *vma);

/* Highest free range of len bytes inside [low, high); 0: none. */
vaddr_t vma_find_gap(struct mm *mm, size_t len, vaddr_t low, vaddr_t high);

/* ---- change: mm lock for writing ------------------------------------------ */

/* The leaf protection that VM_* flags give. */
u32 vma_leaf_prot(u32 flags);

/* What a VMA says of its range, without its places in trees: the fields before
 * node. */
static inline void vma_copy_values(struct vma *to, const struct vma *from)
{
	__builtin_memcpy(to, from, offsetof(struct vma, node));
}

/* A VMA on its own, from the values of tmpl; NULL: no memory. Takes a
 * reference to the mapping. */
struct vma *__must_check vma_create(const struct vma *tmpl);

/* Frees a chain, dropping the mappings' references. Context: no mm lock. */
void vma_free_chain(struct vma *dead);

/* The rmap of the VMA's file; NULL: anonymous. */
struct rmap *vma_rmap(const struct vma *vma);

void vma_insert(struct mm *mm, struct vma *vma);
/* The same in two steps, for fork: the tree; then rmap, with its lock held. */
void vma_insert_unlinked(struct mm *mm, struct vma *vma);
void vma_link_file(struct vma *vma);
/* All files forget the VMAs of a space that dies. */
void vma_unlink_files(struct mm *mm);
void vma_remove(struct mm *mm, struct vma *vma);

/* Moves the bounds over free space; pgoff follows start. */
void vma_set_range(struct vma *vma, vaddr_t start, vaddr_t end);

/* vma keeps [start, at), upper (from vma_create(vma)) becomes [at, end). */
void vma_split(struct vma *vma, vaddr_t at, struct vma *upper);

/* Makes start and end borders of VMAs. 0, or -ENOMEM without a change. */
int __must_check vma_isolate(struct mm *mm, vaddr_t start, vaddr_t end);

/* Joins vma with the neighbours it fits; the swallowed go to *dead. Returns
 * the VMA that now covers it. */
struct vma *vma_merge(struct mm *mm, struct vma *vma, struct vma **dead);

/* vma_merge() over every border in [start, end]. */
void vma_merge_range(struct mm *mm, vaddr_t start, vaddr_t end,
		     struct vma **dead);

/* New flags for a whole VMA: leaf protection and totals follow. */
void vma_set_flags(struct vma *vma, u32 flags);

void vma_cache_init(void);
const char *vma_tree_check(struct mm *mm);

#endif
