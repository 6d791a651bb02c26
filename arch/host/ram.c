/* SPDX-License-Identifier: MIT */
/*
 * Physical memory as a sparse file, and the kernel's windows onto it.
 *
 *      memfd   0 ────────────────────────── phys_size
 *                 │             │
 *      host_phys()│ alias: all of it, the machine's own view
 *                 │             │
 *      windows    direct map, memmap, vmalloc: inaccessible at first;
 *                 SIGSEGV = TLB miss: walk the kernel's tables, map the
 *                 leaf's frames there; mmu_flush_kernel() unmaps them
 *
 * So a kernel mapping that was cleared without a flush really stays usable, a
 * guard page really faults, and a read-only one cannot be written. Until
 * mmu_kernel_activate() the direct map is there as a whole: the "boot tables".
 * Frames past the end of the file are device registers: each gets a page of
 * zeroes of its own.
 *
 * Leaves of the vmalloc window are noted in the TLB simulation, so that freeing
 * a frame that is still mapped there is caught. The direct map and the memmap
 * map every frame for ever and are not noted.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/host/machine.h"
#include "kernel/base/panic.h"

static int ram_fd = -1;
static u64 ram_size;
static char *ram_alias;
static bool windows_live;
static struct sigaction other_segv;     /* the sanitizer's, or the default */

static __thread sigjmp_buf peek_exit;
static __thread volatile bool peeking;

static void *must_map(void *at, size_t len, int prot, int flags, int fd,
		      off_t off)
{
	void *p = mmap(at, len, prot, flags, fd, off);

	if (p == MAP_FAILED || (at && p != at)) {
		perror("host: mmap");
		abort();
	}
	return p;
}

u64 host_ram_end(void)
{
	return ram_size;
}

void *host_phys(paddr_t pa)
{
	assertf(pa.v < ram_size, "pa=%#llx", (unsigned long long)pa.v);
	return ram_alias + pa.v;
}

/* ---- windows ------------------------------------------------------------ */

struct window {
	vaddr_t start, end;
	bool noted;                     /* its leaves are TLB entries */
};

static struct window windows[] = {
	{ DIRECT_MAP_BASE, 0, false },
	{ MEMMAP_BASE, 0, false },
	{ VMALLOC_BASE, VMALLOC_END, true },
};

static const struct window *window_of(vaddr_t va)
{
	for (size_t i = 0; i < array_size(windows); i++)
		if (va >= windows[i].start && va < windows[i].end)
			return &windows[i];
	return NULL;
}

static void window_close(vaddr_t start, vaddr_t end)
{
	must_map((void *)start, end - start, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0);
}

/* Maps one leaf's frames at its address. */
static void window_open(vaddr_t va, size_t len, paddr_t pa, ptprot_t prot)
{
	int host_prot = PROT_READ | (prot & PT_WRITE ? PROT_WRITE : 0);

	if (pa.v >= ram_size)
		must_map((void *)va, len, host_prot,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				 MAP_FIXED,
			 -1, 0);
	else
		must_map((void *)va, MIN(len, ram_size - pa.v), host_prot,
			 MAP_SHARED | MAP_FIXED, ram_fd, (off_t)pa.v);
}

/* A kernel address missed: true when the tables map it for this access. */
static bool window_fill(const struct window *win, vaddr_t va, bool write)
{
	struct host_walk w;
	struct tlbsim_entry *t;
	ptprot_t prot;
	vaddr_t start;

	host_walk(mmu_kernel_space.root, va, &w);
	if (w.kind != PTE_LEAF)
		return false;
	prot = pte_prot(w.entry[w.level], w.level);
	if (!(prot & (write ? PT_WRITE : PT_READ)))
		return false;
	start = va & ~(pt_level_size(w.level) - 1);
	host_stats.window_misses++;
	t = tlbsim_find(TLBSIM_KERNEL, 0, va, w.level, false);
	if (t)
		tlbsim_drop(t);
	if (win->noted)
		tlbsim_insert(TLBSIM_KERNEL, 0, va, w.level, false,
			      (u64)((char *)w.slot[w.level] - ram_alias),
			      w.entry[w.level]);
	window_open(start, pt_level_size(w.level),
		    pte_paddr(w.entry[w.level], w.level), prot);
	return true;
}

static bool fault_was_write(const void *context)
{
#if defined(__x86_64__)
	const ucontext_t *uc = context;

	return uc->uc_mcontext.gregs[REG_ERR] & 2;
#else
	return true;                    /* filled with all its rights anyway */
#endif
}

static void window_segv(int sig, siginfo_t *si, void *context)
{
	vaddr_t va = (vaddr_t)si->si_addr;
	const struct window *win = window_of(va);
	bool filled = false;

	if (win && windows_live) {
		machine_lock();
		filled = window_fill(win, va, fault_was_write(context));
		machine_unlock();
	}
	if (filled)
		return;
	if (peeking)
		siglongjmp(peek_exit, 1);
	if (win)
		panic("kernel fault at %#lx: no translation allows it", va);
	/* Not ours: let the other handler, or the default action, have it. */
	sigaction(SIGSEGV, &other_segv, NULL);
}

static void window_catch_segv(void)
{
	static char stack[1 << 16];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_sigaction = window_segv,
				.sa_flags = SA_SIGINFO | SA_ONSTACK |
					    SA_NODEFER };

	sigaltstack(&alt, NULL);
	sigaction(SIGSEGV, &sa, &other_segv);
}

void host_machine_init(u64 phys_size)
{
	assert(ram_fd < 0 && IS_ALIGNED(phys_size, PAGE_SIZE));
	assert(phys_size <= DIRECT_MAP_SIZE);
	ram_size = phys_size;
	ram_fd = memfd_create("ram", 0);
	if (ram_fd < 0 || ftruncate(ram_fd, (off_t)phys_size)) {
		perror("host: memfd");
		abort();
	}
	ram_alias = must_map(NULL, phys_size, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_NORESERVE, ram_fd, 0);
	windows[0].end = windows[0].start + phys_size;
	windows[1].end = windows[1].start +
			 ALIGN_UP(phys_size / PAGE_SIZE * 64, GIB(1));
	for (size_t i = 0; i < array_size(windows); i++)
		must_map((void *)windows[i].start,
			 windows[i].end - windows[i].start, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				 MAP_FIXED_NOREPLACE,
			 -1, 0);
	must_map((void *)DIRECT_MAP_BASE, phys_size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED | MAP_NORESERVE, ram_fd, 0);
	tlbsim_init();
	host_cpus_init();
	window_catch_segv();
}

void host_windows_activate(void)
{
	windows_live = true;
	window_close(windows[0].start, windows[0].end);
}

static bool kernel_entry_in(const struct tlbsim_entry *t, const void *arg)
{
	const vaddr_t *range = arg;

	return t->cpu == TLBSIM_KERNEL && t->va < range[1] &&
	       t->va + (pt_level_size(t->level) - 1) >= range[0];
}

void host_windows_flush(vaddr_t start, vaddr_t end)
{
	vaddr_t range[2] = { start & PAGE_MASK, ALIGN_UP(end, PAGE_SIZE) };

	if (!windows_live)
		return;
	machine_lock();
	host_stats.dropped += tlbsim_drop_if(kernel_entry_in, range);
	for (size_t i = 0; i < array_size(windows); i++) {
		vaddr_t from = MAX(range[0], windows[i].start);
		vaddr_t to = MIN(range[1], windows[i].end);

		if (from < to)
			window_close(from, to);
	}
	machine_unlock();
}

bool host_kernel_peek(vaddr_t va, u8 *out)
{
	bool ok = false;

	peeking = true;
	if (!sigsetjmp(peek_exit, 1)) {
		*out = *(volatile u8 *)va;
		ok = true;
	}
	peeking = false;
	return ok;
}
