/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks.
 *
 *      stack - PAGE_SIZE   stack                     stack + KERNEL_STACK_SIZE
 *        │   guard page    │ ◄──────── grows down ──────── │ top: trap frame
 *
 * A stack that overflows touches the guard page: a fault on a known address
 * instead of a silently overwritten neighbour.
 *
 * Mapping and unmapping a stack costs a flush on all CPUs; so each CPU keeps
 * a few mapped ones at hand, and fork and exit exchange them without touching
 * a page table. The boot CPU's stock is filled at boot, the others' by the first
 * threads that end there; the census counts stocked stacks apart.
 */
#include "mm/tables/kstack.h"

#include "arch/thread.h"
#include "kernel/base/lock.h"
#include "kernel/base/panic.h"
#include "kernel/base/sched.h"
#include "mm/frames/page.h"
#include "mm/tables/pgtable.h"
#include "mm/tables/vmalloc.h"

#define KSTACK_STOCK 4                  /* stacks a CPU keeps: 64 KiB */

struct kstack_stock {
	vaddr_t stack[KSTACK_STOCK];    /* [preemption off] */
	u32 nr;
};
static DEFINE_PERCPU(struct kstack_stock, kstack_stock);

/**
 * kstack_create() - a stack for a new thread, its contents undefined
 *
 * Context: thread, may sleep. Return: its lowest address; 0: no memory.
 */
vaddr_t kstack_create(void)
{
	struct kstack_stock *s;
	vaddr_t stack = 0;

	preempt_disable();
	s = this_cpu_ptr(kstack_stock);
	if (s->nr > 0)
		stack = s->stack[--s->nr];
	preempt_enable();
	return stack ? stack : vmalloc_stack_alloc(KERNEL_STACK_SIZE);
}

/**
 * kstack_destroy() - take back a stack that nobody runs on any more
 *
 * Context: thread, may sleep (a full stock unmaps).
 */
void kstack_destroy(vaddr_t stack)
{
	struct kstack_stock *s;
	bool kept = false;

	preempt_disable();
	s = this_cpu_ptr(kstack_stock);
	if (s->nr < KSTACK_STOCK) {
		s->stack[s->nr++] = stack;
		kept = true;
	}
	preempt_enable();
	if (!kept)
		vmalloc_stack_free(stack);
}

/** kstack_stocked_pages() - pages in all CPUs' stocks. Any context; a snapshot. */
u64 kstack_stocked_pages(void)
{
	u64 stacks = 0;

	for (unsigned int cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1))
		stacks += READ_ONCE(cpu_ptr(kstack_stock, cpu)->nr);
	return stacks << KERNEL_STACK_ORDER;
}

bool kstack_is_guard(vaddr_t va)
{
	vaddr_t above = (va & PAGE_MASK) + PAGE_SIZE;
	unsigned int level;
	ptprot_t prot;
	paddr_t pa;

	if (va < VMALLOC_BASE || va >= VMALLOC_END)
		return false;
	return !pt_lookup(&mmu_kernel_space, va, &pa, &prot, &level) &&
	       pt_lookup(&mmu_kernel_space, above, &pa, &prot, &level) &&
	       phys_to_page(pa)->type == PAGE_STACK;
}

/** kstack_init() - see kstack.h. Panics without memory. Context: boot. */
void kstack_init(void)
{
	kstack_alloc = kstack_create;
	kstack_free = kstack_destroy;
	for (int i = 0; i < KSTACK_STOCK; i++) {
		vaddr_t stack = vmalloc_stack_alloc(KERNEL_STACK_SIZE);

		if (!stack)
			panic("kstack: no memory for the first stacks");
		kstack_destroy(stack);
	}
}
