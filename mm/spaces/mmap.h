/* SPDX-License-Identifier: MIT */
/*
 * The mmap family on one address space. Every call takes and drops mm->lock
 * itself, and checks everything before it changes anything.
 */
#ifndef MM_SPACES_MMAP_H
#define MM_SPACES_MMAP_H

#include "mm/spaces/mman.h"
#include "mm/spaces/mm.h"

struct mmap_request {
	vaddr_t addr;                   /* hint, or the place with MAP_FIXED */
	size_t len;                     /* bytes */
	u32 prot;                       /* PROT_* */
	u32 flags;                      /* MAP_* */
	struct mapping *mapping;        /* NULL: anonymous memory */
	bool file;                      /* a descriptor was given, /dev/zero too */
	bool no_pages;                  /* … of a kind that has none to map */
	int refused;                    /* -errno of a file that is sealed, or 0 */
	bool refused_last;              /* … after all else, what lay there gone */
	u64 offset;                     /* bytes, page-aligned */
	bool may_write;                 /* descriptor allows writing */
	bool may_read;
	u32 vm_flags;                   /* extra VM_*: VM_STACK for exec */
};

/* 0 with *out, or -EINVAL -ENOMEM -EACCES -EEXIST -EOVERFLOW -EOPNOTSUPP -EPERM (mmap(2)). */
int __must_check mm_mmap(struct mm *mm, const struct mmap_request *rq,
			 vaddr_t *out);
int __must_check mm_munmap(struct mm *mm, vaddr_t addr, size_t len);
int __must_check mm_mprotect(struct mm *mm, vaddr_t addr, size_t len, u32 prot);
int __must_check mm_madvise(struct mm *mm, vaddr_t addr, size_t len,
			    int advice);
int __must_check mm_mremap(struct mm *mm, vaddr_t old, size_t old_len,
			   size_t new_len, u32 flags, vaddr_t new_addr,
			   vaddr_t *out);
/* brk(2) as the kernel does it: the new break, or the old one on failure. */
vaddr_t mm_brk(struct mm *mm, vaddr_t brk);
/* remap_file_pages(2): the range shows other pages of the file it maps shared.
 * 0, -EINVAL, or as mm_mmap(). (mm/spaces/remap.c) */
int __must_check mm_remap_file_pages(struct mm *mm, vaddr_t addr, size_t len,
				     u64 pgoff, u32 flags);
/* mlock(2) and its family. 0, -EPERM -ENOMEM -EINVAL -EAGAIN. */
int __must_check mm_mlock(struct mm *mm, vaddr_t addr, size_t len,
			  bool on_fault);
int __must_check mm_munlock(struct mm *mm, vaddr_t addr, size_t len);
int __must_check mm_mlockall(struct mm *mm, u32 flags);
void mm_munlockall(struct mm *mm);
/* PG_MLOCKED on what the space has locked, for who counts it. Context: no mm lock. */
void mlock_mark_pages(struct mm *mm);
/* One byte a page into vec: 1 in memory. 0, -ENOMEM (hole), -EINVAL
 * (misaligned). */
int __must_check mm_mincore(struct mm *mm, vaddr_t addr, size_t nr_pages,
			    u8 *vec);

/* The heap is [start, end) from now on (exec): its pages are mapped, and brk
 * moves end. 0 or -ENOMEM. */
int __must_check mm_set_brk(struct mm *mm, vaddr_t start, vaddr_t end);

/* Brings in what a call that has succeeded promised to have there. Context: no
 * mm lock. (mm/spaces/mlock.c) */
void mm_populate_locked(struct mm *mm, vaddr_t start, vaddr_t end);
/* Where a mapping of len bytes would go now; 0: nowhere. It is not reserved. */
vaddr_t mm_find_place(struct mm *mm, size_t len);

/* ---- inside mm/spaces: mm->lock held for writing -------------------------- */

/* A free place for len bytes: hint if it fits, else the highest hole below
 * mmap_base, else above it; 0: none. */
vaddr_t mmap_find_place(struct mm *mm, vaddr_t hint, size_t len);

/* Takes [start, end) out of the space, pages and tables too; the VMAs go to
 * *dead. 0, or -ENOMEM without a change. */
int __must_check mmap_cut(struct mm *mm, vaddr_t start, vaddr_t end,
			  struct vma **dead);

#endif
