/* SPDX-License-Identifier: MIT */
/*
 * User memory from the kernel, beyond the plain copies of uaccess.h.
 *
 * copy_*_partial reach as far as they can, for read(2) and write(2), whose
 * answer to a bad buffer is a short count. mm_read and mm_write work on any
 * space, also one that no CPU has loaded: they walk its page table, fault
 * pages in as a user access would (so copy-on-write, limits and rights hold),
 * and copy through the direct map.
 */
#include "mm/spaces/uaccess.h"

#include "arch/trap.h"
#include "kernel/base/sched.h"
#include "lib/string.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/leaf.h"
#include "mm/spaces/share.h"
#include "mm/tables/pgtable.h"

/**
 * user_addr() - the address that a user pointer means in a call of this thread
 *
 * Accesses ignore a tag always (uaddr_untag()), calls if the thread has asked
 * for it: else a tagged pointer is no address of the user half.
 * Context: thread.
 */
vaddr_t user_addr(const void __user *p)
{
	vaddr_t va = (__force vaddr_t)p;

	return thread_machine_takes_tags(&current_thread()->machine)
		       ? uaddr_untag(va)
		       : va;
}

/** user_range_has_tag() - user_range_ok(), the seldom half of it. Context: thread. */
bool __noinline __cold user_range_has_tag(const void __user *p, size_t len)
{
	vaddr_t va = user_addr(p);

	return va < USER_END && len <= USER_END - va;
}

/* The part of [p, p + len) that lies in the user half, if p has a tag. */
static size_t __noinline __cold user_range_cut_tag(const void __user *p,
						   size_t len)
{
	vaddr_t va = user_addr(p);

	return va < USER_END ? MIN(len, USER_END - va) : 0;
}

/* The same for any p. */
static size_t user_range_cut(const void __user *p, size_t len)
{
	vaddr_t va = (__force vaddr_t)p;

	if (likely(va < USER_END))
		return MIN(len, USER_END - va);
	return user_range_cut_tag(p, len);
}

/**
 * copy_from_user_partial() - copy until the first bad page
 *
 * Context: thread without spinlocks, may sleep. Return: bytes copied.
 */
size_t copy_from_user_partial(void *dst, const void __user *src, size_t len)
{
	len = user_range_cut(src, len);
	return len ? len - arch_copy_from_user(dst, src, len) : 0;
}

/** copy_to_user_partial() - the same, outward. */
size_t copy_to_user_partial(void __user *dst, const void *src, size_t len)
{
	len = user_range_cut(dst, len);
	return len ? len - arch_copy_to_user(dst, src, len) : 0;
}

/**
 * strncpy_from_user() - a user's string, NUL-terminated, into size bytes at dst
 *
 * Context: thread without spinlocks, may sleep. Return: its length, -EFAULT,
 * or -ENAMETOOLONG when no NUL came within size bytes.
 */
long strncpy_from_user(char *dst, const char __user *src, size_t size)
{
	size_t reach = user_range_cut(src, size);
	long len;

	if (!reach)
		return -EFAULT;
	len = arch_strncpy_from_user(dst, src, reach);
	if (len < 0)
		return -EFAULT;
	if ((size_t)len < reach)
		return len;
	return reach < size ? -EFAULT : -ENAMETOOLONG;
}

/*
 * The page at va with a reference, if its leaf allows the access now.
 * Context: mm->lock.
 */
static struct page *uaccess_present_page(struct mm *mm, vaddr_t va, bool write)
{
	ptprot_t need = write ? PT_READ | PT_WRITE : PT_READ;
	struct page *page = NULL;
	struct pt_cursor c;

	if (write && share_denies_write(mm, va))
		return NULL;
	if (!pt_slot_find(&c, &mm->space, va))
		return NULL;
	if (pte_kind(c.entry, c.level) == PTE_LEAF &&
	    (pte_prot(c.entry, c.level) & need) == need) {
		page = leaf_page(c.entry);
		page_get(page);
		if (write)
			pt_set_prot(c.slot,
				    pte_prot(c.entry, 0) | PT_YOUNG | PT_DIRTY,
				    0);
	}
	pt_cursor_end(&c);
	return page;
}

/*
 * Copies within one page of another space. The space's read lock is held
 * across the copy, so that no fork can share the page in between.
 * Return: false: the access is not allowed, or there is no memory.
 */
static bool uaccess_copy_page(struct mm *mm, vaddr_t va, void *buf, size_t len,
			      bool write)
{
	size_t off = va & (PAGE_SIZE - 1);
	enum fault_verdict v;
	struct page *page;

	while (1) {
		read_lock(&mm->lock);
		page = uaccess_present_page(mm, va, write);
		if (page) {
			u8 *at = (u8 *)page_to_virt(page) + off;

			memcpy(write ? at : buf, write ? buf : at, len);
		}
		read_unlock(&mm->lock);
		if (page) {
			page_put(page);
			return true;
		}
		v = mm_fault(mm, va, write ? FAULT_WRITE : FAULT_READ, NULL);
		if (v != FAULT_OK && v != FAULT_RETRY)
			return false;
	}
}

static size_t uaccess_copy(struct mm *mm, vaddr_t va, void *buf, size_t len,
			   bool write)
{
	size_t done = 0;

	if (va >= USER_END)
		return 0;
	len = MIN(len, USER_END - va);
	while (done < len) {
		vaddr_t at = va + done;
		size_t n = MIN(len - done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));

		if (!uaccess_copy_page(mm, at, (u8 *)buf + done, n, write))
			break;
		done += n;
	}
	return done;
}

/**
 * mm_read() - copy len bytes at va of a space into dst
 *
 * Context: thread, no locks, may sleep. Return: bytes copied, short at the
 * first page that cannot be read.
 */
size_t mm_read(struct mm *mm, vaddr_t va, void *dst, size_t len)
{
	return uaccess_copy(mm, va, dst, len, false);
}

/** mm_write() - the other way; pages become the space's own, as if it wrote. */
size_t mm_write(struct mm *mm, vaddr_t va, const void *src, size_t len)
{
	return uaccess_copy(mm, va, (void *)(uintptr_t)src, len, true);
}
