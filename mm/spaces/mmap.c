/* SPDX-License-Identifier: MIT */
/*
 * mmap and munmap: VMAs come and go.
 *
 *	check the request ─► take a VMA ─► [lock] find the place ─► room?
 *	    ─► cut what is below (MAP_FIXED) ─► insert, merge [unlock] ─► populate
 *
 * mmap only promises: no frame and no page table is touched until somebody
 * uses the memory (MAP_POPULATE asks for that at once). munmap takes back
 * VMAs, leaves and the tables that served nothing else, in that order, with
 * one TLB flush before the lock goes: whoever maps the range next finds no
 * stale translation.
 *
 * Everything that can fail (a VMA for the new range, one more for the upper
 * half of a VMA that is cut in its middle) happens before the first change.
 *
 * Placement: a usable hint, else the highest hole under mmap_base that is
 * large enough. Guard gaps of stacks are left alone, except by MAP_FIXED.
 *
 * Not here: huge pages.
 */
#include "mm/spaces/mmap.h"

#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "mm/backing/backing.h"
#include "mm/backing/mapping.h"
#include "mm/spaces/charge.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/tlb.h"

#define FILE_SIZE_MAX ((1ull << 63) - 1)

/* Flags that MAP_SHARED_VALIDATE knows. */
enum {
	MAP_KNOWN = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN |
		    MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED |
		    MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |
		    MAP_HUGETLB | MAP_HUGE_SIZES,
};

/* ---- the request ---------------------------------------------------------- */

static bool mmap_has_file(const struct mmap_request *rq)
{
	return rq->file || rq->mapping;
}

static bool mmap_is_fixed(const struct mmap_request *rq)
{
	return rq->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
}

/* Checks that need neither lock nor memory; *len becomes whole pages. */
static int mmap_check_range(const struct mmap_request *rq, size_t *len)
{
	if (rq->len == 0)
		return -EINVAL;
	if (rq->flags & MAP_HUGETLB)    /* no huge pages are set aside */
		return mmap_has_file(rq) ? -EINVAL : -ENOMEM;
	*len = ALIGN_UP(rq->len, PAGE_SIZE);
	if (*len == 0 || *len > USER_END - MM_MIN_ADDR)
		return -ENOMEM;         /* nowhere, whatever else is wrong */
	if (rq->offset & ~PAGE_MASK)
		return -EINVAL;
	if (!mmap_is_fixed(rq))
		return 0;
	if (rq->addr > USER_END - *len)
		return -ENOMEM;
	if (rq->addr & ~PAGE_MASK)
		return -EINVAL;
	return rq->addr < MM_MIN_ADDR ? -EPERM : 0;
}

/* May the descriptor give this mapping? */
static int mmap_check_file(const struct mmap_request *rq, bool shared)
{
	if ((rq->flags & MAP_TYPE) == MAP_SHARED_VALIDATE &&
	    rq->flags & ~(u32)MAP_KNOWN)
		return -EOPNOTSUPP;
	if (!rq->may_read ||
	    (shared && rq->prot & PROT_WRITE && !rq->may_write && !rq->refused))
		return -EACCES;
	if (rq->no_pages)
		return -ENODEV;
	return rq->flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

/* Does it end behind the last byte that a file can have? */
static bool mmap_overflows(const struct mmap_request *rq, size_t len)
{
	return rq->mapping &&
	       (len > FILE_SIZE_MAX || rq->offset > FILE_SIZE_MAX - len);
}

/* Is it a kind of mapping at all, and may the descriptor give it? */
static int mmap_check_kind(const struct mmap_request *rq, size_t len)
{
	u32 type = rq->flags & MAP_TYPE;
	bool shared = type == MAP_SHARED ||
		      (type == MAP_SHARED_VALIDATE && mmap_has_file(rq));

	if (mmap_overflows(rq, len))
		return -EOVERFLOW;
	if (!shared && type != MAP_PRIVATE)
		return -EINVAL;
	if (mmap_has_file(rq))
		return mmap_check_file(rq, shared);
	/* Only private anonymous memory grows down. */
	return shared && rq->flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

static u32 mmap_vm_flags(const struct mm *mm, const struct mmap_request *rq)
{
	u32 flags = rq->vm_flags | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
		    READ_ONCE(mm->future_flags);

	flags |= rq->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
	if ((rq->flags & MAP_TYPE) != MAP_PRIVATE) {
		flags |= VM_SHARED;
		if (mmap_has_file(rq) && !rq->may_write)
			flags &= ~(u32)VM_MAYWRITE;
	}
	if (rq->flags & MAP_GROWSDOWN)
		flags |= VM_GROWSDOWN;
	/* Who may not overcommit does not get memory for nothing either. */
	if (rq->flags & MAP_NORESERVE &&
	    READ_ONCE(commit_rules.mode) != COMMIT_NEVER)
		flags |= VM_NORESERVE;
	if (vma_flags_are_promised(flags))
		flags |= VM_ACCOUNT;
	if (rq->flags & MAP_LOCKED)
		flags |= VM_LOCKED;
	return flags;
}

static_assert((int)PROT_READ == VM_READ && (int)PROT_WRITE == VM_WRITE &&
		      (int)PROT_EXEC == VM_EXEC,
	      "PROT_* and VM_* agree in their low bits");

static const struct backing_ops *mmap_backing(const struct vma *vma)
{
	if (!vma->mapping)
		return &anon_backing;
	return vma->flags & VM_SHARED ? &file_shared_backing
				      : &file_private_backing;
}

/* A VMA for the request, without a place yet. Shared anonymous memory gets
 * its mapping here. 0 or -ENOMEM. */
static int mmap_make_vma(const struct mm *mm, const struct mmap_request *rq,
			 size_t len, struct vma **out)
{
	struct vma tmpl = { .flags = mmap_vm_flags(mm, rq),
			    .mapping = rq->mapping,
			    .pgoff = rq->offset >> PAGE_SHIFT,
			    .end = len };
	struct mapping *shared = NULL;

	if (!rq->mapping && tmpl.flags & VM_SHARED) {
		int err = shmem_create(len, &shared);

		if (err)
			return err;
		tmpl.mapping = shared;
		tmpl.pgoff = 0;
	}
	tmpl.prot = vma_leaf_prot(tmpl.flags);
	tmpl.backing = mmap_backing(&tmpl);
	*out = vma_create(&tmpl);
	if (shared)                     /* the VMA has its own reference */
		shared->ops->put(shared);
	return *out ? 0 : -ENOMEM;
}

/* ---- the place ------------------------------------------------------------- */

static bool mmap_hint_fits(struct mm *mm, vaddr_t hint, size_t len)
{
	struct vma *next;

	if (hint < MM_MIN_ADDR || hint > USER_END - len)
		return false;
	next = vma_find(mm, hint);
	return !next ||
	       (next->start > hint && hint + len <= vma_guard_start(next));
}

/**
 * mmap_find_place() - a free place for len bytes
 *
 * hint: 0, or where the caller would like it (rounded down to a page).
 * Context: mm->lock. Return: the address, or 0: no hole is large enough.
 */
vaddr_t mmap_find_place(struct mm *mm, vaddr_t hint, size_t len)
{
	vaddr_t at;

	hint = ALIGN_DOWN(hint, PAGE_SIZE);
	if (hint) {
		hint = MAX(hint, (vaddr_t)MM_MIN_ADDR);
		if (mmap_hint_fits(mm, hint, len))
			return hint;
	}
	at = vma_find_gap(mm, len, MM_MIN_ADDR, mm->mmap_base);
	return at ? at : vma_find_gap(mm, len, mm->mmap_base, USER_END);
}

/**
 * mm_find_place() - where a mapping of len bytes would go now
 *
 * Of use as long as nobody else maps there: exec asks it about a new space.
 * Context: thread, without mm->lock. Return: the address, or 0: no room.
 */
vaddr_t mm_find_place(struct mm *mm, size_t len)
{
	vaddr_t at;

	write_lock(&mm->lock);
	at = mmap_find_place(mm, 0, len);
	write_unlock(&mm->lock);
	return at;
}

/**
 * mm_may_grow() - would nr_pages more with these flags keep the limits?
 *
 * RLIMIT_AS counts everything, RLIMIT_DATA private writable memory.
 * Context: mm->lock.
 */
bool mm_may_grow(const struct mm *mm, u32 vm_flags, u64 nr_pages)
{
	if (mm->total_vm + nr_pages > mm->limit_as >> PAGE_SHIFT)
		return false;
	return !vma_flags_are_data(vm_flags) ||
	       mm->data_vm + nr_pages <= mm->limit_data >> PAGE_SHIFT;
}

/* MAP_FIXED_NOREPLACE, and something is there? Context: mm->lock. */
static bool mmap_is_occupied(struct mm *mm, const struct mmap_request *rq,
			     size_t len)
{
	struct vma *vma;

	if (!(rq->flags & MAP_FIXED_NOREPLACE))
		return false;
	vma = vma_find(mm, rq->addr);
	return vma && vma->start < rq->addr + len;
}

/* The error of a request that cannot be granted: a place that is taken, or none
 * that is large enough, goes first. */
static int mmap_refuse(struct mm *mm, const struct mmap_request *rq, size_t len,
		       int err)
{
	read_lock(&mm->lock);
	if (mmap_is_occupied(mm, rq, len))
		err = -EEXIST;
	else if (!mmap_is_fixed(rq) && !mmap_find_place(mm, rq->addr, len))
		err = -ENOMEM;
	read_unlock(&mm->lock);
	return err;
}

/* Chooses the address and checks the limits. Context: mm->lock for writing. */
static int mmap_place(struct mm *mm, const struct mmap_request *rq, size_t len,
		      u32 vm_flags, vaddr_t *at)
{
	u64 replaced = 0;

	if (mm->nr_vmas > MM_MAX_MAP_COUNT)
		return -ENOMEM;
	if (mmap_is_occupied(mm, rq, len))
		return -EEXIST;
	if (rq->flags & MAP_FIXED_NOREPLACE) {
		*at = rq->addr;
	} else if (rq->flags & MAP_FIXED) {
		*at = rq->addr;
		replaced = vma_pages_in(mm, *at, *at + len, 0);
	} else {
		*at = mmap_find_place(mm, rq->addr, len);
		if (!*at)
			return -ENOMEM;
	}
	if (rq->flags & MAP_LOCKED && mm->limit_memlock == 0)
		return -EPERM;
	if (vm_flags & VM_LOCKED && !mm_may_lock(mm, len >> PAGE_SHIFT))
		return -EAGAIN;
	if (rq->refused && !rq->refused_last)
		return rq->refused;
	if (!mm_may_grow(mm, vm_flags, (len >> PAGE_SHIFT) - replaced))
		return -ENOMEM;
	return 0;
}

/* Promises what a new mapping at `at` may need, of which MAP_FIXED gives some
 * back. 0 or -ENOMEM. */
static int mmap_charge(struct mm *mm, const struct mmap_request *rq,
		       const struct vma *vma, vaddr_t at, size_t len)
{
	u64 back = 0;

	if (rq->flags & MAP_FIXED)
		back = vma_pages_in(mm, at, at + len, VM_ACCOUNT);
	if (vma->flags & VM_ACCOUNT)
		return charge_pages(mm, len >> PAGE_SHIFT, back);
	if (!rq->mapping && vma->flags & VM_SHARED &&
	    !(vma->flags & VM_NORESERVE))
		return shmem_reserve(vma->mapping,
				     charge_spare(mm) - (s64)back);
	return 0;
}

/* Whether the new range comes in at once. */
static bool mmap_is_populated(const struct mmap_request *rq, u32 vm_flags)
{
	return vm_flags & VM_LOCKED ||
	       (rq->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
}

/**
 * mm_mmap() - make a mapping, as mmap(2) asks
 *
 * Context: thread, without mm->lock; may sleep. Return: 0 with the address in
 * *out; -EINVAL, -ENOMEM, -EOVERFLOW, -EPERM, -EACCES, -EEXIST, -EOPNOTSUPP, -ENODEV,
 * -EAGAIN (RLIMIT_MEMLOCK)
 * as the manual page says. On failure nothing has changed
 * (but for rq->refused_last).
 */
int mm_mmap(struct mm *mm, const struct mmap_request *rq, vaddr_t *out)
{
	struct vma *vma = NULL, *dead = NULL;
	bool populate;
	size_t len;
	vaddr_t at;
	int err = mmap_check_range(rq, &len);

	if (err)
		return err;
	err = mmap_check_kind(rq, len);
	if (err)
		return mmap_refuse(mm, rq, len, err);
	err = mmap_make_vma(mm, rq, len, &vma);
	if (err)
		return err;
	populate = mmap_is_populated(rq, vma->flags);
	write_lock(&mm->lock);
	err = mmap_place(mm, rq, len, vma->flags, &at);
	if (!err)
		err = mmap_charge(mm, rq, vma, at, len);
	if (!err && rq->flags & MAP_FIXED)
		err = mmap_cut(mm, at, at + len, &dead);
	if (!err)
		err = rq->refused;
	if (err) {
		charge_settle(mm);
		write_unlock(&mm->lock);
		vma_free_chain(vma);
		vma_free_chain(dead);
		return err;
	}
	vma->start = at;
	vma->end = at + len;
	if (!vma->mapping)
		vma->pgoff = at >> PAGE_SHIFT;
	vma_insert(mm, vma);
	vma_merge(mm, vma, &dead);
	trace(mmap, at, len);
	charge_settle(mm);
	write_unlock(&mm->lock);
	vma_free_chain(dead);
	*out = at;
	if (populate)
		mm_populate_locked(mm, at, at + len);
	return 0;
}

/* ---- munmap --------------------------------------------------------------- */

/* The leaves of [start, end), of which vma is the first VMA. A file's leaves
 * are gone from all CPUs before it forgets the VMA, or a truncation would miss
 * what a CPU still sees. */
static void mmap_clear_leaves(struct mm *mm, const struct vma *vma,
			      vaddr_t start, vaddr_t end,
			      struct tlb_batch *batch)
{
	share_leave_range(mm, start, end, batch);
	mm_unmap_pages(mm, start, end, batch);
	for (; vma && vma->start < end; vma = vma_next(vma))
		if (vma->mapping) {
			tlb_batch_flush(batch);
			break;
		}
}

/* VMAs leave [start, end), of which vma is the first; none reaches over both
 * borders. */
static void mmap_clear_vmas(struct mm *mm, struct vma *vma, vaddr_t start,
			    vaddr_t end, struct vma **dead)
{
	struct vma *next;

	mm->hiwater_vm = mm_hiwater_vm(mm);
	if (vma->start < start) {
		next = vma->end < end ? vma_next(vma) : NULL;
		vma_set_range(vma, vma->start, start);
		vma = next;
	}
	for (; vma && vma->end <= end; vma = next) {
		next = vma_next(vma);
		vma_remove(mm, vma);
		vma->next_dead = *dead;
		*dead = vma;
	}
	if (vma && vma->start < end)
		vma_set_range(vma, end, vma->end);
}

/* The tables that served only this hole. */
static void mmap_clear_tables(struct mm *mm, vaddr_t start, vaddr_t end,
			      struct tlb_batch *batch)
{
	struct vma *below = vma_find_before(mm, start);
	struct vma *above = below ? vma_next(below) : vma_find(mm, start);

	pt_free_tables(&mm->space, start, end, below ? below->end : 0,
		       above ? above->start : USER_END, batch, &mm->nr_tables);
}

/**
 * mmap_cut() - take [start, end) out of the space
 *
 * VMAs that reach over a border shrink; one that reaches over both is split,
 * the only step that needs memory, done first. Removed VMAs go to *dead, for
 * vma_free_chain() after the lock.
 * Context: mm->lock for writing. Return: 0, or -ENOMEM without a change.
 */
int mmap_cut(struct mm *mm, vaddr_t start, vaddr_t end, struct vma **dead)
{
	struct vma *vma = vma_find(mm, start), *upper;
	struct tlb_batch batch;

	if (!vma || vma->start >= end)
		return 0;
	if (share_own_borders(mm, start, end))
		return -ENOMEM;
	if (vma->start < start && vma->end > end) {
		if (mm->nr_vmas >= MM_MAX_MAP_COUNT)
			return -ENOMEM;
		upper = vma_create(vma);
		if (!upper)
			return -ENOMEM;
		vma_split(vma, end, upper);
	}
	tlb_batch_begin(&batch, &mm->space, TLB_UNMAP);
	mmap_clear_leaves(mm, vma, start, end, &batch);
	mmap_clear_vmas(mm, vma, start, end, dead);
	mmap_clear_tables(mm, start, end, &batch);
	tlb_batch_end(&batch);
	return 0;
}

/**
 * mm_munmap() - remove all mappings of [addr, addr + len)
 *
 * Holes are fine. Context: thread, without mm->lock. Return: 0; -EINVAL (misaligned,
 * empty, beyond the user half); -ENOMEM (a split needs a VMA) without a change.
 */
int mm_munmap(struct mm *mm, vaddr_t addr, size_t len)
{
	struct vma *dead = NULL;
	int err;

	if (addr & ~PAGE_MASK || addr > USER_END || len == 0 ||
	    len > USER_END - addr)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	write_lock(&mm->lock);
	err = mmap_cut(mm, addr, addr + len, &dead);
	trace(munmap, addr, len);
	charge_settle(mm);
	write_unlock(&mm->lock);
	vma_free_chain(dead);
	return err;
}
